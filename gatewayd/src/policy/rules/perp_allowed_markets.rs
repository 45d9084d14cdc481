//! `PERP_ALLOWED_MARKETS`: which perpetual futures are traded. Without it, none.

use std::collections::BTreeSet;

use api::ErrorCode;
use serde::Deserialize;
use serde_json::Value;
use txcodec::Decoded;

use super::{Judge, Mark, Rule, deny};
use crate::policy::written::{RulesError, each, read, wrong};
use crate::policy::{Category, Facts, Verdict};

const NAME: &str = "PERP_ALLOWED_MARKETS";

pub(super) const RULE: Rule = Rule {
    name: NAME,
    aliases: &[],
    mark: Mark::Soft,
    meaning: "`markets` of perpetual futures that may be traded. Without it, none",
    example: r#"{ "markets": [{ "market": "ETH-USD", "name": "Ether" }] }"#,
    eased_by: "",
    read: says,
    otherwise: |decoded, facts| PerpAllowedMarkets::default().judge(decoded, facts),
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    markets: Vec<Listed>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    market: String,
    /// For people.
    #[serde(default, rename = "name")]
    _name: Option<String>,
}

#[derive(Debug, Default)]
struct PerpAllowedMarkets(BTreeSet<String>);

fn says(rules: &Value) -> Result<Box<dyn Judge>, RulesError> {
    let fields: Fields = read(rules)?;
    let markets = each("markets", fields.markets, |field, listed| match listed.market.trim() {
        "" => Err(wrong(format!("{field}.market"), "is empty")),
        market => Ok(market.to_ascii_uppercase()),
    })?;
    Ok(Box::new(PerpAllowedMarkets(markets.into_iter().collect())))
}

impl Judge for PerpAllowedMarkets {
    fn judge(&self, _decoded: &Decoded, facts: &Facts<'_>) -> Verdict {
        let perp = facts.action.filter(|action| action.category == Category::Perp);
        let Some(action) = perp else { return Verdict::FINE };
        let market = action.market.as_deref().map(str::to_ascii_uppercase);
        if market.as_ref().is_some_and(|market| self.0.contains(market)) {
            return Verdict::FINE;
        }
        let market = market.unwrap_or_else(|| "an unknown market".to_owned());
        let reason = format!("trading {market} is not allowed");
        let remedy = format!("the operator can add it with a policy of type {NAME}");
        deny(NAME, ErrorCode::PolicyDenied, reason, remedy)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::policy::Action;
    use crate::policy::testing::{action, facts, native, policy, refused, said};
    use crate::tx::Tier;

    #[test]
    fn perpetual_futures_are_traded_in_listed_markets_and_nowhere_without_a_list() {
        let (fine, denied) = (Ok(Tier::Instant), Err("POLICY_DENIED"));
        let policies = [policy(NAME, &json!({ "markets": [{ "market": "eth-usd" }] }))];
        for (category, market, expected) in [
            (Category::Perp, Some("ETH-USD"), fine),
            (Category::Perp, Some("BTC-USD"), denied),
            (Category::Perp, None, denied),
            (Category::Spot, Some("BTC-USD"), fine),
        ] {
            let action = Action { market: market.map(str::to_owned), ..action(category) };
            let with = Facts { action: Some(&action), ..facts(&policies) };
            assert_eq!(said(NAME, &native(1_u64.into()), &with), expected, "{market:?}");
            let without = Facts { action: Some(&action), ..facts(&[]) };
            let expected = if category == Category::Perp { denied } else { fine };
            assert_eq!(said(NAME, &native(1_u64.into()), &without), expected, "no policy");
        }
        assert_eq!(said(NAME, &native(1_u64.into()), &facts(&[])), fine, "no action");
    }

    #[test]
    fn lists_that_would_mislead_are_refused() {
        refused(NAME, &[json!({ "markets": [] }), json!({ "markets": [{ "market": " " }] })]);
    }
}

//! `PERP_MAX_LEVERAGE`: how many times its collateral a position may be.

use api::ErrorCode;
use serde::Deserialize;
use serde_json::Value;
use txcodec::Decoded;

use super::{Judge, Mark, Rule, deny, nothing};
use crate::policy::written::{RulesError, not_above, read, wrong};
use crate::policy::{Action, Category, Decimal, Facts, Verdict};
use crate::tx::Tier;

const NAME: &str = "PERP_MAX_LEVERAGE";

pub(super) const RULE: Rule = Rule {
    name: NAME,
    aliases: &[],
    mark: Mark::Soft,
    meaning: "a position of a perpetual future is at most `maxLeverage` (1 or more) times its \
              collateral; above `warningLeverage` it is at least of the tier `DELAY`. A leverage \
              that nobody knows is above",
    example: r#"{ "maxLeverage": 5, "warningLeverage": 3 }"#,
    eased_by: "a lower leverage, or a higher warningLeverage",
    read: says,
    otherwise: nothing,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct PerpMaxLeverage {
    max_leverage: Decimal,
    #[serde(default)]
    warning_leverage: Option<Decimal>,
}

fn says(rules: &Value) -> Result<Box<dyn Judge>, RulesError> {
    let limit: PerpMaxLeverage = read(rules)?;
    if limit.max_leverage < Decimal::ONE {
        return Err(wrong("maxLeverage", "expected 1 or more"));
    }
    let most = ("maxLeverage", Some(&limit.max_leverage));
    not_above(("warningLeverage", limit.warning_leverage.as_ref()), most)?;
    Ok(Box::new(limit))
}

impl Judge for PerpMaxLeverage {
    fn judge(&self, _decoded: &Decoded, facts: &Facts<'_>) -> Verdict {
        let Some(action) = facts.action.filter(|action| grows(action)) else {
            return Verdict::FINE;
        };
        let Some(leverage) = action.leverage.filter(|it| *it <= self.max_leverage) else {
            let found = action.leverage.map_or("unknown".to_owned(), |it| it.to_string());
            let reason = format!(
                "the leverage would be {found}, and {} is the most that is allowed",
                self.max_leverage
            );
            return deny(NAME, ErrorCode::PolicyDenied, reason, "ask for a lower leverage");
        };
        match self.warning_leverage {
            Some(warning) if leverage > warning => Verdict::at_least(Tier::Delay),
            Some(_) | None => Verdict::FINE,
        }
    }
}

/// Whatever a perpetual exchange does may make a position larger, but for closing it and calling
/// orders off.
pub(super) fn grows(action: &Action) -> bool {
    action.category == Category::Perp
        && !matches!(action.name.as_str(), "close_position" | "cancel_order")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::policy::testing::{action, facts, native, policy, refused, said};

    #[test]
    fn a_position_has_at_most_the_leverage() {
        let (fine, later, denied) = (Ok(Tier::Instant), Ok(Tier::Delay), Err("POLICY_DENIED"));
        let policies = [policy(NAME, &json!({ "maxLeverage": 5, "warningLeverage": 2.5 }))];
        for (category, name, leverage, expected) in [
            (Category::Perp, "open_position", Some("2.5"), fine),
            (Category::Perp, "open_position", Some("2.500000001"), later),
            (Category::Perp, "open_position", Some("5"), later),
            (Category::Perp, "open_position", Some("5.000000001"), denied),
            (Category::Perp, "open_position", Some("1000000000000"), denied),
            (Category::Perp, "open_position", None, denied),
            (Category::Perp, "close_position", None, fine),
            (Category::Perp, "cancel_order", None, fine),
            (Category::Lending, "borrow", None, fine),
        ] {
            let leverage = leverage.map(|text| text.parse().unwrap());
            let action = Action { name: name.to_owned(), leverage, ..action(category) };
            let facts = Facts { action: Some(&action), ..facts(&policies) };
            assert_eq!(said(NAME, &native(1_u64.into()), &facts), expected, "{name} {leverage:?}");
        }
        assert_eq!(said(NAME, &native(1_u64.into()), &facts(&policies)), fine, "no action");
    }

    #[test]
    fn limits_that_would_mislead_are_refused() {
        refused(
            NAME,
            &[
                json!({}),
                json!({ "maxLeverage": 0.5 }),
                json!({ "maxLeverage": -5 }),
                json!({ "maxLeverage": 5, "warningLeverage": 6 }),
            ],
        );
    }
}

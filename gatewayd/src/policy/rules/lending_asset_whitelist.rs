//! `LENDING_ASSET_WHITELIST`: which assets are lent and borrowed.

use std::collections::BTreeSet;

use api::ErrorCode;
use primitives::Address;
use serde::Deserialize;
use serde_json::Value;
use txcodec::Decoded;

use super::{Judge, Mark, Rule, deny, nothing};
use crate::policy::written::{RulesError, address, each, read};
use crate::policy::{Category, Facts, Verdict};

const NAME: &str = "LENDING_ASSET_WHITELIST";

pub(super) const RULE: Rule = Rule {
    name: NAME,
    aliases: &[],
    mark: Mark::Soft,
    meaning: "`assets` (contracts or mints) that lending protocols may be used with",
    example: r#"{ "assets": [{ "address": "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48", "symbol": "USDC" }] }"#,
    eased_by: "",
    read: says,
    otherwise: nothing,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    assets: Vec<Listed>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    address: String,
    /// For people.
    #[serde(default, rename = "symbol")]
    _symbol: Option<String>,
}

#[derive(Debug)]
struct LendingAssetWhitelist(BTreeSet<Address>);

fn says(rules: &Value) -> Result<Box<dyn Judge>, RulesError> {
    let fields: Fields = read(rules)?;
    let assets = each("assets", fields.assets, |field, listed| {
        address(&format!("{field}.address"), &listed.address, None)
    })?;
    Ok(Box::new(LendingAssetWhitelist(assets.into_iter().collect())))
}

impl Judge for LendingAssetWhitelist {
    fn judge(&self, _decoded: &Decoded, facts: &Facts<'_>) -> Verdict {
        let lending = facts.action.filter(|action| action.category == Category::Lending);
        let Some(action) = lending else { return Verdict::FINE };
        if action.asset.is_some_and(|asset| self.0.contains(&asset)) {
            return Verdict::FINE;
        }
        let asset = action.asset.map_or("an unknown asset".to_owned(), |asset| asset.to_string());
        let reason = format!("lending protocols may not be used with {asset}");
        let remedy = format!("the operator can add it to assets of the {NAME} policy");
        deny(NAME, ErrorCode::PolicyDenied, reason, remedy)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::policy::Action;
    use crate::policy::testing::{OTHER, TOKEN, action, facts, native, policy, refused, said};
    use crate::tx::Tier;

    #[test]
    fn lending_is_for_listed_assets_and_no_others() {
        let (fine, denied) = (Ok(Tier::Instant), Err("POLICY_DENIED"));
        let policies = [policy(NAME, &json!({ "assets": [{ "address": TOKEN.to_string() }] }))];
        for (category, asset, expected) in [
            (Category::Lending, Some(TOKEN), fine),
            (Category::Lending, Some(OTHER), denied),
            (Category::Lending, None, denied),
            (Category::Swap, Some(OTHER), fine),
        ] {
            let action = Action { asset: asset.map(Address::Evm), ..action(category) };
            let with = Facts { action: Some(&action), ..facts(&policies) };
            assert_eq!(said(NAME, &native(1_u64.into()), &with), expected, "{asset:?}");
            let without = Facts { action: Some(&action), ..facts(&[]) };
            assert_eq!(said(NAME, &native(1_u64.into()), &without), fine, "no policy");
        }
        assert_eq!(said(NAME, &native(1_u64.into()), &facts(&policies)), fine, "no action");
    }

    #[test]
    fn lists_that_would_mislead_are_refused() {
        refused(NAME, &[json!({ "assets": [] }), json!({ "assets": [{ "address": "USDC" }] })]);
    }
}

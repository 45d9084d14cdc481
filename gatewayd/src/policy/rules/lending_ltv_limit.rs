//! `LENDING_LTV_LIMIT`: how much may be owed of what is deposited.

use api::ErrorCode;
use serde::Deserialize;
use serde_json::Value;
use txcodec::Decoded;

use super::{Judge, Mark, Rule, deny, nothing};
use crate::policy::written::{RulesError, not_above, read, wrong};
use crate::policy::{Action, Category, Decimal, Facts, Verdict};
use crate::tx::Tier;

const NAME: &str = "LENDING_LTV_LIMIT";

pub(super) const RULE: Rule = Rule {
    name: NAME,
    aliases: &[],
    mark: Mark::Soft,
    meaning: "borrowing, and taking out what is deposited, leaves a loan-to-value of at most \
              `maxLtv` (0 to 1); above `warningLtv` it is at least of the tier `DELAY`. A \
              loan-to-value that nobody knows is above",
    example: r#"{ "maxLtv": 0.75, "warningLtv": 0.6 }"#,
    eased_by: "borrowing or taking out less, or a higher warningLtv",
    read: says,
    otherwise: nothing,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct LendingLtvLimit {
    max_ltv: Decimal,
    #[serde(default)]
    warning_ltv: Option<Decimal>,
}

fn says(rules: &Value) -> Result<Box<dyn Judge>, RulesError> {
    let limit: LendingLtvLimit = read(rules)?;
    if limit.max_ltv > Decimal::ONE {
        return Err(wrong("maxLtv", "expected 0 to 1"));
    }
    not_above(("warningLtv", limit.warning_ltv.as_ref()), ("maxLtv", Some(&limit.max_ltv)))?;
    Ok(Box::new(limit))
}

impl Judge for LendingLtvLimit {
    fn judge(&self, _decoded: &Decoded, facts: &Facts<'_>) -> Verdict {
        let Some(action) = facts.action.filter(|action| raises_ltv(action)) else {
            return Verdict::FINE;
        };
        let Some(ltv) = action.ltv.filter(|ltv| *ltv <= self.max_ltv) else {
            let found = action.ltv.map_or("unknown".to_owned(), |ltv| ltv.to_string());
            let reason = format!(
                "the loan-to-value would be {found}, and {} is the most that is allowed",
                self.max_ltv
            );
            return deny(NAME, ErrorCode::PolicyDenied, reason, "borrow or take out less");
        };
        match self.warning_ltv {
            Some(warning) if ltv > warning => Verdict::at_least(Tier::Delay),
            Some(_) | None => Verdict::FINE,
        }
    }
}

/// Supplying and repaying lower it; whatever else a lending protocol does may raise it.
fn raises_ltv(action: &Action) -> bool {
    action.category == Category::Lending && !matches!(action.name.as_str(), "supply" | "repay")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::policy::testing::{action, facts, native, policy, refused, said};

    #[test]
    fn what_is_owed_of_what_is_deposited_stays_below_the_limit() {
        let (fine, later, denied) = (Ok(Tier::Instant), Ok(Tier::Delay), Err("POLICY_DENIED"));
        let policies = [policy(NAME, &json!({ "maxLtv": 0.75, "warningLtv": 0.6 }))];
        for (category, name, ltv, expected) in [
            (Category::Lending, "borrow", Some("0.6"), fine),
            (Category::Lending, "borrow", Some("0.600000001"), later),
            (Category::Lending, "borrow", Some("0.75"), later),
            (Category::Lending, "borrow", Some("0.750000001"), denied),
            (Category::Lending, "borrow", Some("1000000000"), denied),
            (Category::Lending, "borrow", None, denied),
            (Category::Lending, "withdraw", Some("0.76"), denied),
            (Category::Lending, "something_new", None, denied),
            (Category::Lending, "supply", None, fine),
            (Category::Lending, "repay", None, fine),
            (Category::Swap, "swap", None, fine),
        ] {
            let ltv = ltv.map(|text| text.parse().unwrap());
            let action = Action { name: name.to_owned(), ltv, ..action(category) };
            let facts = Facts { action: Some(&action), ..facts(&policies) };
            assert_eq!(said(NAME, &native(1_u64.into()), &facts), expected, "{name} {ltv:?}");
        }
        assert_eq!(said(NAME, &native(1_u64.into()), &facts(&policies)), fine, "no action");
        let alone = [policy(NAME, &json!({ "maxLtv": "0.75" }))];
        let borrow = Action {
            name: "borrow".to_owned(),
            ltv: "0.75".parse().ok(),
            ..action(Category::Lending)
        };
        let facts = Facts { action: Some(&borrow), ..facts(&alone) };
        assert_eq!(said(NAME, &native(1_u64.into()), &facts), fine, "no warning");
    }

    #[test]
    fn limits_that_would_mislead_are_refused() {
        refused(
            NAME,
            &[
                json!({}),
                json!({ "maxLtv": 1.1 }),
                json!({ "maxLtv": -0.1 }),
                json!({ "maxLtv": 0.5, "warningLtv": 0.6 }),
                json!({ "maxLtv": "75 %" }),
            ],
        );
    }
}

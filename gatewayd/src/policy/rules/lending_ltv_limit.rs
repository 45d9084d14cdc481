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

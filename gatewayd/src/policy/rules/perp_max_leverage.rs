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

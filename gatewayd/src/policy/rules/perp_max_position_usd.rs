//! `PERP_MAX_POSITION_USD`: how large a position may be.

use api::ErrorCode;
use serde::Deserialize;
use serde_json::Value;
use txcodec::Decoded;

use super::perp_max_leverage::grows;
use super::{Judge, Mark, Rule, deny, nothing};
use crate::policy::written::{RulesError, not_above, read};
use crate::policy::{Facts, UsdMicros, Verdict};
use crate::tx::Tier;

const NAME: &str = "PERP_MAX_POSITION_USD";

pub(super) const RULE: Rule = Rule {
    name: NAME,
    aliases: &[],
    mark: Mark::Soft,
    meaning: "a position of a perpetual future is worth at most `maxPositionUsd`; above \
              `warningPositionUsd` it is at least of the tier `DELAY`. A size that nobody knows is \
              above",
    example: r#"{ "maxPositionUsd": 10000, "warningPositionUsd": 5000 }"#,
    read: says,
    otherwise: nothing,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct PerpMaxPositionUsd {
    max_position_usd: UsdMicros,
    #[serde(default)]
    warning_position_usd: Option<UsdMicros>,
}

fn says(rules: &Value) -> Result<Box<dyn Judge>, RulesError> {
    let limit: PerpMaxPositionUsd = read(rules)?;
    let most = ("maxPositionUsd", Some(&limit.max_position_usd));
    not_above(("warningPositionUsd", limit.warning_position_usd.as_ref()), most)?;
    Ok(Box::new(limit))
}

impl Judge for PerpMaxPositionUsd {
    fn judge(&self, _decoded: &Decoded, facts: &Facts<'_>) -> Verdict {
        let Some(action) = facts.action.filter(|action| grows(action)) else {
            return Verdict::FINE;
        };
        let Some(position) = action.position.filter(|it| *it <= self.max_position_usd) else {
            let found = action.position.map_or("unknown".to_owned(), |it| it.to_string());
            let reason = format!(
                "the position would be {found}, and {} is the most that is allowed",
                self.max_position_usd
            );
            return deny(NAME, ErrorCode::PolicyDenied, reason, "ask for a smaller position");
        };
        match self.warning_position_usd {
            Some(warning) if position > warning => Verdict::at_least(Tier::Delay),
            Some(_) | None => Verdict::FINE,
        }
    }
}

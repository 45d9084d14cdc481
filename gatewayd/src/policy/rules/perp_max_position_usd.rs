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
    eased_by: "a smaller position, or a higher warningPositionUsd",
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::policy::testing::{action, facts, native, policy, refused, said};
    use crate::policy::{Action, Category};

    #[test]
    fn a_position_has_at_most_the_size() {
        let (fine, later, denied) = (Ok(Tier::Instant), Ok(Tier::Delay), Err("POLICY_DENIED"));
        let policies = [policy(NAME, &json!({ "maxPositionUsd": 10, "warningPositionUsd": 5 }))];
        for (name, micros, expected) in [
            ("open_position", Some(5_000_000), fine),
            ("open_position", Some(5_000_001), later),
            ("open_position", Some(10_000_000), later),
            ("open_position", Some(10_000_001), denied),
            ("open_position", Some(u64::MAX), denied),
            ("open_position", None, denied),
            ("close_position", None, fine),
        ] {
            let position = micros.map(UsdMicros::new);
            let action = Action { name: name.to_owned(), position, ..action(Category::Perp) };
            let facts = Facts { action: Some(&action), ..facts(&policies) };
            assert_eq!(said(NAME, &native(1_u64.into()), &facts), expected, "{name} {micros:?}");
        }
        assert_eq!(said(NAME, &native(1_u64.into()), &facts(&policies)), fine, "no action");
    }

    #[test]
    fn limits_that_would_mislead_are_refused() {
        refused(
            NAME,
            &[
                json!({}),
                json!({ "maxPositionUsd": -1 }),
                json!({ "maxPositionUsd": "10" }),
                json!({ "maxPositionUsd": 5, "warningPositionUsd": 6 }),
            ],
        );
    }
}

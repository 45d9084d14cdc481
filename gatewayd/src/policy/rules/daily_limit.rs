//! `DAILY_LIMIT`: how many transactions in 24 hours. What they are worth, `CUMULATIVE_USD_LIMIT`
//! limits.

use serde::Deserialize;
use serde_json::Value;
use txcodec::Decoded;

use super::rate_limit::limited;
use super::{Judge, Mark, Rule, nothing};
use crate::policy::written::{RulesError, read, wrong};
use crate::policy::{Facts, Verdict};

const NAME: &str = "DAILY_LIMIT";

pub(super) const RULE: Rule = Rule {
    name: NAME,
    aliases: &[],
    mark: Mark::Hard("`requests_per_day`"),
    meaning: "at most `max_transactions` transactions in any 24 hours, counted as by `RATE_LIMIT`, \
              beside which it stands",
    example: r#"{ "max_transactions": 50 }"#,
    eased_by: "",
    read: says,
    otherwise: nothing,
};

const DAY: u64 = 86_400;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DailyLimit {
    max_transactions: u64,
}

fn says(rules: &Value) -> Result<Box<dyn Judge>, RulesError> {
    let limit: DailyLimit = read(rules)?;
    if limit.max_transactions == 0 {
        let problem = "expected 1 or more; to allow none, suspend the wallet";
        return Err(wrong("max_transactions", problem));
    }
    Ok(Box::new(limit))
}

impl Judge for DailyLimit {
    fn judge(&self, _decoded: &Decoded, facts: &Facts<'_>) -> Verdict {
        limited(NAME, self.max_transactions, DAY, facts)
    }

    fn window(&self) -> Option<u64> {
        Some(DAY)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::policy::testing::{facts, native, policy, refused, said};
    use crate::tx::Tier;

    #[test]
    fn transactions_of_a_day_are_counted_and_stand_beside_a_rate() {
        let over = Err("RATE_LIMIT_EXCEEDED");
        for (in_day, in_minute, daily, rate) in [
            (49, 0, Ok(Tier::Instant), Ok(Tier::Instant)),
            (50, 0, over, Ok(Tier::Instant)),
            (49, 1, Ok(Tier::Instant), over),
            (u64::MAX, u64::MAX, over, over),
        ] {
            let policies = [
                policy(NAME, &json!({ "max_transactions": 50 })),
                policy("RATE_LIMIT", &json!({ "max_requests": 1, "window_seconds": 60 })),
            ];
            let passed = BTreeMap::from([(DAY, in_day), (60, in_minute)]);
            assert_eq!(crate::policy::windows(&policies), [60, DAY].into());
            let facts = Facts { passed: &passed, ..facts(&policies) };
            let decoded = native(1_u64.into());
            assert_eq!(said(NAME, &decoded, &facts), daily, "{in_day}");
            assert_eq!(said("RATE_LIMIT", &decoded, &facts), rate, "{in_minute}");
        }
        let policies = [policy(NAME, &json!({ "max_transactions": 50 }))];
        assert_eq!(said(NAME, &native(1_u64.into()), &facts(&policies)), over, "not counted");
    }

    #[test]
    fn limits_that_would_mislead_are_refused() {
        refused(
            NAME,
            &[
                json!({ "max_transactions": 0 }),
                json!({ "max_transactions": "5" }),
                json!({ "daily_limit_usd": 5 }),
            ],
        );
    }
}

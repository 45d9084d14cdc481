//! `RATE_LIMIT`: how many transactions in a sliding window.

use api::ErrorCode;
use serde::Deserialize;
use serde_json::Value;
use txcodec::Decoded;

use super::{Judge, Mark, Rule, deny, nothing};
use crate::policy::written::{RulesError, read, wrong};
use crate::policy::{Facts, Verdict};

const NAME: &str = "RATE_LIMIT";

pub(super) const RULE: Rule = Rule {
    name: NAME,
    aliases: &[],
    mark: Mark::Hard("`requests_per_hour`, `requests_per_day`"),
    meaning: "at most `max_requests` transactions in any `window_seconds` (1 to 2592000); what was \
              denied or never happened does not count",
    example: r#"{ "max_requests": 10, "window_seconds": 3600 }"#,
    eased_by: "",
    read: says,
    otherwise: nothing,
};

/// The longest window: 30 days, as of the sums in dollars.
pub(super) const LONGEST: u64 = 2_592_000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RateLimit {
    max_requests: u64,
    window_seconds: u64,
}

fn says(rules: &Value) -> Result<Box<dyn Judge>, RulesError> {
    let limit: RateLimit = read(rules)?;
    if limit.max_requests == 0 {
        return Err(wrong("max_requests", "expected 1 or more; to allow none, suspend the wallet"));
    }
    if !(1..=LONGEST).contains(&limit.window_seconds) {
        return Err(wrong("window_seconds", "expected 1 to 2592000 seconds"));
    }
    Ok(Box::new(limit))
}

impl Judge for RateLimit {
    fn judge(&self, _decoded: &Decoded, facts: &Facts<'_>) -> Verdict {
        limited(NAME, self.max_requests, self.window_seconds, facts)
    }

    fn window(&self) -> Option<u64> {
        Some(self.window_seconds)
    }
}

/// Whether one more transaction is within `most` in `window` seconds.
pub(super) fn limited(name: &'static str, most: u64, window: u64, facts: &Facts<'_>) -> Verdict {
    let passed = facts.passed.get(&window).copied();
    if passed.is_some_and(|passed| passed < most) {
        return Verdict::FINE;
    }
    let reason = passed.map_or_else(
        || "how many transactions there were is not known".to_owned(),
        |passed| {
            format!("{passed} transactions in the last {window} seconds, and {most} are allowed")
        },
    );
    let remedy = "wait until the first of them is that long ago, or raise the limit";
    deny(name, ErrorCode::RateLimitExceeded, reason, remedy)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::policy::testing::{facts, native, policy, refused, said};
    use crate::tx::Tier;

    #[test]
    fn one_more_than_the_limit_is_denied_and_so_is_what_nobody_counted() {
        let over = Err("RATE_LIMIT_EXCEEDED");
        for (window, passed, expected) in [
            (60, 0, Ok(Tier::Instant)),
            (60, 2, Ok(Tier::Instant)),
            (60, 3, over),
            (60, u64::MAX, over),
            (61, 0, over), // another window than that of the policy
        ] {
            let policies = [policy(NAME, &json!({ "max_requests": 3, "window_seconds": 60 }))];
            let passed = BTreeMap::from([(window, passed)]);
            let facts = Facts { passed: &passed, ..facts(&policies) };
            assert_eq!(said(NAME, &native(1_u64.into()), &facts), expected, "{passed:?}");
        }
    }

    #[test]
    fn limits_that_would_mislead_are_refused() {
        refused(
            NAME,
            &[
                json!({ "max_requests": 0, "window_seconds": 60 }),
                json!({ "max_requests": -1, "window_seconds": 60 }),
                json!({ "max_requests": 1.5, "window_seconds": 60 }),
                json!({ "max_requests": 1, "window_seconds": 0 }),
                json!({ "max_requests": 1, "window_seconds": 2_592_001 }),
                json!({ "max_requests": 1 }),
                json!({ "max_requests": 1, "window_seconds": 60, "burst": 2 }),
            ],
        );
    }
}

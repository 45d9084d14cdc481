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
    mark: Mark::Hard,
    meaning: "at most `max_transactions` transactions in any 24 hours, counted as by `RATE_LIMIT`, \
              beside which it stands",
    example: r#"{ "max_transactions": 50 }"#,
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

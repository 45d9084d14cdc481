//! `REPUTATION_THRESHOLD`: how much care is given to those of whom little good is said.

use serde::Deserialize;
use serde_json::Value;
use txcodec::Decoded;

use super::{Judge, Mark, Rule, nothing};
use crate::policy::effects::is_carried_out;
use crate::policy::written::{RulesError, read, wrong};
use crate::policy::{Decimal, Facts, Reputation, Verdict};
use crate::tx::Tier;

pub(super) const RULE: Rule = Rule {
    name: "REPUTATION_THRESHOLD",
    aliases: &[],
    mark: Mark::Soft,
    meaning: "what goes to somebody whose score on chain (ERC-8004) is below `min_score` (0 to 100) \
              is at least of the tier `below_threshold_tier`, and of `unrated_tier` where there is \
              no score; both are `APPROVAL` if left out, and the stricter of them holds where the \
              score is not known. `tag1` and `tag2` choose what is scored; with \
              `check_counterparty` `false` nothing is checked",
    example: r#"{ "min_score": 60, "below_threshold_tier": "APPROVAL", "unrated_tier": "DELAY", "check_counterparty": true }"#,
    read: says,
    otherwise: nothing,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReputationThreshold {
    min_score: Decimal,
    #[serde(default = "approval", deserialize_with = "super::tier")]
    below_threshold_tier: Tier,
    #[serde(default = "approval", deserialize_with = "super::tier")]
    unrated_tier: Tier,
    /// What is scored is asked for by whoever gathers the facts.
    #[serde(default, rename = "tag1")]
    _tag1: Option<String>,
    #[serde(default, rename = "tag2")]
    _tag2: Option<String>,
    #[serde(default = "yes")]
    check_counterparty: bool,
}

fn approval() -> Tier {
    Tier::Approval
}

fn yes() -> bool {
    true
}

fn says(rules: &Value) -> Result<Box<dyn Judge>, RulesError> {
    let threshold: ReputationThreshold = read(rules)?;
    if threshold.min_score > Decimal::HUNDRED {
        return Err(wrong("min_score", "expected 0 to 100"));
    }
    Ok(Box::new(threshold))
}

impl Judge for ReputationThreshold {
    fn judge(&self, decoded: &Decoded, facts: &Facts<'_>) -> Verdict {
        if !self.check_counterparty || !is_carried_out(decoded) {
            return Verdict::FINE;
        }
        match facts.reputation {
            Some(Reputation::Score(score)) if score >= self.min_score => Verdict::FINE,
            Some(Reputation::Score(_)) => Verdict::at_least(self.below_threshold_tier),
            Some(Reputation::Unrated) => Verdict::at_least(self.unrated_tier),
            None => Verdict::at_least(self.below_threshold_tier.max(self.unrated_tier)),
        }
    }
}

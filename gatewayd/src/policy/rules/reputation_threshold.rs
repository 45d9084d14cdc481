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
    eased_by: "somebody of better reputation, or a lower tier in the REPUTATION_THRESHOLD policy",
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::policy::testing::{facts, native, policy, refused, said, text};

    #[test]
    fn who_is_below_the_threshold_or_unrated_is_given_more_care() {
        let name = RULE.name;
        let score = |text: &str| Some(Reputation::Score(text.parse().unwrap()));
        let rules = json!({ "min_score": 60, "below_threshold_tier": "DELAY",
                            "unrated_tier": "NOTIFY" });
        for (reputation, expected) in [
            (score("60"), Tier::Instant),
            (score("100"), Tier::Instant),
            (score("59.999999999"), Tier::Delay),
            (score("0"), Tier::Delay),
            (Some(Reputation::Unrated), Tier::Notify),
            (None, Tier::Delay), // nobody knows: the stricter of both
        ] {
            let policies = [policy(name, &rules)];
            let with = Facts { reputation, ..facts(&policies) };
            assert_eq!(said(name, &native(1_u64.into()), &with), Ok(expected), "{reputation:?}");
            assert_eq!(said(name, &text("hello"), &with), Ok(Tier::Instant), "goes to nobody");
            let mut off = rules.clone();
            off["check_counterparty"] = json!(false);
            let policies = [policy(name, &off)];
            let off = Facts { reputation, ..facts(&policies) };
            assert_eq!(said(name, &native(1_u64.into()), &off), Ok(Tier::Instant));
        }
        let policies = [policy(name, &json!({ "min_score": 0 }))];
        let known = Facts { reputation: Some(Reputation::Unrated), ..facts(&policies) };
        assert_eq!(said(name, &native(1_u64.into()), &known), Ok(Tier::Approval), "left out");
    }

    #[test]
    fn thresholds_that_would_mislead_are_refused() {
        refused(
            RULE.name,
            &[
                json!({}),
                json!({ "min_score": 100.5 }),
                json!({ "min_score": -1 }),
                json!({ "min_score": 50, "unrated_tier": "DENY" }),
            ],
        );
    }
}

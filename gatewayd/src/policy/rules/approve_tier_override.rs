//! `APPROVE_TIER_OVERRIDE`: how much care an allowance is given at least. Without it, the most.

use serde::Deserialize;
use txcodec::Decoded;

use super::approved_spenders::approvals;
use super::{Judge, Mark, Rule};
use crate::policy::written::read;
use crate::policy::{Facts, Verdict};
use crate::tx::Tier;

pub(super) const RULE: Rule = Rule {
    name: "APPROVE_TIER_OVERRIDE",
    aliases: &[],
    mark: Mark::Hard,
    meaning: "an allowance is at least of this `tier`; `APPROVAL` without a policy. The amount \
              counts besides, as if it were spent (`SPENDING_LIMIT`)",
    example: r#"{ "tier": "NOTIFY" }"#,
    read: |rules| Ok(Box::new(read::<ApproveTierOverride>(rules)?)),
    otherwise: |decoded, facts| ApproveTierOverride { tier: Tier::Approval }.judge(decoded, facts),
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ApproveTierOverride {
    #[serde(deserialize_with = "super::tier")]
    tier: Tier,
}

impl Judge for ApproveTierOverride {
    fn judge(&self, decoded: &Decoded, facts: &Facts<'_>) -> Verdict {
        match approvals(decoded, facts).next() {
            None => Verdict::FINE,
            Some(_) => Verdict::at_least(self.tier),
        }
    }
}

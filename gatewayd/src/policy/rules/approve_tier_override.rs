//! `APPROVE_TIER_OVERRIDE`: how much care an allowance is given at least. Without it, the most.

use serde::Deserialize;
use txcodec::Decoded;

use super::{Judge, Mark, Rule};
use crate::policy::approvals::approvals;
use crate::policy::written::read;
use crate::policy::{Facts, Verdict};
use crate::tx::Tier;

pub(super) const RULE: Rule = Rule {
    name: "APPROVE_TIER_OVERRIDE",
    aliases: &[],
    mark: Mark::Hard("`spenders`: none, for `APPROVAL`"),
    meaning: "an allowance is at least of this `tier`; `APPROVAL` without a policy. The amount \
              counts besides, as if it were spent (`SPENDING_LIMIT`)",
    example: r#"{ "tier": "NOTIFY" }"#,
    eased_by: "a lower tier in a policy of type APPROVE_TIER_OVERRIDE",
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

#[cfg(test)]
mod tests {
    use primitives::Amount;
    use serde_json::json;

    use super::*;
    use crate::policy::testing::{
        OTHER, approve, facts, native, operator, outcome, permit, policy, refused, said, verdict,
    };

    #[test]
    fn an_allowance_has_the_tier_at_least_and_nothing_else_does() {
        let name = RULE.name;
        for tier in Tier::ALL {
            let policies = [policy(name, &json!({ "tier": tier.to_string() }))];
            for decoded in [
                approve(OTHER, 1_u64.into()),
                approve(OTHER, Amount::MAX),
                permit(OTHER, 1_u64.into()),
                operator(OTHER, true),
            ] {
                assert_eq!(said(name, &decoded, &facts(&policies)), Ok(*tier));
                assert_eq!(said(name, &decoded, &facts(&[])), Ok(Tier::Approval), "no policy");
            }
            let withdrawals = [approve(OTHER, Amount::ZERO), operator(OTHER, false)];
            for decoded in withdrawals.into_iter().chain([native(Amount::MAX)]) {
                assert_eq!(said(name, &decoded, &facts(&policies)), Ok(Tier::Instant));
                assert_eq!(said(name, &decoded, &facts(&[])), Ok(Tier::Instant));
            }
        }
    }

    #[test]
    fn it_never_loosens_what_the_amount_asks_for() {
        let spenders = json!({ "spenders": [{ "address": OTHER.to_string() }] });
        let policies = [
            policy(RULE.name, &json!({ "tier": "INSTANT" })),
            policy("APPROVED_SPENDERS", &spenders),
        ];
        // No price, no lines: nobody knows what it would let go.
        assert_eq!(outcome(verdict(&approve(OTHER, 1_u64.into()), &policies)), Ok(Tier::Approval));
    }

    #[test]
    fn a_tier_that_there_is_not_is_refused() {
        refused(RULE.name, &[json!({}), json!({ "tier": "SOMETIMES" }), json!({ "tier": 1 })]);
    }
}

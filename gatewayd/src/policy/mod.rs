//! Verdicts: what a wallet may do, from what the bytes do and what is known besides.
//!
//! Nothing here asks anybody or waits for anything: [`judge`] is a function of [`Decoded`] and
//! [`Facts`]. Each kind of policy is a file in [`rules`]; the strictest tier wins, the first denial
//! ends it, and what cannot be read denies.

mod effects;
pub mod rules;
mod scope;
mod usd;

use std::collections::BTreeMap;
use std::time::Duration;

use primitives::{Amount, Asset, ChainId, Environment, Network, WalletId};
use serde_json::Value;
use txcodec::Decoded;

pub use rules::{RulesError, check};
pub use usd::UsdMicros;

use crate::tx::Tier;

/// A policy as an operator wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Whose transactions it judges; `None` for those of every wallet.
    pub wallet: Option<WalletId>,
    /// On which network; `None` for every one.
    pub network: Option<ChainId>,
    /// Its type, such as `SPENDING_LIMIT`.
    pub kind: String,
    /// What it says; checked by [`check`] when it was written.
    pub rules: Value,
    /// Of two with the same scope the higher one counts.
    pub priority: i64,
}

/// What is known besides the bytes.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Whose key shall sign.
    pub wallet: WalletId,
    /// Whether the wallet's coins are worth money.
    pub environment: Environment,
    /// Where; `None` for messages.
    pub network: Option<&'a Network>,
    /// The policies that are enabled.
    pub policies: &'a [Policy],
    /// Decimals of tokens, as the chain says.
    pub decimals: &'a BTreeMap<Asset, u8>,
    /// What leaves is worth this much; `None` when nobody knows.
    pub worth: Option<UsdMicros>,
    /// What the wallet's other transactions of the last day are worth, those under way included;
    /// `None` when nobody knows.
    pub spent_in_day: Option<UsdMicros>,
    /// As above, in the last thirty days.
    pub spent_in_month: Option<UsdMicros>,
}

/// Whether it may happen.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    /// Yes, with this much care.
    Allow(Allowed),
    /// No.
    Deny(Denial),
}

/// How it may happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// With how much care.
    pub tier: Tier,
    /// How long [`Tier::Delay`] waits.
    pub delay: Duration,
    /// How long [`Tier::Approval`] waits for the owner.
    pub approval_timeout: Duration,
}

/// Why it may not happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// The type of the policy that says so, whether one was written or not.
    pub rule: &'static str,
    /// What is not allowed.
    pub reason: String,
    /// What the operator would have to do.
    pub remedy: String,
}

/// The wait of the delay tier where no policy says another.
pub const DEFAULT_DELAY: Duration = Duration::from_mins(10);
/// How long the owner may take where no policy says otherwise.
pub const DEFAULT_APPROVAL_TIMEOUT: Duration = Duration::from_hours(1);

/// Judges what `decoded` does.
pub fn judge(decoded: &Decoded, facts: &Facts<'_>) -> Verdict {
    if let Some(denial) = effects::denied(decoded, facts).or_else(|| rules::unreadable(facts)) {
        return Verdict::Deny(denial);
    }
    let mut allowed = Allowed::AT_ONCE;
    for rule in rules::ALL {
        match rule.judge(decoded, facts) {
            Verdict::Allow(other) => allowed = allowed.stricter(other),
            Verdict::Deny(denial) => return Verdict::Deny(denial),
        }
    }
    Verdict::Allow(allowed)
}

/// What leaves the wallet by itself, without the network's fee; `None` when a sum does not fit in
/// 256 bits. An allowance counts as if it were used.
pub(crate) fn outflow(decoded: &Decoded) -> Option<BTreeMap<Asset, Amount>> {
    let mut outflow = decoded.spend()?;
    if let Some(native) = outflow.get_mut(&Asset::Native) {
        *native = native.checked_sub(decoded.fee_ceiling())?;
    }
    outflow.retain(|_asset, amount| !amount.is_zero());
    Some(outflow)
}

impl Allowed {
    /// With no more care than anything needs.
    pub const AT_ONCE: Self = Self {
        tier: Tier::Instant,
        delay: DEFAULT_DELAY,
        approval_timeout: DEFAULT_APPROVAL_TIMEOUT,
    };

    /// The one with the stricter tier; of two equal ones the longer wait for the delay, and the
    /// shorter one for the owner.
    fn stricter(self, other: Self) -> Self {
        match self.tier.cmp(&other.tier) {
            std::cmp::Ordering::Less => other,
            std::cmp::Ordering::Greater => self,
            std::cmp::Ordering::Equal => Self {
                tier: self.tier,
                delay: self.delay.max(other.delay),
                approval_timeout: self.approval_timeout.min(other.approval_timeout),
            },
        }
    }
}

impl Denial {
    /// The whole of it for a person: what, and what to do.
    pub fn message(&self) -> String {
        format!("{}; {}", self.reason, self.remedy)
    }
}

#[cfg(test)]
mod testing;

#[cfg(test)]
mod tests {
    use primitives::EvmAddress;
    use serde_json::json;
    use txcodec::evm::erc20;

    use super::testing::{TOKEN, WALLET, call, mainnet, native, outcome, policy, token, verdict};
    use super::*;

    #[test]
    fn what_no_policy_speaks_of_is_denied() {
        let contract = Some(TOKEN);
        let rows = [
            ("an unlisted token", token(1), "ALLOWED_TOKENS"),
            (
                "an allowance",
                call(contract, Amount::ZERO, erc20::approve(EvmAddress([9; 20]), Amount::MAX)),
                "APPROVED_SPENDERS",
            ),
            ("a call", call(contract, Amount::ZERO, vec![1, 2, 3, 4]), "CONTRACT_WHITELIST"),
            ("a creation", call(None, Amount::ZERO, vec![0x60]), "CONTRACT_WHITELIST"),
        ];
        for (what, decoded, rule) in rows {
            assert_eq!(outcome(verdict(&decoded, &[])), Err(rule), "{what}");
        }
    }

    #[test]
    fn the_more_specific_policy_counts_and_then_the_higher_priority() {
        let limit = |max: &str| json!({ "instant_max": max });
        let scoped = |wallet: bool, network: bool, priority, max| Policy {
            wallet: wallet.then_some(WALLET),
            network: network.then(|| mainnet().chain_id),
            priority,
            ..policy("SPENDING_LIMIT", &limit(max))
        };
        let steps = [
            scoped(false, false, 0, "1"),
            scoped(false, false, 1, "100"),
            scoped(false, true, 0, "1"),
            scoped(true, false, 0, "100"),
            scoped(true, true, -5, "1"),
        ];
        for count in 1..=steps.len() {
            let allowed = count % 2 == 0;
            let expected = if allowed { Tier::Instant } else { Tier::Approval };
            let decoded = native(Amount::from(50_u64));
            assert_eq!(outcome(verdict(&decoded, &steps[..count])), Ok(expected), "{count}");
            let reversed: Vec<Policy> = steps[..count].iter().rev().cloned().collect();
            assert_eq!(outcome(verdict(&decoded, &reversed)), Ok(expected), "{count} reversed");
        }
    }

    #[test]
    fn a_policy_of_another_wallet_or_network_does_not_count() {
        let mut foreign = policy("SPENDING_LIMIT", &json!({ "instant_max": "0" }));
        foreign.wallet = Some(WalletId::from_bytes([9; 16]));
        let decoded = native(Amount::from(1_u64));
        assert_eq!(outcome(verdict(&decoded, &[foreign.clone()])), Ok(Tier::Instant));
        foreign.wallet = None;
        foreign.network = Some("eip155:10".parse().unwrap());
        assert_eq!(outcome(verdict(&decoded, &[foreign])), Ok(Tier::Instant));
    }

    #[test]
    fn what_cannot_be_read_denies() {
        let decoded = native(Amount::from(1_u64));
        let rows = [
            (policy("SPENDING_LIMIT", &json!({ "instant_max": 1.5 })), "SPENDING_LIMIT"),
            (policy("SPENDING_LIMIT", &json!("corrupt")), "SPENDING_LIMIT"),
            (policy("FROM_THE_FUTURE", &json!({})), "POLICY"),
        ];
        for (policy, rule) in rows {
            assert_eq!(outcome(verdict(&decoded, &[policy])), Err(rule));
        }
        let twice = ["1", "2"].map(|max| policy("SPENDING_LIMIT", &json!({ "instant_max": max })));
        assert_eq!(outcome(verdict(&decoded, &twice)), Err("SPENDING_LIMIT"));
    }

    #[test]
    fn the_stricter_of_two_wins_whatever_their_order() {
        let tier = |tier, seconds| Allowed {
            tier,
            delay: Duration::from_secs(seconds),
            approval_timeout: Duration::from_secs(seconds),
        };
        let (delay, notify) = (tier(Tier::Delay, 60), tier(Tier::Notify, 600));
        assert_eq!(delay.stricter(notify), delay);
        assert_eq!(notify.stricter(delay), delay);
        let longer = tier(Tier::Delay, 90).stricter(delay);
        assert_eq!((longer.delay.as_secs(), longer.approval_timeout.as_secs()), (90, 60));
    }
}

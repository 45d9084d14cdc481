//! Verdicts: what a wallet may do, from what the bytes do and what is known besides.
//!
//! Nothing here asks anybody or waits for anything: [`judge`] is a function of [`Decoded`] and
//! [`Facts`]. Each kind of policy is a file in [`rules`]; the strictest tier wins, a denial ends it,
//! and what cannot be read denies.

mod approvals;
mod decimal;
mod domains;
mod effects;
mod facts;
mod nearing;
pub mod rules;
mod scope;
mod usd;
mod used;
mod written;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use api::ErrorCode;
use primitives::{Address, Amount, Asset, ChainId, WalletId};
use serde_json::Value;
use txcodec::Decoded;

pub use decimal::{Decimal, DecimalError};
pub use effects::is_worthless;
pub use facts::{Action, Category, Destination, Facts, Purpose, Reputation, UnknownCategory};
pub use nearing::{Before, Nearing, Window, crossed, nearing};
pub use rules::{Mark, Rule, check};
pub use usd::{UsdError, UsdMicros};
pub use used::{Used, used};
pub use written::RulesError;

use crate::tx::Tier;
use rules::Judge;

/// A policy as an operator wrote it, read once.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Whose transactions it judges; `None` for those of every wallet.
    pub wallet: Option<WalletId>,
    /// On which network; `None` for every one.
    pub network: Option<ChainId>,
    /// Of two with the same scope the higher one counts.
    pub priority: i64,
    /// Its type as it was written, such as `SPENDING_LIMIT` or an alias.
    kind: String,
    /// Its type; `None` where there is no such type.
    rule: Option<&'static Rule>,
    /// What it says, as it was written.
    rules: Value,
    /// What it says; why it cannot be read.
    says: Result<Arc<dyn Judge>, RulesError>,
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
    /// What programs decide by.
    pub code: ErrorCode,
    /// What is not allowed.
    pub reason: String,
    /// What the operator would have to do.
    pub remedy: String,
}

/// What one type of policy says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opinion {
    /// The type.
    pub rule: &'static str,
    /// Which of the facts' policies says it; `None` where it holds without one.
    pub policy: Option<usize>,
    /// What it says.
    pub verdict: Verdict,
}

/// The wait of the delay tier where no policy says another.
pub const DEFAULT_DELAY: Duration = Duration::from_mins(10);
/// How long the owner may take where no policy says otherwise.
pub const DEFAULT_APPROVAL_TIMEOUT: Duration = Duration::from_hours(1);

/// Judges what `decoded` does.
pub fn judge(decoded: &Decoded, facts: &Facts<'_>) -> Verdict {
    let mut allowed = Allowed::AT_ONCE;
    for opinion in opinions(decoded, facts) {
        match opinion.verdict {
            Verdict::Allow(other) => allowed = allowed.stricter(other),
            Verdict::Deny(denial) => return Verdict::Deny(denial),
        }
    }
    Verdict::Allow(allowed)
}

impl Verdict {
    /// The one that lets less pass.
    pub fn stricter(self, other: Self) -> Self {
        match (self, other) {
            (Self::Allow(one), Self::Allow(other)) => Self::Allow(one.stricter(other)),
            (denied @ Self::Deny(_), _) | (Self::Allow(_), denied @ Self::Deny(_)) => denied,
        }
    }
}

/// Types that go by what is named, and ask for no amount, no decimals and no price. Whether an allowance
/// is given or taken back depends on the token's decimals, so `APPROVED_SPENDERS` is none of them.
const UNPRICED: &[&str] = &[
    "ENVIRONMENT_TYPE",
    "ALLOWED_NETWORKS",
    "TIME_RESTRICTION",
    "WHITELIST",
    "ALLOWED_TOKENS",
    "CONTRACT_WHITELIST",
    "METHOD_WHITELIST",
];

/// Whether it is denied whatever it is worth, and however its amounts are written.
pub fn is_denied_unpriced(decoded: &Decoded, facts: &Facts<'_>) -> bool {
    let by_nobody = |opinion: &Opinion| rules::named(opinion.rule).is_none();
    opinions(decoded, facts).any(|opinion| {
        let counts = by_nobody(&opinion) || UNPRICED.contains(&opinion.rule);
        counts && matches!(opinion.verdict, Verdict::Deny(_))
    })
}

/// What each type of policy says to what `decoded` does, in the order in which they are asked. The
/// first denial is the verdict.
pub fn opinions(decoded: &Decoded, facts: &Facts<'_>) -> impl Iterator<Item = Opinion> {
    let denied = effects::denied(decoded, facts).map(|denial| Opinion {
        rule: denial.rule,
        policy: None,
        verdict: Verdict::Deny(denial),
    });
    let chosen = scope::resolve(facts);
    denied.into_iter().chain(rules::opinions(chosen, decoded, facts))
}

/// Lengths in seconds of the windows in which `policies` count transactions.
pub fn windows(policies: &[Policy]) -> BTreeSet<u64> {
    policies.iter().filter_map(|policy| policy.says.as_ref().ok()?.window()).collect()
}

/// Whether an allowance of that much of a token has no limit, as `APPROVE_AMOUNT_LIMIT` sees it.
pub fn is_unlimited(token: Address, amount: Amount) -> bool {
    amount >= rules::unlimited(token.chain())
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

impl Policy {
    /// A policy for every wallet and network. What cannot be read is kept, and denies.
    pub fn new(kind: &str, rules: Value) -> Self {
        Self {
            wallet: None,
            network: None,
            priority: 0,
            kind: kind.to_owned(),
            rule: rules::named(kind),
            says: rules::read(kind, &rules).map(Arc::from),
            rules,
        }
    }

    /// What it is about; of several policies about one thing one counts.
    fn subject(&self) -> scope::Subject<'_> {
        let kind = self.rule.map_or(self.kind.as_str(), |rule| rule.name);
        (kind, self.says.as_ref().map_or("", |says| says.about()))
    }
}

impl Verdict {
    /// Yes, as far as this is concerned.
    pub(crate) const FINE: Self = Self::Allow(Allowed::AT_ONCE);

    /// Yes, with at least this much care.
    fn at_least(tier: Tier) -> Self {
        Self::Allow(Allowed { tier, ..Allowed::AT_ONCE })
    }
}

impl Allowed {
    /// With no more care than anything needs. How long the tiers wait is not said by it.
    pub const AT_ONCE: Self =
        Self { tier: Tier::Instant, delay: Duration::ZERO, approval_timeout: Duration::MAX };

    /// The stricter tier, the longer wait for a delay and the shorter one for the owner.
    pub(crate) fn stricter(self, other: Self) -> Self {
        Self {
            tier: self.tier.max(other.tier),
            delay: self.delay.max(other.delay),
            approval_timeout: self.approval_timeout.min(other.approval_timeout),
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
mod examples;
#[cfg(test)]
mod testing;

#[cfg(test)]
mod tests {
    use primitives::EvmAddress;
    use serde_json::json;
    use txcodec::evm::erc20;

    use super::testing::{
        TOKEN, WALLET, call, facts, mainnet, native, outcome, policy, token, verdict,
    };
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
    fn what_is_denied_by_name_is_denied_whatever_it_is_worth() {
        assert!(UNPRICED.iter().all(|name| rules::named(name).is_some()));
        let unlisted = token(1);
        let listed =
            policy("ALLOWED_TOKENS", &json!({ "tokens": [{ "address": TOKEN.to_string() }] }));
        let capped = policy("CUMULATIVE_USD_LIMIT", &json!({ "daily_limit_usd": 0 }));
        for (decoded, policies, expected) in [
            (&unlisted, vec![], true),
            (&unlisted, vec![listed.clone()], false),
            (&unlisted, vec![listed.clone(), capped], false),
            (&unlisted, vec![listed, policy("FROM_THE_FUTURE", &json!({}))], true),
            (&native(1_u64.into()), vec![], false),
        ] {
            let facts = facts(&policies);
            assert_eq!(is_denied_unpriced(decoded, &facts), expected, "{policies:?}");
            let worthless = BTreeMap::new();
            let others = Facts { worth: Some(UsdMicros::ZERO), decimals: &worthless, ..facts };
            assert_eq!(is_denied_unpriced(decoded, &others), expected);
            assert!(!expected || matches!(judge(decoded, &others), Verdict::Deny(_)));
        }
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
        let tier = |tier, delay, timeout| Allowed {
            tier,
            delay: Duration::from_secs(delay),
            approval_timeout: Duration::from_secs(timeout),
        };
        let (delay, notify) = (tier(Tier::Delay, 60, 60), tier(Tier::Notify, 600, 600));
        assert_eq!(delay.stricter(notify), tier(Tier::Delay, 600, 60));
        assert_eq!(notify.stricter(delay), tier(Tier::Delay, 600, 60));
        assert_eq!(Allowed::AT_ONCE.stricter(notify), notify);
    }
}

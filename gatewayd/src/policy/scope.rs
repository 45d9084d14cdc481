//! Which of several policies of one type counts.

use super::{Facts, Policy};

/// The policy of these types that counts: the one for this wallet on this network before one for
/// the wallet, before one for the network, before one for all; then the one of higher priority.
/// `Err` where two say different things with the same right.
pub(super) fn resolve<'a>(
    facts: &Facts<'a>,
    is_kind: impl Fn(&str) -> bool,
) -> Result<Option<&'a Policy>, Ambiguous> {
    let network = facts.network.map(|network| network.chain_id);
    let applies = |policy: &&Policy| {
        is_kind(&policy.kind)
            && policy.wallet.is_none_or(|wallet| wallet == facts.wallet)
            && policy.network.is_none_or(|found| network == Some(found))
    };
    let rank =
        |policy: &Policy| (policy.wallet.is_some(), policy.network.is_some(), policy.priority);
    let mut best: Option<&Policy> = None;
    let mut ambiguous = false;
    for policy in facts.policies.iter().filter(applies) {
        match best.map(|best| rank(policy).cmp(&rank(best))) {
            None | Some(std::cmp::Ordering::Greater) => (best, ambiguous) = (Some(policy), false),
            Some(std::cmp::Ordering::Equal) => {
                ambiguous |= best.is_some_and(|best| best.rules != policy.rules);
            }
            Some(std::cmp::Ordering::Less) => {}
        }
    }
    if ambiguous { Err(Ambiguous) } else { Ok(best) }
}

/// Two policies of one type, scope and priority say different things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ambiguous;

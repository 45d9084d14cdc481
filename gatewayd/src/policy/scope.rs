//! Which of several policies of one type counts.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::{Facts, Policy};

/// The policy that counts of those that one type has in its scope.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chosen<'a> {
    /// Where it stands among the policies of the facts.
    pub(super) position: usize,
    /// The policy.
    pub(super) policy: &'a Policy,
    /// Another one of the same scope and priority says something else.
    pub(super) disputed: bool,
}

/// What is chosen among: the name of a type, and what a policy of it is about.
pub(super) type Subject<'a> = (&'a str, &'a str);

/// Of each type, and of each thing that policies of it are about, the one that counts: the one for
/// this wallet on this network before one for the wallet, before one for the network, before one
/// for all; then the one of higher priority.
pub(super) fn resolve<'a>(facts: &Facts<'a>) -> BTreeMap<Subject<'a>, Chosen<'a>> {
    let network = facts.network.map(|network| network.chain_id);
    let applies = |policy: &Policy| {
        policy.wallet.is_none_or(|wallet| wallet == facts.wallet)
            && policy.network.is_none_or(|found| network == Some(found))
    };
    let mut chosen = BTreeMap::new();
    for (position, policy) in facts.policies.iter().enumerate().filter(|(_, one)| applies(one)) {
        let found = Chosen { position, policy, disputed: false };
        let best = chosen.entry(policy.subject()).or_insert(found);
        match rank(policy).cmp(&rank(best.policy)) {
            Ordering::Greater => *best = found,
            Ordering::Equal => best.disputed |= best.policy.rules != policy.rules,
            Ordering::Less => {}
        }
    }
    chosen
}

fn rank(policy: &Policy) -> (bool, bool, i64) {
    (policy.wallet.is_some(), policy.network.is_some(), policy.priority)
}

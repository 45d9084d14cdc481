//! Who may take what afterwards: what is given by the bytes, and what stands already.

use std::collections::BTreeMap;

use primitives::{Address, Amount};
use txcodec::Decoded;

use super::Facts;
use super::effects::{Claim, claims};

/// Somebody may take something later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Approval {
    /// Contract or mint.
    pub(super) token: Address,
    /// Who may take it.
    pub(super) spender: Address,
    /// How much, together with what the same bytes gave before it, and with what stands where it is added
    /// to that; `None` for all collectibles of a contract, and where the sum has no number.
    pub(super) amount: Option<Amount>,
    /// Whether that is all.
    pub(super) certainty: Certainty,
}

/// Whether an amount is all that may be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Certainty {
    /// It is.
    Exact,
    /// It is added to what stands already, and nobody knows how much that is.
    AtLeast,
}

/// Who is allowed to take what, in the order of the bytes.
pub(super) fn approvals(decoded: &Decoded, facts: &Facts<'_>) -> impl Iterator<Item = Approval> {
    let mut given = BTreeMap::new();
    claims(decoded, facts).filter_map(move |claim| match claim {
        Claim::Approval { token, spender, amount } => {
            let pair = (token, spender);
            let before = given.entry(pair).or_insert_with(|| what_stands(pair, decoded, facts));
            let (sum, certainty) = before;
            *sum = sum.zip(amount).and_then(|(sum, amount)| sum.checked_add(amount));
            Some(Approval { token, spender, amount: *sum, certainty: *certainty })
        }
        Claim::Coins | Claim::Token(_) | Claim::Call(_) | Claim::Harmless | Claim::Denied(_) => {
            None
        }
    })
}

/// What a spender may take already of what is added to.
fn what_stands(
    pair: (Address, Address),
    decoded: &Decoded,
    facts: &Facts<'_>,
) -> (Option<Amount>, Certainty) {
    let is_raised = decoded.raised_allowances().contains(&pair);
    match facts.standing.get(&pair).filter(|_| is_raised) {
        Some(standing) => (Some(*standing), Certainty::Exact),
        None if is_raised => (Some(Amount::ZERO), Certainty::AtLeast),
        None => (Some(Amount::ZERO), Certainty::Exact),
    }
}

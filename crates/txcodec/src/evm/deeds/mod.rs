//! Calls that are read: what they do, and to whose things. One file a family, one line in the list.

mod collectibles;
mod control;
mod permit2;
mod tokens;

use primitives::EvmAddress;

pub(crate) use permit2::PERMIT2;

use crate::Effect;

/// One thing that a call does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Deed {
    /// Whose tokens or rights are touched.
    pub(super) whose: Whose,
    /// What happens to them.
    pub(super) effect: Effect,
}

/// Whose things a call touches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// Those of whoever calls.
    Caller,
    /// Those of the account that the call names, which has allowed that.
    Named(EvmAddress),
}

/// Reads a call of a contract, if the family knows the function and the data has its form.
type Family = fn(EvmAddress, &[u8]) -> Option<Vec<Deed>>;

/// Every family.
const FAMILIES: &[Family] = &[collectibles::read, control::read, permit2::read, tokens::read];

/// What a call of `contract` with `data` does; `None` when that is not known. A list of nothing says
/// nothing about what the contract does, so it is not known either.
pub(super) fn read(contract: EvmAddress, data: &[u8]) -> Option<Vec<Deed>> {
    let deeds = FAMILIES.iter().find_map(|family| family(contract, data));
    deeds.filter(|deeds| !deeds.is_empty())
}

impl Deed {
    const fn of_caller(effect: Effect) -> Self {
        Self { whose: Whose::Caller, effect }
    }

    const fn of(owner: EvmAddress, effect: Effect) -> Self {
        Self { whose: Whose::Named(owner), effect }
    }
}

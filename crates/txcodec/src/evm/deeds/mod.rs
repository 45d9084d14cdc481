//! Calls that are read: what they do, and to whose things. One file a family, one line in the list.

mod collectibles;
mod control;
mod permit2;
mod tokens;

use primitives::EvmAddress;

pub(crate) use permit2::PERMIT2;
pub(super) use tokens::adds_to_what_stands;

use crate::{Effect, Selector};

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

/// Functions that belong together.
struct Family {
    /// The one contract that is known to mean them; any, if absent.
    of: Option<EvmAddress>,
    functions: &'static [Selector],
    /// Reads a call of one of them, if the data has the form that libraries write.
    read: fn(EvmAddress, &[u8]) -> Option<Vec<Deed>>,
}

/// Every family.
const FAMILIES: &[Family] =
    &[collectibles::FAMILY, control::FAMILY, permit2::FAMILY, tokens::FAMILY];

/// What is known of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// What it does.
    Deeds(Vec<Deed>),
    /// The function is known, and the data has another form: contracts take more of them than are
    /// read here, such as bytes behind the arguments.
    Unread,
    /// Nothing.
    Unknown,
}

/// What a call of `contract` with `data` does. A list of nothing says nothing about what the contract
/// does, so that is not known.
pub(super) fn read(contract: EvmAddress, data: &[u8]) -> Reading {
    let Some(selector) = data.first_chunk() else { return Reading::Unknown };
    let family = FAMILIES.iter().find(|family| {
        family.of.is_none_or(|only| only == contract) && family.functions.contains(selector)
    });
    match family.map(|family| (family.read)(contract, data)) {
        None => Reading::Unknown,
        Some(None) => Reading::Unread,
        Some(Some(deeds)) if deeds.is_empty() => Reading::Unknown,
        Some(Some(deeds)) => Reading::Deeds(deeds),
    }
}

impl Deed {
    const fn of_caller(effect: Effect) -> Self {
        Self { whose: Whose::Caller, effect }
    }

    const fn of(owner: EvmAddress, effect: Effect) -> Self {
        Self { whose: Whose::Named(owner), effect }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_function_belongs_to_one_family() {
        let mut all: Vec<_> = FAMILIES.iter().flat_map(|family| family.functions).collect();
        let listed = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), listed);
    }

    proptest! {
        /// Contracts take what is not canonical: nothing of a known function passes for an unknown call.
        #[test]
        fn what_begins_like_a_known_function_is_read_or_unread(
            arguments in proptest::collection::vec(any::<u8>(), 0..400),
        ) {
            for family in FAMILIES {
                let contract = family.of.unwrap_or(EvmAddress([7; 20]));
                for function in family.functions {
                    let data = [&function[..], &arguments].concat();
                    prop_assert_ne!(read(contract, &data), Reading::Unknown);
                }
            }
        }
    }
}

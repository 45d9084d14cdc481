//! The list of ways to drain a wallet: a family a file.

pub(super) mod evm_bytes;
mod evm_calls;
mod evm_fees;
mod evm_messages;
mod evm_orders;
mod evm_permits;
pub(super) mod evm_tokens;
mod limits;
mod solana_bytes;
pub(super) mod solana_fees;
mod solana_messages;
mod solana_programs;
pub(super) mod solana_system;
mod solana_tokens;
mod warrants;

use protocol::RefusalCode;

use super::Class;

/// Every class. A file that is not named here is found by `tests/tidy`.
pub static FAMILIES: &[&[Class]] = &[
    evm_bytes::CLASSES,
    evm_calls::CLASSES,
    evm_fees::CLASSES,
    evm_messages::CLASSES,
    evm_orders::CLASSES,
    evm_permits::CLASSES,
    evm_tokens::CLASSES,
    limits::CLASSES,
    solana_bytes::CLASSES,
    solana_fees::CLASSES,
    solana_messages::CLASSES,
    solana_programs::CLASSES,
    solana_system::CLASSES,
    solana_tokens::CLASSES,
    warrants::CLASSES,
];

/// Every class of every family.
pub fn all() -> impl Iterator<Item = &'static Class> {
    FAMILIES.iter().copied().flatten()
}

/// The class of this name.
pub fn named(name: &str) -> Option<&'static Class> {
    all().find(|class| class.name == name)
}

/// The bytes are not what they should be.
const BYTES: &[RefusalCode] = &[RefusalCode::Undecodable];
/// Somebody has to be asked who is not.
const OWNERS: &[RefusalCode] = &[RefusalCode::NeedsOwner];
/// The guard has no entry for the network.
const CLOSED: &[RefusalCode] = &[RefusalCode::NetworkNotAllowed];
/// Not even owners can know what it does.
const NEVER: &[RefusalCode] = &[RefusalCode::EffectNotAllowed];
/// More than there can be of it: what cannot be counted is not read, or is over every ceiling.
const TOO_MUCH: &[RefusalCode] =
    &[RefusalCode::Undecodable, RefusalCode::NeedsOwner, RefusalCode::EffectNotAllowed];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_many_classes_and_no_two_have_the_same_name() {
        let mut names: Vec<_> = all().map(|class| class.name).collect();
        names.sort_unstable();
        let total = names.len();
        names.dedup();
        assert_eq!(names.len(), total, "a name stands twice");
        assert!(total >= 60, "{total} classes");
    }
}

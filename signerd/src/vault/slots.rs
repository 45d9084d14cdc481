//! Many secrets of 32 bytes in few regions of secret memory.

use std::num::NonZeroUsize;

use protocol::SecretMemory;
use zeroize::Zeroize;

use crate::sys::{MemoryError, SecretRegion};

/// Bytes of a secret: an AES-256 key, an Ed25519 seed, a secp256k1 scalar.
pub(super) const SECRET_LENGTH: usize = 32;
/// Secrets in a region. Locked memory is limited (8 MiB by default), so they share pages; 512 of
/// them take 16 KiB.
const SLOTS_PER_REGION: usize = 512;
const REGION_LENGTH: NonZeroUsize = NonZeroUsize::new(SLOTS_PER_REGION * SECRET_LENGTH).unwrap();

/// The place of a secret in the [`SecretSlots`] that gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    region: usize,
    position: usize,
}

/// A table of secrets. It grows by regions and never shrinks; a freed slot is wiped and used again.
#[derive(Debug)]
pub(super) struct SecretSlots {
    regions: Vec<SecretRegion>,
    free: Vec<Slot>,
}

impl SecretSlots {
    /// An empty table with its first region, so that a machine without secret memory is found out
    /// at the start.
    pub(super) fn new() -> Result<Self, MemoryError> {
        let mut slots = Self { regions: Vec::new(), free: Vec::new() };
        slots.grow()?;
        Ok(slots)
    }

    /// How the secrets are kept: the weakest of all regions.
    pub(super) fn kind(&self) -> SecretMemory {
        let locked = self.regions.iter().any(|region| region.kind() == SecretMemory::Locked);
        if locked { SecretMemory::Locked } else { SecretMemory::MemfdSecret }
    }

    /// Takes a slot and lets `fill` write it in place. If it fails, the slot is wiped and free.
    pub(super) fn insert<E: From<MemoryError>>(
        &mut self,
        fill: impl FnOnce(&mut [u8; SECRET_LENGTH]) -> Result<(), E>,
    ) -> Result<Slot, E> {
        if self.free.is_empty() {
            self.grow()?;
        }
        let slot = self.free.pop().expect("a region has slots");
        match self.change(slot, fill) {
            Ok(()) => Ok(slot),
            Err(error) => {
                self.remove(slot);
                Err(error)
            }
        }
    }

    /// Lets `look` read a secret.
    pub(super) fn read<R>(
        &mut self,
        slot: Slot,
        look: impl FnOnce(&[u8; SECRET_LENGTH]) -> R,
    ) -> R {
        let region = self.regions.get_mut(slot.region).expect("slots are of this table");
        region.read(|bytes| {
            let (secrets, _rest) = bytes.as_chunks();
            look(secrets.get(slot.position).expect("slots are of this table"))
        })
    }

    /// Wipes a secret and frees its slot.
    pub(super) fn remove(&mut self, slot: Slot) {
        self.change(slot, Zeroize::zeroize);
        self.free.push(slot);
    }

    fn change<R>(&mut self, slot: Slot, change: impl FnOnce(&mut [u8; SECRET_LENGTH]) -> R) -> R {
        let region = self.regions.get_mut(slot.region).expect("slots are of this table");
        region.write(|bytes| {
            let (secrets, _rest) = bytes.as_chunks_mut();
            change(secrets.get_mut(slot.position).expect("slots are of this table"))
        })
    }

    fn grow(&mut self) -> Result<(), MemoryError> {
        let region = self.regions.len();
        self.regions.push(SecretRegion::new(REGION_LENGTH)?);
        let slots = (0..SLOTS_PER_REGION).rev().map(|position| Slot { region, position });
        self.free.extend(slots);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::VaultError;

    fn insert(slots: &mut SecretSlots, byte: u8) -> Slot {
        let fill = |place: &mut [u8; SECRET_LENGTH]| {
            assert_eq!(*place, [0; SECRET_LENGTH], "a free slot is wiped");
            place.fill(byte);
            Ok::<(), MemoryError>(())
        };
        slots.insert(fill).unwrap()
    }

    #[test]
    fn secrets_stay_apart_while_the_table_grows() {
        let mut slots = SecretSlots::new().unwrap();
        let bytes = (0..=u8::MAX).cycle().take(SLOTS_PER_REGION * 2 + 1);
        let held: Vec<_> = bytes.map(|byte| (insert(&mut slots, byte), byte)).collect();
        assert_eq!(slots.regions.len(), 3);
        for (slot, byte) in held {
            assert_eq!(slots.read(slot, |secret| *secret), [byte; SECRET_LENGTH]);
        }
    }

    #[test]
    fn a_removed_secret_is_wiped_and_its_slot_used_again() {
        let mut slots = SecretSlots::new().unwrap();
        let (kept, removed) = (insert(&mut slots, 1), insert(&mut slots, 2));
        slots.remove(removed);
        assert_eq!(slots.read(removed, |secret| *secret), [0; SECRET_LENGTH]);
        assert_eq!(slots.read(kept, |secret| *secret), [1; SECRET_LENGTH]);
        assert_eq!(insert(&mut slots, 3), removed);
    }

    #[test]
    fn a_secret_that_was_not_written_to_the_end_is_wiped() {
        let mut slots = SecretSlots::new().unwrap();
        let failed = slots.insert(|place| {
            place.fill(9);
            Err(VaultError::Uninitialised)
        });
        assert!(failed.is_err());
        insert(&mut slots, 1);
        assert_eq!(slots.regions.len(), 1);
    }
}

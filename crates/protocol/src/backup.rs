//! What a signer gives into a backup, and what it says of one: `docs/backup.md`.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::journal::JournalReport;
use crate::wire::{Reader, Wire, WireError};
use crate::wire_fields;

/// The signer's part of a backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VaultCopy {
    /// The vault and what the journal knows of its wallets, sealed.
    pub archive: Vec<u8>,
    /// What the rest of the backup is sealed with.
    pub key: BackupKey,
    /// How far the journal was when the copy was made.
    pub journal: JournalReport,
}

/// What a signer says of a [`VaultCopy`] that it could open, and in which nothing is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenedBackup {
    /// What the rest of the backup is sealed with.
    pub key: BackupKey,
    /// How far the journal was when the copy was made.
    pub journal: JournalReport,
}

/// The key of one backup's journal and database: of one use, and no wallet's. Never printed, and
/// wiped when it is dropped.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct BackupKey([u8; 32]);

impl BackupKey {
    /// Takes over the bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, for the cipher.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for BackupKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("BackupKey")
    }
}

/// 32 bytes.
impl Wire for BackupKey {
    fn write(&self, out: &mut Vec<u8>) {
        self.0.write(out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        input.array().map(Self)
    }
}

wire_fields!(VaultCopy { archive, key, journal });
wire_fields!(OpenedBackup { key, journal });

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_never_printed() {
        let copy = OpenedBackup {
            key: BackupKey::new([7; 32]),
            journal: JournalReport { records: 0, head: [0; 32], keys: 0 },
        };
        assert!(format!("{copy:?}").contains("key: BackupKey,"), "{copy:?}");
    }
}

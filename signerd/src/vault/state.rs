//! The vault itself: what it has, and what anybody may know of it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use primitives::WalletId;
use protocol::{SecretMemory, VaultPhase};

use super::files::{Files, THROTTLE_FILE, VAULT_FILE, key_file};
use super::record::{KeyRecord, VaultRecord};
use super::slots::{SecretSlots, Slot};
use super::throttle::Throttle;
use super::unattended::{Tried, Wrapping};
use super::{KdfCost, PublicKey, VaultError};

/// The most keys in a vault: what one backup holds, so that a gateway gone mad does not end the
/// operator's backups.
pub const MAX_KEYS: usize = 2_000;

/// The keys of a signer, open or not.
pub struct Vault {
    pub(super) files: Files,
    /// What new passphrases cost; one that is in use costs what its file says.
    pub(super) cost: KdfCost,
    pub(super) slots: SecretSlots,
    pub(super) record: Option<VaultRecord>,
    pub(super) keys: BTreeMap<WalletId, Key>,
    pub(super) throttle: Throttle,
    /// Where the secrets are while the vault is open.
    pub(super) open: Option<OpenSlots>,
    /// The master key under a credential, where the vault may open by itself.
    pub(super) wrapping: Option<Wrapping>,
    pub(super) tried: Tried,
    /// It was locked, and the disk did not take the note of it.
    pub(super) is_lock_unnoted: bool,
}

/// A key as its file has it.
pub(super) struct Key {
    pub(super) record: KeyRecord,
    pub(super) public: PublicKey,
    /// Unix seconds of the last signature, if that is not in the file yet.
    pub(super) used_at: Option<u64>,
}

/// The slots of an open vault: there is one for each key.
pub(super) struct OpenSlots {
    pub(super) master: Slot,
    pub(super) keys: BTreeMap<WalletId, Slot>,
}

impl Vault {
    /// Reads the public parts of the vault in `directory`, if there is one, and removes what a crash
    /// left half-written. The directory's parent must exist. `cost` is for passphrases that are set
    /// from now on.
    ///
    /// # Errors
    /// When a file of the vault is damaged, the directory is open to other users, or there is no
    /// secret memory.
    pub fn open(directory: &Path, cost: KdfCost) -> Result<Self, VaultError> {
        let files = Files::open(directory)?;
        let mut vault = Self {
            files,
            cost,
            slots: SecretSlots::new()?,
            record: None,
            keys: BTreeMap::new(),
            throttle: Throttle::default(),
            open: None,
            wrapping: None,
            tried: Tried::Not,
            is_lock_unnoted: false,
        };
        vault.load()?;
        vault.throttle = read_throttle(&vault.files)?;
        Ok(vault)
    }

    /// Whether it has and can use its keys.
    pub fn phase(&self) -> VaultPhase {
        match (&self.record, &self.open) {
            (None, _) => VaultPhase::Uninitialised,
            (Some(_), None) => VaultPhase::Locked,
            (Some(_), Some(_)) => VaultPhase::Open,
        }
    }

    /// Random, made with the vault, kept by its backups; all zero while there is none.
    pub fn instance(&self) -> [u8; 16] {
        self.record.as_ref().map_or([0; 16], |record| *record.instance.as_bytes())
    }

    /// How secrets are kept while they are in memory.
    pub fn secret_memory(&self) -> SecretMemory {
        self.slots.kind()
    }

    /// The public part of a wallet's key.
    pub fn public_key(&self, wallet: WalletId) -> Option<&PublicKey> {
        self.keys.get(&wallet).map(|key| &key.public)
    }

    /// The public parts of all keys, in order of wallet id.
    pub fn list(&self) -> impl ExactSizeIterator<Item = &PublicKey> {
        self.keys.values().map(|key| &key.public)
    }

    /// Reads the vault's and the keys' files.
    pub(super) fn load(&mut self) -> Result<(), VaultError> {
        if !self.files.exist()? {
            return Ok(());
        }
        let record = read_vault(&self.files)?;
        if self.record.as_ref().is_some_and(|known| known.instance != record.instance) {
            let reason = "is another vault than at the start; restart the signer to use it";
            return Err(damaged(&self.files, VAULT_FILE, reason));
        }
        self.keys = read_keys(&self.files)?;
        self.record = Some(record);
        self.wrapping = self.load_wrapping()?;
        Ok(())
    }
}

fn read_vault(files: &Files) -> Result<VaultRecord, VaultError> {
    let bytes = files.read(VAULT_FILE)?.ok_or_else(|| {
        damaged(files, VAULT_FILE, "is missing; put it back, or move the directory away")
    })?;
    VaultRecord::parse(&bytes).map_err(|reason| damaged(files, VAULT_FILE, reason))
}

fn read_keys(files: &Files) -> Result<BTreeMap<WalletId, Key>, VaultError> {
    let mut keys = BTreeMap::new();
    for wallet in files.wallets()? {
        let name = key_file(wallet);
        let bytes = files.read(&name)?.ok_or_else(|| damaged(files, &name, "is gone"))?;
        let key = parse_key(wallet, &bytes).map_err(|reason| damaged(files, &name, reason))?;
        keys.insert(wallet, key);
    }
    Ok(keys)
}

/// An unreadable throttle costs time, not the vault.
fn read_throttle(files: &Files) -> Result<Throttle, VaultError> {
    let Some(bytes) = files.read(THROTTLE_FILE)? else { return Ok(Throttle::default()) };
    Ok(serde_json::from_slice(&bytes).unwrap_or(Throttle::UNREADABLE))
}

/// Reads what should be the key file of `wallet`; the error says what is wrong with it.
pub(super) fn parse_key(wallet: WalletId, bytes: &[u8]) -> Result<Key, String> {
    let (record, public) = KeyRecord::parse(bytes)?;
    if record.id != wallet {
        return Err(format!("it is the file of wallet {}, under another name", record.id));
    }
    Ok(Key { record, public, used_at: None })
}

fn damaged(files: &Files, name: &str, reason: impl Into<String>) -> VaultError {
    VaultError::Damaged { file: files.path(name), reason: reason.into() }
}

impl fmt::Debug for Vault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Vault")
    }
}

//! From a passphrase to keys in memory, and back to none.

use std::collections::BTreeMap;

use primitives::WalletId;
use protocol::Secret;
use zeroize::Zeroizing;

use super::cipher::Sealed;
use super::files::{THROTTLE_FILE, VAULT_FILE, key_file};
use super::hex::Hex;
use super::kdf::{KdfParams, check_strength};
use super::record::VaultRecord;
use super::slots::{SECRET_LENGTH, SecretSlots, Slot};
use super::state::{Key, OpenSlots};
use super::throttle::{Throttle, in_seconds};
use super::{Vault, VaultError, curve};

impl Vault {
    /// Whether [`Vault::init`] may make a vault with that passphrase.
    ///
    /// # Errors
    /// When there is one, or the passphrase is too short.
    pub fn check_new(&self, passphrase: &Secret) -> Result<(), VaultError> {
        if self.record.is_some() {
            return Err(VaultError::Exists);
        }
        check_strength(passphrase)
    }

    /// Makes the vault, and leaves it open. `instance` is random, `created_at` in Unix seconds.
    ///
    /// # Errors
    /// Those of [`Vault::check_new`], and when the disk does not take it.
    pub fn init(
        &mut self,
        passphrase: &Secret,
        instance: [u8; 16],
        created_at: u64,
    ) -> Result<(), VaultError> {
        self.check_new(passphrase)?;
        let (instance, kdfparams) = (Hex::new(instance), KdfParams::new(self.cost)?);
        let key = kdfparams.derive(passphrase)?;
        let master = self.slots.insert(|place| getrandom::fill(place).map_err(VaultError::from))?;
        let associated = VaultRecord::associated(&instance);
        let mut copy = Zeroizing::new(self.slots.read(master, |secret| *secret));
        let sealed = Sealed::close(&key, &associated, &mut copy);
        let record = sealed.map(|sealed| VaultRecord::new(instance, created_at, kdfparams, sealed));
        let installed = record.and_then(|record| {
            self.files.install([(VAULT_FILE, record.to_bytes().as_slice())])?;
            Ok(record)
        });
        match installed {
            Ok(record) => {
                self.record = Some(record);
                self.open = Some(OpenSlots { master, keys: BTreeMap::new() });
                Ok(())
            }
            Err(error) => {
                self.slots.remove(master);
                Err(error)
            }
        }
    }

    /// Opens the vault: reads all key files again, and checks each against its seal and its public
    /// key. `now_ms` is in Unix milliseconds.
    ///
    /// # Errors
    /// When there is no vault, it is open, the passphrase is wrong or came too early, or a key file
    /// is damaged or not of this vault; then no key is in memory.
    pub fn unlock(&mut self, passphrase: &Secret, now_ms: u64) -> Result<(), VaultError> {
        if self.open.is_some() {
            return Err(VaultError::AlreadyOpen);
        }
        self.load()?;
        let master = self.master_key(passphrase, now_ms)?;
        let record = self.record.clone().ok_or(VaultError::Uninitialised);
        let opened = record.and_then(|record| {
            self.hold(false)?;
            open_keys(&mut self.slots, master, &record, &self.keys)
        });
        // Of a vault that stays locked the disk may say now that a credential opens it.
        self.is_lock_unnoted = opened.is_err();
        match opened {
            Ok(keys) => {
                self.open = Some(OpenSlots { master, keys });
                Ok(())
            }
            Err(error) => {
                self.slots.remove(master);
                Err(error)
            }
        }
    }

    /// Checks a passphrase without opening or locking anything. `now_ms` is in Unix milliseconds.
    ///
    /// # Errors
    /// When there is no vault, or the passphrase is wrong or came too early.
    pub fn check(&mut self, passphrase: &Secret, now_ms: u64) -> Result<(), VaultError> {
        let master = self.master_key(passphrase, now_ms)?;
        self.slots.remove(master);
        Ok(())
    }

    /// Wipes all secrets from memory, and then notes that no credential may open the vault, and in the
    /// key files when they were last used. A vault that is not open stays as it is.
    ///
    /// # Errors
    /// When the disk does not take the notes. The secrets are wiped all the same.
    pub fn lock(&mut self) -> Result<(), VaultError> {
        if let Some(open) = self.open.take() {
            self.slots.remove(open.master);
            open.keys.into_values().for_each(|slot| self.slots.remove(slot));
        }
        self.is_lock_unnoted = true;
        self.hold(true)?;
        self.is_lock_unnoted = false;
        self.write_usage()
    }

    /// Whether a credential may still open what was locked, because the disk did not take the note of
    /// it: [`Vault::lock`] has to be tried again.
    pub fn is_lock_unnoted(&self) -> bool {
        self.is_lock_unnoted
    }

    /// Opens the master key into a slot of its own, under the throttle.
    pub(super) fn master_key(
        &mut self,
        passphrase: &Secret,
        now_ms: u64,
    ) -> Result<Slot, VaultError> {
        let record = self.record.as_ref().ok_or(VaultError::Uninitialised)?;
        let wait = in_seconds(self.throttle.wait_ms(now_ms));
        if wait > 0 {
            return Err(VaultError::Throttled { retry_after_seconds: wait });
        }
        self.throttle = self.throttle.after_failure(now_ms);
        self.files.write(THROTTLE_FILE, &throttle_bytes(self.throttle))?;
        match open_master(&mut self.slots, record, passphrase) {
            Ok(master) => {
                self.throttle = Throttle::default();
                self.files.remove(THROTTLE_FILE).inspect_err(|_disk| self.slots.remove(master))?;
                Ok(master)
            }
            Err(VaultError::WrongPassphrase { .. }) => {
                let retry_after_seconds = in_seconds(self.throttle.wait_ms(now_ms));
                Err(VaultError::WrongPassphrase { retry_after_seconds })
            }
            Err(error) => Err(error),
        }
    }
}

/// Opens the master key of a vault into a slot.
pub(super) fn open_master(
    slots: &mut SecretSlots,
    record: &VaultRecord,
    passphrase: &Secret,
) -> Result<Slot, VaultError> {
    let key = record.kdfparams.derive(passphrase)?;
    let associated = VaultRecord::associated(&record.instance);
    slots.insert(|place| {
        let opened = record.master_key.open_into(&key, &associated, place);
        opened.map_err(|_tag| VaultError::WrongPassphrase { retry_after_seconds: 0 })
    })
}

/// Opens all keys of a vault into slots, or none.
pub(super) fn open_keys(
    slots: &mut SecretSlots,
    master: Slot,
    vault: &VaultRecord,
    keys: &BTreeMap<WalletId, Key>,
) -> Result<BTreeMap<WalletId, Slot>, VaultError> {
    let mut opened = BTreeMap::new();
    for (wallet, key) in keys {
        match open_key(slots, master, vault, key) {
            Ok(slot) => {
                opened.insert(*wallet, slot);
            }
            Err(error) => {
                for slot in opened.into_values() {
                    slots.remove(slot);
                }
                return Err(error);
            }
        }
    }
    Ok(opened)
}

/// Opens a key into a slot, if it is what its file says.
fn open_key(
    slots: &mut SecretSlots,
    master: Slot,
    vault: &VaultRecord,
    key: &Key,
) -> Result<Slot, VaultError> {
    let wrong = |reason: &str| VaultError::Damaged {
        file: key_file(key.public.wallet).into(),
        reason: format!("{reason}; put it back from a backup, or move it away"),
    };
    if !key.record.belongs_to(vault) {
        return Err(wrong("the key file is of another vault"));
    }
    let (sealed, associated) = key.record.sealed(&key.public);
    let mut secret = Zeroizing::new([0; SECRET_LENGTH]);
    slots
        .read(master, |master| sealed.open_into(master, &associated, &mut secret))
        .map_err(|_tag| wrong("the key file was changed since the vault wrote it"))?;
    let public = curve::public_key(key.public.chain, &secret)?;
    if public != key.public.bytes {
        return Err(wrong("the private key is not that of the public key"));
    }
    slots.insert(|place| {
        *place = *secret;
        Ok(())
    })
}

fn throttle_bytes(throttle: Throttle) -> Vec<u8> {
    serde_json::to_vec(&throttle).expect("two numbers are JSON")
}

//! Copies of the vault: its files, and the envelope around them and what the journal knows.
//!
//! `docs/backup.md` specifies the envelope. It is sealed under a key derived from the master key, and
//! carries the vault's file, in which the master key is sealed under the passphrase: an open vault
//! makes one without being told the passphrase, and whoever knows the passphrase opens it anywhere.

use std::collections::BTreeMap;

use primitives::WalletId;
use protocol::wire::MAX_ITEMS;
use protocol::{BackupKey, Secret};

use super::cipher::{open_in_place, seal_in_place};
use super::files::{VAULT_FILE, key_file, wallet_of};
use super::hex::Hex;
use super::hkdf::Extracted;
use super::record::VaultRecord;
use super::slots::{SECRET_LENGTH, SecretSlots, Slot};
use super::state::{Key, parse_key};
use super::unlock::{open_keys, open_master};
use super::{Vault, VaultError};

/// A file of the vault in a backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupPart {
    /// Its place in the vault's directory: `vault.json` or `keys/<wallet id>.json`.
    pub name: String,
    /// Its content, in which every secret is sealed.
    pub bytes: Vec<u8>,
}

/// What a vault consists of, before anything is known to be true of it.
struct Parts {
    record: VaultRecord,
    keys: BTreeMap<WalletId, Key>,
}

/// The master key of a backup, in secret memory of its own.
#[derive(Debug)]
pub struct BackupMaster {
    slots: SecretSlots,
    slot: Slot,
}

/// An envelope that was opened.
#[derive(Debug)]
pub struct OpenArchive {
    /// The vault's file that it carries.
    pub vault: BackupPart,
    /// What was sealed.
    pub content: Vec<u8>,
    /// What the rest of the backup is sealed with.
    pub key: BackupKey,
    /// What the keys in it open with.
    pub master: BackupMaster,
}

impl BackupMaster {
    fn from_passphrase(record: &VaultRecord, passphrase: &Secret) -> Result<Self, VaultError> {
        let mut slots = SecretSlots::new()?;
        let slot = open_master(&mut slots, record, passphrase)?;
        Ok(Self { slots, slot })
    }

    /// The master key of `vault.json` among `parts`.
    ///
    /// # Errors
    /// When it is not there, or the passphrase is not its.
    #[cfg(test)]
    pub(super) fn of_parts(parts: &[BackupPart], passphrase: &Secret) -> Result<Self, VaultError> {
        Self::from_passphrase(&Parts::read(parts)?.record, passphrase)
    }

    fn read<R>(&mut self, look: impl FnOnce(&[u8; SECRET_LENGTH]) -> R) -> R {
        self.slots.read(self.slot, look)
    }
}

impl Vault {
    /// The files that a backup must have, secrets sealed.
    ///
    /// # Errors
    /// When there is no vault.
    pub fn backup_parts(&self) -> Result<Vec<BackupPart>, VaultError> {
        let record = self.record.as_ref().ok_or(VaultError::Uninitialised)?;
        let vault = BackupPart { name: VAULT_FILE.to_owned(), bytes: record.to_bytes() };
        let keys = self.keys.iter().map(|(wallet, key)| BackupPart {
            name: key_file(*wallet),
            bytes: key.record.to_bytes(),
        });
        Ok(std::iter::once(vault).chain(keys).collect())
    }

    /// Opens every key in `parts` and checks it against its public key, without using any. Gives the
    /// number of keys.
    ///
    /// # Errors
    /// When a part is missing, damaged or foreign, or `master` is not theirs.
    pub fn verify_parts(
        parts: &[BackupPart],
        master: &mut BackupMaster,
    ) -> Result<usize, VaultError> {
        let parts = Parts::read(parts)?;
        let keys = open_keys(&mut master.slots, master.slot, &parts.record, &parts.keys)
            .map_err(|error| VaultError::BadBackup(error.to_string()))?;
        let count = keys.len();
        for key in keys.into_values() {
            master.slots.remove(key);
        }
        Ok(count)
    }

    /// Takes over a backup's files, checked as by [`Vault::verify_parts`], at once or not at all.
    /// The vault is locked then.
    ///
    /// # Errors
    /// When there is a vault already, the parts do not pass, or the disk does not take them.
    pub fn restore_parts(
        &mut self,
        parts: &[BackupPart],
        master: &mut BackupMaster,
    ) -> Result<(), VaultError> {
        if self.record.is_some() {
            return Err(VaultError::Exists);
        }
        Self::verify_parts(parts, master)?;
        self.files.install(parts.iter().map(|part| (part.name.as_str(), part.bytes.as_slice())))?;
        self.load()
    }
}

impl Parts {
    fn read(parts: &[BackupPart]) -> Result<Self, VaultError> {
        if parts.len() > MAX_ITEMS {
            return Err(VaultError::BadBackup(format!("more than {MAX_ITEMS} files")));
        }
        let (mut record, mut keys) = (None, BTreeMap::new());
        for part in parts {
            let bad = |reason| VaultError::BadBackup(format!("{}: {reason}", part.name));
            let twice = if part.name == VAULT_FILE {
                record.replace(VaultRecord::parse(&part.bytes).map_err(bad)?).is_some()
            } else {
                let wallet = wallet_of(&part.name)
                    .ok_or_else(|| bad("not the name of a file of a vault".to_owned()))?;
                keys.insert(wallet, parse_key(wallet, &part.bytes).map_err(bad)?).is_some()
            };
            if twice {
                return Err(bad("is there twice".to_owned()));
            }
        }
        let missing = || VaultError::BadBackup(format!("{VAULT_FILE} is missing"));
        Ok(Self { record: record.ok_or_else(missing)?, keys })
    }
}

/// Starts every envelope, and names its form.
const MAGIC: &[u8; 16] = b"waiaas-signer 2\n";
/// The longest `vault.json` in an envelope.
const MAX_RECORD: usize = 64 * 1024;
/// What the envelope's content is sealed with.
const OF_CONTENT: &[u8] = b"WAIaaS backup, version 2: vault";
/// What the journal and the database beside it are sealed with.
const OF_ATTACHMENTS: &[u8] = b"WAIaaS backup, version 2: attachments";

impl Vault {
    /// Seals `plain` and the vault's file, under keys derived from the master key and a new salt.
    /// `now_ms` is in Unix milliseconds.
    ///
    /// # Errors
    /// When there is no vault, the passphrase is wrong or came too early, or there is none and the
    /// vault is locked.
    pub fn seal_archive(
        &mut self,
        passphrase: Option<&Secret>,
        now_ms: u64,
        mut plain: Vec<u8>,
    ) -> Result<(Vec<u8>, BackupKey), VaultError> {
        let record = self.record.as_ref().ok_or(VaultError::Uninitialised)?.to_bytes();
        let salt: Hex<32> = Hex::random()?;
        let keys = self.with_master(passphrase, now_ms, |master| derive(&salt, master))?;
        let mut archive = header(&salt, &record);
        let (iv, tag) = seal_in_place(&keys.content, &archive, &mut plain)?;
        archive.extend_from_slice(iv.as_bytes());
        archive.extend_from_slice(tag.as_bytes());
        archive.append(&mut plain);
        Ok((archive, keys.attachments))
    }

    /// Opens what [`Vault::seal_archive`] sealed, here or elsewhere.
    ///
    /// # Errors
    /// When the bytes are not such an envelope, the passphrase is not its, or there is none and this
    /// is not the open vault that it was made of.
    pub fn open_archive(
        &mut self,
        passphrase: Option<&Secret>,
        archive: &[u8],
    ) -> Result<OpenArchive, VaultError> {
        let damaged = |why: &str| VaultError::BadBackup(why.to_owned());
        let envelope = Envelope::read(archive)
            .ok_or_else(|| damaged("its first part is not one of this program"))?;
        let record = VaultRecord::parse(envelope.record)
            .map_err(|reason| damaged(&format!("{VAULT_FILE}: {reason}")))?;
        let mut master = match passphrase {
            Some(passphrase) => BackupMaster::from_passphrase(&record, passphrase)?,
            None => self.own_master()?,
        };
        let keys = master.read(|master| derive(&envelope.salt, master));
        let associated = header(&envelope.salt, envelope.record);
        let mut content = envelope.content.to_vec();
        open_in_place(&keys.content, &envelope.iv, &associated, &mut content, &envelope.tag)
            .map_err(|_tag| damaged("it was changed since it was made, or is of another vault"))?;
        let vault = BackupPart { name: VAULT_FILE.to_owned(), bytes: envelope.record.to_vec() };
        Ok(OpenArchive { vault, content, key: keys.attachments, master })
    }

    /// Lets `look` read the master key: that of the passphrase, or of the open vault.
    fn with_master<R>(
        &mut self,
        passphrase: Option<&Secret>,
        now_ms: u64,
        look: impl FnOnce(&[u8; SECRET_LENGTH]) -> R,
    ) -> Result<R, VaultError> {
        if let Some(passphrase) = passphrase {
            let master = self.master_key(passphrase, now_ms)?;
            let seen = self.slots.read(master, look);
            self.slots.remove(master);
            return Ok(seen);
        }
        let open = self.open.as_ref().ok_or_else(|| self.not_open())?;
        Ok(self.slots.read(open.master, look))
    }

    /// A copy of the open vault's master key.
    fn own_master(&mut self) -> Result<BackupMaster, VaultError> {
        let own = self.open.as_ref().ok_or_else(|| self.not_open())?.master;
        let mut slots = SecretSlots::new()?;
        let slot = slots.insert(|place| {
            self.slots.read(own, |master| *place = *master);
            Ok::<_, VaultError>(())
        })?;
        Ok(BackupMaster { slots, slot })
    }
}

/// The keys of one envelope.
struct Keys {
    content: zeroize::Zeroizing<[u8; 32]>,
    attachments: BackupKey,
}

fn derive(salt: &Hex<32>, master: &[u8; SECRET_LENGTH]) -> Keys {
    let extracted = Extracted::new(salt.as_bytes(), master);
    Keys {
        content: extracted.expand(OF_CONTENT),
        attachments: BackupKey::new(*extracted.expand(OF_ATTACHMENTS)),
    }
}

/// An envelope, taken apart.
struct Envelope<'a> {
    salt: Hex<32>,
    record: &'a [u8],
    iv: Hex<12>,
    tag: Hex<16>,
    content: &'a [u8],
}

impl<'a> Envelope<'a> {
    fn read(archive: &'a [u8]) -> Option<Self> {
        let (magic, rest) = archive.split_first_chunk()?;
        let (salt, rest) = rest.split_first_chunk()?;
        let (length, rest) = rest.split_first_chunk()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (record, rest) = rest.split_at_checked(length).filter(|_| length <= MAX_RECORD)?;
        let (iv, rest) = rest.split_first_chunk()?;
        let (tag, content) = rest.split_first_chunk()?;
        let (salt, iv, tag) = (Hex::new(*salt), Hex::new(*iv), Hex::new(*tag));
        (magic == MAGIC).then_some(Self { salt, record, iv, tag, content })
    }
}

/// What stands before the sealed content, and is covered by its seal.
fn header(salt: &Hex<32>, record: &[u8]) -> Vec<u8> {
    let length = u32::try_from(record.len()).expect("the vault's file is short");
    [MAGIC.as_slice(), salt.as_bytes(), &length.to_be_bytes(), record].concat()
}

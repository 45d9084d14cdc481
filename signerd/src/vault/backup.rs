//! Copies of the vault: their files, and the envelope around a whole backup.

use std::collections::BTreeMap;

use primitives::WalletId;
use protocol::Secret;
use protocol::wire::MAX_ITEMS;

use super::cipher::{open_in_place, seal_in_place};
use super::files::{VAULT_FILE, key_file, wallet_of};
use super::hex::Hex;
use super::kdf::{KdfParams, check_strength};
use super::record::VaultRecord;
use super::slots::SecretSlots;
use super::state::{Key, parse_key};
use super::unlock::{open_keys, open_master};
use super::{KdfCost, Vault, VaultError};

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
    /// When a part is missing, damaged or foreign, or the passphrase is not that of the vault at the
    /// time of the backup.
    pub fn verify_parts(parts: &[BackupPart], passphrase: &Secret) -> Result<usize, VaultError> {
        let parts = Parts::read(parts)?;
        let mut slots = SecretSlots::new()?;
        let master = open_master(&mut slots, &parts.record, passphrase)?;
        open_keys(&mut slots, master, &parts.record, &parts.keys)
            .map(|keys| keys.len())
            .map_err(|error| VaultError::BadBackup(error.to_string()))
    }

    /// Takes over a backup's files, checked as by [`Vault::verify_parts`], at once or not at all.
    /// The vault is locked then.
    ///
    /// # Errors
    /// When there is a vault already, the parts do not pass, or the disk does not take them.
    pub fn restore_parts(
        &mut self,
        parts: &[BackupPart],
        passphrase: &Secret,
    ) -> Result<(), VaultError> {
        if self.record.is_some() {
            return Err(VaultError::Exists);
        }
        Self::verify_parts(parts, passphrase)?;
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

/// Starts every sealed archive, and names its form.
const MAGIC: &[u8; 16] = b"waiaas-backup 1\n";

impl Vault {
    /// Seals `plain` under a passphrase: the form's name in 16 bytes, Argon2id's memory in KiB, its
    /// passes and lanes (32 bits each, big-endian), its salt (16 bytes), the nonce (12), the tag
    /// (16), and the content under AES-256-GCM, whose associated data are all bytes up to the salt.
    ///
    /// # Errors
    /// When the passphrase is too short, or the machine has not the memory for the derivation.
    pub fn seal_archive(
        &self,
        passphrase: &Secret,
        mut plain: Vec<u8>,
    ) -> Result<Vec<u8>, VaultError> {
        check_strength(passphrase)?;
        let params = KdfParams::new(self.cost)?;
        let mut archive = header(self.cost, params.salt());
        let key = params.derive(passphrase)?;
        let (iv, tag) = seal_in_place(&key, &archive, &mut plain)?;
        archive.extend_from_slice(iv.as_bytes());
        archive.extend_from_slice(tag.as_bytes());
        archive.append(&mut plain);
        Ok(archive)
    }

    /// Opens what [`Vault::seal_archive`] sealed.
    ///
    /// # Errors
    /// When the bytes are not such an archive, or the passphrase is not its.
    pub fn open_archive(passphrase: &Secret, archive: &[u8]) -> Result<Vec<u8>, VaultError> {
        let damaged = |why: &str| VaultError::BadBackup(why.to_owned());
        let envelope =
            Envelope::read(archive).ok_or_else(|| damaged("not a backup of this program"))?;
        let params = KdfParams::from_parts(envelope.salt, envelope.cost);
        params.checked().map_err(damaged)?;
        let key = params.derive(passphrase)?;
        let associated = header(envelope.cost, &envelope.salt);
        let mut content = envelope.content.to_vec();
        open_in_place(&key, &envelope.iv, &associated, &mut content, &envelope.tag)
            .map_err(|_tag| VaultError::WrongPassphrase { retry_after_seconds: 0 })?;
        Ok(content)
    }
}

/// A sealed archive, taken apart.
struct Envelope<'a> {
    cost: KdfCost,
    salt: Hex<16>,
    iv: Hex<12>,
    tag: Hex<16>,
    content: &'a [u8],
}

impl<'a> Envelope<'a> {
    fn read(archive: &'a [u8]) -> Option<Self> {
        let (magic, rest) = archive.split_first_chunk()?;
        let (memory_kib, rest) = rest.split_first_chunk()?;
        let (passes, rest) = rest.split_first_chunk()?;
        let (lanes, rest) = rest.split_first_chunk()?;
        let (salt, rest) = rest.split_first_chunk()?;
        let (iv, rest) = rest.split_first_chunk()?;
        let (tag, content) = rest.split_first_chunk()?;
        let cost = KdfCost {
            memory_kib: u32::from_be_bytes(*memory_kib),
            passes: u32::from_be_bytes(*passes),
            lanes: u32::from_be_bytes(*lanes),
        };
        let (salt, iv, tag) = (Hex::new(*salt), Hex::new(*iv), Hex::new(*tag));
        (magic == MAGIC).then_some(Self { cost, salt, iv, tag, content })
    }
}

fn header(cost: KdfCost, salt: &Hex<16>) -> Vec<u8> {
    let mut header = MAGIC.to_vec();
    for number in [cost.memory_kib, cost.passes, cost.lanes] {
        header.extend_from_slice(&number.to_be_bytes());
    }
    header.extend_from_slice(salt.as_bytes());
    header
}

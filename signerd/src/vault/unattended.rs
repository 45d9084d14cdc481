//! Opening without a passphrase: the master key under a credential that the service manager keeps.
//!
//! `unattended.json` beside `vault.json` has the master key sealed a second time, under 32 random bytes
//! instead of a passphrase; they need no Argon2. It is a file of its own so that no backup has it. A
//! credential continues what was open, and opens nothing that was locked: `held` says that the vault
//! was, and only the passphrase opens it then, after a restart too.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use nix::libc::{O_NOFOLLOW, O_NONBLOCK};
use nix::unistd::geteuid;
use protocol::{Secret, Unattended};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::cipher::Sealed;
use super::hex::Hex;
use super::record::{Cipher, check_version, to_json};
use super::slots::{SECRET_LENGTH, Slot};
use super::state::OpenSlots;
use super::unlock::open_keys;
use super::{Vault, VaultError};
use crate::sys::MemoryError;

/// The name of the credential, in its directory and for the service manager.
const CREDENTIAL: &str = "waiaas-vault";
/// The name of the second wrapping's file.
const FILE: &str = "unattended.json";
const VERSION: u32 = 1;
/// The bits of a mode that would let others use the credential. The service manager may let the
/// signer's user read it by an access list, which shows as reading by the group.
const OTHERS: u32 = 0o037;

/// What became of the service manager's credential at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tried {
    /// It was not looked at.
    Not,
    /// There was none.
    Missing,
    /// It was there, and waits in its slot.
    Waits(Slot),
    /// It opened the vault.
    Opened,
    /// It is not that of this vault.
    Misfit,
    /// It could not be used, or the vault could not be opened.
    Failed,
}

/// Why a credential that is there cannot be used.
#[derive(Debug, thiserror::Error)]
enum CredentialError {
    #[error("it cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    #[error("it has {0} bytes instead of {SECRET_LENGTH}")]
    Length(u64),
    #[error("it must be a file that its owner alone can use, and is of mode {0:o}")]
    Mode(u32),
    #[error("it must be root's or the signer's, and is that of user {0}")]
    Owner(u32),
    #[error(transparent)]
    Memory(#[from] MemoryError),
}

/// `unattended.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Wrapping {
    version: u32,
    /// The instance id of the vault that it belongs to.
    vault: Hex<16>,
    cipher: Cipher,
    master_key: Sealed,
    /// The vault was locked, and not unlocked with its passphrase since.
    held: bool,
}

impl Wrapping {
    /// Reads the file's content; the error says what is wrong with it.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let wrapping: Self = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        check_version(wrapping.version)?;
        Ok(wrapping)
    }

    /// What the seal also covers: it is of this vault, and not that under the passphrase.
    fn associated(instance: &Hex<16>) -> Vec<u8> {
        [b"waiaas unattended master key 1\0", instance.as_bytes().as_slice()].concat()
    }
}

impl Vault {
    /// Takes the credential from the directory that the service manager names, if it does, straight into
    /// secret memory. It opens nothing yet.
    ///
    /// # Errors
    /// When the credential cannot be used. The passphrase still opens the vault.
    pub fn take_credential(&mut self, directory: Option<&Path>) -> Result<(), VaultError> {
        self.tried = Tried::Missing;
        let Some(path) = directory.map(|directory| directory.join(CREDENTIAL)) else {
            return Ok(());
        };
        match self.read_credential(&path) {
            Ok(slot) => self.tried = Tried::Waits(slot),
            Err(CredentialError::Unreadable(error)) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                self.tried = Tried::Failed;
                return Err(VaultError::UnusableCredential { path, reason: error.to_string() });
            }
        }
        Ok(())
    }

    fn read_credential(&mut self, path: &Path) -> Result<Slot, CredentialError> {
        // Nothing in this directory makes the signer wait, or leads it elsewhere.
        let flags = O_NOFOLLOW | O_NONBLOCK;
        let mut file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
        check_file(&file)?;
        self.slots.insert(|place| Ok(file.read_exact(place)?))
    }

    /// Opens the vault with the credential that was taken at the start, if there is one for it, and wipes the
    /// credential. The throttle of passphrases is not touched.
    ///
    /// # Errors
    /// When the credential is not that of this vault, or a key file is damaged or not of this vault;
    /// then no key is in memory.
    pub fn open_with_credential(&mut self) -> Result<Unattended, VaultError> {
        let Tried::Waits(credential) = self.tried else { return Ok(self.unattended()) };
        let opened = self.try_credential(credential);
        self.slots.remove(credential);
        self.tried = match &opened {
            Ok(tried) => *tried,
            Err(VaultError::Misfit) => Tried::Misfit,
            Err(_) => Tried::Failed,
        };
        opened.map(|_tried| self.unattended())
    }

    fn try_credential(&mut self, credential: Slot) -> Result<Tried, VaultError> {
        let (Some(record), Some(wrapping)) = (&self.record, &self.wrapping) else {
            return Ok(Tried::Not);
        };
        if wrapping.held || self.open.is_some() {
            return Ok(Tried::Not);
        }
        let key = Zeroizing::new(self.slots.read(credential, |secret| *secret));
        let associated = Wrapping::associated(&record.instance);
        let master = self.slots.insert(|place| {
            let opened = wrapping.master_key.open_into(&key, &associated, place);
            opened.map_err(|_tag| VaultError::Misfit)
        })?;
        match open_keys(&mut self.slots, master, record, &self.keys) {
            Ok(keys) => {
                self.open = Some(OpenSlots { master, keys });
                Ok(Tried::Opened)
            }
            Err(error) => {
                self.slots.remove(master);
                Err(error)
            }
        }
    }

    /// Makes the credential one that opens the vault at a start, in place of any other, or without one
    /// ends that. `now_ms` is in Unix milliseconds.
    ///
    /// # Errors
    /// When there is no vault, the passphrase is wrong or came too early, the credential has not its
    /// length, or the disk does not take it.
    pub fn set_credential(
        &mut self,
        passphrase: &Secret,
        credential: Option<&Secret>,
        now_ms: u64,
    ) -> Result<(), VaultError> {
        let key = credential.map(credential_key).transpose()?;
        let master = self.master_key(passphrase, now_ms)?;
        let mut copy = Zeroizing::new(self.slots.read(master, |secret| *secret));
        self.slots.remove(master);
        let wrapping = match key {
            None => {
                self.files.remove(FILE)?;
                None
            }
            Some(key) => {
                let wrapping = self.wrap(&key, &mut copy)?;
                self.files.write(FILE, &to_json(&wrapping))?;
                Some(wrapping)
            }
        };
        (self.wrapping, self.tried) = (wrapping, Tried::Not);
        Ok(())
    }

    /// Seals the master key, which is overwritten by it. A vault that is locked stays so.
    fn wrap(
        &self,
        key: &[u8; SECRET_LENGTH],
        master: &mut [u8; SECRET_LENGTH],
    ) -> Result<Wrapping, VaultError> {
        let record = self.record.as_ref().ok_or(VaultError::Uninitialised)?;
        let master_key = Sealed::close(key, &Wrapping::associated(&record.instance), master)?;
        let (vault, cipher, held) = (record.instance, record.cipher, self.open.is_none());
        Ok(Wrapping { version: VERSION, vault, cipher, master_key, held })
    }

    /// Notes whether the credential may open the vault at the next start.
    pub(super) fn hold(&mut self, held: bool) -> Result<(), VaultError> {
        let Some(wrapping) = self.wrapping.as_mut().filter(|wrapping| wrapping.held != held) else {
            return Ok(());
        };
        wrapping.held = held;
        self.files.write(FILE, &to_json(wrapping))
    }

    /// Reads the second wrapping's file, if there is one.
    pub(super) fn load_wrapping(&self) -> Result<Option<Wrapping>, VaultError> {
        let Some(bytes) = self.files.read(FILE)? else { return Ok(None) };
        let damaged = |reason| VaultError::Damaged {
            file: self.files.path(FILE),
            reason: format!("{reason}; remove it, and enable unattended unlocking again"),
        };
        let wrapping = Wrapping::parse(&bytes).map_err(damaged)?;
        if self.record.as_ref().is_some_and(|record| record.instance != wrapping.vault) {
            return Err(damaged("it is of another vault".to_owned()));
        }
        Ok(Some(wrapping))
    }

    /// Whether the vault opens by itself at a start, and what came of it at the last.
    pub fn unattended(&self) -> Unattended {
        match (&self.wrapping, self.tried) {
            (None, _) => Unattended::Off,
            (Some(Wrapping { held: true, .. }), _) => Unattended::Held,
            (Some(_), Tried::Not | Tried::Waits(_)) => Unattended::Untried,
            (Some(_), Tried::Missing) => Unattended::Missing,
            (Some(_), Tried::Opened) => Unattended::Opened,
            (Some(_), Tried::Misfit) => Unattended::Misfit,
            (Some(_), Tried::Failed) => Unattended::Failed,
        }
    }
}

fn credential_key(secret: &Secret) -> Result<Zeroizing<[u8; SECRET_LENGTH]>, VaultError> {
    let bytes = <&[u8; SECRET_LENGTH]>::try_from(secret.expose());
    bytes.map(|bytes| Zeroizing::new(*bytes)).map_err(|_length| VaultError::BadCredential)
}

fn check_file(file: &File) -> Result<(), CredentialError> {
    let metadata = file.metadata()?;
    if !metadata.is_file() || metadata.mode() & OTHERS != 0 {
        return Err(CredentialError::Mode(metadata.mode() & 0o7777));
    }
    if ![0, geteuid().as_raw()].contains(&metadata.uid()) {
        return Err(CredentialError::Owner(metadata.uid()));
    }
    if metadata.len() != u64::try_from(SECRET_LENGTH).unwrap_or(u64::MAX) {
        return Err(CredentialError::Length(metadata.len()));
    }
    Ok(())
}

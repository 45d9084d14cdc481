//! Opening without a passphrase: the master key under a credential that the service manager keeps.
//!
//! `unattended.json` beside `vault.json` has the master key sealed a second time, under 32 random bytes
//! instead of a passphrase; they need no Argon2. It is a file of its own so that no backup has it. A
//! credential continues what was open, and opens nothing that was locked: `held` says that the vault
//! was, and only the passphrase opens it then, after a restart too.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::num::NonZeroUsize;
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
use super::slots::SECRET_LENGTH;
use super::state::OpenSlots;
use super::unlock::open_keys;
use super::{Vault, VaultError};
use crate::sys::{MemoryError, SecretRegion};

/// The name of the credential, in its directory and for the service manager.
const CREDENTIAL: &str = "waiaas-vault";
/// The name of the second wrapping's file.
const FILE: &str = "unattended.json";
const VERSION: u32 = 1;
const CREDENTIAL_LENGTH: NonZeroUsize = NonZeroUsize::new(SECRET_LENGTH).unwrap();
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

/// The service manager's credential on its way to the vault, in secret memory of its own: wiped when
/// it is dropped, wherever its way ends.
#[derive(Debug)]
pub struct Credential(SecretRegion);

impl Credential {
    fn read(path: &Path) -> Result<Self, CredentialError> {
        // Nothing in this directory makes the signer wait, or leads it elsewhere.
        let flags = O_NOFOLLOW | O_NONBLOCK;
        let mut file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
        check_file(&file)?;
        let mut region = SecretRegion::new(CREDENTIAL_LENGTH)?;
        region.write(|bytes| {
            let place = bytes.first_chunk_mut::<SECRET_LENGTH>();
            file.read_exact(place.expect("a region is as long as was asked for"))
        })?;
        Ok(Self(region))
    }

    fn key(mut self) -> Zeroizing<[u8; SECRET_LENGTH]> {
        self.0.read(|bytes| {
            let secret = bytes.first_chunk().expect("a region is as long as was asked for");
            Zeroizing::new(*secret)
        })
    }
}

/// `unattended.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Wrapping {
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
    pub fn take_credential(
        &mut self,
        directory: Option<&Path>,
    ) -> Result<Option<Credential>, VaultError> {
        self.tried = Tried::Missing;
        let Some(path) = directory.map(|directory| directory.join(CREDENTIAL)) else {
            return Ok(None);
        };
        match Credential::read(&path) {
            Ok(credential) => {
                self.tried = Tried::Not;
                Ok(Some(credential))
            }
            Err(CredentialError::Unreadable(error)) if error.kind() == io::ErrorKind::NotFound => {
                Ok(None)
            }
            Err(error) => {
                self.tried = Tried::Failed;
                Err(VaultError::UnusableCredential { path, reason: error.to_string() })
            }
        }
    }

    /// Opens the vault with the credential that was taken at the start, if it is for it. The throttle of
    /// passphrases is not touched.
    ///
    /// # Errors
    /// When the credential is not that of this vault, or a key file is damaged or not of this vault;
    /// then no key is in memory.
    pub fn open_with_credential(
        &mut self,
        credential: Credential,
    ) -> Result<Unattended, VaultError> {
        let opened = self.try_credential(credential);
        self.tried = match &opened {
            Ok(tried) => *tried,
            Err(VaultError::Misfit) => Tried::Misfit,
            Err(_) => Tried::Failed,
        };
        opened.map(|_tried| self.unattended())
    }

    fn try_credential(&mut self, credential: Credential) -> Result<Tried, VaultError> {
        let (Some(record), Some(wrapping)) = (&self.record, &self.wrapping) else {
            return Ok(Tried::Not);
        };
        if wrapping.held || self.open.is_some() {
            return Ok(Tried::Not);
        }
        let key = credential.key();
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

    /// Seals the master key under a credential, for [`Vault::set_wrapping`]. A vault that is locked stays
    /// so. `now_ms` is in Unix milliseconds.
    ///
    /// # Errors
    /// When there is no vault, the passphrase is wrong or came too early, or the credential has not its
    /// length.
    pub fn wrap_for(
        &mut self,
        passphrase: &Secret,
        credential: &Secret,
        now_ms: u64,
    ) -> Result<Wrapping, VaultError> {
        let key = <&[u8; SECRET_LENGTH]>::try_from(credential.expose());
        let key = Zeroizing::new(*key.map_err(|_length| VaultError::BadCredential)?);
        let master = self.master_key(passphrase, now_ms)?;
        let mut copy = Zeroizing::new(self.slots.read(master, |secret| *secret));
        self.slots.remove(master);
        let record = self.record.as_ref().ok_or(VaultError::Uninitialised)?;
        let master_key = Sealed::close(&key, &Wrapping::associated(&record.instance), &mut copy)?;
        let (vault, cipher, held) = (record.instance, record.cipher, self.open.is_none());
        Ok(Wrapping { version: VERSION, vault, cipher, master_key, held })
    }

    /// From the next start on the vault opens by this wrapping's credential, and by no other.
    ///
    /// # Errors
    /// When the disk does not take it. The wrapping may be there all the same, and a lock holds it.
    pub fn set_wrapping(&mut self, wrapping: Wrapping) -> Result<(), VaultError> {
        let written = self.files.write(FILE, &to_json(&wrapping));
        (self.wrapping, self.tried) = (Some(wrapping), Tried::Not);
        written
    }

    /// From now on no credential opens the vault.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn remove_wrapping(&mut self) -> Result<(), VaultError> {
        self.files.remove(FILE)?;
        (self.wrapping, self.tried) = (None, Tried::Not);
        Ok(())
    }

    /// Notes whether the credential may open the vault at the next start. Of a write that failed nobody
    /// knows how far it came, so nothing is spared for having been noted before.
    pub(super) fn hold(&mut self, held: bool) -> Result<(), VaultError> {
        let Some(wrapping) = &self.wrapping else { return Ok(()) };
        let noted = Wrapping { held, ..wrapping.clone() };
        self.files.write(FILE, &to_json(&noted))?;
        self.wrapping = Some(noted);
        Ok(())
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
            (Some(_), Tried::Not) => Unattended::Untried,
            (Some(_), Tried::Missing) => Unattended::Missing,
            (Some(_), Tried::Opened) => Unattended::Opened,
            (Some(_), Tried::Misfit) => Unattended::Misfit,
            (Some(_), Tried::Failed) => Unattended::Failed,
        }
    }
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

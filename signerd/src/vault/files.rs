//! The vault's directory.
//!
//! A file is replaced in one step (written beside, synced, renamed, the directory synced), and the
//! whole directory appears in one step, when a vault is made or restored. What a crash can leave
//! behind is a file or a directory beside, and those are removed when the vault is opened.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::libc::O_NOFOLLOW;
use primitives::WalletId;

use super::VaultError;

/// The name of the vault's own file.
pub(crate) const VAULT_FILE: &str = "vault.json";
/// The name of the throttle's file.
pub(super) const THROTTLE_FILE: &str = "throttle.json";
/// The directory of the key files.
const KEYS: &str = "keys";
/// What ends the name of a file or directory that is not complete.
const PARTIAL: &str = ".partial";
/// The bits of a mode that belong to others than the owner.
const OTHERS: u32 = 6;
/// The longest file that is read.
const MAX_FILE: u64 = 64 * 1024;

/// The directory that the vault's files are in.
#[derive(Debug)]
pub(super) struct Files {
    root: PathBuf,
}

/// The name of a wallet's key file, from the vault's directory.
pub(super) fn key_file(wallet: WalletId) -> String {
    format!("{KEYS}/{wallet}.json")
}

/// The wallet whose key file has that name.
pub(super) fn wallet_of(name: &str) -> Option<WalletId> {
    let id = name.strip_prefix(KEYS)?.strip_prefix('/')?.strip_suffix(".json")?;
    let wallet: WalletId = id.parse().ok()?;
    (wallet.to_string() == id).then_some(wallet)
}

impl Files {
    /// The files in `root`, cleared of what a crash left. There need not be any yet.
    pub(super) fn open(root: &Path) -> Result<Self, VaultError> {
        let files = Self { root: root.to_owned() };
        remove_tree(&files.staging())?;
        if files.exist()? {
            files.check_permissions()?;
            remove_partial(&files.root)?;
            remove_partial(&files.path(KEYS))?;
        }
        Ok(files)
    }

    /// True once a vault was made or restored here. An empty directory may wait for that.
    pub(super) fn exist(&self) -> Result<bool, VaultError> {
        match fs::read_dir(&self.root) {
            Ok(mut entries) => Ok(entries.next().is_some()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(disk(&self.root, error)),
        }
    }

    /// Where a file is, for messages.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Makes the directory with these files in it, at once or not at all. There must be none.
    pub(super) fn install<'a>(
        &self,
        files: impl IntoIterator<Item = (&'a str, &'a [u8])>,
    ) -> Result<(), VaultError> {
        let staging = self.staging();
        self.make_staging()?;
        for (name, bytes) in files {
            write_new(&staging.join(name), bytes)?;
        }
        sync(&staging.join(KEYS))?;
        sync(&staging)?;
        // An empty directory in its place is replaced; any other is refused by the kernel.
        fs::rename(&staging, &self.root).map_err(|error| disk(&self.root, error))?;
        sync(self.root.parent().unwrap_or(Path::new("/")))
    }

    /// The content of a file, if there is one.
    pub(super) fn read(&self, name: &str) -> Result<Option<Vec<u8>>, VaultError> {
        let path = self.path(name);
        match read_limited(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(disk(&path, error)),
        }
    }

    /// Puts a file in place of one of that name, or none.
    pub(super) fn write(&self, name: &str, bytes: &[u8]) -> Result<(), VaultError> {
        let path = self.path(name);
        let partial = partial(&path);
        remove_if_there(&partial)?;
        write_new(&partial, bytes)?;
        fs::rename(&partial, &path).map_err(|error| disk(&path, error))?;
        sync_parent(&path)
    }

    /// Removes a file if it is there.
    pub(super) fn remove(&self, name: &str) -> Result<(), VaultError> {
        let path = self.path(name);
        remove_if_there(&path)?;
        sync_parent(&path)
    }

    /// The wallets that have a key file, in order.
    pub(super) fn wallets(&self) -> Result<Vec<WalletId>, VaultError> {
        let directory = self.path(KEYS);
        let mut wallets = Vec::new();
        for name in names(&directory)? {
            let wallet =
                wallet_of(&format!("{KEYS}/{name}")).ok_or_else(|| VaultError::Damaged {
                    file: directory.join(&name),
                    reason: "not the name of a key file".to_owned(),
                })?;
            wallets.push(wallet);
        }
        wallets.sort_unstable();
        Ok(wallets)
    }

    /// Makes the directories that are installed, or takes the files out of those that a failed
    /// attempt left: serving, the signer removes no directories.
    fn make_staging(&self) -> Result<(), VaultError> {
        for directory in [self.staging(), self.staging().join(KEYS)] {
            make_directory(&directory)?;
            for name in names(&directory)?.iter().filter(|name| *name != KEYS) {
                remove_if_there(&directory.join(name))?;
            }
        }
        Ok(())
    }

    fn staging(&self) -> PathBuf {
        partial(&self.root)
    }

    /// Nobody but the signer's user may look into the directory.
    fn check_permissions(&self) -> Result<(), VaultError> {
        let metadata = fs::symlink_metadata(&self.root).map_err(|error| disk(&self.root, error))?;
        if metadata.is_dir() && metadata.permissions().mode().trailing_zeros() >= OTHERS {
            return Ok(());
        }
        Err(VaultError::Damaged {
            file: self.root.clone(),
            reason: "must be a directory that its owner alone can use (chmod 700)".to_owned(),
        })
    }
}

fn remove_partial(directory: &Path) -> Result<(), VaultError> {
    for name in names(directory)?.iter().filter(|name| name.ends_with(PARTIAL)) {
        remove_if_there(&directory.join(name))?;
    }
    Ok(())
}

fn remove_tree(path: &Path) -> Result<(), VaultError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(disk(path, error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// The name beside `path` under which it is made.
fn partial(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(PARTIAL);
    name.into()
}

fn names(directory: &Path) -> Result<Vec<String>, VaultError> {
    let read = || -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(directory)? {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        Ok(names)
    };
    read().map_err(|error| disk(directory, error))
}

fn make_directory(path: &Path) -> Result<(), VaultError> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(disk(path, error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Writes a file that must not exist, down to the disk.
fn write_new(path: &Path, bytes: &[u8]) -> Result<(), VaultError> {
    let write = || {
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(|error| disk(path, error))
}

fn read_limited(path: &Path) -> io::Result<Vec<u8>> {
    let file = OpenOptions::new().read(true).custom_flags(O_NOFOLLOW).open(path)?;
    let mut bytes = Vec::new();
    file.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length <= MAX_FILE) {
        Ok(bytes)
    } else {
        Err(io::Error::new(ErrorKind::FileTooLarge, "longer than any file of a vault"))
    }
}

fn remove_if_there(path: &Path) -> Result<(), VaultError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(disk(path, error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn sync_parent(path: &Path) -> Result<(), VaultError> {
    sync(path.parent().unwrap_or(Path::new("/")))
}

fn sync(directory: &Path) -> Result<(), VaultError> {
    File::open(directory)
        .and_then(|directory| directory.sync_all())
        .map_err(|error| disk(directory, error))
}

fn disk(path: &Path, source: io::Error) -> VaultError {
    VaultError::Disk { path: path.to_owned(), source }
}

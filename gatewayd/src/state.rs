//! The state directory: closed to other users, and one gateway's at a time.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg, OFlag};
use nix::unistd::geteuid;
use primitives::WalletId;

/// The database's file.
const DATABASE: &str = "gateway.db";
/// What the database keeps beside it while it is open.
const BESIDE: [&str; 2] = ["gateway.db-wal", "gateway.db-shm"];
/// Tokens of servers of the Model Context Protocol, a file a wallet.
const MCP_TOKENS: &str = "mcp-tokens";
/// Held by the gateway that runs.
const LOCK: &str = "lock";
/// The bits that let other users in.
const OTHERS: u32 = 0o077;

/// A directory that no other user and no other gateway uses, as long as this lives.
#[derive(Debug)]
pub(crate) struct StateDirectory {
    path: PathBuf,
    _lock: Flock<File>,
}

/// Where servers of the Model Context Protocol find their tokens: `mcp-tokens/<wallet's id>`. They write
/// there too, when they renew.
#[derive(Clone, Debug)]
pub struct McpTokens {
    directory: PathBuf,
}

/// Why a directory cannot hold the state.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The system does not let it be used.
    #[error("{} cannot be used as user {user}", .path.display())]
    Unusable {
        /// The directory, or what is in it.
        path: PathBuf,
        /// As whom the program runs.
        user: u32,
        /// What the system says.
        source: io::Error,
    },
    /// It is no directory, or something that is no file stands in it.
    #[error("{} is no {wanted}: move it away", .path.display())]
    WrongKind {
        /// What is there.
        path: PathBuf,
        /// What belongs there.
        wanted: &'static str,
    },
    /// It is another user's.
    #[error(
        "{} belongs to user {owner}, and gatewayd runs as user {user}: run chown {user} {}",
        .path.display(), .path.display()
    )]
    Foreign {
        /// The directory, or what is in it.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// As whom the program runs.
        user: u32,
    },
    /// Other users may read or change it.
    #[error(
        "{} has mode {mode:04o}, which lets other users in: run chmod {wanted:o} {}",
        .path.display(), .path.display()
    )]
    Exposed {
        /// The directory, or what is in it.
        path: PathBuf,
        /// Its mode.
        mode: u32,
        /// What it should be.
        wanted: u32,
    },
    /// Nothing can be written there.
    #[error("{} is on a file system that is mounted read-only: mount it for writing", .0.display())]
    ReadOnly(PathBuf),
    /// There is no room.
    #[error("the disk of {} is full: make room on it", .0.display())]
    Full(PathBuf),
    /// Another gateway uses it.
    #[error(
        "another gatewayd uses {}: stop it first, or name another --state-dir for this one",
        .0.display()
    )]
    Running(PathBuf),
}

impl StateError {
    /// Whether starting again changes nothing as long as nobody acts. Room on a disk comes back by
    /// itself when a log is rotated.
    pub(crate) fn is_lasting(&self) -> bool {
        match self {
            Self::Full(_) => false,
            Self::Unusable { .. }
            | Self::WrongKind { .. }
            | Self::Foreign { .. }
            | Self::Exposed { .. }
            | Self::ReadOnly(_)
            | Self::Running(_) => true,
        }
    }
}

impl StateDirectory {
    /// Takes `path`, making it where it is missing. What stands there already must be the own
    /// user's, and closed to all others.
    ///
    /// # Errors
    /// When it is not, or cannot be written, or another gateway has taken it.
    pub(crate) fn take(path: &Path) -> Result<Self, StateError> {
        take_directory(path)?;
        for name in [DATABASE, LOCK].into_iter().chain(BESIDE) {
            check_file(&path.join(name))?;
        }
        take_directory(&path.join(MCP_TOKENS))?;
        Ok(Self { _lock: lock(path)?, path: path.to_owned() })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The database's file in it.
    pub(crate) fn database(&self) -> PathBuf {
        self.path.join(DATABASE)
    }

    /// Where tokens are kept in it.
    pub(crate) fn mcp_tokens(&self) -> McpTokens {
        McpTokens::beside(&self.path)
    }
}

impl McpTokens {
    /// In that state directory.
    fn beside(state: &Path) -> Self {
        Self { directory: state.join(MCP_TOKENS) }
    }

    /// What such a server is told as its data directory: it looks for `mcp-tokens` in there.
    pub fn data_directory(&self) -> &Path {
        self.directory.parent().unwrap_or(&self.directory)
    }

    /// Where the token for that wallet is.
    pub fn path(&self, wallet: WalletId) -> PathBuf {
        self.directory.join(wallet.to_string())
    }

    /// Keeps the token for that wallet in place of the one before, readable by the own user alone. It is
    /// written over the old one at once and not moved there, as a confined gateway renames nothing.
    ///
    /// # Errors
    /// When the file cannot be written, or something that is no file stands there.
    pub fn keep(&self, wallet: WalletId, token: &str) -> io::Result<()> {
        let mut options = OpenOptions::new();
        let options = options.write(true).create(true).truncate(false).mode(0o600);
        let mut file = options.custom_flags(OFlag::O_NOFOLLOW.bits()).open(self.path(wallet))?;
        file.write_all(token.as_bytes())?;
        file.set_len(u64::try_from(token.len()).unwrap_or(u64::MAX))?;
        file.sync_all()
    }
}

/// Makes a directory where there is none. One that is there must be the own user's, and closed to
/// others.
fn take_directory(path: &Path) -> Result<(), StateError> {
    match DirBuilder::new().recursive(true).mode(0o700).create(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        made => made.map_err(|error| unusable(path, error))?,
    }
    let found = fs::metadata(path).map_err(|error| unusable(path, error))?;
    if !found.is_dir() {
        return Err(StateError::WrongKind { path: path.to_owned(), wanted: "directory" });
    }
    check(path, &found, 0o700)
}

fn lock(directory: &Path) -> Result<Flock<File>, StateError> {
    let path = directory.join(LOCK);
    let file = File::create(&path).map_err(|error| unusable(&path, error))?;
    Flock::lock(file, FlockArg::LockExclusiveNonblock).map_err(|(_file, errno)| {
        if errno == Errno::EWOULDBLOCK {
            StateError::Running(directory.to_owned())
        } else {
            unusable(&path, errno.into())
        }
    })
}

/// A file of the directory, if it is there. A link would lead out of what was checked.
fn check_file(path: &Path) -> Result<(), StateError> {
    match fs::symlink_metadata(path) {
        Ok(found) if !found.is_file() => {
            Err(StateError::WrongKind { path: path.to_owned(), wanted: "file" })
        }
        Ok(found) => check(path, &found, 0o600),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(unusable(path, error)),
    }
}

fn check(path: &Path, found: &Metadata, wanted: u32) -> Result<(), StateError> {
    let (path, mode) = (path.to_owned(), found.mode() & 0o7777);
    let (owner, user) = (found.uid(), geteuid().as_raw());
    if owner != user {
        return Err(StateError::Foreign { path, owner, user });
    }
    if mode & OTHERS != 0 {
        return Err(StateError::Exposed { path, mode, wanted });
    }
    Ok(())
}

fn unusable(path: &Path, source: io::Error) -> StateError {
    let path = path.to_owned();
    let kind = source.kind();
    if kind == ErrorKind::ReadOnlyFilesystem {
        StateError::ReadOnly(path)
    } else if [ErrorKind::StorageFull, ErrorKind::QuotaExceeded].contains(&kind) {
        StateError::Full(path)
    } else {
        StateError::Unusable { path, user: geteuid().as_raw(), source }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn directory() -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        set_mode(directory.path(), 0o700);
        directory
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn what_is_missing_is_made_and_closed_to_others() {
        let parent = directory();
        let path = parent.path().join("a/b");
        let taken = StateDirectory::take(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o700);
        assert_eq!(taken.database(), path.join("gateway.db"));
    }

    #[test]
    fn a_directory_is_one_gateways_at_a_time() {
        let directory = directory();
        let first = StateDirectory::take(directory.path()).unwrap();
        set_mode(&directory.path().join("lock"), 0o600); // as the program's umask makes it
        let second = StateDirectory::take(directory.path());
        assert!(matches!(second, Err(StateError::Running(_))), "{second:?}");
        drop(first);
        assert!(StateDirectory::take(directory.path()).is_ok());
    }

    #[test]
    fn what_other_users_can_enter_is_refused_with_the_command_that_mends_it() {
        for (name, mode, wanted) in [
            ("", 0o750, "chmod 700"),
            ("", 0o701, "chmod 700"),
            ("gateway.db", 0o640, "chmod 600"),
            ("gateway.db-wal", 0o604, "chmod 600"),
        ] {
            let directory = directory();
            let path = directory.path().join(name);
            if !name.is_empty() {
                fs::write(&path, "").unwrap();
            }
            set_mode(&path, mode);
            let error = StateDirectory::take(directory.path()).unwrap_err();
            assert!(matches!(error, StateError::Exposed { .. }), "{error}");
            assert!(error.to_string().contains(wanted) && error.is_lasting(), "{error}");
            set_mode(&path, mode & 0o700);
            assert!(StateDirectory::take(directory.path()).is_ok(), "{name}");
        }
    }

    #[test]
    fn a_database_that_is_a_link_or_a_directory_is_refused() {
        let directory = directory();
        let path = directory.path().join(DATABASE);
        symlink("/nonexistent", &path).unwrap();
        let refused = StateDirectory::take(directory.path());
        assert!(matches!(refused, Err(StateError::WrongKind { wanted: "file", .. })));
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        let refused = StateDirectory::take(directory.path());
        assert!(matches!(refused, Err(StateError::WrongKind { wanted: "file", .. })));
    }

    #[test]
    fn a_token_replaces_the_one_before_and_others_do_not_read_it() {
        let directory = directory();
        let state = StateDirectory::take(directory.path()).unwrap();
        let (tokens, wallet) = (state.mcp_tokens(), WalletId::from_bytes([7; 16]));
        let path = directory.path().join("mcp-tokens").join(wallet.to_string());
        assert_eq!(
            (tokens.path(wallet), tokens.data_directory()),
            (path.clone(), directory.path())
        );
        for token in ["a longer token", "a token"] {
            tokens.keep(wallet, token).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), token);
            assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        }
        fs::remove_file(&path).unwrap();
        symlink(directory.path().join(DATABASE), &path).unwrap();
        assert!(tokens.keep(wallet, "a token").is_err(), "a link leads out");
        drop(state);
        set_mode(&directory.path().join(LOCK), 0o600);
        set_mode(&directory.path().join("mcp-tokens"), 0o750);
        let error = StateDirectory::take(directory.path()).unwrap_err();
        assert!(matches!(error, StateError::Exposed { .. }), "{error}");
    }

    #[test]
    fn what_the_system_says_is_told_with_what_to_do() {
        let error = |errno: Errno| unusable(Path::new("/s"), errno.into());
        assert!(matches!(error(Errno::EROFS), StateError::ReadOnly(_)));
        assert!(matches!(error(Errno::ENOSPC), StateError::Full(_)));
        assert!(!error(Errno::ENOSPC).is_lasting());
        assert!(matches!(error(Errno::EACCES), StateError::Unusable { .. }));
    }
}

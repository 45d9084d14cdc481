//! Passphrases: from the terminal or a file, wiped after use, never printed. A recovery file is known as one
//! wherever a passphrase is read, so that the same file opens what it made.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use protocol::Secret;
use zeroize::Zeroizing;

use crate::files;
use crate::place::Place;
use crate::recovery::{self, Recovery};

/// The longest passphrase in bytes; the signer's protocol has the same limit.
const MAX_LENGTH: usize = 1024;
/// The longest file that a secret is read from, in bytes.
const MAX_FILE: u64 = 16 * 1024;

/// A passphrase or password, wiped when it is dropped.
pub struct Passphrase(Zeroizing<String>);

/// A secret that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Opens the vault.
    Vault,
    /// Shall open the vault that is made.
    NewVault,
    /// Opens the vault that is in a backup.
    VaultOfBackup,
    /// Proves a master to gatewayd.
    Master,
    /// Shall prove a master to gatewayd.
    NewMaster,
    /// Shall open the vault that is made, and prove a master to gatewayd.
    NewVaultAndMaster,
    /// A key that was made elsewhere.
    PrivateKey,
}

/// What a file gives.
#[derive(Debug)]
pub(crate) enum Given {
    /// Its first line.
    Line(Passphrase),
    /// The secrets of a recovery file.
    Recovery(Recovery),
}

/// Where a passphrase comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Somebody types it.
    Terminal,
    /// The first line of a file, or a recovery file.
    File(PathBuf),
    /// The same, from standard input.
    StandardInput,
}

/// Why there is no passphrase.
#[derive(Debug, thiserror::Error)]
pub enum PassphraseError {
    /// Nobody can be asked.
    #[error("{what} is needed, and there is no terminal to ask on")]
    NoTerminal {
        /// What would have been asked for.
        what: String,
        /// Why.
        source: io::Error,
    },
    /// The file cannot be read.
    #[error("{what} cannot be read from {path}")]
    Unreadable {
        /// What should be there.
        what: String,
        /// Where.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// There is nothing in the first line.
    #[error("{what} is empty")]
    Empty {
        /// What should be there.
        what: String,
    },
    /// Others may read the secrets.
    #[error("{path} can be read by other users")]
    Exposed {
        /// The file.
        path: String,
    },
    /// A recovery file is not as it was written.
    #[error("{path} has no vault_passphrase and master_password")]
    BadRecovery {
        /// The file.
        path: String,
    },
    /// A recovery file has no such secret.
    #[error("{path} is a recovery file, and {what} is not in it")]
    NotInRecovery {
        /// What should be there.
        what: String,
        /// The file.
        path: String,
    },
    /// The second time was not the same.
    #[error("the two entries differ, nothing was changed")]
    Different,
}

impl PassphraseError {
    /// What to do about it, where the daemons are at `place`.
    pub fn advice(&self, place: Option<&Place>) -> Option<String> {
        match self {
            Self::NoTerminal { .. } => Some(match place {
                Some(Place::User(data)) if data.recovery_key().exists() => {
                    format!("it is in --passphrase-file {}", data.recovery_key().display())
                }
                Some(_) | None => {
                    "give a file with --passphrase-file, or - for standard input".to_owned()
                }
            }),
            Self::Exposed { path } => Some(format!("chmod 600 {path}")),
            Self::BadRecovery { path } => Some(format!("restore {path} from your copy of it")),
            Self::NotInRecovery { .. } => Some("name the file that it is in".to_owned()),
            Self::Unreadable { .. } | Self::Empty { .. } => None,
            Self::Different => Some("try again".to_owned()),
        }
    }
}

impl Passphrase {
    /// Takes over `text`, which is wiped when the passphrase is dropped.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// A copy for the signer's protocol.
    pub fn to_secret(&self) -> Secret {
        Secret::new(self.0.as_bytes().to_vec())
    }

    /// The text, for gatewayd's master password and the recovery file. The vault's passphrase goes
    /// out as [`Self::to_secret`].
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Passphrase")
    }
}

impl Source {
    /// What `--passphrase-file` means: `-` is standard input, none is the terminal.
    pub fn from_option(file: Option<&Path>) -> Self {
        match file {
            None => Self::Terminal,
            Some(path) if path.as_os_str() == "-" => Self::StandardInput,
            Some(path) => Self::File(path.to_owned()),
        }
    }

    /// Reads one.
    ///
    /// # Errors
    /// When there is no terminal, the file cannot be read, or it is not in there.
    pub fn read(&self, wanted: Wanted) -> Result<Passphrase, PassphraseError> {
        match self {
            Self::Terminal => not_empty(ask(wanted, "")?, wanted),
            Self::StandardInput => given(io::stdin().lock(), None, wanted)?.of(wanted, INPUT),
            Self::File(path) => read_file(path, wanted),
        }
    }

    /// Reads a new one: a terminal is asked twice.
    ///
    /// # Errors
    /// As [`Self::read`], and when the second time was not the same.
    pub fn read_new(&self, wanted: Wanted) -> Result<Passphrase, PassphraseError> {
        let first = self.read(wanted)?;
        match self {
            Self::File(_) | Self::StandardInput => Ok(first),
            Self::Terminal if *ask(wanted, ", again")?.0 == *first.0 => Ok(first),
            Self::Terminal => Err(PassphraseError::Different),
        }
    }
}

/// What standard input is called.
const INPUT: &str = "standard input";

/// Reads the first line of `path`, or the secret that is wanted from a recovery file.
///
/// # Errors
/// When it cannot be read, or is not in there.
pub fn read_file(path: &Path, wanted: Wanted) -> Result<Passphrase, PassphraseError> {
    open(path, wanted)?.of(wanted, &path.display().to_string())
}

/// Reads a recovery file.
///
/// # Errors
/// When others may read it, or it is none.
pub(crate) fn recover(path: &Path) -> Result<Recovery, PassphraseError> {
    match open(path, Wanted::Vault)? {
        Given::Recovery(recovery) => Ok(recovery),
        Given::Line(_) => Err(PassphraseError::BadRecovery { path: path.display().to_string() }),
    }
}

/// Reads what is in `path`.
///
/// # Errors
/// When it cannot be read, or is a recovery file that others may read or that is not whole.
pub(crate) fn open(path: &Path, wanted: Wanted) -> Result<Given, PassphraseError> {
    let file = File::open(path).map_err(|source| unreadable(Some(path), wanted, source))?;
    let metadata = file.metadata().map_err(|source| unreadable(Some(path), wanted, source))?;
    let given = given(file, Some(path), wanted)?;
    match given {
        Given::Recovery(_) if files::is_for_others(&metadata) => {
            Err(PassphraseError::Exposed { path: path.display().to_string() })
        }
        Given::Recovery(_) | Given::Line(_) => Ok(given),
    }
}

/// What `input` gives, which is the file at `path` or standard input. It is read once: it may be a pipe.
fn given(input: impl Read, path: Option<&Path>, wanted: Wanted) -> Result<Given, PassphraseError> {
    let mut text = Zeroizing::new(String::with_capacity(2 * 16 * 1024));
    let read = input.take(MAX_FILE).read_to_string(&mut text);
    read.map_err(|source| unreadable(path, wanted, source))?;
    if recovery::is_one(path, &text) {
        let whole = Recovery::parse(&text).map(Given::Recovery);
        return whole.ok_or_else(|| PassphraseError::BadRecovery { path: named(path) });
    }
    let line = text.lines().next().unwrap_or_default();
    if line.len() > MAX_LENGTH {
        let source = io::Error::new(io::ErrorKind::InvalidData, "its first line is too long");
        return Err(unreadable(path, wanted, source));
    }
    Ok(Given::Line(Passphrase::new(line.to_owned())))
}

impl Given {
    fn of(self, wanted: Wanted, path: &str) -> Result<Passphrase, PassphraseError> {
        match (self, wanted) {
            (Self::Line(line), _) => not_empty(line, wanted),
            (Self::Recovery(it), Wanted::Vault | Wanted::NewVault | Wanted::VaultOfBackup) => {
                Ok(it.vault_passphrase)
            }
            (Self::Recovery(it), Wanted::Master | Wanted::NewMaster) => Ok(it.master_password),
            (Self::Recovery(_), Wanted::NewVaultAndMaster | Wanted::PrivateKey) => {
                let (what, path) = (wanted.to_string(), path.to_owned());
                Err(PassphraseError::NotInRecovery { what, path })
            }
        }
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Vault => "the passphrase of the vault",
            Self::NewVault => "a passphrase for the vault",
            Self::VaultOfBackup => "the passphrase of the vault in the backup",
            Self::Master => "the master password",
            Self::NewMaster => "a master password for HTTP",
            Self::NewVaultAndMaster => "a password for vault and gateway",
            Self::PrivateKey => "the private key",
        })
    }
}

fn not_empty(secret: Passphrase, wanted: Wanted) -> Result<Passphrase, PassphraseError> {
    if secret.reveal().is_empty() {
        return Err(PassphraseError::Empty { what: wanted.to_string() });
    }
    Ok(secret)
}

fn ask(wanted: Wanted, again: &str) -> Result<Passphrase, PassphraseError> {
    let what = wanted.to_string();
    let mut prompt = what.clone();
    if let Some(first) = prompt.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    rpassword::prompt_password(format!("{prompt}{again}: "))
        .map(Passphrase::new)
        .map_err(|source| PassphraseError::NoTerminal { what, source })
}

fn named(path: Option<&Path>) -> String {
    path.map_or_else(|| INPUT.to_owned(), |path| path.display().to_string())
}

fn unreadable(path: Option<&Path>, wanted: Wanted, source: io::Error) -> PassphraseError {
    PassphraseError::Unreadable { what: wanted.to_string(), path: named(path), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(content: &[u8]) -> (tempfile::TempDir, Source) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("passphrase");
        std::fs::write(&path, content).unwrap();
        (directory, Source::File(path))
    }

    #[test]
    fn the_first_line_of_a_file_is_the_passphrase() {
        for (content, expected) in [
            ("correct horse", "correct horse"),
            ("correct horse\n", "correct horse"),
            ("correct horse\r\n", "correct horse"),
            ("correct horse\nbattery\n", "correct horse"),
            (" spaces stay \n", " spaces stay "),
        ] {
            let (_directory, source) = written(content.as_bytes());
            assert_eq!(source.read(Wanted::Vault).unwrap().reveal(), expected);
            assert_eq!(source.read_new(Wanted::NewVault).unwrap().reveal(), expected);
        }
    }

    #[test]
    fn a_file_without_a_passphrase_is_refused() {
        let longest = MAX_LENGTH;
        for content in [b"".to_vec(), b"\n".to_vec(), vec![0xff], vec![b'x'; longest + 1]] {
            let (_directory, source) = written(&content);
            assert!(source.read(Wanted::Vault).is_err(), "{content:?}");
        }
        let (_directory, source) = written(&vec![b'x'; longest]);
        assert!(source.read(Wanted::Vault).is_ok());
    }

    #[test]
    fn a_recovery_file_gives_the_secret_that_is_wanted_under_any_name() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("recovery.key");
        let made = Recovery::make(&path, "a test reads it").unwrap();
        let copy = directory.path().join("copy of it");
        std::fs::copy(&path, &copy).unwrap();
        let (vault, master) = (made.vault_passphrase.reveal(), made.master_password.reveal());
        for path in [&path, &copy] {
            let source = Source::from_option(Some(path));
            for (wanted, expected) in [
                (Wanted::Vault, Some(vault)),
                (Wanted::NewVault, Some(vault)),
                (Wanted::VaultOfBackup, Some(vault)),
                (Wanted::Master, Some(master)),
                (Wanted::NewMaster, Some(master)),
                (Wanted::NewVaultAndMaster, None),
                (Wanted::PrivateKey, None),
            ] {
                let read = source.read(wanted);
                assert_eq!(read.as_ref().ok().map(Passphrase::reveal), expected, "{wanted}");
                let read = source.read_new(wanted);
                assert_eq!(read.as_ref().ok().map(Passphrase::reveal), expected, "{wanted}");
            }
            let text = std::fs::read_to_string(path).unwrap();
            let input = given(text.as_bytes(), None, Wanted::Vault).unwrap();
            assert_eq!(input.of(Wanted::Vault, INPUT).unwrap().reveal(), vault);
            let cut = given(&text.as_bytes()[..200], None, Wanted::Vault).unwrap_err();
            assert!(matches!(cut, PassphraseError::BadRecovery { .. }), "{cut}");
        }
    }

    #[test]
    fn a_recovery_file_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("copy");
        Recovery::make(&path, "a test reads it").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        let error = read_file(&path, Wanted::Vault).unwrap_err();
        assert!(matches!(error, PassphraseError::Exposed { .. }), "{error}");
        let error = recover(&path).unwrap_err();
        assert!(matches!(error, PassphraseError::Exposed { .. }), "{error}");
    }

    #[test]
    fn a_dash_is_standard_input() {
        assert_eq!(Source::from_option(None), Source::Terminal);
        assert_eq!(Source::from_option(Some(Path::new("-"))), Source::StandardInput);
        assert_eq!(Source::from_option(Some(Path::new("./-"))), Source::File("./-".into()));
    }

    #[test]
    fn a_passphrase_is_never_printed() {
        assert_eq!(format!("{:?}", Passphrase::new("correct horse".to_owned())), "Passphrase");
    }
}

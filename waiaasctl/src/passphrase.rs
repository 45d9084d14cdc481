//! Passphrases: from the terminal or a file, wiped after use, never printed.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use protocol::Secret;
use zeroize::Zeroizing;

/// The longest passphrase in bytes; the signer's protocol has the same limit.
const MAX_LENGTH: u64 = 1024;

/// A passphrase or password, wiped when it is dropped.
pub struct Passphrase(Zeroizing<String>);

/// Where a passphrase comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Somebody types it.
    Terminal,
    /// The first line of a file.
    File(PathBuf),
    /// The first line of standard input.
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
    /// The second time was not the same.
    #[error("the two entries differ, nothing was changed")]
    Different,
}

impl PassphraseError {
    /// What to do about it.
    pub fn advice(&self) -> Option<String> {
        match self {
            Self::NoTerminal { .. } => {
                Some("give a file with --passphrase-file, or - for standard input".to_owned())
            }
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

    /// Reads one; `what` says which, such as "the passphrase of the vault".
    ///
    /// # Errors
    /// When there is no terminal, the file cannot be read, or there is nothing in it.
    pub fn read(&self, what: &str) -> Result<Passphrase, PassphraseError> {
        let passphrase = match self {
            Self::Terminal => ask(what, "")?,
            Self::StandardInput => first_line(io::stdin().lock(), what, "standard input")?,
            Self::File(path) => read_file(path, what)?,
        };
        if passphrase.reveal().is_empty() {
            return Err(PassphraseError::Empty { what: what.to_owned() });
        }
        Ok(passphrase)
    }

    /// Reads a new one: a terminal is asked twice.
    ///
    /// # Errors
    /// As [`Self::read`], and when the second time was not the same.
    pub fn read_new(&self, what: &str) -> Result<Passphrase, PassphraseError> {
        let first = self.read(what)?;
        match self {
            Self::File(_) | Self::StandardInput => Ok(first),
            Self::Terminal if *ask(what, ", again")?.0 == *first.0 => Ok(first),
            Self::Terminal => Err(PassphraseError::Different),
        }
    }
}

/// Reads the first line of `path`.
///
/// # Errors
/// When it cannot be read.
pub fn read_file(path: &Path, what: &str) -> Result<Passphrase, PassphraseError> {
    let place = path.display().to_string();
    match File::open(path) {
        Ok(file) => first_line(file, what, &place),
        Err(source) => {
            Err(PassphraseError::Unreadable { what: what.to_owned(), path: place, source })
        }
    }
}

fn ask(what: &str, again: &str) -> Result<Passphrase, PassphraseError> {
    let mut prompt = what.to_owned();
    if let Some(first) = prompt.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    rpassword::prompt_password(format!("{prompt}{again}: "))
        .map(Passphrase::new)
        .map_err(|source| PassphraseError::NoTerminal { what: what.to_owned(), source })
}

fn first_line(input: impl Read, what: &str, place: &str) -> Result<Passphrase, PassphraseError> {
    let unreadable = |source| PassphraseError::Unreadable {
        what: what.to_owned(),
        path: place.to_owned(),
        source,
    };
    let mut text = Zeroizing::new(String::with_capacity(2048));
    input.take(MAX_LENGTH + 2).read_to_string(&mut text).map_err(unreadable)?;
    let line = text.lines().next().unwrap_or_default();
    if u64::try_from(line.len()).is_ok_and(|length| length <= MAX_LENGTH) {
        Ok(Passphrase::new(line.to_owned()))
    } else {
        Err(unreadable(io::Error::new(io::ErrorKind::InvalidData, "its first line is too long")))
    }
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
            assert_eq!(source.read("it").unwrap().reveal(), expected);
            assert_eq!(source.read_new("it").unwrap().reveal(), expected);
        }
    }

    #[test]
    fn a_file_without_a_passphrase_is_refused() {
        let longest = usize::try_from(MAX_LENGTH).unwrap();
        for content in [b"".to_vec(), b"\n".to_vec(), vec![0xff], vec![b'x'; longest + 1]] {
            let (_directory, source) = written(&content);
            assert!(source.read("it").is_err(), "{content:?}");
        }
        let (_directory, source) = written(&vec![b'x'; longest]);
        assert!(source.read("it").is_ok());
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

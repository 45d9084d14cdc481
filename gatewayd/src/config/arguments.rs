//! The command line.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::ConfigError;

/// What `--help` prints.
pub const USAGE: &str = "\
Usage: gatewayd [--config FILE] [--state-dir DIR] [--runtime-dir DIR]

  --config FILE      settings (default /etc/waiaas/gatewayd.toml, which may be missing)
  --state-dir DIR    where the database is kept (default /var/lib/waiaas)
  --runtime-dir DIR  where the sockets are (default /run/waiaas)
  --help             print this
  --version          print the version

Exit status: 0 stopped as asked, 64 the command line is not understood, 78 settings or state need an
operator and starting again does not help, 1 any other failure.";

const CONFIG: &str = "/etc/waiaas/gatewayd.toml";
const STATE_DIR: &str = "/var/lib/waiaas";
const RUNTIME_DIR: &str = "/run/waiaas";
const FILE_LIMIT: u64 = 1 << 20;

/// What the program was started for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Invocation {
    /// To serve.
    Serve(Arguments),
    /// To print [`USAGE`].
    Help,
    /// To print its version.
    Version,
}

/// Where the program finds its files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arguments {
    /// The settings.
    pub config: ConfigFile,
    /// The directory of the database.
    pub state_dir: PathBuf,
    /// The directory of the sockets.
    pub runtime_dir: PathBuf,
}

/// The file of the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigFile {
    /// Named on the command line, so it must be there.
    Named(PathBuf),
    /// The usual one; where it is missing, everything has its default.
    Usual(PathBuf),
}

/// Why the command line is not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArgumentError {
    /// An option that does not exist, or a word that belongs to none.
    #[error("{0:?} is not an option; see --help")]
    Unknown(OsString),
    /// An option stands last that needs a value.
    #[error("{0} needs a value; see --help")]
    NoValue(&'static str),
    /// An option stands twice.
    #[error("{0} is given twice")]
    Twice(&'static str),
}

impl Invocation {
    /// Reads the command line without the program's name.
    ///
    /// # Errors
    /// When a word is not understood.
    pub fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Self, ArgumentError> {
        let (mut config, mut state_dir, mut runtime_dir) = (None, None, None);
        let mut words = words.into_iter();
        while let Some(word) = words.next() {
            let (name, place) = match word.to_str() {
                Some("--help" | "-h") => return Ok(Self::Help),
                Some("--version" | "-V") => return Ok(Self::Version),
                Some("--config") => ("--config", &mut config),
                Some("--state-dir") => ("--state-dir", &mut state_dir),
                Some("--runtime-dir") => ("--runtime-dir", &mut runtime_dir),
                _ => return Err(ArgumentError::Unknown(word)),
            };
            let value = words.next().ok_or(ArgumentError::NoValue(name))?;
            if place.replace(PathBuf::from(value)).is_some() {
                return Err(ArgumentError::Twice(name));
            }
        }
        Ok(Self::Serve(Arguments {
            config: config.map_or(ConfigFile::Usual(CONFIG.into()), ConfigFile::Named),
            state_dir: state_dir.unwrap_or_else(|| STATE_DIR.into()),
            runtime_dir: runtime_dir.unwrap_or_else(|| RUNTIME_DIR.into()),
        }))
    }
}

impl ConfigFile {
    /// Where it is.
    pub fn path(&self) -> &Path {
        match self {
            Self::Named(path) | Self::Usual(path) => path,
        }
    }

    /// Its text; `None` where there is none and need not be one.
    pub(super) fn read(&self) -> Result<Option<String>, ConfigError> {
        let unreadable = |source| ConfigError::Unreadable { path: self.path().to_owned(), source };
        let file = match (self, File::open(self.path())) {
            (Self::Usual(_), Err(error)) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(None);
            }
            (_, opened) => opened.map_err(unreadable)?,
        };
        let mut text = String::new();
        let read = file.take(FILE_LIMIT + 1).read_to_string(&mut text).map_err(unreadable)?;
        if u64::try_from(read).is_ok_and(|read| read <= FILE_LIMIT) {
            Ok(Some(text))
        } else {
            Err(ConfigError::TooLong { path: self.path().to_owned(), limit: FILE_LIMIT })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Invocation, ArgumentError> {
        Invocation::parse(words.iter().map(OsString::from))
    }

    #[test]
    fn without_options_the_usual_places_are_meant() {
        let usual = Arguments {
            config: ConfigFile::Usual("/etc/waiaas/gatewayd.toml".into()),
            state_dir: "/var/lib/waiaas".into(),
            runtime_dir: "/run/waiaas".into(),
        };
        assert_eq!(parse(&[]), Ok(Invocation::Serve(usual)));
    }

    #[test]
    fn options_name_other_places() {
        let named = Arguments {
            config: ConfigFile::Named("a.toml".into()),
            state_dir: "b".into(),
            runtime_dir: "--c".into(),
        };
        let words = ["--runtime-dir", "--c", "--config", "a.toml", "--state-dir", "b"];
        assert_eq!(parse(&words), Ok(Invocation::Serve(named)));
        assert_eq!(parse(&["--config", "a", "--help"]), Ok(Invocation::Help));
        assert_eq!(parse(&["-V"]), Ok(Invocation::Version));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for (words, error) in [
            (&["--confg", "a"][..], ArgumentError::Unknown("--confg".into())),
            (&["serve"], ArgumentError::Unknown("serve".into())),
            (&["--config"], ArgumentError::NoValue("--config")),
            (&["--config", "a", "--config", "b"], ArgumentError::Twice("--config")),
        ] {
            assert_eq!(parse(words), Err(error), "{words:?}");
        }
    }

    #[test]
    fn only_the_usual_file_may_be_missing() {
        let missing = PathBuf::from("/nonexistent/gatewayd.toml");
        assert!(matches!(ConfigFile::Usual(missing.clone()).read(), Ok(None)));
        let error = ConfigFile::Named(missing).read().unwrap_err();
        assert_eq!(error.to_string(), "/nonexistent/gatewayd.toml: cannot be read");
    }

    #[test]
    fn a_file_that_is_far_too_long_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), " ".repeat((1 << 20) + 1)).unwrap();
        let error = ConfigFile::Named(file.path().to_owned()).read().unwrap_err();
        assert!(matches!(error, ConfigError::TooLong { .. }));
    }
}

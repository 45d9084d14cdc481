//! How a command ends: exit codes, and failures that say what happened, why, and what to do.

use std::error::Error;
use std::process::ExitCode;

use crate::gateway::GatewayError;
use crate::names::words;
use crate::passphrase::PassphraseError;
use crate::place::{Place, PlaceError};
use crate::signer::SignerError;
use crate::user::UserError;

/// The exit codes of both programs; [`crate::args::EXIT_CODES`] explains them to people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// For another reason than the others.
    Failed,
    /// The command line is wrong.
    Usage,
    /// A daemon is not running or does not answer.
    Unreachable,
    /// The vault is locked or was not made yet.
    VaultClosed,
    /// The passphrase is wrong, missing or too short.
    Passphrase,
    /// A guard, a policy or a suspension says no.
    Refused,
    /// There is no such wallet, session or transaction.
    NotFound,
    /// The time to wait ran out.
    TimedOut,
    /// It runs already.
    Running,
}

impl Exit {
    /// The number that the shell sees.
    pub const fn code(self) -> u8 {
        match self {
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Unreachable => 3,
            Self::VaultClosed => 4,
            Self::Passphrase => 5,
            Self::Refused => 6,
            Self::NotFound => 7,
            Self::TimedOut => 8,
            Self::Running => 9,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

/// Why a command did not do what it should.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The signer did not do it.
    #[error(transparent)]
    Signer(#[from] SignerError),
    /// The gateway did not do it.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    /// There is no usable passphrase.
    #[error(transparent)]
    Passphrase(#[from] PassphraseError),
    /// The directory of the daemons cannot be used.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// The daemons of one user could not be run.
    #[error(transparent)]
    User(#[from] UserError),
    /// A file could not be read or written.
    #[error("{action} {path}")]
    File {
        /// Such as "cannot read".
        action: &'static str,
        /// Which file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// Something else.
    #[error("{what}")]
    Other {
        /// How the program ends.
        exit: Exit,
        /// What happened.
        what: String,
        /// What to do.
        advice: String,
    },
}

impl Failure {
    /// A failure with its own words.
    pub fn new(exit: Exit, what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::Other { exit, what: what.into(), advice: advice.into() }
    }

    /// How the program ends.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Signer(error) => error.exit(),
            Self::Gateway(error) => error.exit(),
            Self::Passphrase(_) => Exit::Passphrase,
            Self::Place(error) => error.exit(),
            Self::User(error) => error.exit(),
            Self::File { .. } => Exit::Failed,
            Self::Other { exit, .. } => *exit,
        }
    }

    /// A word for programs: the code of the daemon that refused, or one of this program's own.
    pub fn code(&self) -> String {
        match self {
            Self::Signer(error) => error.code(),
            Self::Gateway(error) => error.code(),
            Self::Passphrase(_) => "PASSPHRASE".to_owned(),
            Self::Place(_) => "DIRECTORY".to_owned(),
            Self::User(_) => "DAEMONS".to_owned(),
            Self::File { .. } => "FILE".to_owned(),
            Self::Other { exit, .. } => words(&format!("{exit:?}"), "_").to_uppercase(),
        }
    }

    /// Why it happened: the error's sources, outermost first, and nothing where there are none.
    pub fn why(&self) -> Option<String> {
        let mut sources = Vec::new();
        let mut next = self.source();
        while let Some(error) = next {
            sources.push(error.to_string());
            next = error.source();
        }
        (!sources.is_empty()).then(|| sources.join(": "))
    }

    /// What happened and why, in one line.
    pub fn with_reason(&self) -> String {
        match self.why() {
            Some(why) => format!("{self}: {why}"),
            None => self.to_string(),
        }
    }

    /// What to do about it, where the daemons are at `place`; without a place, no daemon was asked.
    pub fn advice(&self, place: Option<&Place>) -> Option<String> {
        match self {
            Self::Signer(error) => error.advice(place?),
            Self::Gateway(error) => error.advice(place?),
            Self::Passphrase(error) => error.advice(place),
            Self::Place(error) => error.advice(),
            Self::User(error) => error.advice(place?),
            Self::File { .. } => None,
            Self::Other { advice, .. } => Some(advice.clone()),
        }
    }
}

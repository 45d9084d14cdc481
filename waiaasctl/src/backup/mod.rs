//! Backups: one file for vault, journal and database, as `docs/backup.md` specifies it.
//!
//! [`make`] writes one, [`check`] reads one to its end, [`restore`] takes one over elsewhere, and
//! [`folder`] keeps a number of them.

pub(crate) mod check;
pub(crate) mod folder;
pub(crate) mod make;
pub(crate) mod restore;

use std::path::Path;

use archive::ArchiveError;
use serde::{Deserialize, Serialize};

use crate::exit::{Exit, Failure};
use crate::files;

/// What of the wallet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// The signer's vault and journal, and the gateway's database.
    Everything,
    /// Without the gateway's database.
    SignerAlone,
}

/// The first entry of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Description {
    /// Unix seconds of the machine that made it.
    pub(crate) made_at: u64,
    /// The version of the program that made it.
    pub(crate) program: String,
}

/// Why a file is no backup, in this program's words.
fn unusable(path: &Path, error: ArchiveError) -> Failure {
    let advice = match error {
        ArchiveError::Io(source) => return files::unreadable(path, source),
        ArchiveError::Alien => "`waiaasctl backup FILE` makes one",
        ArchiveError::Version(_) => "install the release that made it, or a newer one",
        ArchiveError::Changed | ArchiveError::Malformed(_) => {
            "use another copy of it, or an older backup"
        }
    };
    Failure::new(Exit::Failed, format!("{} cannot be used: {error}", path.display()), advice)
}

/// The same while one is written.
fn unwritten(path: &Path, error: ArchiveError) -> Failure {
    if let ArchiveError::Io(source) = error {
        return files::unwritable(path, source);
    }
    unusable(path, error)
}

//! What can be wrong with the journal's files.

use std::io;
use std::path::{Path, PathBuf};

use protocol::wire::WireError;

/// Why the journal is not to be trusted, or not to be written.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// A file could not be opened, read or written.
    #[error("{path}: {source}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A record's hash is not the one of its content and place.
    #[error("{path}: record {number} at byte {offset} was changed: its hash does not fit")]
    Changed {
        /// Which file.
        path: PathBuf,
        /// Counted from zero.
        number: u64,
        /// Where it starts.
        offset: u64,
    },
    /// A record whose hash fits says nothing that this version knows.
    #[error("{path}: record {number} at byte {offset} cannot be read: {source}")]
    Content {
        /// Which file.
        path: PathBuf,
        /// Counted from zero.
        number: u64,
        /// Where it starts.
        offset: u64,
        /// What is wrong with it.
        source: WireError,
    },
    /// A file that must be there is not.
    #[error("{path}: it is missing, and the journal cannot be read without it")]
    Missing {
        /// Which file.
        path: PathBuf,
    },
    /// A snapshot is not the one that the record after it names.
    #[error("{path}: {reason}")]
    Snapshot {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A write failed before, so what is on the disk is not known.
    #[error("{path}: a write failed earlier; restart the signer when the disk is in order")]
    Broken {
        /// Which file.
        path: PathBuf,
    },
}

impl JournalError {
    /// Whether the disk failed, and not what is on it.
    pub(super) fn is_io(&self) -> bool {
        matches!(self, Self::Io { .. })
    }
}

/// What the system said about a file.
pub(super) fn at(path: &Path) -> impl FnOnce(io::Error) -> JournalError {
    move |source| JournalError::Io { path: path.to_owned(), source }
}

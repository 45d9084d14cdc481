//! Reads a backup to its end, and checks everything that can be checked without using it.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use archive::{ArchiveError, Entries, Kind, Opener};
use primitives::encode_hex;
use protocol::{BackupKey, JournalReport, OpenedBackup, Secret};
use sha2::{Digest, Sha256};

use super::{Description, unusable};
use crate::exit::Failure;
use crate::export::{self, Claim};
use crate::files;
use crate::progress::Progress;
use crate::signer::Signer;

/// The longest description that is read.
const MAX_DESCRIPTION: u64 = 64 * 1024;
/// What a file of SQLite begins with (its documentation, "Database File Format").
const SQLITE: &[u8; 16] = b"SQLite format 3\0";
const SQLITE_HEADER: usize = 100;

/// A backup in which nothing is wrong.
#[derive(Clone, Debug)]
pub(crate) struct Checked {
    /// A name of its own: SHA-256 of the signer's part, in hexadecimal.
    pub(crate) id: String,
    /// Bytes of the file.
    pub(crate) bytes: u64,
    /// When and by whom it was made.
    pub(crate) description: Description,
    /// What the signer says of its part.
    pub(crate) report: JournalReport,
    /// The journal that is in it.
    pub(crate) journal: Claim,
    /// Bytes of the database, if it is in it.
    pub(crate) database: Option<u64>,
    /// What the signer sealed.
    pub(crate) signer_part: Vec<u8>,
    /// What the entries are sealed with.
    pub(crate) key: BackupKey,
}

/// The entries of a backup's file.
pub(crate) type FileEntries = Entries<Opener<BufReader<File>>>;

/// Opens a backup with what the signer makes of the passphrase, or of its open vault without one, and
/// checks each part: every key against its public key, the journal's chain, each chunk's seal.
///
/// # Errors
/// When something in it is not as it was made, or the passphrase is not its.
pub(crate) fn check(
    signer: &mut Signer,
    passphrase: Option<Secret>,
    path: &Path,
) -> Result<Checked, Failure> {
    let _progress = Progress::start("checking the backup");
    let file = File::open(path).map_err(|source| files::unreadable(path, source))?;
    let bytes = file.metadata().map_err(|source| files::unreadable(path, source))?.len();
    let mut file = BufReader::new(file);
    let part = archive::signer_part(&mut file).map_err(|error| unusable(path, error))?;
    let OpenedBackup { key, journal: report } = signer.open_backup(passphrase, part.clone())?;
    let entries = Entries::new(Opener::new(file, key.as_bytes()));
    let found = read_all(entries, path)?;
    if (found.journal.records, found.journal.head) != (report.records, report.head) {
        return Err(unusable(path, ArchiveError::Malformed("the journal is of another moment")));
    }
    let id = encode_hex(&Sha256::digest(&part));
    let Found { description, journal, database } = found;
    Ok(Checked { id, bytes, description, report, journal, database, signer_part: part, key })
}

/// Opens a backup that was checked, to read it again.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn open_again(path: &Path, key: &BackupKey) -> Result<FileEntries, Failure> {
    let file = File::open(path).map_err(|source| files::unreadable(path, source))?;
    let mut file = BufReader::new(file);
    archive::signer_part(&mut file).map_err(|error| unusable(path, error))?;
    Ok(Entries::new(Opener::new(file, key.as_bytes())))
}

/// What the entries say.
struct Found {
    description: Description,
    journal: Claim,
    database: Option<u64>,
}

fn read_all<R: Read>(mut entries: Entries<R>, path: &Path) -> Result<Found, Failure> {
    let failed = |error| unusable(path, error);
    let name = path.display().to_string();
    let (mut description, mut journal, mut database) = (None, None, None);
    while let Some(kind) = entries.next_entry().map_err(failed)? {
        let mut part = PartReader::new(&mut entries);
        match kind {
            Kind::Description => description = Some(read_description(&mut part, path)?),
            Kind::Journal => journal = Some(export::check(&mut part, &name)?),
            Kind::Database => database = Some(read_database(&mut part, path)?),
        }
    }
    let missing = |what| failed(ArchiveError::Malformed(what));
    Ok(Found {
        description: description.ok_or_else(|| missing("no description"))?,
        journal: journal.ok_or_else(|| missing("no journal"))?,
        database,
    })
}

fn read_description(part: &mut impl Read, path: &Path) -> Result<Description, Failure> {
    let mut text = Vec::new();
    part.take(MAX_DESCRIPTION)
        .read_to_end(&mut text)
        .map_err(|source| files::unreadable(path, source))?;
    serde_json::from_slice(&text)
        .map_err(|_other| unusable(path, ArchiveError::Malformed("the description is not one")))
}

/// Counts the database's bytes, and compares them with what its first page says.
fn read_database(part: &mut impl Read, path: &Path) -> Result<u64, Failure> {
    let failed = |source| files::unreadable(path, source);
    let mut header = [0; SQLITE_HEADER];
    let alien = || unusable(path, ArchiveError::Malformed("the database is not one"));
    part.read_exact(&mut header).map_err(|_short| alien())?;
    let rest = io::copy(part, &mut io::sink()).map_err(failed)?;
    let length = rest.saturating_add(u64::try_from(SQLITE_HEADER).unwrap_or(0));
    if !header.starts_with(SQLITE) || expected_length(&header) != Some(length) {
        return Err(alien());
    }
    Ok(length)
}

/// Page size times pages; a page size of 1 stands for 65,536.
fn expected_length(header: &[u8; SQLITE_HEADER]) -> Option<u64> {
    let size = u16::from_be_bytes(*header.get(16..)?.first_chunk()?);
    let size = if size == 1 { 65_536 } else { u64::from(size) };
    let pages = u32::from_be_bytes(*header.get(28..)?.first_chunk()?);
    size.checked_mul(pages.into())
}

/// An entry as something to read.
pub(crate) struct PartReader<'e, R> {
    entries: &'e mut Entries<R>,
    piece: Vec<u8>,
    at: usize,
}

impl<'e, R> PartReader<'e, R> {
    /// Reads the entry that comes next out of `entries`.
    pub(crate) fn new(entries: &'e mut Entries<R>) -> Self {
        Self { entries, piece: Vec::new(), at: 0 }
    }
}

impl<R: Read> Read for PartReader<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at == self.piece.len() {
            self.at = 0;
            if !self.entries.piece(&mut self.piece).map_err(io::Error::other)? {
                return Ok(0);
            }
        }
        let rest = self.piece.get(self.at..).unwrap_or_default();
        let length = rest.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..length), rest.get(..length)) {
            to.copy_from_slice(from);
        }
        self.at = self.at.saturating_add(length);
        Ok(length)
    }
}

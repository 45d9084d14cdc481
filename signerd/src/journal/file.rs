//! The file: records one after the other, each hash over the one before.
//!
//! In front of a record's content stand its length and the first four bytes of a SHA-256 over the
//! hash before and that length, so that a length that was changed is not taken for a record that a
//! crash cut short. A record is taken for that when the file ends inside it, or when from somewhere
//! before its hash on there is nothing but zeros, which is what a power loss leaves of pages that were
//! not written: nothing was signed by it.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use protocol::JournalReport;
use protocol::journal::{Entry, Event, Record, genesis};
use protocol::wire::{WireError, to_bytes};
use sha2::{Digest, Sha256};

use crate::clock::UnixSeconds;

const FILE_NAME: &str = "journal";
/// Bytes before and after a record's content.
const HEADER: u64 = 8;
const HASH: u64 = 32;
/// The longest content of a record: a wallet with a guard of the longest text.
const MAX_CONTENT: usize = 128 * 1024;

/// Why the journal is not to be trusted, or not to be written.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file could not be opened, read or written.
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
    /// The file on the disk is another than the one that was written.
    #[error("{path}: it does not end with the record that was written last")]
    OtherEnd {
        /// Which file.
        path: PathBuf,
    },
    /// A write failed before, so what is on the disk is not known.
    #[error("{path}: a write failed earlier; restart the signer when the disk is in order")]
    Broken {
        /// Which file.
        path: PathBuf,
    },
}

/// The end of the chain, and the file that it stands in.
#[derive(Debug)]
pub(super) struct Chain {
    path: PathBuf,
    file: File,
    /// Records so far, those that wait for the disk included.
    number: u64,
    head: [u8; 32],
    waiting: Vec<u8>,
    broken: bool,
}

/// How far a reading came.
struct End {
    number: u64,
    head: [u8; 32],
    offset: u64,
}

impl Chain {
    /// Opens the file and reads it. With a record that does not verify, what is wrong comes along,
    /// the file is left as it is, and nothing can be committed.
    pub(super) fn open(
        directory: &Path,
        each: &mut dyn FnMut(Entry),
    ) -> Result<(Self, Option<JournalError>), JournalError> {
        let path = directory.join(FILE_NAME);
        let file = open_file(directory, &path).map_err(|source| at(&path, source))?;
        let mut end = End::genesis();
        let damage = match read_chain(&path, &file, &mut end, each) {
            Ok(()) => None,
            Err(error @ JournalError::Io { .. }) => return Err(error),
            Err(damage) => Some(damage),
        };
        let End { number, head, offset } = end;
        let broken = damage.is_some();
        let mut chain = Self { path, file, number, head, waiting: Vec::new(), broken };
        if !broken {
            chain.continue_at(offset)?;
        }
        Ok((chain, damage))
    }

    /// Takes off the bytes of a record that a crash cut short; its signature was never made.
    fn continue_at(&mut self, offset: u64) -> Result<(), JournalError> {
        let continued =
            self.file.set_len(offset).and_then(|()| self.file.seek(SeekFrom::Start(offset)));
        continued.map(drop).map_err(|source| at(&self.path, source))
    }

    /// Takes an event up to be written next, and returns it as it will be read.
    pub(super) fn append(&mut self, at: UnixSeconds, wall: UnixSeconds, event: Event) -> Entry {
        let entry = Entry { number: self.number, at, wall, event };
        let record = Record::new(self.head, to_bytes(&entry));
        self.waiting.extend_from_slice(&header(self.head, record.content.len()));
        self.waiting.extend_from_slice(&record.content);
        self.waiting.extend_from_slice(&record.hash);
        self.head = record.hash;
        self.number = self.number.saturating_add(1);
        entry
    }

    pub(super) fn commit(&mut self) -> Result<(), JournalError> {
        if self.broken {
            return Err(JournalError::Broken { path: self.path.clone() });
        }
        if self.waiting.is_empty() {
            return Ok(());
        }
        let written = self.file.write_all(&self.waiting).and_then(|()| self.file.sync_data());
        self.waiting.clear();
        written.map_err(|source| {
            self.broken = true;
            at(&self.path, source)
        })
    }

    pub(super) fn verify(&self) -> Result<JournalReport, JournalError> {
        let file = File::open(&self.path).map_err(|source| at(&self.path, source))?;
        let mut end = End::genesis();
        read_chain(&self.path, &file, &mut end, &mut |_| {})?;
        if (end.number, end.head) != (self.number, self.head) {
            return Err(JournalError::OtherEnd { path: self.path.clone() });
        }
        Ok(JournalReport { records: end.number, head: end.head, keys: 0 })
    }

    pub(super) fn head(&self) -> (u64, [u8; 32]) {
        (self.number, self.head)
    }
}

fn open_file(directory: &Path, path: &Path) -> io::Result<File> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)?;
    File::open(directory)?.sync_all()?;
    Ok(file)
}

/// Reads records from `end` on, which is left behind the last one that verified.
fn read_chain(
    path: &Path,
    file: &File,
    end: &mut End,
    each: &mut dyn FnMut(Entry),
) -> Result<(), JournalError> {
    let mut reader = BufReader::new(file);
    loop {
        let place = read_record(&mut reader, end.head).map_err(|source| at(path, source))?;
        let record = match place {
            Place::Record(record) => record,
            Place::End => return Ok(()),
            Place::Other { written } => {
                let zeros = zeros_from(file, end.offset).map_err(|source| at(path, source))?;
                let lost = zeros <= end.offset.saturating_add(written);
                return if lost { Ok(()) } else { Err(changed(path, end)) };
            }
        };
        let entry = record.entry().map_err(|source| {
            let End { number, offset, .. } = *end;
            JournalError::Content { path: path.to_owned(), number, offset, source }
        })?;
        if entry.number != end.number {
            return Err(changed(path, end));
        }
        each(entry);
        end.step_over(&record);
    }
}

impl End {
    fn genesis() -> Self {
        Self { number: 0, head: genesis(), offset: 0 }
    }

    fn step_over(&mut self, record: &Record) {
        let length = u64::try_from(record.content.len()).unwrap_or(u64::MAX);
        self.number = self.number.saturating_add(1);
        self.offset = self.offset.saturating_add(length).saturating_add(HEADER + HASH);
        self.head = record.hash;
    }
}

/// What stands where a record is expected.
enum Place {
    /// A record that follows on the one before.
    Record(Record),
    /// Nothing, or the start of a record.
    End,
    /// Something else: at best so many bytes of a record, and zeros in place of the others.
    Other { written: u64 },
}

fn read_record(reader: &mut impl Read, head: [u8; 32]) -> io::Result<Place> {
    let mut found = [0; 8];
    if !fill(reader, &mut found)? {
        return Ok(Place::End);
    }
    let [l0, l1, l2, l3, ..] = found;
    let length = usize::try_from(u32::from_be_bytes([l0, l1, l2, l3])).unwrap_or(usize::MAX);
    if length > MAX_CONTENT || found != header(head, length) {
        return Ok(Place::Other { written: HEADER.saturating_sub(1) });
    }
    let (mut content, mut hash) = (vec![0; length], [0; 32]);
    if !(fill(reader, &mut content)? && fill(reader, &mut hash)?) {
        return Ok(Place::End);
    }
    let record = Record { content, hash };
    if record.follows(head) {
        return Ok(Place::Record(record));
    }
    let content = u64::try_from(length).unwrap_or(u64::MAX);
    Ok(Place::Other { written: content.saturating_add(HEADER) })
}

/// Where the zeros start that the file ends in, from `offset` on.
fn zeros_from(mut file: &File, offset: u64) -> io::Result<u64> {
    file.seek(SeekFrom::Start(offset))?;
    let mut start = offset;
    for (place, byte) in (offset..).zip(BufReader::new(file).bytes()) {
        if byte? != 0 {
            start = place.saturating_add(1);
        }
    }
    Ok(start)
}

/// Fills `buffer`, or says that the file ends before.
fn fill(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match reader.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

/// A length, and a check that it is the one that was written at this place.
fn header(head: [u8; 32], length: usize) -> [u8; 8] {
    let length = u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
    let check: [u8; 32] = Sha256::new().chain_update(head).chain_update(length).finalize().into();
    let ([l0, l1, l2, l3], [c0, c1, c2, c3, ..]) = (length, check);
    [l0, l1, l2, l3, c0, c1, c2, c3]
}

fn at(path: &Path, source: io::Error) -> JournalError {
    JournalError::Io { path: path.to_owned(), source }
}

fn changed(path: &Path, end: &End) -> JournalError {
    JournalError::Changed { path: path.to_owned(), number: end.number, offset: end.offset }
}

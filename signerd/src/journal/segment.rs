//! Reading a segment: records one after the other, each hash over the one before.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use protocol::journal::{Entry, Record, genesis};

use super::error::{JournalError, at};
use super::record::{self, HASH, HEAD, Place};
use super::tail;

/// How far a reading came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct End {
    /// Records before it.
    pub(super) number: u64,
    /// The hash of the last of them.
    pub(super) head: [u8; 32],
    pub(super) place: Place,
}

impl End {
    /// Before the first record of the segment that starts with record `number`, behind `head`.
    pub(super) fn before(number: u64, head: [u8; 32]) -> Self {
        Self { number, head, place: Place { segment: number, offset: 0 } }
    }

    /// Before the first record of all.
    pub(super) fn genesis() -> Self {
        Self::before(0, genesis())
    }

    pub(super) fn step_over(&mut self, record: &Record) {
        let length = u64::try_from(record.content.len()).unwrap_or(u64::MAX);
        self.number = self.number.saturating_add(1);
        self.place.offset = self.place.offset.saturating_add(length).saturating_add(HEAD + HASH);
        self.head = record.hash;
    }
}

/// Reads records from `end` on, which is left behind the last one that verified. What a power loss
/// left after it is passed over.
///
/// # Errors
/// With a record that was on the disk and does not verify.
pub(super) fn read(
    path: &Path,
    mut file: &File,
    end: &mut End,
    each: &mut dyn FnMut(Place, Entry) -> Result<(), JournalError>,
) -> Result<(), JournalError> {
    file.seek(SeekFrom::Start(end.place.offset)).map_err(at(path))?;
    let mut reader = BufReader::with_capacity(256 * 1024, file);
    loop {
        let record = record::read(&mut reader, end.place).map_err(at(path))?;
        let Some(record) = record.filter(|record| record.follows(end.head)) else {
            return check_tail(path, file, end);
        };
        let entry = record.entry().map_err(|source| {
            let End { number, place: Place { offset, .. }, .. } = *end;
            JournalError::Content { path: path.to_owned(), number, offset, source }
        })?;
        if entry.number != end.number {
            return Err(changed(path, end));
        }
        each(end.place, entry)?;
        end.step_over(&record);
    }
}

fn check_tail(path: &Path, mut file: &File, end: &End) -> Result<(), JournalError> {
    let mut rest = Vec::new();
    // As in snapshots, its length is not asked for: nothing else needs that system call.
    file.seek(SeekFrom::Start(end.place.offset))
        .and_then(|_| file.take(u64::MAX).read_to_end(&mut rest))
        .map_err(at(path))?;
    if rest.is_empty() || tail::was_lost(&rest, end.place) {
        Ok(())
    } else {
        Err(changed(path, end))
    }
}

/// The record at `end` is not the one that was written.
pub(super) fn changed(path: &Path, end: &End) -> JournalError {
    let (number, offset) = (end.number, end.place.offset);
    JournalError::Changed { path: path.to_owned(), number, offset }
}

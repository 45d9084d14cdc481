//! The end of the chain, and the segment that it is written on.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use protocol::journal::{Entry, Event, Record};
use protocol::wire::to_bytes;

use super::directory::Directory;
use super::error::{JournalError, at};
use super::index::Index;
use super::record::{self, Place};
use super::segment::{self, End};
use super::{State, snapshot};
use crate::clock::Moment;

/// The end of the chain: what was written, and what waits for the disk.
#[derive(Debug)]
pub(super) struct Chain {
    directory: Directory,
    /// The segment; `None` where the journal cannot be written.
    file: Option<File>,
    /// Behind the last record, those that wait for the disk included.
    end: End,
    /// Up to where the segment is on the disk, and up to where it was written.
    synced: u64,
    written: u64,
    waiting: Vec<u8>,
    index: Index,
}

impl Chain {
    /// Opens the newest segment, on what its snapshot says, and reads it into `state`. With
    /// something that does not verify, what is wrong comes along, the files are left as they are,
    /// and nothing can be committed.
    pub(super) fn open(
        root: &Path,
        state: &mut State,
    ) -> Result<(Self, Option<JournalError>), JournalError> {
        let directory = Directory::open(root)?;
        let mut chain = Self::nowhere(directory);
        match chain.load(state) {
            Ok(()) => Ok((chain, None)),
            Err(error) if error.is_io() => Err(error),
            Err(damage) => {
                chain.file = None;
                Ok((chain, Some(damage)))
            }
        }
    }

    fn nowhere(directory: Directory) -> Self {
        let (end, waiting, index) = (End::genesis(), Vec::new(), Index::new(0));
        Self { directory, file: None, end, synced: 0, written: 0, waiting, index }
    }

    fn load(&mut self, state: &mut State) -> Result<(), JournalError> {
        let listing = self.directory.list()?;
        let (newest, snapshot) = (listing.segments.last(), listing.snapshots.last());
        if snapshot > newest {
            let path = self.directory.segment(snapshot.copied().unwrap_or_default());
            return Err(JournalError::Missing { path });
        }
        let Some(number) = newest.copied() else {
            self.file = Some(self.directory.begin()?);
            return Ok(());
        };
        let mut named = None;
        if number > 0 {
            let bytes = snapshot::load(&self.directory, number)?;
            let before = snapshot::parse(&self.directory, number, &bytes)?;
            named = Some(snapshot::digest(&bytes));
            self.end = End::before(number, before.head);
            *state = before.state;
        }
        self.index = Index::new(number);
        let (path, file) = (self.directory.segment(number), self.directory.open_segment(number)?);
        let Self { directory, end, index, .. } = self;
        segment::read(&path, &file, end, &mut |place, entry| {
            if place.offset == 0 && named.is_some() {
                check_first(directory, number, &entry, named)?;
            }
            index.note(entry.number, place.offset);
            state.apply(entry.at, entry.event);
            Ok(())
        })?;
        if number > 0 && self.end.number == number {
            return Err(segment::changed(&path, &self.end));
        }
        self.continue_on(&path, file)
    }

    /// Takes off the bytes of a write that was lost; nothing was signed by it, but by a lease that stands
    /// before it.
    fn continue_on(&mut self, path: &Path, mut file: File) -> Result<(), JournalError> {
        let offset = self.end.place.offset;
        if file.metadata().map_err(at(path))?.len() > offset {
            file.set_len(offset).and_then(|()| file.sync_all()).map_err(at(path))?;
        }
        file.seek(SeekFrom::Start(offset)).map_err(at(path))?;
        (self.synced, self.written) = (offset, offset);
        self.file = Some(file);
        Ok(())
    }

    /// Takes an event up to be written next, and returns it as it will be read.
    pub(super) fn append(&mut self, moment: Moment, event: Event) -> Entry {
        let Moment { now: at, wall } = moment;
        let entry = Entry { number: self.end.number, at, wall, event };
        let record = Record::new(self.end.head, to_bytes(&entry));
        self.index.note(entry.number, self.end.place.offset);
        record::write(&record, self.end.place, self.synced, &mut self.waiting);
        self.end.step_over(&record);
        entry
    }

    /// Puts everything on the disk.
    pub(super) fn commit(&mut self) -> Result<(), JournalError> {
        self.write()?;
        if self.synced == self.written {
            return Ok(());
        }
        self.with_file(|file| file.sync_data())?;
        self.synced = self.written;
        Ok(())
    }

    /// Hands everything to the system, which has it on the disk after the next commit.
    pub(super) fn write(&mut self) -> Result<(), JournalError> {
        let mut waiting = std::mem::take(&mut self.waiting);
        let written = self.with_file(|file| file.write_all(&waiting));
        waiting.clear();
        self.waiting = waiting; // with its room, for the next batch
        written?;
        self.written = self.end.place.offset;
        Ok(())
    }

    fn with_file(
        &mut self,
        work: impl FnOnce(&mut File) -> std::io::Result<()>,
    ) -> Result<(), JournalError> {
        let path = self.directory.segment(self.end.place.segment);
        let Some(file) = &mut self.file else { return Err(JournalError::Broken { path }) };
        work(file).map_err(|source| {
            self.file = None;
            JournalError::Io { path, source }
        })
    }

    /// Bytes of the segment, those that wait for the disk included.
    pub(super) fn segment_length(&self) -> u64 {
        self.end.place.offset
    }

    /// Goes on in a new segment, on a snapshot of `state`. Everything must be committed.
    pub(super) fn rotate(&mut self, moment: Moment, state: &mut State) -> Result<(), JournalError> {
        let End { number, head, .. } = self.end;
        let snapshot = snapshot::snapshot_bytes(number, head, state);
        let event = Event::Continued { snapshot: snapshot::digest(&snapshot) };
        let entry = Entry { number, at: moment.now, wall: moment.wall, event };
        let record = Record::new(head, to_bytes(&entry));
        let mut end = End::before(number, head);
        let mut segment = Vec::new();
        record::write(&record, end.place, 0, &mut segment);
        end.step_over(&record);
        let rotated = self.directory.rotate(number, &snapshot, &segment);
        let mut file = rotated.inspect_err(|_failed| self.file = None)?;
        let length = end.place.offset;
        let sought = file.seek(SeekFrom::Start(length));
        sought.map_err(at(&self.directory.segment(number)))?;
        self.file = Some(file);
        (self.end, self.synced, self.written) = (end, length, length);
        self.index = Index::new(number);
        self.index.note(number, 0);
        state.apply(entry.at, entry.event);
        Ok(())
    }

    /// Up to where the segment is on the disk, in bytes.
    #[cfg(test)]
    pub(super) fn synced(&self) -> u64 {
        self.synced
    }

    /// Records so far, and the hash that ends the chain.
    pub(super) fn head(&self) -> (u64, [u8; 32]) {
        (self.end.number, self.end.head)
    }

    pub(super) fn directory(&self) -> &Directory {
        &self.directory
    }

    /// The segment that is written on: its places, and up to where it was written.
    pub(super) fn current(&self) -> (&Index, Place) {
        (&self.index, Place { offset: self.written, ..self.end.place })
    }
}

/// The first record of a segment names the snapshot before it.
pub(super) fn check_first(
    directory: &Directory,
    number: u64,
    first: &Entry,
    digest: Option<[u8; 32]>,
) -> Result<(), JournalError> {
    let named =
        if let Event::Continued { snapshot } = &first.event { Some(*snapshot) } else { None };
    if named.is_some_and(|named| digest.is_none_or(|digest| digest == named)) {
        return Ok(());
    }
    let reason = "it is not the snapshot that the segment's first record names";
    Err(snapshot::wrong(directory, number, reason))
}

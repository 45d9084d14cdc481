//! Records by their numbers, a page at a time.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Seek, SeekFrom};

use protocol::journal::{Record, genesis};
use protocol::wire::MAX_ITEMS;

use super::chain::Chain;
use super::error::{JournalError, at};
use super::index::{Index, pass};
use super::record::{self, Place};
use super::snapshot;

/// Bytes of content in one page: what is read in a few milliseconds, and fits in a frame.
const MAX_PAGE: usize = 512 * 1024;
/// Indexes of older segments that are kept.
const MAX_INDEXES: usize = 64;

/// Why there is no such page.
#[derive(Debug)]
pub enum ReadError {
    /// The records before this one were moved away.
    MovedAway {
        /// The first that is there.
        first: u64,
    },
    /// The files cannot be read.
    Journal(JournalError),
}

impl From<JournalError> for ReadError {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}

/// The indexes of segments that are not written on any more.
#[derive(Debug, Default)]
pub(super) struct Indexes(BTreeMap<u64, Index>);

impl Indexes {
    /// Records from `from` on, at most `limit` and those of one segment. None at the end.
    pub(super) fn page(
        &mut self,
        chain: &Chain,
        from: u64,
        limit: usize,
    ) -> Result<Vec<Record>, ReadError> {
        let directory = chain.directory();
        let segments = directory.list()?.segments;
        let Some(segment) = segments.iter().rev().find(|segment| **segment <= from).copied() else {
            return Err(ReadError::MovedAway { first: segments.first().copied().unwrap_or(0) });
        };
        let path = directory.segment(segment);
        let file = File::open(&path).map_err(at(&path))?;
        let (current, written) = chain.current();
        let ends_at = if segment == written.segment { written.offset } else { u64::MAX };
        let index = if segment == written.segment {
            current
        } else {
            self.of(segment, &file).map_err(at(&path))?
        };
        let found = page(&file, index.before(from), (from, limit), ends_at);
        Ok(found.map_err(at(&path))?)
    }

    fn of(&mut self, segment: u64, file: &File) -> std::io::Result<&Index> {
        if self.0.len() >= MAX_INDEXES && !self.0.contains_key(&segment) {
            self.0.pop_first();
        }
        match self.0.entry(segment) {
            std::collections::btree_map::Entry::Occupied(known) => Ok(known.into_mut()),
            std::collections::btree_map::Entry::Vacant(place) => {
                Ok(place.insert(Index::build(segment, file)?))
            }
        }
    }

    /// How many are kept.
    #[cfg(test)]
    pub(super) fn kept(&self) -> usize {
        self.0.len()
    }

    /// A record and the hash before it; `None` where there is none.
    pub(super) fn record(
        &mut self,
        chain: &Chain,
        number: u64,
    ) -> Result<Option<([u8; 32], Record)>, ReadError> {
        let Some(record) = self.page(chain, number, 1)?.pop() else { return Ok(None) };
        Ok(self.hash_after(chain, number)?.map(|before| (before, record)))
    }

    /// The hash that ends a chain of so many records; `None` where there are fewer.
    pub(super) fn hash_after(
        &mut self,
        chain: &Chain,
        records: u64,
    ) -> Result<Option<[u8; 32]>, ReadError> {
        let Some(last) = records.checked_sub(1) else { return Ok(Some(genesis())) };
        match self.page(chain, last, 1) {
            Ok(page) => Ok(page.first().map(|record| record.hash)),
            Err(ReadError::MovedAway { first }) if first == records => {
                let bytes = snapshot::load(chain.directory(), records)?;
                Ok(Some(snapshot::head_of(chain.directory(), records, &bytes)?))
            }
            Err(error) => Err(error),
        }
    }
}

fn page(
    mut file: &File,
    (mut number, mut place): (u64, Place),
    (from, limit): (u64, usize),
    ends_at: u64,
) -> std::io::Result<Vec<Record>> {
    file.seek(SeekFrom::Start(place.offset))?;
    let mut reader = BufReader::new(file);
    while number < from {
        let Some(length) = pass(&mut reader, place)? else { return Ok(Vec::new()) };
        number = number.saturating_add(1);
        place.offset = place.offset.saturating_add(length);
    }
    let (mut records, mut bytes) = (Vec::new(), 0_usize);
    while records.len() < limit.min(MAX_ITEMS) && bytes < MAX_PAGE && place.offset < ends_at {
        let Some(record) = record::read(&mut reader, place)? else { break };
        bytes = bytes.saturating_add(record.content.len());
        let length = u64::try_from(record.content.len()).unwrap_or(u64::MAX);
        place.offset =
            place.offset.saturating_add(length).saturating_add(record::HEAD + record::HASH);
        records.push(record);
    }
    Ok(records)
}

//! Reading all of the journal again.

use std::fs::File;
use std::io::{Seek, SeekFrom};

use protocol::JournalReport;

use super::chain::{Chain, check_first};
use super::directory::Directory;
use super::error::{JournalError, at};
use super::segment::{self, End};
use super::snapshot;

/// Reads every segment that is there, from the oldest on, and checks that they are one chain that
/// ends where `chain` does. Where the oldest were moved away, it begins behind a snapshot.
pub(super) fn verify(chain: &Chain) -> Result<JournalReport, JournalError> {
    let directory = chain.directory();
    let listing = directory.list()?;
    let first = listing.segments.first().copied().unwrap_or_default();
    let newest = listing.segments.last().copied().unwrap_or_default();
    let mut end = End::genesis();
    for number in listing.segments {
        if number > first && number != end.number {
            return Err(JournalError::Missing { path: directory.segment(end.number) });
        }
        let named = match named_snapshot(directory, number) {
            // Between the ends a snapshot may have been moved away: the segments are the chain.
            Err(JournalError::Missing { .. }) if number > first && number < newest => None,
            named => named?,
        };
        let head = match &named {
            Some(named) if number == first => named.head,
            Some(_) | None => end.head,
        };
        end = End::before(number, head);
        verify_segment(directory, named, &mut end)?;
    }
    if (end.number, end.head) != chain.head() {
        return Err(JournalError::OtherEnd { path: directory.segment(end.place.segment) });
    }
    Ok(JournalReport { first, records: end.number, head: end.head, keys: 0 })
}

/// What the file of a snapshot says, as far as the chain is concerned.
struct Named {
    digest: [u8; 32],
    head: [u8; 32],
}

fn named_snapshot(directory: &Directory, number: u64) -> Result<Option<Named>, JournalError> {
    if number == 0 {
        return Ok(None);
    }
    let bytes = snapshot::load(directory, number)?;
    let head = snapshot::head_of(directory, number, &bytes)?;
    Ok(Some(Named { digest: snapshot::digest(&bytes), head }))
}

fn verify_segment(
    directory: &Directory,
    named: Option<Named>,
    end: &mut End,
) -> Result<(), JournalError> {
    let number = end.place.segment;
    let path = directory.segment(number);
    let file = File::open(&path).map_err(at(&path))?;
    let digest = named.map(|named| named.digest);
    segment::read(&path, &file, end, &mut |place, entry| {
        if place.offset == 0 && number > 0 {
            check_first(directory, number, &entry, digest)?;
        }
        Ok(())
    })?;
    let length = (&file).seek(SeekFrom::End(0)).map_err(at(&path))?;
    if length == end.place.offset { Ok(()) } else { Err(segment::changed(&path, end)) }
}

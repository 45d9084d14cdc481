//! How a record stands in a file: a head, its content, and the hash that ties it to all before.
//!
//! The head is the content's length, how many bytes lie between this record and the place up to
//! which the file was on the disk when it was written (32 bits each), and the first eight bytes of a
//! SHA-256 over the segment's number, the record's place and these two. So a length that was changed
//! is not taken for a record that a crash cut short; and behind a record that does not verify it can
//! be told whether it was written together with what follows, or was on the disk before.

use std::io::{self, ErrorKind, Read};

use protocol::journal::Record;
use sha2::{Digest, Sha256};

/// Bytes before a record's content.
pub(super) const HEAD: u64 = 16;
/// Bytes after it.
pub(super) const HASH: u64 = 32;
/// The longest content of a record: a wallet with a guard of the longest text.
pub(super) const MAX_CONTENT: u32 = 128 * 1024;

/// The segment that a record is in, and its place there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The number of the segment's first record.
    pub(super) segment: u64,
    /// In bytes.
    pub(super) offset: u64,
}

/// What stands before a record's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// Of the content, in bytes.
    pub(super) length: u32,
    /// How many bytes before this record were not known to be on the disk.
    pub(super) unsynced: u32,
}

impl Head {
    pub(super) fn to_bytes(self, place: Place) -> [u8; 16] {
        let (length, unsynced) = (self.length.to_be_bytes(), self.unsynced.to_be_bytes());
        let check: [u8; 32] = Sha256::new()
            .chain_update(place.segment.to_be_bytes())
            .chain_update(place.offset.to_be_bytes())
            .chain_update(length)
            .chain_update(unsynced)
            .finalize()
            .into();
        let ([l0, l1, l2, l3], [u0, u1, u2, u3]) = (length, unsynced);
        let [c0, c1, c2, c3, c4, c5, c6, c7, ..] = check;
        [l0, l1, l2, l3, u0, u1, u2, u3, c0, c1, c2, c3, c4, c5, c6, c7]
    }

    /// The head that was written at this place, if it was one.
    pub(super) fn parse(bytes: [u8; 16], place: Place) -> Option<Self> {
        let [l0, l1, l2, l3, u0, u1, u2, u3, ..] = bytes;
        let length = u32::from_be_bytes([l0, l1, l2, l3]);
        let unsynced = u32::from_be_bytes([u0, u1, u2, u3]);
        let head = Self { length, unsynced };
        let plausible = (1..=MAX_CONTENT).contains(&length) && u64::from(unsynced) <= place.offset;
        (plausible && head.to_bytes(place) == bytes).then_some(head)
    }

    /// Bytes of the whole record.
    pub(super) fn record_length(self) -> u64 {
        u64::from(self.length).saturating_add(HEAD + HASH)
    }
}

/// Appends a record's bytes for its place.
pub(super) fn write(record: &Record, place: Place, synced: u64, out: &mut Vec<u8>) {
    let length = u32::try_from(record.content.len()).unwrap_or(u32::MAX);
    let unsynced = u32::try_from(place.offset.saturating_sub(synced)).unwrap_or(u32::MAX);
    out.extend_from_slice(&Head { length, unsynced }.to_bytes(place));
    out.extend_from_slice(&record.content);
    out.extend_from_slice(&record.hash);
}

/// Reads the record at a place; `None` where none is whole.
pub(super) fn read(reader: &mut impl Read, place: Place) -> io::Result<Option<Record>> {
    let mut bytes = [0; 16];
    if !fill(reader, &mut bytes)? {
        return Ok(None);
    }
    let Some(head) = Head::parse(bytes, place) else { return Ok(None) };
    let mut content = vec![0; usize::try_from(head.length).unwrap_or_default()];
    let mut hash = [0; 32];
    let whole = fill(reader, &mut content)? && fill(reader, &mut hash)?;
    Ok(whole.then_some(Record { content, hash }))
}

/// Fills `buffer`, or says that the file ends before.
fn fill(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match reader.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_at_its_place_alone() {
        let place = Place { segment: 7, offset: 1000 };
        let record = Record::new([9; 32], vec![1, 2, 3]);
        let mut bytes = Vec::new();
        write(&record, place, 900, &mut bytes);
        let head = Head::parse(*bytes.first_chunk().unwrap(), place).unwrap();
        assert_eq!(head, Head { length: 3, unsynced: 100 });
        assert_eq!(head.record_length(), u64::try_from(bytes.len()).unwrap());
        assert_eq!(read(&mut bytes.as_slice(), place).unwrap(), Some(record));
        for other in [Place { segment: 8, ..place }, Place { offset: 1001, ..place }] {
            assert_eq!(read(&mut bytes.as_slice(), other).unwrap(), None);
        }
        for end in 0..bytes.len() {
            assert_eq!(read(&mut &bytes[..end], place).unwrap(), None);
        }
    }
}

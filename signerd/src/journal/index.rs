//! Where records are in their segments, so that one of them is found without reading all before.

use std::fs::File;
use std::io::{BufReader, Read, Seek};

use super::record::{Head, Place};

/// Records from one mark to the next.
const EVERY: u64 = 256;

/// The places of some records of one segment.
#[derive(Clone, Debug)]
pub(super) struct Index {
    segment: u64,
    /// The offset of every 256th record.
    marks: Vec<u64>,
}

impl Index {
    pub(super) fn new(segment: u64) -> Self {
        Self { segment, marks: Vec::new() }
    }

    /// Notes where record `number` is. All of a segment are noted, in their order.
    pub(super) fn note(&mut self, number: u64, offset: u64) {
        if number.saturating_sub(self.segment).is_multiple_of(EVERY) {
            self.marks.push(offset);
        }
    }

    /// Goes through a whole segment from head to head, without reading what stands between.
    pub(super) fn build(segment: u64, file: &File) -> std::io::Result<Self> {
        let mut index = Self::new(segment);
        let mut reader = BufReader::new(file);
        let mut place = Place { segment, offset: 0 };
        let mut number = segment;
        while let Some(length) = pass(&mut reader, place)? {
            index.note(number, place.offset);
            number = number.saturating_add(1);
            place.offset = place.offset.saturating_add(length);
        }
        Ok(index)
    }

    /// The last record at or before `number` whose place is known, and its place.
    pub(super) fn before(&self, number: u64) -> (u64, Place) {
        let records = number.saturating_sub(self.segment);
        let wanted = usize::try_from(records / EVERY).unwrap_or(usize::MAX);
        let last = self.marks.len().saturating_sub(1);
        let mark = wanted.min(last);
        let offset = self.marks.get(mark).copied().unwrap_or(0);
        let passed = u64::try_from(mark).unwrap_or(0).saturating_mul(EVERY);
        (self.segment.saturating_add(passed), Place { segment: self.segment, offset })
    }
}

/// Passes over the record at `place`; its length, or `None` where there is none.
pub(super) fn pass(
    reader: &mut BufReader<impl Read + Seek>,
    place: Place,
) -> std::io::Result<Option<u64>> {
    let mut bytes = [0; 16];
    match reader.read_exact(&mut bytes) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let Some(length) = Head::parse(bytes, place).map(Head::record_length) else { return Ok(None) };
    let rest = length.saturating_sub(super::record::HEAD);
    reader.seek_relative(i64::try_from(rest).unwrap_or(i64::MAX))?;
    Ok(Some(length))
}

#[cfg(test)]
mod tests {
    use std::io::{Error, ErrorKind, SeekFrom};

    use super::*;

    /// A disk that gives nothing but an error.
    struct Failing(ErrorKind);

    impl Read for Failing {
        fn read(&mut self, _buffer: &mut [u8]) -> std::io::Result<usize> {
            Err(Error::from(self.0))
        }
    }

    impl Seek for Failing {
        fn seek(&mut self, _position: SeekFrom) -> std::io::Result<u64> {
            Ok(0)
        }
    }

    #[test]
    fn the_last_mark_before_a_record_is_where_reading_begins() {
        let mut index = Index::new(10);
        for number in 10..1_000 {
            index.note(number, number * 100);
        }
        let begins = |number| {
            let (first, Place { segment, offset }) = index.before(number);
            assert_eq!(segment, 10);
            (first, offset)
        };
        assert_eq!(begins(10), (10, 1_000));
        assert_eq!(begins(265), (10, 1_000));
        assert_eq!(begins(266), (266, 26_600));
        assert_eq!(begins(5_000), (778, 77_800));
    }

    #[test]
    fn a_disk_that_does_not_read_is_not_the_end_of_a_segment() {
        let place = Place { segment: 0, offset: 0 };
        let mut ended = BufReader::new(std::io::empty());
        assert_eq!(pass(&mut ended, place).unwrap(), None);
        let mut failing = BufReader::new(Failing(ErrorKind::Other));
        assert_eq!(pass(&mut failing, place).unwrap_err().kind(), ErrorKind::Other);
    }
}

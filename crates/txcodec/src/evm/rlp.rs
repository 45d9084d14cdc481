//! RLP, the encoding of Ethereum's transactions (Yellow Paper, appendix B). Only the one canonical
//! form of each value is read.

use primitives::Amount;

use crate::DecodeError;

/// The largest payload whose length stands in the first byte.
const MAX_SHORT: u8 = 55;
/// The first byte of an empty string.
const BYTES: u8 = 0x80;
/// The first byte of an empty list.
const LIST: u8 = 0xc0;

/// Appends a string of bytes.
pub(super) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    if !matches!(bytes, [0..BYTES]) {
        put_header(out, BYTES, bytes.len());
    }
    out.extend_from_slice(bytes);
}

/// Appends a number, big-endian in as few bytes as it needs.
pub(super) fn put_amount(out: &mut Vec<u8>, amount: Amount) {
    put_bytes(out, &amount.to_be_bytes_trimmed());
}

/// Appends a list, given the encodings of its items.
pub(super) fn put_list(out: &mut Vec<u8>, items: &[u8]) {
    put_header(out, LIST, items.len());
    out.extend_from_slice(items);
}

fn put_header(out: &mut Vec<u8>, first: u8, length: usize) {
    if let Ok(short @ 0..=MAX_SHORT) = u8::try_from(length) {
        out.push(first | short);
    } else {
        let length = Amount::from_be_slice(&length.to_be_bytes())
            .expect("a length has fewer than 32 bytes")
            .to_be_bytes_trimmed();
        let digits = u8::try_from(length.len()).expect("a length has fewer than 256 bytes");
        out.push((first | MAX_SHORT).saturating_add(digits));
        out.extend_from_slice(&length);
    }
}

/// Reads items one after another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

enum Item<'a> {
    Bytes(&'a [u8]),
    List(&'a [u8]),
}

impl<'a> Reader<'a> {
    /// Reads the items that stand in `bytes`, without a header round them.
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// True when every item has been read.
    pub(super) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next item, a string of bytes.
    pub(super) fn bytes(&mut self) -> Result<&'a [u8], DecodeError> {
        match self.item()? {
            Item::Bytes(bytes) => Ok(bytes),
            Item::List(_) => Err(DecodeError::Invalid("a list where bytes belong")),
        }
    }

    /// The next item, a list.
    pub(super) fn list(&mut self) -> Result<Self, DecodeError> {
        match self.item()? {
            Item::List(items) => Ok(Self::new(items)),
            Item::Bytes(_) => Err(DecodeError::Invalid("bytes where a list belongs")),
        }
    }

    /// The next item, a string of exactly `N` bytes.
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let wrong_length = |_| DecodeError::Invalid("an address or hash of another length");
        self.bytes()?.try_into().map_err(wrong_length)
    }

    /// The next item, a number of at most 256 bits.
    pub(super) fn amount(&mut self) -> Result<Amount, DecodeError> {
        match self.bytes()? {
            [0, ..] => Err(DecodeError::NotCanonical("a number with leading zeros")),
            bytes => {
                Amount::from_be_slice(bytes).ok_or(DecodeError::Invalid("a number above 256 bits"))
            }
        }
    }

    /// The next item, a number of at most 64 bits.
    pub(super) fn u64(&mut self) -> Result<u64, DecodeError> {
        self.amount()?.to_u64().ok_or(DecodeError::Invalid("a number above 64 bits"))
    }

    /// Ends the reading.
    pub(super) fn finish(self) -> Result<(), DecodeError> {
        if self.is_empty() { Ok(()) } else { Err(DecodeError::TrailingBytes) }
    }

    fn item(&mut self) -> Result<Item<'a>, DecodeError> {
        let first = *self.rest.first().ok_or(DecodeError::Truncated)?;
        if first < BYTES {
            return self.take(1).map(Item::Bytes);
        }
        self.take(1)?;
        let length = self.length(first & !LIST)?;
        let payload = self.take(length)?;
        match (first, payload) {
            (LIST.., _) => Ok(Item::List(payload)),
            (_, [0..BYTES]) => Err(DecodeError::NotCanonical("a header round a single byte")),
            (_, _) => Ok(Item::Bytes(payload)),
        }
    }

    /// The length of a payload, from the low six bits of its first byte and what follows them.
    fn length(&mut self, low_bits: u8) -> Result<usize, DecodeError> {
        let Some(digits) = low_bits.checked_sub(MAX_SHORT).filter(|digits| *digits > 0) else {
            return Ok(low_bits.into());
        };
        match self.take(digits.into())? {
            [0, ..] | [0..=MAX_SHORT] => {
                Err(DecodeError::NotCanonical("a length that is longer than it needs to be"))
            }
            digits => Amount::from_be_slice(digits)
                .and_then(Amount::to_u64)
                .and_then(|length| usize::try_from(length).ok())
                .ok_or(DecodeError::Truncated),
        }
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(DecodeError::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use primitives::decode_hex;

    use super::*;

    fn encoded(bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        put_bytes(&mut out, bytes);
        out
    }

    #[test]
    fn bytes_are_written_as_the_yellow_paper_says() {
        let header = |header: &str, length: usize| {
            [decode_hex(header).unwrap(), vec![0xaa; length]].concat()
        };
        assert_eq!(encoded(b""), [0x80]);
        assert_eq!(encoded(&[0x00]), [0x00]);
        assert_eq!(encoded(&[0x7f]), [0x7f]);
        assert_eq!(encoded(&[0x80]), [0x81, 0x80]);
        assert_eq!(encoded(b"dog"), b"\x83dog");
        for (head, length) in [("b7", 55), ("b838", 56), ("b8ff", 255), ("b90100", 256)] {
            assert_eq!(encoded(&vec![0xaa; length]), header(head, length));
            assert_eq!(Reader::new(&header(head, length)).bytes(), Ok(&*vec![0xaa; length]));
        }
    }

    #[test]
    fn lists_are_written_as_the_yellow_paper_says() {
        for (payload, head) in [(0, "c0"), (55, "f7"), (56, "f838"), (1024, "f90400")] {
            let mut out = Vec::new();
            put_list(&mut out, &vec![0x01; payload]);
            assert_eq!(out, [decode_hex(head).unwrap(), vec![0x01; payload]].concat());
            let mut items = Reader::new(&out).list().unwrap();
            assert_eq!(items.bytes().is_ok(), payload > 0);
        }
    }

    #[test]
    fn a_longer_form_than_the_shortest_is_refused() {
        let single = DecodeError::NotCanonical("a header round a single byte");
        let length = DecodeError::NotCanonical("a length that is longer than it needs to be");
        for (hex, error) in [
            ("8100", single.clone()),
            ("817f", single),
            ("b80180", length.clone()),
            ("b83700", length.clone()),
            ("b90038", length.clone()),
            ("f800", length.clone()),
            ("f90001", length),
        ] {
            let bytes = [decode_hex(hex).unwrap(), vec![0xff; 64]].concat();
            assert_eq!(Reader::new(&bytes).item().map(|_| ()), Err(error), "{hex}");
        }
    }

    #[test]
    fn a_length_beyond_the_end_is_refused() {
        for hex in
            ["", "81", "83aabb", "b8", "b838aa", "bfffffffffffffffff", "c1", "ffffffffffffffffff"]
        {
            let bytes = decode_hex(hex).unwrap();
            let error = Reader::new(&bytes).item().map(|_| ()).unwrap_err();
            assert_eq!(error, DecodeError::Truncated, "{hex}");
        }
    }

    #[test]
    fn a_number_has_one_form() {
        let number = |bytes: &[u8]| Reader::new(&encoded(bytes)).amount();
        assert_eq!(number(&[]), Ok(Amount::ZERO));
        assert_eq!(number(&[1, 0]), Ok(Amount::from(256_u64)));
        assert_eq!(number(&[0xff; 32]), Ok(Amount::MAX));
        assert_eq!(number(&[0]), Err(DecodeError::NotCanonical("a number with leading zeros")));
        assert_eq!(number(&[0, 1]), Err(DecodeError::NotCanonical("a number with leading zeros")));
        assert_eq!(number(&[1; 33]), Err(DecodeError::Invalid("a number above 256 bits")));
        let mut nine_bytes = Reader::new(b"\x89\x01\0\0\0\0\0\0\0\0");
        assert_eq!(nine_bytes.u64(), Err(DecodeError::Invalid("a number above 64 bits")));
    }
}

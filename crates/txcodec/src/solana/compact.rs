//! Lengths as Solana writes them: `compact-u16`, seven bits a byte, the lowest first, at most three
//! bytes, never more than the value needs.

use super::reader::Reader;
use crate::DecodeError;

/// Appends a length.
pub(super) fn write_length(mut length: usize, out: &mut Vec<u8>) {
    loop {
        let low = u8::try_from(length & 0x7f).expect("seven bits fit in a byte");
        length >>= 7;
        if length == 0 {
            out.push(low);
            return;
        }
        out.push(low | 0x80);
    }
}

/// Appends a length, and the bytes that have it.
pub(super) fn write_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    write_length(bytes.len(), out);
    out.extend_from_slice(bytes);
}

/// Reads a length.
pub(super) fn read_length(input: &mut Reader<'_>) -> Result<usize, DecodeError> {
    let mut length = 0_u32;
    for shift in [0, 7, 14] {
        let byte = input.byte()?;
        if byte == 0 && shift > 0 {
            return Err(DecodeError::NotCanonical("a length takes more bytes than it needs"));
        }
        length |= u32::from(byte & 0x7f).wrapping_shl(shift);
        if byte & 0x80 == 0 {
            return u16::try_from(length)
                .map(usize::from)
                .map_err(|_above| DecodeError::Invalid("a length above 65535"));
        }
    }
    Err(DecodeError::Invalid("a length of more than three bytes"))
}

/// Reads a length, and the bytes that have it.
pub(super) fn read_bytes<'a>(input: &mut Reader<'a>) -> Result<&'a [u8], DecodeError> {
    let length = read_length(input)?;
    input.take(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<usize, DecodeError> {
        let mut input = Reader::new(bytes);
        let length = read_length(&mut input)?;
        input.finish()?;
        Ok(length)
    }

    #[test]
    fn lengths_are_written_in_as_few_bytes_as_they_need() {
        let table: [(usize, &[u8]); 8] = [
            (0, &[0x00]),
            (1, &[0x01]),
            (0x7f, &[0x7f]),
            (0x80, &[0x80, 0x01]),
            (0x3fff, &[0xff, 0x7f]),
            (0x4000, &[0x80, 0x80, 0x01]),
            (0xc000, &[0x80, 0x80, 0x03]),
            (0xffff, &[0xff, 0xff, 0x03]),
        ];
        for (length, bytes) in table {
            let mut written = Vec::new();
            write_length(length, &mut written);
            assert_eq!(written, bytes, "{length}");
            assert_eq!(read(bytes), Ok(length));
        }
    }

    #[test]
    fn other_forms_of_a_length_are_refused() {
        let longer = DecodeError::NotCanonical("a length takes more bytes than it needs");
        let table: [(&[u8], DecodeError); 7] = [
            (&[], DecodeError::Truncated),
            (&[0x80], DecodeError::Truncated),
            (&[0x80, 0x00], longer.clone()),
            (&[0xff, 0x00], longer.clone()),
            (&[0x80, 0x80, 0x00], longer),
            (&[0xff, 0xff, 0x04], DecodeError::Invalid("a length above 65535")),
            (&[0x80, 0x80, 0x80, 0x01], DecodeError::Invalid("a length of more than three bytes")),
        ];
        for (bytes, error) in table {
            assert_eq!(read(bytes), Err(error), "{bytes:02x?}");
        }
    }
}

//! Hexadecimal text, lower case on the way out, either case on the way in, no prefix.

/// Why a text is not hexadecimal bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HexError {
    /// Two digits make a byte.
    #[error("an odd number of hexadecimal digits")]
    OddLength,
    /// Something other than `0-9a-fA-F`.
    #[error("a character that is not a hexadecimal digit")]
    NotHex,
}

/// Writes `bytes` as lower-case hexadecimal digits, without a prefix.
pub fn encode_hex(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 0x0f]).map(digit).collect()
}

/// Reads hexadecimal digits, without a prefix.
///
/// # Errors
/// When the number of digits is odd or one of them is none.
pub fn decode_hex(text: &str) -> Result<Vec<u8>, HexError> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return Err(HexError::OddLength);
    }
    pairs.iter().map(|[high, low]| Ok(value(*high)? << 4 | value(*low)?)).collect()
}

fn digit(nibble: u8) -> char {
    char::from_digit(u32::from(nibble), 16).expect("a nibble is below 16")
}

fn value(digit: u8) -> Result<u8, HexError> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
        .ok_or(HexError::NotHex)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_survive_the_round_trip() {
        assert_eq!(encode_hex(&[0x00, 0x0f, 0xf0, 0xff]), "000ff0ff");
        assert_eq!(decode_hex("000FF0fF"), Ok(vec![0x00, 0x0f, 0xf0, 0xff]));
        assert_eq!(decode_hex(""), Ok(vec![]));
    }

    #[test]
    fn what_is_not_hexadecimal_is_refused() {
        assert_eq!(decode_hex("0"), Err(HexError::OddLength));
        for text in ["0x", "+1", " 0", "0g", "é"] {
            assert_eq!(decode_hex(text), Err(HexError::NotHex), "{text}");
        }
    }
}

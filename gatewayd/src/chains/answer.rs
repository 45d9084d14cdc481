//! Reads what a node answers, strictly: whole numbers, known lengths, nothing guessed.

use std::fmt::Display;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use primitives::{Amount, decode_hex};
use serde_json::Value;

use super::ChainError;

/// The most bytes of one value in an answer.
const MAX_BYTES: usize = 1 << 20;

/// An answer, with the question that it belongs to.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Answer {
    method: &'static str,
    value: Value,
}

/// A part of an [`Answer`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Part<'a> {
    method: &'static str,
    value: &'a Value,
}

impl Answer {
    pub(super) const fn new(method: &'static str, value: Value) -> Self {
        Self { method, value }
    }

    /// The whole of it.
    pub(super) const fn whole(&self) -> Part<'_> {
        Part { method: self.method, value: &self.value }
    }
}

impl<'a> Part<'a> {
    /// The error that says what is wrong with it.
    pub(super) fn bad(self, reason: impl Display) -> ChainError {
        ChainError::BadAnswer { method: self.method, reason: reason.to_string() }
    }

    /// True for `null`.
    pub(super) fn is_null(self) -> bool {
        self.value.is_null()
    }

    /// The value itself, for a closer look.
    pub(super) const fn value(self) -> &'a Value {
        self.value
    }

    /// A field that must be there; it may be `null`.
    pub(super) fn field(self, name: &'static str) -> Result<Self, ChainError> {
        let value = self.value.get(name).ok_or_else(|| self.bad(format!("no {name}")))?;
        Ok(Self { method: self.method, value })
    }

    /// A field that may be missing, or `null`.
    pub(super) fn optional(self, name: &str) -> Option<Self> {
        let value = self.value.get(name).filter(|value| !value.is_null())?;
        Some(Self { method: self.method, value })
    }

    /// The items of a list.
    pub(super) fn items(self) -> Result<Vec<Self>, ChainError> {
        let items = self.value.as_array().ok_or_else(|| self.bad("not a list"))?;
        Ok(items.iter().map(|value| Self { method: self.method, value }).collect())
    }

    /// Exactly `N` items.
    pub(super) fn array<const N: usize>(self) -> Result<[Self; N], ChainError> {
        let items = self.items()?;
        <[Self; N]>::try_from(items)
            .map_err(|items| self.bad(format!("{} items instead of {N}", items.len())))
    }

    /// A text.
    pub(super) fn text(self) -> Result<&'a str, ChainError> {
        self.value.as_str().ok_or_else(|| self.bad("not a text"))
    }

    /// A whole number below 2^64, written as a JSON number (Solana).
    pub(super) fn number(self) -> Result<u64, ChainError> {
        self.value.as_u64().ok_or_else(|| self.bad("not a whole number below 2^64"))
    }

    /// A number below 2^256, written as `0x` and hexadecimal digits (Ethereum's "quantity").
    pub(super) fn quantity(self) -> Result<Amount, ChainError> {
        let digits = self.text()?.strip_prefix("0x").unwrap_or_default();
        let padded = format!("{digits:0>64}");
        if digits.is_empty() || padded.len() != 64 {
            return Err(self.bad("not a number of 1 to 64 hexadecimal digits"));
        }
        let bytes = decode_hex(&padded).map_err(|error| self.bad(error))?;
        Amount::from_be_slice(&bytes).ok_or_else(|| self.bad("a number above 256 bits"))
    }

    /// A quantity below 2^64.
    pub(super) fn small_quantity(self) -> Result<u64, ChainError> {
        self.quantity()?.to_u64().ok_or_else(|| self.bad("a number above 64 bits"))
    }

    /// Bytes, written as `0x` and hexadecimal digits (Ethereum's "data").
    pub(super) fn data(self) -> Result<Vec<u8>, ChainError> {
        let digits = self.text()?.strip_prefix("0x").ok_or_else(|| self.bad("data without 0x"))?;
        if digits.len() / 2 > MAX_BYTES {
            return Err(self.bad("more bytes than are read"));
        }
        decode_hex(digits).map_err(|error| self.bad(error))
    }

    /// An account's bytes, written as `[text, "base64"]` (Solana).
    pub(super) fn base64(self) -> Result<Vec<u8>, ChainError> {
        let [text, encoding] = self.array()?;
        if encoding.text()? != "base64" {
            return Err(self.bad("another encoding than base64"));
        }
        let text = text.text()?;
        if text.len() / 4 * 3 > MAX_BYTES {
            return Err(self.bad("more bytes than are read"));
        }
        STANDARD.decode(text).map_err(|error| self.bad(error))
    }
}

/// Readers of answers that are one value, for [`super::rpc::Rpc`].
pub(super) mod read {
    use primitives::Amount;

    use super::Part;
    use crate::chains::ChainError;

    pub(in crate::chains) fn quantity(part: Part<'_>) -> Result<Amount, ChainError> {
        part.quantity()
    }

    pub(in crate::chains) fn small_quantity(part: Part<'_>) -> Result<u64, ChainError> {
        part.small_quantity()
    }

    pub(in crate::chains) fn data(part: Part<'_>) -> Result<Vec<u8>, ChainError> {
        part.data()
    }
}

/// What may be shown of a text that a node or contract wrote: a readable length, no control
/// characters.
pub(super) fn readable(text: &str) -> String {
    const MAX_CHARACTERS: usize = 300;
    text.chars().filter(|character| !character.is_control()).take(MAX_CHARACTERS).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn number(part: Part<'_>) -> Result<u64, ChainError> {
        part.number()
    }

    fn base64(part: Part<'_>) -> Result<Vec<u8>, ChainError> {
        part.base64()
    }

    fn whole<T>(value: Value, read: fn(Part<'_>) -> Result<T, ChainError>) -> Result<T, String> {
        let answer = Answer::new("eth_test", value);
        read(answer.whole()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_quantity_is_hexadecimal_and_fits() {
        let largest = format!("0x{}", "f".repeat(64));
        for (value, expected) in [
            (json!("0x0"), Some(Amount::ZERO)),
            (json!("0xde0b6b3a7640000"), Some(Amount::from(1_000_000_000_000_000_000_u64))),
            (json!(largest), Some(Amount::MAX)),
            (json!(format!("{largest}0")), None),
            (json!("0x"), None),
            (json!("0x-1"), None),
            (json!("-0x1"), None),
            (json!("10"), None),
            (json!("0x1.8"), None),
            (json!("0X1"), None),
            (json!(""), None),
            (json!(10), None),
            (json!(null), None),
            (json!(["0x1"]), None),
        ] {
            assert_eq!(whole(value.clone(), read::quantity).ok(), expected, "{value}");
        }
        assert!(whole(json!("0x10000000000000000"), read::small_quantity).is_err());
    }

    #[test]
    fn a_number_is_whole_not_negative_and_fits() {
        for (text, expected) in [
            ("0", Some(0)),
            ("18446744073709551615", Some(u64::MAX)),
            ("18446744073709551616", None),
            ("-1", None),
            ("1.0", None),
            ("1e3", None),
            ("\"1\"", None),
            ("null", None),
        ] {
            let value = serde_json::from_str(text).unwrap();
            assert_eq!(whole(value, number).ok(), expected, "{text}");
        }
    }

    #[test]
    fn bytes_are_read_in_one_encoding_and_within_a_limit() {
        assert_eq!(whole(json!("0x00ff"), read::data), Ok(vec![0, 255]));
        assert_eq!(whole(json!("0x"), read::data), Ok(vec![]));
        assert!(whole(json!("00ff"), read::data).is_err());
        assert!(whole(json!("0x0"), read::data).is_err());
        assert!(whole(json!(format!("0x{}", "00".repeat(MAX_BYTES + 1))), read::data).is_err());
        assert_eq!(whole(json!(["AP8=", "base64"]), base64), Ok(vec![0, 255]));
        for value in [json!("AP8="), json!(["AP8=", "base58"]), json!(["?", "base64"])] {
            assert!(whole(value, base64).is_err());
        }
    }

    #[test]
    fn a_missing_field_is_named() {
        let answer = Answer::new("eth_test", json!({"a": null}));
        assert!(answer.whole().field("a").unwrap().is_null());
        assert!(answer.whole().optional("a").is_none());
        assert_eq!(
            answer.whole().field("b").unwrap_err().to_string(),
            "the RPC node's answer to eth_test makes no sense: no b"
        );
    }

    #[test]
    fn what_a_peer_wrote_is_shown_short_and_on_one_line() {
        assert_eq!(readable("a\nb\u{1b}[31mc"), "ab[31mc");
        assert_eq!(readable(&"x".repeat(1_000)).len(), 300);
    }
}

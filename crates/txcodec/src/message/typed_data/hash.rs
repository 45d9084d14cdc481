//! What is signed for typed data (EIP-712, "Definition of hashStruct").

use std::collections::BTreeMap;

use super::TypedData;
use super::types::Types;
use super::value::{Struct, Value};
use crate::hash::keccak256;

/// The digest of EIP-712: Keccak-256 of `0x1901`, the domain separator, the message's hash.
pub(super) fn digest(data: &TypedData) -> [u8; 32] {
    let hasher = Hasher::new(&data.types);
    let domain = hasher.hash_struct(&data.domain);
    let message = hasher.hash_struct(&data.message);
    keccak256(&[&[0x19, 0x01], &domain[..], &message].concat())
}

struct Hasher<'a> {
    type_hashes: BTreeMap<&'a str, [u8; 32]>,
}

impl<'a> Hasher<'a> {
    fn new(types: &'a Types) -> Self {
        let hash = |name| (name, keccak256(types.encode(name).as_bytes()));
        Self { type_hashes: types.structs().map(|(name, _fields)| hash(name)).collect() }
    }

    fn hash_struct(&self, value: &Struct) -> [u8; 32] {
        let name = value.name.as_str();
        let type_hash = self.type_hashes.get(name).expect("every type that is named is defined");
        let fields = value.fields.iter().map(|field| self.word(field));
        let words: Vec<_> = std::iter::once(*type_hash).chain(fields).collect();
        keccak256(words.as_flattened())
    }

    /// The `encodeData` of one value.
    fn word(&self, value: &Value) -> [u8; 32] {
        match value {
            Value::Unsigned(bytes) => low(0x00, bytes),
            Value::Signed(bytes) => {
                let negative = bytes.first().is_some_and(|first| *first > 0x7f);
                low(if negative { 0xff } else { 0x00 }, bytes)
            }
            Value::FixedBytes(bytes) => high(bytes),
            Value::Bytes(bytes) => keccak256(bytes),
            Value::List(values) | Value::FixedList(values) => {
                let words: Vec<_> = values.iter().map(|value| self.word(value)).collect();
                keccak256(words.as_flattened())
            }
            Value::Struct(value) => self.hash_struct(value),
        }
    }
}

/// A word that ends in `bytes`.
fn low(fill: u8, bytes: &[u8]) -> [u8; 32] {
    let mut word = [fill; 32];
    word.iter_mut().rev().zip(bytes.iter().rev()).for_each(|(to, from)| *to = *from);
    word
}

/// A word that begins with `bytes`.
fn high(bytes: &[u8]) -> [u8; 32] {
    let mut word = [0; 32];
    word.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    word
}

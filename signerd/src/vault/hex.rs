//! Bytes as hexadecimal text in the vault's JSON files.

use primitives::{decode_hex, encode_hex};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// `N` bytes that are hexadecimal text in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hex<const N: usize>([u8; N]);

impl<const N: usize> Hex<N> {
    /// These bytes.
    pub(super) const fn new(bytes: [u8; N]) -> Self {
        Self(bytes)
    }

    /// Bytes from the kernel's generator.
    pub(super) fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; N];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// The bytes.
    pub(super) const fn as_bytes(&self) -> &[u8; N] {
        &self.0
    }
}

impl<const N: usize> Serialize for Hex<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&encode_hex(&self.0))
    }
}

impl<'de, const N: usize> Deserialize<'de> for Hex<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = decode_hex(&String::deserialize(deserializer)?).map_err(de::Error::custom)?;
        let length = bytes.len();
        bytes
            .try_into()
            .map(Self)
            .map_err(|_other_length| de::Error::custom(format!("{length} bytes, expected {N}")))
    }
}

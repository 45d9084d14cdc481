//! Identifiers.

use std::fmt;
use std::str::FromStr;

use crate::{decode_hex, encode_hex};

/// Names a wallet, which is one key: a UUID of version 7 (RFC 9562), made by the signer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WalletId([u8; 16]);

/// The text is not a UUID in its usual form, lower or upper case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a UUID such as 01926f3c-7d4e-7abc-8def-0123456789ab")]
pub struct IdError;

impl WalletId {
    /// A UUID of version 7 from `unix_ms` (milliseconds since 1970) and ten random bytes.
    pub const fn new_v7(unix_ms: u64, random: [u8; 10]) -> Self {
        let [_, _, t0, t1, t2, t3, t4, t5] = unix_ms.to_be_bytes();
        let [r0, r1, r2, r3, r4, r5, r6, r7, r8, r9] = random;
        let (version, variant) = (r0 & 0x0f | 0x70, r2 & 0x3f | 0x80);
        Self([t0, t1, t2, t3, t4, t5, version, r1, variant, r3, r4, r5, r6, r7, r8, r9])
    }

    /// The identifier whose bytes these are.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The sixteen bytes, in network order.
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0
    }
}

impl fmt::Display for WalletId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = encode_hex(&self.0);
        let groups = [0..8, 8..12, 12..16, 16..20, 20..32];
        for (position, group) in groups.into_iter().enumerate() {
            let dash = if position == 0 { "" } else { "-" };
            write!(formatter, "{dash}{}", digits.get(group).unwrap_or_default())?;
        }
        Ok(())
    }
}

impl fmt::Debug for WalletId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl FromStr for WalletId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let groups: Vec<&str> = text.split('-').collect();
        if !groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12]) {
            return Err(IdError);
        }
        let bytes = decode_hex(&groups.concat()).map_err(|_not_hex| IdError)?;
        bytes.try_into().map(Self).map_err(|_length| IdError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_id_is_a_version_7_uuid() {
        // RFC 9562, appendix A.6.
        let random = [0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f];
        let id = WalletId::new_v7(0x017F_22E2_79B0, random);
        assert_eq!(id.to_string(), "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn other_texts_are_no_ids() {
        for text in [
            "",
            "017f22e279b07cc398c4dc0c0c07398f",
            "017f22e2-79b0-7cc3-98c4-dc0c0c07398",
            "017f22e2-79b0-7cc3-98c4-dc0c0c07398g",
            "{017f22e2-79b0-7cc3-98c4-dc0c0c07398f}",
            "../../../../../../../../../../../../",
        ] {
            assert_eq!(text.parse::<WalletId>(), Err(IdError), "{text}");
        }
    }
}

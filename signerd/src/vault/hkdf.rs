//! HKDF with SHA-256 (RFC 5869): keys of one use out of the master key.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// What was extracted from a secret and a salt.
pub(super) struct Extracted(Zeroizing<[u8; 32]>);

impl Extracted {
    /// HKDF-Extract.
    pub(super) fn new(salt: &[u8], secret: &[u8]) -> Self {
        Self(hmac(salt, &[secret]))
    }

    /// HKDF-Expand to 32 bytes, which are its first block.
    pub(super) fn expand(&self, purpose: &[u8]) -> Zeroizing<[u8; 32]> {
        hmac(self.0.as_slice(), &[purpose, &[1]])
    }
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> Zeroizing<[u8; 32]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length will do");
    for part in parts {
        mac.update(part);
    }
    Zeroizing::new(mac.finalize().into_bytes().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use primitives::decode_hex;

    #[test]
    fn keys_are_those_of_the_rfc() {
        // RFC 5869, appendices A.1 and A.3; of what they expand to, the first block.
        let (salt, info) = ("000102030405060708090a0b0c", "f0f1f2f3f4f5f6f7f8f9");
        let rows = [
            (salt, info, "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"),
            ("", "", "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"),
        ];
        for (salt, info, expected) in rows {
            let extracted = Extracted::new(&decode_hex(salt).unwrap(), &[0x0b; 22]);
            let key = extracted.expand(&decode_hex(info).unwrap());
            assert_eq!(key.as_slice(), decode_hex(expected).unwrap(), "{info}");
        }
    }
}

//! AES-256-GCM (NIST SP 800-38D) with random 96-bit nonces.

use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes256Gcm, KeyInit};
use serde::{Deserialize, Serialize};

use super::VaultError;
use super::hex::Hex;
use super::slots::SECRET_LENGTH;

/// The bytes were not sealed with this key and these associated data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the tag does not fit")]
pub(super) struct NotAuthentic;

/// A sealed secret of 32 bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sealed {
    pub(super) iv: Hex<12>,
    pub(super) ciphertext: Hex<SECRET_LENGTH>,
    pub(super) tag: Hex<16>,
}

impl Sealed {
    /// Opens the secret into `place`, which is left zero when that fails.
    pub(super) fn open_into(
        &self,
        key: &[u8; SECRET_LENGTH],
        associated: &[u8],
        place: &mut [u8; SECRET_LENGTH],
    ) -> Result<(), NotAuthentic> {
        *place = *self.ciphertext.as_bytes();
        let opened = open_in_place(key, &self.iv, associated, place, &self.tag);
        if opened.is_err() {
            place.fill(0);
        }
        opened
    }

    /// Seals what is in `secret`, which is overwritten by it.
    pub(super) fn close(
        key: &[u8; SECRET_LENGTH],
        associated: &[u8],
        secret: &mut [u8; SECRET_LENGTH],
    ) -> Result<Self, VaultError> {
        let (iv, tag) = seal_in_place(key, associated, secret)?;
        Ok(Self { iv, ciphertext: Hex::new(*secret), tag })
    }
}

/// Encrypts `buffer` where it stands; gives the nonce and the tag.
pub(super) fn seal_in_place(
    key: &[u8; SECRET_LENGTH],
    associated: &[u8],
    buffer: &mut [u8],
) -> Result<(Hex<12>, Hex<16>), VaultError> {
    let iv: Hex<12> = Hex::random()?;
    let tag = Aes256Gcm::new(key.into())
        .encrypt_inout_detached(iv.as_bytes().into(), associated, buffer.into())
        .expect("the buffer is below the limit of 64 GiB");
    Ok((iv, Hex::new(tag.into())))
}

/// Checks and decrypts `buffer` where it stands.
pub(super) fn open_in_place(
    key: &[u8; SECRET_LENGTH],
    iv: &Hex<12>,
    associated: &[u8],
    buffer: &mut [u8],
    tag: &Hex<16>,
) -> Result<(), NotAuthentic> {
    Aes256Gcm::new(key.into())
        .decrypt_inout_detached(
            iv.as_bytes().into(),
            associated,
            buffer.into(),
            tag.as_bytes().into(),
        )
        .map_err(|_aead| NotAuthentic)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; SECRET_LENGTH] = [1; SECRET_LENGTH];
    const SECRET: [u8; SECRET_LENGTH] = [2; SECRET_LENGTH];

    fn sealed() -> Sealed {
        let mut buffer = SECRET;
        let sealed = Sealed::close(&KEY, b"label", &mut buffer).unwrap();
        assert_ne!(buffer, SECRET);
        sealed
    }

    #[test]
    fn a_sealed_secret_opens_with_its_key_and_label_alone() {
        let sealed = sealed();
        let rows = [
            (KEY, "label", Ok(()), SECRET),
            ([3; SECRET_LENGTH], "label", Err(NotAuthentic), [0; SECRET_LENGTH]),
            (KEY, "other", Err(NotAuthentic), [0; SECRET_LENGTH]),
        ];
        for (key, label, expected, left) in rows {
            let mut place = [9; SECRET_LENGTH];
            assert_eq!(sealed.open_into(&key, label.as_bytes(), &mut place), expected);
            assert_eq!(place, left);
        }
    }

    #[test]
    fn every_bit_of_a_seal_counts() {
        let sealed = sealed();
        let changed = [
            Sealed { iv: flipped(sealed.iv), ..sealed.clone() },
            Sealed { ciphertext: flipped(sealed.ciphertext), ..sealed.clone() },
            Sealed { tag: flipped(sealed.tag), ..sealed },
        ];
        for sealed in changed {
            let mut place = [9; SECRET_LENGTH];
            assert_eq!(sealed.open_into(&KEY, b"label", &mut place), Err(NotAuthentic));
            assert_eq!(place, [0; SECRET_LENGTH]);
        }
    }

    #[test]
    fn no_nonce_is_used_twice() {
        assert_ne!(sealed().iv, sealed().iv);
    }

    fn flipped<const N: usize>(bytes: Hex<N>) -> Hex<N> {
        let mut bytes = *bytes.as_bytes();
        bytes[N - 1] ^= 1;
        Hex::new(bytes)
    }
}

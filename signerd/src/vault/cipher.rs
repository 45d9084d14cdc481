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

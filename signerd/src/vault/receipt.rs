//! Signatures on receipts: by a key of the signer's own, which is no wallet's.

use ed25519_dalek::{Signer, SigningKey};
use hmac::{Hmac, KeyInit, Mac};
use protocol::journal::{Receipt, Record};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::slots::SECRET_LENGTH;
use super::{Vault, VaultError};

/// What the master key is used for here, and nowhere else: AES-GCM seals take it as their key.
const PURPOSE: &[u8] = b"WAIaaS receipt key, version 1";

impl Vault {
    /// Signs that the record stands in the journal of `instance` behind the hash `before`. The key
    /// (Ed25519, RFC 8032) has the seed HMAC-SHA-256(master key, purpose): it is the same after a
    /// restore, and lives as long as this call.
    ///
    /// # Errors
    /// When the vault is not open.
    pub fn receipt(
        &mut self,
        instance: [u8; 16],
        before: [u8; 32],
        record: Record,
    ) -> Result<Receipt, VaultError> {
        let open = self.open.as_ref().ok_or_else(|| self.not_open())?;
        let signed = Receipt::signed_bytes(instance, record.hash);
        let (public_key, signature) = self.slots.read(open.master, |master| {
            let key = SigningKey::from_bytes(&seed(master));
            (key.verifying_key().to_bytes(), key.sign(&signed).to_bytes())
        });
        Ok(Receipt { instance, before, record, public_key, signature })
    }
}

fn seed(master: &[u8; SECRET_LENGTH]) -> Zeroizing<[u8; SECRET_LENGTH]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(master).expect("a key of any length will do");
    mac.update(PURPOSE);
    Zeroizing::new(mac.finalize().into_bytes().into())
}

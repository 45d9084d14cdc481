//! Links for owners: who has one may read what the owners of one wallet are asked about one
//! transaction, and what becomes of it, and nothing else.
//!
//! A link's right is a keyed digest of the transaction's id, so that nothing is stored for it and
//! the same transaction always has the same link.

use std::fmt;
use std::sync::{PoisonError, RwLock};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::store::TransactionId;

/// What the digest is for, so that it is nothing else.
const PURPOSE: &[u8] = b"WAIaaS right to read an approval\n";
/// Bytes of a right: it cannot be guessed, and is short enough for a telephone.
const LENGTH: usize = 16;

/// The secret that links are made with.
pub struct LinkKey(RwLock<[u8; 32]>);

impl LinkKey {
    /// The key with these secret bytes.
    pub fn new(secret: [u8; 32]) -> Self {
        Self(RwLock::new(secret))
    }

    /// Takes over another secret; links made with the old one lead nowhere from now on.
    pub fn replace(&self, secret: [u8; 32]) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = secret;
    }

    /// The right to read about a transaction: 22 characters of base64url.
    pub fn right(&self, id: TransactionId) -> String {
        BASE64.encode(self.digest(id))
    }

    /// Whether this is the right to read about that transaction.
    pub fn is_right(&self, id: TransactionId, given: &str) -> bool {
        BASE64.decode(given).is_ok_and(|given| self.digest(id).ct_eq(&given).into())
    }

    fn digest(&self, id: TransactionId) -> [u8; LENGTH] {
        let key = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mac = Hmac::<Sha256>::new_from_slice(&*key).expect("HMAC takes keys of every length");
        let whole: [u8; 32] =
            mac.chain_update(PURPOSE).chain_update(id.to_bytes()).finalize().into_bytes().into();
        let mut digest = [0; LENGTH];
        digest.copy_from_slice(&whole[..LENGTH]);
        digest
    }
}

impl fmt::Debug for LinkKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("LinkKey")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::clock::Clock;

    fn id() -> TransactionId {
        TransactionId::new(&Clock::system())
    }

    #[test]
    fn a_right_is_for_one_transaction_and_one_key() {
        let (key, id) = (LinkKey::new([1; 32]), id());
        let right = key.right(id);
        assert_eq!((right.len(), key.right(id)), (22, right.clone()));
        assert!(key.is_right(id, &right));
        assert!(!key.is_right(self::id(), &right), "of another transaction");
        key.replace([2; 32]);
        assert!(!key.is_right(id, &right), "of another key");
    }

    proptest! {
        #[test]
        fn nothing_else_is_a_right(text in ".{0,40}", place in 0_usize..22, by in 1_u8..64) {
            let (key, id) = (LinkKey::new([1; 32]), id());
            let right = key.right(id);
            prop_assert!(!key.is_right(id, &text));
            prop_assert!(!key.is_right(id, &right[..place]));
            let mut changed = right.clone().into_bytes();
            let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
            let at = alphabet.iter().position(|known| *known == changed[place]).unwrap();
            changed[place] = alphabet[(at + usize::from(by)) % 64];
            prop_assert!(!key.is_right(id, &String::from_utf8(changed).unwrap()));
        }
    }
}

//! Links for owners: who has one may read what owners are asked about one transaction, or about one
//! session that an agent asks for, and what becomes of it, and nothing else.
//!
//! A link's right is a keyed digest of what it is about, so that nothing is stored for it and the same
//! thing always has the same link.

use std::fmt;
use std::sync::{PoisonError, RwLock};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::store::{SessionRequestId, TransactionId};

/// Bytes of a right: it cannot be guessed, and is short enough for a telephone.
const LENGTH: usize = 16;

/// What a link leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// What owners are asked about a transaction.
    Approval(TransactionId),
    /// A session that an agent asks for.
    SessionRequest(SessionRequestId),
}

impl Subject {
    /// What the digest is for, so that a link for one kind of thing never opens another.
    const fn purpose(self) -> &'static [u8] {
        match self {
            Self::Approval(_) => b"WAIaaS right to read an approval\n",
            Self::SessionRequest(_) => b"WAIaaS right to read a session request\n",
        }
    }

    fn id(self) -> [u8; 16] {
        match self {
            Self::Approval(id) => id.to_bytes(),
            Self::SessionRequest(id) => id.to_bytes(),
        }
    }
}

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

    /// The right to read about it: 22 characters of base64url.
    pub fn right(&self, subject: Subject) -> String {
        BASE64.encode(self.digest(subject))
    }

    /// Whether this is the right to read about it.
    pub fn is_right(&self, subject: Subject, given: &str) -> bool {
        BASE64.decode(given).is_ok_and(|given| self.digest(subject).ct_eq(&given).into())
    }

    fn digest(&self, subject: Subject) -> [u8; LENGTH] {
        let key = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mac = Hmac::<Sha256>::new_from_slice(&*key).expect("HMAC takes keys of every length");
        let mac = mac.chain_update(subject.purpose()).chain_update(subject.id());
        let whole: [u8; 32] = mac.finalize().into_bytes().into();
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

    fn approval() -> Subject {
        Subject::Approval(TransactionId::new(&Clock::system()))
    }

    #[test]
    fn a_right_is_for_one_transaction_and_one_key() {
        let (key, subject) = (LinkKey::new([1; 32]), approval());
        let right = key.right(subject);
        assert_eq!((right.len(), key.right(subject)), (22, right.clone()));
        assert!(key.is_right(subject, &right));
        assert!(!key.is_right(approval(), &right), "of another transaction");
        key.replace([2; 32]);
        assert!(!key.is_right(subject, &right), "of another key");
    }

    #[test]
    fn a_link_to_one_kind_of_thing_opens_no_other_of_the_same_id() {
        let key = LinkKey::new([1; 32]);
        let id = TransactionId::new(&Clock::system());
        let approval = Subject::Approval(id);
        let request = Subject::SessionRequest(id.to_string().parse().unwrap());
        assert_eq!(approval.id(), request.id());
        assert!(key.is_right(request, &key.right(request)));
        assert!(!key.is_right(request, &key.right(approval)));
        assert!(!key.is_right(approval, &key.right(request)));
    }

    proptest! {
        #[test]
        fn nothing_else_is_a_right(text in ".{0,40}", place in 0_usize..22, by in 1_u8..64) {
            let (key, subject) = (LinkKey::new([1; 32]), approval());
            let right = key.right(subject);
            prop_assert!(!key.is_right(subject, &text));
            prop_assert!(!key.is_right(subject, &right[..place]));
            let mut changed = right.clone().into_bytes();
            let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
            let at = alphabet.iter().position(|known| *known == changed[place]).unwrap();
            changed[place] = alphabet[(at + usize::from(by)) % 64];
            prop_assert!(!key.is_right(subject, &String::from_utf8(changed).unwrap()));
        }
    }
}

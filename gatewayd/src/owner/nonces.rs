//! Nonces that owners sign. One that was used is used for good.
//!
//! A nonce says itself until when it can be used and proves by a tag that it was made here, so that
//! asking for many fills nothing. Those that were used are remembered until they are over anyway. The
//! key is made anew with each start: what was signed before it says nothing afterwards.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use primitives::{decode_hex, encode_hex};
use sha2::Sha256;

use crate::clock::UnixSeconds;
use crate::session::random_bytes;

/// How long a nonce can be used.
const NONCE_LIFETIME: Duration = Duration::from_mins(5);
/// The most used nonces that are remembered; owners sign by hand.
const MOST_USED: usize = 65_536;
/// Big-endian Unix seconds from which on it is void, then what makes it unlike others.
const BODY: usize = 16;
/// The beginning of an HMAC-SHA-256 over the body.
const TAG: usize = 16;

/// Makes nonces and takes each back once.
pub struct Nonces {
    key: [u8; 32],
    used: Mutex<BTreeSet<Body>>,
}

/// In the order in which they are over.
type Body = [u8; BODY];

/// Sixty-four hexadecimal digits, lower case, and until when they can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nonce {
    /// The digits.
    pub text: String,
    /// From then on it is void.
    pub expires_at: UnixSeconds,
}

/// Why a nonce cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NonceError {
    /// It was not made here, or before the last start.
    #[error("the nonce is not one of this gateway; GET /v1/nonce gives one")]
    Foreign,
    /// It is over.
    #[error("the nonce is over; get a new one with GET /v1/nonce and sign anew")]
    Expired,
    /// It was used.
    #[error("the nonce was used before; get a new one with GET /v1/nonce and sign anew")]
    Used,
    /// So many were used that another one could not be remembered.
    #[error("too many nonces were used in the last minutes; wait a few and sign anew")]
    TooMany,
}

impl Nonces {
    /// Those of one run of the program.
    pub fn new() -> Self {
        Self { key: random_bytes(), used: Mutex::default() }
    }

    /// A new one.
    pub fn issue(&self, now: UnixSeconds) -> Nonce {
        let expires_at = now.plus(NONCE_LIFETIME);
        let mut body = [0; BODY];
        let (end, random) = body.split_at_mut(8);
        end.copy_from_slice(&expires_at.get().to_be_bytes());
        random.copy_from_slice(&random_bytes::<8>());
        let tag = self.mac(&body).finalize().into_bytes();
        let bytes: Vec<u8> = body.iter().chain(tag.iter().take(TAG)).copied().collect();
        Nonce { text: encode_hex(&bytes), expires_at }
    }

    /// Whether a nonce could be used now.
    ///
    /// # Errors
    /// When it was not made here, is over, or was used.
    pub fn check(&self, text: &str, now: UnixSeconds) -> Result<(), NonceError> {
        let body = self.read(text, now)?;
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if used.contains(&body) { Err(NonceError::Used) } else { Ok(()) }
    }

    /// Uses a nonce up.
    ///
    /// # Errors
    /// As [`Self::check`], and when it could not be remembered.
    pub fn take(&self, text: &str, now: UnixSeconds) -> Result<(), NonceError> {
        let body = self.read(text, now)?;
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        // Those that begin with an earlier second, or this one, are void by themselves.
        let mut first = [0; BODY];
        if let Some(end) = first.first_chunk_mut() {
            *end = now.plus(Duration::from_secs(1)).get().to_be_bytes();
        }
        *used = used.split_off(&first);
        if used.len() >= MOST_USED {
            return Err(NonceError::TooMany);
        }
        if used.insert(body) { Ok(()) } else { Err(NonceError::Used) }
    }

    fn read(&self, text: &str, now: UnixSeconds) -> Result<Body, NonceError> {
        if !is_nonce(text) {
            return Err(NonceError::Foreign);
        }
        let bytes = decode_hex(text).map_err(|_odd| NonceError::Foreign)?;
        let (body, tag) = bytes.split_first_chunk::<BODY>().ok_or(NonceError::Foreign)?;
        let mac = self.mac(body);
        mac.verify_truncated_left(tag).map_err(|_other| NonceError::Foreign)?;
        let end = body.first_chunk().map_or(0, |end| i64::from_be_bytes(*end));
        if UnixSeconds::new(end) <= now { Err(NonceError::Expired) } else { Ok(*body) }
    }

    fn mac(&self, body: &[u8]) -> Hmac<Sha256> {
        let mac = Hmac::<Sha256>::new_from_slice(&self.key);
        mac.expect("HMAC takes keys of any length").chain_update(body)
    }
}

impl Default for Nonces {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Nonces {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Nonces")
    }
}

/// Whether the text has a nonce's form: one form a nonce, so that none is used twice.
pub fn is_nonce(text: &str) -> bool {
    let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.len() == (BODY + TAG) * 2 && text.bytes().all(digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixSeconds = UnixSeconds::new(1_800_000_000);
    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_nonce_is_used_once_until_its_last_second() {
        let nonces = Nonces::new();
        let nonce = nonces.issue(NOW);
        let last = nonce.expires_at.minus(SECOND);
        assert_eq!(nonces.check(&nonce.text, nonce.expires_at), Err(NonceError::Expired));
        assert_eq!(nonces.take(&nonce.text, nonce.expires_at), Err(NonceError::Expired));
        assert_eq!(nonces.check(&nonce.text, last), Ok(()));
        assert_eq!(nonces.take(&nonce.text, last), Ok(()));
        assert_eq!(nonces.take(&nonce.text, last), Err(NonceError::Used));
        assert_eq!(nonces.take(&nonce.text, NOW), Err(NonceError::Used), "nor by an older clock");
        assert_eq!(nonces.check(&nonce.text, last), Err(NonceError::Used));
        assert_eq!(nonces.take(&nonces.issue(NOW).text, NOW), Ok(()));
    }

    #[test]
    fn those_that_are_over_are_forgotten_and_the_others_are_not() {
        let nonces = Nonces::new();
        let early = nonces.issue(NOW);
        let late = nonces.issue(NOW.plus(10 * SECOND));
        nonces.take(&early.text, NOW).unwrap();
        nonces.take(&late.text, NOW).unwrap();
        nonces.take(&nonces.issue(early.expires_at).text, early.expires_at).unwrap();
        assert_eq!(nonces.used.lock().unwrap().len(), 2);
        assert_eq!(nonces.take(&late.text, early.expires_at), Err(NonceError::Used));
    }

    #[test]
    fn what_was_made_elsewhere_or_altered_is_foreign() {
        let nonces = Nonces::new();
        let nonce = nonces.issue(NOW).text;
        assert_eq!(Nonces::new().take(&nonce, NOW), Err(NonceError::Foreign));
        for at in 0..nonce.len() {
            for digit in ['0', '7', 'f', 'F', ' '] {
                let mut altered = nonce.clone();
                altered.replace_range(at..=at, &digit.to_string());
                if altered != nonce {
                    assert_eq!(nonces.take(&altered, NOW), Err(NonceError::Foreign), "{altered}");
                }
            }
            let cut = nonce.get(..at).unwrap();
            assert_eq!(nonces.take(cut, NOW), Err(NonceError::Foreign));
        }
        for odd in [nonce.to_uppercase(), format!("{nonce}00"), format!("0x{nonce}")] {
            assert_eq!(nonces.take(&odd, NOW), Err(NonceError::Foreign), "{odd}");
        }
        assert_eq!(nonces.take(&nonce, NOW), Ok(()), "the one itself is still good");
    }
}

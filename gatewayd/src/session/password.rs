//! The master password over HTTP: what is kept of it, and how guessing it is slowed down.
//!
//! It is the gateway's own and opens no key: nothing that it allows loosens anything in the signer.

use std::fmt;
use std::time::Duration;

use argon2::{Algorithm, Argon2, Params, Version};
use hmac::{Hmac, KeyInit, Mac};
use primitives::{decode_hex, encode_hex};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use tokio::sync::Mutex;

use super::random_bytes;
use crate::clock::{Clock, Deadline};

/// The fewest characters of a password.
pub const MIN_CHARACTERS: usize = 12;
/// The most bytes of a password that are looked at.
const MAX_BYTES: usize = 1024;
/// Wrong passwords in a row that cost nothing.
const FREE_FAILURES: u32 = 4;
/// The longest time for which no password is looked at.
const MAX_BACK_OFF: Duration = Duration::from_mins(5);

/// What is kept of a password: Argon2id (RFC 9106), with what it takes to repeat it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PasswordHash {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: String,
    hash: String,
}

/// How much work a guess is.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
}

impl Cost {
    /// For installations: tens of milliseconds, once after a start.
    pub const DEFAULT: Self = Self { memory_kib: 65_536, passes: 3 };
}

/// The password that is valid now, and what was tried.
pub struct MasterPassword {
    clock: Clock,
    /// Keys the digest below, so that it is worth nothing outside of this process.
    digest_key: [u8; 32],
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    hash: Option<PasswordHash>,
    /// The right password's digest, once somebody knew it.
    digest: Option<[u8; 32]>,
    failures: u32,
    closed_until: Option<Deadline>,
}

/// Why a password does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// It is another one.
    #[error("the master password is wrong")]
    Wrong,
    /// There is none.
    #[error("no master password is set")]
    NotSet,
    /// Too many wrong ones: none is looked at for a while.
    #[error("too many wrong master passwords; none is looked at for {retry_after_seconds} s")]
    Closed {
        /// Whole seconds, at least one.
        retry_after_seconds: u64,
    },
    /// It cannot be one.
    #[error(
        "a master password has at least {MIN_CHARACTERS} characters and at most {MAX_BYTES} bytes"
    )]
    TooShort,
    /// Argon2 does not work with these costs.
    #[error("the costs of the password's derivation are out of range")]
    Cost,
}

impl PasswordHash {
    /// Derives what is kept of `password`. Takes as long as `cost` says: not on a thread that
    /// serves requests.
    ///
    /// # Errors
    /// When the password is too short or too long.
    pub fn derive(password: &str, cost: Cost) -> Result<Self, PasswordError> {
        if password.chars().count() < MIN_CHARACTERS || password.len() > MAX_BYTES {
            return Err(PasswordError::TooShort);
        }
        let (memory_kib, passes, lanes) = (cost.memory_kib, cost.passes, 1);
        let salt = encode_hex(&random_bytes::<16>());
        let mut hash = Self { memory_kib, passes, lanes, salt, hash: String::new() };
        hash.hash = encode_hex(&hash.repeat(password).ok_or(PasswordError::Cost)?);
        Ok(hash)
    }

    fn matches(&self, password: &str) -> bool {
        let found = self.repeat(password);
        let expected = decode_hex(&self.hash).ok();
        found.zip(expected).is_some_and(|(found, expected)| found.ct_eq(&expected).into())
    }

    fn repeat(&self, password: &str) -> Option<[u8; 32]> {
        let params = Params::new(self.memory_kib, self.passes, self.lanes, Some(32)).ok()?;
        let salt = decode_hex(&self.salt).ok()?;
        let mut out = [0; 32];
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(password.as_bytes(), &salt, &mut out)
            .ok()?;
        Some(out)
    }
}

impl MasterPassword {
    /// Starts with what the database keeps.
    pub fn new(clock: Clock, hash: Option<PasswordHash>) -> Self {
        let state = State { hash, ..State::default() };
        Self { clock, digest_key: random_bytes(), state: Mutex::new(state) }
    }

    /// Whether there is a password at all.
    pub async fn is_set(&self) -> bool {
        self.state.lock().await.hash.is_some()
    }

    /// Takes over a new password's hash, or that there is no password any more; the old one is nothing
    /// from now on.
    pub async fn replace(&self, hash: Option<PasswordHash>) {
        *self.state.lock().await = State { hash, ..State::default() };
    }

    /// Whether `password` is the one. Guesses are looked at one after the other, and after some
    /// wrong ones not at all for a time that doubles with each; the right one ends that.
    ///
    /// # Errors
    /// When it is not, or is not looked at.
    pub async fn check(&self, password: &str) -> Result<(), PasswordError> {
        let mut state = self.state.lock().await;
        self.check_open(&state)?;
        let hash = state.hash.clone().ok_or(PasswordError::NotSet)?;
        let digest = self.digest(password);
        let right = match state.digest {
            Some(known) => known.ct_eq(&digest).into(),
            None => derive_and_compare(hash, password.to_owned()).await,
        };
        if right {
            state.digest = Some(digest);
            state.failures = 0;
            state.closed_until = None;
            Ok(())
        } else {
            self.count_failure(&mut state);
            Err(PasswordError::Wrong)
        }
    }

    fn check_open(&self, state: &State) -> Result<(), PasswordError> {
        match state.closed_until.map(|deadline| self.clock.until(deadline)) {
            Some(left) if !left.is_zero() => {
                let retry_after_seconds = left.as_secs().saturating_add(1);
                Err(PasswordError::Closed { retry_after_seconds })
            }
            Some(_) | None => Ok(()),
        }
    }

    fn count_failure(&self, state: &mut State) {
        state.failures = state.failures.saturating_add(1);
        if let Some(doublings) = state.failures.checked_sub(FREE_FAILURES.saturating_add(1)) {
            let seconds = 1_u64.checked_shl(doublings.min(32)).unwrap_or(u64::MAX);
            let back_off = Duration::from_secs(seconds).min(MAX_BACK_OFF);
            state.closed_until = Some(self.clock.deadline(back_off));
            tracing::warn!(failures = state.failures, ?back_off, "wrong master passwords");
        }
    }

    fn digest(&self, password: &str) -> [u8; 32] {
        Hmac::<Sha256>::new_from_slice(&self.digest_key)
            .expect("HMAC takes keys of any length")
            .chain_update(password.as_bytes())
            .finalize()
            .into_bytes()
            .into()
    }
}

async fn derive_and_compare(hash: PasswordHash, password: String) -> bool {
    let compare = move || password.len() <= MAX_BYTES && hash.matches(&password);
    tokio::task::spawn_blocking(compare).await.unwrap_or(false)
}

impl fmt::Debug for MasterPassword {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("MasterPassword")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{ClockSetter, UnixSeconds};

    const CHEAP: Cost = Cost { memory_kib: 8, passes: 1 };
    const RIGHT: &str = "correct horse battery";

    fn guarded() -> (MasterPassword, ClockSetter) {
        let (clock, setter) = Clock::settable(UnixSeconds::new(1_000));
        let hash = PasswordHash::derive(RIGHT, CHEAP).unwrap();
        (MasterPassword::new(clock, Some(hash)), setter)
    }

    #[test]
    fn a_hash_survives_being_stored_and_fits_its_password_alone() {
        let hash = PasswordHash::derive(RIGHT, CHEAP).unwrap();
        let stored = serde_json::to_string(&hash).unwrap();
        assert!(!stored.contains(RIGHT));
        let hash: PasswordHash = serde_json::from_str(&stored).unwrap();
        assert!(hash.matches(RIGHT));
        for wrong in ["", "correct horse batter", "correct horse battery ", "CORRECT HORSE BATTERY"]
        {
            assert!(!hash.matches(wrong), "{wrong}");
        }
        assert_ne!(hash, PasswordHash::derive(RIGHT, CHEAP).unwrap(), "a salt of its own");
    }

    #[test]
    fn short_and_endless_passwords_are_refused() {
        for password in ["", "elevenchars", "äöüäöüäöüäö", &"x".repeat(1025)] {
            assert_eq!(PasswordHash::derive(password, CHEAP), Err(PasswordError::TooShort));
        }
        assert!(PasswordHash::derive("äöüäöüäöüäöü", CHEAP).is_ok());
    }

    #[tokio::test]
    async fn without_a_password_none_is_right() {
        let master = MasterPassword::new(Clock::system(), None);
        assert_eq!(master.check("").await, Err(PasswordError::NotSet));
        assert_eq!(master.check(RIGHT).await, Err(PasswordError::NotSet));
    }

    #[tokio::test]
    async fn guessing_is_slowed_down_and_the_right_password_waits_too() {
        let (master, clock) = guarded();
        for _free in 0..FREE_FAILURES {
            assert_eq!(master.check("wrong").await, Err(PasswordError::Wrong));
        }
        assert_eq!(master.check(RIGHT).await, Ok(()), "it forgives");
        for _free in 0..FREE_FAILURES {
            assert_eq!(master.check("wrong").await, Err(PasswordError::Wrong));
        }
        for seconds in [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300] {
            assert_eq!(master.check("wrong").await, Err(PasswordError::Wrong));
            let closed = master.check(RIGHT).await;
            assert!(matches!(closed, Err(PasswordError::Closed { .. })), "{seconds}");
            clock.advance(Duration::from_secs(seconds - 1));
            let closed = master.check(RIGHT).await;
            assert!(matches!(closed, Err(PasswordError::Closed { .. })), "{seconds}");
            clock.advance(Duration::from_secs(1));
        }
        assert_eq!(master.check(RIGHT).await, Ok(()));
    }

    #[tokio::test]
    async fn a_new_password_ends_the_old_one() {
        let (master, _clock) = guarded();
        assert_eq!(master.check(RIGHT).await, Ok(()));
        let hash = PasswordHash::derive("another horse battery", CHEAP).unwrap();
        master.replace(Some(hash)).await;
        assert_eq!(master.check(RIGHT).await, Err(PasswordError::Wrong));
        assert_eq!(master.check("another horse battery").await, Ok(()));
    }
}

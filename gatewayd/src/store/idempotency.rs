//! The table `idempotency`: which request became which transaction.

use std::fmt;
use std::time::Duration;

use rusqlite::OptionalExtension;

use super::column::word;
use super::{Reading, SessionId, StoreError, TransactionId, Writing};
use crate::clock::UnixSeconds;

/// How long what is over stays: a request that came before may still be on its way to the database.
const MEMORY: Duration = Duration::from_mins(10);

/// What a client calls a request, so that it may repeat it.
#[derive(Clone, PartialEq, Eq)]
pub struct IdempotencyKey(String);

/// The text cannot be a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an idempotency key is 1 to 255 printable ASCII characters")]
pub struct IdempotencyKeyError;

/// What a key stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remembered {
    /// SHA-256 of what was asked with it.
    pub request_digest: [u8; 32],
    /// What became of it.
    pub transaction: TransactionId,
}

impl IdempotencyKey {
    /// The key that a client sent.
    ///
    /// # Errors
    /// When it is empty, too long, or has other characters than printable ASCII.
    pub fn from_client(text: &str) -> Result<Self, IdempotencyKeyError> {
        let printable = text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
        if text.is_empty() || text.len() > 255 || !printable {
            return Err(IdempotencyKeyError);
        }
        Ok(Self(format!("client:{text}")))
    }

    /// The key of a request that came without one: the request itself.
    pub fn from_request(digest: [u8; 32]) -> Self {
        Self(format!("request:{}", primitives::encode_hex(&digest)))
    }
}

impl fmt::Debug for IdempotencyKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("IdempotencyKey")
    }
}

impl Reading<'_> {
    /// What the session's key stands for at `now`.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn remembered(
        &self,
        session: SessionId,
        key: &IdempotencyKey,
        now: UnixSeconds,
    ) -> Result<Option<Remembered>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT body_digest, transaction_id FROM idempotency
             WHERE session_id = ? AND key = ? AND expires_at > ?",
        )?;
        let found = statement
            .query_row((session.to_string(), &key.0, now.get()), |row| {
                let request_digest = row.get("body_digest")?;
                Ok(word(row, "transaction_id")
                    .map(|transaction| Remembered { request_digest, transaction }))
            })
            .optional()?;
        found.transpose()
    }
}

impl Writing<'_> {
    /// Lets the session's key stand for a transaction until `expires_at`, whatever it stood for
    /// before, and forgets what was over [`MEMORY`] before `now`.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn remember(
        &self,
        session: SessionId,
        key: &IdempotencyKey,
        remembered: Remembered,
        (now, expires_at): (UnixSeconds, UnixSeconds),
    ) -> Result<(), StoreError> {
        let connection = self.0.0;
        connection
            .prepare_cached("DELETE FROM idempotency WHERE expires_at <= ?")?
            .execute([now.minus(MEMORY).get()])?;
        connection
            .prepare_cached("INSERT OR REPLACE INTO idempotency VALUES (?, ?, ?, ?, ?, ?)")?
            .execute((
                session.to_string(),
                &key.0,
                remembered.request_digest,
                remembered.transaction.to_string(),
                now.get(),
                expires_at.get(),
            ))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_short_and_printable() {
        for text in ["a", "3f1c 9e", &"k".repeat(255)] {
            assert!(IdempotencyKey::from_client(text).is_ok(), "{text}");
        }
        for text in ["", "\n", "schlüssel", &"k".repeat(256)] {
            assert_eq!(IdempotencyKey::from_client(text), Err(IdempotencyKeyError), "{text}");
        }
    }

    #[test]
    fn a_client_cannot_name_the_key_of_a_request_without_one() {
        let own = IdempotencyKey::from_request([7; 32]);
        let text = own.0.clone();
        assert_ne!(IdempotencyKey::from_client(&text).unwrap(), own);
    }
}

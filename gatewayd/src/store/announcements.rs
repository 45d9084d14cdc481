//! The table `announcements`: what the signer was told beforehand.

use rusqlite::{OptionalExtension, Row, params};

use super::column::time;
use super::{Reading, StoreError, TransactionId, Writing};
use crate::clock::UnixSeconds;
use crate::tx::{Announced, Stage};

const WANTED: &str = "WANTED";
const MADE: &str = "MADE";
const CALLED_OFF: &str = "CALLED_OFF";

impl Reading<'_> {
    /// What the signer was told of a transaction, or shall be.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn announced(&self, id: TransactionId) -> Result<Option<Announced>, StoreError> {
        let sql = "SELECT * FROM announcements WHERE transaction_id = ?";
        let mut statement = self.0.prepare_cached(sql)?;
        let found = statement.query_row([id.to_string()], |row| Ok(from_row(row))).optional()?;
        found.transpose()
    }
}

impl Writing<'_> {
    /// Stores that the signer shall be told of a transaction, before it is.
    ///
    /// # Errors
    /// When there is no such transaction, or the database cannot be written.
    pub fn want_announcement(&self, id: TransactionId, unsigned: &[u8]) -> Result<(), StoreError> {
        let sql = "INSERT OR REPLACE INTO announcements (transaction_id, unsigned, stage) \
                   VALUES (?, ?, ?)";
        self.0.0.prepare_cached(sql)?.execute(params![id.to_string(), unsigned, WANTED])?;
        Ok(())
    }

    /// Stores that the signer was told; it forgets by itself at `until`.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn keep_announcement(
        &self,
        id: TransactionId,
        until: UnixSeconds,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE announcements SET stage = ?, known_until = ? \
                   WHERE transaction_id = ? AND stage = ?";
        let values = params![MADE, until.get(), id.to_string(), WANTED];
        self.0.0.prepare_cached(sql)?.execute(values)?;
        Ok(())
    }

    /// Stores that the signer shall forget; false where it was not told.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn call_off_announcement(&self, id: TransactionId) -> Result<bool, StoreError> {
        let sql = "UPDATE announcements SET stage = ? WHERE transaction_id = ?";
        let changed = self.0.0.prepare_cached(sql)?.execute([CALLED_OFF, &id.to_string()])?;
        Ok(changed > 0)
    }

    /// Stores that the signer has nothing announced of a transaction any more.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn forget_announcement(&self, id: TransactionId) -> Result<(), StoreError> {
        let sql = "DELETE FROM announcements WHERE transaction_id = ?";
        self.0.0.prepare_cached(sql)?.execute([id.to_string()])?;
        Ok(())
    }
}

fn from_row(row: &Row<'_>) -> Result<Announced, StoreError> {
    let stage: String = row.get("stage")?;
    let stage = match stage.as_str() {
        WANTED => Stage::Wanted,
        MADE => Stage::Made { known_until: time(row, "known_until")? },
        CALLED_OFF => Stage::CalledOff,
        _ => return Err(StoreError::Corrupt { what: "stage" }),
    };
    Ok(Announced { unsigned: row.get("unsigned")?, stage })
}

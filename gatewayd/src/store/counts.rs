//! How much there is of what: numbers for an operator, each found by index or in a small table.

use super::column::{integer, time, word};
use super::{Reading, StoreError};
use crate::clock::UnixSeconds;
use crate::store::wallets::WalletStatus;
use crate::tx::Status;

/// Transactions that are not over and have the same status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Queued {
    /// Their status.
    pub status: Status,
    /// How many they are.
    pub count: u64,
    /// When the oldest was asked for.
    pub oldest: UnixSeconds,
}

/// How large the database is, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// Its file.
    pub file: u64,
    /// What of it is free.
    pub free: u64,
    /// The log of what is not in that file yet.
    pub log: u64,
}

/// Entries of the audit trail that say the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Events {
    /// What happened.
    pub event: String,
    /// How much it matters.
    pub severity: String,
    /// How many they are.
    pub count: u64,
}

impl Reading<'_> {
    /// The transactions that are not over, by status.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn queued(&self) -> Result<Vec<Queued>, StoreError> {
        // Ids are in the order of time.
        let mut statement = self.0.prepare_cached(
            "SELECT status, number, (SELECT created_at FROM transactions WHERE id = first) AS oldest
             FROM (
                 SELECT status, count(*) AS number, min(id) AS first
                 FROM transactions INDEXED BY transactions_by_status
                 WHERE status IN ('PENDING', 'QUEUED', 'GAS_WAITING', 'EXECUTING', 'SUBMITTED')
                 GROUP BY status
             )",
        )?;
        let found = statement.query_and_then([], |row| {
            let count = row.get::<_, u32>("number")?.into();
            Ok(Queued { status: word(row, "status")?, count, oldest: time(row, "oldest")? })
        })?;
        found.collect()
    }

    /// Wallets, by status.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn wallets_by_status(&self) -> Result<Vec<(WalletStatus, u64)>, StoreError> {
        let sql = "SELECT status, count(*) AS number FROM wallets GROUP BY status";
        let mut statement = self.0.prepare_cached(sql)?;
        let found = statement.query_and_then([], |row| {
            Ok((word(row, "status")?, row.get::<_, u32>("number")?.into()))
        })?;
        found.collect()
    }

    /// How large it is.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn sizes(&self) -> Result<Sizes, StoreError> {
        let pragma = |name| -> Result<u64, StoreError> {
            let value: u32 = self.0.pragma_query_value(None, name, |row| row.get(0))?;
            Ok(value.into())
        };
        let page = pragma("page_size")?;
        let bytes = |pages: u64| pages.saturating_mul(page);
        let log = self.0.path().map(|path| std::fs::metadata(format!("{path}-wal")));
        Ok(Sizes {
            file: bytes(pragma("page_count")?),
            free: bytes(pragma("freelist_count")?),
            log: log.and_then(Result::ok).map_or(0, |found| found.len()),
        })
    }

    /// What the audit trail tells between two of its entries, the first left out.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn events(&self, (after, until): (u64, u64)) -> Result<Vec<Events>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT event_type, severity, count(*) AS number FROM audit NOT INDEXED
             WHERE id > ? AND id <= ? GROUP BY event_type, severity",
        )?;
        let found = statement.query_and_then([integer(after)?, integer(until)?], |row| {
            let count = row.get::<_, u32>("number")?.into();
            Ok(Events { event: row.get("event_type")?, severity: row.get("severity")?, count })
        })?;
        found.collect()
    }
}

//! Of the table `transactions`: what the scheduler shall look at.

use primitives::{ChainId, WalletId};
use rusqlite::{Row, named_params};

use super::column::{optional_word, word};
use super::{Reading, StoreError, TransactionId};
use crate::clock::UnixSeconds;

/// Transactions of one lane go one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lane {
    /// Whose.
    pub wallet: WalletId,
    /// Where; `None` for messages.
    pub network: Option<ChainId>,
    /// A transaction that is signed goes its own way; `None` for all that are not.
    pub signed: Option<TransactionId>,
}

/// A transaction that the scheduler shall look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// Which.
    pub id: TransactionId,
    /// What it must not be worked on beside.
    pub lane: Lane,
}

impl Reading<'_> {
    /// What is due at `now`: of each lane the one that came first, so that a wallet with a thousand
    /// transactions does not keep the others waiting. At most `limit` in all.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn due_transactions(&self, now: UnixSeconds, limit: u16) -> Result<Vec<Due>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT id, wallet_id, network, own_way FROM (
                 SELECT min(id) AS id, wallet_id, network, NULL AS own_way,
                        min(next_attempt_at) AS next_attempt_at
                 FROM transactions INDEXED BY transactions_unsigned
                 WHERE next_attempt_at IS NOT NULL AND signed IS NULL AND next_attempt_at <= :now
                 GROUP BY wallet_id, network
                 UNION ALL
                 SELECT * FROM (
                     SELECT id, wallet_id, network, id AS own_way, next_attempt_at
                     FROM transactions INDEXED BY transactions_signed
                     WHERE signed IS NOT NULL AND next_attempt_at <= :now
                     ORDER BY next_attempt_at LIMIT :limit
                 )
             ) ORDER BY next_attempt_at, id LIMIT :limit",
        )?;
        let parameters = named_params! { ":now": now.get(), ":limit": limit };
        statement.query_and_then(parameters, due)?.collect()
    }

    /// When the next transaction is due that is not due at `now`, if any is.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn next_due_after(&self, now: UnixSeconds) -> Result<Option<UnixSeconds>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT min(next_attempt_at) FROM transactions WHERE next_attempt_at > ?",
        )?;
        let found: Option<i64> = statement.query_row([now.get()], |row| row.get(0))?;
        Ok(found.map(UnixSeconds::new))
    }
}

fn due(row: &Row<'_>) -> Result<Due, StoreError> {
    let lane = Lane {
        wallet: word(row, "wallet_id")?,
        network: optional_word(row, "network")?,
        signed: optional_word(row, "own_way")?,
    };
    Ok(Due { id: word(row, "id")?, lane })
}

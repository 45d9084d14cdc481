//! The table `looks_back`: which transactions ended on a chain whose blocks may be taken back yet.

use primitives::{ChainId, WalletId};
use rusqlite::{OptionalExtension, Row, named_params, params};

use super::column::{integer, time, word};
use super::{Reading, StoreError, TransactionId, Writing};
use crate::clock::UnixSeconds;
use crate::tx::Transaction;

/// A look that is to be taken at a transaction which is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LookBack {
    /// At which.
    pub id: TransactionId,
    /// When it ended.
    pub ended_at: UnixSeconds,
    /// When the next look is due.
    pub next_look_at: UnixSeconds,
    /// How many looks in a row did not find it.
    pub missed: u32,
}

impl Reading<'_> {
    /// What is to be looked for at `now`, the oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn looks_back(&self, now: UnixSeconds, limit: u16) -> Result<Vec<LookBack>, StoreError> {
        let sql = "SELECT * FROM looks_back WHERE next_look_at <= ? ORDER BY next_look_at LIMIT ?";
        self.0.prepare_cached(sql)?.query_and_then(params![now.get(), limit], look_back)?.collect()
    }

    /// The look that is to be taken at a transaction; `None` where none is any more.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn look_back(&self, id: TransactionId) -> Result<Option<LookBack>, StoreError> {
        let sql = "SELECT * FROM looks_back WHERE transaction_id = ?";
        let mut statement = self.0.prepare_cached(sql)?;
        statement.query_row([id.to_string()], |row| Ok(look_back(row))).optional()?.transpose()
    }

    /// Which of the wallet's transactions is over and has used that number on the chain.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn ended_with_nonce(
        &self,
        (wallet, network): (WalletId, ChainId),
        nonce: u64,
    ) -> Result<Option<TransactionId>, StoreError> {
        let sql = "SELECT id FROM transactions WHERE wallet_id = :wallet AND network = :network
                   AND nonce = :nonce AND signed IS NOT NULL
                   AND (status = 'CONFIRMED' OR status IN ('FAILED', 'CANCELLED') AND
                        coalesce(error_code, '') NOT IN
                        ('NONCE_ALREADY_USED', 'RESTORED_FROM_BACKUP')) LIMIT 1";
        let mut statement = self.0.prepare_cached(sql)?;
        let parameters = named_params! {
            ":wallet": wallet.to_string(),
            ":network": network.to_string(),
            ":nonce": integer(nonce)?,
        };
        statement.query_row(parameters, |row| Ok(word(row, "id"))).optional()?.transpose()
    }
}

impl Writing<'_> {
    /// Has a transaction looked for that ended on a chain, or says how the last look went.
    ///
    /// # Errors
    /// When there is no such transaction, or the database cannot be written.
    pub fn keep_look_back(&self, look: &LookBack) -> Result<(), StoreError> {
        let sql = "INSERT OR REPLACE INTO looks_back VALUES (?, ?, ?, ?)";
        self.0.0.prepare_cached(sql)?.execute(params![
            look.id.to_string(),
            look.ended_at.get(),
            look.next_look_at.get(),
            look.missed,
        ])?;
        Ok(())
    }

    /// Has a transaction looked for no more.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn forget_look_back(&self, id: TransactionId) -> Result<(), StoreError> {
        let sql = "DELETE FROM looks_back WHERE transaction_id = ?";
        self.0.0.prepare_cached(sql)?.execute([id.to_string()])?;
        Ok(())
    }

    /// Stores a transaction that was over and is not, because the chain has taken it back. That alone
    /// leads out of a state that is final.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn reopen_transaction(&self, transaction: &Transaction) -> Result<(), StoreError> {
        self.save_progress(transaction)
    }
}

fn look_back(row: &Row<'_>) -> Result<LookBack, StoreError> {
    Ok(LookBack {
        id: word(row, "transaction_id")?,
        ended_at: time(row, "ended_at")?,
        next_look_at: time(row, "next_look_at")?,
        missed: row.get("missed")?,
    })
}

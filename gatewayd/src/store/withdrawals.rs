//! Which transactions take everything to a wallet's owner.

use primitives::WalletId;
use rusqlite::params;

use super::{Reading, StoreError, TransactionId, Writing};

impl Reading<'_> {
    /// Whether a transaction was ordered by an operator to take something to the wallet's owner.
    ///
    /// # Errors
    /// When the database fails.
    pub fn is_withdrawal(&self, id: TransactionId) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM withdrawals WHERE transaction_id = ?)";
        Ok(self.0.prepare_cached(sql)?.query_row([id.to_string()], |row| row.get(0))?)
    }

    /// Whether such a transaction of the wallet is not over.
    ///
    /// # Errors
    /// When the database fails.
    pub fn has_open_withdrawal(&self, wallet: WalletId) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM withdrawals JOIN transactions
                   ON transactions.id = withdrawals.transaction_id
                   WHERE withdrawals.wallet_id = ? AND status IN
                   ('PENDING', 'QUEUED', 'GAS_WAITING', 'EXECUTING', 'SUBMITTED'))";
        Ok(self.0.prepare_cached(sql)?.query_row([wallet.to_string()], |row| row.get(0))?)
    }

    /// Whether something of the wallet was not withdrawn when that was last asked for.
    ///
    /// # Errors
    /// When the database fails.
    pub fn is_unswept(&self, wallet: WalletId) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM wallets WHERE id = ?1 AND unswept = 1) OR
                   EXISTS (SELECT 1 FROM withdrawals JOIN transactions
                   ON transactions.id = withdrawals.transaction_id
                   WHERE withdrawals.wallet_id = ?1 AND status IN
                   ('FAILED', 'CANCELLED', 'EXPIRED', 'PARTIAL_FAILURE'))";
        Ok(self.0.prepare_cached(sql)?.query_row([wallet.to_string()], |row| row.get(0))?)
    }
}

impl Writing<'_> {
    /// Says of a transaction that it takes something to the wallet's owner.
    ///
    /// # Errors
    /// When the database fails.
    pub fn mark_withdrawal(&self, id: TransactionId, wallet: WalletId) -> Result<(), StoreError> {
        let sql = "INSERT INTO withdrawals (transaction_id, wallet_id) VALUES (?1, ?2)";
        self.0.0.execute(sql, params![id.to_string(), wallet.to_string()])?;
        Ok(())
    }

    /// Says whether something of the wallet was not even ordered to be withdrawn.
    ///
    /// # Errors
    /// When the database fails.
    pub fn set_unswept(&self, wallet: WalletId, unswept: bool) -> Result<(), StoreError> {
        let sql = "UPDATE wallets SET unswept = ?2 WHERE id = ?1";
        self.0.0.execute(sql, params![wallet.to_string(), unswept])?;
        Ok(())
    }

    /// Forgets which transactions of the wallet these were, so that others are judged by themselves.
    ///
    /// # Errors
    /// When the database fails.
    pub fn forget_withdrawals(&self, wallet: WalletId) -> Result<(), StoreError> {
        let sql = "DELETE FROM withdrawals WHERE wallet_id = ?";
        self.0.0.execute(sql, [wallet.to_string()])?;
        Ok(())
    }
}

//! A wallet that is over leaves the database: its transactions, policies and sessions' links. The
//! audit trail keeps what happened.

use primitives::WalletId;
use rusqlite::params;

use super::{StoreError, Writing};
use crate::clock::UnixSeconds;

/// What belongs to a wallet's transactions, in an order in which it can go.
const OF_TRANSACTIONS: [&str; 10] = [
    "owner_signatures",
    "questions",
    "announcements",
    "versions",
    "wishes",
    "worths",
    "idempotency",
    "withdrawals",
    "fillers",
    "looks_back",
];
/// What belongs to a wallet.
const OF_WALLET: [&str; 8] = [
    "transactions",
    "accounts",
    "nonces",
    "returned_nonces",
    "passed_nonces",
    "session_wallets",
    "policies",
    "autostop_rules",
];

impl Writing<'_> {
    /// Deletes everything that is known of a wallet but that its key was known: without that, the
    /// signer's key would be taken for a new one.
    ///
    /// # Errors
    /// When the database fails.
    pub fn purge_wallet(&self, id: WalletId, now: UnixSeconds) -> Result<(), StoreError> {
        let key = id.to_string();
        let connection = &self.0.0;
        for table in OF_TRANSACTIONS {
            connection.execute(
                &format!(
                    "DELETE FROM {table} WHERE transaction_id IN
                     (SELECT id FROM transactions WHERE wallet_id = ?)"
                ),
                [&key],
            )?;
        }
        // A session that has limits counts in accounts of its own, which stay.
        connection.execute(
            "DELETE FROM reservations WHERE transaction_id IN
                 (SELECT id FROM transactions WHERE wallet_id = ?)",
            [&key],
        )?;
        let of_accounts = "account_id IN (SELECT id FROM accounts WHERE wallet_id = ?)";
        for table in ["reservations", "postings"] {
            connection.execute(&format!("DELETE FROM {table} WHERE {of_accounts}"), [&key])?;
        }
        for table in OF_WALLET {
            connection.execute(&format!("DELETE FROM {table} WHERE wallet_id = ?"), [&key])?;
        }
        let sql = "UPDATE wallets SET status = 'PURGED', name = '', owner_address = NULL,
                   owner_verified_at = NULL, approval_method = NULL, wallet_type = NULL,
                   suspension_reason = NULL, updated_at = ?2 WHERE id = ?1";
        connection.execute(sql, params![id.to_string(), now.get()])?;
        Ok(())
    }

    /// Whether a key was ever known here, also one whose wallet was purged.
    ///
    /// # Errors
    /// When the database fails.
    pub fn knows_key(&self, id: WalletId) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM wallets WHERE id = ?)";
        Ok(self.0.0.query_row(sql, [id.to_string()], |row| row.get(0))?)
    }
}

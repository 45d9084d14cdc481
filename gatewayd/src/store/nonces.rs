//! The tables `nonces` and `returned_nonces`: which number a wallet's next EVM transaction has.
//!
//! Numbers are given out without gaps: one that was given back unused is given out again before a
//! new one, and none is given out while another transaction of the wallet holds one unsigned.

use primitives::{ChainId, WalletId};
use rusqlite::{OptionalExtension, named_params};

use super::column::integer;
use super::{Reading, StoreError, Writing};

impl Reading<'_> {
    /// The number that [`Writing::claim_nonce`] would take: the smallest that was given back, or
    /// the one after all others. `chain_next` is the first number that the network has not seen.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn next_nonce(
        &self,
        wallet: WalletId,
        network: ChainId,
        chain_next: u64,
    ) -> Result<u64, StoreError> {
        let (wallet, network) = (wallet.to_string(), network.to_string());
        let returned: Option<i64> = self.0.query_row(
            "SELECT min(nonce) FROM returned_nonces
             WHERE wallet_id = ? AND network = ? AND nonce >= ?",
            (&wallet, &network, integer(chain_next)?),
            |row| row.get(0),
        )?;
        let next: Option<i64> = self
            .0
            .query_row(
                "SELECT next FROM nonces WHERE wallet_id = ? AND network = ?",
                (&wallet, &network),
                |row| row.get(0),
            )
            .optional()?;
        let known = returned.or(next).map(number).transpose()?;
        Ok(known.map_or(chain_next, |known| known.max(chain_next)))
    }

    /// Whether a transaction of the wallet has a number there, and no signature yet.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn holds_unsigned_nonce(
        &self,
        wallet: WalletId,
        network: ChainId,
    ) -> Result<bool, StoreError> {
        let held = self.0.query_row(
            "SELECT EXISTS (SELECT 1 FROM transactions WHERE wallet_id = ? AND network = ?
                            AND nonce IS NOT NULL AND signed IS NULL)",
            (wallet.to_string(), network.to_string()),
            |row| row.get(0),
        )?;
        Ok(held)
    }
}

impl Writing<'_> {
    /// Takes the number that [`Reading::next_nonce`] told. `false` when it is no longer the next
    /// one, or another transaction of the wallet holds one unsigned: look again then.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn claim_nonce(
        &self,
        wallet: WalletId,
        network: ChainId,
        nonce: u64,
        chain_next: u64,
    ) -> Result<bool, StoreError> {
        if self.holds_unsigned_nonce(wallet, network)?
            || self.next_nonce(wallet, network, chain_next)? != nonce
        {
            return Ok(false);
        }
        let (wallet, network) = (wallet.to_string(), network.to_string());
        self.0.0.execute(
            "DELETE FROM returned_nonces WHERE wallet_id = ? AND network = ? AND nonce <= ?",
            (&wallet, &network, integer(nonce)?),
        )?;
        let after = nonce.checked_add(1).ok_or(StoreError::Overflow)?;
        self.0.0.execute(
            "INSERT INTO nonces (wallet_id, network, next) VALUES (:wallet, :network, :next)
             ON CONFLICT DO UPDATE SET next = max(next, :next)",
            named_params! { ":wallet": wallet, ":network": network, ":next": integer(after)? },
        )?;
        Ok(true)
    }

    /// Gives a number back whose transaction can never reach the network.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn return_nonce(
        &self,
        wallet: WalletId,
        network: ChainId,
        nonce: u64,
    ) -> Result<(), StoreError> {
        self.0.0.execute(
            "INSERT OR IGNORE INTO returned_nonces (wallet_id, network, nonce) VALUES (?, ?, ?)",
            (wallet.to_string(), network.to_string(), integer(nonce)?),
        )?;
        Ok(())
    }
}

fn number(stored: i64) -> Result<u64, StoreError> {
    u64::try_from(stored).map_err(|_negative| StoreError::Corrupt { what: "nonce" })
}

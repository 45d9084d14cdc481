//! The table `fillers`: which transactions do nothing but use up a number that the network waits for.

use primitives::{Amount, ChainId, WalletId};
use rusqlite::{OptionalExtension, named_params};

use super::column::{amount, integer};
use super::{Reading, StoreError, TransactionId, Writing};
use crate::clock::UnixSeconds;

/// A transfer of nothing, which closes a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filler {
    /// The number that it is for.
    pub nonce: u64,
    /// Up to this fee it is not judged.
    pub fee_unasked: Amount,
}

impl Reading<'_> {
    /// What a transaction is to fill; `None` for all that do something.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn filler(&self, id: TransactionId) -> Result<Option<Filler>, StoreError> {
        let sql = "SELECT nonce, fee_unasked FROM fillers WHERE transaction_id = ?";
        let mut statement = self.0.prepare_cached(sql)?;
        let found = statement.query_row([id.to_string()], |row| {
            Ok((row.get::<_, i64>("nonce")?, amount(row, "fee_unasked")))
        });
        let Some((nonce, fee_unasked)) = found.optional()? else { return Ok(None) };
        let nonce = u64::try_from(nonce);
        let nonce = nonce.map_err(|_negative| StoreError::Corrupt { what: "nonce" })?;
        Ok(Some(Filler { nonce, fee_unasked: fee_unasked? }))
    }

    /// Whether a transaction of the wallet has that number and is not over, or a filler for it was made
    /// since then, or one for any number is not over.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn is_seen_to(
        &self,
        (wallet, network): (WalletId, ChainId),
        nonce: u64,
        since: UnixSeconds,
    ) -> Result<bool, StoreError> {
        const OPEN: &str = "('PENDING', 'QUEUED', 'GAS_WAITING', 'EXECUTING', 'SUBMITTED')";
        let sql = format!(
            "SELECT EXISTS (SELECT 1 FROM transactions WHERE wallet_id = :wallet
                            AND network = :network AND nonce = :nonce AND status IN {OPEN})
             OR EXISTS (SELECT 1 FROM fillers
                        JOIN transactions ON transactions.id = fillers.transaction_id
                        WHERE fillers.wallet_id = :wallet AND fillers.network = :network
                        AND (fillers.nonce = :nonce AND made_at > :since OR status IN {OPEN}))"
        );
        let seen_to = self.0.prepare_cached(&sql)?.query_row(
            named_params! {
                ":wallet": wallet.to_string(),
                ":network": network.to_string(),
                ":nonce": integer(nonce)?,
                ":since": since.get(),
            },
            |row| row.get(0),
        )?;
        Ok(seen_to)
    }
}

impl Writing<'_> {
    /// Says of a transaction that it is a filler.
    ///
    /// # Errors
    /// When there is no such transaction, or the database cannot be written.
    pub fn mark_filler(
        &self,
        id: TransactionId,
        (wallet, network): (WalletId, ChainId),
        filler: Filler,
        now: UnixSeconds,
    ) -> Result<(), StoreError> {
        self.0.0.execute(
            "INSERT INTO fillers VALUES (:id, :wallet, :network, :nonce, :fee, :now)",
            named_params! {
                ":id": id.to_string(),
                ":wallet": wallet.to_string(),
                ":network": network.to_string(),
                ":nonce": integer(filler.nonce)?,
                ":fee": filler.fee_unasked.to_be_bytes(),
                ":now": now.get(),
            },
        )?;
        Ok(())
    }
}

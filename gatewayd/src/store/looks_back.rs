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

    /// Which of the wallet's transactions is over, has used that number on the chain, and can be sent
    /// again.
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
                        ('NONCE_ALREADY_USED', 'RESTORED_FROM_BACKUP'))
                   AND EXISTS (SELECT 1 FROM versions WHERE transaction_id = transactions.id)
                   LIMIT 1";
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

#[cfg(test)]
mod tests {
    use primitives::Amount;

    use super::*;
    use crate::clock::Clock;
    use crate::store::Store;
    use crate::store::wallets::sample;
    use crate::tx::testing::{payment, sepolia};
    use crate::tx::{Drafted, Problem, Progress, Signed, Status, Version};

    #[tokio::test]
    async fn what_ended_with_a_number_is_what_has_used_it_and_can_be_sent_again() {
        let problem = |code| Some(Problem::new(code, "so"));
        for (status, problem, has_versions, expected) in [
            (Status::Confirmed, None, true, true),
            (Status::Confirmed, None, false, false),
            (Status::Submitted, None, true, false),
            (Status::Failed, problem("TRANSACTION_REVERTED"), true, true),
            (Status::Failed, problem("NONCE_ALREADY_USED"), true, false),
            (Status::Failed, problem("RESTORED_FROM_BACKUP"), true, false),
            (Status::Cancelled, None, true, true),
        ] {
            let store = Store::open_in_memory().unwrap();
            let (clock, _setter) = Clock::settable(UnixSeconds::new(0));
            let (id, now) = (TransactionId::new(&clock), clock.now());
            let (wallet, network) = (sample(1).id, sepolia().chain_id);
            let mut ended = Transaction::new(id, wallet, None, payment(Amount::ZERO), now);
            (ended.status, ended.problem) = (status, problem);
            let shown = format!("{status} {:?} {has_versions}", ended.problem);
            let drafted = Drafted {
                unsigned: vec![1],
                fee_ceiling: Amount::ZERO,
                nonce: Some(7),
                last_valid_block_height: None,
            };
            let signed = Signed { bytes: vec![2], hash: "0x2".to_owned() };
            let first = Version::first(&drafted, &signed, now);
            ended.progress = Progress::Signed(drafted, signed);
            let write = move |db: &Writing<'_>| {
                db.insert_wallet(&sample(1))?;
                db.insert_transaction(&ended)?;
                db.reopen_transaction(&ended)?;
                if has_versions {
                    db.keep_version(id, &first)?;
                }
                let other = db.ended_with_nonce((wallet, network), 8)?;
                Ok::<_, StoreError>((db.ended_with_nonce((wallet, network), 7)?, other))
            };
            let (found, other) = store.write(write).await.unwrap();
            assert_eq!((found, other), (expected.then_some(id), None), "{shown}");
        }
    }
}

//! The table `worths`: what a transaction was worth in dollars when it was let pass, for showing.

use rusqlite::OptionalExtension;

use super::{Reading, StoreError, TransactionId, Writing};
use crate::policy::UsdMicros;

impl Reading<'_> {
    /// What a transaction was worth without its fee; `None` when nobody knew, or it was not let pass.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn worth(&self, transaction: TransactionId) -> Result<Option<UsdMicros>, StoreError> {
        let mut statement =
            self.0.prepare_cached("SELECT usd_micros FROM worths WHERE transaction_id = ?")?;
        let found = statement.query_row([transaction.to_string()], |row| row.get::<_, i64>(0));
        let found = found.optional()?.map(u64::try_from).transpose();
        let found = found.map_err(|_negative| StoreError::Corrupt { what: "worth" })?;
        Ok(found.map(UsdMicros::new))
    }
}

impl Writing<'_> {
    /// Keeps what a transaction is worth, in place of what was kept before.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn keep_worth(
        &self,
        transaction: TransactionId,
        worth: Option<UsdMicros>,
    ) -> Result<(), StoreError> {
        // Dollars that do not fit are no dollars.
        match worth.and_then(|worth| i64::try_from(worth.get()).ok()) {
            Some(micros) => self.0.0.execute(
                "INSERT OR REPLACE INTO worths (transaction_id, usd_micros) VALUES (?, ?)",
                (transaction.to_string(), micros),
            )?,
            None => self.0.0.execute(
                "DELETE FROM worths WHERE transaction_id = ?",
                [transaction.to_string()],
            )?,
        };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use primitives::Amount;

    use super::*;
    use crate::clock::{Clock, UnixSeconds};
    use crate::store::Store;
    use crate::store::wallets::sample;
    use crate::tx::Transaction;
    use crate::tx::testing::payment;

    #[tokio::test]
    async fn the_last_worth_is_kept_and_none_that_is_not_known() {
        let store = Store::open_in_memory().unwrap();
        let (clock, _setter) = Clock::settable(UnixSeconds::new(1_000));
        let id = TransactionId::new(&clock);
        let asked = payment(Amount::ZERO);
        let rows = [(Some(5), Some(5)), (Some(7), Some(7)), (None, None), (Some(u64::MAX), None)];
        let work = move |db: &Writing<'_>| {
            db.insert_wallet(&sample(1))?;
            let now = UnixSeconds::new(1_000);
            db.insert_transaction(&Transaction::new(id, sample(1).id, None, asked, now))?;
            assert_eq!(db.worth(id)?, None);
            for (kept, expected) in rows {
                db.keep_worth(id, kept.map(UsdMicros::new))?;
                assert_eq!(db.worth(id)?, expected.map(UsdMicros::new), "{kept:?}");
            }
            Ok::<_, StoreError>(())
        };
        store.write(work).await.unwrap();
    }
}

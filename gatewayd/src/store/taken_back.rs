//! Of the tables `reservations` and `postings`: what counted as spent and does not, because a chain has
//! taken the transaction back.

use rusqlite::params;

use super::accounts::{AccountId, Charge, Charges};
use super::column::{optional_amount, time};
use super::{StoreError, TransactionId, Writing};
use crate::clock::UnixSeconds;

/// What was posted for a transaction in one account.
struct Posted {
    account: AccountId,
    charge: Charge,
    at: UnixSeconds,
}

impl Writing<'_> {
    /// Takes back what was settled for a transaction, as if nothing had been reserved for it. What was
    /// posted after it stays, with the sums that it has without it.
    ///
    /// # Errors
    /// When the sums do not hold what was posted, or the database cannot be written.
    pub fn unsettle(&self, transaction: TransactionId) -> Result<(), StoreError> {
        for posted in self.posted_for(transaction)? {
            self.retract(&posted)?;
        }
        self.0.0.execute(
            "DELETE FROM reservations WHERE transaction_id = ? AND state <> 'RESERVED'",
            [transaction.to_string()],
        )?;
        Ok(())
    }

    fn posted_for(&self, transaction: TransactionId) -> Result<Vec<Posted>, StoreError> {
        let mut statement = self.0.0.prepare_cached(
            "SELECT account_id, amount, settled_at FROM reservations
             WHERE transaction_id = ? AND state = 'POSTED'",
        )?;
        let found = statement.query_and_then([transaction.to_string()], |row| {
            Ok(Posted {
                account: AccountId::new(row.get("account_id")?),
                charge: optional_amount(row, "amount")?,
                at: time(row, "settled_at")?,
            })
        })?;
        found.collect()
    }

    /// Takes one posting out of an account. Of several that are alike it does not matter which.
    fn retract(&self, posted: &Posted) -> Result<(), StoreError> {
        let charge = Charges::from(posted.charge);
        let later = self.postings_from(posted.account, posted.at)?;
        let just_before = UnixSeconds::new(posted.at.get().saturating_sub(1));
        let mut before = self
            .posted(posted.account, Some(just_before))?
            .map(|(_at, sums)| sums)
            .unwrap_or_default();
        let mut place = None;
        for (number, (_at, sums)) in later.iter().enumerate() {
            if sums.without(before)? == charge {
                place = Some(number);
                break;
            }
            before = *sums;
        }
        let place = place.ok_or(StoreError::Corrupt { what: "sum of what was spent" })?;
        let mut after = later.into_iter().skip(place);
        let Some((at, sums)) = after.next() else { return Ok(()) };
        self.drop_posting(posted.account, (at, sums))?;
        for (at, sums) in after {
            self.drop_posting(posted.account, (at, sums))?;
            self.insert_posting(posted.account, (at, sums.without(charge)?))?;
        }
        Ok(())
    }

    fn drop_posting(
        &self,
        account: AccountId,
        (at, sums): (i64, Charges),
    ) -> Result<(), StoreError> {
        let sql = "DELETE FROM postings WHERE account_id = ? AND at = ? AND number = ?";
        let [number, _unknown] = sums.counts()?;
        self.0.0.prepare_cached(sql)?.execute(params![account.number(), at, number])?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use primitives::{Amount, Asset};

    use super::*;
    use crate::clock::Clock;
    use crate::policy::UsdMicros;
    use crate::store::reservations::{Settlement, Worth};
    use crate::store::wallets::sample;
    use crate::store::{Reading, Store};
    use crate::tx::Transaction;
    use crate::tx::testing::{payment, sepolia};

    /// What counts of coins and dollars, and how many transactions, since each second from 0 to 9.
    type Counted = Vec<(Amount, Option<UsdMicros>, u64)>;

    fn counted(db: &Reading<'_>) -> Result<Counted, StoreError> {
        let wallet = sample(1).id;
        let of = (wallet, sepolia().chain_id, Asset::Native);
        let since = |since: i64| {
            let since = UnixSeconds::new(since);
            let spent = db.spent(of, since, None)?;
            let usd = db.spent_usd(wallet, since, None)?;
            Ok((spent, usd, db.transactions_since(wallet, since, None)?))
        };
        (-1..9).map(since).collect()
    }

    /// Payments of so many wei, the first settled at second 0 and each next one two thirds of a second
    /// later, as if those of `without` had never been. One of 3 wei has no price.
    async fn settled(wei: &[u64], without: &[usize], take_back: bool) -> Counted {
        let store = Store::open_in_memory().unwrap();
        let (clock, _setter) = Clock::settable(UnixSeconds::new(0));
        let ids: Vec<_> = wei.iter().map(|_wei| TransactionId::new(&clock)).collect();
        let (wei, without) = (wei.to_vec(), without.to_vec());
        let write = move |db: &Writing<'_>| {
            db.insert_wallet(&sample(1))?;
            for (place, (id, wei)) in ids.iter().zip(wei).enumerate() {
                if !take_back && without.contains(&place) {
                    continue;
                }
                let at = UnixSeconds::new(i64::try_from(place * 2 / 3).unwrap());
                let (wallet, network) = (sample(1).id, sepolia().chain_id);
                let intent = payment(Amount::ZERO);
                db.insert_transaction(&Transaction::new(*id, wallet, None, intent, at))?;
                let spend = BTreeMap::from([(Asset::Native, Amount::from(wei))]);
                let whole = (wei != 3).then(|| UsdMicros::new(wei));
                db.reserve((*id, wallet, Some(network)), &spend, Worth { whole, fee: whole }, at)?;
                db.settle(*id, Settlement::Post, at)?;
            }
            for place in without.iter().filter(|_place| take_back) {
                db.unsettle(ids[*place])?;
                // There is nothing left to take back.
                db.unsettle(ids[*place])?;
            }
            counted(db)
        };
        store.write(write).await.unwrap()
    }

    #[tokio::test]
    async fn what_is_taken_back_counts_in_no_window_and_everything_else_as_before() {
        let wei = [5, 7, 7, 3, 11, 7, 3, 2];
        for without in
            [&[0][..], &[7], &[1], &[2], &[3], &[6, 3], &[1, 2, 5], &[0, 1, 2, 3, 4, 5, 6, 7]]
        {
            let expected = settled(&wei, without, false).await;
            assert_eq!(settled(&wei, without, true).await, expected, "{without:?}");
        }
    }
}

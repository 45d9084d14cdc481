//! The table `reservations`: what transactions may spend, and what they have spent.
//!
//! Spend is reserved in the database transaction that lets a transaction go on, counts from then
//! on, and is settled once: posted when it was spent, released when it surely was not.

use std::collections::BTreeMap;

use primitives::{Amount, Asset, ChainId, WalletId};
use rusqlite::named_params;

use super::column::amount;
use super::{Reading, StoreError, TransactionId, Writing};
use crate::clock::UnixSeconds;
use crate::policy::UsdMicros;

/// How reserved spend ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// It was spent, or may be at any time.
    Post,
    /// It was not spent and never will be.
    Release,
    /// The transaction did nothing but cost its fee, at most this, in the native coin.
    PostFee(Amount),
}

const NATIVE: &str = "native";

/// What counts as spent, in whichever unit.
const COUNTED: &str = "(state = 'RESERVED' OR (state = 'POSTED' AND settled_at > :since)) \
                       AND transaction_id IS NOT :except";

impl Reading<'_> {
    /// What a wallet has spent of an asset since a time, everything that is still under way
    /// included, but for the transaction `except`.
    ///
    /// # Errors
    /// When the database cannot be read, or the sum does not fit in 256 bits.
    pub fn spent(
        &self,
        (wallet, network, asset): (WalletId, ChainId, Asset),
        since: UnixSeconds,
        except: Option<TransactionId>,
    ) -> Result<Amount, StoreError> {
        let mut statement = self.0.prepare_cached(&format!(
            "SELECT amount FROM reservations
             WHERE wallet_id = :wallet AND network = :network AND asset = :asset AND {COUNTED}"
        ))?;
        let found = statement.query_map(
            named_params! {
                ":wallet": wallet.to_string(),
                ":network": network.to_string(),
                ":asset": asset_column(asset),
                ":since": since.get(),
                ":except": except.map(|except| except.to_string()),
            },
            |row| Ok(amount(row, "amount")),
        )?;
        let amounts: Vec<Amount> = found.map(|amount| amount?).collect::<Result<_, _>>()?;
        Amount::sum(amounts).ok_or(StoreError::Overflow)
    }

    /// What a wallet has spent on all networks since a time, in dollars, everything that is still
    /// under way included, but for the transaction `except`; `None` when something had no price.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn spent_usd(
        &self,
        wallet: WalletId,
        since: UnixSeconds,
        except: Option<TransactionId>,
    ) -> Result<Option<UsdMicros>, StoreError> {
        let mut statement = self.0.prepare_cached(&format!(
            "SELECT usd_micros FROM reservations WHERE wallet_id = :wallet AND {COUNTED}"
        ))?;
        let found = statement.query_map(
            named_params! {
                ":wallet": wallet.to_string(),
                ":since": since.get(),
                ":except": except.map(|except| except.to_string()),
            },
            |row| row.get::<_, Option<i64>>(0),
        )?;
        let mut sum = Some(UsdMicros::ZERO);
        for worth in found {
            let worth = worth?.and_then(|worth| u64::try_from(worth).ok()).map(UsdMicros::new);
            sum = sum.zip(worth).and_then(|(sum, worth)| sum.checked_add(worth));
        }
        Ok(sum)
    }
}

impl Writing<'_> {
    /// Reserves what a transaction may spend, in place of what was reserved for it before. `worth`
    /// is that of everything together.
    ///
    /// # Errors
    /// When the database cannot be written, or what was reserved is settled already.
    pub fn reserve(
        &self,
        (transaction, wallet, network): (TransactionId, WalletId, ChainId),
        spend: &BTreeMap<Asset, Amount>,
        worth: Option<UsdMicros>,
        now: UnixSeconds,
    ) -> Result<(), StoreError> {
        self.0.0.execute(
            "DELETE FROM reservations WHERE transaction_id = ? AND state = 'RESERVED'",
            [transaction.to_string()],
        )?;
        let mut worth = worth.map(|worth| i64::try_from(worth.get()).unwrap_or(i64::MAX));
        for (asset, amount) in spend {
            self.0.0.execute(
                "INSERT INTO reservations VALUES (?, ?, ?, ?, ?, ?, 'RESERVED', ?, NULL)",
                (
                    transaction.to_string(),
                    wallet.to_string(),
                    network.to_string(),
                    asset_column(*asset),
                    amount.to_be_bytes(),
                    worth,
                    now.get(),
                ),
            )?;
            // The worth of the whole stands in the first row.
            worth = worth.map(|_counted| 0);
        }
        Ok(())
    }

    /// Ends what is reserved for a transaction. What was settled before stays as it is.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn settle(
        &self,
        transaction: TransactionId,
        settlement: Settlement,
        now: UnixSeconds,
    ) -> Result<(), StoreError> {
        if let Settlement::PostFee(fee) = settlement {
            self.0.0.execute(
                "UPDATE reservations SET amount = ?
                 WHERE transaction_id = ? AND asset = ? AND state = 'RESERVED'",
                (fee.to_be_bytes(), transaction.to_string(), NATIVE),
            )?;
        }
        self.0.0.execute(
            "UPDATE reservations SET settled_at = :now, state = CASE
                 WHEN :settlement = 'POST' THEN 'POSTED'
                 WHEN :settlement = 'POST_FEE' AND asset = 'native' THEN 'POSTED'
                 ELSE 'RELEASED' END
             WHERE transaction_id = :transaction AND state = 'RESERVED'",
            named_params! {
                ":now": now.get(),
                ":settlement": settlement.as_str(),
                ":transaction": transaction.to_string(),
            },
        )?;
        Ok(())
    }
}

impl Settlement {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Post => "POST",
            Self::Release => "RELEASE",
            Self::PostFee(_) => "POST_FEE",
        }
    }
}

fn asset_column(asset: Asset) -> String {
    match asset {
        Asset::Native => NATIVE.to_owned(),
        Asset::Token(token) => token.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::store::Store;
    use crate::store::wallets::sample;
    use crate::tx::testing::{sepolia, transfer};
    use crate::tx::{Intent, Transaction};

    const NOW: UnixSeconds = UnixSeconds::new(1_000);

    /// A store with that many transactions of one wallet.
    async fn store(count: usize) -> (Store, Vec<TransactionId>) {
        let store = Store::open_in_memory().unwrap();
        let (clock, _setter) = Clock::settable(NOW);
        let ids: Vec<_> = (0..count).map(|_number| TransactionId::new(&clock)).collect();
        let named = ids.clone();
        let fill = move |db: &Writing<'_>| {
            db.insert_wallet(&sample(1))?;
            for id in named {
                let intent = Intent::Transfer(transfer(Amount::ZERO));
                db.insert_transaction(&Transaction::new(id, sample(1).id, None, intent, NOW))?;
            }
            Ok::<_, StoreError>(())
        };
        store.write(fill).await.unwrap();
        (store, ids)
    }

    async fn reserve(store: &Store, id: TransactionId, amount: Amount, worth: Option<u64>) {
        let spend = BTreeMap::from([(Asset::Native, amount)]);
        let named = (id, sample(1).id, sepolia().chain_id);
        let worth = worth.map(UsdMicros::new);
        store.write(move |db| db.reserve(named, &spend, worth, NOW)).await.unwrap();
    }

    async fn settle(store: &Store, id: TransactionId, settlement: Settlement) {
        store.write(move |db| db.settle(id, settlement, NOW)).await.unwrap();
    }

    async fn spent(
        store: &Store,
        since: i64,
        except: Option<TransactionId>,
    ) -> Result<Amount, StoreError> {
        let of = (sample(1).id, sepolia().chain_id, Asset::Native);
        store.read(move |db| db.spent(of, UnixSeconds::new(since), except)).await
    }

    #[tokio::test]
    async fn what_is_under_way_always_counts_and_what_was_posted_while_it_is_in_the_window() {
        let (store, ids) = store(2).await;
        reserve(&store, ids[0], 5_u64.into(), None).await;
        reserve(&store, ids[1], 7_u64.into(), None).await;
        settle(&store, ids[1], Settlement::Post).await;
        let rows = [
            (999, None, 12_u64),
            (1_000, None, 5),
            (i64::MAX, None, 5),
            (999, Some(ids[0]), 7),
            (999, Some(ids[1]), 5),
        ];
        for (since, except, expected) in rows {
            let found = spent(&store, since, except).await.unwrap();
            assert_eq!(found, expected.into(), "since {since} but for {except:?}");
        }
    }

    #[tokio::test]
    async fn a_reservation_ends_once() {
        let rows = [
            (Settlement::Post, Settlement::Release, 9_u64),
            (Settlement::Release, Settlement::Post, 0),
            (Settlement::PostFee(Amount::from(2_u64)), Settlement::Post, 2),
            (Settlement::Post, Settlement::PostFee(Amount::from(2_u64)), 9),
        ];
        for (first, second, expected) in rows {
            let (store, ids) = store(1).await;
            reserve(&store, ids[0], 9_u64.into(), None).await;
            settle(&store, ids[0], first).await;
            settle(&store, ids[0], second).await;
            let found = spent(&store, 0, None).await.unwrap();
            assert_eq!(found, expected.into(), "{first:?}, {second:?}");
        }
    }

    #[tokio::test]
    async fn a_second_reservation_replaces_the_first_but_no_settled_one() {
        let (store, ids) = store(1).await;
        reserve(&store, ids[0], 9_u64.into(), None).await;
        reserve(&store, ids[0], 4_u64.into(), None).await;
        assert_eq!(spent(&store, 0, None).await.unwrap(), 4_u64.into());
        settle(&store, ids[0], Settlement::Post).await;
        let again = BTreeMap::from([(Asset::Native, Amount::ZERO)]);
        let named = (ids[0], sample(1).id, sepolia().chain_id);
        assert!(store.write(move |db| db.reserve(named, &again, None, NOW)).await.is_err());
    }

    #[tokio::test]
    async fn a_sum_over_256_bits_is_an_error_and_never_a_small_number() {
        let (store, ids) = store(2).await;
        reserve(&store, ids[0], Amount::MAX, None).await;
        reserve(&store, ids[1], 1_u64.into(), None).await;
        assert!(matches!(spent(&store, 0, None).await, Err(StoreError::Overflow)));
        assert_eq!(spent(&store, 0, Some(ids[1])).await.unwrap(), Amount::MAX);
    }

    #[tokio::test]
    async fn one_unknown_worth_makes_the_sum_unknown() {
        let (store, ids) = store(2).await;
        let worth = || async {
            let read = store.read(|db| db.spent_usd(sample(1).id, UnixSeconds::new(0), None));
            read.await.unwrap()
        };
        assert_eq!(worth().await, Some(UsdMicros::ZERO));
        reserve(&store, ids[0], 1_u64.into(), Some(5)).await;
        assert_eq!(worth().await, Some(UsdMicros::new(5)));
        reserve(&store, ids[1], 1_u64.into(), None).await;
        assert_eq!(worth().await, None);
        settle(&store, ids[1], Settlement::Release).await;
        assert_eq!(worth().await, Some(UsdMicros::new(5)));
    }
}

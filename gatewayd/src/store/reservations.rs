//! The table `reservations`: what transactions may spend, and what they have spent.
//!
//! Spend is reserved in the database transaction that lets a transaction go on, counts from then
//! on, and is settled once: posted when it was spent, released when it surely was not. A
//! transaction also reserves itself and its worth, in the wallet's account in dollars.

use std::collections::BTreeMap;

use primitives::{Amount, Asset, ChainId, WalletId};
use rusqlite::{Row, named_params};

use super::accounts::{Account, AccountId, Charge, Charges, Unit};
use super::column::optional_amount;
use super::{Reading, SessionId, StoreError, TransactionId, Writing};
use crate::clock::UnixSeconds;
use crate::policy::UsdMicros;
use crate::prices::Worths;

/// Before everything.
const ALWAYS: UnixSeconds = UnixSeconds::new(i64::MIN);

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

/// What a transaction's spend is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Worth {
    /// All of it, its fee included; `None` when nobody knows.
    pub whole: Option<UsdMicros>,
    /// The fee alone; `None` when nobody knows.
    pub fee: Option<UsdMicros>,
}

/// What is reserved for a transaction in one account.
#[derive(Clone, Copy)]
pub(super) struct Reservation {
    pub(super) account: AccountId,
    pub(super) unit: Unit,
    pub(super) charge: Charge,
    /// In dollars: what is left of it when the transaction did nothing but cost its fee.
    pub(super) fee: Charge,
}

impl Reading<'_> {
    /// What a wallet has spent of an asset since a time, everything that is still under way
    /// included, but for what is reserved for the transaction `except`.
    ///
    /// # Errors
    /// When the database cannot be read, or the sum does not fit in 256 bits.
    pub fn spent(
        &self,
        (wallet, network, asset): (WalletId, ChainId, Asset),
        since: UnixSeconds,
        except: Option<TransactionId>,
    ) -> Result<Amount, StoreError> {
        self.counted(Account::Asset(wallet, network, asset), since, except)?.sum.amount()
    }

    /// What a wallet has spent on all networks since a time, in dollars, everything that is still
    /// under way included, but for what is reserved for the transaction `except`; `None` when
    /// something had no price, or the sum is no amount of dollars.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn spent_usd(
        &self,
        wallet: WalletId,
        since: UnixSeconds,
        except: Option<TransactionId>,
    ) -> Result<Option<UsdMicros>, StoreError> {
        let counted = self.counted(Account::Dollars(wallet), since, except)?;
        let sum = counted.sum.amount().ok().and_then(Amount::to_u64);
        Ok(sum.filter(|_sum| counted.unknown == 0).map(UsdMicros::new))
    }

    /// How many transactions a wallet has made since a time, on all networks: those that were let
    /// pass and are under way, and those that ended and cost something or may have; but for the
    /// transaction `except`. What was denied, called off or never reached the network is not among
    /// them.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn transactions_since(
        &self,
        wallet: WalletId,
        since: UnixSeconds,
        except: Option<TransactionId>,
    ) -> Result<u64, StoreError> {
        Ok(self.counted(Account::Dollars(wallet), since, except)?.count)
    }

    /// What a session has spent of an asset in its whole life, everything that is still under way
    /// included, but for what is reserved for the transaction `except`. Only what
    /// [`Writing::reserve_for_session`] was told is known.
    ///
    /// # Errors
    /// When the database cannot be read, or the sum does not fit in 256 bits.
    pub fn spent_by_session(
        &self,
        (session, network, asset): (SessionId, ChainId, Asset),
        except: Option<TransactionId>,
    ) -> Result<Amount, StoreError> {
        let account = Account::SessionAsset(session, network, asset);
        self.counted(account, ALWAYS, except)?.sum.amount()
    }

    /// How many transactions a session has had, and what they are worth together, as above; no worth
    /// when something had no price, or the sum is no amount of dollars.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn had_by_session(
        &self,
        session: SessionId,
        except: Option<TransactionId>,
    ) -> Result<(u64, Option<UsdMicros>), StoreError> {
        let counted = self.counted(Account::SessionDollars(session), ALWAYS, except)?;
        let sum = counted.sum.amount().ok().and_then(Amount::to_u64);
        let worth = sum.filter(|_sum| counted.unknown == 0).map(UsdMicros::new);
        Ok((counted.count, worth))
    }

    fn counted(
        &self,
        account: Account,
        since: UnixSeconds,
        except: Option<TransactionId>,
    ) -> Result<Charges, StoreError> {
        let Some(account) = self.account(account)? else { return Ok(Charges::default()) };
        let counted = self.charges(account, since)?;
        let own = except.map(|except| self.reservation(except, account)).transpose()?.flatten();
        own.map_or(Ok(counted), |own| counted.without(own.charge.into()))
    }

    fn reservation(
        &self,
        transaction: TransactionId,
        account: AccountId,
    ) -> Result<Option<Reservation>, StoreError> {
        let found = self.reservations(transaction)?;
        Ok(found.into_iter().find(|reservation| reservation.account == account))
    }

    /// What is reserved for a transaction, in all accounts.
    pub(super) fn reservations(
        &self,
        transaction: TransactionId,
    ) -> Result<Vec<Reservation>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT account_id, asset, amount, fee
             FROM reservations JOIN accounts ON accounts.id = account_id
             WHERE transaction_id = ? AND state = 'RESERVED'",
        )?;
        statement.query_and_then([transaction.to_string()], reservation)?.collect()
    }
}

fn reservation(row: &Row<'_>) -> Result<Reservation, StoreError> {
    let asset: String = row.get("asset")?;
    Ok(Reservation {
        account: AccountId::new(row.get("account_id")?),
        unit: Unit::of_column(&asset),
        charge: optional_amount(row, "amount")?,
        fee: optional_amount(row, "fee")?,
    })
}

impl Writing<'_> {
    /// Reserves what a transaction may spend, in place of what was reserved for it before. What
    /// happens on no network, such as a message, reserves only itself and what it is worth.
    ///
    /// # Errors
    /// When the database cannot be written, or what was reserved is settled already.
    pub fn reserve(
        &self,
        (transaction, wallet, network): (TransactionId, WalletId, Option<ChainId>),
        spend: &BTreeMap<Asset, Amount>,
        worth: Worth,
        now: UnixSeconds,
    ) -> Result<(), StoreError> {
        for replaced in self.reservations(transaction)? {
            self.let_go(replaced.account, replaced.charge)?;
        }
        self.0.0.execute(
            "DELETE FROM reservations WHERE transaction_id = ? AND state = 'RESERVED'",
            [transaction.to_string()],
        )?;
        self.reserve_in(transaction, Account::Dollars(wallet), worth.charges(), now)?;
        for (network, (asset, amount)) in
            network.into_iter().flat_map(|network| spend.iter().map(move |spend| (network, spend)))
        {
            let account = Account::Asset(wallet, network, *asset);
            self.reserve_in(transaction, account, (Some(*amount), None), now)?;
        }
        Ok(())
    }

    /// Reserves in the accounts of the session that asks for it: the transaction and its worth, and
    /// what of `spend` is counted. To be called after [`Writing::reserve`], which replaces what was
    /// reserved before.
    ///
    /// # Errors
    /// When the database cannot be written, or what was reserved is settled already.
    pub fn reserve_for_session(
        &self,
        (transaction, session): (TransactionId, SessionId),
        spend: &BTreeMap<(ChainId, Asset), Amount>,
        worth: Worth,
        now: UnixSeconds,
    ) -> Result<(), StoreError> {
        self.reserve_in(transaction, Account::SessionDollars(session), worth.charges(), now)?;
        for ((network, asset), amount) in spend {
            let account = Account::SessionAsset(session, *network, *asset);
            self.reserve_in(transaction, account, (Some(*amount), None), now)?;
        }
        Ok(())
    }

    fn reserve_in(
        &self,
        transaction: TransactionId,
        account: Account,
        (charge, fee): (Charge, Charge),
        now: UnixSeconds,
    ) -> Result<(), StoreError> {
        let unit = account.unit();
        let account = self.open_account(account)?;
        self.hold(account, charge)?;
        let reservation = Reservation { account, unit, charge, fee };
        self.insert_reservation(transaction, &reservation, ("RESERVED", now, None))
    }

    pub(super) fn insert_reservation(
        &self,
        transaction: TransactionId,
        reservation: &Reservation,
        (state, reserved_at, settled_at): (&str, UnixSeconds, Option<UnixSeconds>),
    ) -> Result<(), StoreError> {
        let mut statement = self.0.0.prepare_cached(
            "INSERT INTO reservations (
                 transaction_id, account_id, amount, fee, state, reserved_at, settled_at
             ) VALUES (:transaction, :account, :amount, :fee, :state, :reserved, :settled)",
        )?;
        statement.execute(named_params! {
            ":transaction": transaction.to_string(),
            ":account": reservation.account.number(),
            ":amount": reservation.charge.map(Amount::to_be_bytes),
            ":fee": reservation.fee.map(Amount::to_be_bytes),
            ":state": state,
            ":reserved": reserved_at.get(),
            ":settled": settled_at.map(UnixSeconds::get),
        })?;
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
        for reserved in self.reservations(transaction)? {
            self.let_go(reserved.account, reserved.charge)?;
            let spent = settlement.spent(&reserved);
            if let Some(charge) = spent {
                self.post(reserved.account, charge, now)?;
            }
            let charge = spent.unwrap_or(reserved.charge);
            let mut statement = self.0.0.prepare_cached(
                "UPDATE reservations SET state = ?, amount = ?, settled_at = ?
                 WHERE transaction_id = ? AND account_id = ?",
            )?;
            statement.execute((
                if spent.is_some() { "POSTED" } else { "RELEASED" },
                charge.map(Amount::to_be_bytes),
                now.get(),
                transaction.to_string(),
                reserved.account.number(),
            ))?;
        }
        Ok(())
    }
}

impl Settlement {
    /// What was spent of what was reserved, if anything was.
    fn spent(self, reserved: &Reservation) -> Option<Charge> {
        match (self, reserved.unit) {
            (Self::Post, _) => Some(reserved.charge),
            (Self::PostFee(fee), Unit::Native) => Some(Some(fee)),
            (Self::PostFee(_), Unit::Dollars) => Some(reserved.fee),
            (Self::Release, _) | (Self::PostFee(_), Unit::Token) => None,
        }
    }
}

impl Worth {
    /// Nobody knows a price.
    pub const UNKNOWN: Self = Self { whole: None, fee: None };

    /// What an account in dollars is charged with: the whole, and what is left of it when the
    /// transaction does nothing but cost its fee.
    fn charges(self) -> (Charge, Charge) {
        let dollars = |worth: Option<UsdMicros>| worth.map(|worth| Amount::from(worth.get()));
        (dollars(self.whole), dollars(self.fee))
    }
}

impl From<Worths> for Worth {
    fn from(worths: Worths) -> Self {
        Self { whole: worths.whole, fee: worths.fee }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::store::Store;
    use crate::store::wallets::sample;
    use crate::tx::Transaction;
    use crate::tx::testing::{payment, sepolia};

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
                let intent = payment(Amount::ZERO);
                db.insert_transaction(&Transaction::new(id, sample(1).id, None, intent, NOW))?;
            }
            Ok::<_, StoreError>(())
        };
        store.write(fill).await.unwrap();
        (store, ids)
    }

    async fn reserve(store: &Store, id: TransactionId, amount: Amount, worth: Option<u64>) {
        let spend = BTreeMap::from([(Asset::Native, amount)]);
        let named = (id, sample(1).id, Some(sepolia().chain_id));
        let whole = worth.map(UsdMicros::new);
        let worth = Worth { whole, fee: whole.map(|_worth| UsdMicros::new(1)) };
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
            (999, Some(ids[1]), 12),
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
        let named = (ids[0], sample(1).id, Some(sepolia().chain_id));
        let reserve = move |db: &Writing<'_>| db.reserve(named, &again, Worth::UNKNOWN, NOW);
        assert!(store.write(reserve).await.is_err());
        assert_eq!(spent(&store, 0, None).await.unwrap(), 4_u64.into());
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

    #[tokio::test]
    async fn a_fee_alone_is_worth_what_it_was_worth_when_it_was_reserved() {
        let (store, ids) = store(2).await;
        let counted = || async {
            let (wallet, since) = (sample(1).id, UnixSeconds::new(0));
            let read = store.read(move |db| {
                let count = db.transactions_since(wallet, since, None)?;
                Ok::<_, StoreError>((db.spent_usd(wallet, since, None)?, count))
            });
            read.await.unwrap()
        };
        for (id, settlement) in
            ids.iter().zip([Settlement::PostFee(2_u64.into()), Settlement::Post])
        {
            reserve(&store, *id, 9_u64.into(), Some(5)).await;
            settle(&store, *id, settlement).await;
        }
        assert_eq!(counted().await, (Some(UsdMicros::new(6)), 2));
    }

    #[tokio::test]
    async fn what_ended_without_a_trace_is_no_transaction_of_the_wallet() {
        let (store, ids) = store(3).await;
        let count = |except| {
            let read = store
                .read(move |db| db.transactions_since(sample(1).id, UnixSeconds::new(999), except));
            async { read.await.unwrap() }
        };
        for id in &ids {
            reserve(&store, *id, 1_u64.into(), None).await;
        }
        assert_eq!((count(None).await, count(Some(ids[0])).await), (3, 2));
        settle(&store, ids[0], Settlement::Release).await;
        settle(&store, ids[1], Settlement::Post).await;
        assert_eq!((count(None).await, count(Some(ids[0])).await), (2, 2));
    }

    #[tokio::test]
    async fn a_message_counts_as_a_transaction_of_no_network() {
        let (store, ids) = store(1).await;
        let spend = BTreeMap::from([(Asset::Native, Amount::from(7_u64))]);
        let named = (ids[0], sample(1).id, None);
        let reserve = move |db: &Writing<'_>| db.reserve(named, &spend, Worth::UNKNOWN, NOW);
        store.write(reserve).await.unwrap();
        assert_eq!(spent(&store, 0, None).await.unwrap(), Amount::ZERO);
        let count =
            store.read(|db| db.transactions_since(sample(1).id, UnixSeconds::new(0), None)).await;
        assert_eq!(count.unwrap(), 1);
    }
}

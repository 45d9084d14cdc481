//! The tables `accounts` and `postings`: sums of what was spent, however much history there is.
//!
//! An account is an asset that a wallet spends on a network, and one more for each wallet counts
//! its transactions and what they are worth in dollars. A session whose totals are limited has such
//! accounts of its own, under its id in place of the wallet's. Each posting holds the sum of all postings
//! up to itself, so that a window of any length is the difference of two of them, both found by
//! index, and exact. Sums have 320 bits and never wrap; a window that does not fit in 256 is an
//! error.
//!
//! The times of an account's postings never go back: a posting made after the clock was set back
//! has the time of the one before it. So it leaves a window later than it would have, never sooner.

use primitives::{Amount, Asset, ChainId, WalletId};
use rusqlite::{OptionalExtension, Row, named_params};

use super::{Reading, SessionId, StoreError, Writing};
use crate::clock::UnixSeconds;

/// Which account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Account {
    /// What a wallet spends of an asset.
    Asset(WalletId, ChainId, Asset),
    /// What its transactions on all networks are worth, in millionths of a dollar.
    Dollars(WalletId),
    /// What a session spends of an asset, of all its wallets.
    SessionAsset(SessionId, ChainId, Asset),
    /// What its transactions are worth, in millionths of a dollar.
    SessionDollars(SessionId),
}

/// What an account counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Native,
    Token,
    Dollars,
}

/// A row of `accounts`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct AccountId(i64);

/// What an account was charged with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Charges {
    /// The sum of what is known.
    pub(super) sum: Sum,
    /// How many there were.
    pub(super) count: u64,
    /// Of how many nobody knew the amount.
    pub(super) unknown: u64,
}

/// One charge: an amount, or one that nobody knows.
pub(super) type Charge = Option<Amount>;

/// A sum below 2^320.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sum {
    high: u64,
    low: Amount,
}

const NATIVE: &str = "native";
const DOLLARS: &str = "usd";
const EVERYWHERE: &str = "*";

impl Reading<'_> {
    /// What counts in an account since a time: what was posted later, and what is reserved.
    pub(super) fn charges(
        &self,
        account: AccountId,
        since: UnixSeconds,
    ) -> Result<Charges, StoreError> {
        let reserved = self.reserved(account)?;
        let Some((_at, all)) = self.posted(account, None)? else { return Ok(reserved) };
        let before = self.posted(account, Some(since))?.unwrap_or_default();
        all.without(before.1)?.with(reserved)
    }

    /// The row of an account that something was ever reserved in.
    pub(super) fn account(&self, account: Account) -> Result<Option<AccountId>, StoreError> {
        let (wallet, network, asset) = account.key();
        let mut statement = self.0.prepare_cached(
            "SELECT id FROM accounts WHERE wallet_id = ? AND network = ? AND asset = ?",
        )?;
        let found = statement.query_row((wallet, network, asset), |row| row.get(0));
        Ok(found.optional()?.map(AccountId))
    }

    fn reserved(&self, account: AccountId) -> Result<Charges, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT reserved AS sum, reservations AS number, unknown FROM accounts WHERE id = ?",
        )?;
        statement.query_row([account.0], |row| Ok(Charges::from_row(row)))?
    }

    /// The sums of each posting since a time, in their order, and when they were reached.
    pub(super) fn postings_from(
        &self,
        account: AccountId,
        since: UnixSeconds,
    ) -> Result<Vec<(i64, Charges)>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT at, total AS sum, number, unknown FROM postings
             WHERE account_id = ? AND at >= ? ORDER BY at, number",
        )?;
        let found = statement.query_and_then((account.0, since.get()), |row| {
            Ok((row.get("at")?, Charges::from_row(row)?))
        })?;
        found.collect()
    }

    /// The sums up to a time, or all of them, and when they were reached.
    pub(super) fn posted(
        &self,
        account: AccountId,
        until: Option<UnixSeconds>,
    ) -> Result<Option<(i64, Charges)>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT at, total AS sum, number, unknown FROM postings
             WHERE account_id = ? AND at <= ? ORDER BY at DESC, number DESC LIMIT 1",
        )?;
        let until = until.map_or(i64::MAX, UnixSeconds::get);
        let found = statement.query_row((account.0, until), |row| {
            Ok(Charges::from_row(row).and_then(|charges| Ok((row.get("at")?, charges))))
        });
        found.optional()?.transpose()
    }
}

impl Writing<'_> {
    /// The row of an account, made where there is none.
    pub(super) fn open_account(&self, account: Account) -> Result<AccountId, StoreError> {
        if let Some(found) = self.account(account)? {
            return Ok(found);
        }
        let (wallet, network, asset) = account.key();
        self.0.0.execute(
            "INSERT INTO accounts (wallet_id, network, asset, reserved) VALUES (?, ?, ?, ?)",
            (wallet, network, asset, Sum::default().to_bytes()),
        )?;
        Ok(AccountId(self.0.0.last_insert_rowid()))
    }

    /// Adds to what is reserved in an account.
    pub(super) fn hold(&self, account: AccountId, charge: Charge) -> Result<(), StoreError> {
        self.set_reserved(account, self.reserved(account)?.with(charge.into())?)
    }

    /// Takes from what is reserved in an account.
    pub(super) fn let_go(&self, account: AccountId, charge: Charge) -> Result<(), StoreError> {
        self.set_reserved(account, self.reserved(account)?.without(charge.into())?)
    }

    fn set_reserved(&self, account: AccountId, reserved: Charges) -> Result<(), StoreError> {
        let mut statement = self.0.0.prepare_cached(
            "UPDATE accounts SET reserved = ?, reservations = ?, unknown = ? WHERE id = ?",
        )?;
        let [count, unknown] = reserved.counts()?;
        statement.execute((reserved.sum.to_bytes(), count, unknown, account.0))?;
        Ok(())
    }

    /// Adds to what was spent.
    pub(super) fn post(
        &self,
        account: AccountId,
        charge: Charge,
        now: UnixSeconds,
    ) -> Result<(), StoreError> {
        let (before, sums) = self.posted(account, None)?.unwrap_or((i64::MIN, Charges::default()));
        self.insert_posting(account, (now.get().max(before), sums.with(charge.into())?))
    }

    pub(super) fn insert_posting(
        &self,
        account: AccountId,
        (at, sums): (i64, Charges),
    ) -> Result<(), StoreError> {
        let [count, unknown] = sums.counts()?;
        let mut statement = self.0.0.prepare_cached(
            "INSERT INTO postings (account_id, at, number, total, unknown)
             VALUES (:account, :at, :number, :total, :unknown)",
        )?;
        statement.execute(named_params! {
            ":account": account.0,
            ":at": at,
            ":number": count,
            ":total": sums.sum.to_bytes(),
            ":unknown": unknown,
        })?;
        Ok(())
    }
}

impl Account {
    fn key(self) -> (String, String, String) {
        let everywhere = || (EVERYWHERE.to_owned(), DOLLARS.to_owned());
        let (holder, (network, asset)) = match self {
            Self::Asset(wallet, network, asset) => (wallet.to_string(), of_asset(network, asset)),
            Self::Dollars(wallet) => (wallet.to_string(), everywhere()),
            Self::SessionAsset(session, network, asset) => {
                (of_session(session), of_asset(network, asset))
            }
            Self::SessionDollars(session) => (of_session(session), everywhere()),
        };
        (holder, network, asset)
    }

    pub(super) const fn unit(self) -> Unit {
        match self {
            Self::Asset(_, _, Asset::Native) | Self::SessionAsset(_, _, Asset::Native) => {
                Unit::Native
            }
            Self::Asset(_, _, Asset::Token(_)) | Self::SessionAsset(_, _, Asset::Token(_)) => {
                Unit::Token
            }
            Self::Dollars(_) | Self::SessionDollars(_) => Unit::Dollars,
        }
    }
}

fn of_asset(network: ChainId, asset: Asset) -> (String, String) {
    let asset = match asset {
        Asset::Native => NATIVE.to_owned(),
        Asset::Token(token) => token.to_string(),
    };
    (network.to_string(), asset)
}

/// What no wallet is called.
fn of_session(session: SessionId) -> String {
    format!("session:{session}")
}

impl Unit {
    /// That of an account, from the column `asset`.
    pub(super) fn of_column(asset: &str) -> Self {
        match asset {
            NATIVE => Self::Native,
            DOLLARS => Self::Dollars,
            _ => Self::Token,
        }
    }
}

impl AccountId {
    /// What other tables hold.
    pub(super) const fn number(self) -> i64 {
        self.0
    }

    pub(super) const fn new(number: i64) -> Self {
        Self(number)
    }
}

impl Charges {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        let number = |column| {
            let count: i64 = row.get(column)?;
            u64::try_from(count).map_err(|_negative| StoreError::Corrupt { what: column })
        };
        Ok(Self {
            sum: Sum::from_bytes(row.get("sum")?)?,
            count: number("number")?,
            unknown: number("unknown")?,
        })
    }

    pub(super) fn counts(self) -> Result<[i64; 2], StoreError> {
        let integer = |count| i64::try_from(count).map_err(|_large| StoreError::Overflow);
        Ok([integer(self.count)?, integer(self.unknown)?])
    }

    fn with(self, other: Self) -> Result<Self, StoreError> {
        let add = |one: u64, other| one.checked_add(other).ok_or(StoreError::Overflow);
        Ok(Self {
            sum: self.sum.plus(other.sum)?,
            count: add(self.count, other.count)?,
            unknown: add(self.unknown, other.unknown)?,
        })
    }

    pub(super) fn without(self, other: Self) -> Result<Self, StoreError> {
        let negative = StoreError::Corrupt { what: "sum of what was spent" };
        let parts = (
            self.sum.minus(other.sum),
            self.count.checked_sub(other.count),
            self.unknown.checked_sub(other.unknown),
        );
        let (Some(sum), Some(count), Some(unknown)) = parts else { return Err(negative) };
        Ok(Self { sum, count, unknown })
    }
}

impl From<Charge> for Charges {
    fn from(charge: Charge) -> Self {
        let sum = Sum { high: 0, low: charge.unwrap_or_default() };
        Self { sum, count: 1, unknown: charge.is_none().into() }
    }
}

impl Sum {
    /// As an amount, if it is one.
    pub(super) fn amount(self) -> Result<Amount, StoreError> {
        if self.high == 0 { Ok(self.low) } else { Err(StoreError::Overflow) }
    }

    fn plus(self, other: Self) -> Result<Self, StoreError> {
        let (low, carried) = self.low.overflowing_add(other.low);
        let high = self.high.checked_add(other.high);
        let high = high.and_then(|high| high.checked_add(carried.into()));
        Ok(Self { high: high.ok_or(StoreError::Overflow)?, low })
    }

    fn minus(self, other: Self) -> Option<Self> {
        let (low, borrowed) = self.low.overflowing_sub(other.low);
        let high = self.high.checked_sub(other.high)?.checked_sub(borrowed.into())?;
        Some(Self { high, low })
    }

    /// 40 bytes, big-endian.
    fn to_bytes(self) -> Vec<u8> {
        [self.high.to_be_bytes().as_slice(), &self.low.to_be_bytes()].concat()
    }

    fn from_bytes(bytes: [u8; 40]) -> Result<Self, StoreError> {
        let parts = bytes
            .split_first_chunk()
            .and_then(|(high, low)| Some((u64::from_be_bytes(*high), Amount::from_be_slice(low)?)));
        let (high, low) = parts.ok_or(StoreError::Corrupt { what: "sum" })?;
        Ok(Self { high, low })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rusqlite::Connection;

    use super::*;
    use crate::store::prepare;

    fn account(db: &Writing<'_>) -> AccountId {
        db.open_account(Account::Dollars(WalletId::from_bytes([1; 16]))).unwrap()
    }

    fn within<T>(work: impl FnOnce(&Writing<'_>) -> T) -> T {
        let mut connection = Connection::open_in_memory().unwrap();
        prepare(&mut connection).unwrap();
        work(&Writing(Reading(&connection), None))
    }

    fn since(db: &Writing<'_>, account: AccountId, since: i64) -> Result<Amount, StoreError> {
        db.charges(account, UnixSeconds::new(since))?.sum.amount()
    }

    #[test]
    fn a_window_is_exact_to_the_second_and_the_unit_and_far_beyond_63_bits() {
        within(|db| {
            let account = account(db);
            let postings =
                [(10, Amount::MAX), (10, 1_u64.into()), (11, Amount::MAX), (12, 5_u64.into())];
            for (at, amount) in postings {
                db.post(account, Some(amount), UnixSeconds::new(at)).unwrap();
            }
            assert!(matches!(since(db, account, 9), Err(StoreError::Overflow)));
            assert!(matches!(since(db, account, 10), Err(StoreError::Overflow)));
            assert_eq!(since(db, account, 11).unwrap(), 5_u64.into());
            assert_eq!(since(db, account, 12).unwrap(), Amount::ZERO);
            db.hold(account, Some(Amount::MAX)).unwrap();
            assert_eq!(since(db, account, 12).unwrap(), Amount::MAX);
            db.hold(account, Some(1_u64.into())).unwrap();
            assert!(matches!(since(db, account, 12), Err(StoreError::Overflow)));
            db.let_go(account, Some(Amount::MAX)).unwrap();
            assert_eq!(since(db, account, 12).unwrap(), 1_u64.into());
        });
    }

    #[test]
    fn a_clock_that_is_set_back_takes_nothing_out_of_a_window() {
        within(|db| {
            let account = account(db);
            for at in [1_000, 10, 20] {
                db.post(account, Some(1_u64.into()), UnixSeconds::new(at)).unwrap();
            }
            // In the order of the clock the two later ones would be gone from this window.
            assert_eq!(since(db, account, 500).unwrap(), 3_u64.into());
            assert_eq!(since(db, account, 1_000).unwrap(), Amount::ZERO);
        });
    }

    #[test]
    fn what_was_never_held_is_not_let_go() {
        within(|db| {
            let account = account(db);
            db.hold(account, Some(1_u64.into())).unwrap();
            let more = db.let_go(account, Some(2_u64.into()));
            assert!(matches!(more, Err(StoreError::Corrupt { .. })));
            assert!(matches!(db.let_go(account, None), Err(StoreError::Corrupt { .. })));
            assert_eq!(since(db, account, 0).unwrap(), 1_u64.into());
        });
    }

    /// Amounts around the places where a sum of two halves carries, and an unknown one.
    fn charges() -> impl Strategy<Value = Charge> {
        prop_oneof![
            1 => Just(None),
            2 => Just(Some(Amount::MAX)),
            2 => any::<[u8; 32]>().prop_map(|bytes| Some(Amount::from_be_bytes(bytes))),
            3 => any::<u64>().prop_map(|amount| Some(amount.into())),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

        #[test]
        fn every_window_is_the_sum_of_its_rows(
            postings in prop::collection::vec((-3_i64..20, charges()), 0..40),
            reserved in prop::collection::vec(charges(), 0..4),
            windows in prop::collection::vec(-5_i64..260, 1..12),
        ) {
            within(|db| {
                let account = account(db);
                let (mut now, mut latest, mut model) = (0, i64::MIN, Vec::new());
                for (step, charge) in postings {
                    now += step;
                    latest = latest.max(now);
                    model.push((latest, charge));
                    db.post(account, charge, UnixSeconds::new(now)).unwrap();
                }
                for charge in &reserved {
                    db.hold(account, *charge).unwrap();
                }
                for since in windows {
                    let later = model.iter().filter(|(at, _charge)| *at > since);
                    let rows: Vec<Charge> =
                        later.map(|(_at, charge)| *charge).chain(reserved.clone()).collect();
                    let found = db.charges(account, UnixSeconds::new(since)).unwrap();
                    assert_eq!(found.count, u64::try_from(rows.len()).unwrap());
                    let unknown = rows.iter().filter(|row| row.is_none()).count();
                    assert_eq!(found.unknown, u64::try_from(unknown).unwrap());
                    let sum = Amount::sum(rows.into_iter().flatten());
                    assert_eq!(found.sum.amount().ok(), sum);
                }
            });
        }
    }
}

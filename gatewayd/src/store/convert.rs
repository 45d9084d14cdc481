//! What a script cannot do to an older database, because SQLite has no numbers of 256 bits.

use primitives::{Amount, Asset, ChainId, WalletId};
use rusqlite::{Connection, Row};

use super::accounts::{Account, Charge};
use super::column::{amount, optional_time, time, word};
use super::reservations::Reservation;
use super::{Reading, StoreError, TransactionId, Writing};
use crate::clock::UnixSeconds;

/// A row of the table `reservations` of the third version.
struct Old {
    transaction: TransactionId,
    wallet: WalletId,
    network: ChainId,
    asset: Asset,
    amount: Amount,
    usd_micros: Option<i64>,
    state: State,
    reserved_at: UnixSeconds,
    settled_at: Option<UnixSeconds>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Released,
    Posted,
    Reserved,
}

/// Books what the table of the third version holds, in the order in which it was settled, and drops
/// that table.
pub(super) fn reservations(connection: &Connection) -> Result<(), StoreError> {
    let there = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'reservations_before_4')";
    if !connection.query_row(there, [], |row| row.get(0))? {
        return Ok(());
    }
    let db = Writing(Reading(connection), None);
    let mut statement = connection.prepare(
        "SELECT * FROM reservations_before_4
         ORDER BY coalesce(settled_at, reserved_at), transaction_id, asset",
    )?;
    let mut group: Vec<Old> = Vec::new();
    for row in statement.query_and_then([], Old::from_row)? {
        let row = row?;
        if group.first().is_some_and(|first| first.transaction != row.transaction) {
            book(&db, &std::mem::take(&mut group))?;
        }
        group.push(row);
    }
    book(&db, &group)?;
    drop(statement);
    Ok(connection.execute_batch("DROP TABLE reservations_before_4")?)
}

/// Books all rows of one transaction, and the transaction itself in the account in dollars.
fn book(db: &Writing<'_>, rows: &[Old]) -> Result<(), StoreError> {
    let Some(first) = rows.iter().max_by_key(|row| row.state) else { return Ok(()) };
    // The worth of the whole stood in one of the rows.
    let worths = rows.iter().map(|row| row.usd_micros.and_then(|worth| u64::try_from(worth).ok()));
    let worth = worths.map(|worth| worth.map(Amount::from)).collect::<Option<Vec<_>>>();
    let worth = worth.and_then(Amount::sum);
    book_row(db, first, Account::Dollars(first.wallet), worth)?;
    for row in rows {
        let account = Account::Asset(row.wallet, row.network, row.asset);
        book_row(db, row, account, Some(row.amount))?;
    }
    Ok(())
}

fn book_row(
    db: &Writing<'_>,
    row: &Old,
    account: Account,
    charge: Charge,
) -> Result<(), StoreError> {
    let unit = account.unit();
    let account = db.open_account(account)?;
    match row.state {
        State::Reserved => db.hold(account, charge)?,
        State::Posted => db.post(account, charge, row.settled_at.unwrap_or(row.reserved_at))?,
        State::Released => {}
    }
    let reservation = Reservation { account, unit, charge, fee: None };
    let stands = (row.state.as_str(), row.reserved_at, row.settled_at);
    db.insert_reservation(row.transaction, &reservation, stands)
}

impl Old {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        let asset: String = row.get("asset")?;
        let asset = match asset.as_str() {
            "native" => Asset::Native,
            _ => Asset::Token(word(row, "asset")?),
        };
        Ok(Self {
            transaction: word(row, "transaction_id")?,
            wallet: word(row, "wallet_id")?,
            network: word(row, "network")?,
            asset,
            amount: amount(row, "amount")?,
            usd_micros: row.get("usd_micros")?,
            state: State::from_column(&row.get::<_, String>("state")?)?,
            reserved_at: time(row, "reserved_at")?,
            settled_at: optional_time(row, "settled_at")?,
        })
    }
}

impl State {
    const ALL: [Self; 3] = [Self::Released, Self::Posted, Self::Reserved];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Released => "RELEASED",
            Self::Posted => "POSTED",
            Self::Reserved => "RESERVED",
        }
    }

    fn from_column(text: &str) -> Result<Self, StoreError> {
        let found = Self::ALL.into_iter().find(|state| state.as_str() == text);
        found.ok_or(StoreError::Corrupt { what: "state" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::UsdMicros;
    use crate::store::migrations::migrate_to;
    use crate::store::wallets::sample;
    use crate::store::{Store, copy};

    const IDS: [&str; 4] = [
        "01926f3c-7d4e-7abc-8def-000000000001",
        "01926f3c-7d4e-7abc-8def-000000000002",
        "01926f3c-7d4e-7abc-8def-000000000003",
        "01926f3c-7d4e-7abc-8def-000000000004",
    ];
    const TOKEN: &str = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48";

    /// A database of the third version: of its transactions one is under way, one was paid, one
    /// paid only its fee, and one nothing.
    fn of_version_3(file: &std::path::Path) {
        let mut connection = Connection::open(file).unwrap();
        migrate_to(&mut connection, 3).unwrap();
        let wallet = sample(1);
        let insert = "INSERT INTO wallets (id, name, chain, environment, address, public_key, \
                      status, created_at) VALUES (?, 'n', 'ethereum', 'testnet', 'a', x'02', \
                      'ACTIVE', 1)";
        connection.execute(insert, [wallet.id.to_string()]).unwrap();
        let rows = [
            (IDS[0], "native", Amount::from(1_u64), Some(1_000_000), "RESERVED", None),
            (IDS[1], "native", 10_u64.into(), Some(2_000_000), "POSTED", Some(2_000)),
            (IDS[1], TOKEN, Amount::MAX, Some(0), "POSTED", Some(2_000)),
            (IDS[2], "native", 100_u64.into(), Some(4_000_000), "POSTED", Some(1_000)),
            (IDS[2], TOKEN, 7_u64.into(), Some(0), "RELEASED", Some(1_000)),
            (IDS[3], "native", 1_000_u64.into(), None, "RELEASED", Some(3_000)),
        ];
        for id in IDS {
            let insert = "INSERT INTO transactions (id, wallet_id, type, status, created_at, \
                          updated_at) VALUES (?, ?, 'TRANSFER', 'CONFIRMED', 1, 1)";
            connection.execute(insert, (id, wallet.id.to_string())).unwrap();
        }
        for (id, asset, amount, worth, state, settled_at) in rows {
            let insert = "INSERT INTO reservations VALUES (?, ?, 'eip155:1', ?, ?, ?, ?, 500, ?)";
            let wallet = wallet.id.to_string();
            let row = (id, wallet, asset, amount.to_be_bytes(), worth, state, settled_at);
            connection.execute(insert, row).unwrap();
        }
    }

    fn check(db: &Reading<'_>) -> Result<(), StoreError> {
        let (wallet, network) = (sample(1).id, "eip155:1".parse().unwrap());
        let spent =
            |asset, since| db.spent((wallet, network, asset), UnixSeconds::new(since), None);
        let windows = [(0, 111_u64), (999, 111), (1_000, 11), (1_999, 11), (2_000, 1)];
        for (since, native) in windows {
            assert_eq!(spent(Asset::Native, since)?, native.into(), "since {since}");
        }
        let token = Asset::Token(TOKEN.parse().unwrap());
        assert_eq!(spent(token, 1_999)?, Amount::MAX);
        assert_eq!(spent(token, 2_000)?, Amount::ZERO);
        let dollars = |since| db.spent_usd(wallet, UnixSeconds::new(since), None);
        assert_eq!(dollars(0)?, Some(UsdMicros::new(7_000_000)));
        assert_eq!(dollars(1_000)?, Some(UsdMicros::new(3_000_000)));
        assert_eq!(db.transactions_since(wallet, UnixSeconds::new(1_000), None)?, 2);
        Ok(())
    }

    #[tokio::test]
    async fn what_the_third_version_has_counted_counts_on_and_ends_as_it_would_have() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("gateway.db");
        of_version_3(&file);
        for _start in 0..2 {
            let store = Store::open(&file).unwrap();
            store.read(check).await.unwrap();
        }
        let store = Store::open(&file).unwrap();
        let release = |db: &Writing<'_>| {
            let release = super::super::reservations::Settlement::Release;
            db.settle(IDS[0].parse().unwrap(), release, UnixSeconds::new(9_000))
        };
        store.write(release).await.unwrap();
        let count =
            |db: &Reading<'_>| db.transactions_since(sample(1).id, UnixSeconds::new(0), None);
        assert_eq!(store.read(count).await.unwrap(), 2);
    }

    #[tokio::test]
    async fn a_backup_of_the_third_version_keeps_its_windows() {
        let directory = tempfile::tempdir().unwrap();
        let [theirs, ours] = ["theirs.db", "ours.db"].map(|name| directory.path().join(name));
        of_version_3(&theirs);
        let store = Store::open(&ours).unwrap();
        let incoming = store.incoming().unwrap();
        let mut file = incoming.create().unwrap();
        std::io::copy(&mut std::fs::File::open(&theirs).unwrap(), &mut file).unwrap();
        copy::clear(&theirs).unwrap();
        let named = ("a".repeat(64), UnixSeconds::new(9_000));
        store.take_over(incoming, named, |_db| Ok(())).await.unwrap();
        store.read(check).await.unwrap();
    }
}

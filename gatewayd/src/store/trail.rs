//! Reads the table `audit`, and checks the chain of its hashes.

use std::ops::RangeInclusive;

use api::AuditLog;
use primitives::WalletId;
use rusqlite::types::ToSql;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::value::RawValue;

use super::column::{count, position};
use super::{Reading, SessionId, StoreError, TransactionId};
use crate::clock::UnixSeconds;
use crate::store::audit::{Actor, Severity};

/// Which entries are looked for; what is `None` does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrailSearch {
    /// Of which wallet.
    pub wallet: Option<WalletId>,
    /// About one of these wallets, also where it is about others too.
    pub among: Option<Vec<WalletId>>,
    /// Of these ids.
    pub within: Option<RangeInclusive<u64>>,
    /// Asked for by which session.
    pub session: Option<SessionId>,
    /// Of which transaction.
    pub transaction: Option<TransactionId>,
    /// What happened.
    pub event: Option<String>,
    /// How much it matters.
    pub severity: Option<Severity>,
    /// Happened then or later.
    pub from: Option<UnixSeconds>,
    /// Happened then or earlier.
    pub to: Option<UnixSeconds>,
}

/// From where on, and in which direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Walk {
    /// From the newest entry backwards.
    Newest,
    /// From the entry before the one of that id backwards.
    Before(u64),
    /// From the entry behind the one of that id forwards; 0 for the first.
    After(u64),
}

/// A condition of SQL with its values.
struct Condition {
    sql: String,
    values: Vec<Box<dyn ToSql>>,
}

impl Condition {
    fn of(search: &TrailSearch) -> Self {
        let mut condition = Self { sql: "TRUE".to_owned(), values: Vec::new() };
        // Only what is asked for stands in the statement, so that its index is found.
        condition.and("wallet_id = ?", search.wallet.map(|id| id.to_string()));
        condition.and("session_id = ?", search.session.map(|id| id.to_string()));
        condition.and("transaction_id = ?", search.transaction.map(|id| id.to_string()));
        condition.and("event_type = ?", search.event.clone());
        condition.and("severity = ?", search.severity.map(Severity::as_str));
        if let Some(wallets) = &search.among {
            let ids: Vec<String> = wallets.iter().map(ToString::to_string).collect();
            let ids = serde_json::Value::from(ids).to_string();
            let own = "wallet_id IN (SELECT value FROM json_each(?))";
            let shared = format!("id IN (SELECT entry_id FROM audit_wallets WHERE {own})");
            condition.and(&format!("({own} OR {shared})"), Some(ids.clone()));
            condition.values.push(Box::new(ids));
        }
        if let Some(within) = &search.within {
            condition.and("id BETWEEN ? AND ?", Some(position(*within.start())));
            condition.values.push(Box::new(position(*within.end())));
        }
        condition.at(search.from, search.to);
        condition
    }

    /// Of that time: the hours that it touches say between which ids. An entry's time says nothing of
    /// those beside it, as clocks may be set back.
    fn at(&mut self, from: Option<UnixSeconds>, to: Option<UnixSeconds>) {
        if from.is_none() && to.is_none() {
            return;
        }
        let first = from.map_or(i64::MIN, UnixSeconds::get);
        let last = to.map_or(i64::MAX, UnixSeconds::get);
        self.and("at >= ?", Some(first));
        self.and("at <= ?", Some(last));
        let hours = "FROM audit_hours WHERE hour BETWEEN ? / 3600 AND ? / 3600";
        for bound in ["id >= (SELECT min(first_id)", "id <= (SELECT max(last_id)"] {
            self.and(&format!("{bound} {hours})"), Some(first));
            self.values.push(Box::new(last));
        }
    }

    fn and(&mut self, sql: &str, value: Option<impl ToSql + 'static>) {
        if let Some(value) = value {
            self.sql.push_str(" AND ");
            self.sql.push_str(sql);
            self.values.push(Box::new(value));
        }
    }
}

impl Reading<'_> {
    /// At most `limit` entries that fit, each compared with its hash and the one before it.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn trail(
        &self,
        search: &TrailSearch,
        walk: Walk,
        limit: u64,
    ) -> Result<Vec<AuditLog>, StoreError> {
        let mut condition = Condition::of(search);
        let order = match walk {
            Walk::Newest => "DESC",
            Walk::Before(id) => {
                condition.and("id < ?", Some(position(id)));
                "DESC"
            }
            Walk::After(id) => {
                condition.and("id > ?", Some(position(id)));
                "ASC"
            }
        };
        let Condition { sql, mut values } = condition;
        let sql = format!("SELECT * FROM audit WHERE {sql} ORDER BY id {order} LIMIT ?");
        values.push(Box::new(position(limit)));
        let mut statement = self.0.prepare_cached(&sql)?;
        let values = rusqlite::params_from_iter(values);
        let found: Result<Vec<_>, StoreError> =
            statement.query_and_then(values, from_row)?.collect();
        found?.into_iter().map(|found| self.checked(found)).collect()
    }

    /// How many entries fit.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn trail_length(&self, search: &TrailSearch) -> Result<u64, StoreError> {
        let Condition { sql, values } = Condition::of(search);
        let sql = format!("SELECT count(*) FROM audit WHERE {sql}");
        let values = rusqlite::params_from_iter(values);
        self.0.prepare_cached(&sql)?.query_row(values, |row| Ok(count(row)))?
    }

    /// How many entries of these events there are from that time on, by the actor that each is about:
    /// the one in its details, or its own. What names none of them counts for nobody known.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn trail_by_actor(
        &self,
        events: [&'static str; 2],
        from: UnixSeconds,
    ) -> Result<Vec<(Actor, u32)>, StoreError> {
        let mut condition =
            Condition { sql: "event_type IN (?, ?)".to_owned(), values: Vec::new() };
        condition.values.extend(events.map(|event| -> Box<dyn ToSql> { Box::new(event) }));
        condition.at(Some(from), None);
        let Condition { sql, values } = condition;
        let sql = format!(
            "SELECT coalesce(iif(json_valid(details), details ->> 'actor', NULL), actor) AS about,
                 count(*) AS entries
             FROM audit WHERE {sql} GROUP BY about"
        );
        let mut statement = self.0.prepare_cached(&sql)?;
        let read = |row: &Row<'_>| {
            let about: String = row.get("about")?;
            Ok((about.parse().unwrap_or(Actor::Unknown), row.get("entries")?))
        };
        statement.query_and_then(rusqlite::params_from_iter(values), read)?.collect()
    }

    fn checked(&self, (entry, hash): (AuditLog, Option<[u8; 32]>)) -> Result<AuditLog, StoreError> {
        let mut before = self
            .0
            .prepare_cached("SELECT hash FROM audit WHERE id < ? ORDER BY id DESC LIMIT 1")?;
        let previous = before.query_row([position(entry.id)], |row| Ok(as_hash(row, 0)));
        let previous = match previous.optional()? {
            Some(previous) => previous,
            None => Some(self.beginning_of_trail()?.hash),
        };
        let expected = previous.map(|previous| entry.hash_after(previous));
        Ok(AuditLog { intact: hash.is_some() && hash == expected && entry.intact, ..entry })
    }
}

/// An entry as the row has it, with its hash if it has one. What was written there by others is shown
/// as it is, and not intact.
fn from_row(row: &Row<'_>) -> Result<(AuditLog, Option<[u8; 32]>), StoreError> {
    let details: String = row.get("details")?;
    let shown = RawValue::from_string(details.clone());
    let intact = shown.is_ok();
    let shown = shown.or_else(|_no_json| serde_json::value::to_raw_value(&details));
    let hash = as_hash(row, "hash");
    let id: i64 = row.get("id")?;
    let entry = AuditLog {
        id: u64::try_from(id).map_err(|_negative| StoreError::Corrupt { what: "audit id" })?,
        timestamp: row.get("at")?,
        event_type: row.get("event_type")?,
        actor: row.get("actor")?,
        wallet_id: row.get("wallet_id")?,
        session_id: row.get("session_id")?,
        tx_id: row.get("transaction_id")?,
        details: shown.map_err(|_error| StoreError::Corrupt { what: "details" })?,
        severity: row.get("severity")?,
        ip_address: row.get("ip_address")?,
        peer_uid: row.get("peer_uid")?,
        request_id: row.get("request_id")?,
        hash: hash.map_or_else(String::new, |hash| primitives::encode_hex(&hash)),
        intact,
    };
    Ok((entry, hash))
}

fn as_hash(row: &Row<'_>, column: impl rusqlite::RowIndex) -> Option<[u8; 32]> {
    row.get(column).ok()
}

/// Gives the entries of a database from before the chain their hashes.
pub(super) fn chain_older(connection: &Connection) -> Result<(), StoreError> {
    let mut older = connection.prepare("SELECT * FROM audit ORDER BY id")?;
    let mut set = connection.prepare("UPDATE audit SET hash = ? WHERE id = ?")?;
    let mut previous = AuditLog::GENESIS;
    for entry in older.query_and_then([], from_row)? {
        let (entry, _none) = entry?;
        previous = entry.hash_after(previous);
        set.execute(params![previous, position(entry.id)])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;
    use crate::asker::{Asker, Connection as Origin};
    use crate::store::audit::AuditEntry;
    use crate::store::migrations;
    use crate::store::{Store, Writing};

    const NOW: UnixSeconds = UnixSeconds::new(1_800_000_000);

    fn entry(number: i64) -> AuditEntry {
        let entry = AuditEntry::new(UnixSeconds::new(number), "TESTED", Actor::System);
        entry.detail("number", number)
    }

    async fn add(store: &Store, numbers: std::ops::Range<i64>) {
        let write = store
            .write(move |db| numbers.into_iter().try_for_each(|number| db.audit(&entry(number))));
        let _written: () = write.await.unwrap();
    }

    async fn all(store: &Store) -> Vec<AuditLog> {
        store.read(|db| db.trail(&TrailSearch::default(), Walk::After(0), 1_000)).await.unwrap()
    }

    /// Follows the chain as somebody does who has nothing but the entries.
    fn is_whole(entries: &[AuditLog]) -> bool {
        let mut previous = AuditLog::GENESIS;
        entries.iter().all(|entry| {
            previous = entry.hash_after(previous);
            primitives::encode_hex(&previous) == entry.hash
        })
    }

    async fn execute(store: &Store, sql: &'static str) -> Result<(), StoreError> {
        store.write(move |db| Ok(db.0.0.execute_batch(sql)?)).await
    }

    #[tokio::test]
    async fn entries_follow_each_other_and_the_chain_is_found_whole() {
        let store = Store::open_in_memory().unwrap();
        add(&store, 0..5).await;
        add(&store, 5..10).await;
        let entries = all(&store).await;
        let ids: Vec<u64> = entries.iter().map(|entry| entry.id).collect();
        assert_eq!(ids, (1..=10).collect::<Vec<_>>());
        assert!(is_whole(&entries) && entries.iter().all(|entry| entry.intact));
    }

    #[tokio::test]
    async fn what_is_undone_leaves_no_gap() {
        let store = Store::open_in_memory().unwrap();
        add(&store, 0..2).await;
        let undone = store.write(|db| {
            db.audit(&entry(7))?;
            Err::<(), _>(StoreError::Overflow)
        });
        assert!(undone.await.is_err());
        add(&store, 2..4).await;
        let entries = all(&store).await;
        assert_eq!(entries.len(), 4);
        assert!(is_whole(&entries));
    }

    #[tokio::test]
    async fn the_table_takes_nothing_but_new_entries_at_its_end() {
        let store = Store::open_in_memory().unwrap();
        add(&store, 0..5).await;
        for sql in [
            "UPDATE audit SET actor = 'master' WHERE id = 3",
            "UPDATE audit SET hash = NULL",
            "DELETE FROM audit WHERE id = 5",
            "DELETE FROM audit",
            "INSERT OR REPLACE INTO audit SELECT * FROM audit WHERE id = 2",
            "REPLACE INTO audit SELECT * FROM audit WHERE id = 5",
            "INSERT INTO audit (id, at, event_type, actor, details, severity)
             VALUES (9, 0, 'A', 'b', '{}', 'info')",
        ] {
            assert!(execute(&store, sql).await.is_err(), "{sql}");
        }
        assert!(is_whole(&all(&store).await));
        add(&store, 5..6).await;
        assert_eq!(all(&store).await.len(), 6);
    }

    /// Somebody who has the file can take the triggers away.
    #[tokio::test]
    async fn what_was_changed_behind_the_programs_back_is_shown_as_such() {
        let unguarded = "DROP TRIGGER audit_is_not_changed; DROP TRIGGER audit_is_kept;
                         DROP TRIGGER audit_grows_at_its_end;";
        for (sql, damaged) in [
            ("UPDATE audit SET actor = 'master' WHERE id = 3", vec![3]),
            ("UPDATE audit SET details = '{\"number\":\"9\"}' WHERE id = 1", vec![1]),
            ("UPDATE audit SET details = 'no JSON' WHERE id = 3", vec![3]),
            ("UPDATE audit SET at = at + 1 WHERE id = 5", vec![5]),
            ("UPDATE audit SET hash = NULL WHERE id = 3", vec![3, 4]),
            ("UPDATE audit SET hash = zeroblob(32) WHERE id = 3", vec![3, 4]),
            ("DELETE FROM audit WHERE id = 3", vec![4]),
            ("DELETE FROM audit WHERE id < 3", vec![3]),
        ] {
            let store = Store::open_in_memory().unwrap();
            add(&store, 0..5).await;
            execute(&store, unguarded).await.unwrap();
            execute(&store, sql).await.unwrap();
            let entries = all(&store).await;
            let found = entries.iter().filter(|entry| !entry.intact).map(|entry| entry.id);
            assert_eq!(found.collect::<Vec<_>>(), damaged, "{sql}");
            assert!(!is_whole(&entries), "{sql}");
        }
    }

    #[test]
    fn entries_from_before_the_chain_are_tied_too() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrations::migrate_to(&mut connection, 4).unwrap();
        connection
            .execute_batch(
                "INSERT INTO audit (at, event_type, actor, wallet_id, details, severity) VALUES
                     (1, 'WALLET_CREATED', 'master', 'w', '{\"name\":\"shop\"}', 'info'),
                     (2, 'MASTER_AUTH_FAILED', 'system', NULL, '{}', 'warning');",
            )
            .unwrap();
        migrations::migrate(&mut connection).unwrap();
        let db = Writing(Reading(&connection), None);
        db.audit(&entry(3)).unwrap();
        let entries = db.trail(&TrailSearch::default(), Walk::After(0), 10).unwrap();
        let events: Vec<&str> = entries.iter().map(|entry| entry.event_type.as_str()).collect();
        assert_eq!(events, ["WALLET_CREATED", "MASTER_AUTH_FAILED", "TESTED"]);
        assert!(is_whole(&entries) && entries.iter().all(|entry| entry.intact));
        migrations::migrate(&mut connection).unwrap();
        assert!(connection.execute("UPDATE audit SET at = 0 WHERE id = 1", []).is_err());
    }

    #[tokio::test]
    async fn entries_are_found_by_what_is_asked_for_in_both_directions() {
        let store = Store::open_in_memory().unwrap();
        let (wallet, session) =
            (WalletId::from_bytes([7; 16]), "01926f3c-7d4e-7abc-8def-0123456789ab");
        let session: SessionId = session.parse().unwrap();
        let write = store.write(move |db| {
            db.audit(&entry(1))?;
            db.audit(&entry(2).wallet(wallet))?;
            db.audit(&AuditEntry { severity: Severity::Critical, ..entry(3) })?;
            db.audit(&AuditEntry { actor: Actor::Session(session), ..entry(4) })?;
            db.audit(&AuditEntry { event: "OTHER", ..entry(5) })
        });
        let _written: () = write.await.unwrap();
        let none = TrailSearch::default;
        let time = |seconds| Some(UnixSeconds::new(seconds));
        for (search, walk, limit, expected) in [
            (none(), Walk::Newest, 9, vec![5, 4, 3, 2, 1]),
            (none(), Walk::Newest, 2, vec![5, 4]),
            (none(), Walk::Before(4), 2, vec![3, 2]),
            (none(), Walk::Before(1), 9, vec![]),
            (none(), Walk::Before(u64::MAX), 1, vec![5]),
            (none(), Walk::After(0), 2, vec![1, 2]),
            (none(), Walk::After(4), 9, vec![5]),
            (none(), Walk::After(u64::MAX), 9, vec![]),
            (TrailSearch { wallet: Some(wallet), ..none() }, Walk::Newest, 9, vec![2]),
            (TrailSearch { session: Some(session), ..none() }, Walk::Newest, 9, vec![4]),
            (TrailSearch { event: Some("OTHER".to_owned()), ..none() }, Walk::Newest, 9, vec![5]),
            (
                TrailSearch { severity: Some(Severity::Critical), ..none() },
                Walk::After(0),
                9,
                vec![3],
            ),
            (
                TrailSearch { from: time(2), to: time(4), ..none() },
                Walk::After(0),
                9,
                vec![2, 3, 4],
            ),
            (TrailSearch { from: time(6), ..none() }, Walk::Newest, 9, vec![]),
        ] {
            let (asked, length) = (search.clone(), search.clone());
            let found = store.read(move |db| db.trail(&asked, walk, limit)).await.unwrap();
            let ids: Vec<u64> = found.iter().map(|entry| entry.id).collect();
            assert_eq!(ids, expected, "{search:?} {walk:?}");
            assert!(found.iter().all(|entry| entry.intact));
            if limit == 9 && [Walk::Newest, Walk::After(0)].contains(&walk) {
                let counted = store.read(move |db| db.trail_length(&length)).await.unwrap();
                assert_eq!(counted, u64::try_from(expected.len()).unwrap());
            }
        }
    }

    #[tokio::test]
    async fn an_entry_says_who_asked_though_its_writer_does_not_know() {
        let store = Store::open_in_memory().unwrap();
        let session: SessionId = "01926f3c-7d4e-7abc-8def-0123456789ab".parse().unwrap();
        let address = Origin::Tcp(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let agent = Asker::new(address, NOW, "r-1", ("POST", "/v1/a"));
        agent.identify(Actor::Session(session));
        agent.carry(add(&store, 1..2)).await;
        let operator = Asker::new(Origin::Socket(Some(1_000)), NOW, "r-2", ("PUT", "/v1/b"));
        operator.identify(Actor::Operator);
        operator.carry(add(&store, 2..3)).await;
        add(&store, 3..4).await;
        let entries = all(&store).await;
        let askers: Vec<_> = entries
            .iter()
            .map(|entry| {
                let text = |text: &Option<String>| text.clone().unwrap_or_default();
                let (session, address) = (text(&entry.session_id), text(&entry.ip_address));
                (session, address, entry.peer_uid, text(&entry.request_id))
            })
            .collect();
        let none = String::new;
        assert_eq!(
            askers,
            [
                (session.to_string(), "127.0.0.1".to_owned(), None, "r-1".to_owned()),
                (none(), none(), Some(1_000), "r-2".to_owned()),
                (none(), none(), None, none()),
            ]
        );
    }

    async fn change(store: &Store) -> Result<(), StoreError> {
        execute(store, "INSERT OR REPLACE INTO settings VALUES ('a', 'b', 1)").await
    }

    #[tokio::test]
    async fn a_change_that_nothing_was_said_of_is_written_down_with_its_request() {
        let store = Store::open_in_memory().unwrap();
        let ask = |method| {
            let origin = Origin::Socket(Some(0));
            let asker = Asker::new(origin, NOW, "r-1", (method, "/v1/wallets/7"));
            asker.identify(Actor::Operator);
            asker
        };
        ask("GET").carry(change(&store)).await.unwrap();
        ask("PUT").carry(add(&store, 1..2)).await;
        let read = execute(&store, "SELECT 1");
        ask("POST").carry(read).await.unwrap();
        let failing = store.write(|db| {
            db.0.0.execute_batch("INSERT OR REPLACE INTO settings VALUES ('a', 'b', 1)")?;
            Err::<(), _>(StoreError::Overflow)
        });
        assert!(ask("POST").carry(failing).await.is_err());
        assert_eq!(all(&store).await.len(), 1, "the one that was said");
        ask("DELETE")
            .carry(async {
                change(&store).await.unwrap();
                change(&store).await.unwrap();
            })
            .await;
        let entries = all(&store).await;
        assert_eq!(entries.len(), 2, "once a request");
        let last = entries.last().unwrap();
        assert_eq!((last.event_type.as_str(), last.actor.as_str()), ("STATE_CHANGED", "master"));
        assert_eq!(last.timestamp, NOW.get());
        assert_eq!(last.details.get(), r#"{"method":"DELETE","path":"/v1/wallets/7"}"#);
    }

    /// What was undone was not written down.
    #[tokio::test]
    async fn a_second_try_after_a_failure_is_written_down() {
        let store = Store::open_in_memory().unwrap();
        let asker = Asker::new(Origin::Socket(None), NOW, "r-1", ("POST", "/v1/wallets"));
        let failing = store.write(|db| {
            db.audit(&entry(1))?;
            Err::<(), _>(StoreError::Overflow)
        });
        let failed = asker.clone().carry(failing).await;
        assert!(failed.is_err() && !asker.is_recorded());
        asker.clone().carry(change(&store)).await.unwrap();
        assert!(asker.is_recorded());
        assert_eq!(all(&store).await.len(), 1);
    }

    /// Ids of the entries of a time, and the plan that finds them.
    async fn of_time(store: &Store, from: Option<i64>, to: Option<i64>) -> (Vec<u64>, String) {
        let [from, to] = [from, to].map(|at| at.map(UnixSeconds::new));
        let search = TrailSearch { from, to, ..TrailSearch::default() };
        let read = store.read(move |db| {
            let found = db.trail(&search, Walk::After(0), 1_000)?;
            let Condition { sql, values } = Condition::of(&search);
            let plan =
                format!("EXPLAIN QUERY PLAN SELECT * FROM audit WHERE {sql} ORDER BY id DESC");
            let mut plan = db.0.prepare(&plan)?;
            let steps =
                plan.query_map(rusqlite::params_from_iter(values), |row| row.get("detail"))?;
            let steps: Vec<String> = steps.collect::<Result<_, _>>()?;
            Ok::<_, StoreError>((found, steps.join("; ")))
        });
        let (found, plan) = read.await.unwrap();
        (found.iter().map(|entry| entry.id).collect(), plan)
    }

    /// Also where the clock was set back in between.
    #[tokio::test]
    async fn entries_of_a_time_are_found_by_their_ids() {
        const HOUR: i64 = 3_600;
        let store = Store::open_in_memory().unwrap();
        let times = [10 * HOUR, 11 * HOUR + 59, 90 * HOUR, 9 * HOUR, 12 * HOUR, 12 * HOUR + 1];
        let write = store.write(move |db| {
            times
                .iter()
                .try_for_each(|at| db.audit(&AuditEntry { at: UnixSeconds::new(*at), ..entry(1) }))
        });
        let _written: () = write.await.unwrap();
        for (from, to) in [
            (None, Some(9 * HOUR)),
            (None, Some(9 * HOUR - 1)),
            (Some(12 * HOUR), None),
            (Some(12 * HOUR + 1), Some(12 * HOUR + 1)),
            (Some(10 * HOUR), Some(12 * HOUR)),
            (Some(11 * HOUR + 59), Some(12 * HOUR - 1)),
            (Some(90 * HOUR + 1), None),
            (Some(i64::MIN), Some(i64::MAX)),
            (Some(12 * HOUR), Some(9 * HOUR)),
        ] {
            let fits = |at: i64| from.is_none_or(|from| at >= from) && to.is_none_or(|to| at <= to);
            let expected = (1..).zip(times).filter(|(_, at)| fits(*at)).map(|(id, _)| id);
            let (found, plan) = of_time(&store, from, to).await;
            assert_eq!(found, expected.collect::<Vec<u64>>(), "{from:?} {to:?}");
            let by_id = "SEARCH audit USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)";
            assert!(plan.contains(by_id) && !plan.contains("SCAN audit"), "{plan}");
        }
    }
}

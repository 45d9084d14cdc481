//! The table `audit_cut`: behind which entry the audit trail begins, once those before it were
//! archived. Triggers let nothing else be taken from the trail than what stands before it.

use api::AuditLog;
use rusqlite::{OptionalExtension, params};

use super::column::position;
use super::{Reading, StoreError, Writing};

/// A place in the trail: behind the entry of that id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrailPlace {
    /// The entry's id; 0 before the first.
    pub id: u64,
    /// Its hash.
    pub hash: [u8; 32],
}

/// Whether entries were taken from the trail's beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Cut {
    /// So many.
    Shorter(u64),
    /// None: the trail begins elsewhere, or has no such entry.
    OtherTrail,
}

impl TrailPlace {
    /// Before the first entry of all.
    pub const START: Self = Self { id: 0, hash: AuditLog::GENESIS };
}

impl Reading<'_> {
    /// Behind which entry the trail begins.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn beginning_of_trail(&self) -> Result<TrailPlace, StoreError> {
        self.place("SELECT last_id, hash FROM audit_cut", None)
    }

    /// Behind which entry it ends.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn end_of_trail(&self) -> Result<TrailPlace, StoreError> {
        match self.place("SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1", None)? {
            TrailPlace::START => self.beginning_of_trail(),
            end => Ok(end),
        }
    }

    fn place(&self, sql: &str, id: Option<u64>) -> Result<TrailPlace, StoreError> {
        let mut statement = self.0.prepare_cached(sql)?;
        let id = id.map(position);
        let found = statement
            .query_row(rusqlite::params_from_iter(id), |row| {
                Ok((row.get::<_, i64>(0)?, row.get(1)?))
            })
            .optional()?;
        let Some((id, hash)) = found else { return Ok(TrailPlace::START) };
        let id = u64::try_from(id).map_err(|_negative| StoreError::Corrupt { what: "audit id" })?;
        Ok(TrailPlace { id, hash })
    }
}

impl Writing<'_> {
    /// Takes the entries behind `from`, where the trail has to begin, up to `through` away.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn cut_trail(&self, from: TrailPlace, through: TrailPlace) -> Result<Cut, StoreError> {
        let entry = self.place("SELECT id, hash FROM audit WHERE id = ?", Some(through.id))?;
        if self.beginning_of_trail()? != from || entry != through || through == TrailPlace::START {
            return Ok(Cut::OtherTrail);
        }
        let (connection, last) = (self.0.0, position(through.id));
        let sql = "UPDATE audit_cut SET last_id = ?, hash = ?";
        connection.execute(sql, params![last, through.hash])?;
        let gone = connection.execute("DELETE FROM audit WHERE id <= ?", [last])?;
        connection.execute("DELETE FROM audit_wallets WHERE entry_id <= ?", [last])?;
        connection.execute("DELETE FROM audit_hours WHERE last_id <= ?", [last])?;
        let sql = "UPDATE audit_hours SET first_id = ?1 + 1 WHERE first_id <= ?1";
        connection.execute(sql, [last])?;
        Ok(Cut::Shorter(u64::try_from(gone).unwrap_or(u64::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::UnixSeconds;
    use crate::store::Store;
    use crate::store::audit::{Actor, AuditEntry};
    use crate::store::trail::{TrailSearch, Walk};

    const HOUR: i64 = 3_600;

    /// A trail of so many entries, one an hour.
    async fn trail(entries: i64) -> Store {
        let store = Store::open_in_memory().unwrap();
        add(&store, 1..entries + 1).await;
        store
    }

    async fn add(store: &Store, hours: std::ops::Range<i64>) {
        let write = store.write(move |db| {
            hours.into_iter().try_for_each(|hour| {
                let at = UnixSeconds::new(hour * HOUR);
                db.audit(&AuditEntry::new(at, "TESTED", Actor::System))
            })
        });
        let _written: () = write.await.unwrap();
    }

    async fn ids(store: &Store, search: TrailSearch) -> Vec<u64> {
        let read = store.read(move |db| db.trail(&search, Walk::After(0), 100)).await.unwrap();
        assert!(read.iter().all(|entry| entry.intact), "{read:?}");
        read.iter().map(|entry| entry.id).collect()
    }

    async fn place(store: &Store, id: u64) -> TrailPlace {
        let read = store.read(move |db| db.trail(&TrailSearch::default(), Walk::Before(id + 1), 1));
        let hash = primitives::decode_hex(&read.await.unwrap()[0].hash).unwrap();
        TrailPlace { id, hash: hash.try_into().unwrap() }
    }

    async fn cut(store: &Store, from: TrailPlace, through: TrailPlace) -> Cut {
        store.write(move |db| db.cut_trail(from, through)).await.unwrap()
    }

    #[tokio::test]
    async fn what_is_left_is_whole_and_goes_on() {
        let store = trail(5).await;
        let (two, five) = (place(&store, 2).await, place(&store, 5).await);
        assert_eq!(cut(&store, TrailPlace::START, two).await, Cut::Shorter(2));
        assert_eq!(ids(&store, TrailSearch::default()).await, [3, 4, 5]);
        add(&store, 6..7).await;
        let from = |hour| TrailSearch {
            from: Some(UnixSeconds::new(hour * HOUR)),
            ..TrailSearch::default()
        };
        assert_eq!(ids(&store, from(0)).await, [3, 4, 5, 6]);
        assert_eq!(ids(&store, from(4)).await, [4, 5, 6]);
        assert_eq!(cut(&store, two, five).await, Cut::Shorter(3));
        assert_eq!(ids(&store, TrailSearch::default()).await, [6]);
        let six = place(&store, 6).await;
        assert_eq!(cut(&store, five, six).await, Cut::Shorter(1));
        add(&store, 7..8).await;
        assert_eq!(ids(&store, TrailSearch::default()).await, [7], "ids go on");
    }

    #[tokio::test]
    async fn only_whoever_knows_where_it_begins_and_ends_makes_it_shorter() {
        let store = trail(5).await;
        let (two, three) = (place(&store, 2).await, place(&store, 3).await);
        let start = TrailPlace::START;
        for (from, through) in [
            (two, three),
            (TrailPlace { hash: [1; 32], ..start }, two),
            (start, TrailPlace { hash: three.hash, ..two }),
            (start, TrailPlace { id: 6, ..two }),
            (start, start),
        ] {
            assert_eq!(cut(&store, from, through).await, Cut::OtherTrail, "{from:?} {through:?}");
        }
        assert_eq!(cut(&store, start, two).await, Cut::Shorter(2));
        assert_eq!(cut(&store, start, three).await, Cut::OtherTrail, "archived by somebody else");
        assert_eq!(cut(&store, two, two).await, Cut::OtherTrail);
        assert_eq!(cut(&store, two, three).await, Cut::Shorter(1));
    }

    #[tokio::test]
    async fn nothing_else_takes_entries_away() {
        let store = trail(5).await;
        let two = place(&store, 2).await;
        assert_eq!(cut(&store, TrailPlace::START, two).await, Cut::Shorter(2));
        for sql in [
            "DELETE FROM audit WHERE id = 3",
            "DELETE FROM audit",
            "DELETE FROM audit_cut",
            "INSERT INTO audit_cut VALUES (9, zeroblob(32))",
            "UPDATE audit_cut SET last_id = 4",
            "UPDATE audit_cut SET last_id = 0, hash = zeroblob(32)",
            "INSERT INTO audit (id, at, event_type, actor, details, severity, hash)
             VALUES (2, 0, 'A', 'b', '{}', 'info', zeroblob(32))",
        ] {
            let write = store.write(move |db| Ok::<_, StoreError>(db.0.0.execute_batch(sql)?));
            assert!(write.await.is_err(), "{sql}");
        }
        assert_eq!(ids(&store, TrailSearch::default()).await, [3, 4, 5]);
    }
}

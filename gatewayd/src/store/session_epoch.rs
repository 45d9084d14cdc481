//! Whether what is remembered of sessions still holds, without reading them again.
//!
//! A row holds a number that triggers change whenever a session, a wallet or a link between the two
//! does. It is random: a number that was seen before stands for the same sessions, in another
//! database too. SQLite tells each connection, from memory that all processes share, whether somebody
//! has committed since it asked last; only then is the row read.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OpenFlags};

use super::{Reading, StoreError};

/// What stands for the sessions as they are; the same as long as none of them changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionEpoch(i64);

/// Sees changes by anybody, with a connection that does nothing else.
#[derive(Clone, Debug)]
pub(super) struct Watch(Arc<Mutex<Watcher>>);

/// The connection, and what it saw last.
#[derive(Debug)]
struct Watcher {
    connection: Connection,
    seen: Option<(i64, SessionEpoch)>,
}

impl Watch {
    /// Watches the database in `file`.
    pub(super) fn open(file: &Path) -> Result<Self, rusqlite::Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(file, flags)?;
        Ok(Self(Arc::new(Mutex::new(Watcher { connection, seen: None }))))
    }

    /// The epoch of now. A row is read where somebody has committed since the last time.
    pub(super) fn now(&self) -> Result<SessionEpoch, StoreError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).look()
    }
}

impl Watcher {
    fn look(&mut self) -> Result<SessionEpoch, StoreError> {
        let mut statement = self.connection.prepare_cached("PRAGMA data_version")?;
        let version: i64 = statement.query_row([], |row| row.get(0))?;
        if let Some((_version, epoch)) = self.seen.filter(|(at, _epoch)| *at == version) {
            return Ok(epoch);
        }
        // What is committed between the two counts as seen later, and is read once more then.
        let epoch = Reading(&self.connection).session_epoch()?;
        self.seen = Some((version, epoch));
        Ok(epoch)
    }
}

impl Reading<'_> {
    /// What stands for the sessions as they are in this moment of the database.
    ///
    /// # Errors
    /// When the database fails.
    pub fn session_epoch(&self) -> Result<SessionEpoch, StoreError> {
        let mut statement =
            self.0.prepare_cached("SELECT value FROM session_epoch WHERE id = 1")?;
        Ok(statement.query_row([], |row| row.get(0).map(SessionEpoch))?)
    }
}

/// What the store reads where nobody watches.
pub(super) fn read(db: &Reading<'_>) -> Result<SessionEpoch, StoreError> {
    db.session_epoch()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock, UnixSeconds};
    use crate::session::grants::Grants;
    use crate::store::sessions::{Session, SessionStatus, Source};
    use crate::store::wallets::{WalletStatus, sample};
    use crate::store::{SessionId, Store, Writing};

    const NOW: UnixSeconds = UnixSeconds::new(1);

    fn session() -> Session {
        Session {
            id: SessionId::new(&Clock::system()),
            status: SessionStatus::Active,
            source: Source::Api,
            token_hash: [1; 32],
            token_issued_count: 1,
            renewal_count: 0,
            max_renewals: None,
            expires_at: None,
            absolute_expires_at: None,
            created_at: NOW,
            last_renewed_at: None,
            grants: Grants::default(),
        }
    }

    async fn changes(
        writer: &Store,
        seen_by: &Store,
        work: impl FnOnce(&Writing<'_>) -> Result<(), StoreError> + Send + 'static,
    ) -> bool {
        let before = seen_by.session_epoch().await.unwrap();
        assert_eq!(seen_by.session_epoch().await.unwrap(), before);
        writer.write(work).await.unwrap();
        seen_by.session_epoch().await.unwrap() != before
    }

    async fn sees_what_matters(writer: &Store, seen_by: &Store) {
        let session = session();
        let id = session.id;
        assert!(!changes(writer, seen_by, |db| db.insert_wallet(&sample(1))).await);
        let kept = session.clone();
        assert!(!changes(writer, seen_by, move |db| db.insert_session(&kept)).await);
        let link = move |db: &Writing<'_>| db.link_wallet(id, sample(1).id, NOW).map(|_new| ());
        assert!(changes(writer, seen_by, link).await);
        let token = Session { token_hash: [2; 32], ..session };
        let replace = move |db: &Writing<'_>| db.replace_token(&token, [1; 32]).map(|_was| ());
        assert!(changes(writer, seen_by, replace).await);
        let suspend = |db: &Writing<'_>| {
            db.set_wallet_status(sample(1).id, WalletStatus::Suspended, NOW).map(|_found| ())
        };
        assert!(changes(writer, seen_by, suspend).await);
        let unlink = move |db: &Writing<'_>| db.unlink_wallet(id, sample(1).id).map(|_was| ());
        assert!(changes(writer, seen_by, unlink).await);
        let revoke = move |db: &Writing<'_>| db.revoke_session(id, NOW).map(|_was| ());
        assert!(changes(writer, seen_by, revoke).await);
        let other = |db: &Writing<'_>| {
            db.keep_setting(crate::store::settings::Setting::RestoredFrom, "x", NOW)
        };
        assert!(!changes(writer, seen_by, other).await, "nothing of a session");
    }

    #[tokio::test]
    async fn every_change_of_a_session_is_seen_and_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&directory.path().join("gateway.db")).unwrap();
        sees_what_matters(&store, &store).await;
        let memory = Store::open_in_memory().unwrap();
        sees_what_matters(&memory, &memory).await;
    }

    #[tokio::test]
    async fn what_another_writer_of_the_file_changes_is_seen_too() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("gateway.db");
        let (one, other) = (Store::open(&file).unwrap(), Store::open(&file).unwrap());
        sees_what_matters(&one, &other).await;
    }
}

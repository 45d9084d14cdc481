//! The database: the only place with SQL. Functions take and give domain types.
//!
//! One thread writes, in transactions that take the write lock when they begin; what waits is
//! written together and synced once. Readers have connections of their own beside it (WAL), and
//! each reading sees one moment.
//!
//! A table's functions stand in the file of its name, as methods of [`Reading`] and [`Writing`]:
//!
//! ```ignore
//! let wallets = app.store.read(|db| db.wallets()).await?;
//! app.store.write(move |db| { db.insert_wallet(&wallet)?; db.audit(&entry) }).await?;
//! ```

mod accounts;
pub mod announcements;
pub mod audit;
pub mod audit_cut;
mod autostop;
mod column;
mod convert;
mod copy;
pub mod counts;
pub mod due;
pub mod fillers;
mod id;
pub mod idempotency;
pub mod kill_switch;
pub mod loads;
pub mod looks_back;
mod migrations;
pub mod nonces;
pub mod owners;
pub mod policies;
mod purge;
pub mod questions;
mod readers;
pub mod reservations;
pub mod search;
mod session_epoch;
pub mod session_requests;
pub mod session_watch;
pub mod sessions;
pub mod settings;
pub mod spared;
mod taken_back;
mod takeover;
pub mod tokens;
pub mod trail;
pub mod transactions;
pub mod versions;
pub mod wallets;
mod withdrawals;
pub mod worths;
mod writer;

use std::ops::Deref;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode};

pub use copy::DatabaseCopy;
pub use id::{IdError, PolicyId, SessionId, SessionRequestId, TokenId, TransactionId};
pub use session_epoch::SessionEpoch;
pub use takeover::{Incoming, TakenOver};

use crate::asker::Asker;
use crate::tx::Status;
use copy::Copies;
use readers::Readers;
use session_epoch::Watch;
use writer::Writer;

/// An open database; clones share it.
#[derive(Clone, Debug)]
pub struct Store {
    writer: Writer,
    /// `None` for a database in memory, which has one connection only.
    readers: Option<Readers>,
    /// Where it is copied to; `None` as well.
    copies: Option<Copies>,
    /// Sees whether sessions changed; `None` as well.
    watch: Option<Watch>,
}

/// Where the database's work is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workers {
    /// On threads of its own, as a disk makes them wait.
    Threads,
    /// By tasks of the runtime that opened it. Where that has one thread, one thing is done after another,
    /// and in the same order each time.
    Tasks,
}

/// The database at one moment.
#[derive(Debug)]
pub struct Reading<'c>(&'c Connection);

/// The database within a transaction that becomes durable as a whole, or not at all; and who asked
/// for it, if somebody did.
#[derive(Debug)]
pub struct Writing<'c>(Reading<'c>, Option<&'c Asker>);

/// Why the database did not do what it should.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file cannot be opened or made.
    #[error("the database {path} cannot be opened")]
    Open {
        /// Which file.
        path: PathBuf,
        /// What the library says.
        source: rusqlite::Error,
    },
    /// Another version of this program has written it.
    #[error(
        "the database has version {found}, and this program knows {known}: install the newer \
         program again, or restore a backup from before it"
    )]
    Newer {
        /// The database's version.
        found: u32,
        /// The newest that this program knows.
        known: u32,
    },
    /// There is no room for it.
    #[error("the disk of {path} is full: make room on it")]
    Full {
        /// Which file.
        path: PathBuf,
    },
    /// The file is something else, or was damaged.
    #[error(
        "{path} is damaged, or no database of this program: move it away, and restore a backup"
    )]
    NoDatabase {
        /// Which file.
        path: PathBuf,
        /// What the library says.
        source: rusqlite::Error,
    },
    /// The library, the disk or a constraint said no.
    #[error("the database failed")]
    Sqlite(#[from] rusqlite::Error),
    /// A stored value that its type does not have.
    #[error("the database holds no valid {what}")]
    Corrupt {
        /// Which kind of value.
        what: &'static str,
    },
    /// A transaction cannot go from one status to the other.
    #[error("a transaction that is {from} cannot become {to}")]
    IllegalTransition {
        /// As it is stored.
        from: Status,
        /// As somebody wanted it.
        to: Status,
    },
    /// The sum of stored amounts does not fit in 256 bits.
    #[error("the stored amounts add up to more than 256 bits")]
    Overflow,
    /// The writer could not make the transaction durable.
    #[error("the database could not be written: {reason}")]
    NotDurable {
        /// What the library says.
        reason: String,
    },
    /// Another copy is being made, or a database taken over.
    #[error("the database is being copied already; try again when that is done")]
    CopyUnderWay,
    /// Another process holds a lock for longer than it was waited for.
    #[error("another program holds the database locked; end it and try again")]
    Locked,
    /// The disk does not take a copy.
    #[error("the database cannot be copied in the gateway's state directory")]
    NotCopied(#[source] std::io::Error),
    /// Pages or rows of the database are not as they were written.
    #[error("the database is damaged: {said}")]
    Damaged {
        /// What the library says.
        said: String,
    },
    /// What was to be taken over was not written by this program.
    #[error("this is no database of a gateway")]
    Alien,
    /// What was to be overwritten has wallets.
    #[error("the gateway's database has wallets already; it is never overwritten")]
    InUse,
    /// It ends with the program.
    #[error("a database in memory cannot be copied")]
    InMemory,
    /// The program is ending.
    #[error("the database is closed")]
    Closed,
}

/// How many transactions of the writer may wait; more make their callers wait.
const WAITING_WRITES: usize = 1024;
/// Prepared statements that a connection keeps: more than there are.
const STATEMENTS: usize = 128;
/// Connections that read at the same time.
const READERS: usize = 4;

impl StoreError {
    /// Whether starting again changes nothing as long as nobody acts.
    pub(crate) fn is_lasting(&self) -> bool {
        match self {
            Self::Newer { .. } | Self::NoDatabase { .. } | Self::Corrupt { .. } => true,
            Self::Open { .. }
            | Self::Full { .. }
            | Self::Sqlite(_)
            | Self::IllegalTransition { .. }
            | Self::Overflow
            | Self::NotDurable { .. }
            | Self::CopyUnderWay
            | Self::Locked
            | Self::NotCopied(_)
            | Self::Damaged { .. }
            | Self::Alien
            | Self::InUse
            | Self::InMemory
            | Self::Closed => false,
        }
    }
}

impl Store {
    /// Opens the database in `file`, making it where there is none.
    ///
    /// # Errors
    /// When the file cannot be opened, is no database, or one of a newer program.
    pub fn open(file: &Path) -> Result<Self, StoreError> {
        Self::open_with(file, Workers::Threads)
    }

    /// The same, with its work done by these.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_with(file: &Path, workers: Workers) -> Result<Self, StoreError> {
        let open = |source| cannot_open(file, source);
        let mut connection = Connection::open(file).map_err(open)?;
        connection.pragma_update(None, "journal_mode", "WAL").map_err(open)?;
        connection.pragma_update(None, "synchronous", "FULL").map_err(open)?;
        prepare(&mut connection).map_err(|error| {
            if let StoreError::Sqlite(source) = error { open(source) } else { error }
        })?;
        let copies = Copies::of(file).map_err(StoreError::NotCopied)?;
        let readers = Readers::open(file, READERS, workers).map_err(open)?;
        let watch = Watch::open(file).map_err(open)?;
        let writer = Writer::start(connection, WAITING_WRITES, workers);
        Ok(Self { writer, readers: Some(readers), copies: Some(copies), watch: Some(watch) })
    }

    /// Opens a database that ends with the program.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn open_in_memory() -> Result<Self, StoreError> {
        let mut connection = Connection::open_in_memory()?;
        prepare(&mut connection)?;
        let writer = Writer::start(connection, WAITING_WRITES, Workers::Threads);
        Ok(Self { writer, readers: None, copies: None, watch: None })
    }

    /// The version of the tables.
    pub fn schema_version() -> usize {
        migrations::version()
    }

    /// How many writes wait for the one thread that writes.
    pub fn writes_waiting(&self) -> usize {
        self.writer.waiting()
    }

    /// What stands for all sessions and wallets as they are now, whoever changed them last. It takes
    /// no reading of the database when nobody has written to it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn session_epoch(&self) -> Result<SessionEpoch, StoreError> {
        match &self.watch {
            Some(watch) => watch.now(),
            None => self.read(session_epoch::read).await,
        }
    }

    /// Runs `work` within a transaction. It is durable when this returns `Ok`, and undone when
    /// `work` fails. Nothing but the database may be waited for inside.
    ///
    /// # Errors
    /// What `work` fails with, or [`StoreError`] when the transaction cannot be made durable.
    pub async fn write<T, E>(
        &self,
        work: impl FnOnce(&Writing<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let asker = Asker::current();
        let work = move |db: &Writing<'_>| match asker {
            Some(asker) => db.on_behalf(&asker, work),
            None => work(db),
        };
        self.writer.run(work).await
    }

    /// Runs `work` on the database as it stands.
    ///
    /// # Errors
    /// What `work` fails with, or [`StoreError`] when the database cannot be read.
    pub async fn read<T, E>(
        &self,
        work: impl FnOnce(&Reading<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        match &self.readers {
            Some(readers) => readers.run(work).await,
            None => self.writer.run(move |db| work(db)).await,
        }
    }
}

impl<'c> Deref for Writing<'c> {
    type Target = Reading<'c>;

    fn deref(&self) -> &Reading<'c> {
        &self.0
    }
}

/// What the library's error means to the operator.
fn cannot_open(file: &Path, source: rusqlite::Error) -> StoreError {
    let path = file.to_owned();
    // The memory that readers share is a file too.
    let no_room_to_share = Some(rusqlite::ffi::SQLITE_IOERR_SHMSIZE);
    let extended = source.sqlite_error().map(|error| error.extended_code);
    match source.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::Full { path },
        Some(ErrorCode::SystemIoFailure) if extended == no_room_to_share => {
            StoreError::Full { path }
        }
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            StoreError::NoDatabase { path, source }
        }
        _ => StoreError::Open { path, source },
    }
}

fn prepare(connection: &mut Connection) -> Result<(), StoreError> {
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    // There is no place for temporary files, which would hold what the database holds.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    migrations::migrate(connection)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn put(store: &Store, key: &'static str) -> Result<usize, StoreError> {
        store
            .write(move |db| Ok(db.0.0.execute("INSERT INTO settings VALUES (?, '', 0)", [key])?))
            .await
    }

    async fn keys(store: &Store) -> Vec<String> {
        let all = |db: &Reading<'_>| -> Result<Vec<String>, StoreError> {
            let mut statement = db.0.prepare("SELECT key FROM settings ORDER BY key")?;
            let rows = statement.query_map([], |row| row.get(0))?;
            Ok(rows.collect::<Result<_, _>>()?)
        };
        store.read(all).await.unwrap()
    }

    #[tokio::test]
    async fn what_fails_is_undone_and_what_succeeds_beside_it_stays() {
        let store = Store::open_in_memory().unwrap();
        let failing = store.write(|db| {
            db.0.0.execute("INSERT INTO settings VALUES ('undone', '', 0)", [])?;
            Err::<(), _>(StoreError::Overflow)
        });
        let (first, failed, second) = tokio::join!(put(&store, "a"), failing, put(&store, "b"));
        assert_eq!(first.unwrap() + second.unwrap(), 2);
        assert!(matches!(failed, Err(StoreError::Overflow)));
        assert_eq!(keys(&store).await, ["a", "b"]);
    }

    #[tokio::test]
    async fn what_was_written_is_there_when_the_file_is_opened_again() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("gateway.db");
        let store = Store::open(&file).unwrap();
        put(&store, "kept").await.unwrap();
        // A second handle while the first is open sees what a crash would leave behind.
        let other = Store::open(&file).unwrap();
        assert_eq!(keys(&other).await, ["kept"]);
        put(&other, "more").await.unwrap();
        assert_eq!(keys(&store).await, ["kept", "more"]);
    }

    #[test]
    fn a_file_that_is_no_database_is_named_and_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("gateway.db");
        let text = "somebody's notes, which are long enough to be read as the head of a database. ";
        std::fs::write(&file, text.repeat(20)).unwrap();
        let error = Store::open(&file).unwrap_err();
        assert!(matches!(error, StoreError::NoDatabase { .. }) && error.is_lasting(), "{error}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), text.repeat(20));
    }

    #[tokio::test]
    async fn tasks_do_what_threads_do() {
        for workers in [Workers::Threads, Workers::Tasks] {
            let directory = tempfile::tempdir().unwrap();
            let file = directory.path().join("gateway.db");
            let store = Store::open_with(&file, workers).unwrap();
            let (first, second) = tokio::join!(put(&store, "a"), put(&store, "b"));
            assert_eq!(first.unwrap() + second.unwrap(), 2, "{workers:?}");
            assert_eq!(keys(&store).await, ["a", "b"], "{workers:?}");
        }
    }

    #[tokio::test]
    async fn a_reader_cannot_write() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&directory.path().join("gateway.db")).unwrap();
        let written =
            store.read(|db| Ok::<_, StoreError>(db.0.execute("DELETE FROM settings", [])?)).await;
        assert!(matches!(written, Err(StoreError::Sqlite(_))));
    }

    #[tokio::test]
    async fn a_thousand_writes_at_once_all_arrive() {
        let store = Store::open_in_memory().unwrap();
        let writes = (0..1_000).map(|number| {
            let store = store.clone();
            tokio::spawn(async move {
                store
                    .write(move |db| {
                        let key = number.to_string();
                        Ok::<_, StoreError>(
                            db.0.0.execute("INSERT INTO settings VALUES (?, '', 0)", [key])?,
                        )
                    })
                    .await
            })
        });
        for write in writes.collect::<Vec<_>>() {
            write.await.unwrap().unwrap();
        }
        assert_eq!(keys(&store).await.len(), 1_000);
    }
}

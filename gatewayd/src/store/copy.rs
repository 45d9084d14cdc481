//! A consistent copy of the whole database, for a backup, while it is written to.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, ErrorCode, OpenFlags};
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::{Reading, Store, StoreError};

/// Where the database is, and what lets one copy be made at a time.
#[derive(Clone, Debug)]
pub(super) struct Copies {
    database: PathBuf,
    one: Arc<Mutex<()>>,
}

/// A copy that has no name any more: it is gone with the last handle, however the program ends.
#[derive(Debug)]
pub struct DatabaseCopy {
    /// The file, from its beginning.
    pub file: File,
    /// Its length in bytes.
    pub length: u64,
    _one: OwnedMutexGuard<()>,
}

/// What ends the names of files that stand beside the database for a moment.
const COPY: &str = "copy";
const INCOMING: &str = "incoming";

impl Copies {
    /// Removes what a crash left beside the database.
    pub(super) fn of(database: &Path) -> io::Result<Self> {
        let copies = Self { database: database.to_owned(), one: Arc::default() };
        [COPY, INCOMING].iter().try_for_each(|name| clear(&copies.beside(name)))?;
        Ok(copies)
    }

    /// Where a database that is taken over is written to.
    pub(super) fn incoming(&self) -> PathBuf {
        self.beside(INCOMING)
    }

    /// Nobody else copies or takes over while this is held.
    pub(super) fn take(&self) -> Result<OwnedMutexGuard<()>, StoreError> {
        Arc::clone(&self.one).try_lock_owned().map_err(|_held| StoreError::CopyUnderWay)
    }

    fn beside(&self, name: &str) -> PathBuf {
        let mut path = self.database.as_os_str().to_owned();
        path.push(format!(".{name}"));
        path.into()
    }
}

impl Store {
    /// Copies the database as it stands at one moment, and checks the copy. Writers go on meanwhile.
    ///
    /// # Errors
    /// When a copy is under way, there is no room for one, or the database is damaged.
    pub async fn copy(&self) -> Result<DatabaseCopy, StoreError> {
        let copies = self.copies.as_ref().ok_or(StoreError::InMemory)?;
        let (one, path) = (copies.take()?, copies.beside(COPY));
        self.read(move |db| {
            let copied = copy_to(db, &path);
            let unnamed = copied.and_then(|()| open_unnamed(&path).map_err(StoreError::NotCopied));
            if unnamed.is_err() {
                clear(&path).map_err(StoreError::NotCopied)?;
            }
            let (file, length) = unnamed?;
            Ok(DatabaseCopy { file, length, _one: one })
        })
        .await
    }
}

fn copy_to(db: &Reading<'_>, path: &Path) -> Result<(), StoreError> {
    clear(path).map_err(StoreError::NotCopied)?;
    let mut copy = Connection::open(path)?;
    // It is read once and thrown away: nothing has to survive a crash.
    copy.pragma_update(None, "journal_mode", "OFF")?;
    copy.pragma_update(None, "synchronous", "OFF")?;
    copy_all(db.0, &mut copy)?;
    check(&copy)
}

/// Copies every page in one step, so that what is written meanwhile does not start it anew.
pub(super) fn copy_all(from: &Connection, to: &mut Connection) -> Result<(), StoreError> {
    // Both connections wait for a lock that somebody holds, some seconds long.
    let copied = Backup::new(from, to)?.step(-1)?;
    if copied == StepResult::Done { Ok(()) } else { Err(StoreError::Locked) }
}

/// Checks a database's pages and rows, without looking at what they mean.
pub(super) fn check(connection: &Connection) -> Result<(), StoreError> {
    let found = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0));
    let said: String = found.or_else(|error| match error.sqlite_error_code() {
        // So torn that the check itself finds no way through it.
        Some(ErrorCode::DatabaseCorrupt) => Ok(error.to_string()),
        _ => Err(error),
    })?;
    if said == "ok" { Ok(()) } else { Err(StoreError::Damaged { said }) }
}

fn open_unnamed(path: &Path) -> io::Result<(File, u64)> {
    let file = File::open(path)?;
    fs::remove_file(path)?;
    let length = file.metadata()?.len();
    Ok((file, length))
}

/// Opens a file as a database that is there already.
pub(super) fn open_existing(path: &Path) -> Result<Connection, rusqlite::Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(path, flags)
}

/// Removes a database and what SQLite may have put beside it.
pub(super) fn clear(path: &Path) -> io::Result<()> {
    for ending in ["", "-journal", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        match fs::remove_file(PathBuf::from(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::store::settings::Setting;

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap();
        let mut names: Vec<_> =
            entries.map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    async fn put(store: &Store, number: u32) {
        let now = crate::clock::UnixSeconds::new(1);
        let text = number.to_string();
        let write = store.write(move |db| {
            db.keep_setting(Setting::TokenKey, &text, now)?;
            db.keep_setting(Setting::MasterPassword, &text, now)
        });
        write.await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_copy_is_of_one_moment_while_others_write_and_leaves_no_name() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&directory.path().join("gateway.db")).unwrap();
        put(&store, 0).await;
        let before = names(directory.path());
        let writer = store.clone();
        let writing = tokio::spawn(async move {
            for number in 1..200 {
                put(&writer, number).await;
            }
        });
        for _copy in 0..5 {
            let DatabaseCopy { mut file, length, _one } = store.copy().await.unwrap();
            assert_eq!(names(directory.path()), before);
            let taken = directory.path().join("taken");
            let copied = io::copy(&mut file, &mut File::create(&taken).unwrap()).unwrap();
            assert_eq!(copied, length);
            let both: i64 = Connection::open(&taken)
                .unwrap()
                .query_row("SELECT count(DISTINCT value) FROM settings", [], |row| row.get(0))
                .unwrap();
            assert_eq!(both, 1, "both settings are of the same write");
            clear(&taken).unwrap();
        }
        writing.await.unwrap();
    }

    #[tokio::test]
    async fn one_copy_is_made_at_a_time() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&directory.path().join("gateway.db")).unwrap();
        let first = store.copy().await.unwrap();
        assert!(matches!(store.copy().await, Err(StoreError::CopyUnderWay)));
        drop(first);
        store.copy().await.unwrap();
    }

    #[tokio::test]
    async fn what_a_crash_left_is_removed_at_the_next_start() {
        let directory = tempfile::tempdir().unwrap();
        let database = directory.path().join("gateway.db");
        drop(Store::open(&database).unwrap());
        for name in ["gateway.db.copy", "gateway.db.incoming", "gateway.db.incoming-wal"] {
            File::create(directory.path().join(name)).unwrap().write_all(b"half").unwrap();
        }
        let _store = Store::open(&database).unwrap();
        let left = names(directory.path());
        assert!(left.iter().all(|name| !name.contains(".db.")), "{left:?}");
    }
}

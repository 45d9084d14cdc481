//! Taking over the database of a backup, into one that has nothing in it yet.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use rusqlite::Connection;
use tokio::sync::OwnedMutexGuard;

use super::copy::{check, clear, copy_all, open_existing};
use super::settings::Setting;
use super::{Reading, Store, StoreError, Writing, prepare};
use crate::asker::Asker;
use crate::clock::UnixSeconds;

/// A place for a database that arrives; what was written there is removed with it.
#[derive(Debug)]
pub struct Incoming {
    path: PathBuf,
    _one: OwnedMutexGuard<()>,
}

/// What became of a database that was to be taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TakenOver {
    /// It is the database now.
    Now,
    /// It was taken over before, and nothing was changed.
    Before,
}

impl Store {
    /// Makes room for a database that arrives.
    ///
    /// # Errors
    /// When another is copied or taken over.
    pub fn incoming(&self) -> Result<Incoming, StoreError> {
        let copies = self.copies.as_ref().ok_or(StoreError::InMemory)?;
        let one = copies.take()?;
        let path = copies.incoming();
        clear(&path).map_err(StoreError::NotCopied)?;
        Ok(Incoming { path, _one: one })
    }

    /// Puts what arrived in place of the database, once `change` has changed it, at once or not at
    /// all. `backup` names where it came from,
    /// at `now`: the same one is not taken over twice.
    ///
    /// # Errors
    /// When what arrived is no database of this program, or of a newer one; or when this database
    /// has wallets, which are never overwritten.
    pub async fn take_over(
        &self,
        incoming: Incoming,
        (backup, now): (String, UnixSeconds),
        change: impl FnOnce(&Writing<'_>) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<TakenOver, StoreError> {
        let name = backup.clone();
        let asker = Asker::current();
        let prepare = move || {
            let arrived = incoming.open()?;
            within(&arrived, asker.as_deref(), |db| {
                change(db)?;
                db.keep_setting(Setting::RestoredFrom, &name, now)
            })?;
            Ok::<_, StoreError>((arrived, incoming))
        };
        let prepared = tokio::task::spawn_blocking(prepare).await;
        let (arrived, incoming) = prepared.map_err(|_ended| StoreError::Closed)??;
        // Nobody writes between the look and the copy.
        let overwrite = move |database: &mut Connection| {
            let taken = match state_of(database, &backup)? {
                State::Empty => copy_all(&arrived, database).map(|()| TakenOver::Now),
                State::Is => Ok(TakenOver::Before),
                State::Used => Err(StoreError::InUse),
            };
            drop(arrived);
            drop(incoming);
            taken
        };
        self.writer.alone(overwrite).await
    }
}

impl Incoming {
    /// The file to write it to.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn create(&self) -> Result<File, StoreError> {
        let mut options = OpenOptions::new();
        let made = options.write(true).create_new(true).mode(0o600).open(&self.path);
        made.map_err(StoreError::NotCopied)
    }

    /// Opens what was written, if it is a database of this program, and brings it up to date.
    fn open(&self) -> Result<Connection, StoreError> {
        let alien = |_sqlite: rusqlite::Error| StoreError::Alien;
        let mut arrived = open_existing(&self.path).map_err(alien)?;
        let version = arrived.query_row("PRAGMA user_version", [], |row| row.get::<_, u32>(0));
        if version.map_err(alien)? == 0 {
            return Err(StoreError::Alien);
        }
        check(&arrived)?;
        prepare(&mut arrived)?;
        Ok(arrived)
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if let Err(error) = clear(&self.path) {
            tracing::warn!(%error, path = %self.path.display(), "a file was not removed");
        }
    }
}

/// What a database is to a backup.
enum State {
    /// Nothing has happened in it.
    Empty,
    /// It came from that backup.
    Is,
    /// It has wallets, and did not come from that backup.
    Used,
}

fn state_of(database: &Connection, backup: &str) -> Result<State, StoreError> {
    let db = Reading(database);
    if db.setting(Setting::RestoredFrom)?.as_deref() == Some(backup) {
        return Ok(State::Is);
    }
    let used: bool =
        database.query_row("SELECT EXISTS (SELECT 1 FROM wallets)", [], |row| row.get(0))?;
    Ok(if used { State::Used } else { State::Empty })
}

fn within(
    connection: &Connection,
    asker: Option<&Asker>,
    change: impl FnOnce(&Writing<'_>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let transaction = connection.unchecked_transaction()?;
    change(&Writing(Reading(&transaction), asker))?;
    Ok(transaction.commit()?)
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::io::Write;

    use super::*;
    use crate::store::wallets::sample;

    const NOW: UnixSeconds = UnixSeconds::new(1);

    #[tokio::test]
    async fn a_wallet_that_is_made_while_a_database_arrives_is_not_overwritten() {
        let [one, other] = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let theirs = Store::open(&other.path().join("gateway.db")).unwrap();
        let store = Store::open(&one.path().join("gateway.db")).unwrap();
        let incoming = store.incoming().unwrap();
        let mut file = incoming.create().unwrap();
        io::copy(&mut theirs.copy().await.unwrap().file, &mut file).unwrap();
        file.flush().unwrap();

        let writer = store.clone();
        let meanwhile = move |_db: &Writing<'_>| {
            let insert = writer.write(|db| db.insert_wallet(&sample(1)));
            tokio::runtime::Handle::current().block_on(insert)
        };
        let taken = store.take_over(incoming, ("a".repeat(64), NOW), meanwhile).await;
        assert!(matches!(taken, Err(StoreError::InUse)), "{taken:?}");
        let kept = store.read(|db| Ok::<_, StoreError>(db.wallets()?.len())).await;
        assert_eq!(kept.unwrap(), 1);
    }
}

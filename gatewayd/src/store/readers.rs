//! Connections that only read, beside the writer.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OpenFlags};
use tokio::sync::Semaphore;

use super::{Reading, STATEMENTS, StoreError, Workers};

/// A fixed number of connections; who finds none free waits.
#[derive(Clone, Debug)]
pub(super) struct Readers {
    free: Arc<Mutex<Vec<Connection>>>,
    permits: Arc<Semaphore>,
    workers: Workers,
}

impl Readers {
    /// Opens `count` connections to `file`.
    pub(super) fn open(
        file: &Path,
        count: usize,
        workers: Workers,
    ) -> Result<Self, rusqlite::Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let open = |_number| {
            let connection = Connection::open_with_flags(file, flags)?;
            connection.set_prepared_statement_cache_capacity(STATEMENTS);
            Ok(connection)
        };
        let free: Vec<_> = (0..count).map(open).collect::<Result<_, rusqlite::Error>>()?;
        let (free, permits) = (Arc::new(Mutex::new(free)), Arc::new(Semaphore::new(count)));
        Ok(Self { free, permits, workers })
    }

    /// Runs `work` in one read transaction, where it may block.
    pub(super) async fn run<T, E>(
        &self,
        work: impl FnOnce(&Reading<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let permits = Arc::clone(&self.permits);
        let permit = permits.acquire_owned().await.map_err(|_closed| StoreError::Closed)?;
        let free = Arc::clone(&self.free);
        let run = move || {
            let connection = take(&free).ok_or(StoreError::Closed)?;
            let outcome = at_one_moment(&connection, work);
            free.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            drop(permit);
            outcome
        };
        match self.workers {
            Workers::Threads => {
                tokio::task::spawn_blocking(run).await.map_err(|_ended| StoreError::Closed)?
            }
            Workers::Tasks => {
                tokio::task::yield_now().await;
                run()
            }
        }
    }
}

fn take(free: &Mutex<Vec<Connection>>) -> Option<Connection> {
    free.lock().unwrap_or_else(PoisonError::into_inner).pop()
}

fn at_one_moment<T, E: From<StoreError>>(
    connection: &Connection,
    work: impl FnOnce(&Reading<'_>) -> Result<T, E>,
) -> Result<T, E> {
    let transaction = connection.unchecked_transaction().map_err(StoreError::from)?;
    work(&Reading(&transaction))
}

//! Who is told when a transaction changes.

use std::time::Duration;

use tokio::sync::{Notify, broadcast};

use super::Transaction;
use crate::app::App;
use crate::store::{StoreError, TransactionId};

/// Tells those who wait for a transaction, and the scheduler, that something changed.
#[derive(Debug)]
pub struct Signals {
    changes: broadcast::Sender<TransactionId>,
    scheduler: Notify,
}

/// Changes that a slow listener may be behind before it has to look for itself.
const BACKLOG: usize = 256;

impl Signals {
    /// Nobody listens yet.
    pub fn new() -> Self {
        Self { changes: broadcast::Sender::new(BACKLOG), scheduler: Notify::new() }
    }

    /// Tells that a transaction changed, after that is durable.
    pub fn changed(&self, id: TransactionId) {
        // Nobody may be listening, which is no error.
        drop(self.changes.send(id));
        self.scheduler.notify_one();
    }

    /// Hears of every change from now on.
    pub(crate) fn subscribe(&self) -> broadcast::Receiver<TransactionId> {
        self.changes.subscribe()
    }

    /// Waits until something changed; a change before the call counts too.
    pub(crate) async fn any_change(&self) {
        self.scheduler.notified().await;
    }
}

impl Default for Signals {
    fn default() -> Self {
        Self::new()
    }
}

/// Waits until a transaction is over, but no longer than `patience` or than the program runs; then returns it as it stands.
/// `None` when there is none.
///
/// # Errors
/// When the database cannot be read.
pub(crate) async fn wait_until_final(
    app: &App,
    id: TransactionId,
    patience: Duration,
) -> Result<Option<Transaction>, StoreError> {
    let mut changes = app.signals.changes.subscribe();
    let over = async {
        loop {
            let found = app.store.read(move |db| db.transaction(id)).await?;
            if found.as_ref().is_none_or(|transaction| transaction.status.is_final()) {
                return Ok(found);
            }
            // A sequence changes with its parts, of which there may be none yet.
            let leads = found.is_some_and(|transaction| {
                transaction.intent.order().is_some_and(|order| order.sequence().is_some())
            });
            // The sender lives as long as the program.
            while matches!(changes.recv().await, Ok(changed) if changed != id && !leads) {}
        }
    };
    let mut ending = app.ending.subscribe();
    tokio::select! {
        found = over => return found,
        () = app.clock.sleep(patience) => {}
        _ended = ending.wait_for(|ending| *ending) => {}
    }
    app.store.read(move |db| db.transaction(id)).await
}

//! What is due: every transaction that is not over is taken as far as it goes, now and again, also
//! those that were under way when the program ended.
//!
//! The database says what is due. Of the transactions of one wallet on one network one is on its
//! way to its signature at a time, so that their nonces follow each other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tracing::{error, info};

use crate::app::App;
use crate::store::due::{Due, Lane};
use crate::store::{StoreError, TransactionId};
use crate::tx;

/// Transactions that are on their way at the same time.
const AT_ONCE: usize = 64;
/// The longest sleep: clocks may be set, and another process may write to the database.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);
/// How long to leave a database alone that fails.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// The transactions that are on their way.
struct Underway {
    tasks: JoinSet<(Due, Result<(), StoreError>)>,
    /// Which they are, and what may not be worked on beside each.
    lanes: BTreeMap<TransactionId, Lane>,
    /// Tells of transactions that were just signed: others of their wallet may be started.
    signed: mpsc::UnboundedSender<Due>,
}

/// How long what is under way may go on once the program shall end.
const LAST_MOMENTS: Duration = Duration::from_secs(2);

/// Runs until the program shall end, then lets what is under way go on for a moment. Whatever is
/// cut off goes on from the database at the next start.
pub async fn run(app: Arc<App>) {
    let mut ending = app.ending.subscribe();
    let (signed, mut newly_signed) = mpsc::unbounded_channel();
    let mut underway = Underway { tasks: JoinSet::new(), lanes: BTreeMap::new(), signed };
    loop {
        let sleep = match start_due(&app, &mut underway).await {
            Ok(sleep) => sleep,
            Err(failure) => {
                error!(error = %Chain(&failure), "cannot look for transactions that are due");
                AFTER_FAILURE
            }
        };
        tokio::select! {
            biased;
            _ended = ending.wait_for(|ending| *ending) => break,
            Some(due) = newly_signed.recv() => underway.pass(due),
            Some(finished) = underway.tasks.join_next() => underway.finish(finished),
            () = app.signals.any_change() => {}
            () = app.clock.sleep(sleep) => {}
        }
    }
    info!(under_way = underway.tasks.len(), "no more transactions are started");
    let finish = async { while underway.tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(LAST_MOMENTS, finish).await.is_err() {
        info!("some transactions are cut off, and go on at the next start");
    }
}

/// Starts what is due and whose lane is free; returns how long nothing else will be due.
async fn start_due(app: &Arc<App>, underway: &mut Underway) -> Result<Duration, StoreError> {
    let now = app.clock.now();
    let free = AT_ONCE.saturating_sub(underway.tasks.len());
    let limit = u16::try_from(AT_ONCE.saturating_mul(2)).unwrap_or(u16::MAX);
    let (due, next) = app
        .store
        .read(move |db| {
            Ok::<_, StoreError>((db.due_transactions(now, limit)?, db.next_due_after(now)?))
        })
        .await?;
    let taken: BTreeSet<Lane> = underway.lanes.values().copied().collect();
    let startable = due
        .into_iter()
        .filter(|due| !underway.lanes.contains_key(&due.id) && !taken.contains(&due.lane));
    let startable = startable.take(free);
    for due in startable.collect::<Vec<_>>() {
        underway.start(Arc::clone(app), due);
    }
    Ok(next.map_or(LONGEST_SLEEP, |next| next.since(now).min(LONGEST_SLEEP)))
}

impl Underway {
    fn start(&mut self, app: Arc<App>, due: Due) {
        self.lanes.insert(due.id, due.lane);
        let signed = self.signed.clone();
        self.tasks.spawn(async move {
            // Nobody listens once the program ends.
            let result =
                tx::advance_past(&app, due.id, || signed.send(due).unwrap_or_default()).await;
            if result.is_err() {
                // Nothing could be stored, so it is still due: its lane stays taken for a while.
                app.clock.sleep(AFTER_FAILURE).await;
            }
            (due, result)
        });
    }

    /// From now on it goes its own way.
    fn pass(&mut self, due: Due) {
        if let Some(lane) = self.lanes.get_mut(&due.id) {
            lane.signed = Some(due.id);
        }
    }

    fn finish(&mut self, finished: Result<(Due, Result<(), StoreError>), tokio::task::JoinError>) {
        // A task that panics ends the program, and is never cancelled.
        let Ok((Due { id, lane }, result)) = finished else { return };
        self.lanes.remove(&id);
        if let Err(failure) = result {
            error!(error = %Chain(&failure), wallet = %lane.wallet, "a transaction stands still");
        }
    }
}

/// An error with everything that led to it.
struct Chain<'a>(&'a dyn std::error::Error);

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(formatter, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}

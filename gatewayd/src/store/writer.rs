//! The one writer.

use std::thread;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::{Reading, StoreError, Workers, Writing};

/// Hands work to the writer, which ends when the last clone is gone.
#[derive(Clone, Debug)]
pub(super) struct Writer {
    jobs: mpsc::Sender<Work>,
}

/// What the writer does.
enum Work {
    Within(Job),
    Alone(Alone),
}

/// Work outside of any transaction.
type Alone = Box<dyn FnOnce(&mut Connection) + Send>;

/// Work within a transaction, or why there is none. It leaves its answer for later: the caller
/// hears it once it is durable.
type Job = Box<dyn FnOnce(Result<&Writing<'_>, StoreError>) -> (Done, Answer) + Send>;
/// Answers the caller, given why the transaction around the work failed, if it did.
type Answer = Box<dyn FnOnce(Option<StoreError>) + Send>;

/// What a piece of work left behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Done {
    Keep,
    Undo,
}

/// The most pieces of work that share one sync of the disk.
const BATCH: usize = 64;

impl Writer {
    /// Starts the writer; at most `waiting` pieces of work wait for it.
    pub(super) fn start(connection: Connection, waiting: usize, workers: Workers) -> Self {
        let (jobs, queue) = mpsc::channel(waiting);
        match workers {
            Workers::Threads => drop(thread::spawn(move || serve(connection, queue))),
            Workers::Tasks => drop(tokio::spawn(serve_as_task(connection, queue))),
        }
        Self { jobs }
    }

    /// How many pieces of work wait.
    pub(super) fn waiting(&self) -> usize {
        self.jobs.max_capacity().saturating_sub(self.jobs.capacity())
    }

    /// Runs `work` within a transaction and waits until it is durable.
    pub(super) async fn run<T, E>(
        &self,
        work: impl FnOnce(&Writing<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (reply, result) = oneshot::channel();
        let job: Job = Box::new(move |db| {
            let outcome = db.map_err(E::from).and_then(work);
            let done = if outcome.is_ok() { Done::Keep } else { Done::Undo };
            let answer = move |failure: Option<StoreError>| {
                let outcome = match failure {
                    Some(failure) => outcome.and(Err(E::from(failure))),
                    None => outcome,
                };
                // A caller that went away needs no answer; its work stays.
                drop(reply.send(outcome));
            };
            (done, Box::new(answer))
        });
        self.jobs.send(Work::Within(job)).await.map_err(|_ended| StoreError::Closed)?;
        result.await.map_err(|_ended| StoreError::Closed)?
    }

    /// Runs `work` while nobody else writes, on the connection that writes.
    pub(super) async fn alone<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, result) = oneshot::channel();
        let alone: Alone = Box::new(move |connection| drop(reply.send(work(connection))));
        self.jobs.send(Work::Alone(alone)).await.map_err(|_ended| StoreError::Closed)?;
        result.await.map_err(|_ended| StoreError::Closed)?
    }
}

fn serve(mut connection: Connection, mut queue: mpsc::Receiver<Work>) {
    let mut waiting = Vec::with_capacity(BATCH);
    while queue.blocking_recv_many(&mut waiting, BATCH) > 0 {
        carry_out(&mut connection, &mut waiting);
    }
}

async fn serve_as_task(mut connection: Connection, mut queue: mpsc::Receiver<Work>) {
    let mut waiting = Vec::with_capacity(BATCH);
    while queue.recv_many(&mut waiting, BATCH).await > 0 {
        carry_out(&mut connection, &mut waiting);
    }
}

fn carry_out(connection: &mut Connection, waiting: &mut Vec<Work>) {
    let mut jobs = Vec::with_capacity(waiting.len());
    for work in waiting.drain(..) {
        match work {
            Work::Within(job) => jobs.push(job),
            Work::Alone(alone) => {
                run_batch(connection, std::mem::take(&mut jobs));
                alone(connection);
            }
        }
    }
    run_batch(connection, jobs);
}

/// One transaction for all, a savepoint for each, so that one that fails undoes only itself.
fn run_batch(connection: &Connection, jobs: Vec<Job>) {
    if jobs.is_empty() {
        return;
    }
    let mut failure = connection.execute_batch("BEGIN IMMEDIATE").err();
    let mut answers = Vec::new();
    for job in jobs {
        let (answer, failed) = run_job(connection, job);
        answers.push(answer);
        failure = failure.or(failed);
    }
    failure = failure.or_else(|| connection.execute_batch("COMMIT").err());
    if failure.is_some() && !connection.is_autocommit() {
        failure = failure.or(connection.execute_batch("ROLLBACK").err());
    }
    for answer in answers {
        answer(failure.as_ref().map(not_durable));
    }
}

fn run_job(connection: &Connection, job: Job) -> (Answer, Option<rusqlite::Error>) {
    if let Err(error) = begin_job(connection) {
        let (_done, answer) = job(Err(not_durable(&error)));
        return (answer, Some(error));
    }
    let (done, answer) = job(Ok(&Writing(Reading(connection), None)));
    let ended = connection.execute_batch(match done {
        Done::Keep => "RELEASE job",
        Done::Undo => "ROLLBACK TO job; RELEASE job",
    });
    (answer, ended.err())
}

/// A full disk ends the transaction in the middle: nothing may run outside of one.
fn begin_job(connection: &Connection) -> Result<(), rusqlite::Error> {
    if connection.is_autocommit() {
        let aborted = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_ABORT);
        return Err(rusqlite::Error::SqliteFailure(aborted, None));
    }
    connection.execute_batch("SAVEPOINT job")
}

fn not_durable(error: &rusqlite::Error) -> StoreError {
    StoreError::NotDurable { reason: error.to_string() }
}

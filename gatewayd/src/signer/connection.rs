//! The connection to `signer.sock`: one for all requests, opened anew when it breaks.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use protocol::{FRAME_HEADER, Frame, MAX_SIGNER_FRAME, Reply, Request, RequestId};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::task::AbortHandle;
use tokio::time::timeout;

use super::{Observed, SignerError, answered, no_answer};
use crate::clock::Clock;

/// Carries requests and replies; opens a connection when there is none.
#[derive(Debug)]
pub(super) struct Line {
    socket: PathBuf,
    patience: Duration,
    connection: Mutex<Option<Connection>>,
    in_flight: Arc<Semaphore>,
    clock: Clock,
    observed: Observed,
}

/// An open connection whose hello was answered. Dropping it ends the task that reads.
#[derive(Debug)]
struct Connection {
    out: OwnedWriteHalf,
    next_id: AtomicU32,
    waiting: Arc<Waiting>,
    reader: AbortHandle,
}

/// Who waits for which reply; `None` once the connection is broken.
type Waiting = std::sync::Mutex<Option<BTreeMap<RequestId, Waiter>>>;

/// Keeps its place among the requests in flight until the reply is there.
#[derive(Debug)]
struct Waiter {
    reply: oneshot::Sender<Reply>,
    _permit: OwnedSemaphorePermit,
}

/// Requests that may wait for a reply; more make their callers wait.
const IN_FLIGHT: usize = 128;

impl Line {
    /// To the signer at `socket`, which has `patience` for each request.
    pub(super) fn new(socket: &Path, patience: Duration) -> Self {
        Self {
            socket: socket.to_owned(),
            patience,
            connection: Mutex::new(None),
            in_flight: Arc::new(Semaphore::new(IN_FLIGHT)),
            clock: Clock::system(),
            observed: Observed::default(),
        }
    }

    /// What was asked so far, and how it was answered.
    pub(super) const fn observed(&self) -> &Observed {
        &self.observed
    }

    /// Asks and waits for the answer.
    pub(super) async fn ask(&self, request: Request) -> Result<Reply, SignerError> {
        let (kind, since) = (request.kind(), self.clock.moment());
        let outcome = self.exchange(request).await;
        self.observed.answered(kind, &outcome, self.clock.elapsed(since));
        outcome
    }

    async fn exchange(&self, request: Request) -> Result<Reply, SignerError> {
        let sent = timeout(self.patience, self.send(request)).await;
        let reply = sent.map_err(|_elapsed| self.unavailable("it takes no requests"))??;
        match timeout(self.patience, reply).await {
            Ok(Ok(reply)) => answered(reply),
            Ok(Err(_broken)) => Err(no_answer("the connection broke")),
            Err(_elapsed) => {
                // Others may wait as long: they hear now, and the next request connects anew.
                drop(self.connection.lock().await.take());
                Err(no_answer("it took too long"))
            }
        }
    }

    /// Sends a request, by a new connection where there is none.
    async fn send(&self, request: Request) -> Result<oneshot::Receiver<Reply>, SignerError> {
        let permit = Arc::clone(&self.in_flight).acquire_owned().await;
        let permit = permit.map_err(|_closed| self.unavailable("the program is ending"))?;
        let mut slot = self.connection.lock().await;
        // Taken out, so that a caller who gives up in the middle leaves no half frame behind.
        let mut connection = match slot.take().filter(Connection::is_open) {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        let reply = connection.send(request, permit).await;
        let reply = reply.map_err(|error| self.unavailable(&error.to_string()))?;
        *slot = Some(connection);
        Ok(reply)
    }

    async fn connect(&self) -> Result<Connection, SignerError> {
        let failed = |error: std::io::Error| self.unavailable(&error.to_string());
        let stream = UnixStream::connect(&self.socket).await.map_err(failed)?;
        let (mut input, mut out) = stream.into_split();
        let hello = Request::Hello { version: protocol::VERSION };
        out.write_all(&Frame { id: 0, message: hello }.to_bytes()).await.map_err(failed)?;
        let reply = receive(&mut input).await.map_err(failed)?.message;
        match answered(reply) {
            Ok(Reply::Hello { version, .. }) if version == protocol::VERSION => {
                Ok(Connection::start(input, out))
            }
            Ok(_) => Err(self.unavailable("it speaks another version of the protocol")),
            Err(refused) => Err(self.unavailable(&refused.to_string())),
        }
    }

    fn unavailable(&self, reason: &str) -> SignerError {
        SignerError::Unavailable { socket: self.socket.clone(), reason: reason.to_owned() }
    }
}

impl Connection {
    fn start(input: OwnedReadHalf, out: OwnedWriteHalf) -> Self {
        let waiting = Arc::new(Waiting::new(Some(BTreeMap::new())));
        let reader = tokio::spawn(read_replies(input, Arc::clone(&waiting))).abort_handle();
        Self { out, next_id: AtomicU32::new(1), waiting, reader }
    }

    fn is_open(&self) -> bool {
        lock(&self.waiting).is_some()
    }

    async fn send(
        &mut self,
        request: Request,
        permit: OwnedSemaphorePermit,
    ) -> std::io::Result<oneshot::Receiver<Reply>> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let (reply, receiver) = oneshot::channel();
        match lock(&self.waiting).as_mut() {
            Some(waiting) => drop(waiting.insert(id, Waiter { reply, _permit: permit })),
            None => return Err(std::io::ErrorKind::BrokenPipe.into()),
        }
        self.out.write_all(&Frame { id, message: request }.to_bytes()).await?;
        Ok(receiver)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.reader.abort();
        *lock(&self.waiting) = None;
    }
}

async fn read_replies(mut input: OwnedReadHalf, waiting: Arc<Waiting>) {
    while let Ok(frame) = receive(&mut input).await {
        let waiter = lock(&waiting).as_mut().and_then(|waiting| waiting.remove(&frame.id));
        // Who stopped waiting left its place, so a number that nobody waits for is a broken peer.
        let Some(waiter) = waiter else { break };
        drop(waiter.reply.send(frame.message));
    }
    *lock(&waiting) = None;
}

async fn receive(input: &mut OwnedReadHalf) -> std::io::Result<Frame<Reply>> {
    let mut header = [0; FRAME_HEADER];
    input.read_exact(&mut header).await?;
    let length = Frame::content_length(header, MAX_SIGNER_FRAME).map_err(std::io::Error::other)?;
    let mut content = vec![0; length];
    input.read_exact(&mut content).await?;
    Frame::from_content(&content).map_err(std::io::Error::other)
}

fn lock(waiting: &Waiting) -> std::sync::MutexGuard<'_, Option<BTreeMap<RequestId, Waiter>>> {
    waiting.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

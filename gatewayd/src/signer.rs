//! The client of `signer.sock`: the only place that asks the signer.
//!
//! One connection carries all requests, with their numbers; replies come in any order. When it
//! breaks, everything that waits hears so, and the next request opens another. Nothing is asked
//! twice by itself: whether that is safe only the caller knows.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use primitives::{Chain, Environment, WalletId};
use protocol::{
    FRAME_HEADER, Frame, KeyInfo, MAX_SIGNER_FRAME, Payload, Refusal, RefusalCode, Reply, Request,
    RequestId, Status, Warrant,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::task::AbortHandle;
use tokio::time::timeout;

/// Asks the signer; clones share the connection.
#[derive(Clone, Debug)]
pub struct Signer {
    shared: Arc<Shared>,
}

/// Why the signer did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum SignerError {
    /// It could not be asked: nothing was sent.
    #[error("the signer cannot be reached at {socket}: {reason}; is signerd running?")]
    Unavailable {
        /// Where it should be.
        socket: PathBuf,
        /// What went wrong.
        reason: String,
    },
    /// It was asked and gave no answer: it may have done it.
    #[error("the signer gave no answer: {reason}")]
    NoAnswer {
        /// What went wrong.
        reason: String,
    },
    /// There is no vault, or no passphrase was given since it was started. It did nothing.
    #[error("the signer is locked: unlock it with waiaasctl unlock")]
    Locked,
    /// It said no.
    #[error("the signer refused: {0}")]
    Refused(Refusal),
}

#[derive(Debug)]
struct Shared {
    socket: PathBuf,
    patience: Duration,
    connection: Mutex<Option<Connection>>,
    in_flight: Arc<Semaphore>,
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

const KEYS_AT_ONCE: u16 = 500;
/// How long a request may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Requests that may wait for a reply; more make their callers wait.
const IN_FLIGHT: usize = 128;

impl Signer {
    /// A client of the signer at `socket`. It connects when it is first asked.
    pub fn new(socket: &Path) -> Self {
        Self::with_patience(socket, PATIENCE)
    }

    fn with_patience(socket: &Path, patience: Duration) -> Self {
        let shared = Shared {
            socket: socket.to_owned(),
            patience,
            connection: Mutex::new(None),
            in_flight: Arc::new(Semaphore::new(IN_FLIGHT)),
        };
        Self { shared: Arc::new(shared) }
    }

    /// How the signer is.
    ///
    /// # Errors
    /// When it cannot be asked or refuses.
    pub async fn status(&self) -> Result<Status, SignerError> {
        let Reply::Status(status) = self.ask(Request::Status).await? else {
            return Err(unexpected());
        };
        Ok(status)
    }

    /// Every wallet's public key, in order of id.
    ///
    /// # Errors
    /// When it cannot be asked or refuses.
    pub async fn keys(&self) -> Result<Vec<KeyInfo>, SignerError> {
        let mut keys: Vec<KeyInfo> = Vec::new();
        loop {
            let after = keys.last().map(|key| key.wallet);
            let request = Request::ListKeys { after, limit: KEYS_AT_ONCE };
            let Reply::Keys(more) = self.ask(request).await? else { return Err(unexpected()) };
            if more.is_empty() {
                return Ok(keys);
            }
            if more.iter().any(|key| after.is_some_and(|last| key.wallet <= last)) {
                return Err(no_answer("the list of keys does not end"));
            }
            keys.extend(more);
        }
    }

    /// Makes a key.
    ///
    /// # Errors
    /// When it cannot be asked or refuses. After [`SignerError::NoAnswer`] there may be a key.
    pub async fn create_key(
        &self,
        chain: Chain,
        environment: Environment,
        agent_id: Option<String>,
    ) -> Result<KeyInfo, SignerError> {
        let Reply::Key(key) = self.ask(Request::CreateKey { chain, environment, agent_id }).await?
        else {
            return Err(unexpected());
        };
        Ok(key)
    }

    /// Signs a whole transaction. The signer counts the same bytes once, however often they come.
    ///
    /// # Errors
    /// When it cannot be asked or refuses.
    pub async fn sign_transaction(
        &self,
        wallet: WalletId,
        unsigned: Vec<u8>,
    ) -> Result<Vec<u8>, SignerError> {
        signature(
            self.ask(Request::Sign {
                wallet,
                payload: Payload::Transaction(unsigned),
                warrant: Warrant::None,
            })
            .await?,
        )
    }

    /// Signs a text.
    ///
    /// # Errors
    /// When it cannot be asked or refuses.
    pub async fn sign_message(
        &self,
        wallet: WalletId,
        text: Vec<u8>,
    ) -> Result<Vec<u8>, SignerError> {
        signature(
            self.ask(Request::Sign {
                wallet,
                payload: Payload::Text(text),
                warrant: Warrant::None,
            })
            .await?,
        )
    }

    /// Signs typed data in `txcodec`'s binary form.
    ///
    /// # Errors
    /// When it cannot be asked or refuses.
    pub async fn sign_typed_data(
        &self,
        wallet: WalletId,
        typed_data: Vec<u8>,
    ) -> Result<Vec<u8>, SignerError> {
        signature(
            self.ask(Request::Sign {
                wallet,
                payload: Payload::TypedData(typed_data),
                warrant: Warrant::None,
            })
            .await?,
        )
    }

    async fn ask(&self, request: Request) -> Result<Reply, SignerError> {
        let patience = self.shared.patience;
        let sent = timeout(patience, self.shared.send(request)).await;
        let reply = sent.map_err(|_elapsed| self.shared.unavailable("it takes no requests"))??;
        match timeout(patience, reply).await {
            Ok(Ok(reply)) => answered(reply),
            Ok(Err(_broken)) => Err(no_answer("the connection broke")),
            Err(_elapsed) => {
                // Others may wait as long: they hear now, and the next request connects anew.
                drop(self.shared.connection.lock().await.take());
                Err(no_answer("it took too long"))
            }
        }
    }
}

impl Shared {
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

fn answered(reply: Reply) -> Result<Reply, SignerError> {
    let Reply::Refused(refusal) = reply else { return Ok(reply) };
    let locked = [RefusalCode::VaultLocked, RefusalCode::VaultUninitialised];
    Err(if locked.contains(&refusal.code) {
        SignerError::Locked
    } else {
        SignerError::Refused(refusal)
    })
}

fn signature(reply: Reply) -> Result<Vec<u8>, SignerError> {
    let Reply::Signature(signature) = reply else { return Err(unexpected()) };
    Ok(signature)
}

fn unexpected() -> SignerError {
    no_answer("its reply belongs to another request")
}

fn no_answer(reason: &str) -> SignerError {
    SignerError::NoAnswer { reason: reason.to_owned() }
}

fn lock(waiting: &Waiting) -> std::sync::MutexGuard<'_, Option<BTreeMap<RequestId, Waiter>>> {
    waiting.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::os::unix::net::{UnixListener, UnixStream as Peer};

    use super::*;

    /// Plays the signer's part of the protocol, by a script.
    fn peer(directory: &Path, script: impl FnOnce(&UnixListener) + Send + 'static) -> Signer {
        let socket = directory.join("signer.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        std::thread::spawn(move || script(&listener));
        Signer::with_patience(&socket, Duration::from_millis(500))
    }

    fn accept(listener: &UnixListener) -> Peer {
        let (mut peer, _address) = listener.accept().unwrap();
        let hello = next(&mut peer);
        assert_eq!(hello.message.kind(), protocol::Kind::Hello);
        let reply = Reply::Hello { version: protocol::VERSION, instance: [0; 16] };
        answer(&mut peer, hello.id, reply);
        peer
    }

    fn next(peer: &mut Peer) -> Frame<Request> {
        let mut header = [0; FRAME_HEADER];
        peer.read_exact(&mut header).unwrap();
        let mut content = vec![0; Frame::content_length(header, MAX_SIGNER_FRAME).unwrap()];
        peer.read_exact(&mut content).unwrap();
        Frame::from_content(&content).unwrap()
    }

    fn answer(peer: &mut Peer, id: RequestId, message: Reply) {
        peer.write_all(&Frame { id, message }.to_bytes()).unwrap();
    }

    fn sign(signer: &Signer, byte: u8) -> impl Future<Output = Result<Vec<u8>, SignerError>> {
        let signer = signer.clone();
        async move { signer.sign_transaction(WalletId::from_bytes([1; 16]), vec![byte]).await }
    }

    #[tokio::test]
    async fn replies_find_their_requests_in_any_order() {
        let directory = tempfile::tempdir().unwrap();
        let signer = peer(directory.path(), |listener| {
            let mut peer = accept(listener);
            let requests = [next(&mut peer), next(&mut peer)];
            for request in requests.into_iter().rev() {
                let Request::Sign { payload: Payload::Transaction(unsigned), .. } = request.message
                else {
                    panic!()
                };
                answer(&mut peer, request.id, Reply::Signature(unsigned));
            }
        });
        let (first, second) = tokio::join!(sign(&signer, 1), sign(&signer, 2));
        assert_eq!((first.unwrap(), second.unwrap()), (vec![1], vec![2]));
    }

    #[tokio::test]
    async fn a_broken_connection_is_told_and_the_next_request_opens_another() {
        let directory = tempfile::tempdir().unwrap();
        let signer = peer(directory.path(), |listener| {
            let mut peer = accept(listener);
            next(&mut peer);
            drop(peer);
            let mut peer = accept(listener);
            let request = next(&mut peer);
            answer(&mut peer, request.id, Reply::Signature(vec![7]));
        });
        assert!(matches!(sign(&signer, 1).await, Err(SignerError::NoAnswer { .. })));
        assert_eq!(sign(&signer, 1).await.unwrap(), [7]);
    }

    #[tokio::test]
    async fn a_no_is_told_apart_from_a_locked_vault() {
        let directory = tempfile::tempdir().unwrap();
        let signer = peer(directory.path(), |listener| {
            let mut peer = accept(listener);
            for code in [RefusalCode::VaultLocked, RefusalCode::NeedsOwner] {
                let request = next(&mut peer);
                answer(&mut peer, request.id, Reply::Refused(Refusal::new(code, "no")));
            }
        });
        assert!(matches!(sign(&signer, 1).await, Err(SignerError::Locked)));
        let error = sign(&signer, 1).await.unwrap_err();
        assert!(matches!(error, SignerError::Refused(refusal) if refusal.message == "no"));
    }

    #[tokio::test]
    async fn a_signer_that_is_gone_or_silent_is_not_waited_for_forever() {
        let directory = tempfile::tempdir().unwrap();
        let gone = Signer::new(&directory.path().join("nothing.sock"));
        assert!(matches!(sign(&gone, 1).await, Err(SignerError::Unavailable { .. })));
        let silent = peer(directory.path(), |listener| {
            let mut peer = accept(listener);
            next(&mut peer);
            drop(peer.read(&mut [0; 1]));
        });
        assert!(matches!(sign(&silent, 1).await, Err(SignerError::NoAnswer { .. })));
    }

    #[tokio::test]
    async fn a_reply_that_nobody_asked_for_ends_the_connection() {
        let directory = tempfile::tempdir().unwrap();
        let signer = peer(directory.path(), |listener| {
            let mut peer = accept(listener);
            let request = next(&mut peer);
            answer(&mut peer, request.id.wrapping_add(99), Reply::Signature(vec![7]));
            drop(peer.read(&mut [0; 1]));
        });
        assert!(matches!(sign(&signer, 1).await, Err(SignerError::NoAnswer { .. })));
    }
}

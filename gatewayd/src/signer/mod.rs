//! The client of `signer.sock`: the only place that asks the signer.
//!
//! One connection carries all requests, with their numbers; replies come in any order. When it
//! breaks, everything that waits hears so, and the next request opens another. Nothing is asked
//! twice by itself: whether that is safe only the caller knows.

mod connection;
mod observed;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use primitives::{Chain, Environment, WalletId};
use protocol::{
    Announcement, AnnouncementId, GuardText, KeyInfo, Latch, Owners, OwnersState, Payload, Refusal,
    RefusalCode, Reply, Request, Status, Warrant,
};

use self::connection::Line;
pub use self::observed::{Asked, Observed};

/// Asks the signer; clones share the connection.
#[derive(Clone, Debug)]
pub struct Signer {
    line: Arc<Line>,
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

const KEYS_AT_ONCE: u16 = 500;
/// How long a request may take.
const PATIENCE: Duration = Duration::from_secs(10);

impl Signer {
    /// A client of the signer at `socket`. It connects when it is first asked.
    pub fn new(socket: &Path) -> Self {
        Self::with_patience(socket, PATIENCE)
    }

    fn with_patience(socket: &Path, patience: Duration) -> Self {
        Self { line: Arc::new(Line::new(socket, patience)) }
    }

    /// What it was asked so far, and how it answered.
    pub fn observed(&self) -> &Observed {
        self.line.observed()
    }

    /// How the signer is.
    ///
    /// # Errors
    /// When it cannot be asked or refuses.
    pub async fn status(&self) -> Result<Status, SignerError> {
        let Reply::Status(status) = self.line.ask(Request::Status).await? else {
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
            let Reply::Keys(more) = self.line.ask(request).await? else { return Err(unexpected()) };
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
        let Reply::Key(key) =
            self.line.ask(Request::CreateKey { chain, environment, agent_id }).await?
        else {
            return Err(unexpected());
        };
        Ok(key)
    }

    /// Who the signer is; another after a backup was restored.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub async fn instance(&self) -> Result<[u8; 16], SignerError> {
        let hello = Request::Hello { version: protocol::VERSION };
        let Reply::Hello { instance, .. } = self.line.ask(hello).await? else {
            return Err(unexpected());
        };
        Ok(instance)
    }

    /// A wallet's guard.
    ///
    /// # Errors
    /// When it cannot be asked or refuses.
    pub async fn guard(&self, wallet: WalletId) -> Result<GuardText, SignerError> {
        let Reply::Guard(guard) = self.line.ask(Request::ShowGuard { wallet }).await? else {
            return Err(unexpected());
        };
        Ok(guard)
    }

    /// The owners of a wallet whose signatures count.
    ///
    /// # Errors
    /// When it cannot be asked or refuses.
    pub async fn owners(&self, wallet: WalletId) -> Result<Owners, SignerError> {
        Ok(self.owners_state(wallet).await?.confirmed)
    }

    /// The owners of a wallet: who is confirmed, and who was proposed.
    ///
    /// # Errors
    /// When it cannot be asked or refuses.
    pub async fn owners_state(&self, wallet: WalletId) -> Result<OwnersState, SignerError> {
        let Reply::Owners(owners) = self.line.ask(Request::ShowOwners { wallet }).await? else {
            return Err(unexpected());
        };
        Ok(owners)
    }

    /// Proposes owners, whom an operator may confirm.
    ///
    /// # Errors
    /// When it cannot be asked or refuses, as where owners are confirmed.
    pub async fn propose_owners(
        &self,
        wallet: WalletId,
        owners: Owners,
    ) -> Result<(), SignerError> {
        let Reply::Done = self.line.ask(Request::ProposeOwners { wallet, owners }).await? else {
            return Err(unexpected());
        };
        Ok(())
    }

    /// Signs. The signer counts the same bytes once, however often they come.
    ///
    /// # Errors
    /// When it cannot be asked or refuses.
    pub async fn sign(
        &self,
        wallet: WalletId,
        payload: Payload,
        warrant: Warrant,
    ) -> Result<Vec<u8>, SignerError> {
        let request = Request::Sign { wallet, payload, warrant };
        let Reply::Signature(signature) = self.line.ask(request).await? else {
            return Err(unexpected());
        };
        Ok(signature)
    }

    /// Says beforehand what shall be signed, so that the signer's own wait begins. Again with the
    /// same intent, it is the same announcement.
    ///
    /// # Errors
    /// When it cannot be asked or refuses. After [`SignerError::NoAnswer`] it may be announced.
    pub async fn announce(
        &self,
        wallet: WalletId,
        id: AnnouncementId,
        payload: Payload,
    ) -> Result<Announcement, SignerError> {
        let request = Request::Announce { wallet, id, payload };
        let Reply::Announced(announcement) = self.line.ask(request).await? else {
            return Err(unexpected());
        };
        Ok(announcement)
    }

    /// Suspends a wallet at the signer, where only an operator resumes it.
    ///
    /// # Errors
    /// When it cannot be asked or refuses.
    pub async fn suspend(&self, wallet: WalletId, reason: String) -> Result<(), SignerError> {
        let (wallet, from, to) = (Some(wallet), None, Latch::Suspended);
        let Reply::Done = self.line.ask(Request::Halt { wallet, from, to, reason }).await? else {
            return Err(unexpected());
        };
        Ok(())
    }

    /// Stops all signing, where only an operator lets it go on. Never loosens.
    ///
    /// # Errors
    /// When it cannot be asked or refuses.
    pub async fn halt(&self, to: Latch, reason: String) -> Result<(), SignerError> {
        let halt = Request::Halt { wallet: None, from: None, to, reason };
        let Reply::Done = self.line.ask(halt).await? else { return Err(unexpected()) };
        Ok(())
    }

    /// Calls an announcement off.
    ///
    /// # Errors
    /// When it cannot be asked or refuses, as for what it does not know.
    pub async fn cancel(&self, wallet: WalletId, id: AnnouncementId) -> Result<(), SignerError> {
        let Reply::Done = self.line.ask(Request::Cancel { wallet, id }).await? else {
            return Err(unexpected());
        };
        Ok(())
    }
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

fn unexpected() -> SignerError {
    no_answer("its reply belongs to another request")
}

fn no_answer(reason: &str) -> SignerError {
    SignerError::NoAnswer { reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::os::unix::net::{UnixListener, UnixStream as Peer};

    use protocol::{FRAME_HEADER, Frame, MAX_SIGNER_FRAME, RequestId};

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
        let payload = Payload::Transaction(vec![byte]);
        async move { signer.sign(WalletId::from_bytes([1; 16]), payload, Warrant::None).await }
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

//! One peer: bytes in, frames, replies, bytes out. It never blocks.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use nix::sys::socket::{MsgFlags, recv, send};
use protocol::{FRAME_HEADER, Frame, FrameError, Refusal, RefusalCode, Reply, Request, RequestId};
use zeroize::Zeroizing;

use crate::dispatch::Role;

/// Requests that one connection may have in one batch.
const MAX_PIPELINED: usize = 64;
/// Bytes of frames after which a connection has its share of a batch: what all connections together
/// can put into memory is this, and one frame more, for each of them.
const MAX_BATCHED: usize = 128 * 1024;
/// Bytes of replies that may wait for a slow reader before nothing more is read from it.
const MAX_UNSENT: usize = 1024 * 1024;
/// How long a frame may take from its first byte to its last.
const FRAME_TIME: Duration = Duration::from_secs(10);

/// A connected peer.
pub(super) struct Connection {
    stream: UnixStream,
    role: Role,
    limit: usize,
    inbox: Inbox,
    requests: Vec<(RequestId, Request)>,
    /// Bytes of the frames that `requests` came in.
    batched: usize,
    outbox: Vec<u8>,
    phase: Phase,
}

/// What was received of the next frame. The content's buffer has its final size from the start, so
/// that a passphrase in it is never copied by growing, and it is wiped when it was read.
struct Inbox {
    header: [u8; FRAME_HEADER],
    content: Option<Zeroizing<Vec<u8>>>,
    filled: usize,
    since: Option<Instant>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The hello has not come.
    New,
    Greeted,
    /// Nothing more is read; what is in the outbox is still sent.
    Closing,
    Dead,
}

impl Connection {
    pub(super) fn new(stream: UnixStream, role: Role, limit: usize) -> Self {
        Self {
            stream,
            role,
            limit,
            inbox: Inbox::empty(),
            requests: Vec::new(),
            batched: 0,
            outbox: Vec::new(),
            phase: Phase::New,
        }
    }

    pub(super) fn role(&self) -> Role {
        self.role
    }

    pub(super) fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }

    pub(super) fn wants_to_receive(&self) -> bool {
        matches!(self.phase, Phase::New | Phase::Greeted) && self.outbox.len() < MAX_UNSENT
    }

    pub(super) fn wants_to_send(&self) -> bool {
        !self.outbox.is_empty() && self.phase != Phase::Dead
    }

    /// Whether it stays open: it is not closed, and no frame has been half-sent for too long.
    pub(super) fn is_alive(&self, now: Instant) -> bool {
        let in_time = self.inbox.since.is_none_or(|since| now.duration_since(since) < FRAME_TIME);
        match self.phase {
            Phase::New | Phase::Greeted => in_time,
            Phase::Closing => !self.outbox.is_empty() && in_time,
            Phase::Dead => false,
        }
    }

    /// Takes in what has arrived, up to the batch's share.
    pub(super) fn receive(&mut self, now: Instant) {
        while self.wants_to_receive() && self.has_room() {
            match self.inbox.fill(&mut AtOnce(&self.stream), self.limit, now) {
                Ok(Some(content)) => {
                    self.batched = self.batched.saturating_add(content.len());
                    self.take_frame(&content);
                }
                Ok(None) => return,
                Err(_closed_or_broken) => self.phase = Phase::Dead,
            }
        }
    }

    fn has_room(&self) -> bool {
        self.requests.len() < MAX_PIPELINED && self.batched < MAX_BATCHED
    }

    /// A frame that breaks the protocol ends the connection: nothing after it can be trusted.
    fn take_frame(&mut self, content: &[u8]) {
        match (Frame::from_content(content), self.phase) {
            (Ok(Frame { id, message: Request::Hello { version } }), Phase::New) => {
                if version == protocol::VERSION {
                    self.phase = Phase::Greeted;
                    self.requests.push((id, Request::Hello { version }));
                } else {
                    self.refuse_version(id, version);
                }
            }
            (Ok(Frame { id, message }), Phase::Greeted) => self.requests.push((id, message)),
            (Ok(_), Phase::New | Phase::Closing | Phase::Dead) | (Err(_), _) => {
                self.phase = Phase::Dead;
            }
        }
    }

    fn refuse_version(&mut self, id: RequestId, version: u16) {
        let ours = protocol::VERSION;
        let message = format!("the signer speaks version {ours} of the protocol, not {version}");
        self.reply(id, Reply::Refused(Refusal::new(RefusalCode::UnknownVersion, message)));
        self.phase = Phase::Closing;
    }

    pub(super) fn take_requests(&mut self) -> Vec<(RequestId, Request)> {
        self.batched = 0;
        std::mem::take(&mut self.requests)
    }

    pub(super) fn reply(&mut self, id: RequestId, reply: Reply) {
        self.outbox.extend_from_slice(&Frame { id, message: reply }.to_bytes());
    }

    /// Sends as much as the peer takes.
    pub(super) fn send(&mut self) {
        while self.wants_to_send() {
            match AtOnce(&self.stream).write(&self.outbox) {
                Ok(0) => self.phase = Phase::Dead,
                Ok(sent) => drop(self.outbox.drain(..sent)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_closed) => self.phase = Phase::Dead,
            }
        }
    }
}

/// A stream that never waits, whatever its descriptor is set to: setting it would be a system call
/// that the signer needs for nothing else.
struct AtOnce<'a>(&'a UnixStream);

impl Read for AtOnce<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(recv(self.0.as_raw_fd(), buffer, MsgFlags::MSG_DONTWAIT)?)
    }
}

impl Write for AtOnce<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL;
        Ok(send(self.0.as_raw_fd(), bytes, flags)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Inbox {
    const fn empty() -> Self {
        Self { header: [0; FRAME_HEADER], content: None, filled: 0, since: None }
    }

    /// Reads on. The content of a frame once it is whole, `None` while bytes are missing.
    fn fill(
        &mut self,
        stream: &mut impl Read,
        limit: usize,
        now: Instant,
    ) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
        loop {
            let buffer = match &mut self.content {
                None => self.header.as_mut_slice(),
                Some(content) => content.as_mut_slice(),
            };
            let whole = buffer.len();
            if self.filled == whole {
                let Some(content) = self.content.take() else {
                    self.start_content(limit).map_err(io::Error::other)?;
                    continue;
                };
                *self = Self::empty();
                return Ok(Some(content));
            }
            let room = buffer.get_mut(self.filled..).unwrap_or_default();
            match stream.read(room) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => {
                    self.filled = self.filled.saturating_add(count).min(whole);
                    self.since.get_or_insert(now);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn start_content(&mut self, limit: usize) -> Result<(), FrameError> {
        let length = Frame::content_length(self.header, limit)?;
        self.content = Some(Zeroizing::new(vec![0; length]));
        self.filled = 0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use protocol::{MAX_SIGNER_FRAME, Payload, VERSION, Warrant};

    use super::*;

    fn pair() -> (UnixStream, Connection) {
        let (peer, ours) = UnixStream::pair().unwrap();
        (peer, Connection::new(ours, Role::Gateway, MAX_SIGNER_FRAME))
    }

    fn hello(version: u16) -> Vec<u8> {
        Frame { id: 1, message: Request::Hello { version } }.to_bytes()
    }

    fn receive(bytes: &[u8]) -> Connection {
        let (mut peer, mut connection) = pair();
        peer.write_all(bytes).unwrap();
        connection.receive(Instant::now());
        connection
    }

    #[test]
    fn requests_are_taken_after_the_hello() {
        let status = Frame { id: 2, message: Request::Status }.to_bytes();
        let mut connection = receive(&[hello(VERSION), status.clone(), status].concat());
        let ids: Vec<_> = connection.take_requests().into_iter().map(|(id, _)| id).collect();
        assert_eq!(ids, [1, 2, 2]);
        assert!(connection.is_alive(Instant::now()));
    }

    #[test]
    fn what_breaks_the_protocol_closes_the_connection() {
        let status = Frame { id: 2, message: Request::Status }.to_bytes();
        let too_long = u32::try_from(MAX_SIGNER_FRAME + 1).unwrap().to_be_bytes().to_vec();
        for bytes in [
            status,
            too_long,
            vec![0, 0, 0, 0],
            [hello(VERSION), hello(VERSION)[..4].to_vec(), vec![0xff; 7]].concat(),
        ] {
            let connection = receive(&bytes);
            assert!(!connection.is_alive(Instant::now()), "{bytes:?}");
        }
    }

    #[test]
    fn another_version_is_told_ours_and_closed() {
        let mut connection = receive(&hello(VERSION + 1));
        assert!(connection.wants_to_send() && !connection.wants_to_receive());
        connection.outbox.clear();
        assert!(!connection.is_alive(Instant::now()));
    }

    #[test]
    fn a_frame_that_is_never_finished_closes_the_connection_in_time() {
        let now = Instant::now();
        let (mut peer, mut connection) = pair();
        peer.write_all(&hello(VERSION)[..6]).unwrap();
        connection.receive(now);
        assert!(
            connection.is_alive(now + FRAME_TIME.checked_sub(Duration::from_millis(1)).unwrap())
        );
        assert!(!connection.is_alive(now + FRAME_TIME));
    }

    #[test]
    fn long_requests_fill_a_batch_before_many_do() {
        let unsigned = vec![0; MAX_SIGNER_FRAME - 100];
        let wallet = primitives::WalletId::from_bytes([1; 16]);
        let long = Frame {
            id: 2,
            message: Request::Sign {
                wallet,
                payload: Payload::Transaction(unsigned),
                warrant: Warrant::None,
            },
        };
        let (mut peer, mut connection) = pair();
        let bytes = [hello(VERSION), long.to_bytes().repeat(4)].concat();
        let writer = std::thread::spawn(move || peer.write_all(&bytes).map(|()| peer));
        let (mut batches, mut requests) = (Vec::new(), 0);
        while requests < 5 {
            connection.receive(Instant::now());
            let batch = connection.take_requests().len();
            requests += batch;
            batches.push(batch);
        }
        assert!(batches.iter().all(|batch| *batch <= 2), "{batches:?}");
        writer.join().unwrap().unwrap();
    }

    #[test]
    fn no_more_is_read_than_a_batch_may_hold() {
        let status = Frame { id: 2, message: Request::Status }.to_bytes();
        let (mut peer, mut connection) = pair();
        peer.write_all(&[hello(VERSION), status.repeat(2 * MAX_PIPELINED)].concat()).unwrap();
        connection.receive(Instant::now());
        assert_eq!(connection.take_requests().len(), MAX_PIPELINED);
        connection.receive(Instant::now());
        assert_eq!(connection.take_requests().len(), MAX_PIPELINED);
    }
}

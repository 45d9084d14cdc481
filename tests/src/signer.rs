//! A client of the signer's sockets that speaks the protocol well, or as badly as a test wants.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use protocol::journal::genesis;
use protocol::{
    FRAME_HEADER, Frame, MAX_CONTROL_FRAME, Refusal, RefusalCode, Reply, Request, Secret,
};

/// Longer than the signer takes for a passphrase.
const TIME_LIMIT: Duration = Duration::from_mins(1);

/// A connection to one of the signer's sockets.
#[derive(Debug)]
pub struct SignerClient {
    stream: UnixStream,
    next_id: u32,
}

impl SignerClient {
    /// Connects and says hello.
    pub fn connect(socket: &Path) -> Self {
        let mut client = Self::connect_silently(socket).unwrap();
        let hello = client.ask(Request::Hello { version: protocol::VERSION });
        assert!(matches!(hello, Reply::Hello { .. }), "{hello:?}");
        client
    }

    /// Connects and says nothing.
    ///
    /// # Errors
    /// What the system said.
    pub fn connect_silently(socket: &Path) -> io::Result<Self> {
        let stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(TIME_LIMIT))?;
        Ok(Self { stream, next_id: 1 })
    }

    /// Asks and waits for the answer.
    #[track_caller]
    pub fn ask(&mut self, request: Request) -> Reply {
        let id = self.next_id;
        self.next_id += 1;
        self.send(&Frame { id, message: request }.to_bytes());
        let frame = self.receive().unwrap();
        assert_eq!(frame.id, id);
        frame.message
    }

    /// Asks for a signature: it, or why not.
    ///
    /// # Errors
    /// The reason of a refusal.
    #[track_caller]
    pub fn signature(&mut self, request: Request) -> Result<Vec<u8>, RefusalCode> {
        let reply = self.ask(request);
        if let Reply::Refused(refusal) = reply {
            return Err(refusal.code);
        }
        let Reply::Signature(signature) = reply else { panic!("no signature: {reply:?}") };
        Ok(signature)
    }

    /// Reads the journal from its first record and checks its chain, as `waiaasctl audit verify` does:
    /// how many records there are, and the hash of the last.
    ///
    /// # Errors
    /// Where it does not hold.
    pub fn read_journal(&mut self) -> Result<(u64, [u8; 32]), String> {
        let Reply::Status(status) = self.ask(Request::Status) else {
            return Err("no status".into());
        };
        if let Some(damage) = status.journal_damage {
            return Err(damage);
        }
        let (mut next, mut head) = (0, genesis());
        while next < status.journal_records {
            let reply = self.ask(Request::ReadJournal { from: next, limit: u16::MAX });
            let Reply::Records(page) = reply else { return Err(format!("{reply:?}")) };
            if page.is_empty() {
                return Err(format!("it ends at {next} of {} records", status.journal_records));
            }
            let left = usize::try_from(status.journal_records - next).unwrap();
            for record in page.into_iter().take(left) {
                let is_next = record.entry().is_ok_and(|entry| entry.number == next);
                if !is_next || !record.follows(head) {
                    return Err(format!("record {next} does not follow"));
                }
                (next, head) = (next + 1, record.hash);
            }
        }
        if head == status.journal_head { Ok((next, head)) } else { Err("another end".into()) }
    }

    /// Asks for something that the signer must refuse.
    #[track_caller]
    pub fn refusal(&mut self, request: Request) -> Refusal {
        let reply = self.ask(request);
        let Reply::Refused(refusal) = reply else { panic!("not refused: {reply:?}") };
        refusal
    }

    /// Asks for something that the signer must refuse for this reason.
    #[track_caller]
    pub fn expect_refusal(&mut self, request: Request, code: RefusalCode) {
        let refusal = self.refusal(request);
        assert_eq!(refusal.code, code, "{}", refusal.message);
        assert!(!refusal.message.is_empty(), "{code:?} says nothing");
    }

    /// Sends bytes as they are.
    pub fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    /// Waits for a frame.
    ///
    /// # Errors
    /// When the signer closes the connection instead.
    pub fn receive(&mut self) -> io::Result<Frame<Reply>> {
        let mut header = [0; FRAME_HEADER];
        self.stream.read_exact(&mut header)?;
        let length = Frame::content_length(header, MAX_CONTROL_FRAME).map_err(io::Error::other)?;
        let mut content = vec![0; length];
        self.stream.read_exact(&mut content)?;
        Frame::from_content(&content).map_err(io::Error::other)
    }

    /// Whether the signer closes the connection, without another word.
    pub fn is_closed(&mut self) -> bool {
        let mut byte = [0];
        match self.stream.read(&mut byte) {
            Ok(count) => count == 0,
            Err(error) => error.kind() == io::ErrorKind::ConnectionReset,
        }
    }
}

/// A passphrase that the vault takes.
pub const PASSPHRASE: &str = "correct horse battery staple";

/// The passphrase as a message carries it.
pub fn passphrase() -> Secret {
    Secret::new(PASSPHRASE.as_bytes().to_vec())
}

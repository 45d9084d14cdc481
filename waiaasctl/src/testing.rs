//! Peers for tests: sockets that speak the daemons' protocols and answer what a test tells them to.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use primitives::{Amount, Asset, Chain, Environment, Scope, WalletId};
use protocol::journal::{Entry, Event, Grant, Record, SpendLine, genesis};
use protocol::wire::to_bytes;
use protocol::{FRAME_HEADER, Frame, MAX_CONTROL_FRAME, Reply, Request, RequestId, VERSION};
use protocol::{
    KeyInfo, KeyState, Latch, RefusalCode, SecretMemory, Status, Unattended, VaultPhase,
};
use tempfile::TempDir;

use crate::commands::Operation;
use crate::place::Place;
use crate::view::Format;

/// A directory of sockets, with one passphrase in a file.
pub(crate) struct Peers {
    directory: TempDir,
}

/// A hello as signerd answers it.
pub(crate) fn hello() -> Reply {
    Reply::Hello { version: VERSION, instance: [0; 16] }
}

impl Peers {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("passphrase"), "correct horse\n").unwrap();
        Self { directory }
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn place(&self) -> Place {
        Place::of_operator(None, Some(self.path())).unwrap()
    }

    pub(crate) fn operation(&self) -> Operation {
        let passphrase = self.path().join("passphrase");
        Operation::new(self.place(), Some(&passphrase), Format::Json)
    }

    /// Listens as signerd: each connection is greeted, then gets `replies` in turn.
    pub(crate) fn signer(&self, replies: Vec<Reply>) -> Receiver<Request> {
        let mut replies = replies.into_iter();
        self.raw_signer(move |id, request| {
            let greeting = matches!(request, Request::Hello { .. }).then(hello);
            let message = greeting.or_else(|| replies.next())?;
            Some(Frame { id, message }.to_bytes())
        })
    }

    /// Listens as signerd and answers with these bytes; without any the connection is closed.
    pub(crate) fn raw_signer(
        &self,
        mut answer: impl FnMut(RequestId, &Request) -> Option<Vec<u8>> + Send + 'static,
    ) -> Receiver<Request> {
        let listener = UnixListener::bind(self.path().join("control.sock")).unwrap();
        let (asked, requests) = channel();
        thread::spawn(move || {
            for stream in listener.incoming() {
                serve_signer(stream.unwrap(), &mut answer, &asked);
            }
        });
        requests
    }

    /// Listens as gatewayd: each request gets the next status and body.
    pub(crate) fn gateway(&self, answers: Vec<(u16, String)>) -> Receiver<String> {
        let listener = UnixListener::bind(self.path().join("gateway.sock")).unwrap();
        let (asked, requests) = channel();
        thread::spawn(move || {
            for ((status, body), stream) in answers.into_iter().zip(listener.incoming()) {
                serve_gateway(stream.unwrap(), status, &body, &asked);
            }
        });
        requests
    }
}

fn serve_signer(
    mut stream: UnixStream,
    answer: &mut impl FnMut(RequestId, &Request) -> Option<Vec<u8>>,
    asked: &Sender<Request>,
) {
    let mut header = [0; FRAME_HEADER];
    while stream.read_exact(&mut header).is_ok() {
        let length = Frame::content_length(header, MAX_CONTROL_FRAME).unwrap();
        let mut content = vec![0; length];
        stream.read_exact(&mut content).unwrap();
        let frame: Frame<Request> = Frame::from_content(&content).unwrap();
        let Some(bytes) = answer(frame.id, &frame.message) else { return };
        if asked.send(frame.message).is_err() || stream.write_all(&bytes).is_err() {
            return;
        }
    }
}

/// Reads one request, head and body, and answers it.
fn serve_gateway(stream: UnixStream, status: u16, body: &str, asked: &Sender<String>) {
    let mut reader = BufReader::new(stream);
    let (mut request, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
        request.push_str(&line);
    }
    let mut sent = vec![0; length];
    reader.read_exact(&mut sent).unwrap();
    request.push_str(&String::from_utf8(sent).unwrap());
    let answer = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n{body}",
        body.len()
    );
    reader.into_inner().write_all(answer.as_bytes()).unwrap();
    asked.send(request).unwrap_or_default();
}

/// A signer at which nothing is wrong.
pub(crate) fn status() -> Status {
    Status {
        version: "0.1.0".to_owned(),
        vault: VaultPhase::Open,
        latch: Latch::Active,
        latch_reason: String::new(),
        journal_damage: None,
        wallets_halted: 0,
        suspends_at: None,
        secret_memory: SecretMemory::MemfdSecret,
        wallets: 2,
        journal_records: 40,
        journal_head: [9; 32],
        witnesses: Vec::new(),
        now: 1_800_000_000,
        behind_seconds: 0,
        unattended: Unattended::Off,
        idle_lock_seconds: 0,
        sandbox: vec!["seccomp".to_owned()],
    }
}

/// A wallet that signs, of which everything is this number.
pub(crate) fn key(number: u8) -> KeyInfo {
    KeyInfo {
        wallet: WalletId::from_bytes([number; 16]),
        chain: Chain::Evm,
        environment: Environment::Testnet,
        public_key: vec![2; 33],
        address: primitives::EvmAddress([number; 20]).into(),
        state: KeyState::Active,
        latch: Latch::Active,
        latch_reason: String::new(),
        created_at: 1_800_000_000,
    }
}

/// A record behind one with the hash `before`.
pub(crate) fn record(before: [u8; 32], number: u64, at: u64, event: Event) -> Record {
    Record::new(before, to_bytes(&Entry { number, at, wall: at, event }))
}

/// A journal of so many records.
pub(crate) fn journal(count: u64) -> Vec<Record> {
    let mut records: Vec<Record> = Vec::new();
    for number in 0..count {
        let before = records.last().map_or_else(genesis, |last| last.hash);
        records.push(record(before, number, 1_800_000_000 + number, event(number)));
    }
    records
}

/// One event after another, of the kinds that fill a journal.
fn event(number: u64) -> Event {
    let wallet = WalletId::from_bytes([7; 16]);
    match number {
        0 => Event::Started { version: "0.1.0".to_owned(), boot: [1; 16], uptime_ms: 5 },
        number if number % 2 == 0 => {
            Event::Refused { wallet, code: RefusalCode::OverOwnerCeiling, count: 1 }
        }
        _ => Event::Signed {
            wallet,
            digest: [2; 32],
            intent: [3; 32],
            by: Grant::Guard,
            scope: Some(Scope::Solana),
            spend: vec![SpendLine { asset: Asset::Native, amount: Amount::from(5_000_u64) }],
        },
    }
}

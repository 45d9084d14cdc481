//! A kept connection of HTTP/1.1 with as little of its own as can be, so that the server is what is
//! measured; and a node's door that says for how long somebody waited there.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// A connection to a port of this machine, and the message that was read last.
pub(crate) struct Wire {
    reader: BufReader<TcpStream>,
    message: Vec<u8>,
    body_at: usize,
}

impl Wire {
    pub(crate) fn connect(port: u16) -> io::Result<Self> {
        Self::new(TcpStream::connect((Ipv4Addr::LOCALHOST, port))?)
    }

    fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self { reader: BufReader::new(stream), message: Vec::new(), body_at: 0 })
    }

    /// Sends a request and reads the answer. Its status.
    pub(crate) fn exchange(&mut self, request: &[u8]) -> io::Result<u16> {
        self.write(request)?;
        self.read()?;
        let status = self.message.get(9..12).and_then(|digits| str::from_utf8(digits).ok());
        status.and_then(|digits| digits.parse().ok()).ok_or_else(|| bad("no status"))
    }

    /// The body of what was read last.
    pub(crate) fn body(&self) -> &[u8] {
        self.message.get(self.body_at..).unwrap_or_default()
    }

    /// As above, for people.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(self.body()).into_owned()
    }

    fn write(&mut self, message: &[u8]) -> io::Result<()> {
        self.reader.get_mut().write_all(message)
    }

    /// Reads a whole message.
    fn read(&mut self) -> io::Result<()> {
        self.message.clear();
        let mut length = 0;
        loop {
            let line_at = self.message.len();
            if self.reader.read_until(b'\n', &mut self.message)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let line = self.message.get(line_at..).unwrap_or_default().trim_ascii();
            if line.is_empty() {
                break;
            }
            let line = str::from_utf8(line).map_err(|_no_text| bad("a header is no text"))?;
            let Some((name, value)) = line.split_once(':') else { continue };
            if name.eq_ignore_ascii_case("transfer-encoding") {
                return Err(bad("its length is not said"));
            }
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().map_err(|_no_number| bad("no length"))?;
            }
        }
        self.body_at = self.message.len();
        self.message.resize(self.body_at + length, 0);
        let body = self.message.get_mut(self.body_at..).unwrap_or_default();
        self.reader.read_exact(body)
    }
}

fn bad(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// A request as bytes; with a session's token where there is one.
pub(crate) fn request(method: &str, path: &str, token: Option<&str>, body: &str) -> Vec<u8> {
    let authorization =
        token.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
    format!(
        "{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n{authorization}content-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Stands before a node, and knows for how long in all at least one question was open there.
pub(crate) struct Door {
    pub(crate) port: u16,
    times: Arc<Mutex<Times>>,
}

#[derive(Default)]
struct Times {
    open: u64,
    since: Option<Instant>,
    total: Duration,
}

impl Door {
    /// A door before this port. Its threads end with the process.
    pub(crate) fn before(node: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let door = Self { port: listener.local_addr()?.port(), times: Arc::default() };
        let times = Arc::clone(&door.times);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let times = Arc::clone(&times);
                // Either side ends a connection when it likes.
                thread::spawn(move || drop(pass(stream, node, &times)));
            }
        });
        Ok(door)
    }

    /// For how long somebody has waited there so far.
    pub(crate) fn waited(&self) -> Duration {
        self.times.lock().unwrap_or_else(PoisonError::into_inner).total
    }
}

fn pass(stream: TcpStream, node: u16, times: &Mutex<Times>) -> io::Result<()> {
    let (mut asker, mut node) = (Wire::new(stream)?, Wire::connect(node)?);
    let passed = loop {
        if let Err(ended) = asker.read() {
            break Err(ended);
        }
        let now = |change: fn(&mut Times)| {
            change(&mut times.lock().unwrap_or_else(PoisonError::into_inner));
        };
        now(Times::begin);
        let answered = node.write(&asker.message).and_then(|()| node.read());
        now(Times::end);
        if let Err(ended) = answered.and_then(|()| asker.write(&node.message)) {
            break Err(ended);
        }
    };
    asker.reader.get_ref().shutdown(Shutdown::Both)?;
    passed
}

impl Times {
    fn begin(&mut self) {
        if self.open == 0 {
            self.since = Some(Instant::now());
        }
        self.open += 1;
    }

    fn end(&mut self) {
        self.open -= 1;
        if self.open == 0 {
            self.total += self.since.take().map(|since| since.elapsed()).unwrap_or_default();
        }
    }
}

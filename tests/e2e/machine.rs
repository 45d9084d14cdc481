//! A machine as the gateway sees it: with files, name servers and a node of its own.

use std::fs::{self, DirBuilder, Permissions};
use std::io::{Read, Write};
use std::net::{TcpListener, UdpSocket};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::thread;

use tests::daemons::{Place, free_port, gatewayd_command};
use tests::http::Http;
use tests::process::{Process, in_mounts};
use tests::wait;

/// The name that is looked up.
pub(crate) const NAME: &str = "node.test";
/// A line of `/etc/hosts` that has it.
pub(crate) const LINE: &str = "127.0.0.1 node.test\n";
/// How it is looked up, as in `/etc/nsswitch.conf`.
pub(crate) const FILES_AND_DNS: &str = "hosts: files dns\n";
/// An `/etc/resolv.conf` with no name server that answers.
pub(crate) const NOBODY_TO_ASK: &str = "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n";

/// A node's port, and how often somebody connected to it. It answers nothing of use.
pub(crate) struct Node {
    port: u16,
    asked: Arc<AtomicUsize>,
}

impl Node {
    pub(crate) fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming() {
                count.fetch_add(1, Ordering::SeqCst);
                drop(stream.unwrap().write_all(b"HTTP/1.1 500 x\r\nContent-Length: 0\r\n\r\n"));
            }
        });
        Self { port, asked }
    }

    /// Settings that name it.
    pub(crate) fn settings(&self, port: u16) -> String {
        let endpoint = format!("[rpc]\nevm_ethereum_mainnet = 'http://{NAME}:{}'\n", self.port);
        format!("[daemon]\nport = {port}\n{endpoint}")
    }

    /// Has the gateway ask it a question; whether it did.
    pub(crate) fn is_asked_by(&self, gateway: &Http) -> bool {
        let before = self.asked.load(Ordering::SeqCst);
        let token = "0x00000000000000000000000000000000000000aa";
        let path = format!("/v1/tokens/resolve?network=ethereum-mainnet&address={token}");
        drop(gateway.try_send("GET", &path, &[], Vec::new()));
        self.asked.load(Ordering::SeqCst) > before
    }
}

/// A machine with an `/etc` and a `/run` of its own.
pub(crate) struct Machine {
    pub(crate) place: Place,
}

impl Machine {
    /// With these files in `/etc`.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let machine = Self { place: Place::new() };
        for directory in ["etc", "machine", "machine/nscd"] {
            let path = machine.place.path(directory);
            DirBuilder::new().mode(0o755).create(&path).unwrap();
            fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
        }
        for (name, content) in files {
            machine.replace(name, content);
        }
        machine
    }

    /// A file of `/etc`.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.place.path("etc").join(name)
    }

    /// Puts another file in the place of one, as DHCP clients do.
    pub(crate) fn replace(&self, name: &str, content: &str) {
        let new = self.file("new");
        fs::write(&new, content).unwrap();
        fs::set_permissions(&new, Permissions::from_mode(0o644)).unwrap();
        fs::rename(new, self.file(name)).unwrap();
    }

    /// The program on this machine.
    pub(crate) fn runs(&self, command: &Command) -> Command {
        let (etc, run) = (self.place.path("etc"), self.place.path("machine"));
        let script = format!(
            "mount --bind {} /etc\nmount --bind {} /run\nexec \"$@\"",
            etc.display(),
            run.display()
        );
        in_mounts(&script, command)
    }

    /// Starts a gateway on it, and waits until it answers.
    pub(crate) fn start(&self, node: &Node) -> (Process, Http) {
        let command = self.runs(&gatewayd_command(&self.place, &node.settings(free_port())));
        let (mut process, operator) = self.start_program(command);
        assert!(process.status().is_none(), "{}", process.output());
        (process, operator)
    }

    /// Starts a gateway, and waits until it answers or has ended.
    pub(crate) fn start_program(&self, mut command: Command) -> (Process, Http) {
        let mut process = Process::start(&mut command, &self.place.path("gatewayd.log"));
        let operator = Http::unix(&self.place.socket("gateway.sock"));
        wait::until("a gateway that answers, or its end", || {
            let answered = operator.try_send("GET", "/health", &[], Vec::new()).is_ok();
            (answered || process.status().is_some()).then_some(())
        });
        (process, operator)
    }

    /// nscd as glibc speaks to it (`nscd/nscd-client.h`): it keeps its memory to itself, and either
    /// knows one name, or no names at all.
    pub(crate) fn start_nscd(&self, knows_the_name: bool) {
        const GETAI: i32 = 14;
        const DISABLED: i32 = -1;
        let path = self.place.path("machine/nscd/socket");
        let listener = UnixListener::bind(&path).unwrap();
        fs::set_permissions(path, Permissions::from_mode(0o666)).unwrap();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut request = [0; 12];
                stream.read_exact(&mut request).unwrap();
                let number =
                    |at: usize| i32::from_ne_bytes(request[at..at + 4].try_into().unwrap());
                let mut name = vec![0; usize::try_from(number(8)).unwrap()];
                stream.read_exact(&mut name).unwrap();
                if number(4) != GETAI {
                    continue;
                }
                // Version, found, addresses, their bytes, those of a name, no error; then an AF_INET.
                let reply = if knows_the_name {
                    let head = [2_i32, 1, 1, 4, 0, 0].map(i32::to_ne_bytes).concat();
                    [&head[..], &[127, 0, 0, 1, 2]].concat()
                } else {
                    [2_i32, DISABLED, 0, 0, 0, 0].map(i32::to_ne_bytes).concat()
                };
                drop(stream.write_all(&reply));
            }
        });
    }
}

/// Starts a name server that knows every name, under so many addresses, the node's first. The line of
/// `/etc/resolv.conf` that names it.
pub(crate) fn start_name_server(addresses: u16) -> String {
    static NEXT: AtomicU8 = AtomicU8::new(1);
    let process = std::process::id().to_be_bytes();
    let own = NEXT.fetch_add(1, Ordering::SeqCst);
    let address = format!("127.{}.{}.{own}", process[2], process[3]);
    let socket = UdpSocket::bind((address.as_str(), 53)).unwrap();
    thread::spawn(move || {
        let mut question = [0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut question) {
            drop(socket.send_to(&answer(&question[..length], addresses), from));
        }
    });
    format!("nameserver {address}\noptions timeout:1 attempts:1\n")
}

/// RFC 1035, section 4.1: addresses of IPv4 alone.
fn answer(query: &[u8], addresses: u16) -> Vec<u8> {
    let end = 12 + query[12..].iter().position(|byte| *byte == 0).unwrap() + 5;
    let is_ipv4 = query[end - 4..end - 2] == [0, 1];
    let count = if is_ipv4 { addresses } else { 0 };
    let [high, low] = count.to_be_bytes();
    let head = [&query[..2], &[0x81, 0x80, 0, 1, high, low, 0, 0, 0, 0]].concat();
    let record = |number: u16| {
        let [high, low] = number.to_be_bytes();
        [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 127, 0, high, low]
    };
    [head, query[12..end].to_vec(), (1..=count).flat_map(record).collect()].concat()
}

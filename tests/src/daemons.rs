//! The real daemons in a scratch directory, as an ordinary user.

use std::fs::{self, DirBuilder};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use primitives::{Chain, Environment, WalletId};
use protocol::{GuardText, KeyInfo, Reply, Request};
use tempfile::TempDir;

use crate::http::Http;
use crate::process::{self, Build, Process, User, give_to_ordinary_user, runnable_program};
use crate::signer::{SignerClient, passphrase};
use crate::wait;

/// Where one installation's files are: state, sockets, settings, logs.
#[derive(Debug)]
pub struct Place {
    directory: TempDir,
    build: Build,
}

impl Place {
    /// A new directory that the daemons' user may write to. It is removed when this is dropped.
    pub fn new() -> Self {
        Self::for_build(Build::Debug)
    }

    /// As [`Place::new`], for the programs of this build.
    pub fn for_build(build: Build) -> Self {
        let directory = tempfile::Builder::new().prefix("waiaas-").tempdir().unwrap();
        give_to_ordinary_user(directory.path());
        let place = Self { directory, build };
        for name in ["gateway", "run", "signer"] {
            DirBuilder::new().mode(0o700).create(place.path(name)).unwrap();
            give_to_ordinary_user(&place.path(name));
        }
        place
    }

    /// A file or directory in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// A socket in it, such as `control.sock`.
    pub fn socket(&self, name: &str) -> PathBuf {
        self.path("run").join(name)
    }

    /// Leaves the directory where it is. Its path.
    pub fn keep(self) -> PathBuf {
        self.directory.keep()
    }

    /// Does to the gateway's database what somebody does who has its file.
    pub fn change_database(&self, sql: &str) {
        let file = self.path("gateway").join("gateway.db");
        rusqlite::Connection::open(file).unwrap().execute_batch(sql).unwrap();
    }

    /// A daemon of these arguments; its settings are written to a file of its own.
    fn command(&self, name: &str, settings: &str, state: &str) -> Command {
        let config = self.path(&format!("{name}.toml"));
        fs::write(&config, settings).unwrap();
        let program = runnable_program(name, self.build, self.directory.path());
        let mut command = process::command(&program, User::Ordinary);
        command.arg("--config").arg(config);
        command.arg("--state-dir").arg(self.path(state));
        command.arg("--runtime-dir").arg(self.path("run"));
        command.current_dir(self.directory.path());
        command
    }
}

impl Default for Place {
    fn default() -> Self {
        Self::new()
    }
}

/// A running signer.
#[derive(Debug)]
pub struct Signerd {
    process: Process,
    settings: String,
    /// How much longer the machine has run for it than it really has.
    ahead: Duration,
}

impl Signerd {
    /// Starts it with these settings and waits until it answers.
    pub fn start(place: &Place, settings: &str) -> Self {
        let ahead = Duration::ZERO;
        let process = spawn_signerd(place, settings, ahead);
        let mut signerd = Self { process, settings: settings.into(), ahead };
        signerd.wait(place);
        signerd
    }

    /// Starts it again after it ended or was killed.
    pub fn start_again(&mut self, place: &Place) {
        self.process = spawn_signerd(place, &self.settings, self.ahead);
        self.wait(place);
    }

    /// The same on a machine that has run for so much longer than this one.
    pub fn start_later(&mut self, place: &Place, ahead: Duration) {
        self.ahead = ahead;
        self.start_again(place);
    }

    fn wait(&mut self, place: &Place) {
        wait_for_socket(&mut self.process, &place.socket("control.sock"));
    }

    /// Its process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }
}

/// Starts a signer as on a kernel that answers these calls with errors, `call=number,..`, and waits
/// neither for its doors nor for its end.
pub fn spawn_signerd_lacking(place: &Place, calls: &str) -> Process {
    let [lacking, signerd] =
        ["lacking", "signerd"].map(|name| runnable_program(name, place.build, &place.path("")));
    let mut command = process::command(&lacking, User::Ordinary);
    let whole = place.command("signerd", "", "signer");
    command.arg(calls).arg(&signerd);
    command.args(whole.get_args().skip_while(|word| *word != signerd.as_os_str()).skip(1));
    Process::start(command.current_dir(place.path("")), &place.path("signerd.log"))
}

fn spawn_signerd(place: &Place, settings: &str, ahead: Duration) -> Process {
    let mut command = process::later(place.command("signerd", settings, "signer"), ahead);
    Process::start(&mut command, &place.path("signerd.log"))
}

fn wait_for_socket(process: &mut Process, socket: &Path) {
    wait::until("a socket that answers", || {
        let ended = process.status();
        assert!(ended.is_none(), "it ended: {ended:?}\n{}", process.output());
        UnixStream::connect(socket).ok()
    });
}

/// A connection to the operators' socket.
pub fn operator(place: &Place) -> SignerClient {
    SignerClient::connect(&place.socket("control.sock"))
}

/// A connection to the gateway's socket: what an attacker has who took over gatewayd.
pub fn hostile_gateway(place: &Place) -> SignerClient {
    SignerClient::connect(&place.socket("signer.sock"))
}

/// Makes the vault, which is open afterwards.
pub fn init_vault(place: &Place) {
    let reply = operator(place).ask(Request::InitVault { passphrase: passphrase() });
    assert_eq!(reply, Reply::Done);
}

/// Opens the vault.
pub fn unlock(place: &Place) {
    let reply = operator(place).ask(Request::Unlock { passphrase: passphrase() });
    assert_eq!(reply, Reply::Done);
}

/// Makes a wallet.
pub fn create_wallet(place: &Place, chain: Chain, environment: Environment) -> KeyInfo {
    let request = Request::CreateKey { chain, environment, agent_id: None };
    let reply = operator(place).ask(request);
    let Reply::Key(key) = reply else { panic!("{reply:?}") };
    key
}

/// Replaces a wallet's guard by what `change` makes of its text.
pub fn change_guard(place: &Place, wallet: WalletId, change: impl FnOnce(String) -> String) {
    let mut operator = operator(place);
    let Reply::Guard(GuardText { version, text }) = operator.ask(Request::ShowGuard { wallet })
    else {
        panic!("no guard");
    };
    let text = change(text);
    let request = Request::SetGuard {
        wallet,
        from_version: version,
        text,
        passphrase: Some(passphrase()),
        approval: None,
    };
    let reply = operator.ask(request);
    assert!(matches!(reply, Reply::Guard(_)), "{reply:?}");
}

/// A running gateway.
#[derive(Debug)]
pub struct Gatewayd {
    process: Process,
    settings: String,
    /// Of its HTTP interface, on 127.0.0.1.
    pub port: u16,
}

impl Gatewayd {
    /// Starts it with these settings, and a free port, and waits until it answers.
    pub fn start(place: &Place, settings: &str) -> Self {
        let port = free_port();
        let settings = format!("[daemon]\nport = {port}\n{settings}");
        let process = spawn_gatewayd(place, &settings);
        let mut gatewayd = Self { process, settings, port };
        gatewayd.wait();
        gatewayd
    }

    /// Starts it again after it ended or was killed.
    pub fn start_again(&mut self, place: &Place) {
        self.process = spawn_gatewayd(place, &self.settings);
        self.wait();
    }

    fn wait(&mut self) {
        wait_until_healthy(&mut self.process, self.port);
    }

    /// Its process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }
}

fn spawn_gatewayd(place: &Place, settings: &str) -> Process {
    Process::start(&mut gatewayd_command(place, settings), &place.path("gatewayd.log"))
}

/// Waits until the gateway answers that `process` is, or starts.
#[track_caller]
pub fn wait_until_healthy(process: &mut Process, port: u16) {
    let http = Http::tcp(port);
    wait::until("a gateway that answers", || {
        let ended = process.status();
        assert!(ended.is_none(), "it ended: {ended:?}\n{}", process.output());
        http.try_send("GET", "/health", &[], Vec::new()).ok()
    });
}

/// What starts a gateway with these settings.
pub fn gatewayd_command(place: &Place, settings: &str) -> Command {
    place.command("gatewayd", settings, "gateway")
}

/// A port that nobody uses. Another process may take it before it is used; the kernel hands them out
/// in an order that makes this rare.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

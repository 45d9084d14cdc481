//! The running program, and a client of its sockets.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use protocol::{FRAME_HEADER, Frame, Reply, Request, Secret, VERSION};
use tempfile::TempDir;

/// What opens every vault here.
pub(crate) const PASSPHRASE: &[u8] = b"a passphrase that stands nowhere else";

/// [`PASSPHRASE`] for a request.
pub(crate) fn passphrase() -> Secret {
    Secret::new(PASSPHRASE.to_vec())
}

/// The program in a directory of its own, killed when dropped.
pub(crate) struct Signer {
    /// `state` and `run` are in it.
    pub(crate) directory: TempDir,
    /// The running program.
    pub(crate) process: Child,
}

impl Signer {
    /// Starts it on an empty directory.
    pub(crate) fn start() -> Self {
        Self::start_with("")
    }

    /// Starts it on an empty directory with these settings.
    pub(crate) fn start_with(settings: &str) -> Self {
        let directory = prepare(settings);
        Self { process: command_here(directory.path()).spawn().unwrap(), directory }
    }

    /// Starts another build of it, with these words before its options.
    pub(crate) fn start_program(program: &Path, words: &[&str]) -> Self {
        let directory = prepare("");
        Self::start_in(directory, program, words)
    }

    /// Starts it in a directory that a test has prepared.
    pub(crate) fn start_in(directory: TempDir, program: &Path, words: &[&str]) -> Self {
        let process = command(program, words, directory.path()).spawn().unwrap();
        Self { directory, process }
    }

    /// How it ends with settings with which it does not start: its status, and what it says.
    pub(crate) fn refused(settings: &str) -> (Option<i32>, String) {
        let output = command_here(prepare(settings).path()).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    }

    /// Other settings, from the next start on.
    pub(crate) fn set(&self, settings: &str) {
        fs::write(self.directory.path().join("signerd.toml"), settings).unwrap();
    }

    /// Asks it to end, and says how it ended.
    pub(crate) fn end(&mut self) -> ExitStatus {
        let process = Pid::from_raw(i32::try_from(self.process.id()).unwrap());
        if self.process.try_wait().unwrap().is_none() {
            kill(process, Signal::SIGTERM).unwrap();
        }
        self.process.wait().unwrap()
    }

    /// Kills it at once, and starts it again on what it left.
    pub(crate) fn kill_and_restart(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        self.restart();
    }

    /// Stops it as the service manager does, and starts it again on what it left.
    pub(crate) fn stop_and_restart(&mut self) {
        self.stop();
        self.restart();
    }

    /// Stops it as the service manager does.
    pub(crate) fn stop(&mut self) {
        let end = self.end();
        assert!(end.success(), "it is killed as it stops: {end}");
    }

    /// Starts it once more, after its end.
    pub(crate) fn restart(&mut self) {
        self.process = command_here(self.directory.path()).spawn().unwrap();
    }

    /// A connection to a socket, which may not be there yet.
    pub(crate) fn connect(&mut self, socket: &str) -> Connection {
        let path = self.directory.path().join("run").join(socket);
        Connection::greet(wait_for(&mut self.process, &path))
    }
}

/// How long anything here may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Asks again and again until there is an answer, for half a minute.
#[track_caller]
pub(crate) fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited {PATIENCE:?} in vain: {what}");
        std::thread::yield_now();
    }
}

/// A connection to a socket that `process` makes.
#[track_caller]
pub(crate) fn wait_for(process: &mut Child, path: &Path) -> UnixStream {
    until("a socket that is served", || match UnixStream::connect(path) {
        Ok(stream) => Some(stream),
        Err(error) => {
            assert!(
                matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused)
                    && process.try_wait().unwrap().is_none(),
                "it is not served: {error}"
            );
            None
        }
    })
}

/// Says loudly that a test cannot be run here, which is a failure where `CI=true`.
#[expect(clippy::print_stderr, clippy::disallowed_methods, reason = "it is for who reads tests")]
pub(crate) fn skip(why: &str) {
    eprintln!("SKIPPED: {why}");
    assert!(std::env::var_os("CI").is_none_or(|value| value != "true"), "{why}");
}

impl Drop for Signer {
    fn drop(&mut self) {
        if self.process.try_wait().unwrap().is_none() {
            self.process.kill().unwrap();
            self.process.wait().unwrap();
        }
    }
}

pub(crate) fn prepare(settings: &str) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join("run")).unwrap();
    fs::write(directory.path().join("signerd.toml"), settings).unwrap();
    directory
}

fn command_here(directory: &Path) -> Command {
    command(Path::new(env!("CARGO_BIN_EXE_signerd")), &[], directory)
}

/// The program on `signerd.toml`, `state` and `run` in `directory`.
pub(crate) fn command(program: &Path, words: &[&str], directory: &Path) -> Command {
    let mut command = Command::new(program);
    command.args(words);
    let places = [("--config", "signerd.toml"), ("--state-dir", "state"), ("--runtime-dir", "run")];
    for (option, name) in places {
        command.arg(option).arg(directory.join(name));
    }
    command
}

/// A client of one socket.
pub(crate) struct Connection(UnixStream);

impl Connection {
    /// Says hello.
    pub(crate) fn greet(stream: UnixStream) -> Self {
        let mut connection = Self(stream);
        let hello = connection.ask(Request::Hello { version: VERSION });
        assert!(matches!(hello, Reply::Hello { .. }), "{hello:?}");
        connection
    }

    /// Sends a request and waits for its answer.
    pub(crate) fn ask(&mut self, request: Request) -> Reply {
        self.send(request);
        self.receive()
    }

    /// Sends a request without waiting.
    pub(crate) fn send(&mut self, request: Request) {
        self.0.write_all(&Frame { id: 1, message: request }.to_bytes()).unwrap();
    }

    /// Waits for an answer.
    pub(crate) fn receive(&mut self) -> Reply {
        let mut header = [0; FRAME_HEADER];
        self.0.read_exact(&mut header).unwrap();
        let mut content = vec![0; usize::try_from(u32::from_be_bytes(header)).unwrap()];
        self.0.read_exact(&mut content).unwrap();
        Frame::from_content(&content).unwrap().message
    }
}

//! Child processes that end with their test.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Gid, Pid, Uid, chown};

use crate::wait;

/// How long a program may take to end after SIGTERM.
pub const STOP_TIME: Duration = Duration::from_secs(10);

/// Who runs the daemons where the tests run as root: `nobody` of Debian.
const ORDINARY_USER: u32 = 65_534;

/// A running program. It is killed when this is dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    name: String,
    log: PathBuf,
}

impl Process {
    /// Starts a program with its output in the file `log`, to which it adds. Its standard input is a
    /// pipe that this process holds.
    pub fn start(command: &mut Command, log: &Path) -> Self {
        let words: Vec<_> = command.get_args().map(OsStr::to_string_lossy).collect();
        let name = words.join(" ");
        let file = OpenOptions::new().create(true).append(true).open(log).unwrap();
        let (out, err) = (file.try_clone().unwrap(), file);
        let child = command
            .stdin(Stdio::piped())
            .stdout(out)
            .stderr(err)
            .spawn()
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        Self { child, name, log: log.to_owned() }
    }

    /// What it has printed.
    pub fn output(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap()).into_owned()
    }

    /// Waits for a line of its output that `find` makes something of.
    pub fn wait_for<T>(&mut self, what: &str, find: impl Fn(&str) -> Option<T>) -> T {
        let found = wait::within(wait::PATIENCE, || {
            let answer = self.output().lines().find_map(&find);
            let ended = self.status();
            answer.map(Ok).or_else(|| ended.map(Err))
        });
        match found {
            Some(Ok(answer)) => answer,
            Some(Err(status)) => panic!("{} ended: {status}\n{}", self.name, self.output()),
            None => panic!("{}: no {what} in\n{}", self.name, self.output()),
        }
    }

    /// How it ended, if it has.
    pub fn status(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(i32::try_from(self.child.id()).unwrap()), signal).unwrap();
    }

    /// Asks it to end, and waits until it has.
    pub fn stop(&mut self) -> ExitStatus {
        self.signal(Signal::SIGTERM);
        wait::within(STOP_TIME, || self.status())
            .unwrap_or_else(|| panic!("{} does not end\n{}", self.name, self.output()))
    }

    /// Ends it at once, as a crash would.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            // A process that is gone already is what is wanted.
            drop(self.child.kill());
            drop(self.child.wait());
        }
    }
}

/// Whether the processor itself runs virtual machines here, with any kernel: a KVM without these flags
/// boots none but its own.
pub fn runs_machines() -> bool {
    let processor = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let has = |flag: &str| processor.split_whitespace().any(|word| word == flag);
    Path::new("/dev/kvm").exists() && (has("vmx") || has("svm"))
}

/// Whether this process runs as root, as in a container.
pub fn is_root() -> bool {
    Uid::effective().is_root()
}

/// Whether this process is root, which `what` needs. A test's output says when it is not, and where
/// `CI=true` that is a failure.
pub fn has_root_for(what: &str) -> bool {
    is_there(is_root(), &format!("{what} needs root"))
}

/// Whether it is there; a test's output says what is missing, and where `CI=true` that is a failure.
#[expect(clippy::print_stderr, reason = "whoever reads a test's output must see what it left out")]
pub fn is_there(it_is: bool, otherwise: &str) -> bool {
    if !it_is {
        eprintln!("SKIPPED: {otherwise}");
        assert!(!in_ci(), "{otherwise}");
    }
    it_is
}

/// Whether what is left out is a failure: `CI=true`.
#[expect(clippy::disallowed_methods, reason = "the one setting of how the tests are run")]
pub fn in_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| value == "true")
}

/// As whom a program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum User {
    /// As this process.
    Current,
    /// Never as root.
    Ordinary,
}

/// A program that the kernel kills when this process ends, however it ends.
pub fn command(program: &Path, user: User) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]);
    if user == User::Ordinary && is_root() {
        let id = ORDINARY_USER.to_string();
        command.args(["--reuid", &id, "--regid", &id, "--clear-groups"]);
    }
    command.arg("--").arg(program);
    command
}

/// The same program in a time in which the machine has run for so much longer, which takes root
/// (`time_namespaces(7)`).
pub fn later(command: Command, ahead: Duration) -> Command {
    if ahead.is_zero() {
        return command;
    }
    let mut later = Command::new("unshare");
    later.args(["--time", "--boottime", &ahead.as_secs().to_string(), "--"]);
    later.arg(command.get_program()).args(command.get_args());
    if let Some(directory) = command.get_current_dir() {
        later.current_dir(directory);
    }
    later
}

/// The command in a mount namespace of its own, after these lines of a shell, which have it in `"$@"`; as root.
pub fn in_mounts(script: &str, command: &Command) -> Command {
    let mut wrapped = Command::new("setpriv");
    wrapped.args(["--pdeathsig", "KILL", "--", "unshare", "--mount", "sh", "-euc", script, "sh"]);
    wrapped.arg(command.get_program()).args(command.get_args());
    wrapped.current_dir("/");
    wrapped
}

/// Whether [`later`] makes time pass: that takes root, and a kernel in which a program enters its time
/// when it starts (Linux 6.2). Says so as [`has_root_for`] does.
pub fn time_can_pass() -> bool {
    const AHEAD: Duration = Duration::from_secs(1_000_000_000);
    if !has_root_for("a time that passes for one program alone") {
        return false;
    }
    let mut uptime = Command::new("cat");
    uptime.arg("/proc/uptime");
    let output = later(uptime, AHEAD).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let seconds = text.split('.').next().and_then(|seconds| seconds.parse().ok());
    let passes = seconds.is_some_and(|seconds: u64| seconds >= AHEAD.as_secs());
    is_there(passes, "this kernel lets no time pass for one program alone")
}

/// Gives a file or directory to the ordinary user.
pub fn give_to_ordinary_user(path: &Path) {
    if is_root() {
        let (user, group) = (Uid::from_raw(ORDINARY_USER), Gid::from_raw(ORDINARY_USER));
        chown(path, Some(user), Some(group)).unwrap();
    }
}

/// Which build of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Build {
    /// What tests run.
    Debug,
    /// What is measured.
    Release,
}

/// A program of the workspace, as the last build left it.
pub fn program(name: &str, build: Build) -> PathBuf {
    let directory = match build {
        Build::Debug => "debug",
        Build::Release => "release",
    };
    let path = target_directory().join(directory).join(name);
    assert!(path.exists(), "{} is missing: cargo build --workspace --bins", path.display());
    path
}

/// A program of the workspace at a place where the ordinary user may run it: copied into `directory`
/// where the repository is in a place that is closed to others.
pub fn runnable_program(name: &str, build: Build, directory: &Path) -> PathBuf {
    let path = program(name, build);
    if !is_root() || path.ancestors().skip(1).all(is_open_to_all) {
        return path;
    }
    let copy = directory.join(name);
    if !copy.exists() {
        fs::copy(&path, &copy).unwrap();
    }
    copy
}

fn is_open_to_all(directory: &Path) -> bool {
    fs::metadata(directory).is_ok_and(|found| found.permissions().mode() & 0o001 != 0)
}

/// Where Cargo puts what it builds.
#[expect(clippy::disallowed_methods, reason = "where cargo builds")]
pub fn target_directory() -> PathBuf {
    let set = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    crate::repository().join(set.unwrap_or_else(|| PathBuf::from("target")))
}

/// Holds a lock on `path` while `work` runs, against other test processes.
pub fn exclusively<T>(path: &Path, work: impl FnOnce() -> T) -> T {
    let file = File::create(path).unwrap();
    let lock = nix::fcntl::Flock::lock(file, nix::fcntl::FlockArg::LockExclusive);
    let _held = lock.map_err(|(_file, error)| error).unwrap();
    work()
}

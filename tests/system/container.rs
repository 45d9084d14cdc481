//! A booted Debian in a container: systemd as its process 1, a tree that is never written to below,
//! and everything that was written gone with it.
//!
//! It lives in mount and process namespaces of its own, so that nothing stays mounted or running when
//! the test ends, however it ends; only its cgroups are directories that somebody has to remove.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use tempfile::TempDir;
use tests::process::{self, Process, User};
use tests::wait;

/// Of names of containers and their cgroups.
const PREFIX: &str = "waiaas-test-";
/// How long a container may take to boot, on a machine that does other things too.
const BOOT: Duration = Duration::from_mins(2);

/// In the new namespaces, as their process 1. A container that reboots ends with 133, because nobody
/// manages it (`--keep-unit`). nspawn's own filter would refuse the system calls that are named, all
/// of which a container has when Debian is what boots.
const START: &str = r#"
set -eu
tree=$1 place=$2 name=$3
shift 3
mount -t tmpfs -o mode=0755 tmpfs /run
mount -t tmpfs -o mode=0755 tmpfs "$place"
mkdir "$place/upper" "$place/work" "$place/root"
mount -t overlay -o "lowerdir=$tree,upperdir=$place/upper,workdir=$place/work" overlay "$place/root"
for cgroup in "$@"; do echo 0 > "$cgroup/cgroup.procs"; done
status=133
while [ "$status" = 133 ]; do
    systemd-nspawn --quiet --boot --directory="$place/root" --machine="$name" \
        --register=no --keep-unit --resolv-conf=off --timezone=off --link-journal=no \
        --capability=CAP_IPC_LOCK,CAP_NET_ADMIN --system-call-filter='@memlock memfd_secret landlock_create_ruleset landlock_add_rule landlock_restrict_self seccomp' \
        && status=0 || status=$?
done
"#;

/// What boots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Release {
    /// Debian 12, with systemd 252 as RHEL 9 has it.
    Bookworm,
    /// Debian 13, with systemd 257 as RHEL 10 has it.
    Trixie,
}

/// A running container.
pub(crate) struct Container {
    name: String,
    cgroups: Vec<PathBuf>,
    wrapper: Process,
    leader: u32,
    _place: TempDir,
}

/// A place in the journal.
pub(crate) struct Cursor(String);

impl Release {
    fn tree(self) -> PathBuf {
        let name = match self {
            Self::Bookworm => "bookworm",
            Self::Trixie => "trixie",
        };
        stored(name)
    }
}

/// A tree or package that `cargo xtask test system` has made.
pub(crate) fn stored(name: &str) -> PathBuf {
    let path = store().join(name);
    assert!(path.exists(), "{} is missing: cargo xtask test system", path.display());
    path
}

/// Where they are.
fn store() -> PathBuf {
    process::target_directory().join("system")
}

impl Container {
    /// Boots one.
    pub(crate) fn boot(release: Release) -> Self {
        assert_alone();
        let place = tempfile::Builder::new().prefix(PREFIX).tempdir().unwrap();
        let name = place.path().file_name().unwrap().to_str().unwrap().to_owned();
        let cgroups = make_cgroups(&name);
        let mut command = process::command(Path::new("unshare"), User::Current);
        command.args(["--mount", "--propagation", "private", "--pid", "--fork", "--kill-child"]);
        command.args(["--mount-proc", "sh", "-c", START, "sh"]);
        command.arg(release.tree()).arg(place.path()).arg(&name).args(&cgroups);
        let log = store().join(format!("{name}.console"));
        let wrapper = Process::start(&mut command, &log);
        let mut container = Self { name, cgroups, wrapper, leader: 0, _place: place };
        container.wait_until_booted();
        container
    }

    /// Runs a program in it, as root.
    pub(crate) fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    /// What a program prints that succeeds.
    #[track_caller]
    pub(crate) fn output(&self, words: &[&str]) -> String {
        let output = self.run(words);
        assert!(output.status.success(), "{words:?}: {}", said(&output));
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    /// What a few lines of shell print that succeed.
    #[track_caller]
    pub(crate) fn shell(&self, script: &str) -> String {
        self.output(&["sh", "-euc", script])
    }

    /// Whether a few lines of shell succeed.
    pub(crate) fn holds(&self, script: &str) -> bool {
        self.run(&["sh", "-euc", script]).status.success()
    }

    /// A property of a unit.
    #[track_caller]
    pub(crate) fn property(&self, unit: &str, name: &str) -> String {
        self.output(&["systemctl", "show", "--property", name, "--value", unit])
    }

    /// Whether a unit is in this state, such as `active`.
    #[track_caller]
    pub(crate) fn is(&self, unit: &str, state: &str) -> bool {
        self.property(unit, "ActiveState") == state
    }

    /// Waits until a unit is in this state.
    #[track_caller]
    pub(crate) fn wait_for(&self, unit: &str, state: &str) {
        let reached = wait::within(BOOT, || self.is(unit, state).then_some(()));
        assert!(reached.is_some(), "{unit} is not {state}:\n{}", self.journal(unit));
    }

    /// What a unit, and systemd about it, wrote to the journal since the boot.
    pub(crate) fn journal(&self, unit: &str) -> String {
        let output =
            self.run(&["journalctl", "--boot", "--no-pager", "--output=cat", "--unit", unit]);
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Where the journal ends.
    #[track_caller]
    pub(crate) fn journal_end(&self) -> Cursor {
        self.output(&["journalctl", "--sync"]);
        let last = self.output(&["journalctl", "--lines=1", "--output=export"]);
        let cursor = last.lines().find_map(|line| line.strip_prefix("__CURSOR="));
        Cursor(cursor.unwrap().to_owned())
    }

    /// As [`Self::journal`], since then.
    #[track_caller]
    pub(crate) fn journal_since(&self, Cursor(since): &Cursor, unit: &str) -> String {
        self.output(&["journalctl", "--sync"]);
        let after = format!("--after-cursor={since}");
        self.output(&["journalctl", "--no-pager", "--output=cat", &after, "--unit", unit])
    }

    /// A file of the container as this process reaches it.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root{path}", self.leader))
    }

    /// Restarts the whole system, and waits until it is up.
    pub(crate) fn reboot(&mut self) {
        drop(self.run(&["systemctl", "reboot"]));
        let before = PathBuf::from(format!("/proc/{}", self.leader));
        wait::within(BOOT, || (!before.exists()).then_some(())).expect("it goes down");
        self.wait_until_booted();
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new("nsenter");
        command.arg(format!("--target={}", self.leader));
        command.args(["--mount", "--uts", "--ipc", "--pid", "--cgroup", "--", "env", "-i"]);
        command.args(["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8"]);
        command.args(words);
        command
    }

    fn wait_until_booted(&mut self) {
        let booted = wait::within(BOOT, || {
            assert!(self.wrapper.status().is_none(), "{}", self.wrapper.output());
            self.leader = leader(self.wrapper.id())?;
            let state = self.run(&["systemctl", "is-system-running"]);
            matches!(state.stdout.as_slice(), b"running\n" | b"degraded\n").then_some(())
        });
        assert!(booted.is_some(), "{} does not boot:\n{}", self.name, self.wrapper.output());
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        // At once: nothing in it is kept.
        if self.wrapper.status().is_none() {
            self.wrapper.kill();
        }
        for cgroup in &self.cgroups {
            let gone = wait::within(wait::PATIENCE, || remove_tree(cgroup).ok());
            assert!(gone.is_some() || std::thread::panicking(), "{} stays", cgroup.display());
        }
        let log = store().join(format!("{}.console", self.name));
        drop(fs::remove_file(log));
    }
}

/// What a program printed, both ways.
pub(crate) fn said(output: &Output) -> String {
    let [out, err] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    format!("{}\n{out}{err}", output.status)
}

/// Refuses to bind the machine's own port, and to let a container talk to anybody.
fn assert_alone() {
    let devices = fs::read_to_string("/proc/self/net/dev").unwrap();
    let others = devices.lines().skip(2).filter(|line| !line.trim_start().starts_with("lo:"));
    assert_eq!(others.count(), 0, "this is no network of its own: cargo xtask test system");
}

/// Process 1 of the container, once it is systemd: the wrapper's child is the shell, its child nspawn.
fn leader(wrapper: u32) -> Option<u32> {
    let nspawn = children(wrapper).into_iter().flat_map(children);
    nspawn.flat_map(children).find(|process| {
        let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        let first = status.lines().find(|line| line.starts_with("NSpid:"));
        first.is_some_and(|line| line.ends_with("\t1")) && status.starts_with("Name:\tsystemd\n")
    })
}

fn children(process: u32) -> Vec<u32> {
    let listed = fs::read_to_string(format!("/proc/{process}/task/{process}/children"));
    listed.unwrap_or_default().split_whitespace().filter_map(|id| id.parse().ok()).collect()
}

/// A cgroup of its own in every hierarchy: two containers in one would kill each other's services.
/// What an earlier run left behind is removed, which works on what nobody is in.
fn make_cgroups(name: &str) -> Vec<PathBuf> {
    let base = Path::new("/sys/fs/cgroup");
    let below = fs::read_dir(base).unwrap().map(|entry| entry.unwrap().path());
    let separate = below.filter(|path| !path.ends_with("cpuset") && is_hierarchy(path));
    let is_one = base.join("cgroup.procs").exists();
    let hierarchies = if is_one { vec![base.to_owned()] } else { separate.collect() };
    hierarchies.iter().flat_map(|path| fs::read_dir(path).unwrap()).for_each(|entry| {
        let entry = entry.unwrap();
        if entry.file_name().to_string_lossy().starts_with(PREFIX) {
            drop(remove_tree(&entry.path()));
        }
    });
    let own = hierarchies.iter().map(|path| path.join(name));
    own.inspect(|path| fs::create_dir(path).unwrap()).collect()
}

fn is_hierarchy(path: &Path) -> bool {
    path.is_dir() && !path.is_symlink() && path.join("cgroup.procs").exists()
}

/// Cgroups are directories whose files cannot be removed and need not be.
fn remove_tree(cgroup: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(cgroup)?.filter_map(Result::ok) {
        if entry.file_type()?.is_dir() {
            remove_tree(&entry.path())?;
        }
    }
    fs::remove_dir(cgroup)
}

//! A virtual machine: a stock kernel of Debian, a tree of Debian as its root, no network, and an agent
//! in it that does what a test says.

use std::cell::RefCell;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use tempfile::TempDir;
use tests::process::{self, Process, User};
use tests::wait;

/// How long a machine without hardware support may take to boot while others use the processors.
const BOOT: Duration = Duration::from_mins(4);
/// How long one script may take.
const SCRIPT: Duration = Duration::from_mins(5);
/// MiB of memory: what the two daemons use, and little enough to be pressed out into the swap space.
const MEMORY: u32 = 768;
/// MiB of the disks.
const ROOT: u32 = 1200;
const SWAP: u32 = 256;
const OTHERS: u32 = 768;

/// `oops`: a kernel that fails ends the machine at once. The rest is for speed, and has nothing to do
/// with what is tested.
const KERNEL: &str = "console=ttyS0 root=/dev/nvme0n1 rw quiet oops=panic panic=-1 mitigations=off \
                      tsc=reliable no_timer_check nokaslr systemd.show_status=no \
                      systemd.mask=serial-getty@ttyS0.service audit=1 audit_backlog_limit=8192";

/// Scripts of the machine, which are written into its disks.
const SCRIPTS: [(&str, &str); 4] = [
    ("agent", include_str!("guest/agent")),
    ("agent.service", include_str!("guest/agent.service")),
    ("careless", include_str!("guest/careless")),
    ("collect", include_str!("guest/collect")),
];

/// Commands of debugfs that put the agent into a root.
const AGENT: &str = "\
write files/agent /etc/waiaas-test-agent
write files/agent.service /etc/systemd/system/waiaas-test-agent.service
symlink /etc/systemd/system/multi-user.target.wants/waiaas-test-agent.service ../waiaas-test-agent.service
mkdir /payload
mkdir /results
";

/// A running machine.
pub(crate) struct Machine {
    process: Process,
    channel: RefCell<BufReader<UnixStream>>,
    directory: TempDir,
}

/// What a machine that is off has left in its `/results`.
pub(crate) struct Results(TempDir);

/// What a script did.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: i32,
    /// Both outputs.
    pub(crate) output: String,
}

impl Machine {
    /// Boots the tree and kernel of a release with these words for the kernel besides. The files of
    /// `payload`, and the scripts, are in its `/payload`.
    pub(crate) fn boot(release: &str, words: &str, payload: &[&Path]) -> Self {
        let directory = tempfile::Builder::new().prefix("waiaas-vm-").tempdir().unwrap();
        make_disks(directory.path(), release, payload);
        let socket = directory.path().join("agent");
        let mut command = process::command(Path::new("qemu-system-x86_64"), User::Current);
        command.args(["-M", "q35,i8042=off", "-smp", "1", "-nodefaults", "-no-user-config"]);
        command.args(["-m", &format!("{MEMORY}M"), "-nic", "none", "-display", "none"]);
        command.args(if process::runs_machines() { FAST } else { SLOW }).arg("-no-reboot");
        command.arg("-kernel").arg(stored(&format!("kernel-{release}")));
        command.arg("-append").arg(format!("{KERNEL} {words}"));
        for name in ["root", "payload", "swap", "results"] {
            let path = directory.path().join(name);
            let drive =
                format!("file={},format=raw,if=none,cache=unsafe,id={name}", path.display());
            command.args([
                "-drive",
                &drive,
                "-device",
                &format!("nvme,serial={name},drive={name}"),
            ]);
        }
        let console = directory.path().join("console");
        command.arg("-serial").arg(format!("file:{}", console.display()));
        command.arg("-serial").arg(format!("unix:{},server=on,wait=off", socket.display()));
        let mut process = Process::start(&mut command, &directory.path().join("log"));
        let connected = wait::within(wait::PATIENCE, || {
            assert!(process.status().is_none(), "{}", process.output());
            UnixStream::connect(&socket).ok()
        });
        let stream = connected.expect("a machine that can be talked to");
        stream.set_read_timeout(Some(BOOT)).unwrap();
        let machine = Self { process, channel: RefCell::new(BufReader::new(stream)), directory };
        assert_eq!(machine.receive(), "ready");
        machine.channel.borrow().get_ref().set_read_timeout(Some(SCRIPT)).unwrap();
        machine.shell(
            "mount -o ro /dev/nvme1n1 /payload; mount /dev/nvme3n1 /results
             mkswap --quiet /dev/nvme2n1; swapon /dev/nvme2n1",
        );
        machine
    }

    /// Runs a few lines of shell as root.
    pub(crate) fn run(&self, script: &str) -> Answer {
        let line = format!("{}\n", BASE64.encode(script));
        self.channel.borrow_mut().get_mut().write_all(line.as_bytes()).unwrap();
        let bytes = BASE64.decode(self.receive()).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        let (output, status) = text.trim_end().rsplit_once(' ').expect("output and status");
        Answer { status: status.parse().unwrap(), output: output.trim_end().to_owned() }
    }

    /// What a few lines of shell print that succeed.
    #[track_caller]
    pub(crate) fn shell(&self, script: &str) -> String {
        let Answer { status, output } = self.run(script);
        assert_eq!(status, 0, "{script}\n{output}");
        output
    }

    /// Whether a few lines of shell succeed.
    pub(crate) fn holds(&self, script: &str) -> bool {
        self.run(script).status == 0
    }

    /// A property of a unit.
    #[track_caller]
    pub(crate) fn property(&self, unit: &str, name: &str) -> String {
        self.shell(&format!("systemctl show --property {name} --value {unit}"))
    }

    /// Waits until a few lines of shell succeed.
    #[track_caller]
    pub(crate) fn wait_until(&self, script: &str) {
        let reached = wait::within(BOOT, || self.holds(script).then_some(()));
        assert!(reached.is_some(), "in vain: {script}\n{}", self.run(script).output);
    }

    /// Turns it off, as an operator does.
    pub(crate) fn off(mut self) -> Results {
        // The agent's word may come too late to be said.
        let line = format!("{}\n", BASE64.encode("sync; systemctl poweroff --force"));
        self.channel.borrow_mut().get_mut().write_all(line.as_bytes()).unwrap();
        let off = wait::within(BOOT, || self.process.status());
        assert!(off.is_some(), "it stays on:\n{}", self.console());
        let copied = self.directory.path().join("copied");
        fs::create_dir(&copied).unwrap();
        let mut debugfs = Command::new("debugfs");
        debugfs.arg("-R").arg(format!("rdump / {}", copied.display()));
        let output = debugfs.arg(self.directory.path().join("results")).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        Results(self.directory)
    }

    /// The bytes of a whole disk, as it is while the machine runs.
    pub(crate) fn disk(&self, name: &str) -> Vec<u8> {
        self.shell("sync");
        fs::read(self.directory.path().join(name)).unwrap()
    }

    fn receive(&self) -> String {
        let mut line = String::new();
        let read = self.channel.borrow_mut().read_line(&mut line);
        let said = || format!("{}\n{}", self.process.output(), self.console());
        assert!(read.is_ok_and(|length| length > 0), "the machine says nothing:\n{}", said());
        line.trim_end().to_owned()
    }

    fn console(&self) -> String {
        let bytes = fs::read(self.directory.path().join("console")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Results {
    /// A file or directory of them.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join("copied").join(name)
    }
}

/// What `cargo xtask test vm` has made.
pub(crate) fn stored(name: &str) -> PathBuf {
    let path = process::target_directory().join("system").join(name);
    assert!(path.exists(), "{} is missing: cargo xtask test vm", path.display());
    path
}

/// The processor's own virtualisation, and qemu's translation.
const FAST: [&str; 4] = ["-accel", "kvm", "-cpu", "host"];
const SLOW: [&str; 4] = ["-accel", "tcg,tb-size=256", "-cpu", "max,la57=off"];

/// A root with the agent in it, the files of the payload, swap space, and room for results.
fn make_disks(directory: &Path, release: &str, payload: &[&Path]) {
    let files = directory.join("files");
    fs::create_dir(&files).unwrap();
    for (name, text) in SCRIPTS {
        fs::write(files.join(name), text).unwrap();
    }
    make_disk(&directory.join("root"), ROOT, &stored(release));
    fs::write(directory.join("commands"), AGENT).unwrap();
    let mut debugfs = Command::new("debugfs");
    let output =
        debugfs.current_dir(directory).args(["-w", "-f", "commands", "root"]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    for path in payload {
        fs::copy(path, files.join(path.file_name().unwrap())).unwrap();
    }
    make_disk(&directory.join("payload"), OTHERS, &files);
    fs::remove_dir_all(&files).unwrap();
    fs::create_dir(&files).unwrap();
    make_disk(&directory.join("results"), OTHERS, &files);
    let swap = fs::File::create(directory.join("swap")).unwrap();
    swap.set_len(u64::from(SWAP) << 20).unwrap();
}

/// Without a journal: what is searched for is in one place at most.
fn make_disk(path: &Path, mebibytes: u32, content: &Path) {
    let mut command = Command::new("mkfs.ext4");
    command.args(["-q", "-F", "-m", "0", "-O", "^has_journal,^metadata_csum", "-d"]).arg(content);
    let output = command.arg(path).arg(format!("{mebibytes}M")).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

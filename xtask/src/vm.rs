//! The package in a virtual machine: what `tests/vm` takes.

use std::fs;
use std::path::{Path, PathBuf};

use crate::package;
use crate::shell::{Failure, call, cargo, need, output, program, root};
use crate::system::{make_tree, store};

/// What boots, with the kernel of its own release.
const RELEASE: &str = "bookworm";
/// Whose parsers must understand the profiles.
const PARSERS: [&str; 2] = ["bookworm", "trixie"];
/// Seconds after which a machine is one that hangs: of the processor's own, and translated. Four
/// times what it takes on a machine that does little else.
const BOUNDS: [&str; 2] = ["600", "1200"];
/// How `timeout` ends when it had to end a program, kindly and not.
const HANGS: [i32; 2] = [124, 137];
/// Debian's kernel for virtual machines: the same source and security settings as its other ones, and
/// its disks and file systems need no modules.
const KERNEL: &str = "linux-image-cloud-amd64";

/// Runs it; why it cannot be run, if it cannot.
pub(crate) fn test() -> Result<Option<String>, Failure> {
    if std::env::consts::ARCH != "x86_64" {
        return Ok(Some("the machine that is booted is an x86_64".to_owned()));
    }
    if let Err(missing) = need_tools() {
        return Ok(Some(missing));
    }
    let store = store()?;
    for release in PARSERS {
        make_tree(&store, release)?;
        compile_profiles(&store.join(release))?;
    }
    take_kernel(&store, RELEASE)?;
    let made = package::make(package::Target::host()?, "")?;
    let found = made.iter().find(|path| package::is_of_programs(path, ".deb"));
    let package = found.ok_or("no package for Debian was made")?;
    let copied = fs::copy(package, store.join("waiaas.deb"));
    copied.map_err(|error| format!("{}: {error}", package.display()))?;
    tests::nodes::install()?;
    let run = "test --package tests --test vm --locked -- --ignored --test-threads=1 --nocapture";
    call(&mut cargo(&run.replace("--locked --", "--locked --no-run --")))?;
    let bound = BOUNDS[usize::from(!tests::process::runs_machines())];
    let mut bounded = program("timeout");
    bounded.args(["--kill-after=10", bound, "cargo"]).args(run.split(' '));
    // A translated kernel can stall of itself. What fails, fails at once; what hangs may try again.
    for attempt in 1..=2 {
        let status = bounded.status().map_err(|error| format!("timeout: {error}"))?;
        match status.code() {
            Some(0) => return Ok(None),
            Some(code) if HANGS.contains(&code) => {
                println!("the machine hung: {bound} s did not do (attempt {attempt})");
            }
            _ => return Err(format!("cargo {run}: {status}")),
        }
    }
    Err(format!("the machine hung twice, {bound} s each"))
}

/// Profiles are compiled to the end by a release's own parser, and not loaded.
fn compile_profiles(tree: &Path) -> Result<(), Failure> {
    for name in ["waiaas-gatewayd", "waiaas-signerd", "waiaasctl"] {
        let profile = fs::File::open(root().join("apparmor").join(name));
        let profile = profile.map_err(|error| format!("apparmor/{name}: {error}"))?;
        let mut parser = program("chroot");
        parser.arg(tree).args(["apparmor_parser", "-Q", "-K", "-T"]);
        call(parser.stdin(profile))?;
    }
    Ok(())
}

fn need_tools() -> Result<(), Failure> {
    need("qemu-system-x86_64", "qemu-system-x86")?;
    need("debootstrap", "debootstrap")?;
    if output(program("debugfs").arg("-V")).is_err() {
        need("debugfs", "e2fsprogs")?;
    }
    Ok(())
}

/// Takes the kernel from where the tree's own packages came from, once.
fn take_kernel(store: &Path, release: &str) -> Result<(), Failure> {
    let kernel = store.join(format!("kernel-{release}"));
    if kernel.exists() {
        return Ok(());
    }
    let place = tempfile::tempdir().map_err(|error| error.to_string())?;
    for directory in ["state/lists/partial", "cache/archives/partial", "unpacked"] {
        fs::create_dir_all(place.path().join(directory)).map_err(|error| error.to_string())?;
    }
    let apt = |words: &[&str]| call(apt(&store.join(release), place.path()).args(words));
    apt(&["update"])?;
    apt(&["install", "--download-only", "--yes", "--no-install-recommends", KERNEL])?;
    let package = only(&place.path().join("cache/archives"), "linux-image-", |name| {
        !name.starts_with("linux-image-cloud-")
    })?;
    let unpacked = place.path().join("unpacked");
    call(program("dpkg-deb").arg("--extract").arg(package).arg(&unpacked))?;
    let image = only(&unpacked.join("boot"), "vmlinuz-", |_name| true)?;
    let copied = fs::copy(image, kernel);
    copied.map(drop).map_err(|error| format!("the kernel: {error}"))
}

/// apt with the sources, keys and installed packages of `tree`, and everything that it writes in
/// `place`.
fn apt(tree: &Path, place: &Path) -> std::process::Command {
    let mut command = program("apt-get");
    let mut set = |name: &str, path: PathBuf| {
        command.arg("-o").arg(format!("{name}={}", path.display()));
    };
    set("Dir::Etc", tree.join("etc/apt"));
    set("Dir::Etc::SourceList", tree.join("etc/apt/sources.list"));
    set("Dir::Etc::SourceParts", tree.join("etc/apt/sources.list.d"));
    set("Dir::Etc::TrustedParts", tree.join("etc/apt/trusted.gpg.d"));
    set("Dir::State::Status", tree.join("var/lib/dpkg/status"));
    set("Dir::State", place.join("state"));
    set("Dir::Cache", place.join("cache"));
    command.args(["-o", "APT::Sandbox::User=root"]);
    command
}

/// The first file in `directory` of a name that starts so.
fn only(directory: &Path, start: &str, is_it: fn(&str) -> bool) -> Result<PathBuf, Failure> {
    let entries = fs::read_dir(directory).map_err(|error| error.to_string())?;
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let found = paths.into_iter().find(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with(start) && is_it(&name)
    });
    found.ok_or_else(|| format!("no {start} in {}", directory.display()))
}

/// The script that runs in the machine.
pub(crate) fn script() -> PathBuf {
    root().join("tests/vm/guest/agent")
}

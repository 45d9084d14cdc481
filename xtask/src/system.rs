//! The package on booted systems: what `tests/system` takes, and the network it runs in.

use std::fs;
use std::path::{Path, PathBuf};

use crate::package;
use crate::shell::{Failure, call, cargo, need, output, program};

/// The systems that are booted, by the names of their releases.
const RELEASES: &[&str] = &["bookworm", "trixie"];
/// What is in their trees on top of the least that Debian can be: what boots, what loads profiles,
/// and an agent's HTTP.
const PACKAGES: &str = "systemd,systemd-sysv,dbus,apparmor,curl";
/// Packages, as they were built and with a higher version.
const VERSIONS: &[(&str, &str)] = &[("", "waiaas.deb"), ("+1", "waiaas-higher.deb")];

/// Runs them, as root.
pub(crate) fn test() -> Result<(), Failure> {
    for (tool, from) in [
        ("debootstrap", "debootstrap"),
        ("systemd-nspawn", "systemd-container"),
        ("unshare", "util-linux"),
    ] {
        need(tool, from)?;
    }
    if output(program("ip").arg("-V")).is_err() {
        need("ip", "iproute2")?;
    }
    let store = tests::process::target_directory().join("system");
    fs::create_dir_all(&store).map_err(|error| format!("{}: {error}", store.display()))?;
    for release in RELEASES {
        make_tree(&store, release)?;
    }
    for (suffix, name) in VERSIONS {
        let package = debian_package(suffix)?;
        let copied = fs::copy(&package, store.join(name));
        copied.map_err(|error| format!("{}: {error}", package.display()))?;
    }
    tests::nodes::install()?;
    let run = "test --workspace --test system --locked -- --ignored --test-threads=1";
    call(&mut cargo(&run.replace("--locked --", "--locked --no-run --")))?;
    let mut alone = program("unshare");
    alone.args(["--net", "sh", "-c", "ip link set lo up && exec cargo \"$@\"", "sh"]);
    call(alone.args(run.split(' ')).env("CARGO_NET_OFFLINE", "true"))
}

/// A tree is made once, and taken as a whole or not at all.
fn make_tree(store: &Path, release: &str) -> Result<(), Failure> {
    let tree = store.join(release);
    if tree.exists() {
        return Ok(());
    }
    let unfinished = store.join(format!("{release}.unfinished"));
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished).map_err(|error| error.to_string())?;
    }
    let mut command = program("debootstrap");
    command.arg("--variant=minbase").arg(format!("--include={PACKAGES}")).arg(release);
    call(command.arg(&unfinished))?;
    fs::rename(&unfinished, &tree).map_err(|error| error.to_string())
}

/// The package that is installed, among those that are made.
fn debian_package(suffix: &str) -> Result<PathBuf, Failure> {
    let made = package::make(package::Target::host()?, suffix)?;
    let is_it = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("waiaas_") && name.ends_with(".deb")
    };
    made.into_iter().find(is_it).ok_or_else(|| "no package for Debian was made".to_owned())
}

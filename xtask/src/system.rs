//! The package on booted systems: what `tests/system` takes, and the network it runs in.

use std::fs;
use std::path::{Path, PathBuf};

use crate::package;
use crate::shell::{Failure, call, cargo, need, output, program};

/// The systems that are booted, by the names of their releases.
const RELEASES: &[&str] = &["bookworm", "trixie"];
/// What is in their trees on top of the least that Debian can be: what boots, what loads profiles,
/// an agent's HTTP, and the other distributions' installer.
const PACKAGES: &str = "systemd,systemd-sysv,dbus,apparmor,curl,rpm";
/// Packages, as they were built and with a higher version.
const VERSIONS: &[(&str, &str)] = &[("", "waiaas"), ("+1", "waiaas-higher")];

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
    let store = store()?;
    for release in RELEASES {
        make_tree(&store, release)?;
    }
    for (suffix, name) in VERSIONS {
        let made = package::make(package::Target::host()?, suffix)?;
        for end in [".deb", ".rpm"] {
            let found = made.iter().find(|path| package::is_of_programs(path, end));
            let package = found.ok_or_else(|| format!("no {end} was made"))?;
            let copied = fs::copy(package, store.join(format!("{name}{end}")));
            copied.map_err(|error| format!("{}: {error}", package.display()))?;
        }
    }
    tests::nodes::install()?;
    let run = "test --workspace --test system --locked -- --ignored --test-threads=1";
    call(&mut cargo(&run.replace("--locked --", "--locked --no-run --")))?;
    let mut alone = program("unshare");
    alone.args(["--net", "sh", "-c", "ip link set lo up && exec cargo \"$@\"", "sh"]);
    call(alone.args(run.split(' ')).env("CARGO_NET_OFFLINE", "true"))
}

/// Where trees and packages are kept.
pub(crate) fn store() -> Result<PathBuf, Failure> {
    let store = tests::process::target_directory().join("system");
    fs::create_dir_all(&store).map_err(|error| format!("{}: {error}", store.display()))?;
    Ok(store)
}

/// A tree is made once for the packages that are asked for, and taken as a whole or not at all.
pub(crate) fn make_tree(store: &Path, release: &str) -> Result<(), Failure> {
    let tree = store.join(release);
    let made_of = store.join(format!("{release}.packages"));
    if tree.exists() && fs::read_to_string(&made_of).is_ok_and(|packages| packages == PACKAGES) {
        return Ok(());
    }
    let unfinished = store.join(format!("{release}.unfinished"));
    for old in [&tree, &unfinished].into_iter().filter(|path| path.exists()) {
        fs::remove_dir_all(old).map_err(|error| format!("{}: {error}", old.display()))?;
    }
    let mut command = program("debootstrap");
    command.arg("--variant=minbase").arg(format!("--include={PACKAGES}")).arg(release);
    call(command.arg(&unfinished))?;
    fs::rename(&unfinished, &tree)
        .and_then(|()| fs::write(&made_of, PACKAGES))
        .map_err(|error| format!("{}: {error}", made_of.display()))
}

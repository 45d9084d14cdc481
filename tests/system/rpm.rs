//! The package of the other distributions, by their installer: its scriptlets do what those of Debian's
//! do.

use crate::container::{Container, Release, said, stored};
use crate::installation::{SERVICES, SOCKETS};

const FILES: [&str; 2] = ["waiaas.rpm", "waiaas-higher.rpm"];

/// Its dependencies are not known to rpm on a Debian.
pub(crate) fn an_rpm_is_installed_upgraded_and_erased(release: Release) {
    let container = Container::boot(release);
    for file in FILES {
        std::fs::copy(stored(file), container.path(&format!("/var/tmp/{file}"))).unwrap();
    }
    let first = container.output(&["rpm", "-i", "--nodeps", "/var/tmp/waiaas.rpm"]);
    assert!(first.contains("waiaasctl init"), "it does not say what comes next: {first}");
    users_and_directories_are_there(&container);
    nothing_is_enabled_or_runs(&container);

    container.output(&["waiaasctl", "init", "--auto-provision"]);
    container.output(&["systemctl", "enable", "--now", "waiaas.target"]);
    an_upgrade_restarts_what_runs(&container);
    an_older_one_is_refused(&container);
    erasing_keeps_the_data(&container);
}

fn users_and_directories_are_there(container: &Container) {
    for (path, expected) in [
        ("/run/waiaas", "root:root:755"),
        ("/etc/credstore.encrypted", "root:root:700"),
        ("/var/backups/waiaas", "root:root:700"),
        ("/usr/libexec/waiaas/signerd", "root:root:755"),
    ] {
        assert_eq!(container.output(&["stat", "--format=%U:%G:%a", path]), expected, "{path}");
    }
    container.output(&["getent", "passwd", "waiaas-signer", "waiaas-gateway"]);
    container.output(&["getent", "group", "waiaas-admin"]);
}

fn nothing_is_enabled_or_runs(container: &Container) {
    for unit in SERVICES.iter().chain(&SOCKETS).chain(&["waiaas.target"]) {
        assert_eq!(container.property(unit, "LoadState"), "loaded", "{unit}");
        assert!(container.is(unit, "inactive"), "{unit}");
    }
    assert!(!container.holds("systemctl is-enabled waiaas.target"), "enabled by installing");
}

fn an_upgrade_restarts_what_runs(container: &Container) {
    let processes = || SERVICES.map(|unit| container.property(unit, "MainPID"));
    let before = processes();
    container.output(&["rpm", "-U", "--nodeps", "/var/tmp/waiaas-higher.rpm"]);
    for (unit, (old, new)) in SERVICES.iter().zip(before.iter().zip(processes())) {
        assert_ne!(*old, new, "{unit} is not restarted");
        container.wait_for(unit, "active");
    }
    container.output(&["waiaasctl", "status"]);
}

fn an_older_one_is_refused(container: &Container) {
    let before = container.output(&["rpm", "-q", "waiaas"]);
    let output = container.run(&["rpm", "-U", "--nodeps", "/var/tmp/waiaas.rpm"]);
    assert!(!output.status.success(), "{}", said(&output));
    assert_eq!(container.output(&["rpm", "-q", "waiaas"]), before);
    assert!(container.is(SERVICES[0], "active"));
}

fn erasing_keeps_the_data(container: &Container) {
    let erased = container.output(&["rpm", "-e", "waiaas"]);
    assert!(erased.contains("/var/lib/waiaas-signer stays"), "{erased}");
    for unit in SERVICES.iter().chain(&SOCKETS) {
        assert!(container.is(unit, "inactive"), "{unit} runs on");
        assert_eq!(container.property(unit, "LoadState"), "not-found", "{unit}");
    }
    for kept in ["/var/lib/waiaas-signer/vault", "/var/lib/waiaas/gateway.db"] {
        assert!(container.path(kept).exists(), "{kept} was removed");
    }
    for gone in ["/usr/lib/waiaas", "/usr/libexec/waiaas", "/usr/share/doc/waiaas"] {
        assert!(!container.path(gone).exists(), "{gone} stays");
    }
}

//! The life of an installation, in one piece: each step finds what the steps before have left.

use std::collections::BTreeSet;

use crate::container::{Container, Release};
use crate::installation::{Installation, SERVICES, SOCKETS, Version, Wallet, wait_until_up};

/// How exposed each service may be, in tenths.
const EXPOSURE: [(&str, &str); 2] =
    [("waiaas-signerd.service", "1"), ("waiaas-gatewayd.service", "11")];

pub(crate) fn a_wallet_pays_from_its_installation_to_its_purge(release: Release) {
    let container = Container::boot(release);
    let before = files(&container);
    drop(container);

    let mut installation = Installation::new(release);
    nothing_runs_by_being_installed(&installation);
    installation.initialise();
    let mut wallet = installation.wallet();
    installation.pay(&mut wallet);
    each_service_is_confined(&installation);

    it_survives_restarts(&installation, &mut wallet);
    a_signer_killed_by_its_filter_stays_down(&installation, &mut wallet);
    installation.container.reboot();
    wait_until_up();
    installation.pay(&mut wallet);

    upgrades_keep_everything(&installation, &mut wallet);
    removing_leaves_the_vault_alone(&installation, &before);
}

fn nothing_runs_by_being_installed(installation: &Installation) {
    let container = &installation.container;
    for unit in SERVICES.iter().chain(&SOCKETS).chain(&["waiaas.target"]) {
        assert!(container.is(unit, "inactive"), "{unit}");
    }
    assert!(!container.holds("systemctl is-enabled waiaas.target"), "enabled by installing");
}

fn each_service_is_confined(installation: &Installation) {
    let container = &installation.container;
    for (unit, tenths) in EXPOSURE {
        let threshold = format!("--threshold={tenths}");
        container.output(&["systemd-analyze", "security", "--no-pager", &threshold, unit]);
        let process = container.property(unit, "MainPID");
        let status = container.output(&["cat", &format!("/proc/{process}/status")]);
        for line in ["Seccomp:\t2", "NoNewPrivs:\t1", "CapEff:\t0000000000000000"] {
            assert!(status.contains(line), "{unit}: no {line} in\n{status}");
        }
        assert!(status.contains("CapBnd:\t0000000000000000"), "{unit}:\n{status}");
    }
    let signer = container.property("waiaas-signerd.service", "MainPID");
    // The files in /proc of a process that others of its user cannot look into are root's.
    let owner = container.output(&["stat", "--format=%U", &format!("/proc/{signer}/environ")]);
    assert_eq!(owner, "root", "the signer can be looked into");
    let network =
        |process: &str| container.output(&["readlink", &format!("/proc/{process}/ns/net")]);
    assert_ne!(network(&signer), network("1"), "the signer has a network");
}

fn it_survives_restarts(installation: &Installation, wallet: &mut Wallet) {
    let container = &installation.container;
    for unit in SERVICES {
        container.output(&["systemctl", "restart", unit]);
    }
    wait_until_up();
    installation.pay(wallet);
    for unit in SERVICES {
        container.output(&["systemctl", "kill", "--signal=KILL", unit]);
        tests::wait::until("a restart", || {
            (container.property(unit, "NRestarts") == "1").then_some(())
        });
        container.wait_for(unit, "active");
    }
    wait_until_up();
    installation.pay(wallet);
    container.output(&["systemctl", "reload", "waiaas-gatewayd.service"]);
    installation.pay(wallet);
}

fn a_signer_killed_by_its_filter_stays_down(installation: &Installation, wallet: &mut Wallet) {
    let container = &installation.container;
    container.output(&["systemctl", "kill", "--signal=SYS", "waiaas-signerd.service"]);
    container.wait_for("waiaas-lockdown.service", "active");
    for unit in ["waiaas-signer.socket", "waiaas-control.socket"] {
        assert!(container.is(unit, "inactive"), "{unit}");
    }
    // Neither what asks nor a gateway that starts again opens the door.
    container.output(&["systemctl", "kill", "--signal=KILL", "waiaas-gatewayd.service"]);
    tests::wait::until("a restart", || {
        (container.property("waiaas-gatewayd.service", "NRestarts") == "2").then_some(())
    });
    wait_until_up();
    assert!(container.is("waiaas-signerd.service", "failed"));
    assert!(!container.path("/run/waiaas/signer.sock").exists());
    let said = container.journal("waiaas-lockdown.service");
    assert!(
        said.contains("killed SYS") && said.contains("systemctl start waiaas.target"),
        "{said}"
    );

    container.output(&["systemctl", "reset-failed", "waiaas-signerd.service"]);
    container.output(&["systemctl", "start", "waiaas.target"]);
    container.wait_for("waiaas-lockdown.service", "inactive");
    installation.pay(wallet);
}

fn upgrades_keep_everything(installation: &Installation, wallet: &mut Wallet) {
    let container = &installation.container;
    let settings = container.output(&["cat", "/etc/waiaas/gatewayd.toml"]);
    let version =
        || container.output(&["dpkg-query", "--show", "--showformat=${Version}", "waiaas"]);
    let (older, process) = (version(), container.property("waiaas-gatewayd.service", "MainPID"));
    installation.install(Version::Higher).unwrap();
    assert_ne!(version(), older);
    assert_ne!(container.property("waiaas-gatewayd.service", "MainPID"), process, "not restarted");
    wait_until_up();
    installation.pay(wallet);
    assert_eq!(container.output(&["cat", "/etc/waiaas/gatewayd.toml"]), settings);

    let signer = || container.property("waiaas-signerd.service", "MainPID");
    let (higher, process) = (version(), signer());
    let refusal = installation.install(Version::This).unwrap_err();
    assert!(refusal.contains("may not be able to read it"), "{refusal}");
    assert_eq!((version(), signer()), (higher, process), "nothing has changed");
    installation.pay(wallet);
}

fn removing_leaves_the_vault_alone(installation: &Installation, before: &BTreeSet<String>) {
    let container = &installation.container;
    container.output(&["dpkg", "--remove", "waiaas"]);
    for unit in SERVICES.iter().chain(&SOCKETS) {
        assert!(container.is(unit, "inactive"), "{unit} is still there");
    }
    for kept in ["/var/lib/waiaas-signer/vault", "/var/lib/waiaas/gateway.db", "/etc/waiaas"] {
        assert!(container.path(kept).exists(), "{kept} was removed");
    }
    let said = container.output(&["dpkg", "--purge", "waiaas"]);
    assert!(said.contains("/var/lib/waiaas-signer"), "it does not say what stays: {said}");
    assert!(container.path("/var/lib/waiaas-signer/vault").exists());
    assert!(container.path("/etc/waiaas/recovery.key").exists(), "the passphrase was removed");
    assert!(!container.path("/etc/waiaas/gatewayd.toml").exists());
    let left: Vec<_> = files(container)
        .difference(before)
        .filter(|path| !LEFT.iter().any(|known| path.starts_with(known)))
        .cloned()
        .collect();
    assert!(left.is_empty(), "left behind: {left:#?}");
    assert_eq!(container.output(&["systemctl", "list-units", "--failed", "--no-legend"]), "");
}

/// What may be there after the purge and was not before the installation: the vault, users and groups
/// (Debian keeps them, because files may still be theirs), and what systemd makes for itself.
const LEFT: &[&str] = &[
    "/etc/.pwd.lock",
    "/etc/credstore.encrypted",
    "/etc/group",
    "/etc/gshadow",
    "/etc/passwd",
    "/etc/shadow",
    "/etc/machine-id",
    "/etc/subgid",
    "/etc/subuid",
    "/etc/waiaas", // with recovery.key, the passphrase of the vault
    "/var/backups",
    "/var/lib/systemd",
    "/var/lib/waiaas-signer",
    "/var/tmp",
];

fn files(container: &Container) -> BTreeSet<String> {
    let elsewhere =
        ["/proc", "/sys", "/dev", "/run", "/tmp", "/var/lib/dpkg", "/var/log", "/var/cache"];
    let pruned = elsewhere.map(|path| format!("-path {path}")).join(" -o ");
    let listed = container.shell(&format!(r"find / -xdev \( {pruned} \) -prune -o -print"));
    listed.lines().map(str::to_owned).collect()
}

//! What is set wrongly: a line in the journal that says so, a status of its own, and no restart loop.

use std::net::TcpListener;

use crate::container::{Container, Release};
use crate::installation::{Installation, wait_until_up};

const SIGNER: &str = "waiaas-signerd.service";
const GATEWAY: &str = "waiaas-gatewayd.service";

pub(crate) fn what_is_wrong_is_said_once_and_tried_no_further(release: Release) {
    let installation = Installation::new(release);
    installation.initialise();
    let mut wallet = installation.wallet();
    installation.pay(&mut wallet);
    let container = &installation.container;

    an_unknown_key(container, SIGNER, "/etc/waiaas/signerd.toml");
    an_unknown_key(container, GATEWAY, "/etc/waiaas/gatewayd.toml");
    somebody_elses_key_file(container);
    a_damaged_credential(container);
    a_socket_that_opens_to_others(container);
    a_full_disk(container);
    wait_until_up();
    installation.pay(&mut wallet);

    a_port_in_use(container);
    the_state_directory_is_put_right(container);
    wait_until_up();
    installation.pay(&mut wallet);
}

/// `break_it`, a restart that fails with `status` and says `words`, then `mend_it`.
#[track_caller]
fn fails(
    container: &Container,
    unit: &str,
    [break_it, mend_it]: [&str; 2],
    status: &str,
    words: &str,
) {
    let before = container.journal_end();
    container.shell(break_it);
    assert!(
        !container.holds(&format!("systemctl restart {unit}")),
        "{unit} starts after {break_it}"
    );
    let said = container.journal_since(&before, unit);
    assert_eq!(container.property(unit, "ExecMainStatus"), status, "{said}");
    assert_eq!(container.property(unit, "NRestarts"), "0", "{unit}");
    assert!(container.is(unit, "failed"), "{unit}");
    let times = said.lines().filter(|line| line.contains(words)).count();
    assert_eq!(times, 1, "{unit} says {words} {times} times:\n{said}");
    container.shell(mend_it);
    container.output(&["systemctl", "reset-failed"]);
    container.output(&["systemctl", "start", "waiaas.target", unit]);
    container.wait_for(unit, "active");
}

fn an_unknown_key(container: &Container, unit: &str, settings: &str) {
    let break_it = format!("cp -a {settings} /root/kept; sed -i '1i no_such_key = 1' {settings}");
    let mend_it = format!("mv /root/kept {settings}");
    fails(container, unit, [&break_it, &mend_it], "78", settings);
}

fn somebody_elses_key_file(container: &Container) {
    let vault = "/var/lib/waiaas-signer/vault";
    let break_it = format!("chown --recursive root:root {vault}");
    let mend_it = format!("chown --recursive waiaas-signer:waiaas-signer {vault}");
    fails(container, SIGNER, [&break_it, &mend_it], "78", vault);
}

/// systemd cannot open it, so that the program is not even started: 243 is CREDENTIALS.
fn a_damaged_credential(container: &Container) {
    let file = "/etc/credstore.encrypted/waiaas-vault";
    let break_it = format!("cp -a {file} /root/kept; head -c 40 /root/kept > {file}");
    let mend_it = format!("mv /root/kept {file}");
    fails(container, SIGNER, [&break_it, &mend_it], "243", "status=243/CREDENTIALS");
}

/// Each is made anew by its unit, as it should be.
fn a_socket_that_opens_to_others(container: &Container) {
    for (break_it, words) in [
        ("chmod 0666 /run/waiaas/signer.sock", "`signer` cannot be used: every user may connect"),
        ("chmod 0660 /run/waiaas/signer.sock", "`signer` cannot be used: a group may connect"),
        ("chmod 0666 /run/waiaas/control.sock", "`control` cannot be used: every user may connect"),
        (
            "chown waiaas-gateway /run/waiaas/control.sock",
            "`control` cannot be used: its file is not",
        ),
    ] {
        fails(container, SIGNER, [break_it, "true"], "78", words);
    }
}

/// The gateway's state on a disk of its own, without room for the files that a database needs beside
/// it. The signer has its room beforehand.
fn a_full_disk(container: &Container) {
    let state = "/var/lib/waiaas";
    let break_it = format!(
        "systemctl stop waiaas.target {GATEWAY}; cp -a {state} /root/kept-state; \
         mount -t tmpfs -o size=64m,mode=0700 tmpfs {state}; \
         cp -a /root/kept-state/. {state}; chown --reference=/root/kept-state {state}; \
         head -c 128m /dev/zero > {state}/filling 2>/dev/null || true; \
         chown --reference=/root/kept-state {state}/filling"
    );
    let mend_it = format!("umount {state}; rm -rf /root/kept-state");
    fails(container, GATEWAY, [&break_it, &mend_it], "73", "is full: make room on it");
}

fn a_port_in_use(container: &Container) {
    container.output(&["systemctl", "stop", "waiaas.target"]);
    container.wait_for("waiaas-gatewayd.socket", "inactive");
    let taken = TcpListener::bind(("127.0.0.1", 3100)).unwrap();
    let before = container.journal_end();
    assert!(!container.holds("systemctl start waiaas-gatewayd.socket"), "the port is taken");
    assert!(container.is("waiaas-gatewayd.socket", "failed"));
    let said = container.journal_since(&before, "waiaas-gatewayd.socket");
    let is_it = |line: &&str| line.contains("Failed to listen on sockets: Address already in use");
    assert_eq!(said.lines().filter(is_it).count(), 1, "{said}");
    drop(taken);
    container.output(&["systemctl", "start", "waiaas.target"]);
    container.wait_for(GATEWAY, "active");
}

fn the_state_directory_is_put_right(container: &Container) {
    let directory = "/var/lib/waiaas-signer";
    container.shell(&format!("chmod 0777 {directory}; systemctl restart {SIGNER}"));
    let mode = container.output(&["stat", "--format=%U:%a", directory]);
    assert_eq!(mode, "waiaas-signer:700");
}

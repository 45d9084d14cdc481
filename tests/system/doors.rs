//! Who may open which socket: the modes of the files, and what the kernel makes of them.

use serde_json::Value;

use crate::container::{Container, Release};
use crate::installation::Installation;

/// Each socket, its owner, group and mode, and which users may connect.
const DOORS: [(&str, &str, &[&str]); 3] = [
    ("signer.sock", "waiaas-gateway:root:600", &["root", "waiaas-gateway"]),
    ("control.sock", "root:waiaas-admin:660", &["root", "alice"]),
    ("gateway.sock", "root:waiaas-admin:660", &["root", "alice"]),
];
/// Root, an operator, both daemons, and a stranger.
const USERS: [&str; 5] = ["root", "alice", "waiaas-gateway", "waiaas-signer", "nobody"];

pub(crate) fn each_door_opens_to_whom_it_is_for(release: Release) {
    let installation = Installation::new(release);
    let container = &installation.container;
    installation.initialise();
    container.output(&["useradd", "--groups", "waiaas-admin", "alice"]);
    for (socket, expected, allowed) in DOORS {
        let path = format!("/run/waiaas/{socket}");
        assert_eq!(container.output(&["stat", "--format=%U:%G:%a", &path]), expected, "{socket}");
        for user in USERS {
            assert_eq!(
                connects(container, user, &path),
                allowed.contains(&user),
                "{user} {socket}"
            );
        }
    }
    operators_need_no_password(container);
    a_door_left_open_is_watched(release, container);
    for (path, expected) in [
        ("/run/waiaas", "root:root:755"),
        ("/var/lib/waiaas-signer", "waiaas-signer:waiaas-signer:700"),
        ("/var/lib/waiaas", "waiaas-gateway:waiaas-gateway:700"),
        ("/etc/credstore.encrypted", "root:root:700"),
        ("/var/backups/waiaas", "root:root:700"),
    ] {
        assert_eq!(container.output(&["stat", "--format=%U:%G:%a", path]), expected, "{path}");
    }
}

/// Whether the kernel lets a user connect; 7 is what curl says where it does not.
fn connects(container: &Container, user: &str, socket: &str) -> bool {
    let words = ["--max-time", "1", "--silent", "--unix-socket", socket, "http://localhost/health"];
    let output = container.run(&[&["runuser", "-u", user, "--", "curl"][..], &words].concat());
    output.status.code() != Some(7)
}

fn operators_need_no_password(container: &Container) {
    let alice = ["runuser", "-u", "alice", "--", "waiaasctl", "--json"];
    container.output(&[&alice[..], &["status"]].concat());
    container.output(&[&alice[..], &["wallet", "create", "ours", "--chain", "ethereum"]].concat());
    let listed = container.output(&[&alice[..], &["wallet", "list"]].concat());
    let listed: Value = serde_json::from_str(&listed).unwrap();
    // The gateway alone knows names.
    assert_eq!(listed["wallets"][0]["name"], "ours", "{listed}");
    let refused = container.run(&["runuser", "-u", "nobody", "--", "waiaasctl", "status"]);
    assert!(!refused.status.success(), "nobody may see the status");
}

/// The signer asks the kernel who calls, even where the file lets everybody in. Under a systemd before
/// 257 it sees no numbers of other users, and the file alone decides.
fn a_door_left_open_is_watched(release: Release, container: &Container) {
    container.shell("chmod 0666 /run/waiaas/signer.sock; mkdir --mode 755 /run/ajar");
    container.output(&["ln", "--symbolic", "/run/waiaas/signer.sock", "/run/ajar/control.sock"]);
    for (user, is_answered) in
        [("waiaas-gateway", true), ("root", true), ("nobody", release == Release::Bookworm)]
    {
        let words = ["waiaasctl", "--json", "--runtime-dir", "/run/ajar", "status"];
        let output = container.run(&[&["runuser", "-u", user, "--"][..], &words].concat());
        let status: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(!status["signer"].is_null(), is_answered, "{user}: {status}");
    }
}

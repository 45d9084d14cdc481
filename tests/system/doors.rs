//! Who may open which socket: the modes of the files, and what the kernel makes of them.

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
    container.output(&["runuser", "-u", "alice", "--", "waiaasctl", "status"]);
    let refused = container.run(&["runuser", "-u", "nobody", "--", "waiaasctl", "status"]);
    assert!(!refused.status.success(), "nobody may see the status");
}

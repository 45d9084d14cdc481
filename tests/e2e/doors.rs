//! Whom the gateway's own socket lets in, where a service manager made it.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;
use tests::daemons::{Place, free_port, gatewayd_command};
use tests::process::{self, Build, Process, User, has_root_for, runnable_program};
use tests::wait;

/// An operator who is neither root nor the gateway's user, and the operators' group.
const OPERATOR: u32 = 64_001;
const OPERATORS: u32 = 64_002;
/// Somebody else.
const STRANGER: u32 = 64_003;

/// A gateway that is started by the first who connects.
struct Activated {
    gatewayd: Process,
    /// Where all users may look.
    directory: TempDir,
    _place: Place,
}

impl Activated {
    fn new(mode: u32, owner: u32) -> Self {
        let place = Place::new();
        let directory = tempfile::tempdir().unwrap();
        fs::set_permissions(directory.path(), Permissions::from_mode(0o755)).unwrap();
        let socket = directory.path().join("gateway.sock");
        let gatewayd = gatewayd_command(&place, &format!("[daemon]\nport = {}\n", free_port()));
        let mut activate = process::command(Path::new("systemd-socket-activate"), User::Current);
        activate.arg("-l").arg(&socket).arg(gatewayd.get_program()).args(gatewayd.get_args());
        let gatewayd = Process::start(&mut activate, &place.path("gatewayd.log"));
        wait::until("the socket", || socket.exists().then_some(()));
        fs::set_permissions(&socket, Permissions::from_mode(mode)).unwrap();
        chown(&socket, Some(owner), Some(OPERATORS)).unwrap();
        Self { gatewayd, directory, _place: place }
    }

    /// What an operator's command comes to, for this user and group.
    fn list_wallets(&self, user: u32, group: u32) -> Output {
        let waiaasctl: PathBuf = runnable_program("waiaasctl", Build::Debug, self.directory.path());
        let mut command = Command::new("setpriv");
        command.args(["--reuid", &user.to_string(), "--regid", &group.to_string()]);
        command.args(["--clear-groups", "--"]).arg(waiaasctl);
        command.arg("--runtime-dir").arg(self.directory.path()).args(["wallet", "list"]);
        command.output().unwrap()
    }
}

#[test]
fn whoever_the_sockets_mode_lets_connect_is_an_operator() {
    if !has_root_for("other users") {
        return;
    }
    for (mode, owner, user, group, let_in) in [
        (0o660, 0, OPERATOR, OPERATORS, true),
        (0o660, 0, 0, 0, true),
        (0o660, 0, STRANGER, STRANGER, false),
        (0o600, OPERATOR, OPERATOR, STRANGER, true),
        (0o600, 0, OPERATOR, OPERATORS, false),
    ] {
        let gateway = Activated::new(mode, owner);
        let output = gateway.list_wallets(user, group);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.success(), let_in, "{mode:o} {user}: {said}");
    }
}

#[test]
fn a_socket_that_every_user_may_connect_to_is_refused_at_the_start() {
    if !has_root_for("a socket of another user") {
        return;
    }
    let mut gateway = Activated::new(0o666, 0);
    assert!(!gateway.list_wallets(STRANGER, STRANGER).status.success());
    let status = wait::until("its end", || gateway.gatewayd.status());
    let said = gateway.gatewayd.output();
    assert_eq!(status.code(), Some(78), "{said}");
    assert!(said.contains("every user may connect to") && said.contains("chmod o-w"), "{said}");
}

#[test]
fn a_socket_whose_file_is_out_of_sight_is_refused_at_the_start() {
    if !has_root_for("a socket of another user") {
        return;
    }
    let mut gateway = Activated::new(0o660, 0);
    let [seen, hidden] = ["gateway.sock", "hidden"].map(|name| gateway.directory.path().join(name));
    fs::rename(seen, &hidden).unwrap();
    let _caller = UnixStream::connect(hidden).unwrap();
    let status = wait::until("its end", || gateway.gatewayd.status());
    let said = gateway.gatewayd.output();
    assert_eq!(status.code(), Some(78), "{said}");
    assert!(said.contains("out of sight") && said.contains("BindReadOnlyPaths="), "{said}");
}

//! The running program under a service manager: its sockets and its words, by the real tool that hands
//! sockets over.

use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use protocol::{RefusalCode, Reply, Request};
use tempfile::TempDir;

use crate::harness::{Connection, command, passphrase, prepare, skip, wait_for};

const ACTIVATOR: &str = "systemd-socket-activate";

fn activate(directory: &TempDir, names: &str, settings: &[String]) -> Command {
    let place = directory.path();
    let mut command = Command::new(ACTIVATOR);
    for name in ["first", "second"] {
        command.arg("-l").arg(place.join(name));
    }
    command.arg(format!("--fdname={names}"));
    for setting in settings {
        command.arg("-E").arg(setting);
    }
    command.arg(env!("CARGO_BIN_EXE_signerd"));
    command.arg("--state-dir").arg(place.join("state"));
    command.arg("--runtime-dir").arg(place.join("none"));
    command
}

fn has_activator() -> bool {
    let tried = Command::new(ACTIVATOR).arg("--version").stdout(Stdio::null()).status();
    tried.is_ok_and(|status| status.success())
}

/// Ends with its test.
struct Service(Child);

impl Drop for Service {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn is_operators(connection: &mut Connection) -> bool {
    let reply = connection.ask(Request::InitVault { passphrase: passphrase() });
    let Reply::Refused(refusal) = reply else {
        assert_eq!(reply, Reply::Done);
        return true;
    };
    assert_eq!(refusal.code, RefusalCode::NotPermitted, "{}", refusal.message);
    false
}

#[test]
fn a_socket_is_what_its_name_says_whatever_the_order() {
    if !has_activator() {
        return skip("sockets are handed over by systemd-socket-activate");
    }
    for (names, operators) in [("signer:control", "second"), ("control:signer", "first")] {
        let directory = tempfile::tempdir().unwrap();
        let mut service = Service(activate(&directory, names, &[]).spawn().unwrap());
        for name in ["first", "second"] {
            let path = directory.path().join(name);
            let mut connection = Connection::greet(wait_for(&mut service.0, &path));
            assert_eq!(is_operators(&mut connection), name == operators, "{name} of {names}");
        }
    }
}

#[test]
fn other_sockets_than_these_two_are_refused() {
    if !has_activator() {
        return skip("sockets are handed over by systemd-socket-activate");
    }
    for names in ["signer:signer", "signer:gateway", "control:unknown"] {
        let directory = tempfile::tempdir().unwrap();
        let mut command = activate(&directory, names, &[]);
        let child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut service = Service(child);
        // It is started by the first who connects.
        drop(wait_for(&mut service.0, &directory.path().join("first")));
        let status = service.0.wait().unwrap();
        let said = std::io::read_to_string(service.0.stderr.take().unwrap()).unwrap();
        assert_eq!(status.code(), Some(78), "{said}");
        assert!(said.contains("must hand over two listening Unix sockets"), "{said}");
    }
}

#[test]
fn the_service_manager_hears_that_it_is_ready_lives_and_stops() {
    let directory = prepare("");
    let path = directory.path().join("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    manager.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut command = command(Path::new(env!("CARGO_BIN_EXE_signerd")), &[], directory.path());
    command.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "200000");
    let service = Service(command.spawn().unwrap());
    let hear = || {
        let mut word = [0; 64];
        let length = manager.recv(&mut word).unwrap();
        String::from_utf8_lossy(&word[..length]).into_owned()
    };
    assert_eq!(hear(), "READY=1");
    for _time in 0..3 {
        assert_eq!(hear(), "WATCHDOG=1");
    }
    kill(Pid::from_raw(i32::try_from(service.0.id()).unwrap()), Signal::SIGTERM).unwrap();
    assert!((0..100).any(|_word| hear() == "STOPPING=1"));
}

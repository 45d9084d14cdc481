//! Starts on what is not right: each is one clear line that says what to do, and an exit status that
//! tells the service manager not to try again.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::process::Command;

use protocol::{Reply, Request};
use tempfile::TempDir;

use crate::harness::{Signer, command, passphrase, skip};

const SIGNERD: &str = env!("CARGO_BIN_EXE_signerd");

fn prepared() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for name in ["state", "run"] {
        let path = directory.path().join(name);
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o700)).unwrap();
    }
    fs::write(directory.path().join("signerd.toml"), "idle_lock_seconds = 60\n").unwrap();
    set_mode(&directory.path().join("signerd.toml"), 0o644);
    directory
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[track_caller]
fn assert_refused(command: &mut Command, line: &str) {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(78), "{said}");
    let said = said.trim_end();
    assert!(said.starts_with("<3>signerd: ") && said.contains(line), "no `{line}` in {said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

fn start(directory: &TempDir) -> Command {
    command(Path::new(SIGNERD), &[], directory.path())
}

#[test]
fn settings_that_others_can_change_are_refused() {
    let directory = prepared();
    let settings = directory.path().join("signerd.toml");
    for mode in [0o666, 0o664] {
        set_mode(&settings, mode);
        assert_refused(&mut start(&directory), "chown it to root and chmod go-w");
    }
    set_mode(&settings, 0o644);
    if chown(&settings, Some(12_345), None).is_err() {
        return skip("files of other users need root");
    }
    assert_refused(&mut start(&directory), "chown it to root and chmod go-w");
}

#[test]
fn settings_that_do_not_exist_are_refused_by_name() {
    let directory = prepared();
    fs::write(directory.path().join("signerd.toml"), "idle_lock = 60\n").unwrap();
    assert_refused(&mut start(&directory), "line 1: unknown field `idle_lock`");
}

#[test]
fn a_state_directory_that_others_can_use_is_refused() {
    let directory = prepared();
    let state = directory.path().join("state");
    for mode in [0o750, 0o701] {
        set_mode(&state, mode);
        assert_refused(&mut start(&directory), "and chmod 700");
    }
    set_mode(&state, 0o700);
    if chown(&state, Some(12_345), None).is_err() {
        return skip("files of other users need root");
    }
    assert_refused(&mut start(&directory), "it must belong to the signer's user");
}

#[test]
fn a_vault_that_others_can_use_is_refused() {
    let directory = prepared();
    let vault = directory.path().join("state/vault");
    fs::create_dir(&vault).unwrap();
    fs::write(vault.join("vault.json"), "").unwrap();
    set_mode(&vault, 0o755);
    assert_refused(&mut start(&directory), "chmod 700");
}

#[test]
fn a_second_signer_is_refused_by_the_state_and_by_the_sockets() {
    let mut signer = Signer::start();
    drop(signer.connect("control.sock"));
    let mut second = command(Path::new(SIGNERD), &[], signer.directory.path());
    assert_refused(&mut second, "another signer uses");
    let state = signer.directory.path().join("another");
    let mut second = Command::new(SIGNERD);
    second.arg("--state-dir").arg(state);
    second.arg("--runtime-dir").arg(signer.directory.path().join("run"));
    assert_refused(&mut second, "another signer answers there");
}

#[test]
fn a_place_for_sockets_that_is_taken_is_refused() {
    let directory = prepared();
    fs::write(directory.path().join("run/signer.sock"), "precious").unwrap();
    assert_refused(&mut start(&directory), "move it away");
    fs::remove_dir_all(directory.path().join("run")).unwrap();
    fs::write(directory.path().join("run"), "precious").unwrap();
    assert_refused(&mut start(&directory), "(--runtime-dir)");
}

#[test]
fn on_a_full_disk_nothing_is_made_and_the_log_says_so() {
    let directory = prepared();
    let state = directory.path().join("state");
    let log = directory.path().join("log");
    let script = format!(
        "mount -t tmpfs -o size=64k,mode=700 tmpfs {0} && {{ cat /dev/zero > {0}/full; true; }} \
         2> /dev/null && exec \"$@\" 2> {1}",
        state.display(),
        log.display()
    );
    let may_mount = Command::new("unshare").args(["-m", "true"]).status();
    if !may_mount.is_ok_and(|status| status.success()) {
        return skip("a small disk needs root");
    }
    let words = ["-m", "sh", "-c", &script, "sh", SIGNERD];
    let mut signer = Signer::start_in(directory, Path::new("unshare"), &words);
    let mut control = signer.connect("control.sock");
    let reply = control.ask(Request::InitVault { passphrase: passphrase() });
    assert!(matches!(reply, Reply::Refused(_)), "{reply:?}");
    let said = fs::read_to_string(log).unwrap();
    assert!(said.contains("No space left on device"), "{said}");
}

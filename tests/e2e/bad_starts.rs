//! What stops a gateway from starting: one line that says what to do, and an exit status that says
//! whether starting again may help.

use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;

use tests::daemons::{Gatewayd, Place, free_port, gatewayd_command, wait_until_healthy};
use tests::http::Http;
use tests::process::{Process, give_to_ordinary_user, has_root_for, in_mounts};
use tests::wait;

/// Starting again does not help.
const LASTING: i32 = 78;
/// Starting again may help.
const PASSING: i32 = 1;
/// What the gateway ends with when its disk is full.
const NO_ROOM: i32 = 73;

fn settings() -> String {
    format!("[daemon]\nport = {}\n", free_port())
}

/// Its exit status and its last words, which must be one line.
#[track_caller]
fn refused(mut command: Command, place: &Place) -> (i32, String) {
    let log = place.path("refused.log");
    if log.exists() {
        fs::remove_file(&log).unwrap();
    }
    let mut process = Process::start(&mut command, &log);
    let status = wait::until("its end", || process.status());
    let output = process.output();
    let said: Vec<&str> = output.lines().filter(|line| line.starts_with("gatewayd: ")).collect();
    assert_eq!(said.len(), 1, "{output}");
    (status.code().unwrap(), said[0].to_owned())
}

#[track_caller]
fn assert_refused(place: &Place, settings: &str, status: i32, words: &[&str]) {
    let (code, line) = refused(gatewayd_command(place, settings), place);
    assert_eq!(code, status, "{line}");
    for word in words {
        assert!(line.contains(word), "no {word:?} in: {line}");
    }
    assert!(UnixStream::connect(place.socket("gateway.sock")).is_err(), "it serves all the same");
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// A file as the gateway would have made it.
fn write_private(path: &Path, content: &[u8]) {
    fs::write(path, content).unwrap();
    set_mode(path, 0o600);
    give_to_ordinary_user(path);
}

#[test]
fn settings_with_a_key_that_does_not_exist_are_refused_with_their_line() {
    let place = Place::new();
    let wrong = format!("{}prot = 1\n", settings());
    assert_refused(&place, &wrong, LASTING, &["gatewayd.toml:3: unknown field `prot`"]);
    assert!(!place.path("gateway/gateway.db").exists());
    Gatewayd::start(&place, "");
}

#[test]
fn a_port_that_is_taken_is_named_and_may_be_tried_again() {
    let place = Place::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let settings = format!("[daemon]\nport = {port}\n");
    let command = format!("ss -ltnp 'sport = :{port}'");
    assert_refused(&place, &settings, PASSING, &[&command, "[daemon] port"]);
    drop(taken);
    let mut process =
        Process::start(&mut gatewayd_command(&place, &settings), &place.path("gatewayd.log"));
    wait_until_healthy(&mut process, port);
}

#[test]
fn state_that_other_users_can_read_is_refused_with_the_command_that_mends_it() {
    let place = Place::new();
    let (directory, database) = (place.path("gateway"), place.path("gateway/gateway.db"));
    Gatewayd::start(&place, "").process().stop();

    set_mode(&directory, 0o750);
    let mend = format!("chmod 700 {}", directory.display());
    assert_refused(&place, &settings(), LASTING, &["mode 0750", &mend]);
    set_mode(&directory, 0o700);

    set_mode(&database, 0o644);
    let mend = format!("chmod 600 {}", database.display());
    assert_refused(&place, &settings(), LASTING, &["mode 0644", &mend]);
    set_mode(&database, 0o600);
    Gatewayd::start(&place, "");
}

#[test]
fn state_of_another_user_is_refused_with_the_command_that_mends_it() {
    if !has_root_for("a file of another user") {
        return;
    }
    let place = Place::new();
    for name in ["gateway", "gateway/gateway.db"] {
        let path = place.path(name);
        if !path.exists() {
            fs::write(&path, "").unwrap();
            set_mode(&path, 0o600);
        }
        chown(&path, Some(0), Some(0)).unwrap();
        let mend = format!("run chown 65534 {}", path.display());
        assert_refused(&place, &settings(), LASTING, &["belongs to user 0", &mend]);
        give_to_ordinary_user(&path);
    }
    Gatewayd::start(&place, "");
}

#[test]
fn a_second_gateway_on_the_same_state_is_refused_and_the_first_goes_on() {
    let place = Place::new();
    let first = Gatewayd::start(&place, "");
    let (code, line) = refused(gatewayd_command(&place, &settings()), &place);
    assert_eq!(code, LASTING, "{line}");
    assert!(line.contains("another gatewayd uses") && line.contains("stop it first"), "{line}");
    assert_eq!(Http::tcp(first.port).get("/health").status, 200);
    let operator = Http::unix(&place.socket("gateway.sock"));
    assert_eq!(operator.get("/health").status, 200, "its socket is its own still");
}

/// A database without tables, as the SQLite file format has it (1.3 and 1.6), that says it is of
/// version 99.
fn newer_database() -> Vec<u8> {
    const PAGE: u16 = 512;
    let mut page = vec![0; PAGE.into()];
    let mut put = |place: usize, bytes: &[u8]| {
        page[place..place + bytes.len()].copy_from_slice(bytes);
    };
    put(0, b"SQLite format 3\0");
    put(16, &PAGE.to_be_bytes());
    put(18, &[2, 2, 0, 64, 32, 32]); // with a write-ahead log
    put(24, &[0, 0, 0, 1, 0, 0, 0, 1]); // changed once, one page
    put(44, &[0, 0, 0, 4]);
    put(56, &[0, 0, 0, 1]); // UTF-8
    put(60, &99_u32.to_be_bytes()); // the user's version
    put(92, &[0, 0, 0, 1]);
    put(100, &[13, 0, 0, 0, 0]); // a leaf without cells
    put(105, &PAGE.to_be_bytes());
    page
}

#[test]
fn a_database_of_a_newer_version_is_refused_and_left_as_it_is() {
    let place = Place::new();
    let database = place.path("gateway/gateway.db");
    write_private(&database, &newer_database());
    let words = ["has version 99", "install the newer program again"];
    assert_refused(&place, &settings(), LASTING, &words);
    assert_eq!(fs::read(&database).unwrap(), newer_database());
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_as_it_is() {
    let place = Place::new();
    let database = place.path("gateway/gateway.db");
    let text = "not a database, but longer than the head of one\n".repeat(100);
    write_private(&database, text.as_bytes());
    assert_refused(&place, &settings(), LASTING, &["no database of this program", "backup"]);
    assert_eq!(fs::read_to_string(&database).unwrap(), text);
}

#[test]
fn a_full_disk_is_named_and_the_next_start_with_room_serves() {
    if !has_root_for("a disk of its own") {
        return;
    }
    let place = Place::new();
    let port = free_port();
    let command = gatewayd_command(&place, &format!("[daemon]\nport = {port}\n"));
    let state = place.path("gateway").display().to_string();
    let script = format!(
        "mount -t tmpfs -o size=48k,mode=0700,uid=65534,gid=65534 tmpfs {state}\n\
         status=0; \"$@\" || status=$?; echo \"ended with $status\"\n\
         mount -o remount,size=8m {state}\n\
         exec \"$@\""
    );
    let log = place.path("gatewayd.log");
    let mut process = Process::start(&mut in_mounts(&script, &command), &log);
    let status = process.wait_for("end of the first start", |line| {
        line.strip_prefix("ended with ").map(str::to_owned)
    });
    let output = process.output();
    let line = output.lines().find(|line| line.starts_with("gatewayd: ")).unwrap();
    assert_eq!(status, NO_ROOM.to_string(), "{output}");
    assert!(line.contains("is full: make room on it"), "{line}");
    wait_until_healthy(&mut process, port);
}

#[test]
fn state_that_cannot_be_written_is_refused_with_what_to_do() {
    if !has_root_for("a mount that is read-only") {
        return;
    }
    let place = Place::new();
    let state = place.path("gateway").display().to_string();
    let script =
        format!("mount --bind {state} {state}; mount -o remount,ro,bind {state}; exec \"$@\"");
    let command = in_mounts(&script, &gatewayd_command(&place, &settings()));
    let (code, line) = refused(command, &place);
    assert_eq!(code, LASTING, "{line}");
    assert!(line.contains("mounted read-only: mount it for writing"), "{line}");
    Gatewayd::start(&place, "");
}

//! A process that confined itself, seen from outside: each layer refuses what it is there for, and lets
//! its neighbour pass.
#![expect(clippy::unwrap_used, clippy::panic, reason = "all of it is a test, the helpers too")]

use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use sandbox::libc::SIGSYS;

/// How an action ended.
#[derive(Debug, PartialEq, Eq)]
enum End {
    Worked,
    Refused,
    KilledByFilter,
}

/// The example of this crate, which cargo builds beside its tests.
fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.ancestors().nth(2).unwrap().join("examples/confined")
}

fn output(action: &str, directory: &Path) -> Output {
    Command::new(program()).arg(directory).arg(action).output().unwrap()
}

#[track_caller]
fn end(action: &str) -> End {
    let directory = tempfile::tempdir().unwrap();
    let Output { status, stderr, .. } = output(action, directory.path());
    match (status.code(), status.signal()) {
        (Some(0), _) => End::Worked,
        (Some(3), _) => End::Refused,
        (_, Some(SIGSYS)) => End::KilledByFilter,
        _ => panic!("{action}: {status}: {}", String::from_utf8_lossy(&stderr)),
    }
}

#[test]
fn every_layer_that_this_kernel_has_is_named_and_stands_in_its_status() {
    let directory = tempfile::tempdir().unwrap();
    let output = output("say its status", directory.path());
    let text = String::from_utf8(output.stdout).unwrap();
    let (words, status) = text.split_once('\n').unwrap();
    let words: Vec<_> = words.split(' ').collect();
    assert_eq!(
        words[..5],
        ["not_dumpable", "no_new_privs", "no_core", "umask_077", "no_capabilities"]
    );
    assert!(words.contains(&"seccomp"), "{words:?}");
    for line in [
        "CapInh:\t0000000000000000",
        "CapPrm:\t0000000000000000",
        "CapEff:\t0000000000000000",
        "CapAmb:\t0000000000000000",
        "NoNewPrivs:\t1",
        "Seccomp:\t2",
        "Umask:\t0077",
    ] {
        assert!(status.lines().any(|found| found == line), "no {line} in\n{status}");
    }
}

#[test]
fn files_are_those_of_the_listed_places_alone() {
    assert_eq!(end("write and read its directory"), End::Worked);
    assert_eq!(end("make and remove a directory"), End::Worked);
    for action in
        ["read a file outside", "read a file outside by way of its directory", "read its memory"]
    {
        assert_eq!(end(action), End::Refused, "{action}");
    }
}

#[test]
fn the_network_and_other_processes_are_out_of_reach() {
    let name = format!("waiaas-sandbox-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(name).unwrap();
    let _listener = UnixListener::bind_addr(&address).unwrap();
    for action in
        ["bind a port", "connect to a port", "connect to an abstract socket", "signal its parent"]
    {
        assert_eq!(end(action), End::Refused, "{action}");
    }
    assert_eq!(end("connect to a port where it may"), End::Worked);
}

#[test]
fn a_call_that_is_not_listed_ends_the_process() {
    for action in [
        "make a call that is not listed",
        "make a call with arguments that are not listed",
        "start a program at the start",
    ] {
        assert_eq!(end(action), End::KilledByFilter, "{action}");
    }
}

#[test]
fn a_call_that_is_unavailable_gets_an_error_and_the_process_goes_on() {
    assert_eq!(end("make a call that is unavailable"), End::Refused);
}

#[test]
fn a_process_that_has_threads_is_not_confined() {
    assert_eq!(end("be confined with threads"), End::Refused);
}

//! Each right of the signer taken away in turn, and what notices.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::ExitStatus;

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use primitives::{Chain, Environment};
use protocol::{Reply, Request};
use signerd::sandbox::TABLES;

use crate::harness::{Connection, Signer, passphrase, skip, until};

/// More keys than one region of secret memory holds, so that another is made.
const MANY: u16 = 520;
/// Requests whose replies are too long for the heap's own pages.
const LONG: usize = 8;

/// Rows that this machine need not use, and why. Each stands for what other machines do.
const ELSEWHERE: &[(&str, &str)] = &[
    ("mremap", "the heap may find room for what grows without moving it"),
    ("clock_gettime", "the clock of this machine is read without the kernel"),
    ("fstat", "the C library has either this or newfstatat"),
    ("newfstatat", "the C library has either this or fstat"),
];

/// The most system calls that may be left to a process that serves.
const MOST_CALLS: usize = 33;

fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.ancestors().nth(2).unwrap().join("examples/narrowed")
}

/// All that the signer does with the kernel, from a start to its end.
fn use_everything(signer: &mut Signer) {
    let mut control = signer.connect("control.sock");
    assert_eq!(control.ask(Request::InitVault { passphrase: passphrase() }), Reply::Done);
    create(&mut control);
    assert_eq!(control.ask(Request::Lock), Reply::Done);
    assert_eq!(control.ask(Request::Unlock { passphrase: passphrase() }), Reply::Done);
    let records = control.ask(Request::ReadJournal { from: 0, limit: 10 });
    assert!(matches!(records, Reply::Records(_)), "{records:?}");
    stop_and_continue(signer);
    assert!(matches!(control.ask(Request::Status), Reply::Status(_)));
    for _key in 0..MANY {
        create(&mut control);
    }
    for _request in 0..LONG {
        control.send(Request::ReadJournal { from: 0, limit: MANY });
    }
    for _request in 0..LONG {
        assert!(matches!(control.receive(), Reply::Records(_)));
    }
}

fn create(control: &mut Connection) {
    let (chain, environment) = (Chain::Solana, Environment::Testnet);
    let reply = control.ask(Request::CreateKey { chain, environment, agent_id: None });
    assert!(matches!(reply, Reply::Key(_)), "{reply:?}");
}

/// Interrupts its waiting, as a debugger or a terminal would.
fn stop_and_continue(signer: &Signer) {
    let process = Pid::from_raw(i32::try_from(signer.process.id()).unwrap());
    let waits = format!("{} ", libc::SYS_poll);
    until("a signer that waits", || {
        let call = std::fs::read_to_string(format!("/proc/{process}/syscall")).unwrap();
        call.starts_with(&waits).then_some(())
    });
    kill(process, Signal::SIGSTOP).unwrap();
    let stopped = waitpid(process, Some(WaitPidFlag::WUNTRACED)).unwrap();
    assert!(matches!(stopped, WaitStatus::Stopped(..)), "{stopped:?}");
    kill(process, Signal::SIGCONT).unwrap();
}

/// How it ended, and whether everything worked until then.
fn try_without(kind: &str, row: usize) -> (bool, ExitStatus) {
    let row = row.to_string();
    let mut signer = Signer::start_program(&program(), &[kind, &row]);
    let worked = catch_unwind(AssertUnwindSafe(|| use_everything(&mut signer))).is_ok();
    (worked, signer.end())
}

/// The signer's own user cannot see what it waits for.
fn skipped() -> bool {
    let is_root = nix::unistd::geteuid().is_root();
    if !is_root {
        skip("what a signer waits for is seen by root alone");
    }
    !is_root
}

#[test]
fn everything_works_with_all_rights() {
    if skipped() {
        return;
    }
    let (worked, end) = try_without("nothing", 0);
    assert!(worked && end.success(), "{end}");
}

#[test]
fn a_serving_signer_has_no_more_system_calls_than_were_allowed_for() {
    let calls: BTreeSet<_> = TABLES.serving.iter().map(|call| call.name).collect();
    let of_debugging = usize::from(cfg!(debug_assertions)); // fcntl
    assert!(calls.len() - of_debugging <= MOST_CALLS, "{}: {calls:?}", calls.len());
    assert!(TABLES.serving.iter().all(|call| !call.why.is_empty()));
}

/// Every fourth row from `first` on, so that four tests share the time.
#[track_caller]
fn assert_needed(first: usize) {
    if skipped() {
        return;
    }
    let mut unneeded = Vec::new();
    for (row, call) in TABLES.serving.iter().enumerate().skip(first).step_by(4) {
        if ELSEWHERE.iter().any(|(name, _why)| *name == call.name) {
            continue;
        }
        let (_worked, end) = try_without("call", row);
        if std::os::unix::process::ExitStatusExt::signal(&end) != Some(libc::SIGSYS) {
            unneeded.push(format!("{} ({}): {end}", call.name, call.why));
        }
    }
    assert!(unneeded.is_empty(), "nothing notices that these are gone:\n{}", unneeded.join("\n"));
}

#[test]
fn without_any_one_system_call_it_dies_of_its_filter() {
    assert_needed(0);
}

#[test]
fn without_any_one_system_call_it_dies_of_its_filter_second_quarter() {
    assert_needed(1);
}

#[test]
fn without_any_one_system_call_it_dies_of_its_filter_third_quarter() {
    assert_needed(2);
}

#[test]
fn without_any_one_system_call_it_dies_of_its_filter_last_quarter() {
    assert_needed(3);
}

#[test]
fn without_any_one_right_to_its_files_it_fails() {
    if skipped() {
        return;
    }
    for (row, right) in TABLES.state.iter().enumerate() {
        let (worked, end) = try_without("right", row);
        assert!(!(worked && end.success()), "nothing notices that {right:?} is gone");
    }
}

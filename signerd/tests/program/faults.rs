//! Starts in which one system call fails: the signer does not serve then.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

use crate::harness::{command, prepare, skip};

/// Injects faults into the program (`strace(1)`), which stays this process's child.
fn words(fault: &str) -> [String; 9] {
    let call = fault.split(':').next().unwrap();
    let [trace, inject] = [format!("trace={call}"), format!("inject={fault}")];
    let signerd = env!("CARGO_BIN_EXE_signerd");
    ["-D", "-o", "/dev/null", "-e", &trace, "-e", &inject, "--", signerd].map(str::to_owned)
}

fn has_strace() -> bool {
    let mut tried = Command::new("strace");
    tried.args(["-o", "/dev/null", "true"]).stderr(Stdio::null());
    tried.status().is_ok_and(|status| status.success())
}

/// How it ended, and the last line that it said.
fn end(fault: &str) -> (ExitStatus, String) {
    let directory = prepare("");
    let words = words(fault);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let output = command(Path::new("strace"), &words, directory.path()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).trim_end().to_owned();
    (output.status, said.lines().last().unwrap_or_default().to_owned())
}

#[test]
fn a_layer_that_fails_is_a_signer_that_does_not_serve() {
    if !has_strace() {
        return skip("faults need strace, and the right to trace");
    }
    let rows: &[(&str, &str)] = &[
        ("prctl:error=EPERM:when=1", "the kernel refused PR_SET_DUMPABLE"),
        ("prctl:error=EPERM:when=2", "the kernel refused no_new_privs"),
        ("prctl:retval=1:when=3", "PR_SET_DUMPABLE was set and is not in force"),
        ("prctl:retval=0:when=4", "no_new_privs was set and is not in force"),
        ("prlimit64:error=EPERM", "the kernel refused RLIMIT_CORE"),
        ("seccomp:error=EINVAL:when=1", "the kernel refused seccomp"),
        ("seccomp:retval=0:when=1", "seccomp was set and is not in force"),
    ];
    for (faults, line) in rows {
        let (status, said) = end(faults);
        assert_eq!(status.code(), Some(78), "{faults}: {said}");
        assert!(said.starts_with("<3>signerd: ") && said.contains(line), "{faults}: {said}");
    }
}

/// From its own first filter on, a call that a tracer changes is one that is not in the table: the end
/// comes before the fault is noticed.
#[test]
fn a_fault_behind_the_first_filter_ends_the_signer_too() {
    if !has_strace() {
        return skip("faults need strace, and the right to trace");
    }
    for fault in [
        "seccomp:error=EINVAL:when=2",
        "seccomp:retval=0:when=3",
        "capget:error=EPERM",
        "landlock_add_rule:error=EINVAL",
        "landlock_restrict_self:retval=0",
        "madvise:error=EINVAL",
        "signalfd4:error=EMFILE",
    ] {
        let (status, said) = end(fault);
        assert_eq!(status.signal(), Some(libc::SIGSYS), "{fault}: {said}");
    }
}

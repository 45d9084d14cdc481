//! Starts of the signer on kernels that lack something, or refuse it: what it can do without it does
//! without and says so, and without anything else it does not serve.

use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use nix::libc::{EINVAL, EMFILE, ENOMEM, ENOSYS, EOPNOTSUPP, EPERM, SIGSYS};
use protocol::{Reply, Request, SecretMemory, Status};
use tests::daemons::{Place, operator, spawn_signerd_lacking};
use tests::process::Process;
use tests::wait;

/// What is in force wherever the signer serves.
const ALWAYS: [&str; 6] =
    ["not_dumpable", "no_new_privs", "no_core", "umask_077", "no_capabilities", "seccomp"];

/// What became of a start.
enum Start {
    Serves(Box<Status>),
    Ended(ExitStatus),
}

fn start(calls: &str) -> (Start, String) {
    let place = Place::new();
    let mut process = spawn_signerd_lacking(&place, calls);
    let socket = place.socket("control.sock");
    let ended = wait::until("a signer that serves or ends", || {
        let ended = process.status();
        (ended.is_some() || UnixStream::connect(&socket).is_ok()).then_some(ended)
    });
    let start = match ended {
        Some(status) => Start::Ended(status),
        None => serves(&place, &mut process),
    };
    (start, process.output())
}

/// A door that opens may be one of a signer that ends before it answers.
fn serves(place: &Place, process: &mut Process) -> Start {
    let answered = std::panic::catch_unwind(|| operator(place).ask(Request::Status));
    match answered {
        Ok(Reply::Status(status)) => Start::Serves(Box::new(status)),
        Ok(reply) => panic!("{reply:?}"),
        Err(_closed) => Start::Ended(wait::until("an end", || process.status())),
    }
}

#[test]
fn what_the_signer_does_without_is_told_in_its_log_and_its_status() {
    let rows = [
        ("landlock_create_ruleset", ENOSYS, "this kernel has no landlock"),
        ("landlock_create_ruleset", EOPNOTSUPP, "this kernel has no landlock"),
        // As a container's own filter answers what it does not know.
        ("landlock_create_ruleset", EPERM, "this kernel has no landlock"),
        ("memfd_secret", ENOSYS, "is ready"),
        ("memfd_secret", EPERM, "is ready"),
    ];
    for (call, error, line) in rows {
        let (start, said) = start(&format!("{call}={error}"));
        let Start::Serves(status) = start else { panic!("{call}={error}: {said}") };
        assert!(said.contains(line), "{call}={error}: {said}");
        for layer in ALWAYS {
            assert!(status.sandbox.iter().any(|found| found == layer), "{layer}: {status:?}");
        }
        let has_landlock = status.sandbox.iter().any(|word| word.starts_with("landlock"));
        assert_eq!(has_landlock, call != "landlock_create_ruleset", "{status:?}");
        if call == "memfd_secret" {
            assert_eq!(status.secret_memory, SecretMemory::Locked);
        }
    }
}

#[test]
fn without_anything_else_it_does_not_serve_and_says_why() {
    let rows = [
        (format!("seccomp={ENOSYS}"), 78, "the kernel refused seccomp"),
        (format!("seccomp={EINVAL}"), 78, "the kernel refused seccomp"),
        (format!("prctl={EPERM}"), 78, "the kernel refused PR_SET_DUMPABLE"),
        (format!("prlimit64={EPERM}"), 78, "the kernel refused RLIMIT_CORE"),
        (format!("capget={EPERM}"), 78, "the kernel refused the loss of capabilities"),
        (format!("landlock_add_rule={EINVAL}"), 78, "the kernel refused Landlock"),
        (format!("landlock_restrict_self={EPERM}"), 78, "the kernel refused Landlock"),
        (format!("memfd_secret={ENOSYS},mlock={ENOMEM}"), 78, "no memory could be kept from swap"),
        (format!("memfd_secret={ENOSYS},mlock={EPERM}"), 78, "no memory could be kept from swap"),
        (format!("signalfd4={EMFILE}"), 1, "signals"),
        (format!("flock={ENOSYS}"), 78, "signer"),
        (format!("bind={EPERM}"), 78, "signer.sock"),
        (format!("listen={EPERM}"), 78, "signer.sock"),
    ];
    for (calls, code, words) in &rows {
        let (start, said) = start(calls);
        let Start::Ended(status) = start else { panic!("{calls}: it serves\n{said}") };
        assert_eq!(status.code(), Some(*code), "{calls}: {status}\n{said}");
        assert!(said.contains("<3>signerd: ") && said.contains(words), "{calls}: {said}");
    }
}

/// One call after the other refused for good: whatever comes of it, nothing is served half confined.
#[test]
fn whatever_is_refused_it_serves_with_every_layer_or_not_at_all() {
    let calls = [
        "bind",
        "brk",
        "capget",
        "clock_gettime",
        "close",
        "connect",
        "fcntl",
        "fdatasync",
        "flock",
        "fsync",
        "ftruncate",
        "geteuid",
        "getpid",
        "getrandom",
        "getsockname",
        "ioctl",
        "landlock_add_rule",
        "landlock_restrict_self",
        "listen",
        "lseek",
        "madvise",
        "mkdir",
        "mprotect",
        "mremap",
        "munmap",
        "newfstatat",
        "poll",
        "prctl",
        "prlimit64",
        "read",
        "rename",
        "rt_sigprocmask",
        "seccomp",
        "sigaltstack",
        "signalfd4",
        "socket",
        "statx",
        "unlink",
        "unlinkat",
        "write",
    ];
    for call in calls {
        let (start, said) = start(&format!("{call}={EPERM}"));
        if let Start::Serves(status) = start {
            for layer in ALWAYS {
                assert!(status.sandbox.iter().any(|found| found == layer), "{call}: {status:?}");
            }
        } else if let Start::Ended(status) = start {
            assert!(!status.success(), "{call}: {said}");
            assert_ne!(status.signal(), Some(SIGSYS), "{call}: its own filter\n{said}");
        }
    }
}

//! What is tried, and what must come of it: inside each daemon, and in a process that is not
//! confined.

use nix::libc::{EACCES, EBADF, EFAULT, EINVAL, ENOSYS, EPERM};

/// An attempt of `tests/prober`.
pub(crate) struct Attempt {
    pub(crate) name: &'static str,
    pub(crate) argument: Argument,
    pub(crate) outside: Outside,
    pub(crate) in_signerd: Inside,
    pub(crate) in_gatewayd: Inside,
}

/// What it is told.
#[derive(Clone, Copy)]
pub(crate) enum Argument {
    None,
    Text(&'static str),
    /// A file of the other daemon's state.
    OtherState,
    /// A file of the own state, by its name in it.
    OwnFile,
    /// A name in a directory that the user may write to.
    OutsideState,
    /// Another process of the same user.
    Peer,
    /// Somebody listens there on 127.0.0.1.
    Port,
    /// Somebody listens there.
    AbstractName,
}

/// What must come of it in a process that is not confined.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Outside {
    Works,
    /// It works, or the kernel has one of these reasons of its own: the address is no address, the
    /// user is not root, the kernel was built or set up without it.
    Answers(&'static [i32]),
}

/// What must come of it inside.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Inside {
    /// It is what the daemon does too.
    Works,
    /// With `EACCES` or `EPERM`, or with `ENOSYS` as by a kernel that does not have it.
    Refused,
    /// It ends the process.
    Killed,
}

use Argument as Arg;
use Inside::{Killed, Refused, Works};

const WORKS: Outside = Outside::Works;
const NOT_ROOT: Outside = Outside::Answers(&[EPERM, EACCES]);
const NO_ADDRESS: Outside = Outside::Answers(&[EFAULT, EINVAL, EPERM, EACCES, ENOSYS]);
const AS_BUILT: Outside = Outside::Answers(&[EPERM, EACCES, ENOSYS, EINVAL, 97]); // EAFNOSUPPORT

/// Signerd's words first, then gatewayd's.
#[rustfmt::skip]
pub(crate) const ATTEMPTS: &[Attempt] = &[
    row("nothing",          Arg::None,                WORKS,      Works,   Works),
    row("open_own",         Arg::OwnFile,             WORKS,      Works,   Works),
    row("open",             Arg::Text("/etc/passwd"), WORKS,      Refused, Refused),
    row("open",             Arg::Text("/usr/bin/env"), WORKS,     Refused, Refused),
    row("open",             Arg::OtherState,          WORKS,      Refused, Refused),
    row("open",             Arg::Text("/proc/self/environ"), WORKS, Refused, Refused),
    row("open_dotdot",      Arg::None,                WORKS,      Refused, Refused),
    row("open_memory",      Arg::None,                WORKS,      Refused, Refused),
    row("create",           Arg::OutsideState,        WORKS,      Refused, Refused),
    row("make_directory",   Arg::None,                WORKS,      Killed,  Killed),
    row("make_device",      Arg::None,                WORKS,      Killed,  Killed),
    row("link_out",         Arg::None,                WORKS,      Killed,  Killed),
    row("change_mode",      Arg::None,                WORKS,      Killed,  Killed),
    row("socket_inet",      Arg::None,                WORKS,      Killed,  Works),
    row("socket_inet6",     Arg::None,                WORKS,      Killed,  Works),
    row("socket_netlink",   Arg::None,                WORKS,      Killed,  Refused),
    row("socket_vsock",     Arg::None,                AS_BUILT,   Killed,  Killed),
    row("socket_alg",       Arg::None,                AS_BUILT,   Killed,  Killed),
    row("connect_tcp",      Arg::Port,                WORKS,      Killed,  Works),
    row("bind_tcp",         Arg::None,                WORKS,      Killed,  Killed),
    row("connect_abstract", Arg::AbstractName,        WORKS,      Killed,  Refused),
    row("execve",           Arg::None,                WORKS,      Killed,  Killed),
    row("execute_memory",   Arg::None,                WORKS,      Killed,  Refused),
    row("fork",             Arg::None,                WORKS,      Killed,  Killed),
    row("clone3",           Arg::None,                NO_ADDRESS, Killed,  Refused),
    row("unshare",          Arg::None,                AS_BUILT,   Killed,  Killed),
    row("setns",            Arg::None,                Outside::Answers(&[EBADF, EINVAL]), Killed, Killed),
    row("ptrace",           Arg::None,                WORKS,      Killed,  Killed),
    row("ptrace_peer",      Arg::Peer,                NOT_ROOT,    Killed,  Killed),
    row("read_peer",        Arg::Peer,                Outside::Answers(&[EFAULT, EPERM]), Killed, Killed),
    row("signal_peer",      Arg::Peer,                WORKS,      Killed,  Killed),
    row("open_process",     Arg::Peer,                WORKS,      Killed,  Killed),
    row("limit_peer",       Arg::Peer,                WORKS,      Killed,  Killed),
    row("dumpable_again",   Arg::None,                WORKS,      Killed,  Killed),
    row("set_user",         Arg::None,                WORKS,      Killed,  Killed),
    row("set_capabilities", Arg::None,                NO_ADDRESS, Killed,  Killed),
    row("filter_again",     Arg::None,                NO_ADDRESS, Killed,  Killed),
    row("mount",            Arg::None,                NO_ADDRESS, Killed,  Killed),
    row("unmount",          Arg::None,                NO_ADDRESS, Killed,  Killed),
    row("change_root",      Arg::None,                NOT_ROOT,   Killed,  Killed),
    row("bpf",              Arg::None,                NO_ADDRESS, Killed,  Killed),
    row("io_uring",         Arg::None,                NO_ADDRESS, Killed,  Killed),
    row("keyctl",           Arg::None,                Outside::Answers(&[126, EPERM, ENOSYS]), Killed, Killed), // ENOKEY
    row("add_key",          Arg::None,                NO_ADDRESS, Killed,  Killed),
    row("userfaultfd",      Arg::None,                AS_BUILT,   Killed,  Killed),
    row("perf_event_open",  Arg::None,                NO_ADDRESS, Killed,  Killed),
    row("kexec",            Arg::None,                NO_ADDRESS, Killed,  Killed),
    row("load_module",      Arg::None,                NO_ADDRESS, Killed,  Killed),
    row("personality",      Arg::None,                WORKS,      Killed,  Killed),
    row("fanotify",         Arg::None,                AS_BUILT,   Killed,  Killed),
    row("kernel_log",       Arg::None,                NOT_ROOT,   Killed,  Killed),
    row("executable_map",   Arg::None,                WORKS,      Killed,  Refused),
    row("executable_page",  Arg::None,                WORKS,      Killed,  Refused),
    // It must be last: outside, the peer does not outlive it.
    row("abort_peer",       Arg::Peer,                WORKS,      Killed,  Refused),
];

const fn row(
    name: &'static str,
    argument: Argument,
    outside: Outside,
    in_signerd: Inside,
    in_gatewayd: Inside,
) -> Attempt {
    Attempt { name, argument, outside, in_signerd, in_gatewayd }
}

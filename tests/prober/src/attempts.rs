//! What is tried: a name, and what it does with the state directory and an argument.

use std::ffi::CString;

use crate::calls::{Answer, call};

type Attempt = fn(state: &str, argument: &str) -> Answer;

/// The attempt of this name.
pub(crate) fn named(name: &str) -> Option<Attempt> {
    ATTEMPTS.iter().find(|(known, _)| *known == name).map(|(_, attempt)| *attempt)
}

/// `AT_FDCWD` as an argument.
const HERE: usize = usize::MAX - 99;
/// No process has it as an address, and none may map it.
const NOWHERE: usize = 0x10;

/// One line each; `tests/escape` says what must come of it.
#[rustfmt::skip]
const ATTEMPTS: &[(&str, Attempt)] = &[
    ("nothing",          |_, _| Ok(0)),
    ("open",             |_, path| open(path, libc::O_RDONLY)),
    ("open_own",         |state, name| open(&format!("{state}/{name}"), libc::O_RDONLY)),
    ("open_dotdot",      |state, _| open(&format!("{state}/../../../../../../etc/passwd"), libc::O_RDONLY)),
    ("open_memory",      |_, _| open("/proc/self/mem", libc::O_RDWR)),
    ("create",           |_, path| open(path, libc::O_CREAT | libc::O_WRONLY)),
    ("make_directory",   |state, _| on_path(libc::SYS_mkdirat, &format!("{state}/new"), 0o700)),
    ("make_device",      |state, _| on_path(libc::SYS_mknodat, &format!("{state}/fifo"), 0o10_600)),
    ("link_out",         |state, _| link_out(state)),
    ("change_mode",      |state, _| on_path(libc::SYS_fchmodat, state, 0o755)),
    ("socket_inet",      |_, _| socket(libc::AF_INET, libc::SOCK_STREAM)),
    ("socket_inet6",     |_, _| socket(libc::AF_INET6, libc::SOCK_DGRAM)),
    ("socket_netlink",   |_, _| socket(libc::AF_NETLINK, libc::SOCK_RAW)),
    ("socket_vsock",     |_, _| socket(libc::AF_VSOCK, libc::SOCK_STREAM)),
    ("socket_alg",       |_, _| socket(libc::AF_ALG, libc::SOCK_SEQPACKET)),
    ("connect_tcp",      |_, port| with_address(libc::SYS_connect, port)),
    ("bind_tcp",         |_, _| with_address(libc::SYS_bind, "0")),
    ("connect_abstract", |_, name| connect_abstract(name)),
    ("execve",           |_, _| execute()),
    ("execute_memory",   |_, _| execute_memory()),
    ("fork",             |_, _| call(libc::SYS_clone, &[number(libc::SIGCHLD)])),
    ("clone3",           |_, _| call(libc::SYS_clone3, &[NOWHERE, 64])),
    ("unshare",          |_, _| call(libc::SYS_unshare, &[number(libc::CLONE_NEWUSER)])),
    ("setns",            |_, _| call(libc::SYS_setns, &[0, 0])),
    ("ptrace",           |_, _| call(libc::SYS_ptrace, &[0])), // PTRACE_TRACEME
    ("ptrace_peer",      |_, peer| call(libc::SYS_ptrace, &[0x4206, id(peer), 0, 0])), // PTRACE_SEIZE
    ("read_peer",        |_, peer| read_peer(peer)),
    ("signal_peer",      |_, peer| call(libc::SYS_kill, &[id(peer), number(libc::SIGCONT)])),
    ("abort_peer",       |_, peer| call(libc::SYS_tgkill, &[id(peer), id(peer), number(libc::SIGABRT)])),
    ("open_process",     |_, peer| call(libc::SYS_pidfd_open, &[id(peer), 0])),
    ("limit_peer",       |_, peer| call(libc::SYS_prlimit64, &[id(peer), 4, 0, 0])),
    ("dumpable_again",   |_, _| call(libc::SYS_prctl, &[number(libc::PR_SET_DUMPABLE), 1])),
    ("set_user",         |_, _| call(libc::SYS_setuid, &[own_user()])),
    ("set_capabilities", |_, _| call(libc::SYS_capset, &[NOWHERE, NOWHERE])),
    ("filter_again",     |_, _| call(libc::SYS_seccomp, &[2, 0, NOWHERE])), // SECCOMP_GET_ACTION_AVAIL
    ("mount",            |_, _| call(libc::SYS_mount, &[NOWHERE, NOWHERE, NOWHERE, 0, 0])),
    ("unmount",          |_, _| call(libc::SYS_umount2, &[NOWHERE, 0])),
    ("change_root",      |_, _| on_path_alone(libc::SYS_chroot, "/")),
    ("bpf",              |_, _| call(libc::SYS_bpf, &[0, NOWHERE, 8])),
    ("io_uring",         |_, _| call(libc::SYS_io_uring_setup, &[1, NOWHERE])),
    ("keyctl",           |_, _| call(libc::SYS_keyctl, &[0, 0xffff_ffff, 0])), // KEYCTL_GET_KEYRING_ID
    ("add_key",          |_, _| call(libc::SYS_add_key, &[NOWHERE, NOWHERE, 0, 0, 0])),
    ("userfaultfd",      |_, _| call(libc::SYS_userfaultfd, &[1])), // UFFD_USER_MODE_ONLY
    ("perf_event_open",  |_, _| call(libc::SYS_perf_event_open, &[NOWHERE, 0, 0, usize::MAX, 0])),
    ("kexec",            |_, _| call(libc::SYS_kexec_load, &[0, usize::MAX, NOWHERE, 0])),
    ("load_module",      |_, _| call(libc::SYS_init_module, &[NOWHERE, 0, NOWHERE])),
    ("personality",      |_, _| call(libc::SYS_personality, &[0xffff_ffff])),
    ("fanotify",         |_, _| call(libc::SYS_fanotify_init, &[0, 0])),
    ("kernel_log",       |_, _| call(libc::SYS_syslog, &[10, 0, 0])), // SYSLOG_ACTION_SIZE_BUFFER
    ("executable_map",   |_, _| map(libc::PROT_READ | libc::PROT_EXEC)),
    ("executable_page",  |_, _| make_executable()),
];

fn number(flags: libc::c_int) -> usize {
    usize::try_from(flags.cast_unsigned()).unwrap_or_default()
}

fn id(text: &str) -> usize {
    text.parse().unwrap_or_default()
}

fn own_user() -> usize {
    usize::try_from(nix::unistd::getuid().as_raw()).unwrap_or_default()
}

/// The address of a text that lives as long as the process.
fn text(text: &str) -> usize {
    CString::new(text).map_or(NOWHERE, |text| text.into_raw().expose_provenance())
}

fn bytes(bytes: Vec<u8>) -> (usize, usize) {
    let kept = bytes.leak();
    (kept.as_ptr().expose_provenance(), kept.len())
}

fn open(path: &str, flags: libc::c_int) -> Answer {
    call(libc::SYS_openat, &[HERE, text(path), number(flags | libc::O_CLOEXEC), 0o600])
}

fn on_path(call_number: libc::c_long, path: &str, mode: usize) -> Answer {
    call(call_number, &[HERE, text(path), mode, 0])
}

fn on_path_alone(call_number: libc::c_long, path: &str) -> Answer {
    call(call_number, &[text(path)])
}

fn link_out(state: &str) -> Answer {
    call(libc::SYS_symlinkat, &[text("/etc/passwd"), HERE, text(&format!("{state}/out"))])
}

fn socket(family: libc::c_int, kind: libc::c_int) -> Answer {
    call(libc::SYS_socket, &[number(family), number(kind), 0])
}

/// `bind(2)` or `connect(2)` of a TCP socket with 127.0.0.1 and a port.
fn with_address(call_number: libc::c_long, port: &str) -> Answer {
    let descriptor = socket(libc::AF_INET, libc::SOCK_STREAM)?;
    let port: u16 = port.parse().unwrap_or_default();
    let mut address = u16::try_from(libc::AF_INET).unwrap_or_default().to_ne_bytes().to_vec();
    address.extend(port.to_be_bytes());
    address.extend([127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
    let (address, length) = bytes(address);
    call(call_number, &[usize::try_from(descriptor).unwrap_or_default(), address, length])
}

fn connect_abstract(name: &str) -> Answer {
    let descriptor = socket(libc::AF_UNIX, libc::SOCK_STREAM)?;
    let mut address = u16::try_from(libc::AF_UNIX).unwrap_or_default().to_ne_bytes().to_vec();
    address.push(0);
    address.extend(name.as_bytes());
    let (address, length) = bytes(address);
    call(libc::SYS_connect, &[usize::try_from(descriptor).unwrap_or_default(), address, length])
}

fn execute() -> Answer {
    call(libc::SYS_execve, &[text("/bin/true"), 0, 0])
}

/// A program that is in no file.
fn execute_memory() -> Answer {
    let file = usize::try_from(call(libc::SYS_memfd_create, &[text("program"), 0])?);
    let file = file.unwrap_or_default();
    let (program, length) = bytes(b"#!/bin/true\n".to_vec());
    call(libc::SYS_write, &[file, program, length])?;
    call(libc::SYS_execveat, &[file, text(""), 0, 0, number(libc::AT_EMPTY_PATH)])
}

/// The kernel asks whether it is allowed before it looks at the address.
fn read_peer(peer: &str) -> Answer {
    let (own, length) = bytes(vec![0; 8]);
    let (local, _) = bytes([own.to_ne_bytes(), length.to_ne_bytes()].concat());
    let (remote, _) = bytes([NOWHERE.to_ne_bytes(), length.to_ne_bytes()].concat());
    call(libc::SYS_process_vm_readv, &[id(peer), local, 1, remote, 1, 0])
}

fn map(protection: libc::c_int) -> Answer {
    let kind = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    call(libc::SYS_mmap, &[0, 4096, number(protection), number(kind), usize::MAX, 0])
}

fn make_executable() -> Answer {
    let page = map(libc::PROT_READ | libc::PROT_WRITE)?;
    let page = usize::try_from(page).unwrap_or_default();
    call(libc::SYS_mprotect, &[page, 4096, number(libc::PROT_READ | libc::PROT_EXEC)])
}

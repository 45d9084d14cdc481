//! What the gateway may do once it serves: its tables for [`::sandbox`], which holds it to them.
//!
//! Whoever takes the gateway over has what stands here and nothing else: its own database, sockets
//! to talk by, and no program to start.

use std::fs;
use std::path::{Path, PathBuf};

use ::sandbox::libc::{self, c_int};
use ::sandbox::{
    Argument, Call, FileRight, Hardened, Layers, Place, Rules, SandboxError, Tcp, call,
};

use crate::names;

/// Where the packages put the settings, and nothing else.
const SETTINGS_DIRECTORY: &str = "/etc/waiaas";

/// What the database does with its files: nothing is executed or linked, no directory is made.
const STATE_RIGHTS: &[FileRight] = &[
    FileRight::ReadFile,
    FileRight::ReadDir, // SQLite syncs the directory, and says nothing where it cannot
    FileRight::WriteFile,
    FileRight::Truncate,
    FileRight::MakeReg,
    FileRight::RemoveFile,
];

/// SQLite takes the salts of its log from there.
const RANDOM: &str = "/dev/urandom";

/// What keeps a thread of the program's own: no other process can be made of it.
const THREAD: c_int = libc::CLONE_VM
    | libc::CLONE_FS
    | libc::CLONE_FILES
    | libc::CLONE_SIGHAND
    | libc::CLONE_THREAD
    | libc::CLONE_SYSVSEM;

/// The system calls, in groups of who needs them.
const CALLS: &[Call] = &[
    // Threads of the runtime and of the database.
    call!(SYS_clone if [Argument::has(0, THREAD)], "threads"),
    call!(SYS_exit, "threads end"),
    call!(SYS_exit_group, "the program ends"),
    call!(SYS_futex, "threads wait for each other"),
    call!(SYS_gettid, "threads"),
    call!(SYS_prctl if [Argument::is(0, libc::PR_SET_NAME)], "threads have names"),
    call!(SYS_restart_syscall, "a wait goes on after a stop"),
    call!(SYS_rseq, "threads"),
    call!(SYS_rt_sigaction, "the program takes its signals"),
    call!(SYS_rt_sigprocmask, "threads"),
    call!(SYS_rt_sigreturn, "the program takes its signals"),
    call!(SYS_sched_getaffinity, "glibc asks how many processors there are"),
    call!(SYS_sched_yield, "threads wait for each other"),
    call!(SYS_set_robust_list, "threads"),
    call!(SYS_sigaltstack, "threads notice when their stack ends"),
    call!(SYS_tgkill if [Argument::is(2, libc::SIGABRT)], "a panic ends the program"),
    // Memory: none of it is ever executable.
    call!(SYS_brk, "the heap"),
    call!(SYS_madvise, "what a thread leaves is given back"),
    call!(SYS_mmap if [Argument::lacks(2, libc::PROT_EXEC)], "the heap, stacks, the log's index"),
    call!(SYS_mprotect if [Argument::lacks(2, libc::PROT_EXEC)], "stacks have guard pages"),
    call!(SYS_mremap, "the heap"),
    call!(SYS_munmap, "the heap, stacks, the log's index"),
    // Time and chance.
    call!(SYS_clock_gettime, "the time, where the kernel is asked for it"),
    call!(SYS_clock_nanosleep, "the database waits for a lock"),
    call!(SYS_getrandom, "keys of sessions, ids, TLS"),
    // Files: Landlock says which.
    call!(SYS_close, "files and connections"),
    call!(SYS_fcntl, "locks of the database, flags of descriptors"),
    call!(SYS_flock, "the state directory is given back at the end"),
    call!(SYS_fstat, "files, from glibc 2.39 on"),
    call!(SYS_fstatfs, "how much room the disk has"),
    call!(SYS_fsync, "the database is durable"),
    call!(SYS_ftruncate, "the database's log is shortened"),
    call!(SYS_getcwd, "a state directory that is named from here"),
    call!(SYS_geteuid, "the database asks whose its files are"),
    call!(SYS_getpid, "the database's random numbers"),
    call!(SYS_lseek, "glibc begins its files of names again"),
    call!(SYS_newfstatat, "files"),
    call!(SYS_openat, "the database, the settings, the files of names"),
    call!(SYS_pread64, "the database"),
    call!(SYS_pwrite64, "the database"),
    call!(SYS_read, "files and connections"),
    call!(SYS_statx, "files"),
    call!(SYS_write, "files and connections, log lines"),
    call!(SYS_writev, "connections"),
    // Connections. There is no bind(2) and no listen(2): that is done before.
    call!(SYS_accept4, "requests"),
    call!(SYS_connect, "the signer, nodes, name servers"),
    call!(SYS_epoll_create1, "the runtime waits for events"),
    call!(SYS_epoll_ctl, "the runtime waits for events"),
    call!(SYS_eventfd2, "the runtime is woken"),
    call!(SYS_getpeername, "connections"),
    call!(SYS_getsockname, "connections, and which address glibc prefers"),
    call!(SYS_getsockopt, "who is at the other end, and whether a connection was made"),
    call!(SYS_ioctl if [Argument::is(1, FIONBIO)], "connections do not block"),
    call!(SYS_ioctl if [Argument::is(1, FIONREAD)], "glibc asks how long an answer is"),
    call!(SYS_recvfrom, "connections, name servers"),
    call!(SYS_sendmmsg, "glibc asks for both kinds of addresses at once"),
    call!(SYS_sendto, "connections, log lines, systemd, name servers"),
    call!(SYS_setsockopt, "connections"),
    call!(SYS_shutdown, "connections end"),
    call!(SYS_socket if [Argument::is(0, libc::AF_INET)], "nodes, name servers"),
    call!(SYS_socket if [Argument::is(0, libc::AF_INET6)], "nodes, name servers"),
    call!(SYS_socket if [Argument::is(0, libc::AF_UNIX)], "the signer, log lines, systemd"),
    call!(SYS_socketpair if [Argument::is(0, libc::AF_UNIX)], "signals reach the runtime"),
    // What glibc does for names now and then.
    call!(SYS_ioctl if [Argument::is(1, SIOCGIFINDEX)], "a name server of one network interface"),
    call!(SYS_sysinfo, "it sorts many addresses"),
    call!(SYS_uname, "the name of this machine, for a domain to search"),
    // What glibc calls by an older number where the machine has one.
    #[cfg(target_arch = "x86_64")]
    call!(SYS_epoll_wait, "the runtime waits for events"),
    #[cfg(not(target_arch = "x86_64"))]
    call!(SYS_epoll_pwait, "the runtime waits for events"),
    #[cfg(target_arch = "x86_64")]
    call!(SYS_poll, "glibc waits for a name server"),
    #[cfg(not(target_arch = "x86_64"))]
    call!(SYS_ppoll, "glibc waits for a name server"),
    #[cfg(target_arch = "x86_64")]
    call!(SYS_readlink, "the database resolves its path"),
    #[cfg(target_arch = "x86_64")]
    call!(SYS_unlink, "the database removes its log"),
    #[cfg(not(target_arch = "x86_64"))]
    call!(SYS_readlinkat, "the database resolves its path"),
    #[cfg(not(target_arch = "x86_64"))]
    call!(SYS_unlinkat, "the database removes its log"),
];

/// What libraries try and do without: it is answered as by a kernel that does not have it.
const UNAVAILABLE: &[Call] = &[
    #[cfg(target_arch = "x86_64")]
    call!(SYS_access, "glibc before 2.35 asks for /proc before it looks for a network interface"),
    #[cfg(not(target_arch = "x86_64"))]
    call!(
        SYS_faccessat,
        "glibc before 2.35 asks for /proc before it looks for a network interface"
    ),
    call!(SYS_clone3, "threads: its flags are in memory, where no filter sees them"),
    call!(SYS_fchown, "the database, when the program runs as root"),
    call!(SYS_memfd_create, "tracing-journald, for a line that is longer than a datagram"),
    call!(SYS_mmap if [Argument::has(2, libc::PROT_EXEC)], "glibc loads further ways to names"),
    call!(SYS_mprotect if [Argument::has(2, libc::PROT_EXEC)], "as mmap"),
    call!(
        SYS_recvmsg,
        "glibc takes nscd's memory, and asks it by messages without: no descriptor comes in"
    ),
    call!(SYS_socket if [Argument::is(0, libc::AF_NETLINK)], "glibc asks which addresses are here"),
];

/// `ioctl(2)` of a socket: whether it blocks, and how much there is to read.
const FIONBIO: c_int = 0x5421;
const FIONREAD: c_int = 0x541B;
/// `netdevice(7)`
const SIOCGIFINDEX: c_int = 0x8933;

/// What the gateway is held to.
#[derive(Clone, Copy, Debug)]
pub struct Tables<'a> {
    /// System calls that it may make.
    pub calls: &'a [Call],
    /// System calls that are answered as by a kernel that does not have them.
    pub unavailable: &'a [Call],
    /// What may be done in the state directory.
    pub state: &'a [FileRight],
    /// Files that are read to look names up, each with what it says.
    pub names: &'a [(&'a str, &'a str)],
}

/// The tables of the program.
pub const TABLES: Tables<'static> =
    Tables { calls: CALLS, unavailable: UNAVAILABLE, state: STATE_RIGHTS, names: names::FILES };

impl Tables<'_> {
    /// Gives up all but what serving takes: `state`, `settings` to be read again, names to be looked
    /// up, and connections.
    ///
    /// # Errors
    /// As of [`Hardened::confine`].
    pub fn confine(
        &self,
        hardened: Hardened,
        state: &Path,
        settings: &Path,
    ) -> Result<Layers, SandboxError> {
        let read = self.readable(settings);
        let mut places = vec![Place { path: state, rights: self.state }];
        places.extend(read.iter().map(|path| Place { path, rights: &[FileRight::ReadFile] }));
        hardened.confine(&Rules {
            places: &places,
            tcp: Tcp::Connect,
            calls: self.calls,
            unavailable: self.unavailable,
        })
    }

    /// What is there of the files that are read. A right to a file is a right to this very file, and none
    /// to another that takes its name ([`names::ClosedBefore`] waits for that). So it is the directory that is
    /// named where it is known to hold nothing else: the packages' settings, and what `systemd-resolved`
    /// or `NetworkManager` keep in a directory of their own under `/run`.
    fn readable(&self, settings: &Path) -> Vec<PathBuf> {
        let named = self.names.iter().map(|(path, _why)| Path::new(path));
        let found = [settings, Path::new(RANDOM)].into_iter().chain(named);
        let found = found.filter_map(|path| fs::canonicalize(path).ok());
        found.map(|path| with_neighbours(&path, settings).unwrap_or(path)).collect()
    }
}

/// The directory of a file, where it holds nothing else.
fn with_neighbours(path: &Path, settings: &Path) -> Option<PathBuf> {
    let (parent, run) = (path.parent()?, Path::new("/run"));
    let is_below_run = parent.starts_with(run) && parent != run;
    let alone = parent == Path::new(SETTINGS_DIRECTORY)
        || (is_below_run && path.file_name()? != settings.file_name()?);
    alone.then(|| parent.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_readable_with_what_is_beside_them_only_where_the_packages_put_them() {
        let directory = tempfile::tempdir().unwrap();
        let settings = directory.path().join("config.toml");
        let without = TABLES.readable(&settings);
        assert!(
            without.iter().all(|path| path.starts_with("/etc")
                || path.starts_with("/dev")
                || path.starts_with("/run")),
            "{without:?}"
        );
        fs::write(&settings, "").unwrap();
        let settings = settings.canonicalize().unwrap();
        assert_eq!(TABLES.readable(&settings).first(), Some(&settings));
    }

    #[test]
    fn a_file_of_names_is_readable_with_what_is_beside_it_only_in_a_directory_of_its_own() {
        let settings = Path::new("/etc/waiaas/gatewayd.toml");
        for (file, directory) in [
            ("/run/systemd/resolve/stub-resolv.conf", Some("/run/systemd/resolve")),
            ("/run/NetworkManager/resolv.conf", Some("/run/NetworkManager")),
            ("/run/resolv.conf", None),
            ("/running/resolv.conf", None),
            ("/etc/resolv.conf", None),
            ("/resolv.conf", None),
            ("/run/somebody/gatewayd.toml", None),
            ("/etc/waiaas/gatewayd.toml", Some("/etc/waiaas")),
        ] {
            let found = with_neighbours(Path::new(file), settings);
            assert_eq!(found.as_deref(), directory.map(Path::new), "{file}");
        }
    }

    #[test]
    fn no_row_lets_a_program_be_started_or_a_port_be_opened() {
        for never in ["execve", "execveat", "fork", "vfork", "bind", "listen", "ptrace", "bpf"] {
            assert!(CALLS.iter().all(|call| call.name != never), "{never}");
        }
        let fork = [libc::SIGCHLD.unsigned_abs().into(), 0, 0, 0, 0, 0];
        assert!(!CALLS.iter().any(|call| call.allows(libc::SYS_clone, fork)));
        let netlink = [libc::AF_NETLINK.unsigned_abs().into(), 0, 0, 0, 0, 0];
        assert!(!CALLS.iter().any(|call| call.allows(libc::SYS_socket, netlink)));
    }
}

//! What the signer may do: its tables for [`::sandbox`], which holds it to them.
//!
//! Two phases. From its first lines on the process is held to [`Tables::starting`] and
//! [`Tables::serving`] together; before the first byte of a peer is read, to the second alone.
//! Numbers, flags and commands are restricted where they make a difference; descriptors and pointers
//! are not.

use std::path::Path;

use ::sandbox::libc::{
    AF_UNIX, MADV_DONTDUMP, MADV_DONTFORK, MADV_WIPEONFORK, MSG_DONTWAIT, MSG_NOSIGNAL, O_ACCMODE,
    O_CLOEXEC, O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, PROT_EXEC, SO_PEERCRED,
    SOCK_CLOEXEC, SOL_SOCKET,
};
use ::sandbox::{
    Argument, Call, FileRight, Hardened, Layers, Place, Rules, SandboxError, Tcp, call,
};

/// What the signer is held to.
#[derive(Clone, Copy, Debug)]
pub struct Tables<'a> {
    /// System calls of the start alone.
    pub starting: &'a [Call],
    /// System calls of the start and of all that comes after it.
    pub serving: &'a [Call],
    /// What may be done in the state directory.
    pub state: &'a [FileRight],
}

/// The tables of the program.
pub const TABLES: Tables<'static> = Tables { starting: STARTING, serving: SERVING, state: STATE };

impl Tables<'_> {
    /// The start's own limits.
    ///
    /// # Errors
    /// When they cannot be put in force.
    pub fn start(&self) -> Result<Hardened, SandboxError> {
        Hardened::new()?.limit_calls(&[self.starting, self.serving])
    }

    /// The limits of all that comes after the start.
    ///
    /// # Errors
    /// When they cannot be put in force.
    pub fn confine(
        &self,
        hardened: Hardened,
        state_directory: &Path,
    ) -> Result<Layers, SandboxError> {
        let places = [Place { path: state_directory, rights: self.state }];
        hardened.confine(&Rules {
            places: &places,
            tcp: Tcp::Nothing,
            calls: self.serving,
            unavailable: &[],
        })
    }
}

/// What the vault and the journal do with their files: nothing is executed, linked or made that is
/// not a file or a directory.
const STATE: &[FileRight] = &[
    FileRight::ReadFile,
    FileRight::ReadDir,
    FileRight::WriteFile,
    FileRight::MakeReg,
    FileRight::MakeDir,
    FileRight::RemoveFile,
    FileRight::RemoveDir, // the vault's directory takes its name when it is whole
];

/// How files are opened: nothing of `O_PATH`, `O_TMPFILE` or asynchronous input.
const OPEN_FLAGS: i32 =
    O_ACCMODE | O_CREAT | O_EXCL | O_NOFOLLOW | O_NONBLOCK | O_DIRECTORY | O_CLOEXEC;
/// No address, no waiting, no signal when the peer is gone.
const SENDING: i32 = MSG_DONTWAIT | MSG_NOSIGNAL;
/// `ioctl_tty(2)`, `ioctl(2)`
const TCGETS: i32 = 0x5401;
const FIONBIO: i32 = 0x5421;

/// What the start needs on top. It opens what is not in the state directory, makes the sockets, and
/// removes what a crash left.
#[rustfmt::skip]
const STARTING: &[Call] = &[
    call!(SYS_openat, "settings, the lock, the time of the boot, the witness, a credential"),
    call!(SYS_flock, "one signer at a time"),
    call!(SYS_statx, "who may use what was found"),
    call!(SYS_unlinkat, "a vault that was half made is removed"),
    #[cfg(target_arch = "x86_64")]
    call!(SYS_rmdir, "a vault that was half made is removed"),
    call!(SYS_geteuid, "a credential, and a socket that is not root's, must be one's own"),
    call!(SYS_getpid, "sockets and the watchdog are for this process"),
    call!(SYS_fcntl, "sockets that were handed over are closed in children"),
    call!(SYS_socket if [Argument::is(0, AF_UNIX)], "the service manager, and the sockets of peers"),
    call!(SYS_connect, "the service manager, and whether another signer answers"),
    call!(SYS_bind, "the sockets of peers"),
    call!(SYS_listen, "the sockets of peers"),
    call!(SYS_getsockname, "which sockets were handed over"),
    call!(SYS_getsockopt, "which sockets were handed over"),
    call!(SYS_ioctl if [Argument::is(1, FIONBIO)], "accepting never blocks"),
    call!(SYS_ioctl if [Argument::is(1, TCGETS)], "whether a person reads the log"),
    call!(SYS_signalfd4, "signals wait in a descriptor"),
];

/// What is needed from the first request to the last line of the log. No call that makes a process, a
/// thread, a socket or executable memory, and none that reaches another process.
#[rustfmt::skip]
const SERVING: &[Call] = &[
    // Peers
    #[cfg(target_arch = "x86_64")]
    call!(SYS_poll, "waits for peers and signals"),
    #[cfg(not(target_arch = "x86_64"))]
    call!(SYS_ppoll, "waits for peers and signals"),
    call!(SYS_accept4 if [Argument::is(3, SOCK_CLOEXEC)], "a peer connects"),
    call!(SYS_getsockopt if [Argument::is(1, SOL_SOCKET), Argument::is(2, SO_PEERCRED)], "who the peer is"),
    call!(SYS_recvfrom if [Argument::is(3, MSG_DONTWAIT)], "requests"),
    call!(SYS_sendto if [Argument::is(3, SENDING), Argument::is(5, 0)], "replies, and words to the service manager; nothing goes to an address"),
    call!(SYS_close, "connections and files end"),
    #[cfg(debug_assertions)]
    call!(SYS_fcntl if [Argument::is(1, ::sandbox::libc::F_GETFD)], "a debug build checks what it closes"),

    // Files of the state directory
    call!(SYS_openat if [Argument::has(2, O_CLOEXEC), Argument::within(2, OPEN_FLAGS)], "key files and the journal"),
    call!(SYS_read, "key files, the journal, and that the filter is in force"),
    call!(SYS_write, "key files, the journal, the log"),
    call!(SYS_lseek, "records of the journal are found"),
    call!(SYS_newfstatat, "the C library opens a directory"),
    call!(SYS_fstat, "the C library opens a directory, from glibc 2.39 on"),
    call!(SYS_getdents64, "key files are listed"),
    #[cfg(target_arch = "x86_64")]
    call!(SYS_unlink, "a key is destroyed, old segments are removed"),
    #[cfg(target_arch = "x86_64")]
    call!(SYS_rename, "a file is replaced by a whole one"),
    #[cfg(target_arch = "x86_64")]
    call!(SYS_mkdir, "a vault is made"),
    #[cfg(not(target_arch = "x86_64"))]
    call!(SYS_unlinkat, "a key is destroyed, old segments are removed"),
    #[cfg(not(target_arch = "x86_64"))]
    call!(SYS_renameat, "a file is replaced by a whole one"),
    #[cfg(not(target_arch = "x86_64"))]
    call!(SYS_mkdirat, "a vault is made"),
    call!(SYS_fsync, "a new file and its name are on the disk"),
    call!(SYS_fdatasync, "records are on the disk before a signature is made"),

    // Memory
    call!(SYS_brk, "the heap"),
    call!(SYS_mmap if [Argument::lacks(2, PROT_EXEC)], "the heap, secret memory, Argon2's memory"),
    call!(SYS_mremap, "long replies grow"),
    call!(SYS_munmap, "memory is given back"),
    call!(SYS_mprotect if [Argument::lacks(2, PROT_EXEC)], "secret memory is closed but while it is used"),
    call!(SYS_madvise if [Argument::is(2, MADV_DONTDUMP)], "secrets stay out of core dumps"),
    call!(SYS_madvise if [Argument::is(2, MADV_WIPEONFORK)], "secrets stay out of children"),
    call!(SYS_madvise if [Argument::is(2, MADV_DONTFORK)], "secrets stay out of children"),
    call!(SYS_mlock, "secrets stay out of swap"),
    call!(SYS_memfd_secret, "more keys need more secret memory"),
    call!(SYS_ftruncate, "more keys need more secret memory"),

    // The rest
    call!(SYS_getrandom, "keys, salts, nonces"),
    call!(SYS_clock_gettime, "the time, on machines whose clock only the kernel reads"),
    call!(SYS_rt_sigprocmask, "the secret stack is left"),
    call!(SYS_restart_syscall, "waiting goes on after the process was stopped"),
    call!(SYS_sigaltstack, "the program ends"),
    call!(SYS_exit_group, "the program ends"),
];

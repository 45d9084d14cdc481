//! A process that confines itself to a directory and does one thing then: what the tests look at from
//! outside. It is a program of its own because layers are for good, and for processes with one thread.
//!
//! `confined DIRECTORY ACTION` ends with 0 when the action worked and with 3 when it was refused.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "it is a test's other half"
)]

use std::fs;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::path::Path;
use std::process::{Command, ExitCode};

use nix::sys::signal::kill;
use nix::unistd::{Pid, getppid};
use sandbox::{Argument, Call, FileRight, Hardened, Place, Rules, Tcp, call, libc};

/// What the actions do in the directory.
const RIGHTS: &[FileRight] = &[
    FileRight::ReadFile,
    FileRight::WriteFile,
    FileRight::Truncate,
    FileRight::MakeReg,
    FileRight::MakeDir,
    FileRight::RemoveDir,
];

/// What every action takes: to be done, and to tell how it went.
const COMMON: &[Call] = &[
    call!(SYS_read, "the filter is read back"),
    call!(SYS_write, "the result is told"),
    call!(SYS_close, "files end"),
    call!(SYS_fcntl, "a debug build checks what it closes"),
    call!(SYS_brk, "the heap"),
    call!(SYS_mmap if [Argument::lacks(2, libc::PROT_EXEC)], "the heap"),
    call!(SYS_munmap, "the heap"),
    call!(SYS_mprotect if [Argument::lacks(2, libc::PROT_EXEC)], "the heap"),
    call!(SYS_sigaltstack, "the program ends"),
    call!(SYS_exit_group, "the program ends"),
];

/// What the actions need of calls, so that it is another layer that refuses.
const ACTIONS: &[Call] = &[
    call!(SYS_openat, "files"),
    call!(SYS_statx, "files"),
    call!(SYS_mkdir, "files"),
    call!(SYS_rmdir, "files"),
    call!(SYS_socket, "sockets"),
    call!(SYS_setsockopt, "sockets"),
    call!(SYS_bind, "sockets"),
    call!(SYS_listen, "sockets"),
    call!(SYS_connect, "sockets"),
    call!(SYS_kill, "signals"),
    call!(SYS_getppid, "signals"),
];

/// A right to send another signal than is sent.
const OTHER_SIGNAL: &[Call] =
    &[call!(SYS_kill if [Argument::is(1, libc::SIGUSR1)], "a test"), call!(SYS_getpid, "a test")];

/// Answered as by a kernel that does not have it.
const UNAVAILABLE: &[Call] = &[call!(SYS_openat, "a test")];

fn confine(directory: &Path, calls: &[Call], tcp: Tcp) {
    confine_without(directory, calls, &[], tcp);
}

fn confine_without(directory: &Path, calls: &[Call], unavailable: &[Call], tcp: Tcp) {
    let places = [Place { path: directory, rights: RIGHTS }];
    let rules = Rules { places: &places, tcp, calls, unavailable };
    let layers = Hardened::new().unwrap().confine(&rules).unwrap();
    println!("{}", layers.in_force.join(" "));
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [directory, action] = arguments.as_slice() else { panic!("DIRECTORY ACTION") };
    let directory = Path::new(directory);
    // Open before the sandbox is, and readable after it.
    let status = fs::File::open("/proc/thread-self/status").unwrap();
    let result = act(action, directory, &status);
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.kind() == ErrorKind::PermissionDenied => ExitCode::from(3),
        Err(error) => panic!("{action}: {error}"),
    }
}

fn all() -> Vec<Call> {
    [COMMON, ACTIONS].concat()
}

fn act(action: &str, directory: &Path, status: &fs::File) -> io::Result<()> {
    match action {
        "say its status" => {
            confine(directory, COMMON, Tcp::Nothing);
            let mut text = vec![0; 8192];
            let length = { status }.read(&mut text).unwrap();
            io::stdout().write_all(text.get(..length).unwrap_or_default())
        }
        "write and read its directory" => {
            confine(directory, &all(), Tcp::Nothing);
            let file = directory.join("file");
            fs::write(&file, "new").and_then(|()| fs::read(&file).map(drop))
        }
        "make and remove a directory" => {
            confine(directory, &all(), Tcp::Nothing);
            let made = directory.join("made");
            fs::create_dir(&made).and_then(|()| fs::remove_dir(&made))
        }
        "read a file outside" => {
            confine(directory, &all(), Tcp::Nothing);
            fs::read("/etc/passwd").map(drop)
        }
        "read a file outside by way of its directory" => {
            confine(directory, &all(), Tcp::Nothing);
            fs::read(directory.join("../../etc/passwd")).map(drop)
        }
        "read its memory" => {
            confine(directory, &all(), Tcp::Nothing);
            fs::File::open("/proc/self/mem").map(drop)
        }
        "make a call that is unavailable" => {
            confine_without(directory, COMMON, UNAVAILABLE, Tcp::Nothing);
            let opened = fs::File::open(directory).map(drop);
            opened.map_err(|error| {
                assert_eq!(error.kind(), ErrorKind::Unsupported);
                ErrorKind::PermissionDenied.into()
            })
        }
        other => reach_out(other, directory),
    }
}

fn reach_out(action: &str, directory: &Path) -> io::Result<()> {
    match action {
        "bind a port" => {
            confine(directory, &all(), Tcp::Connect);
            TcpListener::bind("127.0.0.1:0").map(drop)
        }
        "connect to a port" => {
            confine(directory, &all(), Tcp::Nothing);
            TcpStream::connect("127.0.0.1:9").map(drop)
        }
        "connect to a port where it may" => {
            confine(directory, &all(), Tcp::Connect);
            // Nobody listens there, which is another answer than the sandbox's.
            match TcpStream::connect("127.0.0.1:9") {
                Err(error) if error.kind() == ErrorKind::ConnectionRefused => Ok(()),
                other => other.map(drop),
            }
        }
        "connect to an abstract socket" => {
            confine(directory, &all(), Tcp::Nothing);
            let name = format!("waiaas-sandbox-{}", getppid());
            SocketAddr::from_abstract_name(name)
                .and_then(|address| UnixStream::connect_addr(&address).map(drop))
        }
        "signal its parent" => {
            confine(directory, &all(), Tcp::Nothing);
            kill(getppid(), None).map_err(Into::into)
        }
        "make a call that is not listed" => {
            confine(directory, COMMON, Tcp::Nothing);
            fs::read("/etc/passwd").map(drop)
        }
        "make a call with arguments that are not listed" => {
            confine(directory, &[COMMON, OTHER_SIGNAL].concat(), Tcp::Nothing);
            kill(Pid::this(), None).map_err(Into::into)
        }
        "start a program at the start" => {
            drop(Hardened::new().unwrap().limit_calls(&[COMMON, ACTIONS]).unwrap());
            Command::new("/bin/true").status().map(drop)
        }
        "be confined with threads" => {
            let (_stop, stopped) = std::sync::mpsc::channel::<()>();
            let _other = std::thread::spawn(move || stopped.recv());
            Hardened::new().unwrap().limit_calls(&[COMMON]).map(drop).map_err(|error| {
                assert!(error.to_string().starts_with("there are 2 threads"), "{error}");
                ErrorKind::PermissionDenied.into()
            })
        }
        unknown => panic!("no action {unknown}"),
    }
}

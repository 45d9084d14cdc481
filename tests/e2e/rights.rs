//! Each right of the gateway taken away in turn, and what notices.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::symlink;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::thread;

use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;
use nix::sys::signal::Signal;
use serde_json::json;
use tests::daemons::{free_port, gatewayd_command};
use tests::http::Http;
use tests::process::{self, Build, Process, has_root_for, runnable_program};
use tests::wait;

use crate::machine::{FILES_AND_DNS, LINE, Machine, NOBODY_TO_ASK, Node, start_name_server};

/// Rows that this machine need not use, and why. Each stands for what other machines do.
const ELSEWHERE: &[(&str, &str, &str)] = &[
    ("call", "clock_gettime", "the clock of this machine is read without the kernel"),
    ("call", "fstat", "the C library has either this or newfstatat"),
    ("call", "mremap", "the heap may find room for what grows without moving it"),
    ("call", "newfstatat", "the C library has either this or fstat"),
    ("call", "sched_yield", "a lock is rarely held for so long"),
    ("call", "sysinfo", "glibc from 2.39 on sorts without asking"),
    ("call", "tgkill", "nothing panics"),
    ("unavailable", "access", "glibc before 2.35 asks"),
    ("unavailable", "fchown", "the tests' gateway is no root"),
    ("unavailable", "memfd_create", "no journal takes the tests' lines"),
    ("unavailable", "mmap", "Landlock lets no library be opened, where the kernel has it"),
    ("unavailable", "mprotect", "Landlock lets no library be opened, where the kernel has it"),
    ("right", "ReadDir", "SQLite syncs the directory, and goes on where it cannot"),
];

/// Addresses of one name, more than glibc sorts on its stack.
const MANY: u16 = 300;
/// Where SQLite locks who writes, in the file that readers share (`walformat.html`).
const WRITE_LOCK: i64 = 120;

/// A row of a table: its kind, its number there, what it is, and what needs it.
struct Row {
    kind: String,
    number: usize,
    name: String,
    why: String,
}

fn narrowed(directory: &Path) -> std::path::PathBuf {
    runnable_program("narrowed-gatewayd", Build::Debug, directory)
}

fn rows(kinds: &[&str]) -> Vec<Row> {
    let mut command = Command::new(process::program("narrowed-gatewayd", Build::Debug));
    let output = String::from_utf8(command.arg("rows").output().unwrap().stdout).unwrap();
    let mut rows: Vec<Row> = Vec::new();
    for line in output.lines() {
        let [kind, name, why] = line.split('\t').collect::<Vec<_>>().try_into().unwrap();
        let number = rows.iter().filter(|row| row.kind == kind).count();
        rows.push(Row { kind: kind.into(), number, name: name.into(), why: why.into() });
    }
    let elsewhere = |row: &Row| {
        ELSEWHERE.iter().any(|(kind, name, _why)| *kind == row.kind && *name == row.name)
    };
    rows.retain(|row| kinds.contains(&row.kind.as_str()) && !elsewhere(row));
    rows
}

/// The gateway without one right, in a state directory that is named from where it is, through a link.
fn without(machine: &Machine, node: &Node, kind: &str, number: usize) -> Command {
    let place = &machine.place;
    let usual = gatewayd_command(place, &node.settings(free_port()));
    let (program, state) = (narrowed(&place.path("")), place.path("gateway"));
    let link = place.path("link");
    if !link.exists() {
        symlink(place.path(""), &link).unwrap();
    }
    let mut command = Command::new(usual.get_program());
    for argument in usual.get_args() {
        if Path::new(argument).file_name().is_some_and(|name| name == "gatewayd") {
            command.arg(&program).args([kind, &number.to_string()]);
        } else if Path::new(argument) == state {
            command.arg(link.join("gateway").strip_prefix("/").unwrap());
        } else {
            command.arg(argument);
        }
    }
    machine.runs(&command)
}

/// All that the gateway does with the kernel, from a start to its end. Whether all of it worked.
fn use_everything(machine: &Machine, node: &Node, gateway: &Http, process: &mut Process) -> bool {
    let send = |method: &str, path: &str, body: Vec<u8>| {
        gateway.try_send(method, path, &[], body).map_or(0, |answer| answer.status)
    };
    let mut worked = node.is_asked_by(gateway);
    let token = json!({
        "network": "ethereum-mainnet",
        "address": "0x00000000000000000000000000000000000000aa",
    });
    let token = token.to_string().into_bytes();
    worked &= while_somebody_writes(machine, || send("DELETE", "/v1/tokens", token) == 200);
    let password = json!({ "newPassword": "correct horse battery" }).to_string().into_bytes();
    worked &= send("PUT", "/v1/admin/master-password", password) == 200;
    let wallet = json!({ "chain": "ethereum", "environment": "mainnet", "name": "a wallet" });
    send("POST", "/v1/wallets", wallet.to_string().into_bytes()); // No signer answers.
    let copy = gateway.try_send("GET", "/v1/admin/database", &[], Vec::new());
    let copy = copy.map(|answer| answer.body).unwrap_or_default();
    let backup = format!("/v1/admin/database?backup={}", "a".repeat(64));
    worked &= send("PUT", &backup, copy) == 200;
    if process.status().is_some() {
        return false;
    }
    process.signal(Signal::SIGHUP);
    stop_and_continue(process);
    worked &= send("GET", "/metrics", Vec::new()) == 200;
    worked && send("GET", "/v1/admin/status", Vec::new()) == 200
}

/// Interrupts its waiting, as a debugger or a terminal would.
fn stop_and_continue(process: &Process) {
    process.signal(Signal::SIGSTOP);
    let status = format!("/proc/{}/stat", process.id());
    wait::until("a process that is stopped, or has ended", || {
        let found = std::fs::read_to_string(&status).unwrap();
        (found.contains(") T ") || found.contains(") Z ")).then_some(())
    });
    process.signal(Signal::SIGCONT);
}

/// Does `act` while another program writes to the database for a moment.
fn while_somebody_writes<T: Send>(machine: &Machine, act: impl FnOnce() -> T + Send) -> T {
    let Ok(shared) = shared_memory(machine) else { return act() };
    let lock = |kind: libc::c_int| libc::flock {
        l_type: i16::try_from(kind).unwrap(),
        l_whence: 0,
        l_start: WRITE_LOCK,
        l_len: 1,
        l_pid: 0,
    };
    fcntl(&shared, FcntlArg::F_SETLKW(&lock(libc::F_WRLCK))).unwrap();
    thread::scope(|scope| {
        let acting = scope.spawn(act);
        wait::within(std::time::Duration::from_millis(300), || None::<()>);
        fcntl(&shared, FcntlArg::F_SETLK(&lock(libc::F_UNLCK))).unwrap();
        acting.join().unwrap()
    })
}

fn shared_memory(machine: &Machine) -> std::io::Result<File> {
    OpenOptions::new().read(true).write(true).open(machine.place.path("gateway/gateway.db-shm"))
}

/// Whether everything worked, and how it ended.
fn try_without(row: Option<&Row>) -> (bool, ExitStatus, String) {
    let server = start_name_server(MANY);
    let resolv = format!("nameserver fe80::1%lo\n{server}");
    let files =
        [("hosts", "127.0.0.1 localhost\n"), ("nsswitch.conf", "hosts: files hesiod dns\n")];
    let machine = Machine::new(&[files[0], files[1], ("resolv.conf", &resolv)]);
    machine.start_nscd(false);
    let node = Node::new();
    let (kind, number) = row.map_or(("nothing", 0), |row| (row.kind.as_str(), row.number));
    let (mut process, operator) = machine.start_program(without(&machine, &node, kind, number));
    let worked = use_everything(&machine, &node, &operator, &mut process);
    let end = process.status().unwrap_or_else(|| process.stop());
    (worked, end, process.output())
}

#[test]
fn everything_works_with_all_rights() {
    if !has_root_for("an /etc of its own") {
        return;
    }
    let (worked, end, said) = try_without(None);
    assert!(worked && end.success(), "{end} {said}");
}

/// Every fourth row from `first` on, so that four tests share the time.
#[track_caller]
fn assert_needed(first: usize) {
    if !has_root_for("an /etc of its own") {
        return;
    }
    let mut unneeded = Vec::new();
    for row in rows(&["call", "unavailable"]).iter().skip(first).step_by(4) {
        let (_worked, end, _said) = try_without(Some(row));
        if end.signal() != Some(libc::SIGSYS) {
            unneeded.push(format!("{} {} ({}): {end}", row.kind, row.name, row.why));
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
fn without_any_one_right_to_its_state_it_fails() {
    if !has_root_for("an /etc of its own") {
        return;
    }
    for row in rows(&["right"]) {
        let (worked, end, _said) = try_without(Some(&row));
        assert!(!(worked && end.success()), "nothing notices that {} is gone", row.name);
    }
}

#[test]
fn without_any_one_file_of_names_they_are_looked_up_otherwise() {
    if !has_root_for("an /etc of its own") {
        return;
    }
    let server = start_name_server(1);
    let unknown = "127.0.0.1 localhost\n";
    let twice = format!("127.0.0.9 node.test\n{LINE}");
    for row in rows(&["name"]) {
        let files: [(&str, &str); 4] = match row.name.as_str() {
            // It orders addresses, all of which are tried.
            "/etc/gai.conf" => continue,
            "/etc/host.conf" => [
                ("hosts", &twice),
                ("nsswitch.conf", FILES_AND_DNS),
                ("resolv.conf", NOBODY_TO_ASK),
                ("host.conf", "multi on\n"),
            ],
            "/etc/hosts" => [
                ("hosts", LINE),
                ("nsswitch.conf", FILES_AND_DNS),
                ("resolv.conf", NOBODY_TO_ASK),
                ("host.conf", ""),
            ],
            "/etc/nsswitch.conf" => [
                ("hosts", unknown),
                ("nsswitch.conf", "hosts: files\n"),
                ("resolv.conf", &server),
                ("host.conf", ""),
            ],
            "/etc/resolv.conf" => [
                ("hosts", unknown),
                ("nsswitch.conf", FILES_AND_DNS),
                ("resolv.conf", &server),
                ("host.conf", ""),
            ],
            name => panic!("how is {name} needed?"),
        };
        let asked = ["nothing", "name"].map(|kind| {
            let machine = Machine::new(&files);
            let node = Node::new();
            let command = without(&machine, &node, kind, row.number);
            let (_process, operator) = machine.start_program(command);
            node.is_asked_by(&operator)
        });
        assert_ne!(asked[0], asked[1], "nothing notices that {} cannot be read", row.name);
    }
}

//! From inside each daemon's confinement: what an attacker tries there is refused or ends the
//! process, and works, or is answered by the kernel as usual, in a process that is not confined.
//!
//! `tests/prober` confines itself by the daemon's own function and tables, and tries one thing.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

mod lacking;
mod table;

use std::fs;
use std::net::TcpListener;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Output;

use nix::libc::{EACCES, ENOSYS, EPERM, SIGSYS};
use tests::daemons::Place;
use tests::process::{self, Build, Process, User, give_to_ordinary_user, runnable_program};

use table::{ATTEMPTS, Argument, Attempt, Inside, Outside};

/// The prober does not know what it is asked, or could not confine itself.
const UNUSABLE: i32 = 200;

/// What came of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Worked,
    /// The number of an error.
    Refused(i32),
    /// By its own filter.
    Killed,
}

/// The world that an attempt reaches for.
struct Bench {
    place: Place,
    prober: PathBuf,
    peer: Process,
    listener: TcpListener,
    _abstract_listener: UnixListener,
    abstract_name: String,
}

impl Bench {
    fn new() -> Self {
        let place = Place::new();
        for name in ["signer/key", "gateway/gateway.db", "gatewayd.toml"] {
            fs::write(place.path(name), "").unwrap();
            give_to_ordinary_user(&place.path(name));
        }
        let prober = runnable_program("prober", Build::Debug, &place.path(""));
        let mut waits_for_input = process::command(Path::new("/bin/cat"), User::Ordinary);
        let peer = Process::start(&mut waits_for_input, &place.path("peer.log"));
        // As the place's own, so that tests of one process do not take it from each other.
        let abstract_name = place.path("run").display().to_string();
        let address = SocketAddr::from_abstract_name(&abstract_name).unwrap();
        Self {
            place,
            prober,
            peer,
            listener: TcpListener::bind("127.0.0.1:0").unwrap(),
            _abstract_listener: UnixListener::bind_addr(&address).unwrap(),
            abstract_name,
        }
    }

    fn argument(&self, argument: Argument, daemon: &str) -> String {
        let path = |name: &str| self.place.path(name).display().to_string();
        match argument {
            Argument::None => String::new(),
            Argument::Text(text) => text.to_owned(),
            Argument::OtherState => match daemon {
                "signerd" => path("gateway/gateway.db"),
                _ => path("signer/key"),
            },
            Argument::OwnFile => match daemon {
                "gatewayd" => "gateway.db".to_owned(),
                _ => "key".to_owned(),
            },
            Argument::OutsideState => path("run/new"),
            Argument::Peer => self.peer.id().to_string(),
            Argument::Port => self.listener.local_addr().unwrap().port().to_string(),
            Argument::AbstractName => self.abstract_name.clone(),
        }
    }

    fn run(&self, daemon: &str, attempt: &Attempt) -> Outcome {
        let state = self.place.path(if daemon == "gatewayd" { "gateway" } else { "signer" });
        let mut command = process::command(&self.prober, User::Ordinary);
        command.arg(daemon).arg(&state).arg(attempt.name);
        command.arg(self.argument(attempt.argument, daemon));
        // What an earlier attempt made is not in the way of the next.
        for made in [state.join("new"), state.join("fifo"), state.join("out")] {
            drop(fs::remove_file(&made).or_else(|_error| fs::remove_dir(&made)));
        }
        drop(fs::remove_file(self.place.path("run/new")));
        outcome(&command.output().unwrap(), attempt.name)
    }
}

fn outcome(output: &Output, name: &str) -> Outcome {
    let said = String::from_utf8_lossy(&output.stderr);
    match (output.status.code(), output.status.signal()) {
        (Some(0), _) => Outcome::Worked,
        (Some(UNUSABLE), _) => panic!("{name}: {said}"),
        (Some(error), _) => Outcome::Refused(error),
        (None, Some(SIGSYS)) => Outcome::Killed,
        (None, signal) => panic!("{name}: ended by signal {signal:?}: {said}"),
    }
}

fn is_as_expected(outcome: Outcome, expected: Inside) -> bool {
    match (expected, outcome) {
        (Inside::Works, Outcome::Worked) | (Inside::Killed, Outcome::Killed) => true,
        (Inside::Refused, Outcome::Refused(error)) => [EACCES, EPERM, ENOSYS].contains(&error),
        (Inside::Works | Inside::Refused | Inside::Killed, _) => false,
    }
}

#[track_caller]
fn assert_confined(daemon: &str, expected: impl Fn(&Attempt) -> Inside) {
    let bench = Bench::new();
    let surprises: Vec<String> = ATTEMPTS
        .iter()
        .map(|attempt| (attempt, bench.run(daemon, attempt)))
        .filter(|(attempt, outcome)| !is_as_expected(*outcome, expected(attempt)))
        .map(|(attempt, outcome)| {
            format!("{}: {outcome:?} instead of {:?}", attempt.name, expected(attempt))
        })
        .collect();
    assert!(surprises.is_empty(), "{daemon}\n{}", surprises.join("\n"));
}

#[test]
fn from_inside_the_signer_nothing_but_its_own_state_is_reached() {
    assert_confined("signerd", |attempt| attempt.in_signerd);
}

#[test]
fn from_inside_the_gateway_nothing_but_its_own_state_and_connections_are_reached() {
    assert_confined("gatewayd", |attempt| attempt.in_gatewayd);
}

/// The control: what is refused above is refused by the confinement and by nothing else.
#[test]
fn without_the_confinement_each_attempt_is_the_kernels_to_answer() {
    let bench = Bench::new();
    let mut surprises = Vec::new();
    for attempt in ATTEMPTS {
        let outcome = bench.run("nobody", attempt);
        let as_usual = match attempt.outside {
            Outside::Works => outcome == Outcome::Worked,
            Outside::Answers(errors) => match outcome {
                Outcome::Worked => true,
                Outcome::Refused(error) => errors.contains(&error),
                Outcome::Killed => false,
            },
        };
        if !as_usual {
            surprises
                .push(format!("{}: {outcome:?} instead of {:?}", attempt.name, attempt.outside));
        }
    }
    assert!(surprises.is_empty(), "\n{}", surprises.join("\n"));
}

//! The gateway with one right less: what a test runs to see that the right is needed.
//!
//! `narrowed-gatewayd call|unavailable|right|name|nothing NUMBER [OPTIONS OF GATEWAYD]`, where the number
//! is the row's; `narrowed-gatewayd rows` prints how many there are of each, and what they are.
#![expect(
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it is a test's other half"
)]

use std::ffi::OsString;
use std::process::ExitCode;

use gatewayd::config::Invocation;
use gatewayd::sandbox::{TABLES, Tables};

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let mut word = || arguments.next().and_then(|word| word.into_string().ok()).unwrap_or_default();
    let kind = word();
    if kind == "rows" {
        print_rows();
        return ExitCode::SUCCESS;
    }
    let row = word().parse().unwrap_or(usize::MAX);
    let (mut calls, mut unavailable) = (TABLES.calls.to_vec(), TABLES.unavailable.to_vec());
    let (mut state, mut names) = (TABLES.state.to_vec(), TABLES.names.to_vec());
    match kind.as_str() {
        "call" => drop(calls.remove(row)),
        "unavailable" => drop(unavailable.remove(row)),
        "right" => drop(state.remove(row)),
        "name" => drop(names.remove(row)),
        "nothing" => {}
        _ => panic!("call, unavailable, right, name or nothing, and a number"),
    }
    run(
        arguments,
        &Tables { calls: &calls, unavailable: &unavailable, state: &state, names: &names },
    )
}

fn run(arguments: impl Iterator<Item = OsString>, tables: &Tables<'_>) -> ExitCode {
    let Ok(Invocation::Serve(arguments)) = Invocation::parse(arguments) else {
        panic!("options of gatewayd")
    };
    match gatewayd::run(&arguments, tables) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// A line each: the kind, the name, what needs it.
fn print_rows() {
    for call in TABLES.calls {
        println!("call\t{}\t{}", call.name, call.why);
    }
    for call in TABLES.unavailable {
        println!("unavailable\t{}\t{}", call.name, call.why);
    }
    for right in TABLES.state {
        println!("right\t{right:?}\tthe state directory");
    }
    for (path, why) in TABLES.names {
        println!("name\t{path}\t{why}");
    }
}

//! Starts the program; see the library for what it does.

use std::error::Error;
use std::process::ExitCode;

use gatewayd::Remedy;
use gatewayd::config::{Invocation, USAGE};
use gatewayd::sandbox::TABLES;

/// Of sysexits.h: the command line is not understood.
const USAGE_ERROR: u8 = 64;
/// Of sysexits.h: settings or state are not right, and starting again does not help.
const CONFIG_ERROR: u8 = 78;
/// Of sysexits.h: there is no room on the disk.
const NO_ROOM: u8 = 73;
/// Of sysexits.h: it shall be started again, by systemd or by `waiaas start`.
const START_AGAIN: u8 = 75;

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "what a terminal expects")]
fn main() -> ExitCode {
    let arguments = match Invocation::parse(std::env::args_os().skip(1)) {
        Ok(Invocation::Serve(arguments)) => arguments,
        Ok(Invocation::Help) => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Ok(Invocation::Version) => {
            println!("gatewayd {}", env!("CARGO_PKG_VERSION"));
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("gatewayd: {error}");
            return ExitCode::from(USAGE_ERROR);
        }
    };
    match gatewayd::run(&arguments, &TABLES) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("gatewayd: {}", with_sources(&error));
            match error.remedy() {
                Remedy::Somebody => ExitCode::from(CONFIG_ERROR),
                Remedy::Room => ExitCode::from(NO_ROOM),
                Remedy::Time => ExitCode::FAILURE,
                Remedy::Start => ExitCode::from(START_AGAIN),
            }
        }
    }
}

/// An error and what is behind it, in one line.
fn with_sources(error: &dyn Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", with_sources(source)),
        None => error.to_string(),
    }
}

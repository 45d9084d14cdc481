//! Confines itself as a daemon does, by the daemon's own function and tables, and then tries one
//! thing: `prober signerd|gatewayd|nobody STATE-DIR ATTEMPT [ARGUMENT]`.
//!
//! The exit status is the error that the kernel answered, or 0 where it let it happen; or the
//! process is killed. It is what an attacker's first instruction inside the daemon would see.

mod attempts;
mod calls;

use std::path::Path;
use std::process::ExitCode;

use sandbox::{Hardened, Layers, SandboxError};

/// The command line is not understood, or the confinement failed; no error has this number.
const UNUSABLE: u8 = 200;

#[expect(clippy::print_stderr, reason = "what a terminal expects")]
fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (daemon, state, attempt, argument) = match words[..] {
        [daemon, state, attempt] => (daemon, state, attempt, ""),
        [daemon, state, attempt, argument] => (daemon, state, attempt, argument),
        _ => return ExitCode::from(UNUSABLE),
    };
    let Some(attempt) = attempts::named(attempt) else {
        eprintln!("prober: no attempt {attempt}");
        return ExitCode::from(UNUSABLE);
    };
    if let Err(error) = confine(daemon, Path::new(state)) {
        eprintln!("prober: {error}");
        return ExitCode::from(UNUSABLE);
    }
    match attempt(state, argument) {
        Ok(_result) => ExitCode::SUCCESS,
        Err(errno) => ExitCode::from(u8::try_from(errno).unwrap_or(UNUSABLE)),
    }
}

fn confine(daemon: &str, state: &Path) -> Result<Option<Layers>, SandboxError> {
    match daemon {
        "gatewayd" => {
            let settings = state.join("../gatewayd.toml");
            gatewayd::sandbox::TABLES.confine(Hardened::new()?, state, &settings).map(Some)
        }
        "signerd" => {
            let tables = signerd::sandbox::TABLES;
            tables.confine(tables.start()?, state).map(Some)
        }
        _nobody => Ok(None),
    }
}

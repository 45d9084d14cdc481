//! `cargo xtask sim`: both daemons in a world that a seed decides.

use std::process::{ExitCode, Stdio};

use crate::shell::{Failure, call, cargo, program, root};

/// Builds it, and does what the command line says: `--ops N`, `--seed S`, `--events`, `--json`.
pub(crate) fn run(words: &[&str]) -> ExitCode {
    match start(words) {
        Ok(code) => code,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::from(2)
        }
    }
}

fn start(words: &[&str]) -> Result<ExitCode, Failure> {
    call(&mut cargo("build --quiet --release --locked --package sim --example sim"))?;
    let built = root().join("target/release/examples/sim");
    let mut simulation = program(&built.display().to_string());
    // The signer's log; what breaks stands in the output.
    let ended = simulation.args(words).stderr(Stdio::null()).status();
    let ended = ended.map_err(|error| format!("{}: {error}", built.display()))?;
    let code = ended.code().and_then(|code| u8::try_from(code).ok());
    Ok(ExitCode::from(code.unwrap_or(1)))
}

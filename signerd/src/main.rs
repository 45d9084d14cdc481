//! Starts the signer; `signerd --help` says how, the library what it does.

use std::process::ExitCode;

fn main() -> ExitCode {
    signerd::run(std::env::args_os().skip(1), &signerd::sandbox::TABLES)
}

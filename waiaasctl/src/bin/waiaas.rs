//! Starts the program for one user; see the library for what it does.

use std::process::ExitCode;

fn main() -> ExitCode {
    waiaasctl::user()
}

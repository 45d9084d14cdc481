//! Starts the operator's tool; see the library for what it does.

use std::process::ExitCode;

fn main() -> ExitCode {
    waiaasctl::operator()
}

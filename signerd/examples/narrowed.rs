//! The signer with one right less: what a test runs to see that the right is needed.
//!
//! `narrowed call NUMBER|right NUMBER|nothing 0 [OPTIONS OF SIGNERD]`, where the number is the row's.
#![expect(clippy::panic, reason = "it is a test's other half")]

use std::process::ExitCode;

use signerd::sandbox::{TABLES, Tables};

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let mut word = || arguments.next().and_then(|word| word.into_string().ok()).unwrap_or_default();
    let (kind, row) = (word(), word().parse().unwrap_or(usize::MAX));
    // The start keeps what it needs of the table that is narrowed.
    let starting = [TABLES.starting, TABLES.serving].concat();
    let (mut serving, mut state) = (TABLES.serving.to_vec(), TABLES.state.to_vec());
    match kind.as_str() {
        "call" => drop(serving.remove(row)),
        "right" => drop(state.remove(row)),
        "nothing" => {}
        _ => panic!("call, right or nothing, and a number"),
    }
    signerd::run(arguments, &Tables { starting: &starting, serving: &serving, state: &state })
}

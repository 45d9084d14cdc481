//! The running program, killed and looked into from outside.
#![expect(clippy::unwrap_used, clippy::panic, reason = "all of it is a test, the helpers too")]

mod bad_start;
mod counter;
mod faults;
mod harness;
mod kill;
mod rights;
mod service;
mod swtpm;

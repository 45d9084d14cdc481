//! `waiaasctl` as an operator runs it, as the daemons' user.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::daemons::Place;
use crate::process::{self, Build, User, runnable_program};
use crate::signer::PASSPHRASE;

/// The tool with these arguments for the daemons of `place`; it knows the passphrase of [`PASSPHRASE`].
pub fn command(place: &Place, arguments: &[&str]) -> Command {
    let file = place.path("passphrase");
    if !file.exists() {
        fs::write(&file, PASSPHRASE).unwrap();
        process::give_to_ordinary_user(&file);
    }
    with_passphrase(place, &file, arguments)
}

/// The same, with a passphrase file of its own.
pub fn with_passphrase(place: &Place, file: &Path, arguments: &[&str]) -> Command {
    let program = runnable_program("waiaasctl", Build::Debug, &place.path(""));
    let mut command = process::command(&program, User::Ordinary);
    command.arg("--json").arg("--runtime-dir").arg(place.path("run"));
    command.arg("--passphrase-file").arg(file).args(arguments);
    command
}

/// Runs it to its end.
pub fn run(place: &Place, arguments: &[&str]) -> Output {
    command(place, arguments).output().unwrap()
}

/// What it prints of a command that does it.
#[track_caller]
pub fn done(place: &Place, arguments: &[&str]) -> Value {
    succeeded(&mut command(place, arguments))
}

/// The same of a command that was put together before.
#[track_caller]
pub fn succeeded(command: &mut Command) -> Value {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{command:?}: {said}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The exit code and what was said of a command that does not do it.
#[track_caller]
pub fn refused(place: &Place, arguments: &[&str]) -> (Option<i32>, String) {
    failed(&mut command(place, arguments))
}

/// The same of a command that was put together before.
#[track_caller]
pub fn failed(command: &mut Command) -> (Option<i32>, String) {
    let output = command.output().unwrap();
    assert!(!output.status.success(), "{command:?}");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

//! Programs that the commands call.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use tests::process::is_root;

/// What went wrong, as a sentence for the developer.
pub(crate) type Failure = String;

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    tests::repository().to_owned()
}

/// A program to be run in the root of the repository.
pub(crate) fn program(name: &str) -> Command {
    let mut command = Command::new(name);
    command.current_dir(root());
    command
}

/// Cargo, as it was called.
pub(crate) fn cargo(arguments: &str) -> Command {
    let mut command = program("cargo");
    command.args(arguments.split(' '));
    command
}

/// Runs to the end; what it prints goes to the terminal.
pub(crate) fn call(command: &mut Command) -> Result<(), Failure> {
    eprintln!("$ {}", line(command));
    let status = command.status().map_err(|error| format!("{}: {error}", line(command)))?;
    if status.success() { Ok(()) } else { Err(format!("{}: {status}", line(command))) }
}

/// Runs to the end; what it prints is the answer.
pub(crate) fn output(command: &mut Command) -> Result<String, Failure> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("{}: {error}", line(command)))?;
    if !output.status.success() {
        return Err(format!("{}: {}", line(command), output.status));
    }
    String::from_utf8(output.stdout).map_err(|error| format!("{}: {error}", line(command)))
}

/// Whether the program is there: it answers to `--version`.
pub(crate) fn has(command: &mut Command) -> bool {
    let quiet = command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null());
    quiet.stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// The tools of Debian that are missing are installed, where that is allowed.
pub(crate) fn need(tool: &str, package: &str) -> Result<(), Failure> {
    if has(&mut program(tool)) {
        return Ok(());
    }
    let missing = format!("{tool} is missing: apt-get install {package}");
    if !is_root() {
        return Err(missing);
    }
    call(apt_get().arg("update"))?;
    call(apt_get().args(["install", "--yes", "--no-install-recommends", package]))
        .map_err(|why| format!("{missing} ({why})"))
}

/// Asks nothing, and waits for another that installs.
fn apt_get() -> Command {
    let mut command = program("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive").args(["-o", "DPkg::Lock::Timeout=300"]);
    command
}

fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

//! Lines for the system's journal: to standard error, with the priority in front
//! (`sd-daemon(3)`) unless a person reads there. Nothing that a peer sent is ever in one.

use std::error::Error;
use std::fmt::Arguments;
use std::io::{IsTerminal, Write};
use std::panic::PanicHookInfo;
use std::sync::OnceLock;

/// Whether a person reads. Asked once, as it takes a system call of its own.
static IS_TERMINAL: OnceLock<bool> = OnceLock::new();

/// To be called before the first line, and before the sandbox. From then on a panic is a line too, and
/// ends the program as a failure does: it neither makes a core nor takes a signal to itself. What it
/// says may have come from a peer, so that only its place is told.
pub(crate) fn open() {
    is_terminal();
    std::panic::set_hook(Box::new(end_by_panic));
}

#[expect(clippy::exit, reason = "a panic has nobody to return to")]
fn end_by_panic(panic: &PanicHookInfo<'_>) {
    match panic.location() {
        Some(place) => error(format_args!("this should not have happened: {place}")),
        None => error(format_args!("this should not have happened")),
    }
    std::process::exit(1);
}

fn is_terminal() -> bool {
    *IS_TERMINAL.get_or_init(|| std::io::stderr().is_terminal())
}

/// Something that an operator must act on.
pub(crate) fn error(line: Arguments<'_>) {
    write(3, line);
}

/// Something that an operator should know.
pub(crate) fn warning(line: Arguments<'_>) {
    write(4, line);
}

/// Something that happened as it should.
pub(crate) fn notice(line: Arguments<'_>) {
    write(5, line);
}

/// An error and all that caused it, in one line. A cause that an error already tells of is not told
/// again: other crates repeat theirs.
pub(crate) fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut line = error.to_string();
    for cause in std::iter::successors(error.source(), |&error| error.source()) {
        let cause = cause.to_string();
        if !line.contains(&cause) {
            line = format!("{line}: {cause}");
        }
    }
    line
}

fn write(priority: u8, line: Arguments<'_>) {
    let line = if is_terminal() {
        format!("signerd: {line}\n")
    } else {
        format!("<{priority}>signerd: {line}\n")
    };
    // Nobody can be told that the place for telling is gone.
    drop(std::io::stderr().write_all(line.as_bytes()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::VaultError;

    #[test]
    fn an_error_is_told_with_its_causes() {
        let source = std::io::Error::other("no space left");
        let error = VaultError::Disk { path: "/vault/keys".into(), source };
        assert_eq!(with_causes(&error), "/vault/keys cannot be used: no space left");
        let repeated = std::io::Error::other(error);
        assert_eq!(with_causes(&repeated), "/vault/keys cannot be used: no space left");
        assert_eq!(with_causes(&VaultError::AlreadyOpen), "the vault is open already");
    }
}

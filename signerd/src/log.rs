//! Lines for the system's journal: to standard error, with the priority in front
//! (`sd-daemon(3)`) unless a person reads there. Nothing that a peer sent is ever in one.

use std::error::Error;
use std::fmt::Arguments;
use std::io::{IsTerminal, Write};

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
    let mut stderr = std::io::stderr();
    let written = if stderr.is_terminal() {
        writeln!(stderr, "signerd: {line}")
    } else {
        writeln!(stderr, "<{priority}>signerd: {line}")
    };
    // Nobody can be told that the place for telling is gone.
    drop(written);
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

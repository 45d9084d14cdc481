//! Lines for the system's journal: to standard error, with the priority in front
//! (`sd-daemon(3)`). Nothing that a peer sent is ever in one.

use std::fmt::Arguments;
use std::io::Write;

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

fn write(priority: u8, line: Arguments<'_>) {
    // Nobody can be told that the place for telling is gone.
    drop(writeln!(std::io::stderr(), "<{priority}>signerd: {line}"));
}

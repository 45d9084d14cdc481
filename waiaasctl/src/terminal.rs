//! Questions to whoever sits at the terminal, wherever input and output go.

use std::fs::OpenOptions;
use std::io::{self, BufRead, BufReader, Write};

/// The longest answer that is read, in bytes.
const MAX_ANSWER: u64 = 1024;

/// Asks something that is no secret, and returns the line that is typed.
///
/// # Errors
/// When there is no terminal.
pub(crate) fn ask(question: &str) -> io::Result<String> {
    let mut terminal = OpenOptions::new().read(true).write(true).open("/dev/tty")?;
    terminal.write_all(format!("{question}: ").as_bytes())?;
    let mut line = String::new();
    BufReader::new(io::Read::take(terminal, MAX_ANSWER)).read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

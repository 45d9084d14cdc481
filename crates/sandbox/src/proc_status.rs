//! What the kernel says of this process, in `/proc/thread-self/status` (`proc_pid_status(5)`).

use std::fs::{self, File};
use std::io::Read;

use crate::{SandboxError, refused};

const PATH: &str = "/proc/thread-self/status";
/// Room for the lines up to `Seccomp`, groups in their hundreds included.
const ROOM: usize = 16 * 1024;

/// The status before a layer is set, and the file to read it again by when no more can be opened.
pub(crate) struct ProcStatus {
    before: String,
    after: File,
}

impl ProcStatus {
    /// Of a process that has one thread.
    pub(crate) fn of_only_thread() -> Result<Self, SandboxError> {
        let before = fs::read_to_string(PATH).map_err(refused(PATH))?;
        let after = File::open(PATH).map_err(refused(PATH))?;
        match value(&before, "Threads").and_then(|count| count.parse().ok()) {
            Some(1) => Ok(Self { before, after }),
            Some(count) => Err(SandboxError::Threads(count)),
            None => Err(SandboxError::NotInForce("/proc")),
        }
    }

    /// Whether the kernel was built with seccomp.
    pub(crate) fn has_seccomp(&self) -> bool {
        value(&self.before, "Seccomp").is_some()
    }

    /// Whether a filter is in force now. It takes one read(2).
    pub(crate) fn is_filtered_now(&self) -> Result<bool, SandboxError> {
        let mut text = vec![0; ROOM];
        let length = (&self.after).read(&mut text).map_err(refused(PATH))?;
        text.truncate(length);
        // SECCOMP_MODE_FILTER
        Ok(value(&String::from_utf8_lossy(&text), "Seccomp") == Some("2"))
    }
}

fn value<'a>(status: &'a str, name: &str) -> Option<&'a str> {
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_by_its_whole_name() {
        let status = "Name:\tThreads\nThreads:\t3\nSeccomp:\t0\nSeccomp_filters:\t2\n";
        assert_eq!(value(status, "Threads"), Some("3"));
        assert_eq!(value(status, "Seccomp"), Some("0"));
        assert_eq!(value(status, "Secc"), None);
    }
}

//! What the kernel says of this process, in `/proc/thread-self/status` (`proc_pid_status(5)`).

use std::fs::{self, File};
use std::io::Read;

use crate::{SandboxError, refused};

const PATH: &str = "/proc/thread-self/status";
/// Room for the lines up to `Seccomp_filters`, groups in their hundreds included.
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

    /// Whether so many filters came into force since the status was read first. It takes one read(2).
    pub(crate) fn has_gained_filters(&self, count: u32) -> Result<bool, SandboxError> {
        let mut text = vec![0; ROOM];
        let length = (&self.after).read(&mut text).map_err(refused(PATH))?;
        text.truncate(length);
        Ok(has_gained(&self.before, &String::from_utf8_lossy(&text), count))
    }
}

/// A service has filters of its unit's from the start, so that one is in force says nothing of ours.
/// Kernels before 5.9 do not count them: there it is all that can be seen.
fn has_gained(before: &str, after: &str, count: u32) -> bool {
    let filters = |status| value(status, "Seccomp_filters")?.parse::<u32>().ok();
    // SECCOMP_MODE_FILTER
    let is_filtered = value(after, "Seccomp") == Some("2");
    match (filters(before), filters(after)) {
        (Some(before), Some(after)) => is_filtered && after.checked_sub(before) == Some(count),
        (None, None) => is_filtered,
        (Some(_), None) | (None, Some(_)) => false,
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

    #[test]
    fn a_filter_that_was_there_before_is_none_of_ours() {
        let status = |mode, filters| match filters {
            Some(filters) => format!("Seccomp:\t{mode}\nSeccomp_filters:\t{filters}\n"),
            None => format!("Seccomp:\t{mode}\n"),
        };
        let none = status(0, Some(0));
        for (before, after, count, gained) in [
            (&none, status(2, Some(1)), 1, true),
            (&none, status(2, Some(2)), 2, true),
            (&none, none.clone(), 1, false),
            (&none, status(0, Some(1)), 1, false),
            (&none, status(2, Some(1)), 2, false),
            (&none, status(2, None), 1, false),
            (&status(2, Some(5)), status(2, Some(6)), 1, true),
            (&status(2, Some(5)), status(2, Some(5)), 1, false),
            (&status(2, Some(5)), status(2, Some(6)), 2, false),
            (&status(2, Some(5)), status(2, Some(4)), 1, false),
            (&status(2, Some(5)), "Seccomp_filters:\t6\n".to_owned(), 1, false),
            (&status(0, None), status(2, None), 1, true),
            (&status(0, None), status(0, None), 1, false),
        ] {
            assert_eq!(has_gained(before, &after, count), gained, "{before} {after} {count}");
        }
    }
}

//! A disk that takes no more, by the kernel's own limit on the length of files: a write stops in the
//! middle, and the next one fails.

use nix::sys::resource::{Resource, getrlimit, rlim_t, setrlimit};
use nix::sys::signal::{SigSet, Signal};

/// While it stands, no file of this process becomes longer than it says.
#[derive(Debug)]
#[must_use]
pub(crate) struct Room {
    soft: rlim_t,
    hard: rlim_t,
}

impl Room {
    /// So many bytes for each file, from now on.
    pub(crate) fn of(bytes: u64) -> Result<Self, String> {
        let (soft, hard) = getrlimit(Resource::RLIMIT_FSIZE).map_err(|error| error.to_string())?;
        let limited = setrlimit(Resource::RLIMIT_FSIZE, bytes.min(hard), hard);
        limited.map_err(|error| error.to_string())?;
        Ok(Self { soft, hard })
    }

    /// As before.
    pub(crate) fn lift(self) -> Result<(), String> {
        let lifted = setrlimit(Resource::RLIMIT_FSIZE, self.soft, self.hard);
        lifted.map_err(|error| error.to_string())
    }
}

/// A write beyond the limit is an error then, and not the end of the process.
pub(crate) fn outlive_full_disks() -> Result<(), String> {
    let mut signals = SigSet::empty();
    signals.add(Signal::SIGXFSZ);
    signals.thread_block().map_err(|error| error.to_string())
}

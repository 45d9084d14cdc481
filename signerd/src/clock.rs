//! The only reader of time.
//!
//! The signer's time never runs backwards and never jumps: it starts at the later of the system's
//! clock and the last record of the journal, and goes on by the monotonic clock. A step of the
//! system's clock while the signer runs changes nothing, so no step frees budget.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Seconds since 1970, as the signer counts them.
pub type UnixSeconds = u64;

/// What the time is: by the signer's own clock, which judges, and by the system's, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// By the signer's clock.
    pub now: UnixSeconds,
    /// By the system's clock. It may be wrong.
    pub wall: UnixSeconds,
}

/// The signer's time.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    started_at: Duration,
    started: Instant,
}

impl Clock {
    /// Starts at the system's time, or at `not_before` if that is later.
    pub fn start(not_before: UnixSeconds) -> Self {
        let started_at = system_time().max(Duration::from_secs(not_before));
        Self { started_at, started: Instant::now() }
    }

    /// Now, by both clocks.
    pub fn moment(&self) -> Moment {
        Moment { now: self.now(), wall: system_time().as_secs() }
    }

    /// Now, in seconds.
    pub fn now(&self) -> UnixSeconds {
        self.since_1970().as_secs()
    }

    /// Now, in milliseconds, for what is named by time.
    pub fn now_ms(&self) -> u64 {
        u64::try_from(self.since_1970().as_millis()).unwrap_or(u64::MAX)
    }

    fn since_1970(&self) -> Duration {
        self.started_at.saturating_add(self.started.elapsed())
    }
}

fn system_time() -> Duration {
    #[expect(clippy::disallowed_methods, reason = "this module is where the time comes from")]
    let system = SystemTime::now();
    system.duration_since(UNIX_EPOCH).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_never_starts_before_the_last_record() {
        let far = Clock::start(0).now() + 1_000_000;
        assert!(Clock::start(far).now() >= far);
    }
}

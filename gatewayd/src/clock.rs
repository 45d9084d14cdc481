//! Reads the time. Nothing else in the program does, so that tests can set it.

use std::fmt;
use std::future;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// A point in time in whole seconds since 1970, UTC.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct UnixSeconds(i64);

/// Where the program takes the time from. Clones read the same clock.
#[derive(Clone, Debug)]
pub struct Clock(Source);

/// Moves a clock that was made by [`Clock::settable`].
#[derive(Debug)]
pub struct ClockSetter(watch::Sender<Duration>);

/// A moment that steps of the system's time do not move; belongs to the clock that made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Duration);

#[derive(Clone, Debug)]
enum Source {
    /// The operating system; the instant is the start of the monotonic count.
    System { start: Instant },
    /// Time since 1970, which is the monotonic count too.
    Settable(watch::Receiver<Duration>),
}

impl UnixSeconds {
    /// The point in time `seconds` after the start of 1970.
    pub const fn new(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Seconds since the start of 1970, as SQLite and JSON hold them.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// The point in time that much later, or the last one that there is.
    #[must_use]
    pub fn plus(self, later: Duration) -> Self {
        Self(self.0.saturating_add_unsigned(later.as_secs()))
    }

    /// The point in time that much earlier, or the first one that there is.
    #[must_use]
    pub fn minus(self, earlier: Duration) -> Self {
        Self(self.0.saturating_sub_unsigned(earlier.as_secs()))
    }

    /// How long after `earlier` it is; nothing when it is before.
    pub fn since(self, earlier: Self) -> Duration {
        let seconds = self.0.saturating_sub(earlier.0);
        Duration::from_secs(u64::try_from(seconds).unwrap_or_default())
    }
}

impl fmt::Display for UnixSeconds {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl Clock {
    /// The operating system's clocks.
    pub fn system() -> Self {
        Self(Source::System { start: Instant::now() })
    }

    /// A clock that stands at `start` until its setter moves it.
    pub fn settable(start: UnixSeconds) -> (Self, ClockSetter) {
        let (sender, receiver) = watch::channel(start.since(UnixSeconds::default()));
        (Self(Source::Settable(receiver)), ClockSetter(sender))
    }

    /// The time of day.
    pub fn now(&self) -> UnixSeconds {
        let seconds = self.since_1970().as_secs();
        UnixSeconds(i64::try_from(seconds).unwrap_or(i64::MAX))
    }

    /// The time of day in milliseconds since 1970, for identifiers of version 7.
    pub fn now_ms(&self) -> u64 {
        u64::try_from(self.since_1970().as_millis()).unwrap_or(u64::MAX)
    }

    /// This moment, to be told later how long ago it was.
    pub fn moment(&self) -> Deadline {
        self.deadline(Duration::ZERO)
    }

    /// How long ago a moment was.
    pub fn elapsed(&self, since: Deadline) -> Duration {
        self.monotonic().saturating_sub(since.0)
    }

    /// The moment `after` from now.
    pub fn deadline(&self, after: Duration) -> Deadline {
        Deadline(self.monotonic().saturating_add(after))
    }

    /// What is left until `deadline`; nothing once it has passed.
    pub fn until(&self, deadline: Deadline) -> Duration {
        deadline.0.saturating_sub(self.monotonic())
    }

    /// Whether `deadline` has come.
    pub fn has_passed(&self, deadline: Deadline) -> bool {
        self.until(deadline).is_zero()
    }

    /// Waits for `duration` of this clock's time.
    pub async fn sleep(&self, duration: Duration) {
        let deadline = self.deadline(duration);
        match &self.0 {
            Source::System { .. } => tokio::time::sleep(duration).await,
            Source::Settable(receiver) => {
                let mut receiver = receiver.clone();
                if receiver.wait_for(|now| *now >= deadline.0).await.is_err() {
                    // The setter is gone, so this clock never moves again.
                    future::pending::<()>().await;
                }
            }
        }
    }

    fn since_1970(&self) -> Duration {
        match &self.0 {
            #[expect(clippy::disallowed_methods, reason = "this is the clock module")]
            Source::System { .. } => {
                SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
            }
            Source::Settable(receiver) => *receiver.borrow(),
        }
    }

    fn monotonic(&self) -> Duration {
        match &self.0 {
            Source::System { start } => start.elapsed(),
            Source::Settable(receiver) => *receiver.borrow(),
        }
    }
}

impl ClockSetter {
    /// Moves the clock forward and wakes who waits for it.
    pub fn advance(&self, by: Duration) {
        self.0.send_modify(|now| *now = now.saturating_add(by));
    }

    /// Sets the clock, backwards too.
    pub fn set(&self, now: UnixSeconds) {
        self.0.send_replace(now.since(UnixSeconds::default()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn points_in_time_do_not_overflow() {
        let last = UnixSeconds::new(i64::MAX);
        assert_eq!(last.plus(SECOND), last);
        assert_eq!(UnixSeconds::new(5).minus(SECOND), UnixSeconds::new(4));
        assert_eq!(UnixSeconds::new(5).since(UnixSeconds::new(3)), 2 * SECOND);
        assert_eq!(UnixSeconds::new(3).since(UnixSeconds::new(5)), Duration::ZERO);
    }

    #[test]
    fn the_system_clock_is_past_the_day_this_was_written() {
        let clock = Clock::system();
        assert!(clock.now() > UnixSeconds::new(1_760_000_000));
        assert!(clock.now_ms() / 1_000 >= 1_760_000_000);
        assert!(clock.has_passed(clock.deadline(Duration::ZERO)));
        assert!(!clock.has_passed(clock.deadline(60 * SECOND)));
    }

    #[tokio::test]
    async fn a_settable_clock_moves_only_by_its_setter() {
        let (clock, setter) = Clock::settable(UnixSeconds::new(100));
        let deadline = clock.deadline(10 * SECOND);
        assert_eq!(clock.until(deadline), 10 * SECOND);
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep(10 * SECOND).await }
        });
        tokio::task::yield_now().await;
        setter.advance(9 * SECOND);
        tokio::task::yield_now().await;
        assert!(!sleeper.is_finished());
        setter.advance(SECOND);
        sleeper.await.unwrap();
        assert_eq!(clock.now(), UnixSeconds::new(110));
        assert!(clock.has_passed(deadline));
        setter.set(UnixSeconds::new(50));
        assert_eq!(clock.now_ms(), 50_000);
    }
}

//! Reads the time. Nothing else in the program does, so that tests can set it.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

/// A point in time in whole seconds since 1970, UTC.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct UnixSeconds(i64);

/// Where the program takes the time from. Clones read the same clock.
#[derive(Clone, Debug)]
pub struct Clock {
    source: Source,
    /// The last [`Clock::stamp_ms`].
    stamped: Arc<AtomicU64>,
}

/// Moves a clock that was made by [`Clock::settable`].
#[derive(Debug)]
pub struct ClockSetter(Arc<Hands>);

/// A moment that steps of the system's time do not move; belongs to the clock that made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Duration);

#[derive(Clone, Debug)]
enum Source {
    /// The operating system; the instant is the start of the monotonic count.
    System { start: Instant },
    /// Time since 1970, which is the monotonic count too.
    Settable(Arc<Hands>),
}

/// Of a clock that is set. Who waits is woken in the order in which the waits began, so that the same
/// happens whenever the same is done.
#[derive(Debug)]
struct Hands {
    now: Mutex<Duration>,
    moved: Notify,
}

impl Hands {
    fn now(&self) -> MutexGuard<'_, Duration> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, later: impl FnOnce(Duration) -> Duration) {
        let mut now = self.now();
        *now = later(*now);
        drop(now);
        self.moved.notify_waiters();
    }

    async fn show(&self, deadline: Duration) {
        loop {
            let moved = self.moved.notified();
            if *self.now() >= deadline {
                return;
            }
            moved.await;
        }
    }
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
        Self::from(Source::System { start: Instant::now() })
    }

    /// A clock that stands at `start` until its setter moves it.
    pub fn settable(start: UnixSeconds) -> (Self, ClockSetter) {
        let now = Mutex::new(start.since(UnixSeconds::default()));
        let hands = Arc::new(Hands { now, moved: Notify::new() });
        (Self::from(Source::Settable(Arc::clone(&hands))), ClockSetter(hands))
    }

    /// The time of day.
    pub fn now(&self) -> UnixSeconds {
        let seconds = self.since_1970().as_secs();
        UnixSeconds(i64::try_from(seconds).unwrap_or(i64::MAX))
    }

    /// The time of day in milliseconds since 1970.
    pub fn now_ms(&self) -> u64 {
        u64::try_from(self.since_1970().as_millis()).unwrap_or(u64::MAX)
    }

    /// The same for identifiers of version 7, later than every one before: what was made first comes first,
    /// also within a millisecond (RFC 9562, 6.2).
    pub fn stamp_ms(&self) -> u64 {
        let now = self.now_ms();
        let later = |last: u64| Some(last.saturating_add(1).max(now));
        let last = self.stamped.fetch_update(Ordering::Relaxed, Ordering::Relaxed, later);
        last.ok().and_then(later).unwrap_or(now)
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
        match &self.source {
            Source::System { .. } => tokio::time::sleep(duration).await,
            Source::Settable(hands) => hands.show(deadline.0).await,
        }
    }

    fn since_1970(&self) -> Duration {
        match &self.source {
            #[expect(clippy::disallowed_methods, reason = "this is the clock module")]
            Source::System { .. } => {
                SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
            }
            Source::Settable(hands) => *hands.now(),
        }
    }

    fn monotonic(&self) -> Duration {
        match &self.source {
            Source::System { start } => start.elapsed(),
            Source::Settable(hands) => *hands.now(),
        }
    }
}

impl From<Source> for Clock {
    fn from(source: Source) -> Self {
        Self { source, stamped: Arc::default() }
    }
}

impl ClockSetter {
    /// Moves the clock forward and wakes who waits for it.
    pub fn advance(&self, by: Duration) {
        self.0.set(|now| now.saturating_add(by));
    }

    /// Sets the clock, backwards too.
    pub fn set(&self, now: UnixSeconds) {
        self.0.set(|_now| now.since(UnixSeconds::default()));
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

    #[test]
    fn no_two_stamps_are_the_same_whatever_the_clock_does() {
        let (clock, setter) = Clock::settable(UnixSeconds::new(100));
        let mut stamps = vec![clock.stamp_ms(), clock.clone().stamp_ms()];
        setter.set(UnixSeconds::new(99));
        stamps.push(clock.stamp_ms());
        setter.set(UnixSeconds::new(101));
        stamps.push(clock.stamp_ms());
        assert_eq!(stamps, [100_000, 100_001, 100_002, 101_000]);
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

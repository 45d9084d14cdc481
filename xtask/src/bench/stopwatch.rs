//! Medians: machines are shared and noisy.

use std::time::{Duration, Instant};

/// How often something short is done.
const ROUNDS: u64 = 300;

/// Nanoseconds that something short takes.
pub(super) fn median(work: impl FnMut(u64)) -> u64 {
    median_of(ROUNDS, work)
}

/// Nanoseconds that something takes that is done so often.
pub(super) fn median_of(rounds: u64, mut work: impl FnMut(u64)) -> u64 {
    let times = (0..rounds).map(|round| {
        let started = Instant::now();
        work(round);
        nanoseconds(started.elapsed())
    });
    middle(times.collect())
}

/// The median of several; 0 of none.
pub(super) fn middle(mut times: Vec<u64>) -> u64 {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

pub(super) fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// How often a second, when so many took so long.
pub(super) fn rate(count: u64, took: Duration) -> u64 {
    count.saturating_mul(1_000_000_000) / nanoseconds(took).max(1)
}

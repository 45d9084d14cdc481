//! Waiting for something to become true, with a deadline.

use std::time::{Duration, Instant};

/// How long anything on this machine may take.
pub const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(20);

/// Asks again and again until there is an answer, and panics with `what` when [`PATIENCE`] ends.
#[track_caller]
pub fn until<T>(what: &str, ask: impl FnMut() -> Option<T>) -> T {
    within(PATIENCE, ask).unwrap_or_else(|| panic!("waited {PATIENCE:?} in vain: {what}"))
}

/// Asks again and again until there is an answer or the time is over.
pub fn within<T>(patience: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + patience;
    loop {
        let answer = ask();
        if answer.is_some() || Instant::now() > deadline {
            return answer;
        }
        pause();
    }
}

#[expect(clippy::disallowed_methods, reason = "between two questions to another process")]
fn pause() {
    std::thread::sleep(PAUSE);
}

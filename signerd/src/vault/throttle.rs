//! Slows down whoever guesses passphrases.

use serde::{Deserialize, Serialize};

/// After the first wrong passphrase.
const FIRST_WAIT_MS: u64 = 1_000;
/// However many were wrong.
const LONGEST_WAIT_MS: u64 = 300_000;

/// Wrong passphrases in a row. It is written to disk *before* a passphrase is looked at, so that
/// killing the signer in between gives no free guess.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Throttle {
    failures: u32,
    last_failure_ms: u64,
}

impl Throttle {
    /// What a record counts as that cannot be read: the longest wait, from the first try on.
    pub(super) const UNREADABLE: Self = Self { failures: u32::MAX, last_failure_ms: u64::MAX };

    /// Milliseconds until a passphrase may be looked at. A clock that was set back makes the wait
    /// start again, never longer.
    pub(super) fn wait_ms(&mut self, now_ms: u64) -> u64 {
        self.last_failure_ms = self.last_failure_ms.min(now_ms);
        let waited = now_ms.saturating_sub(self.last_failure_ms);
        self.penalty_ms().saturating_sub(waited)
    }

    /// The state after one more wrong passphrase.
    pub(super) fn after_failure(self, now_ms: u64) -> Self {
        Self { failures: self.failures.saturating_add(1), last_failure_ms: now_ms }
    }

    /// One second, doubled with each failure, up to five minutes.
    fn penalty_ms(self) -> u64 {
        let Some(doublings) = self.failures.checked_sub(1) else { return 0 };
        let factor = 1_u64.checked_shl(doublings).unwrap_or(u64::MAX);
        FIRST_WAIT_MS.saturating_mul(factor).min(LONGEST_WAIT_MS)
    }
}

/// Whole seconds, rounded up, as refusals say them.
pub(super) fn in_seconds(wait_ms: u64) -> u32 {
    u32::try_from(wait_ms.div_ceil(1_000)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_five_minutes() {
        let waits = [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300];
        for (failures, seconds) in (0..).zip(waits) {
            let throttle = Throttle { failures, last_failure_ms: 1_000_000 };
            assert_eq!(throttle.penalty_ms(), seconds * 1_000, "{failures} failures");
        }
        for failures in [63, 64, 65, 66, u32::MAX] {
            let throttle = Throttle { failures, last_failure_ms: 0 };
            assert_eq!(throttle.penalty_ms(), LONGEST_WAIT_MS, "{failures} failures");
        }
    }

    #[test]
    fn the_wait_ends_exactly_when_it_is_over() {
        let mut throttle = Throttle::default().after_failure(10_000).after_failure(20_000);
        for (now_ms, left) in [(20_000, 2_000), (21_999, 1), (22_000, 0), (u64::MAX, 0)] {
            assert_eq!(throttle.wait_ms(now_ms), left, "at {now_ms}");
        }
        assert_eq!(in_seconds(1), 1);
        assert_eq!(in_seconds(2_000), 2);
    }

    #[test]
    fn a_clock_that_was_set_back_restarts_the_wait() {
        let mut throttle = Throttle::default().after_failure(1_000_000);
        assert_eq!(throttle.wait_ms(5_000), 1_000);
        assert_eq!(throttle.wait_ms(6_000), 0);
    }

    #[test]
    fn an_unreadable_record_is_the_longest_wait() {
        let mut throttle = Throttle::UNREADABLE;
        assert_eq!(throttle.wait_ms(7), LONGEST_WAIT_MS);
        assert_eq!(throttle.after_failure(7).wait_ms(7), LONGEST_WAIT_MS);
    }
}

//! How often a wallet may be asked for: signatures and announcements in an hour and a day.

use protocol::{Refusal, RefusalCode};

use super::{Guard, Span, Windows};
use crate::clock::UnixSeconds;

/// The most requests of each window, inclusive; as many as there are where absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Pace {
    pub(super) hour: Option<u32>,
    pub(super) day: Option<u32>,
}

impl Guard {
    /// Whether one more signature or announcement is within the pace.
    ///
    /// # Errors
    /// A refusal that says when there is room again.
    pub fn check_pace(&self, windows: &Windows, now: UnixSeconds) -> Result<(), Refusal> {
        for (span, most, name) in
            [(Span::Hour, self.pace.hour, "hour"), (Span::Day, self.pace.day, "day")]
        {
            let Some(most) = most else { continue };
            if let Some(later) = windows.next_request(span, most, now) {
                let retry_after_seconds = u32::try_from(later).unwrap_or(u32::MAX);
                let message = format!(
                    "{most} signatures and announcements in the last {name}, which is the limit; \
                     there is room again in {retry_after_seconds} s"
                );
                let code = RefusalCode::TooManyRequests;
                return Err(Refusal { code, message, retry_after_seconds });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use primitives::Chain;

    use super::*;

    const NOW: UnixSeconds = 1_800_000_000;

    fn guard(text: &str) -> Guard {
        Guard::from_toml(text, Chain::Evm).unwrap()
    }

    #[test]
    fn the_last_of_an_hour_passes_and_one_more_waits_until_the_first_is_over() {
        let guard = guard("requests_per_hour = 3");
        let mut windows = Windows::default();
        for at in [NOW, NOW + 600, NOW + 1200] {
            assert_eq!(guard.check_pace(&windows, at), Ok(()));
            windows.add_request(at);
        }
        let refusal = guard.check_pace(&windows, NOW + 1200).unwrap_err();
        assert_eq!(refusal.code, RefusalCode::TooManyRequests);
        let free_at = NOW + 1200 + u64::from(refusal.retry_after_seconds);
        assert!(guard.check_pace(&windows, free_at - 1).is_err());
        assert_eq!(guard.check_pace(&windows, free_at), Ok(()));
        assert_eq!(free_at, NOW + 3600 + 60, "the first is counted by its minute");
    }

    #[test]
    fn a_day_is_counted_apart_and_without_a_limit_nothing_is_refused() {
        let day = guard("requests_per_hour = 2\nrequests_per_day = 3");
        let mut windows = Windows::default();
        for hours in [0, 2, 4] {
            let at = NOW + hours * 3600;
            assert_eq!(day.check_pace(&windows, at), Ok(()));
            windows.add_request(at);
        }
        assert!(day.check_pace(&windows, NOW + 6 * 3600).is_err());
        assert_eq!(guard("").check_pace(&windows, NOW + 6 * 3600), Ok(()));
    }
}

//! How often a wallet may be asked for: signatures and announcements in an hour and a day.

use protocol::{Refusal, RefusalCode};

use super::judge::MAX_ASSETS;
use super::{Enrolment, Guard, NetworkRule, Span, Windows};
use crate::clock::UnixSeconds;

/// The most requests of each window, inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pace {
    pub(super) hour: u32,
    pub(super) day: u32,
}

/// Where the guard does not say: one a second for an hour, and 20,000 in a day.
impl Default for Pace {
    fn default() -> Self {
        Self { hour: 3600, day: 20_000 }
    }
}

impl Guard {
    /// The most signatures and announcements in 24 hours.
    pub(crate) fn requests_a_day(&self) -> u64 {
        let hours = Span::Day.seconds().div_ceil(Span::Hour.seconds());
        u64::from(self.pace.hour).saturating_mul(hours).min(self.pace.day.into())
    }

    /// The most assets that one signature moves without owners, or with those that who asks may have
    /// made of himself.
    pub(crate) fn assets_a_signature(&self) -> usize {
        if self.owner_enrolment == Enrolment::FirstUse {
            return MAX_ASSETS;
        }
        let most = |rule: &NetworkRule| match rule {
            NetworkRule::Open => MAX_ASSETS,
            NetworkRule::Limited(limits) => limits.assets.len().min(MAX_ASSETS),
        };
        self.networks.values().map(most).max().unwrap_or_default()
    }

    /// Whether one more signature or announcement is within the pace.
    ///
    /// # Errors
    /// A refusal that says when there is room again.
    pub fn check_pace(&self, windows: &Windows, now: UnixSeconds) -> Result<(), Refusal> {
        for (span, most, name) in
            [(Span::Hour, self.pace.hour, "hour"), (Span::Day, self.pace.day, "day")]
        {
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
    fn a_day_has_the_requests_of_its_hours_or_fewer() {
        for (text, most) in [
            ("", 20_000),
            ("requests_per_day = 7", 7),
            ("requests_per_hour = 7", 7 * 24),
            ("requests_per_hour = 7\nrequests_per_day = 167", 167),
            ("requests_per_hour = 7\nrequests_per_day = 169", 168),
        ] {
            assert_eq!(guard(text).requests_a_day(), most, "{text}");
        }
    }

    #[test]
    fn a_signature_moves_what_its_network_lists_or_on_an_open_one_as_much_as_any() {
        let native = "[network.\"eip155:1\".native]\nimmediate = { per_day = \"1\" }\n";
        let open = "[network.\"eip155:5\"]\nopen = true\n";
        for (text, most) in [
            (String::new(), 0),
            (native.to_owned(), 1),
            (native.replace(":1", ":2") + native, 1),
            (native.to_owned() + open, 128),
            (format!("owner_enrolment = \"operator\"\n{native}"), 1),
            (format!("owner_enrolment = \"first-use\"\n{native}"), 128),
        ] {
            assert_eq!(guard(&text).assets_a_signature(), most, "{text}");
        }
    }

    #[test]
    fn a_day_is_counted_apart_and_where_the_guard_says_nothing_there_are_many() {
        let day = guard("requests_per_hour = 2\nrequests_per_day = 3");
        let mut windows = Windows::default();
        for hours in [0, 2, 4] {
            let at = NOW + hours * 3600;
            assert_eq!(day.check_pace(&windows, at), Ok(()));
            windows.add_request(at);
        }
        assert!(day.check_pace(&windows, NOW + 6 * 3600).is_err());
        let many = guard("");
        let mut windows = Windows::default();
        for number in 0..3600 {
            assert_eq!(many.check_pace(&windows, NOW), Ok(()), "{number}");
            windows.add_request(NOW);
        }
        assert!(many.check_pace(&windows, NOW).is_err());
    }
}

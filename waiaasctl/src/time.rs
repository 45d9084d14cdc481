//! Times: the system's, and how people read them.

use nix::time::{ClockId, clock_gettime};

/// The system's clock, in Unix milliseconds; 0 where it stands before 1970.
pub(crate) fn now_ms() -> u64 {
    let now = clock_gettime(ClockId::CLOCK_REALTIME).ok();
    let now = now.and_then(|now| {
        let seconds = u64::try_from(now.tv_sec()).ok()?;
        let ms = u64::try_from(now.tv_nsec()).ok()? / 1_000_000;
        seconds.checked_mul(1_000)?.checked_add(ms)
    });
    now.unwrap_or_default()
}

/// A Unix time in seconds as `2026-11-22 16:24:47Z`.
pub(crate) fn utc(unix_seconds: u64) -> String {
    let (day, second) = (unix_seconds / 86_400, unix_seconds % 86_400);
    let (year, month, day) = civil(day);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}Z")
}

/// A length of time in its two largest units, such as `2 d 3 h` or `45 s`.
pub(crate) fn span(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min {} s", seconds % 60),
        (0, _, _) => format!("{hours} h {} min", minutes % 60),
        (_, _, _) => format!("{days} d {} h", hours % 24),
    }
}

/// The Unix time of a date and a clock in UTC; `None` where the calendar has no such time.
pub(crate) fn of((year, month, day): (u64, u64, u64), clock: (u64, u64, u64)) -> Option<u64> {
    let (hour, minute, second) = clock;
    if hour > 23 || minute > 59 || second > 59 || year < 1970 || !(1..=12).contains(&month) {
        return None;
    }
    // Later than all days of the months before, and no later than this day: one look forward does.
    let least = year.checked_sub(1970)?.checked_mul(365)?.checked_add((month - 1) * 28)?;
    let days =
        (least..least.checked_add(2_000)?).find(|days| civil(*days) == (year, month, day))?;
    days.checked_mul(86_400)?.checked_add(hour * 3600 + minute * 60 + second)
}

/// Year, month and day of a day since 1970, by the rules of the Gregorian calendar: years are
/// counted from March, so that the leap day ends them.
const fn civil(days_since_1970: u64) -> (u64, u64, u64) {
    const DAYS_FROM_YEAR_0: u64 = 719_468;
    const ERA: u64 = 146_097;
    let days = days_since_1970.saturating_add(DAYS_FROM_YEAR_0);
    let (era, day_of_era) = (days / ERA, days % ERA);
    let leap_free = day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096;
    let year_of_era = leap_free / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = era * 400 + year_of_era + if month <= 2 { 1 } else { 0 };
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_their_two_largest_units() {
        for (seconds, text) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min 0 s"),
            (3599, "59 min 59 s"),
            (3600, "1 h 0 min"),
            (86_399, "23 h 59 min"),
            (86_400, "1 d 0 h"),
            (10 * 86_400 + 7200, "10 d 2 h"),
        ] {
            assert_eq!(span(seconds), text);
        }
    }

    #[test]
    fn times_are_those_of_the_calendar_in_both_directions() {
        for (unix, text) in [
            (0, "1970-01-01 00:00:00Z"),
            (951_782_399, "2000-02-28 23:59:59Z"),
            (951_782_400, "2000-02-29 00:00:00Z"),
            (1_709_251_199, "2024-02-29 23:59:59Z"),
            (1_735_689_599, "2024-12-31 23:59:59Z"),
            (1_735_689_600, "2025-01-01 00:00:00Z"),
            (4_107_542_400, "2100-03-01 00:00:00Z"),
        ] {
            assert_eq!(utc(unix), text);
            let number = |from: usize, to: usize| text[from..to].parse::<u64>().unwrap();
            let date = (number(0, 4), number(5, 7), number(8, 10));
            let clock = (number(11, 13), number(14, 16), number(17, 19));
            assert_eq!(of(date, clock), Some(unix), "{text}");
        }
        for (date, clock) in [
            ((2026, 2, 29), (0, 0, 0)),
            ((2026, 13, 1), (0, 0, 0)),
            ((2026, 0, 1), (0, 0, 0)),
            ((2026, 1, 0), (0, 0, 0)),
            ((1969, 12, 31), (0, 0, 0)),
            ((2026, 1, 1), (24, 0, 0)),
            ((2026, 1, 1), (0, 60, 0)),
            ((2026, 1, 1), (0, 0, 60)),
            ((u64::MAX, 1, 1), (0, 0, 0)),
        ] {
            assert_eq!(of(date, clock), None, "{date:?} {clock:?}");
        }
    }
}

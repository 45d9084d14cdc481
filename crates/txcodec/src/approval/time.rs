//! Unix seconds as people read them.

const DAY_SECONDS: u64 = 86_400;
const LAST_YEAR: u64 = 9999;

/// RFC 3339 in UTC, such as `2026-11-22T16:25:24Z`; `None` after the year 9999, which it cannot
/// write.
pub(super) fn rfc3339(unix_seconds: u64) -> Option<String> {
    let of_day = unix_seconds % DAY_SECONDS;
    let (hour, minute, second) = (of_day / 3600, of_day % 3600 / 60, of_day % 60);
    let (year, day_of_year) = split(1970..=LAST_YEAR, unix_seconds / DAY_SECONDS, year_days)?;
    let (month, day_of_month) = split(1..=12, day_of_year, |month| month_days(year, month))?;
    let day = day_of_month.saturating_add(1);
    Some(format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"))
}

/// The span that the day falls in, and its place in it from zero.
fn split(
    mut spans: impl Iterator<Item = u64>,
    mut day: u64,
    days: impl Fn(u64) -> u64,
) -> Option<(u64, u64)> {
    spans.find_map(|span| match day.checked_sub(days(span)) {
        Some(rest) => {
            day = rest;
            None
        }
        None => Some((span, day)),
    })
}

fn year_days(year: u64) -> u64 {
    if is_leap(year) { 366 } else { 365 }
}

fn month_days(year: u64, month: u64) -> u64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The rule of the Gregorian calendar.
fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `date -u --date=@N +%FT%TZ` writes them.
    #[test]
    fn unix_seconds_are_written_as_date_writes_them() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (86_399, "1970-01-01T23:59:59Z"),
            (86_400, "1970-01-02T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_709_164_800, "2024-02-29T00:00:00Z"),
            (1_735_689_599, "2024-12-31T23:59:59Z"),
            (1_795_364_724, "2026-11-22T16:25:24Z"),
            (4_107_542_399, "2100-02-28T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(rfc3339(seconds).as_deref(), Some(text));
        }
        assert_eq!(rfc3339(253_402_300_800), None);
        assert_eq!(rfc3339(u64::MAX), None);
    }
}

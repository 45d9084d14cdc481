//! When a wallet works: outside of its hours and days everything needs owners. The system's clock
//! says when that is, as the hours are people's.

use std::fmt;
use std::str::FromStr;

use crate::clock::UnixSeconds;

const DAY_MINUTES: u16 = 24 * 60;
const NAMES: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Hours and days; always where absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Schedule {
    pub(super) hours: Option<Hours>,
    pub(super) days: Option<Days>,
}

/// A part of each day (UTC), which may go on past midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hours {
    /// Minutes after midnight, inclusive.
    from: u16,
    /// Minutes after midnight, exclusive.
    until: u16,
}

/// Days of the week (UTC), Monday first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Days([bool; 7]);

/// The text is no such part of a day or week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// No hours.
    #[error(
        "expected hours such as \"08:00-18:00\" (UTC), that begin at another time than they end"
    )]
    Hours,
    /// No days.
    #[error("expected days such as \"mon-fri\" or \"mon,wed,sat-sun\"")]
    Days,
}

impl Schedule {
    /// Whether the wallet works at `wall`.
    pub(super) fn is_open(self, wall: UnixSeconds) -> bool {
        let minutes = wall.checked_div(60).unwrap_or_default();
        let minute = minutes.checked_rem(DAY_MINUTES.into()).unwrap_or_default();
        let day = minutes.checked_div(DAY_MINUTES.into()).unwrap_or_default();
        self.hours.is_none_or(|hours| hours.has(minute))
            && self.days.is_none_or(|days| days.has(day))
    }
}

impl Hours {
    fn has(self, minute: u64) -> bool {
        let (from, until) = (u64::from(self.from), u64::from(self.until));
        if from < until {
            from <= minute && minute < until
        } else {
            from <= minute || minute < until
        }
    }

    /// Whether every minute of it is one of `other` too.
    pub(super) fn is_within(self, other: Self) -> bool {
        (0..u64::from(DAY_MINUTES)).all(|minute| !self.has(minute) || other.has(minute))
    }
}

impl Days {
    /// Whether it has the day that is so many days after 1970-01-01, which was a Thursday.
    fn has(self, day: u64) -> bool {
        let place = day.saturating_add(3).checked_rem(7).unwrap_or_default();
        let place = usize::try_from(place).unwrap_or_default();
        self.0.get(place).copied().unwrap_or_default()
    }

    /// Whether every day of it is one of `other` too.
    pub(super) fn is_within(self, other: Self) -> bool {
        self.0.into_iter().zip(other.0).all(|(own, other)| !own || other)
    }
}

/// `HH:MM-HH:MM`.
impl FromStr for Hours {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        let (from, until) = text.split_once('-').ok_or(ScheduleError::Hours)?;
        let hours = minutes(from).zip(minutes(until)).map(|(from, until)| Self { from, until });
        hours
            .filter(|hours| hours.from != hours.until && hours.from < DAY_MINUTES)
            .ok_or(ScheduleError::Hours)
    }
}

fn minutes(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |text: &str| -> Option<u16> {
        let is_plain = text.len() == 2 && text.bytes().all(|digit| digit.is_ascii_digit());
        text.parse().ok().filter(|_| is_plain)
    };
    let minutes = number(minutes).filter(|minutes| *minutes < 60)?;
    number(hours)?.checked_mul(60)?.checked_add(minutes).filter(|all| *all <= DAY_MINUTES)
}

/// Names of days, or the first and last of some, with commas between.
impl FromStr for Days {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        let place = |name: &str| NAMES.iter().position(|known| *known == name);
        let mut days = [false; 7];
        for part in text.split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last) = place(first).zip(place(last)).ok_or(ScheduleError::Days)?;
            // A week may go on past Sunday.
            let until = if last < first { last.saturating_add(7) } else { last };
            for (place, day) in days.iter_mut().enumerate() {
                let next_week = place.saturating_add(7);
                *day |= (first..=until).contains(&place) || (first..=until).contains(&next_week);
            }
        }
        Ok(Self(days))
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clock = |minutes: u16| {
            let hours = minutes.checked_div(60).unwrap_or_default();
            (hours, minutes.checked_rem(60).unwrap_or_default())
        };
        let ((from_hour, from), (until_hour, until)) = (clock(self.from), clock(self.until));
        write!(formatter, "{from_hour:02}:{from:02}-{until_hour:02}:{until:02}")
    }
}

impl fmt::Display for Days {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = NAMES.into_iter().zip(self.0).filter(|(_, has)| *has);
        formatter.write_str(&named.map(|(name, _)| name).collect::<Vec<_>>().join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Monday, 2027-01-18, 00:00 UTC.
    const MONDAY: UnixSeconds = 1_800_230_400;
    const HOUR: u64 = 3600;

    fn schedule(hours: Option<&str>, days: Option<&str>) -> Schedule {
        let hours = hours.map(|text| text.parse().unwrap());
        Schedule { hours, days: days.map(|text| text.parse().unwrap()) }
    }

    #[test]
    fn hours_begin_with_their_first_second_and_end_before_their_last() {
        let day = schedule(Some("08:00-18:30"), None);
        let night = schedule(Some("22:00-06:00"), None);
        let end = 18 * HOUR + 1800;
        for (after, in_day, in_night) in [
            (0, false, true),
            (6 * HOUR - 1, false, true),
            (6 * HOUR, false, false),
            (8 * HOUR - 1, false, false),
            (8 * HOUR, true, false),
            (end - 1, true, false),
            (end, false, false),
            (22 * HOUR, false, true),
        ] {
            let at = MONDAY + after;
            assert_eq!((day.is_open(at), night.is_open(at)), (in_day, in_night), "{after} s");
        }
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        let open = |text| -> Vec<u64> {
            let days = schedule(None, Some(text));
            (0..7).filter(|day| days.is_open(MONDAY + day * 24 * HOUR)).collect()
        };
        assert_eq!(open("mon-fri"), [0, 1, 2, 3, 4]);
        assert_eq!(open("sat-mon"), [0, 5, 6]);
        assert_eq!(open("wed,sun"), [2, 6]);
        assert!(schedule(None, None).is_open(0));
    }

    #[test]
    fn what_is_written_is_read_again_and_anything_else_is_refused() {
        for text in ["08:00-18:30", "22:00-06:00", "00:00-24:00"] {
            assert_eq!(text.parse::<Hours>().unwrap().to_string(), text);
        }
        for text in
            ["", "8-18", "08:00", "08:00-08:00", "08:60-10:00", "24:00-08:00", "+8:00-09:00"]
        {
            assert_eq!(text.parse::<Hours>(), Err(ScheduleError::Hours), "{text}");
        }
        assert_eq!("mon-wed,fri".parse::<Days>().unwrap().to_string(), "mon,tue,wed,fri");
        for text in ["", "monday", "mon-", "mon;tue", "Mon"] {
            assert_eq!(text.parse::<Days>(), Err(ScheduleError::Days), "{text}");
        }
    }

    #[test]
    fn a_part_is_within_the_whole_and_not_the_other_way_round() {
        let hours = |text: &str| text.parse::<Hours>().unwrap();
        let days = |text: &str| text.parse::<Days>().unwrap();
        assert!(hours("09:00-18:00").is_within(hours("08:00-18:00")));
        assert!(!hours("08:00-18:01").is_within(hours("08:00-18:00")));
        assert!(hours("23:00-01:00").is_within(hours("22:00-06:00")));
        assert!(
            days("sat").is_within(days("sat-sun")) && !days("fri-sat").is_within(days("sat-sun"))
        );
    }
}

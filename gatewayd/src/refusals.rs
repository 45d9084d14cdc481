//! Which refusals the audit trail tells of: of one kind the first in a minute at once, and how many
//! more there were when the minute is over; and of all kinds so many a day, and how many more there
//! were when the day is over. Nobody fills the disk by being refused.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use api::ErrorCode;

use crate::asker::Connection;
use crate::clock::UnixSeconds;
use crate::store::SessionId;

/// How long one entry stands for all of its kind.
pub const QUIET: Duration = Duration::from_mins(1);
/// Kinds that are told apart at once.
const MAX_KINDS: usize = 256;
/// Entries about refusals in one day: six megabytes.
const MAX_TOLD_A_DAY: u32 = 10_000;
/// A day of UTC, by the gateway's clock.
pub const DAY: Duration = Duration::from_hours(24);

/// What is alike in two refusals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kind {
    /// Why.
    pub code: ErrorCode,
    /// Whose request, where it is a session's.
    pub session: Option<SessionId>,
    /// Where it came from.
    pub connection: Connection,
}

/// What is to be done about a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Said {
    /// It is the first of its kind: the trail tells of it.
    Now,
    /// It is counted, and told of with others of its kind.
    Later,
}

/// Refusals that were counted and are not told of yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeated {
    /// More of one kind in a minute.
    Kind(Kind, u64),
    /// In a minute, where there were too many kinds to tell them apart.
    Others(u64),
    /// In a day of which the trail has told enough: each refusal that no other entry counts.
    LeftOut(u64),
}

/// The refusals of the last minute, and how many of the day were told of.
#[derive(Debug, Default)]
pub struct Refusals(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    kinds: BTreeMap<Kind, Count>,
    /// Of kinds for which there was no room.
    others: u64,
    today: Day,
    /// Of the days before, and not told of yet.
    left_out_before: u64,
}

/// What the trail was told in one day.
#[derive(Debug, Default)]
struct Day {
    /// Days since 1970.
    number: i64,
    /// Entries.
    told: u32,
    /// Refusals that no entry counts.
    left_out: u64,
}

#[derive(Debug)]
struct Count {
    first: UnixSeconds,
    more: u64,
}

impl Count {
    /// A clock that was set back ends it too.
    fn is_over(&self, now: UnixSeconds) -> bool {
        now < self.first || now.since(self.first) >= QUIET
    }
}

impl Counts {
    /// Another day than before ends that one; a clock that was set back does it too.
    fn turn_to(&mut self, now: UnixSeconds) {
        let number = now.get().div_euclid(DAY.as_secs().cast_signed());
        if number != self.today.number {
            let over = std::mem::replace(&mut self.today, Day { number, ..Day::default() });
            self.left_out_before = self.left_out_before.saturating_add(over.left_out);
        }
    }
}

impl Day {
    /// Whether there is another entry for so many refusals; they are left out else.
    fn tells(&mut self, times: u64) -> bool {
        let tells = self.told < MAX_TOLD_A_DAY;
        if tells {
            self.told = self.told.saturating_add(1);
        } else {
            self.left_out = self.left_out.saturating_add(times);
        }
        tells
    }
}

impl Refusals {
    /// Counts a refusal.
    pub fn count(&self, kind: Kind, now: UnixSeconds) -> Said {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.turn_to(now);
        if let Some(count) = counts.kinds.get_mut(&kind) {
            count.more = count.more.saturating_add(1);
            return Said::Later;
        }
        if counts.kinds.len() >= MAX_KINDS {
            counts.others = counts.others.saturating_add(1);
            return Said::Later;
        }
        counts.kinds.insert(kind, Count { first: now, more: 0 });
        if counts.today.tells(1) { Said::Now } else { Said::Later }
    }

    /// Forgets kinds whose minute is over, and hands out what was counted of them; and what the days
    /// before left out.
    pub fn take_over(&self, now: UnixSeconds) -> Vec<Repeated> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.turn_to(now);
        let Counts { kinds, others, today, left_out_before } = &mut *counts;
        let mut repeated = Vec::new();
        let before = kinds.len();
        kinds.retain(|kind, count| {
            let is_over = count.is_over(now);
            if is_over && count.more > 0 && today.tells(count.more) {
                repeated.push(Repeated::Kind(*kind, count.more));
            }
            !is_over
        });
        if *others > 0 && kinds.len() < before {
            let times = std::mem::take(others);
            if today.tells(times) {
                repeated.push(Repeated::Others(times));
            }
        }
        // One entry a day ends what the day before left out, whatever else is told today.
        let left_out = std::mem::take(left_out_before);
        if left_out > 0 {
            repeated.push(Repeated::LeftOut(left_out));
        }
        repeated
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    const START: UnixSeconds = UnixSeconds::new(1_000);

    fn kind(user: u32) -> Kind {
        let connection = Connection::Socket(Some(user));
        Kind { code: ErrorCode::InvalidToken, session: None, connection }
    }

    fn after(seconds: u64) -> UnixSeconds {
        START.plus(Duration::from_secs(seconds))
    }

    #[test]
    fn one_of_a_kind_is_told_at_once_and_the_others_when_its_minute_is_over() {
        let refusals = Refusals::default();
        assert_eq!(refusals.count(kind(1), START), Said::Now);
        for _again in 0..1_000 {
            assert_eq!(refusals.count(kind(1), after(59)), Said::Later);
        }
        assert_eq!(refusals.take_over(after(59)), []);
        let told = Repeated::Kind(kind(1), 1_000);
        assert_eq!(refusals.take_over(after(60)), [told]);
        assert_eq!(refusals.take_over(after(60)), []);
        assert_eq!(refusals.count(kind(1), after(60)), Said::Now);
    }

    #[test]
    fn another_code_or_address_is_another_kind() {
        let refusals = Refusals::default();
        let address = Connection::Tcp(IpAddr::V4(Ipv4Addr::LOCALHOST));
        for kind in [
            kind(1),
            kind(2),
            Kind { code: ErrorCode::TokenExpired, ..kind(1) },
            Kind { connection: address, ..kind(1) },
        ] {
            assert_eq!(refusals.count(kind, START), Said::Now);
        }
        assert_eq!(refusals.take_over(after(60)), [], "each was told, and none repeated");
    }

    #[test]
    fn memory_is_bounded_and_nothing_goes_uncounted() {
        let refusals = Refusals::default();
        let told = (0..1_000).filter(|user| refusals.count(kind(*user), START) == Said::Now);
        assert_eq!(told.count(), MAX_KINDS);
        let others = u64::try_from(1_000 - MAX_KINDS).unwrap();
        assert_eq!(refusals.take_over(after(60)), [Repeated::Others(others)]);
        assert_eq!(refusals.count(kind(999), after(60)), Said::Now);
    }

    /// Asks as somebody else so many times, each in a minute of its own.
    fn told_of(refusals: &Refusals, minutes: std::ops::Range<u64>) -> usize {
        let told = |minute: u64| {
            let now = UnixSeconds::new(0).plus(Duration::from_secs(minute));
            drop(refusals.take_over(now));
            refusals.count(kind(u32::try_from(minute).unwrap()), now) == Said::Now
        };
        minutes.filter(|minute| told(*minute)).count()
    }

    #[test]
    fn a_day_tells_so_much_and_the_next_one_how_much_was_left_out() {
        let refusals = Refusals::default();
        let most = usize::try_from(MAX_TOLD_A_DAY).unwrap();
        assert_eq!(told_of(&refusals, 0..10_000), most);
        let silent = UnixSeconds::new(86_399);
        for _again in 0..7 {
            assert_eq!(refusals.count(kind(99_999), silent), Said::Later);
        }
        assert_eq!(refusals.take_over(silent), [], "the day is not over");
        let morning = UnixSeconds::new(86_400);
        assert_eq!(refusals.take_over(morning), [Repeated::LeftOut(1)]);
        assert_eq!(refusals.count(kind(1), morning), Said::Now, "it is another day");
        let minute_over = UnixSeconds::new(86_459);
        let repeated = Repeated::Kind(kind(99_999), 6);
        assert_eq!(refusals.take_over(minute_over), [repeated], "what was repeated is told today");
        assert_eq!(refusals.take_over(UnixSeconds::new(2 * 86_400)), [], "nothing was left out");
    }

    #[test]
    fn nothing_is_left_uncounted_however_much_is_refused_in_a_day() {
        let refusals = Refusals::default();
        let (mut told, mut counted, mut asked) = (0_u64, 0_u64, 0_u64);
        let mut take = |now| {
            for repeated in refusals.take_over(now) {
                let (Repeated::Kind(_, times) | Repeated::Others(times) | Repeated::LeftOut(times)) =
                    repeated;
                counted += times;
            }
        };
        for minute in 0..60 {
            let now = UnixSeconds::new(minute * 60);
            take(now);
            for user in 0..600_u32 {
                for _twice in 0..2 {
                    asked += 1;
                    told += u64::from(refusals.count(kind(user), now) == Said::Now);
                }
            }
        }
        take(UnixSeconds::new(86_400));
        assert_eq!(told + counted, asked);
        assert!(told < u64::from(MAX_TOLD_A_DAY), "{told}");
    }

    #[test]
    fn a_clock_that_was_set_back_silences_nothing() {
        let refusals = Refusals::default();
        assert_eq!(refusals.count(kind(1), START), Said::Now);
        assert_eq!(refusals.take_over(UnixSeconds::new(10)), []);
        assert_eq!(refusals.count(kind(1), UnixSeconds::new(10)), Said::Now);
    }
}

//! Which refusals the audit trail tells of: of one kind the first in a minute at once, and how many
//! more there were when the minute is over; and of all that one party is refused so many a day, and how
//! many more there were when the day is over. Nobody fills the disk by being refused, and nobody else's
//! refusals go untold because of it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use api::ErrorCode;

use crate::asker::Connection;
use crate::clock::UnixSeconds;
use crate::store::audit::Actor;
use crate::store::{Reading, SessionId, StoreError};

/// The event of a refusal.
pub const REFUSED: &str = "REQUEST_REFUSED";
/// The event of more of one kind.
pub const REPEATED: &str = "REQUESTS_REFUSED";
/// How long one entry stands for all of its kind.
pub const QUIET: Duration = Duration::from_mins(1);
/// Kinds that are told apart at once.
const MAX_KINDS: usize = 256;
/// A day of UTC, by the gateway's clock.
pub const DAY: Duration = Duration::from_hours(24);

/// What is alike in two refusals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kind {
    /// Why.
    pub code: ErrorCode,
    /// Whose request, as far as they proved it.
    pub actor: Actor,
    /// Where it came from.
    pub connection: Connection,
}

/// Those who use up one number of entries a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Party {
    /// All who proved nothing.
    Strangers,
    /// One session.
    Session(SessionId),
    /// All owners.
    Owners,
    /// All operators, by password or at the socket.
    Operators,
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
    /// In a day of which the trail has told enough of that party: each refusal that no other entry
    /// counts.
    LeftOut(Party, u64),
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
    left_out_before: BTreeMap<Party, u64>,
}

/// What the trail was told in one day.
#[derive(Debug, Default)]
struct Day {
    /// Days since 1970.
    number: i64,
    /// Of each party: there are no more than sessions.
    told: BTreeMap<Party, Told>,
}

#[derive(Debug, Default)]
struct Told {
    entries: u32,
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

impl Party {
    /// Of whom that is one.
    pub const fn of(actor: Actor) -> Self {
        match actor {
            Actor::Session(session) => Self::Session(session),
            Actor::Owner(_) => Self::Owners,
            Actor::Operator | Actor::System => Self::Operators,
            Actor::Unknown => Self::Strangers,
        }
    }

    /// Entries about its refusals in one day: of all but sessions together eight megabytes.
    const fn most(self) -> u32 {
        match self {
            Self::Strangers => 10_000,
            Self::Owners | Self::Operators => 2_000,
            Self::Session(_) => 500,
        }
    }
}

impl fmt::Display for Party {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Strangers => formatter.write_str("strangers"),
            Self::Session(session) => write!(formatter, "session:{session}"),
            Self::Owners => formatter.write_str("owners"),
            Self::Operators => formatter.write_str("operators"),
        }
    }
}

impl Counts {
    /// Another day than before ends that one; a clock that was set back does it too.
    fn turn_to(&mut self, now: UnixSeconds) {
        let number = day(now);
        if number != self.today.number {
            let over = std::mem::replace(&mut self.today, Day { number, ..Day::default() });
            for (party, told) in over.told {
                let before = self.left_out_before.entry(party).or_default();
                *before = before.saturating_add(told.left_out);
            }
        }
    }
}

fn day(now: UnixSeconds) -> i64 {
    now.get().div_euclid(DAY.as_secs().cast_signed())
}

impl Day {
    /// Whether there is another entry for so many refusals of the party; they are left out else.
    fn tells(&mut self, party: Party, times: u64) -> bool {
        let told = self.told.entry(party).or_default();
        let tells = told.entries < party.most();
        if tells {
            told.entries = told.entries.saturating_add(1);
        } else {
            told.left_out = told.left_out.saturating_add(times);
        }
        tells
    }
}

impl Refusals {
    /// Where the trail has so many entries of each party already that are of the day of `now`: a start
    /// of the program gives nobody another day.
    fn after(told_of: BTreeMap<Party, u32>, now: UnixSeconds) -> Self {
        let told = |(party, entries)| (party, Told { entries, left_out: 0 });
        let told = told_of.into_iter().map(told).collect();
        let today = Day { number: day(now), told };
        Self(Mutex::new(Counts { today, ..Counts::default() }))
    }

    /// The same, by what the trail has.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn read(db: &Reading<'_>, now: UnixSeconds) -> Result<Self, StoreError> {
        let midnight = UnixSeconds::new(day(now).saturating_mul(DAY.as_secs().cast_signed()));
        let mut told = BTreeMap::<Party, u32>::new();
        for (actor, entries) in db.trail_by_actor([REFUSED, REPEATED], midnight)? {
            let so_far = told.entry(Party::of(actor)).or_default();
            *so_far = so_far.saturating_add(entries);
        }
        Ok(Self::after(told, now))
    }

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
        if counts.today.tells(Party::of(kind.actor), 1) { Said::Now } else { Said::Later }
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
            if is_over && count.more > 0 && today.tells(Party::of(kind.actor), count.more) {
                repeated.push(Repeated::Kind(*kind, count.more));
            }
            !is_over
        });
        if *others > 0 && kinds.len() < before {
            let times = std::mem::take(others);
            if today.tells(Party::Strangers, times) {
                repeated.push(Repeated::Others(times));
            }
        }
        // One entry a day ends what the day before left out of a party, whatever else is told today.
        let left_out = std::mem::take(left_out_before).into_iter();
        repeated.extend(
            left_out
                .filter(|(_, times)| *times > 0)
                .map(|(party, times)| Repeated::LeftOut(party, times)),
        );
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
        Kind { code: ErrorCode::InvalidToken, actor: Actor::Unknown, connection }
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

    /// Asks by other connections, once a second; how often that was told.
    fn told_of(refusals: &Refusals, actor: Actor, seconds: std::ops::Range<u64>) -> usize {
        let told = |second: u64| {
            let now = UnixSeconds::new(0).plus(Duration::from_secs(second));
            drop(refusals.take_over(now));
            let kind = Kind { actor, ..kind(u32::try_from(second).unwrap()) };
            refusals.count(kind, now) == Said::Now
        };
        seconds.filter(|second| told(*second)).count()
    }

    #[test]
    fn a_day_tells_so_much_and_the_next_one_how_much_was_left_out() {
        let refusals = Refusals::default();
        let most = usize::try_from(Party::Strangers.most()).unwrap();
        assert_eq!(told_of(&refusals, Actor::Unknown, 0..10_000), most);
        let silent = UnixSeconds::new(86_399);
        for _again in 0..7 {
            assert_eq!(refusals.count(kind(99_999), silent), Said::Later);
        }
        assert_eq!(refusals.take_over(silent), [], "the day is not over");
        let morning = UnixSeconds::new(86_400);
        assert_eq!(refusals.take_over(morning), [Repeated::LeftOut(Party::Strangers, 1)]);
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
                let (Repeated::Kind(_, times)
                | Repeated::Others(times)
                | Repeated::LeftOut(_, times)) = repeated;
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
        assert!(told < u64::from(Party::Strangers.most()), "{told}");
    }

    #[test]
    fn nobody_uses_up_what_is_told_of_others() {
        let refusals = Refusals::default();
        let [one, other] =
            ["01926f3c-7d4e-7abc-8def-0123456789ab", "01926f3c-7d4e-7abc-8def-0123456789ac"]
                .map(|id| Actor::Session(id.parse().unwrap()));
        let owner = Actor::Owner(primitives::SolanaAddress([7; 32]).into());
        for (actor, seconds) in [(Actor::Unknown, 0..11_000), (one, 11_000..12_000)] {
            let most = usize::try_from(Party::of(actor).most()).unwrap();
            assert_eq!(told_of(&refusals, actor, seconds), most, "{actor}");
        }
        for actor in [other, owner, Actor::Operator] {
            assert_eq!(told_of(&refusals, actor, 12_000..12_001), 1, "{actor}");
        }
        for actor in [Actor::Unknown, one] {
            assert_eq!(told_of(&refusals, actor, 12_000..12_001), 0, "{actor}");
        }
    }

    #[test]
    fn a_start_gives_nobody_another_day() {
        let now = UnixSeconds::new(100_000);
        let told = BTreeMap::from([(Party::Strangers, Party::Strangers.most())]);
        let refusals = Refusals::after(told, now);
        assert_eq!(refusals.count(kind(1), now), Said::Later);
        assert_eq!(refusals.count(Kind { actor: Actor::Operator, ..kind(1) }, now), Said::Now);
        let tomorrow = UnixSeconds::new(2 * 86_400);
        assert_eq!(refusals.take_over(tomorrow), [Repeated::LeftOut(Party::Strangers, 1)]);
        assert_eq!(refusals.count(kind(1), tomorrow), Said::Now);
    }

    #[test]
    fn a_clock_that_was_set_back_silences_nothing() {
        let refusals = Refusals::default();
        assert_eq!(refusals.count(kind(1), START), Said::Now);
        assert_eq!(refusals.take_over(UnixSeconds::new(10)), []);
        assert_eq!(refusals.count(kind(1), UnixSeconds::new(10)), Said::Now);
    }
}

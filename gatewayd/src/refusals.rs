//! Which refusals the audit trail tells of: of one kind the first in a minute at once, and how many
//! more there were when the minute is over. Nobody fills the disk by being refused.

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
pub struct Repeated {
    /// Of which kind; `None` where there were too many kinds to tell them apart.
    pub kind: Option<Kind>,
    /// How many.
    pub times: u64,
}

/// The refusals of the last minute.
#[derive(Debug, Default)]
pub struct Refusals(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    kinds: BTreeMap<Kind, Count>,
    /// Of kinds for which there was no room.
    others: u64,
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

impl Refusals {
    /// Counts a refusal.
    pub fn count(&self, kind: Kind, now: UnixSeconds) -> Said {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.kinds.get_mut(&kind) {
            count.more = count.more.saturating_add(1);
            return Said::Later;
        }
        if counts.kinds.len() >= MAX_KINDS {
            counts.others = counts.others.saturating_add(1);
            return Said::Later;
        }
        counts.kinds.insert(kind, Count { first: now, more: 0 });
        Said::Now
    }

    /// Forgets kinds whose minute is over, and hands out what was counted of them.
    pub fn take_over(&self, now: UnixSeconds) -> Vec<Repeated> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut repeated = Vec::new();
        let before = counts.kinds.len();
        counts.kinds.retain(|kind, count| {
            let is_over = count.is_over(now);
            if is_over && count.more > 0 {
                repeated.push(Repeated { kind: Some(*kind), times: count.more });
            }
            !is_over
        });
        if counts.others > 0 && counts.kinds.len() < before {
            repeated.push(Repeated { kind: None, times: std::mem::take(&mut counts.others) });
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
        let told = Repeated { kind: Some(kind(1)), times: 1_000 };
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
        assert_eq!(refusals.take_over(after(60)), [Repeated { kind: None, times: others }]);
        assert_eq!(refusals.count(kind(999), after(60)), Said::Now);
    }

    #[test]
    fn a_clock_that_was_set_back_silences_nothing() {
        let refusals = Refusals::default();
        assert_eq!(refusals.count(kind(1), START), Said::Now);
        assert_eq!(refusals.take_over(UnixSeconds::new(10)), []);
        assert_eq!(refusals.count(kind(1), UnixSeconds::new(10)), Said::Now);
    }
}

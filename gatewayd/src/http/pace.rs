//! How often one client may ask: a bucket that refills as time goes by, in whole numbers.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use primitives::Address;

use crate::clock::{Clock, UnixSeconds};
use crate::store::SessionId;

/// Who asks. Never a name that the client chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Client {
    /// A session, whatever it asks.
    Session(SessionId),
    /// A session that asks for a transaction.
    Sends(SessionId),
    /// Who has the master password.
    Master,
    /// An owner of a wallet, who has signed.
    Owner(Address),
    /// Who has proved nothing, by the address of the connection.
    Stranger(IpAddr),
    /// Who follows a link of another site to a page, by the address of the connection.
    Visitor(IpAddr),
    /// Who says to be an owner, by the address of the connection.
    Claims(IpAddr),
}

/// What each client has left.
#[derive(Debug)]
pub(super) struct Pace {
    clock: Clock,
    buckets: Mutex<BTreeMap<Client, Bucket>>,
}

/// Parts of requests: a request is 60 of them, and `per_minute` come back each second.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    parts: u64,
    filled_at: UnixSeconds,
}

/// Links to a page that people follow from other sites.
pub(super) const VISITS_PER_MINUTE: NonZeroU32 = NonZeroU32::new(30).expect("it is not zero");
const PARTS: u64 = 60;
/// Clients that are remembered; a full bucket needs no memory.
const MAX_CLIENTS: usize = 10_000;

impl Pace {
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, buckets: Mutex::default() }
    }

    /// Takes one request of `per_minute` from what the client has left.
    ///
    /// # Errors
    /// The whole seconds after which there is one again, when nothing is left.
    pub(super) fn take(&self, client: Client, per_minute: NonZeroU32) -> Result<(), u64> {
        let now = self.clock.now();
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MAX_CLIENTS && !buckets.contains_key(&client) {
            forget_some(&mut buckets, now);
        }
        let full = Bucket { parts: capacity(per_minute), filled_at: now };
        let bucket = buckets.entry(client).or_insert(full);
        bucket.refill(per_minute, now);
        bucket.take(per_minute)
    }
}

impl Bucket {
    fn refill(&mut self, per_minute: NonZeroU32, now: UnixSeconds) {
        let seconds = now.since(self.filled_at).as_secs();
        let gained = seconds.saturating_mul(u64::from(per_minute.get()));
        self.parts = self.parts.saturating_add(gained).min(capacity(per_minute));
        self.filled_at = now;
    }

    fn take(&mut self, per_minute: NonZeroU32) -> Result<(), u64> {
        let Some(left) = self.parts.checked_sub(PARTS) else {
            let missing = PARTS.saturating_sub(self.parts);
            return Err(missing.div_ceil(u64::from(per_minute.get())));
        };
        self.parts = left;
        Ok(())
    }
}

fn capacity(per_minute: NonZeroU32) -> u64 {
    PARTS.saturating_mul(u64::from(per_minute.get()))
}

/// Who has not asked for a minute has a full bucket again. When that frees nothing, everybody starts
/// anew: memory has a limit, and so many clients at once are nobody's normal day.
fn forget_some(buckets: &mut BTreeMap<Client, Bucket>, now: UnixSeconds) {
    buckets.retain(|_, bucket| now.since(bucket.filled_at) < Duration::from_mins(1));
    if buckets.len() >= MAX_CLIENTS {
        buckets.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv6Addr;

    use super::*;

    fn client(number: u16) -> Client {
        Client::Stranger(IpAddr::V6(Ipv6Addr::new(0, 0, 0, 0, 0, 0, 0, number)))
    }

    fn per_minute(requests: u32) -> NonZeroU32 {
        NonZeroU32::new(requests).unwrap()
    }

    #[test]
    fn a_minutes_requests_may_come_at_once_and_then_as_time_goes_by() {
        let (clock, setter) = Clock::settable(UnixSeconds::new(100));
        let pace = Pace::new(clock);
        let limit = per_minute(6);
        for _request in 0..6 {
            assert_eq!(pace.take(client(1), limit), Ok(()));
        }
        assert_eq!(pace.take(client(1), limit), Err(10));
        assert_eq!(pace.take(client(2), limit), Ok(()), "others are not held back");
        setter.advance(Duration::from_secs(9));
        assert_eq!(pace.take(client(1), limit), Err(1));
        setter.advance(Duration::from_secs(1));
        assert_eq!(pace.take(client(1), limit), Ok(()));
        assert_eq!(pace.take(client(1), limit), Err(10));
        setter.set(UnixSeconds::new(50));
        assert_eq!(pace.take(client(1), limit), Err(10), "a step back gives nothing");
    }

    #[test]
    fn a_lower_limit_counts_at_once() {
        let (clock, _setter) = Clock::settable(UnixSeconds::new(100));
        let pace = Pace::new(clock);
        assert_eq!(pace.take(client(1), per_minute(1_000)), Ok(()));
        assert_eq!(pace.take(client(1), per_minute(1)), Ok(()));
        assert_eq!(pace.take(client(1), per_minute(1)), Err(60));
    }

    #[test]
    fn memory_is_bounded() {
        let (clock, _setter) = Clock::settable(UnixSeconds::new(100));
        let pace = Pace::new(clock);
        for number in 0..=u16::MAX {
            assert_eq!(pace.take(client(number), per_minute(1)), Ok(()));
            assert!(pace.buckets.lock().unwrap().len() <= MAX_CLIENTS);
        }
    }
}

//! One endpoint: whether it showed its chain, whether it rests, and where it stands on the chain.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::history::History;
use crate::clock::{Clock, Deadline};
use crate::net::{Endpoint, NetError};

/// How long an endpoint rests after its first failure; each further one doubles it.
pub(super) const FIRST_REST: Duration = Duration::from_secs(1);
/// The longest rest, and that of an endpoint of another chain.
pub(super) const LONGEST_REST: Duration = Duration::from_mins(5);

/// An endpoint, and what is known of it.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) endpoint: Endpoint,
    known: Mutex<Known>,
}

/// What is known of an endpoint.
#[derive(Debug, Default)]
struct Known {
    health: Health,
    history: History,
    place: Option<Place>,
}

/// Whether it can be asked. Its identity is asked again after every failure, because another node
/// may stand there then.
#[derive(Clone, Copy, Debug, Default)]
struct Health {
    identity: Identity,
    failures: u32,
    rests_until: Option<Deadline>,
    /// One question at a time finds out whether an endpoint that has rested works again.
    probed_until: Option<Deadline>,
}

/// Where it stands on the chain.
#[derive(Clone, Copy, Debug)]
struct Place {
    height: u64,
    /// When it counts as standing still.
    still_at: Deadline,
    is_behind: bool,
}

/// Whether it serves the right chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Identity {
    #[default]
    Unknown,
    Right,
    Wrong,
}

/// How willingly an endpoint is asked: the smaller first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Turn {
    /// In the order of the settings.
    Now,
    /// It works, and does not know the newest blocks.
    Behind,
    /// Once the others have failed, the one whose rest ends first before the others.
    Resting(Duration),
}

/// What is wrong with an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    Timeout,
    Connection,
    RateLimited,
    Behind,
    Garbage(String),
    WrongChain,
    Outvoted,
}

impl Node {
    pub(super) fn new(endpoint: Endpoint) -> Arc<Self> {
        Arc::new(Self { endpoint, known: Mutex::default() })
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn rest_left(&self, clock: &Clock) -> Duration {
        self.known().health.rest_left(clock)
    }

    /// When it is asked, compared with others.
    pub(super) fn turn(&self, clock: &Clock) -> Turn {
        let known = self.known();
        let wait = known.health.rest_left(clock).max(known.health.probe_left(clock));
        match known.place {
            _ if !wait.is_zero() => Turn::Resting(wait),
            Some(Place { is_behind: true, .. }) => Turn::Behind,
            Some(_) | None => Turn::Now,
        }
    }

    /// What is known of its chain. A wrong one is asked again once its rest is over.
    pub(super) fn identity(&self, clock: &Clock) -> Identity {
        let health = self.known().health;
        if health.identity == Identity::Wrong && health.rest_left(clock).is_zero() {
            Identity::Unknown
        } else {
            health.identity
        }
    }

    /// Somebody asks it now; if it has just rested, others wait with their questions for `wait`.
    pub(super) fn is_asked(&self, wait: Duration, clock: &Clock) {
        let health = &mut self.known().health;
        if health.failures > 0 && health.rest_left(clock).is_zero() {
            health.probed_until = Some(clock.deadline(wait));
        }
    }

    /// Notes an answer that took so long.
    pub(super) fn works(&self, latency: Duration, clock: &Clock) {
        let mut known = self.known();
        known.health = Health { identity: Identity::Right, ..Health::default() };
        known.history.answered(latency, clock.now());
    }

    /// Notes a failure, and says how long the endpoint now rests.
    pub(super) fn fails(&self, trouble: &Trouble, clock: &Clock) -> Duration {
        let mut known = self.known();
        let health = known.health;
        if health.identity == Identity::Wrong && *trouble == Trouble::WrongChain {
            let left = health.rest_left(clock);
            if !left.is_zero() {
                return left;
            }
        }
        let (identity, rest) = match trouble {
            Trouble::WrongChain => (Identity::Wrong, LONGEST_REST),
            Trouble::Outvoted => (Identity::Unknown, LONGEST_REST),
            Trouble::RateLimited | Trouble::Behind => (health.identity, health.next_rest()),
            Trouble::Timeout | Trouble::Connection | Trouble::Garbage(_) => {
                (Identity::Unknown, health.next_rest())
            }
        };
        known.health = Health {
            identity,
            failures: health.failures.saturating_add(1),
            rests_until: Some(clock.deadline(rest)),
            probed_until: None,
        };
        known.history.failed(trouble.words(), clock.now());
        rest
    }

    /// Notes that other endpoints say something else.
    pub(super) fn contradicted(&self, about: &str, clock: &Clock) {
        self.known().history.contradicted(about, clock.now());
    }

    /// Notes how far it is on the chain.
    pub(super) fn stands_at(&self, height: u64, clock: &Clock) {
        let place = &mut self.known().place;
        let still_at = match *place {
            Some(place) if place.height >= height => place.still_at,
            Some(_) | None => clock.deadline(LONGEST_REST),
        };
        let is_behind = place.is_some_and(|place| place.is_behind);
        *place = Some(Place { height, still_at, is_behind });
    }

    /// Notes whether others are far ahead of it; true if that is new.
    pub(super) fn is_behind(&self, is_behind: bool, clock: &Clock) -> bool {
        let mut known = self.known();
        let Some(place) = &mut known.place else { return false };
        let is_new = is_behind && !place.is_behind;
        place.is_behind = is_behind;
        if is_new {
            known.history.note(Trouble::Behind.words(), clock.now());
        }
        is_new
    }

    /// Whether it does not rest, and serves the chain as far as is known.
    pub(super) fn works_now(&self, clock: &Clock) -> bool {
        let health = self.known().health;
        health.identity != Identity::Wrong && health.rest_left(clock).is_zero()
    }

    /// Whether it can say something about what is on the chain: it serves it, does not rest, and has
    /// not stood still behind the others for as long as the longest rest.
    pub(super) fn is_witness(&self, clock: &Clock) -> bool {
        let known = self.known();
        let stands_still =
            known.place.is_some_and(|place| place.is_behind && clock.has_passed(place.still_at));
        let health = known.health;
        health.identity != Identity::Wrong && health.rest_left(clock).is_zero() && !stands_still
    }

    /// What is shown of it.
    pub(super) fn status(&self, clock: &Clock) -> super::NodeStatus {
        let known = self.known();
        super::NodeStatus {
            origin: self.endpoint.origin(),
            serves_the_chain: match known.health.identity {
                Identity::Unknown => None,
                Identity::Right => Some(true),
                Identity::Wrong => Some(false),
            },
            failures_in_a_row: known.health.failures,
            rest_left: known.health.rest_left(clock),
            height: known.place.map(|place| place.height),
            is_behind: known.place.is_some_and(|place| place.is_behind),
            history: known.history.clone(),
        }
    }
}

impl Health {
    fn next_rest(&self) -> Duration {
        let doubled = 2_u32.saturating_pow(self.failures);
        FIRST_REST.saturating_mul(doubled).min(LONGEST_REST)
    }

    fn rest_left(&self, clock: &Clock) -> Duration {
        self.rests_until.map_or(Duration::ZERO, |deadline| clock.until(deadline))
    }

    fn probe_left(&self, clock: &Clock) -> Duration {
        self.probed_until.map_or(Duration::ZERO, |deadline| clock.until(deadline))
    }
}

impl Trouble {
    /// In our own words; what the peer wrote is for the debugger.
    pub(super) fn words(&self) -> &'static str {
        match self {
            Self::Timeout => "no answer in time",
            Self::Connection => "the connection failed",
            Self::RateLimited => "too many requests",
            Self::Behind => "the node is behind",
            Self::Garbage(_) => "the answer makes no sense",
            Self::WrongChain => "the node serves another chain",
            Self::Outvoted => "two other nodes agree that it is wrong",
        }
    }
}

impl From<NetError> for Trouble {
    fn from(error: NetError) -> Self {
        match error {
            NetError::Timeout(_) => Self::Timeout,
            NetError::Connection(_) | NetError::Forbidden(_) => Self::Connection,
            NetError::TooLarge(limit) => Self::Garbage(format!("more than {limit} bytes")),
            NetError::Status(429) => Self::RateLimited,
            NetError::Status(status) => Self::Garbage(format!("HTTP status {status}")),
        }
    }
}

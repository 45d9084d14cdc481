//! One endpoint: whether it showed its chain, and whether it rests.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

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
    health: Mutex<Health>,
}

/// What is known of an endpoint. Its identity is asked again after every failure, because another
/// node may stand there then.
#[derive(Clone, Copy, Debug, Default)]
struct Health {
    identity: Identity,
    failures: u32,
    rests_until: Option<Deadline>,
}

/// Whether it serves the right chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Identity {
    #[default]
    Unknown,
    Right,
    Wrong,
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
}

impl Node {
    pub(super) fn new(endpoint: Endpoint) -> Arc<Self> {
        Arc::new(Self { endpoint, health: Mutex::default() })
    }

    fn health(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn rest_left(&self, clock: &Clock) -> Duration {
        self.health().rests_until.map_or(Duration::ZERO, |deadline| clock.until(deadline))
    }

    /// What is known of its chain. A wrong one is asked again once its rest is over.
    pub(super) fn identity(&self, clock: &Clock) -> Identity {
        let health = *self.health();
        if health.identity == Identity::Wrong && self.rest_left(clock).is_zero() {
            Identity::Unknown
        } else {
            health.identity
        }
    }

    pub(super) fn works(&self) {
        *self.health() = Health { identity: Identity::Right, ..Health::default() };
    }

    /// Notes a failure, and says how long the endpoint now rests.
    pub(super) fn fails(&self, trouble: &Trouble, clock: &Clock) -> Duration {
        let mut health = self.health();
        if health.identity == Identity::Wrong && *trouble == Trouble::WrongChain {
            let left = health.rests_until.map_or(Duration::ZERO, |until| clock.until(until));
            if !left.is_zero() {
                return left;
            }
        }
        let (identity, rest) = match trouble {
            Trouble::WrongChain => (Identity::Wrong, LONGEST_REST),
            Trouble::RateLimited | Trouble::Behind => (health.identity, health.next_rest()),
            Trouble::Timeout | Trouble::Connection | Trouble::Garbage(_) => {
                (Identity::Unknown, health.next_rest())
            }
        };
        *health = Health {
            identity,
            failures: health.failures.saturating_add(1),
            rests_until: Some(clock.deadline(rest)),
        };
        rest
    }
}

impl Health {
    fn next_rest(&self) -> Duration {
        let doubled = 2_u32.saturating_pow(self.failures);
        FIRST_REST.saturating_mul(doubled).min(LONGEST_REST)
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
        }
    }
}

impl From<NetError> for Trouble {
    fn from(error: NetError) -> Self {
        match error {
            NetError::Timeout(_) => Self::Timeout,
            NetError::Connection(_) => Self::Connection,
            NetError::TooLarge(limit) => Self::Garbage(format!("more than {limit} bytes")),
            NetError::Status(429) => Self::RateLimited,
            NetError::Status(status) => Self::Garbage(format!("HTTP status {status}")),
        }
    }
}

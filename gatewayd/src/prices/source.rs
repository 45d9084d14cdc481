//! A source of prices, and what it says.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use primitives::Amount;

use super::decimal::{PLACES, Price, PriceError};
use super::question::Question;
use crate::chains::ChainError;
use crate::clock::UnixSeconds;
use crate::net::NetError;

/// How long a source may take for an answer.
pub(super) const ANSWER_WAIT: Duration = Duration::from_secs(2);
/// The most bytes of an answer: a few hundred are usual.
pub(super) const ANSWER_LIMIT: usize = 64 << 10;

/// Answers later.
pub(super) type Answer<'a> = Pin<Box<dyn Future<Output = Result<Quote, Trouble>> + Send + 'a>>;

/// Somebody who says what things are worth.
pub(super) trait Source: fmt::Debug + Send + Sync {
    /// Who.
    fn name(&self) -> SourceName;

    /// Whether asking it makes sense.
    fn knows(&self, question: &Question) -> bool;

    /// What fails as one: a source that failed is left in peace where the scope is the same.
    fn scope(&self, _question: &Question) -> String {
        String::new()
    }

    /// Asks it.
    fn ask<'a>(&'a self, question: &'a Question) -> Answer<'a>;
}

/// The sources that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SourceName {
    /// Chainlink's feeds, read through the RPC nodes.
    Chainlink,
    /// CoinGecko.
    CoinGecko,
    /// Pyth's Hermes.
    Pyth,
}

/// What a source says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quote {
    /// Dollars for one unit.
    pub price: Price,
    /// Half the width of the interval that the source is confident of, on the scale of [`Price`].
    pub(super) half_width: Amount,
    /// When this was so.
    pub observed_at: UnixSeconds,
    /// How old it may be; `None` for as old as the settings say.
    pub(super) good_for: Option<Duration>,
}

/// Why a source's answer, or its silence, is no price.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// It does not know the asset.
    #[error("it does not know the asset")]
    Unknown,
    /// It rests after failures.
    #[error("it failed and is asked again later")]
    Resting,
    /// Nothing came in time.
    #[error("no answer in time")]
    Timeout,
    /// No connection.
    #[error("the connection failed")]
    Connection,
    /// Too many questions.
    #[error("too many requests")]
    RateLimited,
    /// The key is missing or wrong.
    #[error("it wants an API key, or another one")]
    Unauthorised,
    /// Another status than 200; redirects are not followed.
    #[error("HTTP status {0}")]
    Status(u16),
    /// Not what it should send.
    #[error("its answer makes no sense: {0}")]
    Garbage(&'static str),
    /// Not a price.
    #[error("its price is none: {0}")]
    Price(#[from] PriceError),
    /// Too old.
    #[error("its price is too old")]
    Stale,
    /// A price of a time that has not come.
    #[error("its price is of the future")]
    Future,
    /// Its interval of confidence is too wide.
    #[error("it is not sure enough of its price")]
    Uncertain,
}

impl Quote {
    /// Half the width of the interval that the source is confident of, in dollars; `None` where it
    /// says nothing.
    pub fn confidence(&self) -> Option<String> {
        (!self.half_width.is_zero()).then(|| self.half_width.to_units(PLACES))
    }
}

impl SourceName {
    /// As settings and answers have it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Chainlink => "chainlink",
            Self::CoinGecko => "coingecko",
            Self::Pyth => "pyth",
        }
    }
}

impl fmt::Display for SourceName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl Trouble {
    /// Whether it is the source that fails, so that it is left in peace for a while, and not this one
    /// price of it.
    pub(super) const fn is_the_sources(&self) -> bool {
        match self {
            Self::Timeout
            | Self::Connection
            | Self::RateLimited
            | Self::Unauthorised
            | Self::Status(_)
            | Self::Garbage(_) => true,
            Self::Unknown
            | Self::Resting
            | Self::Price(_)
            | Self::Stale
            | Self::Future
            | Self::Uncertain => false,
        }
    }
}

impl From<NetError> for Trouble {
    fn from(error: NetError) -> Self {
        match error {
            NetError::Timeout(_) => Self::Timeout,
            NetError::Connection(_) | NetError::Forbidden(_) => Self::Connection,
            NetError::TooLarge(_) => Self::Garbage("too long"),
            NetError::Status(401 | 403) => Self::Unauthorised,
            NetError::Status(429) => Self::RateLimited,
            NetError::Status(status) => Self::Status(status),
        }
    }
}

impl From<ChainError> for Trouble {
    fn from(error: ChainError) -> Self {
        match error.category() {
            crate::chains::Category::Permanent => Self::Garbage("not a feed"),
            crate::chains::Category::Transient | crate::chains::Category::Stale => Self::Connection,
        }
    }
}

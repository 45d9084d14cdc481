//! Rules by which a wallet is suspended without anybody asking: what they are, and whether one fires.
//!
//! A rule goes by what the database says of the wallet's transactions since it was used again or the
//! rule was changed, so that a restart neither forgets nor repeats anything. It asks nobody and waits
//! for no timer of its own.

#[cfg(test)]
mod tests;
pub mod watch;

use std::fmt;
use std::str::FromStr;

use primitives::{UnknownWord, WalletId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock::UnixSeconds;
use crate::tx::Status;

/// A rule, for one wallet or for all that have none of their own of its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Which.
    pub id: RuleId,
    /// Whether it counts.
    pub enabled: bool,
    /// From where on it fires.
    pub limit: Limit,
    /// When it was changed last; what was before does not count.
    pub changed_at: UnixSeconds,
}

/// Names a rule: `rapid_fire`, or `rapid_fire:` and a wallet's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RuleId {
    /// What it looks at.
    pub kind: Kind,
    /// Whose it is; every wallet's if absent.
    pub wallet: Option<WalletId>,
}

/// What a rule looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Transactions that failed, one after the other.
    ConsecutiveFailures,
    /// Transactions that are asked for at hours at which nobody works.
    UnusualHours,
    /// Caps in dollars that are nearly reached.
    ThresholdProximity,
    /// Many transactions in a short time.
    RapidFire,
    /// No transaction for a long time.
    Idle,
}

/// From where on a rule fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Limit {
    /// See [`Kind::ConsecutiveFailures`].
    ConsecutiveFailures(Failures),
    /// See [`Kind::UnusualHours`].
    UnusualHours(Hours),
    /// See [`Kind::ThresholdProximity`].
    ThresholdProximity(Proximity),
    /// See [`Kind::RapidFire`].
    RapidFire(Rapid),
    /// See [`Kind::Idle`].
    Idle(Idle),
}

/// So many failures in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failures {
    /// 1 to 100.
    failures: usize,
}

/// Transactions are usual from one hour of the day on until another, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hours {
    /// 0 to 23.
    from_hour: i64,
    /// 0 to 23, not included; before `from_hour` it is one of the next day.
    to_hour: i64,
}

/// So much of a cap of the policies is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proximity {
    /// 80 to 100.
    percent: u16,
}

/// So many transactions within so many seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rapid {
    /// 2 to 1000.
    transactions: usize,
    /// 1 to 86400.
    seconds: i64,
}

/// No transaction for so many seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Idle {
    /// 60 to 31536000.
    seconds: i64,
}

/// What is known of a wallet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// What the time is.
    pub now: UnixSeconds,
    /// What is before this does not count.
    pub since: UnixSeconds,
    /// When its transactions were asked for, the newest first.
    pub asked: Vec<UnixSeconds>,
    /// How its transactions ended that were carried out or failed, the newest first.
    pub ended: Vec<Status>,
    /// How much of the nearest cap of its policies is used, in thousandths; `None` where none is near.
    pub nearest_permille: Option<u128>,
}

/// The limit is none of its rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("config: {0}")]
pub struct LimitError(String);

/// Transactions that a rule looks at, at most.
pub const MOST_LOOKED_AT: u16 = 1_000;

const DAY_SECONDS: i64 = 86_400;

impl Kind {
    /// Every kind.
    pub const ALL: &[Self] = &[
        Self::ConsecutiveFailures,
        Self::UnusualHours,
        Self::ThresholdProximity,
        Self::RapidFire,
        Self::Idle,
    ];

    /// The word of the HTTP interface.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ConsecutiveFailures => "consecutive_failures",
            Self::UnusualHours => "unusual_hours",
            Self::ThresholdProximity => "threshold_proximity",
            Self::RapidFire => "rapid_fire",
            Self::Idle => "idle",
        }
    }

    /// When it fires, in words.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::ConsecutiveFailures => "the last `failures` transactions failed",
            Self::UnusualHours => {
                "a transaction is asked for outside of `from_hour` to `to_hour`, UTC"
            }
            Self::ThresholdProximity => {
                "`percent` of a cap in dollars of the wallet's policies for every network is used"
            }
            Self::RapidFire => "`transactions` are asked for within `seconds`",
            Self::Idle => "no transaction is asked for in `seconds`",
        }
    }

    /// What holds until somebody sets another limit; it does not count before it is enabled.
    pub const fn usual(self) -> Limit {
        match self {
            Self::ConsecutiveFailures => Limit::ConsecutiveFailures(Failures { failures: 5 }),
            Self::UnusualHours => Limit::UnusualHours(Hours { from_hour: 6, to_hour: 22 }),
            Self::ThresholdProximity => Limit::ThresholdProximity(Proximity { percent: 90 }),
            Self::RapidFire => Limit::RapidFire(Rapid { transactions: 20, seconds: 60 }),
            Self::Idle => Limit::Idle(Idle { seconds: 30 * DAY_SECONDS }),
        }
    }

    /// The limit that a body states.
    ///
    /// # Errors
    /// When it has another field, lacks one, or is out of its range.
    pub fn limit(self, config: &Value) -> Result<Limit, LimitError> {
        let limit = match self {
            Self::ConsecutiveFailures => Limit::ConsecutiveFailures(read(config)?),
            Self::UnusualHours => Limit::UnusualHours(read(config)?),
            Self::ThresholdProximity => Limit::ThresholdProximity(read(config)?),
            Self::RapidFire => Limit::RapidFire(read(config)?),
            Self::Idle => Limit::Idle(read(config)?),
        };
        limit.check().map_err(|what| LimitError(what.to_owned()))?;
        Ok(limit)
    }
}

fn read<T: serde::de::DeserializeOwned>(config: &Value) -> Result<T, LimitError> {
    serde_json::from_value(config.clone()).map_err(|error| LimitError(error.to_string()))
}

impl Limit {
    fn check(&self) -> Result<(), &'static str> {
        let (is_right, otherwise) = match self {
            Self::ConsecutiveFailures(Failures { failures }) => {
                ((1..=100).contains(failures), "failures is 1 to 100")
            }
            Self::UnusualHours(Hours { from_hour, to_hour }) => {
                let hours = 0..24;
                let are_hours = hours.contains(from_hour) && hours.contains(to_hour);
                let is_right = are_hours && from_hour != to_hour;
                (is_right, "from_hour and to_hour are 0 to 23, and not the same")
            }
            Self::ThresholdProximity(Proximity { percent }) => {
                ((80..=100).contains(percent), "percent is 80 to 100")
            }
            Self::RapidFire(Rapid { transactions, seconds }) => {
                let is_right =
                    (2..=1_000).contains(transactions) && (1..=DAY_SECONDS).contains(seconds);
                (is_right, "transactions is 2 to 1000, and seconds 1 to 86400")
            }
            Self::Idle(Idle { seconds }) => {
                ((60..=365 * DAY_SECONDS).contains(seconds), "seconds is 60 to 31536000")
            }
        };
        if is_right { Ok(()) } else { Err(otherwise) }
    }

    /// Why it fires, if it does.
    pub fn fires(&self, facts: &Facts) -> Option<String> {
        let newest = facts.asked.first().copied().unwrap_or(facts.since);
        match *self {
            Self::ConsecutiveFailures(Failures { failures }) => {
                let failed =
                    |status: &&Status| matches!(status, Status::Failed | Status::PartialFailure);
                let row = facts.ended.iter().take_while(failed).count();
                (row >= failures).then(|| format!("{row} transactions failed in a row"))
            }
            Self::UnusualHours(hours) => {
                let odd = facts.asked.iter().map(|at| hour(*at)).find(|hour| !hours.has(*hour))?;
                Some(format!("a transaction was asked for at {odd}:00 to {odd}:59 UTC"))
            }
            Self::ThresholdProximity(Proximity { percent }) => {
                let reached = facts.nearest_permille?;
                let fires = reached >= u128::from(percent) * 10;
                fires.then(|| format!("{} % of a cap of its policies is used", reached / 10))
            }
            Self::RapidFire(Rapid { transactions, seconds }) => {
                let first = facts.asked.get(transactions.checked_sub(1)?)?;
                let span = newest.get().saturating_sub(first.get());
                let fires = span < seconds;
                fires.then(|| format!("{transactions} transactions within {span} s"))
            }
            Self::Idle(Idle { seconds }) => {
                let idle = facts.now.get().saturating_sub(newest.max(facts.since).get());
                (idle >= seconds).then(|| format!("no transaction for {idle} s"))
            }
        }
    }
}

impl Hours {
    fn has(&self, hour: i64) -> bool {
        if self.from_hour < self.to_hour {
            (self.from_hour..self.to_hour).contains(&hour)
        } else {
            hour >= self.from_hour || hour < self.to_hour
        }
    }
}

/// The hour of the day, UTC.
fn hour(at: UnixSeconds) -> i64 {
    at.get().rem_euclid(DAY_SECONDS) / 3_600
}

impl fmt::Display for RuleId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.wallet {
            Some(wallet) => write!(formatter, "{}:{wallet}", self.kind.as_str()),
            None => formatter.write_str(self.kind.as_str()),
        }
    }
}

impl FromStr for RuleId {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let expected = "a kind of rule, and a wallet's id after a colon where it is a wallet's";
        let (kind, wallet) = match text.split_once(':') {
            Some((kind, wallet)) => (kind, Some(wallet)),
            None => (text, None),
        };
        let kind = Kind::ALL.iter().copied().find(|known| known.as_str() == kind);
        let wallet =
            wallet.map(str::parse).transpose().map_err(|_none| UnknownWord { expected })?;
        Ok(Self { kind: kind.ok_or(UnknownWord { expected })?, wallet })
    }
}

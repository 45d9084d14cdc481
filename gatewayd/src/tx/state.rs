//! The states of a transaction, and which may follow which.

use std::fmt;
use std::str::FromStr;

/// Where a transaction stands; the words of the HTTP contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Stored, and not judged yet.
    Pending,
    /// Judged: waits until its delay is over, or for the owner.
    Queued,
    /// Waits until the network's fee is as low as was asked.
    GasWaiting,
    /// Allowed: on its way to the signer and the network.
    Executing,
    /// The network has it.
    Submitted,
    /// The network has carried it out. Final.
    Confirmed,
    /// It will not happen. Final.
    Failed,
    /// Denied, or called off: nothing of it was carried out, and nothing will be. Final.
    Cancelled,
    /// Nobody approved it in time. Final.
    Expired,
    /// Some of its parts were carried out. Final.
    PartialFailure,
    /// Signed and handed back, for the asker to send. Final.
    Signed,
}

/// How much care a transaction is given; later ones are stricter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// At once.
    Instant,
    /// At once, and the owner is told.
    Notify,
    /// After a wait in which it can be called off.
    Delay,
    /// Once the owner approves.
    Approval,
}

/// The text is no status or tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a status or tier of a transaction")]
pub struct UnknownStatus;

impl Status {
    /// Every status.
    pub const ALL: &[Self] = &[
        Self::Pending,
        Self::Queued,
        Self::GasWaiting,
        Self::Executing,
        Self::Submitted,
        Self::Confirmed,
        Self::Failed,
        Self::Cancelled,
        Self::Expired,
        Self::PartialFailure,
        Self::Signed,
    ];

    /// What may come directly after it.
    pub const fn next(self) -> &'static [Self] {
        match self {
            Self::Pending => {
                &[Self::Queued, Self::GasWaiting, Self::Executing, Self::Failed, Self::Cancelled]
            }
            Self::Queued => &[
                Self::Queued,
                Self::GasWaiting,
                Self::Executing,
                Self::Failed,
                Self::Cancelled,
                Self::Expired,
            ],
            Self::GasWaiting => {
                &[Self::Queued, Self::Executing, Self::Failed, Self::Cancelled, Self::Expired]
            }
            Self::Executing => &[
                Self::Queued,
                Self::GasWaiting,
                Self::Submitted,
                Self::Confirmed,
                Self::Failed,
                Self::Cancelled,
                Self::Signed,
            ],
            Self::Submitted => {
                &[Self::Confirmed, Self::Failed, Self::Cancelled, Self::PartialFailure]
            }
            Self::Confirmed
            | Self::Failed
            | Self::Cancelled
            | Self::Expired
            | Self::PartialFailure
            | Self::Signed => &[],
        }
    }

    /// Whether `next` may come directly after it.
    pub fn may_become(self, next: Self) -> bool {
        self.next().contains(&next)
    }

    /// Whether nothing comes after it.
    pub const fn is_final(self) -> bool {
        self.next().is_empty()
    }

    /// The word of the HTTP contract.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Queued => "QUEUED",
            Self::GasWaiting => "GAS_WAITING",
            Self::Executing => "EXECUTING",
            Self::Submitted => "SUBMITTED",
            Self::Confirmed => "CONFIRMED",
            Self::Failed => "FAILED",
            Self::Cancelled => "CANCELLED",
            Self::Expired => "EXPIRED",
            Self::PartialFailure => "PARTIAL_FAILURE",
            Self::Signed => "SIGNED",
        }
    }
}

impl Tier {
    /// Every tier, the strictest last.
    pub const ALL: &[Self] = &[Self::Instant, Self::Notify, Self::Delay, Self::Approval];

    /// The word of the HTTP contract.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Instant => "INSTANT",
            Self::Notify => "NOTIFY",
            Self::Delay => "DELAY",
            Self::Approval => "APPROVAL",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for Status {
    type Err = UnknownStatus;

    fn from_str(text: &str) -> Result<Self, UnknownStatus> {
        Self::ALL.iter().copied().find(|status| status.as_str() == text).ok_or(UnknownStatus)
    }
}

impl FromStr for Tier {
    type Err = UnknownStatus;

    fn from_str(text: &str) -> Result<Self, UnknownStatus> {
        Self::ALL.iter().copied().find(|tier| tier.as_str() == text).ok_or(UnknownStatus)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The whole relation, spelled out: a change of the rule shows as a change of this text.
    const TRANSITIONS: &str = "\
PENDING -> QUEUED GAS_WAITING EXECUTING FAILED CANCELLED
QUEUED -> QUEUED GAS_WAITING EXECUTING FAILED CANCELLED EXPIRED
GAS_WAITING -> QUEUED EXECUTING FAILED CANCELLED EXPIRED
EXECUTING -> QUEUED GAS_WAITING SUBMITTED CONFIRMED FAILED CANCELLED SIGNED
SUBMITTED -> CONFIRMED FAILED CANCELLED PARTIAL_FAILURE
CONFIRMED ->
FAILED ->
CANCELLED ->
EXPIRED ->
PARTIAL_FAILURE ->
SIGNED ->
";

    #[test]
    fn the_transitions_are_these_and_no_others() {
        let mut found = String::new();
        for status in Status::ALL {
            let next: Vec<&str> = Status::ALL
                .iter()
                .filter(|next| status.may_become(**next))
                .map(|next| next.as_str())
                .collect();
            found.push_str(format!("{status} -> {}", next.join(" ")).trim_end());
            found.push('\n');
        }
        assert_eq!(found, TRANSITIONS);
    }

    #[test]
    fn a_word_is_read_as_what_it_was_written_from() {
        for status in Status::ALL {
            assert_eq!(status.to_string().parse(), Ok(*status));
        }
        for tier in Tier::ALL {
            assert_eq!(tier.to_string().parse(), Ok(*tier));
        }
        assert_eq!("pending".parse::<Status>(), Err(UnknownStatus));
        assert_eq!("SIGNED".parse::<Tier>(), Err(UnknownStatus));
    }

    #[test]
    fn the_stricter_tier_is_the_greater_one() {
        assert!(Tier::ALL.is_sorted());
        assert_eq!(Tier::Instant.max(Tier::Delay), Tier::Delay);
    }
}

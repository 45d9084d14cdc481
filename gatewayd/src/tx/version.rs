//! Versions of one EVM transaction: they have the same nonce, so the network carries out one of them.

use std::fmt;
use std::str::FromStr;

use primitives::Amount;

use super::state::UnknownStatus;
use super::{Drafted, Problem, Signed, Status};
use crate::clock::UnixSeconds;

/// One of the versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Its place, from zero. Each signed one offers more for gas than those before.
    pub number: u32,
    /// What it does.
    pub purpose: Purpose,
    /// As the signer takes it.
    pub unsigned: Vec<u8>,
    /// The most that the network takes for it, in wei.
    pub fee_ceiling: Amount,
    /// How far it got.
    pub form: Form,
    /// When it was built or, the first one, sent.
    pub made_at: UnixSeconds,
}

/// What a version does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// What was asked for.
    Pay,
    /// Nothing but to use up the nonce, so that no other version is possible.
    CallOff,
}

/// How far a version got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// The signer is asked.
    Asked,
    /// The network may have it.
    Signed(Signed),
    /// The signer or a policy does not allow it.
    Refused,
}

/// What somebody wants of a transaction that the network may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// That it offers more for gas.
    SpeedUp,
    /// That it does nothing any more.
    CallOff {
        /// What it is then.
        ends: Status,
        /// Why.
        problem: Problem,
    },
}

impl Version {
    /// The one that was asked for.
    pub(crate) fn first(drafted: &Drafted, signed: &Signed, made_at: UnixSeconds) -> Self {
        Self {
            number: 0,
            purpose: Purpose::Pay,
            unsigned: drafted.unsigned.clone(),
            fee_ceiling: drafted.fee_ceiling,
            form: Form::Signed(signed.clone()),
            made_at,
        }
    }

    /// Its bytes, where the network may have them.
    pub fn signed(&self) -> Option<&Signed> {
        match &self.form {
            Form::Signed(signed) => Some(signed),
            Form::Asked | Form::Refused => None,
        }
    }

    /// As the transaction keeps it that it is a version of, whose draft was `first`.
    pub(super) fn drafted(&self, first: &Drafted) -> Drafted {
        let (unsigned, fee_ceiling) = (self.unsigned.clone(), self.fee_ceiling);
        Drafted { unsigned, fee_ceiling, ..first.clone() }
    }
}

/// How many of them are signed.
pub(crate) fn signed_count(versions: &[Version]) -> usize {
    versions.iter().filter(|version| version.signed().is_some()).count()
}

impl Wish {
    /// What the version does that fulfils it.
    pub const fn purpose(&self) -> Purpose {
        match self {
            Self::SpeedUp => Purpose::Pay,
            Self::CallOff { .. } => Purpose::CallOff,
        }
    }
}

impl Purpose {
    /// The word of the database; the more urgent one comes first in the alphabet.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pay => "PAY",
            Self::CallOff => "CALL_OFF",
        }
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for Purpose {
    type Err = UnknownStatus;

    fn from_str(text: &str) -> Result<Self, UnknownStatus> {
        let all = [Self::Pay, Self::CallOff];
        all.into_iter().find(|purpose| purpose.as_str() == text).ok_or(UnknownStatus)
    }
}

//! The guard as people write it: TOML, with every key known and every amount in base units
//! (`docs/guard.md`).

mod file;
mod read;
#[cfg(test)]
mod tests;
mod write;

use primitives::{Address, AddressError, Amount, Chain, Network};
use protocol::wire::MAX_TEXT;

use super::Guard;
use super::schedule::ScheduleError;

/// The most entries of one kind in a guard.
const MAX_ENTRIES: usize = 512;
/// The longest wait of an announcement: 30 days.
const MAX_DELAY_SECONDS: u32 = 30 * 24 * 60 * 60;

/// Why a text is no guard.
#[derive(Debug, thiserror::Error)]
pub enum GuardError {
    /// TOML that does not parse, an unknown key, an amount that is none; says line and column.
    #[error("{0}")]
    Syntax(toml::de::Error),
    /// Something that cannot be.
    #[error("line {line}: {fault}")]
    Line {
        /// Counted from one.
        line: usize,
        /// What is wrong there.
        fault: Fault,
    },
    /// Longer than a text may be that is shown and recorded.
    #[error("written out, the guard has more than {MAX_TEXT} bytes")]
    TooLong,
}

/// What cannot be in a guard.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// A network that is neither `eip155:N` nor `solana`, or not of the wallet's chain.
    #[error("network {0:?}: expected {1}")]
    Network(String, &'static str),
    /// A network that nobody has described.
    #[error(
        "network {0} is not known: it is neither built in nor one of the signer's settings \
         (docs/networks.md)"
    )]
    UnknownNetwork(String),
    /// An address that is none of the network's.
    #[error("{text:?}: {why}")]
    Address {
        /// What was written.
        text: String,
        /// What is wrong with it.
        why: AddressError,
    },
    /// One thing in two spellings: which of them holds would be a guess.
    #[error("{0} is listed twice")]
    Twice(Address),
    /// An open network has no limits.
    #[error("`open = true` and limits exclude each other")]
    OpenWithLimits,
    /// Contracts and typed data are not Solana's.
    #[error("`{0}` is for EVM networks")]
    NotOnSolana(&'static str),
    /// Nothing would limit what leaves in time.
    #[error("per_day is missing: nothing would limit what leaves in time")]
    NoDay,
    /// A ceiling that another makes pointless is a typing error.
    #[error("{key} is {ceiling}, less than {of}, which is {least}")]
    Below {
        /// Which ceiling.
        key: &'static str,
        /// Base units.
        ceiling: Amount,
        /// Which other.
        of: String,
        /// Base units.
        least: Amount,
    },
    /// Allowances are of tokens.
    #[error("the native coin has no spenders")]
    NativeSpenders,
    /// Hours or days that are none.
    #[error("{text:?}: {why}")]
    Schedule {
        /// What was written.
        text: String,
        /// What is expected.
        why: ScheduleError,
    },
    /// A number out of its range.
    #[error("expected a number from {0} to {1}")]
    Range(u32, u32),
    /// No function's first four bytes.
    #[error("{0:?}: expected a selector such as \"0xa9059cbb\"")]
    Selector(String),
    /// A word that is no list.
    #[error("{0:?}: expected \"any\" or a list")]
    Any(String),
    /// More than anybody reads.
    #[error("more than {MAX_ENTRIES} entries")]
    TooMany,
}

impl Guard {
    /// Reads a guard for a wallet of `chain`, as it stands in the journal.
    ///
    /// # Errors
    /// When anything in it is unknown, impossible, or of another chain.
    pub fn from_toml(text: &str, chain: Chain) -> Result<Self, GuardError> {
        read::read(text, chain, None)
    }

    /// Reads a guard that somebody wrote for a wallet of `chain`: it names networks that are known.
    ///
    /// # Errors
    /// As [`Guard::from_toml`], and when a network is none of `known`.
    pub fn from_operator(text: &str, chain: Chain, known: &[Network]) -> Result<Self, GuardError> {
        read::read(text, chain, Some(known))
    }
}

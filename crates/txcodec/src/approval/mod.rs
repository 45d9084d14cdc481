//! What owners are asked, in the words and the bytes that they sign (`docs/approval.md`).
//!
//! A [`Question`] is rendered by one function, [`Question::render`]; the text and the typed data are
//! both made of these lines, so the form that an owner reads is the form that is verified. Every
//! field of the question is in the lines.

mod forms;
#[cfg(feature = "json")]
mod json;
mod lines;
mod signature;
mod time;
mod words;

#[cfg(test)]
mod tests;

use primitives::{Address, Amount, Environment, WalletId};

pub use forms::HEADING;
pub use lines::{Label, Line, Rendered};

use crate::Decoded;

/// The most things that one transaction may do for owners to be asked about it.
pub const MAX_EFFECTS: usize = 64;
/// The most bytes of the lines' values together.
pub const MAX_RENDERED: usize = 16 * 1024;

/// What the owners of a wallet are asked.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// Which signer; it has another instance after a backup was restored.
    pub instance: [u8; 16],
    /// Which wallet.
    pub wallet: WalletId,
    /// What the wallet is known by on its chain.
    pub address: Address,
    /// The version of the wallet's guard.
    pub guard_version: u64,
    /// The most that the network may take, fees and rent, in base units of the native coin.
    pub fee_ceiling: Amount,
    /// Unix seconds from which on the answer is void.
    pub expires_at: u64,
    /// Random: an answer is used once.
    pub nonce: [u8; 16],
    /// What it is about.
    pub matter: Matter<'a>,
}

/// What owners can allow.
#[derive(Clone, Copy, Debug)]
pub enum Matter<'a> {
    /// A transaction or message is signed.
    Sign {
        /// What it does.
        decoded: &'a Decoded,
        /// Which networks the wallet is for.
        environment: Environment,
    },
    /// The wallet's guard is replaced.
    Guard {
        /// The version that is replaced.
        from_version: u64,
        /// SHA-256 of the new one, as the signer writes it.
        sha256: [u8; 32],
    },
    /// The wallet's owners are replaced.
    Owners {
        /// The version that is replaced.
        from_version: u64,
        /// How many of the new ones have to sign.
        threshold: u8,
        /// The new ones; nobody where there shall be none.
        members: &'a [Address],
    },
    /// Signing goes on.
    Resume {
        /// Where the latch is.
        from: Stop,
    },
}

/// Where a latch can be that is not where signing goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Suspended.
    Suspended,
    /// Locked.
    Locked,
}

/// Why owners cannot be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApprovalError {
    /// More effects than [`MAX_EFFECTS`].
    #[error("it does more things than owners are asked about at once; split it")]
    TooManyEffects,
    /// More than [`MAX_RENDERED`] bytes.
    #[error("it is too long for owners to read")]
    TooLong,
}

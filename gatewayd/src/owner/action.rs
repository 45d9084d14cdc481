//! What an owner can want of the gateway, and the sentence that says it.

use std::fmt;

use primitives::{Address, WalletId};

use crate::store::{SessionId, TransactionId};

/// Something that the gateway does for an owner. Its [`Display`](fmt::Display) is the statement that
/// the owner signs, letter by letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The owner proves to hold the key.
    Verify(WalletId),
    /// Another owner takes the place of this one.
    Replace {
        /// Whose.
        wallet: WalletId,
        /// The new one.
        by: Address,
    },
    /// The wallet has no owner any more.
    Remove(WalletId),
    /// A transaction that waits is refused.
    Reject(TransactionId),
    /// A transaction is called off.
    Cancel(TransactionId),
    /// A session is over.
    Revoke(SessionId),
    /// The owner sees the sessions over their wallets.
    Sessions,
    /// All signing stops.
    KillSwitch,
    /// All signing stops until the owners agree that it goes on.
    Escalate,
}

impl Action {
    /// Whether a signed nonce is enough, which does not say what it is for: it only stops something.
    pub const fn takes_raw_nonce(self) -> bool {
        match self {
            Self::Reject(_) | Self::Cancel(_) | Self::KillSwitch | Self::Escalate => true,
            Self::Verify(_)
            | Self::Replace { .. }
            | Self::Remove(_)
            | Self::Revoke(_)
            | Self::Sessions => false,
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Verify(wallet) => write!(formatter, "Confirm that I own wallet {wallet}."),
            Self::Replace { wallet, by } => {
                write!(formatter, "Make {by} the owner of wallet {wallet} in my place.")
            }
            Self::Remove(wallet) => {
                write!(formatter, "Leave wallet {wallet} without an owner.")
            }
            Self::Reject(transaction) => write!(formatter, "Reject transaction {transaction}."),
            Self::Cancel(transaction) => write!(formatter, "Call off transaction {transaction}."),
            Self::Revoke(session) => write!(formatter, "Revoke session {session}."),
            Self::Sessions => formatter.write_str("List the sessions of my wallets."),
            Self::KillSwitch => formatter.write_str("Activate the kill switch."),
            Self::Escalate => formatter.write_str("Escalate the kill switch."),
        }
    }
}

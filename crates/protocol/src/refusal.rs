//! Why the signer says no.

use std::fmt;

use crate::{wire_fields, wire_tags};

/// A no, with what a program needs to act on it and a sentence for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Stable; programs decide by it.
    pub code: RefusalCode,
    /// What happened and what to do; for people.
    pub message: String,
    /// Seconds after which the same request may succeed; 0 where waiting does not help.
    pub retry_after_seconds: u32,
}

/// What kind of no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RefusalCode {
    /// The socket that it came in by may not ask this, or not now.
    NotPermitted,
    /// The peer speaks another version of the protocol.
    UnknownVersion,
    /// No vault was made yet.
    VaultUninitialised,
    /// There is a vault already.
    VaultExists,
    /// The vault is locked: no passphrase was given since the start.
    VaultLocked,
    /// The vault is open already.
    VaultOpen,
    /// Not the passphrase, or a key file was tampered with.
    WrongPassphrase,
    /// Too many wrong passphrases: wait.
    Throttled,
    /// The passphrase is too short.
    WeakPassphrase,
    /// No such wallet.
    UnknownWallet,
    /// The wallet's key is for another kind of chain.
    WrongChain,
    /// The wallet was replaced by another and its grace period is over, or it was destroyed.
    WalletRetired,
    /// The bytes are malformed or not canonical.
    Undecodable,
    /// The guard has no entry for the network.
    NetworkNotAllowed,
    /// The bytes do something that is never signed, whoever allows it.
    EffectNotAllowed,
    /// Signing is suspended.
    Suspended,
    /// The guard's text is wrong; the message names line and reason.
    BadGuard,
    /// The guard was changed by somebody else in between.
    GuardChanged,
    /// The key given is no key of that chain, or the credential none.
    BadKey,
    /// The backup is damaged, or of another version.
    BadBackup,
    /// The signer is at a limit of its own, such as the number of wallets.
    LimitReached,
    /// The disk did not take the record, so nothing was signed.
    JournalFailed,
    /// A defect of the signer itself.
    Internal,
    /// It may be signed once it was announced and its wait is over.
    NeedsDelay,
    /// It may be signed once the wallet's owners approved it.
    NeedsOwner,
    /// More than even the owners may let go.
    OverOwnerCeiling,
    /// More signatures and announcements than the guard allows in an hour or a day: wait.
    TooManyRequests,
    /// It was announced, and its wait is not over.
    NotYet,
    /// Nothing was announced as this, it was something else, or it was called off.
    UnknownAnnouncement,
    /// The approval is not for this, or its signatures are not those of enough owners.
    BadApproval,
    /// The approval's time is over.
    ApprovalExpired,
    /// The approval was used before.
    ApprovalUsed,
    /// The wallet has other owners than was thought.
    OwnersChanged,
    /// Signing is locked.
    Locked,
    /// The latch is elsewhere than was thought.
    LatchChanged,
    /// The journal has no such record.
    UnknownRecord,
    /// These cannot own the wallet.
    BadOwners,
}

impl Refusal {
    /// A refusal that waiting does not lift.
    pub fn new(code: RefusalCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), retry_after_seconds: 0 }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Refusal {}

/// A stable word, such as `NEEDS_OWNER`, for logs and programs.
impl fmt::Display for RefusalCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::NotPermitted => "NOT_PERMITTED",
            Self::UnknownVersion => "UNKNOWN_VERSION",
            Self::VaultUninitialised => "VAULT_UNINITIALISED",
            Self::VaultExists => "VAULT_EXISTS",
            Self::VaultLocked => "VAULT_LOCKED",
            Self::VaultOpen => "VAULT_OPEN",
            Self::WrongPassphrase => "WRONG_PASSPHRASE",
            Self::Throttled => "THROTTLED",
            Self::WeakPassphrase => "WEAK_PASSPHRASE",
            Self::UnknownWallet => "UNKNOWN_WALLET",
            Self::WrongChain => "WRONG_CHAIN",
            Self::WalletRetired => "WALLET_RETIRED",
            Self::Undecodable => "UNDECODABLE",
            Self::NetworkNotAllowed => "NETWORK_NOT_ALLOWED",
            Self::EffectNotAllowed => "EFFECT_NOT_ALLOWED",
            Self::Suspended => "SUSPENDED",
            Self::BadGuard => "BAD_GUARD",
            Self::GuardChanged => "GUARD_CHANGED",
            Self::BadKey => "BAD_KEY",
            Self::BadBackup => "BAD_BACKUP",
            Self::LimitReached => "LIMIT_REACHED",
            Self::JournalFailed => "JOURNAL_FAILED",
            Self::Internal => "INTERNAL",
            Self::NeedsDelay => "NEEDS_DELAY",
            Self::NeedsOwner => "NEEDS_OWNER",
            Self::OverOwnerCeiling => "OVER_OWNER_CEILING",
            Self::TooManyRequests => "TOO_MANY_REQUESTS",
            Self::NotYet => "NOT_YET",
            Self::UnknownAnnouncement => "UNKNOWN_ANNOUNCEMENT",
            Self::BadApproval => "BAD_APPROVAL",
            Self::ApprovalExpired => "APPROVAL_EXPIRED",
            Self::ApprovalUsed => "APPROVAL_USED",
            Self::OwnersChanged => "OWNERS_CHANGED",
            Self::Locked => "LOCKED",
            Self::LatchChanged => "LATCH_CHANGED",
            Self::UnknownRecord => "UNKNOWN_RECORD",
            Self::BadOwners => "BAD_OWNERS",
        })
    }
}

wire_fields!(Refusal { code, message, retry_after_seconds });
wire_tags!(RefusalCode {
    NotPermitted = 1,
    UnknownVersion = 2,
    VaultUninitialised = 3,
    VaultExists = 4,
    VaultLocked = 5,
    VaultOpen = 6,
    WrongPassphrase = 7,
    Throttled = 8,
    WeakPassphrase = 9,
    UnknownWallet = 10,
    WrongChain = 11,
    WalletRetired = 12,
    Undecodable = 13,
    NetworkNotAllowed = 14,
    EffectNotAllowed = 15,
    Suspended = 16,
    BadGuard = 17,
    GuardChanged = 18,
    BadKey = 19,
    BadBackup = 20,
    LimitReached = 21,
    JournalFailed = 22,
    Internal = 23,
    NeedsDelay = 24,
    NeedsOwner = 25,
    OverOwnerCeiling = 26,
    TooManyRequests = 27,
    NotYet = 28,
    UnknownAnnouncement = 29,
    BadApproval = 30,
    ApprovalExpired = 31,
    ApprovalUsed = 32,
    OwnersChanged = 33,
    Locked = 34,
    LatchChanged = 35,
    UnknownRecord = 36,
    BadOwners = 37,
});

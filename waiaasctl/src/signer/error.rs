//! Why signerd did not do it.

use std::io;

use protocol::{FrameError, Refusal, RefusalCode, VERSION};

use crate::exit::Exit;
use crate::place::Place;

/// Why signerd did not do it.
#[derive(Debug, thiserror::Error)]
pub enum SignerError {
    /// Nobody listens.
    #[error("signerd cannot be reached at {socket}")]
    Unreachable {
        /// The socket.
        socket: String,
        /// Why.
        source: io::Error,
    },
    /// The connection broke, or the time to wait ran out.
    #[error("the connection to signerd broke while it was asked to {what}")]
    Broken {
        /// The request.
        what: String,
        /// Why.
        source: io::Error,
    },
    /// What came is not the protocol.
    #[error("signerd answered what is not its protocol")]
    Protocol(#[from] FrameError),
    /// The two programs are of different releases.
    #[error("signerd speaks version {theirs} of the protocol, this program version {VERSION}")]
    Version {
        /// What signerd speaks.
        theirs: u16,
    },
    /// The reply does not belong to the request.
    #[error("signerd's answer does not fit what it was asked: {what}")]
    Unexpected {
        /// The request.
        what: String,
    },
    /// A no, with its reason.
    #[error("{0}")]
    Refused(Refusal),
}

impl SignerError {
    /// How the program ends.
    pub const fn exit(&self) -> Exit {
        match self {
            Self::Unreachable { .. } | Self::Broken { .. } => Exit::Unreachable,
            Self::Protocol(_) | Self::Version { .. } | Self::Unexpected { .. } => Exit::Failed,
            Self::Refused(refusal) => exit_of(refusal.code),
        }
    }

    /// The refusal's code in capitals, such as `VAULT_LOCKED`, or a word for what broke.
    pub fn code(&self) -> String {
        match self {
            Self::Unreachable { .. } => "SIGNER_UNREACHABLE".to_owned(),
            Self::Broken { .. } => "SIGNER_CONNECTION_BROKEN".to_owned(),
            Self::Protocol(_) | Self::Version { .. } | Self::Unexpected { .. } => {
                "SIGNER_PROTOCOL".to_owned()
            }
            Self::Refused(refusal) => refusal.code.to_string(),
        }
    }

    /// What to do about it, where the daemons are at `place`.
    pub fn advice(&self, place: &Place) -> Option<String> {
        match self {
            Self::Unreachable { source, .. } => Some(unreachable_advice(source, place)),
            Self::Broken { .. } => Some(format!("see {}", place.command("status"))),
            Self::Protocol(_) | Self::Version { .. } | Self::Unexpected { .. } => {
                Some("install signerd and this program from the same release".to_owned())
            }
            Self::Refused(refusal) => refusal_advice(refusal, place),
        }
    }
}

/// What to do when a socket cannot be connected to.
pub(crate) fn unreachable_advice(error: &io::Error, place: &Place) -> String {
    if error.kind() == io::ErrorKind::PermissionDenied {
        "run this as root or as an operator: a member of the group waiaas-admin".to_owned()
    } else {
        format!("start the daemons: {}", place.start_command())
    }
}

fn refusal_advice(refusal: &Refusal, place: &Place) -> Option<String> {
    match refusal.code {
        RefusalCode::VaultLocked | RefusalCode::VaultExists => {
            Some(format!("open it: {}", place.command("unlock")))
        }
        RefusalCode::VaultUninitialised => Some(format!("make it: {}", place.command("init"))),
        RefusalCode::Suspended | RefusalCode::Locked => {
            Some(format!("let it go on: {}", place.command("resume")))
        }
        RefusalCode::UnknownWallet => Some(format!("see {}", place.command("wallet list"))),
        RefusalCode::LatchChanged => Some(format!("see {}", place.command("status"))),
        RefusalCode::UnknownRecord => Some(format!("see {}", place.command("audit show"))),
        RefusalCode::OwnersChanged => Some(format!("see {}", place.command("owner show WALLET"))),
        RefusalCode::GuardChanged => {
            let diff = place.command("guard diff WALLET FILE");
            Some(format!("compare yours with the one that is there now: {diff}"))
        }
        RefusalCode::BadGuard => Some(
            "docs/guard.md says what a guard may say; the old one is still in force".to_owned(),
        ),
        RefusalCode::ApprovalExpired | RefusalCode::ApprovalUsed => {
            Some(format!("ask the owners again: {} --help", place.command("approval")))
        }
        RefusalCode::Throttled | RefusalCode::WrongPassphrase
            if refusal.retry_after_seconds > 0 =>
        {
            Some(format!("wait {} s, then try again", refusal.retry_after_seconds))
        }
        RefusalCode::NotPermitted
        | RefusalCode::UnknownVersion
        | RefusalCode::VaultOpen
        | RefusalCode::WrongPassphrase
        | RefusalCode::Throttled
        | RefusalCode::WeakPassphrase
        | RefusalCode::WrongChain
        | RefusalCode::WalletRetired
        | RefusalCode::Undecodable
        | RefusalCode::NetworkNotAllowed
        | RefusalCode::EffectNotAllowed
        | RefusalCode::BadKey
        | RefusalCode::BadBackup
        | RefusalCode::LimitReached
        | RefusalCode::JournalFailed
        | RefusalCode::NeedsDelay
        | RefusalCode::NeedsOwner
        | RefusalCode::OverOwnerCeiling
        | RefusalCode::TooManyRequests
        | RefusalCode::NotYet
        | RefusalCode::UnknownAnnouncement
        | RefusalCode::BadApproval
        | RefusalCode::BadOwners
        | RefusalCode::Internal => None,
    }
}

const fn exit_of(code: RefusalCode) -> Exit {
    match code {
        RefusalCode::VaultUninitialised | RefusalCode::VaultLocked => Exit::VaultClosed,
        RefusalCode::WrongPassphrase | RefusalCode::Throttled | RefusalCode::WeakPassphrase => {
            Exit::Passphrase
        }
        RefusalCode::UnknownWallet | RefusalCode::UnknownRecord => Exit::NotFound,
        RefusalCode::NotPermitted
        | RefusalCode::WalletRetired
        | RefusalCode::NetworkNotAllowed
        | RefusalCode::EffectNotAllowed
        | RefusalCode::Suspended
        | RefusalCode::NeedsDelay
        | RefusalCode::NeedsOwner
        | RefusalCode::OverOwnerCeiling
        | RefusalCode::TooManyRequests
        | RefusalCode::NotYet
        | RefusalCode::UnknownAnnouncement
        | RefusalCode::BadApproval
        | RefusalCode::ApprovalExpired
        | RefusalCode::ApprovalUsed
        | RefusalCode::OwnersChanged
        | RefusalCode::Locked
        | RefusalCode::LatchChanged => Exit::Refused,
        RefusalCode::UnknownVersion
        | RefusalCode::VaultExists
        | RefusalCode::VaultOpen
        | RefusalCode::WrongChain
        | RefusalCode::Undecodable
        | RefusalCode::BadGuard
        | RefusalCode::GuardChanged
        | RefusalCode::BadKey
        | RefusalCode::BadOwners
        | RefusalCode::BadBackup
        | RefusalCode::LimitReached
        | RefusalCode::JournalFailed
        | RefusalCode::Internal => Exit::Failed,
    }
}

//! Why the vault says no.

use std::path::PathBuf;

use primitives::{Chain, WalletId};
use protocol::{Refusal, RefusalCode};

use crate::log::with_causes;
use crate::sys::MemoryError;

/// Why the vault did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// There is no vault.
    #[error("there is no vault yet; make one with `waiaasctl init`")]
    Uninitialised,
    /// There is one already.
    #[error("there is a vault already; to replace it, stop the signer and move its directory away")]
    Exists,
    /// The keys are not in memory.
    #[error("the vault is locked; unlock it with `waiaasctl unlock`")]
    Locked,
    /// The keys are in memory already.
    #[error("the vault is open already")]
    AlreadyOpen,
    /// Not the passphrase.
    #[error("the passphrase is wrong; the next try is possible in {retry_after_seconds} s")]
    WrongPassphrase {
        /// Seconds, rounded up.
        retry_after_seconds: u32,
    },
    /// Too many wrong passphrases; this one was not looked at.
    #[error("too many wrong passphrases; try again in {retry_after_seconds} s")]
    Throttled {
        /// Seconds, rounded up.
        retry_after_seconds: u32,
    },
    /// The passphrase is too easily guessed.
    #[error("the passphrase is too short: it needs at least {minimum} characters")]
    WeakPassphrase {
        /// Characters (Unicode scalar values).
        minimum: usize,
    },
    /// No key of that wallet is here.
    #[error("there is no wallet {0} in the vault")]
    UnknownWallet(WalletId),
    /// A key of that wallet is here already.
    #[error("there is a wallet {0} in the vault already")]
    WalletExists(WalletId),
    /// What is to be signed is for the other kind of key.
    #[error("the wallet's key is for {0}, and this is not")]
    WrongChain(Chain),
    /// The bytes are no private key.
    #[error("not a private key of {0}: {1}")]
    BadKey(Chain, &'static str),
    /// A file is not what the vault wrote, or not for this vault.
    #[error("{}: {reason}", file.display())]
    Damaged {
        /// Which one.
        file: PathBuf,
        /// In what way, and what to do.
        reason: String,
    },
    /// What opens the vault unattended has not its length.
    #[error("a credential for unattended unlocking has 32 bytes")]
    BadCredential,
    /// What should open the vault unattended cannot be used.
    #[error("the credential {} cannot be used: {reason}", path.display())]
    UnusableCredential {
        /// Where it is.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// What should open the vault unattended is not that which was set.
    #[error(
        "the credential is not that of this vault; unlock it with its passphrase, and run \
         `waiaasctl unattended enable` again"
    )]
    Misfit,
    /// The bytes are no backup of a vault.
    #[error("the backup cannot be used: {0}")]
    BadBackup(String),
    /// The name of the agent is too long.
    #[error("the agent's name is longer than {0} characters")]
    AgentIdTooLong(usize),
    /// No more keys fit.
    #[error("the vault holds {0} keys, which is its limit")]
    Full(usize),
    /// The disk, or the directory's permissions.
    #[error("{} cannot be used", path.display())]
    Disk {
        /// Which file or directory.
        path: PathBuf,
        /// What went wrong.
        source: std::io::Error,
    },
    /// No memory that secrets may be in.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// No memory for the key derivation.
    #[error("the key derivation needs {memory_kib} KiB of memory")]
    Derivation {
        /// KiB.
        memory_kib: u32,
        /// What went wrong.
        source: std::io::Error,
    },
    /// The kernel gave no random bytes.
    #[error("no random bytes")]
    Random(#[from] getrandom::Error),
}

impl VaultError {
    /// What kind of no it is for a peer.
    pub fn code(&self) -> RefusalCode {
        match self {
            Self::Uninitialised => RefusalCode::VaultUninitialised,
            Self::Exists => RefusalCode::VaultExists,
            Self::Locked => RefusalCode::VaultLocked,
            Self::AlreadyOpen => RefusalCode::VaultOpen,
            Self::WrongPassphrase { .. } => RefusalCode::WrongPassphrase,
            Self::Throttled { .. } => RefusalCode::Throttled,
            Self::WeakPassphrase { .. } => RefusalCode::WeakPassphrase,
            Self::UnknownWallet(_) => RefusalCode::UnknownWallet,
            Self::WrongChain(_) => RefusalCode::WrongChain,
            Self::BadKey(..) | Self::BadCredential => RefusalCode::BadKey,
            Self::BadBackup(_) => RefusalCode::BadBackup,
            Self::Full(_) | Self::AgentIdTooLong(_) => RefusalCode::LimitReached,
            Self::WalletExists(_)
            | Self::Damaged { .. }
            | Self::UnusableCredential { .. }
            | Self::Misfit
            | Self::Disk { .. }
            | Self::Memory(_)
            | Self::Derivation { .. }
            | Self::Random(_) => RefusalCode::Internal,
        }
    }

    /// Seconds after which the same request may succeed; 0 where waiting does not help.
    pub fn retry_after_seconds(&self) -> u32 {
        match self {
            Self::WrongPassphrase { retry_after_seconds }
            | Self::Throttled { retry_after_seconds } => *retry_after_seconds,
            Self::Uninitialised
            | Self::Exists
            | Self::Locked
            | Self::AlreadyOpen
            | Self::WeakPassphrase { .. }
            | Self::UnknownWallet(_)
            | Self::WalletExists(_)
            | Self::WrongChain(_)
            | Self::BadKey(..)
            | Self::BadCredential
            | Self::UnusableCredential { .. }
            | Self::Misfit
            | Self::Damaged { .. }
            | Self::BadBackup(_)
            | Self::AgentIdTooLong(_)
            | Self::Full(_)
            | Self::Disk { .. }
            | Self::Memory(_)
            | Self::Derivation { .. }
            | Self::Random(_) => 0,
        }
    }
}

impl From<&VaultError> for Refusal {
    fn from(error: &VaultError) -> Self {
        Self {
            code: error.code(),
            message: with_causes(error),
            retry_after_seconds: error.retry_after_seconds(),
        }
    }
}

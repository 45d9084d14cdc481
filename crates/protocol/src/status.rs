//! How the signer is.

use std::fmt;

use crate::wire::Item;
use crate::{wire_fields, wire_tags};

/// How the signer is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Of the program.
    pub version: String,
    /// Whether it has and can use its keys.
    pub vault: VaultPhase,
    /// Whether it may sign.
    pub latch: Latch,
    /// Why it may not, or what it said at the start.
    pub latch_reason: String,
    /// What is wrong with the journal, where it did not verify or could not be written.
    pub journal_damage: Option<String>,
    /// How many wallets are halted by a latch of their own.
    pub wallets_halted: u32,
    /// When the dead man's switch suspends signing unless it is renewed, Unix seconds; `None` where
    /// the operator has set none.
    pub suspends_at: Option<u64>,
    /// How the keys are kept from others while the vault is open.
    pub secret_memory: SecretMemory,
    /// How many wallets it has.
    pub wallets: u32,
    /// Records in the journal.
    pub journal_records: u64,
    /// The hash that ends the journal's chain.
    pub journal_head: [u8; 32],
    /// What tells an older copy of the state directory from the one in use; nothing does where there is
    /// none.
    pub witnesses: Vec<Witness>,
    /// The signer's time, Unix seconds: it counts only what it has seen pass.
    pub now: u64,
    /// How many seconds that is behind the system's clock.
    pub behind_seconds: u64,
    /// Whether the vault opens by itself at a start.
    pub unattended: Unattended,
    /// Seconds without a signature or a new key after which the vault locks itself; 0 for never.
    pub idle_lock_seconds: u32,
    /// What confines the process, a word each.
    pub sandbox: Vec<String>,
}

/// Something outside of the state directory that knows how far the journal came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// Where it is, in words.
    pub place: String,
    /// Whether it can be relied on.
    pub state: WitnessState,
    /// What it cannot do, and why, where it fails; otherwise empty.
    pub failure: String,
}

/// Whether a witness can be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WitnessState {
    /// It has what the journal has.
    Current,
    /// It had no time, and is asked again.
    Busy,
    /// It knows another journal, and waits until an operator has accepted this one.
    Waiting,
    /// It does not follow the journal any more.
    Failing,
}

/// Whether the keys can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VaultPhase {
    /// There is no vault.
    Uninitialised,
    /// The keys are encrypted on disk only.
    Locked,
    /// The keys are in secret memory.
    Open,
}

/// Whether anything is signed; later ones are stricter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Latch {
    /// Yes, under the guard.
    Active,
    /// No, until an operator resumes it.
    Suspended,
    /// No, until an operator resumes it, and each wallet's owners agree for that wallet.
    Locked,
}

/// How secret bytes are kept while they are in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretMemory {
    /// `memfd_secret(2)`: not even the kernel maps it; root cannot read it.
    MemfdSecret,
    /// `mlock(2)`: never swapped, never dumped; root can read it.
    Locked,
}

/// Whether the vault opens by itself at a start, with a credential of the service manager, and what came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unattended {
    /// No: only the passphrase opens it.
    Off,
    /// Yes, from the next start on: it was set up since the last, or the vault was held then.
    Untried,
    /// Yes: it was opened so.
    Opened,
    /// Not now: the vault was locked, and stays locked until it is unlocked with its passphrase.
    Held,
    /// It should, and the service manager gave no credential.
    Missing,
    /// It should, and the credential is not that of this vault.
    Misfit,
    /// It should, and the credential or the vault could not be used; the signer's log says why.
    Failed,
}

impl fmt::Display for Witness {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, state, failure } = self;
        match state {
            WitnessState::Current => formatter.write_str(place),
            WitnessState::Busy => write!(formatter, "{place}, which is busy"),
            WitnessState::Waiting => {
                write!(formatter, "{place}, which waits for an operator to resume signing")
            }
            WitnessState::Failing => write!(formatter, "{place}, which {failure}"),
        }
    }
}

impl fmt::Display for WitnessState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Current => "current",
            Self::Busy => "busy",
            Self::Waiting => "waiting",
            Self::Failing => "failing",
        })
    }
}

impl fmt::Display for Unattended {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Off => "off",
            Self::Untried => "untried",
            Self::Opened => "opened",
            Self::Held => "held",
            Self::Missing => "missing",
            Self::Misfit => "misfit",
            Self::Failed => "failed",
        })
    }
}

impl fmt::Display for VaultPhase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Uninitialised => "uninitialised",
            Self::Locked => "locked",
            Self::Open => "open",
        })
    }
}

impl fmt::Display for Latch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Active => "ACTIVE",
            Self::Suspended => "SUSPENDED",
            Self::Locked => "LOCKED",
        })
    }
}

impl fmt::Display for SecretMemory {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::MemfdSecret => "memfd_secret",
            Self::Locked => "mlock",
        })
    }
}

wire_tags!(VaultPhase { Uninitialised = 1, Locked = 2, Open = 3 });
wire_tags!(Latch { Active = 1, Suspended = 2, Locked = 3 });
wire_tags!(SecretMemory { MemfdSecret = 1, Locked = 2 });
wire_tags!(Unattended {
    Off = 1,
    Untried = 2,
    Opened = 3,
    Held = 4,
    Missing = 5,
    Misfit = 6,
    Failed = 7,
});
wire_tags!(WitnessState { Current = 1, Busy = 2, Waiting = 3, Failing = 4 });
wire_fields!(Witness { place, state, failure });
impl Item for Witness {}
wire_fields!(Status {
    version,
    vault,
    latch,
    latch_reason,
    journal_damage,
    wallets_halted,
    suspends_at,
    secret_memory,
    wallets,
    journal_records,
    journal_head,
    witnesses,
    now,
    behind_seconds,
    unattended,
    idle_lock_seconds,
    sandbox,
});

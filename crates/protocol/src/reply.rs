//! What the signer answers.

use std::fmt;

use primitives::{Address, Amount, Asset, Chain, ChainId, Environment, WalletId};

use crate::wire::{Item, Reader, Wire, WireError};
use crate::{Refusal, wire_fields, wire_tags};

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// To a hello: the signer's version of the protocol, and who it is.
    Hello {
        /// [`crate::VERSION`].
        version: u16,
        /// Random, made with the vault; all zero before. Owners' approvals name it.
        instance: [u8; 16],
    },
    /// To what only does something.
    Done,
    /// To a status request.
    Status(Status),
    /// To a list request.
    Keys(Vec<KeyInfo>),
    /// To what makes a key: create, import, rotate.
    Key(KeyInfo),
    /// To what signs: 65 bytes `r ‖ s ‖ yParity` with secp256k1, 64 bytes with Ed25519.
    Signature(Vec<u8>),
    /// To showing or setting a guard.
    Guard(GuardText),
    /// To an exposure request.
    Exposure(Exposure),
    /// To a backup request: the archive.
    Backup(Vec<u8>),
    /// To checking a backup, taking it over, or checking the journal.
    Journal(JournalReport),
    /// To anything that is not done.
    Refused(Refusal),
}

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
    /// How the keys are kept from others while the vault is open.
    pub secret_memory: SecretMemory,
    /// How many wallets it has.
    pub wallets: u32,
    /// Records in the journal.
    pub journal_records: u64,
    /// The hash that ends the journal's chain.
    pub journal_head: [u8; 32],
    /// Seconds without a signature or a new key after which the vault locks itself; 0 for never.
    pub idle_lock_seconds: u32,
    /// What confines the process, a word each.
    pub sandbox: Vec<String>,
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

/// Whether anything is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Latch {
    /// Yes, under the guard.
    Active,
    /// No, until an operator resumes it.
    Suspended,
}

/// How secret bytes are kept while they are in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretMemory {
    /// `memfd_secret(2)`: not even the kernel maps it; root cannot read it.
    MemfdSecret,
    /// `mlock(2)`: never swapped, never dumped; root can read it.
    Locked,
}

/// A wallet: its key as the world may know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyInfo {
    /// Its id.
    pub wallet: WalletId,
    /// Which kind of chain it signs for.
    pub chain: Chain,
    /// Which networks it signs for.
    pub environment: Environment,
    /// secp256k1: 33 bytes, compressed (SEC 1). Ed25519: 32 bytes (RFC 8032).
    pub public_key: Vec<u8>,
    /// What it is known by on its chain.
    pub address: Address,
    /// Whether it signs.
    pub state: KeyState,
    /// Unix seconds.
    pub created_at: u64,
}

/// Whether a key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// Yes, under its guard.
    Active,
    /// Until this time, Unix seconds: it was replaced.
    Retiring {
        /// Unix seconds.
        until: u64,
    },
    /// No more.
    Retired,
}

/// A wallet's guard, as people read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuardText {
    /// Grows by one with each change.
    pub version: u64,
    /// TOML; `docs/guard.md` says what it means.
    pub text: String,
}

/// What could leave a wallet, were gatewayd taken over now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exposure {
    /// Whose.
    pub wallet: WalletId,
    /// A line for each network and asset that may leave.
    pub lines: Vec<ExposureLine>,
}

/// What could leave of one asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExposureLine {
    /// On which network; `None` for all clusters of a Solana wallet's environment together, as the
    /// bytes of a Solana transaction do not name its cluster.
    pub network: Option<ChainId>,
    /// Of what.
    pub asset: Asset,
    /// In one transaction, now.
    pub at_once: Ceiling,
    /// In the next 24 hours.
    pub per_day: Ceiling,
}

/// How much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ceiling {
    /// At most this, in base units.
    AtMost(Amount),
    /// Everything that the wallet holds.
    Unlimited,
}

/// What reading the journal found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalReport {
    /// Records read.
    pub records: u64,
    /// The hash that ends the chain.
    pub head: [u8; 32],
    /// Keys found with it, for a backup; 0 otherwise.
    pub keys: u32,
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

impl Wire for Reply {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Hello { version, instance } => {
                1_u8.write(out);
                version.write(out);
                instance.write(out);
            }
            Self::Done => 2_u8.write(out),
            Self::Status(status) => tagged(3, status, out),
            Self::Keys(keys) => tagged(4, keys, out),
            Self::Key(key) => tagged(5, key, out),
            Self::Signature(signature) => tagged(6, signature, out),
            Self::Guard(guard) => tagged(7, guard, out),
            Self::Exposure(exposure) => tagged(8, exposure, out),
            Self::Backup(archive) => tagged(9, archive, out),
            Self::Journal(report) => tagged(10, report, out),
            Self::Refused(refusal) => tagged(255, refusal, out),
        }
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        match u8::read(input)? {
            1 => Ok(Self::Hello { version: Wire::read(input)?, instance: Wire::read(input)? }),
            2 => Ok(Self::Done),
            3 => Wire::read(input).map(Self::Status),
            4 => Wire::read(input).map(Self::Keys),
            5 => Wire::read(input).map(Self::Key),
            6 => Wire::read(input).map(Self::Signature),
            7 => Wire::read(input).map(Self::Guard),
            8 => Wire::read(input).map(Self::Exposure),
            9 => Wire::read(input).map(Self::Backup),
            10 => Wire::read(input).map(Self::Journal),
            255 => Wire::read(input).map(Self::Refused),
            tag => Err(WireError::UnknownTag(tag)),
        }
    }
}

fn tagged<T: Wire>(tag: u8, content: &T, out: &mut Vec<u8>) {
    tag.write(out);
    content.write(out);
}

impl Wire for KeyState {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Active => 1_u8.write(out),
            Self::Retiring { until } => tagged(2, until, out),
            Self::Retired => 3_u8.write(out),
        }
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        match u8::read(input)? {
            1 => Ok(Self::Active),
            2 => Ok(Self::Retiring { until: Wire::read(input)? }),
            3 => Ok(Self::Retired),
            tag => Err(WireError::UnknownTag(tag)),
        }
    }
}

impl Wire for Ceiling {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::AtMost(amount) => tagged(1, amount, out),
            Self::Unlimited => 2_u8.write(out),
        }
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        match u8::read(input)? {
            1 => Wire::read(input).map(Self::AtMost),
            2 => Ok(Self::Unlimited),
            tag => Err(WireError::UnknownTag(tag)),
        }
    }
}

wire_tags!(VaultPhase { Uninitialised = 1, Locked = 2, Open = 3 });
wire_tags!(Latch { Active = 1, Suspended = 2 });
wire_tags!(SecretMemory { MemfdSecret = 1, Locked = 2 });
wire_fields!(Status {
    version,
    vault,
    latch,
    latch_reason,
    secret_memory,
    wallets,
    journal_records,
    journal_head,
    idle_lock_seconds,
    sandbox,
});
wire_fields!(KeyInfo { wallet, chain, environment, public_key, address, state, created_at });
wire_fields!(GuardText { version, text });
wire_fields!(Exposure { wallet, lines });
wire_fields!(ExposureLine { network, asset, at_once, per_day });
wire_fields!(JournalReport { records, head, keys });
impl Item for KeyInfo {}
impl Item for ExposureLine {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RefusalCode;
    use crate::wire::{read_all, to_bytes};

    #[test]
    fn every_reply_survives_the_round_trip() {
        let wallet = WalletId::from_bytes([7; 16]);
        let key = KeyInfo {
            wallet,
            chain: Chain::Evm,
            environment: Environment::Mainnet,
            public_key: vec![2; 33],
            address: primitives::EvmAddress([3; 20]).into(),
            state: KeyState::Retiring { until: 1_900_000_000 },
            created_at: 1_800_000_000,
        };
        let status = Status {
            version: "0.1.0".to_owned(),
            vault: VaultPhase::Open,
            latch: Latch::Suspended,
            latch_reason: "an operator said so".to_owned(),
            secret_memory: SecretMemory::MemfdSecret,
            wallets: 2,
            journal_records: 40,
            journal_head: [9; 32],
            idle_lock_seconds: 0,
            sandbox: vec!["no_new_privs".to_owned()],
        };
        let line = ExposureLine {
            network: Some("eip155:1".parse().unwrap()),
            asset: Asset::Token(primitives::EvmAddress([4; 20]).into()),
            at_once: Ceiling::AtMost(Amount::from(5_u64)),
            per_day: Ceiling::Unlimited,
        };
        let replies = [
            Reply::Hello { version: 1, instance: [1; 16] },
            Reply::Done,
            Reply::Status(status),
            Reply::Keys(vec![key.clone(), key.clone()]),
            Reply::Key(KeyInfo { state: KeyState::Active, ..key }),
            Reply::Signature(vec![1; 65]),
            Reply::Guard(GuardText { version: 2, text: "[networks]".to_owned() }),
            Reply::Exposure(Exposure { wallet, lines: vec![line] }),
            Reply::Backup(vec![0; 1000]),
            Reply::Journal(JournalReport { records: 3, head: [0; 32], keys: 1 }),
            Reply::Refused(Refusal::new(RefusalCode::Internal, "why")),
        ];
        for reply in replies {
            let bytes = to_bytes(&reply);
            for end in 0..bytes.len() {
                assert!(read_all::<Reply>(&bytes[..end]).is_err(), "{reply:?} cut at {end}");
            }
            assert_eq!(read_all::<Reply>(&bytes), Ok(reply));
        }
    }
}

//! What a record says.

use primitives::{Address, Amount, Asset, Chain, ChainId, Environment, WalletId};
use protocol::wire::{Item, Reader, Wire, WireError};
use protocol::{Latch, RefusalCode};
use sha2::{Digest, Sha256};
use txcodec::SigningInput;

use crate::clock::UnixSeconds;
use crate::guard::Scope;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The signer started.
    Started {
        /// The program's version.
        version: String,
    },
    /// The vault was made.
    VaultCreated {
        /// Who this signer is from now on.
        instance: [u8; 16],
    },
    /// A wallet came to be.
    WalletCreated {
        /// How.
        origin: Origin,
        /// Its key's public side, and its guard.
        wallet: WalletSnapshot,
    },
    /// A wallet was replaced; it signs until then.
    WalletRetiring {
        /// Which one.
        wallet: WalletId,
        /// Unix seconds.
        until: UnixSeconds,
    },
    /// A wallet's key was destroyed.
    WalletDestroyed {
        /// Which one.
        wallet: WalletId,
    },
    /// A guard was replaced.
    GuardSet {
        /// Whose.
        wallet: WalletId,
        /// One more than before.
        version: u64,
        /// The new guard, as TOML.
        text: String,
    },
    /// A signature was about to be made.
    Signed {
        /// By whose key.
        wallet: WalletId,
        /// SHA-256 of what was signed.
        digest: [u8; 32],
        /// Where it spends; `None` for messages.
        scope: Option<Scope>,
        /// What it spends at most; empty when the same bytes were counted before.
        spend: Vec<SpendLine>,
    },
    /// Requests to sign were refused.
    Refused {
        /// Whose key was asked for.
        wallet: WalletId,
        /// Why.
        code: RefusalCode,
        /// How many of them since the last such record.
        count: u32,
    },
    /// Signing was stopped or allowed again.
    LatchSet {
        /// From now on.
        latch: Latch,
        /// Why.
        reason: String,
    },
    /// A backup was taken over: every ceiling counts as used up for a day.
    Restored {
        /// The hash that ended the journal when the backup was made.
        from_head: [u8; 32],
    },
}

/// How a wallet came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Its key was made here.
    Created,
    /// Its key was made elsewhere.
    Imported,
    /// It replaces another.
    Rotated {
        /// The one that it replaces.
        from: WalletId,
    },
    /// It was in a backup.
    Restored,
}

/// A wallet without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WalletSnapshot {
    /// Its id.
    pub id: WalletId,
    /// Which kind of chain it signs for.
    pub chain: Chain,
    /// Which networks it signs for.
    pub environment: Environment,
    /// secp256k1: 33 bytes, compressed. Ed25519: 32 bytes.
    pub public_key: Vec<u8>,
    /// What it is known by on its chain.
    pub address: Address,
    /// Unix seconds.
    pub created_at: UnixSeconds,
    /// Until when it signs, if it was replaced; Unix seconds.
    pub retires_at: Option<UnixSeconds>,
    /// Its guard's version.
    pub guard_version: u64,
    /// Its guard, as TOML.
    pub guard: String,
}

/// How much of what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpendLine {
    /// The native coin or a token.
    pub asset: Asset,
    /// Base units.
    pub amount: Amount,
}

/// Names what a signature is over, without repeating it.
pub(super) fn digest_of(input: &SigningInput) -> [u8; 32] {
    match input {
        SigningInput::Digest(digest) => Sha256::digest(digest).into(),
        SigningInput::Bytes(bytes) => Sha256::digest(bytes).into(),
    }
}

protocol::wire_fields!(SpendLine { asset, amount });
impl Item for SpendLine {}
impl Item for WalletSnapshot {}
protocol::wire_fields!(WalletSnapshot {
    id,
    chain,
    environment,
    public_key,
    address,
    created_at,
    retires_at,
    guard_version,
    guard,
});

impl Wire for Scope {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Evm(chain_id) => {
                1_u8.write(out);
                chain_id.write(out);
            }
            Self::Solana => 2_u8.write(out),
        }
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        match u8::read(input)? {
            1 => ChainId::read(input).map(Self::Evm),
            2 => Ok(Self::Solana),
            tag => Err(WireError::UnknownTag(tag)),
        }
    }
}

impl Wire for Origin {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Created => 1_u8.write(out),
            Self::Imported => 2_u8.write(out),
            Self::Rotated { from } => {
                3_u8.write(out);
                from.write(out);
            }
            Self::Restored => 4_u8.write(out),
        }
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        match u8::read(input)? {
            1 => Ok(Self::Created),
            2 => Ok(Self::Imported),
            3 => Ok(Self::Rotated { from: Wire::read(input)? }),
            4 => Ok(Self::Restored),
            tag => Err(WireError::UnknownTag(tag)),
        }
    }
}

/// The bytes of [`Event`]: one line of tag, name and fields an event.
macro_rules! events {
    ($($tag:literal $name:ident { $($field:ident),+ $(,)? })+) => {
        impl Wire for Event {
            fn write(&self, out: &mut Vec<u8>) {
                match self {
                    $(Self::$name { $($field),+ } => {
                        let tag: u8 = $tag;
                        tag.write(out);
                        $($field.write(out);)+
                    })+
                }
            }

            fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
                match u8::read(input)? {
                    $($tag => Ok(Self::$name { $($field: Wire::read(input)?),+ }),)+
                    tag => Err(WireError::UnknownTag(tag)),
                }
            }
        }
    };
}

events! {
    1 Started { version }
    2 VaultCreated { instance }
    3 WalletCreated { origin, wallet }
    4 WalletRetiring { wallet, until }
    5 WalletDestroyed { wallet }
    6 GuardSet { wallet, version, text }
    7 Signed { wallet, digest, scope, spend }
    8 Refused { wallet, code, count }
    9 LatchSet { latch, reason }
    10 Restored { from_head }
}

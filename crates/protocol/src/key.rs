//! A wallet's key, as the world may know it.

use primitives::{Address, Chain, Environment, WalletId};

use crate::wire::{Item, Reader, Wire, WireError};
use crate::{Latch, wire_fields};

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
    /// Whether it is halted, whatever the signer's own latch says.
    pub latch: Latch,
    /// Why it is halted; empty where it is not, and where nobody knows any more.
    pub latch_reason: String,
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

impl Wire for KeyState {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Active => 1_u8.write(out),
            Self::Retiring { until } => {
                2_u8.write(out);
                until.write(out);
            }
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

wire_fields!(KeyInfo {
    wallet,
    chain,
    environment,
    public_key,
    address,
    state,
    latch,
    latch_reason,
    created_at,
});
impl Item for KeyInfo {}

//! What the world may know of a key, and what is said when one is made.

use primitives::{Address, Chain, Environment, WalletId};

/// The public part of a key. While the vault is locked it is what the key file says; unlocking
/// checks it against the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    /// The wallet whose key it is.
    pub wallet: WalletId,
    /// Which kind of chain it signs for.
    pub chain: Chain,
    /// Which networks it signs for.
    pub environment: Environment,
    /// secp256k1: 33 bytes, compressed (SEC 1). Ed25519: 32 bytes (RFC 8032).
    pub bytes: Vec<u8>,
    /// What it is known by on its chain.
    pub address: Address,
    /// Whom it is for, if anybody said.
    pub agent_id: Option<String>,
    /// Unix seconds.
    pub created_at: u64,
    /// Unix seconds, as of the last time that the vault was locked in order; a note for people.
    pub last_used_at: Option<u64>,
    /// Unix seconds of its replacement by another key.
    pub rotated_at: Option<u64>,
}

/// A key that is to be made or taken over.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// The wallet that it will be.
    pub wallet: WalletId,
    /// Which kind of chain it signs for.
    pub chain: Chain,
    /// Which networks it signs for.
    pub environment: Environment,
    /// Whom it is for.
    pub agent_id: Option<String>,
    /// Unix seconds.
    pub created_at: u64,
}

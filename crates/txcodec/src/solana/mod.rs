//! Solana transactions: messages of the legacy form and of version 0, the instructions that the
//! wallet writes, and what a message does to the wallet that signs it.
//!
//! The bytes are those of Solana's transaction documentation; the rules for a valid message are
//! the validator's `sanitize`, and the limits those of one network packet.

mod assemble;
pub mod associated_token;
mod compact;
mod compile;
pub mod compute_budget;
mod decode;
mod fields;
mod instruction;
mod intent;
mod loader;
pub mod memo;
mod message;
#[cfg(test)]
mod properties;
mod reader;
mod stake;
pub mod system;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod threats;
pub mod token;
mod vote;

pub use assemble::assemble;
pub use decode::decode;
pub use instruction::{AccountMeta, Instruction};
pub use message::{MAX_PACKET, Message, Version};

use primitives::SolanaAddress;

/// The address that a well-known base58 text stands for, in a constant.
const fn well_known(base58: &[u8]) -> SolanaAddress {
    SolanaAddress(bs58::decode(base58).into_array_const_unwrap())
}

//! Bytes of transactions and messages, and what they do.
//!
//! [`evm::decode`] and [`solana::decode`] read a whole unsigned transaction and say in [`Effect`]s
//! what signing it would do; [`message`] does the same for what is signed without being one. They
//! are the only makers of [`Decoded`], they never guess, and bytes that another encoder would have
//! written differently are refused. The signer judges by it and the gateway builds and shows by it:
//! one parser everywhere.
#![forbid(unsafe_code)]
#![deny(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

pub mod approval;
mod decoded;
mod effect;
pub mod evm;
mod hash;
mod intent;
pub mod message;
mod recipient;
pub mod solana;

pub use decoded::{DecodeError, Decoded, SigningInput, Subject};
pub use effect::{AuthorityKind, Effect, OpaqueReason, Selector};
pub use recipient::Recipient;

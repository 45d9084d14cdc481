//! The codec against bytes that other libraries made: one file a folder of vectors.
#![expect(clippy::unwrap_used, clippy::panic, reason = "all of it is a test, the helpers too")]

mod approval;
mod evm;
mod message;
mod solana;
mod vector;
mod words;

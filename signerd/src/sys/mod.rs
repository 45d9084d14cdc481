//! The workspace's only unsafe code: memory that secrets may be in.
//!
//! [`SecretRegion`] holds keys, [`on_secret_stack`] runs what computes with them, [`with_scratch`]
//! lends Argon2 its memory. Each of them has a safe interface; nothing else in the workspace maps,
//! locks or protects memory.
#![expect(unsafe_code, reason = "mapping, locking and wiping memory has no safe interface")]

mod mapping;
mod region;
mod scratch;
mod stack;

pub use region::{MemoryError, SecretRegion};
pub use scratch::with_scratch;
pub use stack::on_secret_stack;

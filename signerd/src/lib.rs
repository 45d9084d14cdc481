//! The signer: holds the keys and signs what its guard allows.
//!
//! One thread, no network, no async runtime. A request's way: [`listen`] makes frames of bytes,
//! [`dispatch`] says who may ask what, a handler decides, [`guard`] clears, [`journal`] records, and
//! [`vault`] signs what was recorded. gatewayd is taken to be hostile: only the bytes, the
//! operator's guard and the journal count.
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::arithmetic_side_effects))]

pub mod announce;
pub mod clock;
pub mod config;
pub mod dispatch;
pub mod guard;
mod handlers;
pub mod journal;
pub mod latch;
pub mod listen;
mod log;
pub mod owners;
pub mod sandbox;
mod service_manager;
pub mod signer;
mod start;
pub mod sys;
pub mod tpm;
pub mod vault;

pub use start::run;

//! The signer: holds the keys and signs what its guard allows.

pub mod sandbox;
pub mod sys;
pub mod vault;

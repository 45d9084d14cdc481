//! The signer: holds the keys and signs what its guard allows.

pub mod sys;
pub mod vault;

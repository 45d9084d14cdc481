//! The signer: holds the keys and signs what its guard allows.

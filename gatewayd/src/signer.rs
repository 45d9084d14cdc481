//! The gateway's side of the signer's protocol.

//! The gateway is hostile: the real signer, asked by somebody who has gatewayd's user and the whole
//! of `signer.sock`. Whatever is sent, no more leaves than the guard says.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

mod approvals;
mod bench;
mod ceilings;
mod crashes;
mod drains;
mod frames;
mod latches;
mod memory;
mod messages;
mod operators;
mod owners;
mod redteam;
mod relation;
mod secrets;
mod sources;

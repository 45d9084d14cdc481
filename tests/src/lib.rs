//! Harness of the tests that run the real programs: chain nodes, daemons, and clients of each of
//! their doors. The demo uses it too.
//!
//! Everything here panics at the first surprise, or says what failed where the demo goes on.
#![expect(clippy::missing_panics_doc, reason = "a test stops at the first surprise")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

pub mod agent;
pub mod approver;
pub mod bare;
pub mod browser;
pub mod daemons;
pub mod evm;
pub mod guards;
pub mod http;
pub mod nodes;
pub mod oracle;
pub mod owner;
pub mod process;
pub mod redteam;
pub mod rpc;
pub mod secrets;
pub mod signer;
pub mod solana;
pub mod stage;
pub mod tool;
pub mod wait;

use std::path::Path;

/// The root of the repository.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

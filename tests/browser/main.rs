//! The pages for people, in a real browser, by keyboard alone, on a screen of 390 pixels: real daemons
//! and chain nodes, wallets that sign with real keys.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod approve;
mod sessions;

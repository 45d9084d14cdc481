//! The gateway: HTTP for agents, policies, queue, chains. Never sees a key.
#![forbid(unsafe_code)]

pub mod app;
pub mod chains;
pub mod clock;
pub mod config;
pub mod http;
pub mod net;
pub mod networks;
pub mod policy;
pub mod scheduler;
pub mod session;
pub mod signer;
pub mod store;
pub mod tx;
pub mod usecase;

//! Messages between the signer and its peers, and their bytes.
//!
//! `docs/PROTOCOL.md` is the byte-level specification; [`wire`] has the codec, [`Request`] and
//! [`Reply`] the messages, [`Refusal`] the reasons for a no. Nothing here does I/O, and no length is
//! believed before it was checked against a limit.
#![forbid(unsafe_code)]
#![deny(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

mod frame;
mod refusal;
mod reply;
mod request;
mod secret;
pub mod wire;

pub use frame::{FRAME_HEADER, Frame, FrameError, MAX_CONTROL_FRAME, MAX_SIGNER_FRAME, RequestId};
pub use refusal::{Refusal, RefusalCode};
pub use reply::{
    Ceiling, Exposure, ExposureLine, GuardText, JournalReport, KeyInfo, KeyState, Latch, Reply,
    SecretMemory, Status, VaultPhase,
};
pub use request::{Kind, Request};
pub use secret::Secret;

/// The version of the protocol, spoken in the hello. Peers of another version are refused.
pub const VERSION: u16 = 1;

//! Messages between the signer and its peers, and their bytes.
//!
//! `docs/PROTOCOL.md` is the byte-level specification; [`wire`] has the codec, [`Request`] and
//! [`Reply`] the messages, [`Refusal`] the reasons for a no. Nothing here does I/O, and no length is
//! believed before it was checked against a limit.
#![forbid(unsafe_code)]
#![deny(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

mod backup;
mod collections;
mod exposure;
mod frame;
mod guard;
pub mod journal;
mod key;
mod refusal;
mod reply;
mod request;
mod secret;
mod status;
mod warrant;
pub mod wire;

pub use backup::{BackupKey, OpenedBackup, VaultCopy};
pub use exposure::{Ceiling, Exposure, ExposureLine};
pub use frame::{FRAME_HEADER, Frame, FrameError, MAX_CONTROL_FRAME, MAX_SIGNER_FRAME, RequestId};
pub use guard::{Demand, GuardChange, GuardCheck, GuardOrder, GuardText};
pub use journal::JournalReport;
pub use key::{KeyInfo, KeyState};
pub use refusal::{Refusal, RefusalCode};
pub use reply::{Announcement, OwnersState, Reply};
pub use request::{Kind, Request};
pub use secret::Secret;
pub use status::{Latch, SecretMemory, Status, Unattended, VaultPhase, Witness, WitnessState};
pub use warrant::{
    AnnouncementId, Approval, MAX_OWNERS, OwnerSignature, Owners, Payload, SignedForm, Terms,
    Warrant,
};

/// What the reason of a halt begins with that is to stop the gateway as well, and to call off what is
/// under way there: the gateway takes it up from the signer, whoever asked for it.
pub const KILL_SWITCH: &str = "kill switch: ";

/// The version of the protocol, spoken in the hello. Peers of another version are refused.
pub const VERSION: u16 = 1;

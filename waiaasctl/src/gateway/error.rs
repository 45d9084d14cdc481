//! Why gatewayd did not do it.

use std::io;

use crate::exit::Exit;
use crate::place::Place;
use crate::signer::unreachable_advice;

/// Why gatewayd did not do it.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// Nobody listens.
    #[error("gatewayd cannot be reached at {socket}")]
    Unreachable {
        /// The socket.
        socket: String,
        /// Why.
        source: io::Error,
    },
    /// No answer in time.
    #[error("gatewayd did not answer {path} within {seconds} seconds")]
    TimedOut {
        /// What was asked.
        path: String,
        /// How long it was waited for.
        seconds: u64,
    },
    /// The connection broke, or the answer is longer than the limit.
    #[error("gatewayd's answer to {path} could not be read")]
    Broken {
        /// What was asked.
        path: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// What was asked cannot be written as a request.
    #[error("{path} cannot be asked of gatewayd")]
    Unaskable {
        /// What was asked.
        path: String,
    },
    /// The answer is no JSON, or not the one that belongs there.
    #[error("gatewayd's answer to {path} is not what belongs there")]
    Unexpected {
        /// What was asked.
        path: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A no, with its reason.
    #[error("{message}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// Stable, such as `WALLET_NOT_FOUND`.
        code: String,
        /// For people.
        message: String,
        /// What to do.
        hint: Option<String>,
    },
}

impl GatewayError {
    /// How the program ends.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Unreachable { .. } | Self::TimedOut { .. } | Self::Broken { .. } => {
                Exit::Unreachable
            }
            Self::Unaskable { .. } => Exit::Usage,
            Self::Unexpected { .. } => Exit::Failed,
            Self::Refused { status, code, .. } => exit_of(*status, code),
        }
    }

    /// The refusal's code, or a word for what broke.
    pub fn code(&self) -> String {
        match self {
            Self::Unreachable { .. } => "GATEWAY_UNREACHABLE".to_owned(),
            Self::TimedOut { .. } => "GATEWAY_TIMED_OUT".to_owned(),
            Self::Broken { .. } => "GATEWAY_CONNECTION_BROKEN".to_owned(),
            Self::Unaskable { .. } => "USAGE".to_owned(),
            Self::Unexpected { .. } => "GATEWAY_PROTOCOL".to_owned(),
            Self::Refused { code, .. } => code.clone(),
        }
    }

    /// What to do about it, where the daemons are at `place`.
    pub fn advice(&self, place: &Place) -> Option<String> {
        match self {
            Self::Unreachable { source, .. } => Some(unreachable_advice(source, place)),
            Self::TimedOut { .. } | Self::Broken { .. } => {
                Some(format!("see {}", place.command("status")))
            }
            Self::Unexpected { .. } => {
                Some("install gatewayd and this program from the same release".to_owned())
            }
            Self::Refused { code, .. } if code == "KEYSTORE_LOCKED" => {
                Some(format!("open the vault: {}", place.command("unlock")))
            }
            Self::Refused { code, .. } if code == "NETWORK_REQUIRED" => {
                Some("name one with --network".to_owned())
            }
            Self::Refused { hint: Some(hint), .. } => Some(hint.clone()),
            Self::Refused { code, .. } if code == "CHAIN_ERROR" => Some(format!(
                "see which networks answer: {}; your own endpoints: docs/networks.md",
                place.command("doctor")
            )),
            Self::Unaskable { .. } | Self::Refused { hint: None, .. } => None,
        }
    }
}

/// The codes of the HTTP contract, by what a script would do about them.
fn exit_of(status: u16, code: &str) -> Exit {
    match (status, code) {
        (_, "KEYSTORE_LOCKED") => Exit::VaultClosed,
        (400, "VALIDATION_FAILED" | "INVALID_ADDRESS" | "NETWORK_REQUIRED") => Exit::Usage,
        (404, _) => Exit::NotFound,
        (401 | 403 | 409 | 410 | 429, _) => Exit::Refused,
        _ => Exit::Failed,
    }
}

//! `/v1/admin/kill-switch` and `/v1/admin/recover`: everything is stopped, and goes on.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Where the kill switch is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct KillSwitch {
    /// `ACTIVE`: everything works. `SUSPENDED`: nothing is signed or sent. `LOCKED`: sessions are
    /// refused as well.
    #[schema(example = "ACTIVE")]
    pub state: String,
    /// Since when it is not active, Unix seconds; `null` while it is.
    pub activated_at: Option<u64>,
    /// Who stopped everything: `master` for an operator, `owner:` or `session:` and which, `system`;
    /// `null` while it is active.
    pub activated_by: Option<String>,
}

/// Everything is to be stopped.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ActivateKillSwitch {
    /// Why; at most 200 printable characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Everything is stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct KillSwitchActivated {
    /// `SUSPENDED`.
    pub state: String,
    /// Unix seconds.
    pub activated_at: u64,
    /// What became of the rest.
    #[serde(flatten)]
    pub effect: KillSwitchEffect,
}

/// What was suspended is locked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct KillSwitchEscalated {
    /// `LOCKED`.
    pub state: String,
    /// Unix seconds.
    pub escalated_at: u64,
    /// What became of the rest.
    #[serde(flatten)]
    pub effect: KillSwitchEffect,
}

/// What a fall of the switch did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct KillSwitchEffect {
    /// Whether the signer has said that it stopped; it is told again until it has.
    pub signer_stopped: bool,
    /// Transactions that were called off: nothing of them was paid, and nothing will be.
    pub called_off: u64,
    /// Transactions that the network may have had before: they are not sent again, and are called
    /// off there once everything goes on.
    pub may_have_left: u64,
}

/// Everything is to go on. Owners agree at the signer, which verifies it; what clients of this kind
/// send of it is read and not needed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Recover {
    /// Not needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_signature: Option<String>,
    /// Not needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_address: Option<String>,
    /// Not needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain: Option<String>,
    /// Not needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// Everything goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Recovered {
    /// `ACTIVE`.
    pub state: String,
    /// Unix seconds.
    pub recovered_at: u64,
}

/// A session was ended by whoever holds its token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionEnded {
    /// Which.
    pub id: Uuid,
    /// `REVOKED`.
    pub status: String,
    /// Unix seconds.
    pub revoked_at: u64,
    /// Transactions of the session that were called off.
    pub called_off: u64,
    /// Transactions of the session that the network may have; they are called off there.
    pub may_have_left: u64,
}

//! `/v1/admin/autostop/rules`: what suspends a wallet without anybody asking.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Every rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AutoStopRules {
    /// Those of all wallets, and those that a wallet has of its own.
    pub rules: Vec<AutoStopRule>,
}

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AutoStopRule {
    /// Its type; for a wallet's own rule with a colon and the wallet's id.
    #[schema(example = "rapid_fire")]
    pub id: String,
    /// What it looks at.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whose it is; `null` where it is for every wallet without one of its own of this type.
    pub wallet_id: Option<Uuid>,
    /// Whether it counts.
    pub enabled: bool,
    /// From where on it fires.
    #[schema(value_type = Object)]
    pub config: serde_json::Value,
    /// When it fires, in words.
    pub meaning: String,
    /// Since when it is as it is, Unix seconds; what was before does not count. 0 for what nobody
    /// has changed.
    pub updated_at: u64,
}

/// A rule is to be another; what is absent stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetAutoStopRule {
    /// Whether it counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// From where on it fires; all of its fields.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub config: Option<serde_json::Value>,
}

//! `/v1/policies`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A policy to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreatePolicy {
    /// Whom it binds; every wallet if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wallet_id: Option<Uuid>,
    /// Such as `SPENDING_LIMIT`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it says; the type fixes the fields.
    #[schema(value_type = Object)]
    pub rules: serde_json::Value,
    /// Among policies of one scope the highest counts.
    #[serde(default)]
    pub priority: i64,
    /// Whether it counts at all.
    #[serde(default = "enabled")]
    pub enabled: bool,
    /// On which network; on every one if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
}

fn enabled() -> bool {
    true
}

/// What to change of a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdatePolicy {
    /// New rules, as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub rules: Option<serde_json::Value>,
    /// A new priority.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<i64>,
    /// Switched on or off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

/// A policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Policy {
    /// Its id.
    pub id: Uuid,
    /// Whom it binds; every wallet if `null`.
    pub wallet_id: Option<Uuid>,
    /// Such as `SPENDING_LIMIT`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it says.
    #[schema(value_type = Object)]
    pub rules: serde_json::Value,
    /// Among policies of one scope the highest counts.
    pub priority: i64,
    /// Whether it counts at all.
    pub enabled: bool,
    /// On which network; on every one if `null`.
    pub network: Option<String>,
    /// Unix seconds.
    pub created_at: u64,
    /// Unix seconds.
    pub updated_at: u64,
}

/// Some of the policies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PolicyPage {
    /// Newest first.
    pub data: Vec<Policy>,
    /// How many there are.
    pub total: u64,
    /// How many were asked for.
    pub limit: u64,
    /// How many were left out before.
    pub offset: u64,
}

/// A policy is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PolicyDeleted {
    /// Its id.
    pub id: Uuid,
    /// `true`.
    pub deleted: bool,
}

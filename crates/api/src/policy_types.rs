//! `GET /v1/policies/types`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Every type of policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PolicyTypeList {
    /// In the order in which they are asked.
    pub types: Vec<PolicyType>,
}

/// A type of policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PolicyType {
    /// Such as `SPENDING_LIMIT`.
    pub name: String,
    /// Other names that are taken for it.
    pub aliases: Vec<String>,
    /// `hard`: the signer's guard can enforce it too. `soft`: the gateway alone does.
    pub enforcement: String,
    /// What it does.
    pub meaning: String,
    /// Rules of it.
    #[schema(value_type = Object)]
    pub example: serde_json::Value,
}

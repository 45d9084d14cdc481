//! `/v1/admin/metrics`: what the gateway measures of itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Every number, as `/metrics` has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MetricList {
    /// By name, in alphabetical order of their families.
    pub metrics: Vec<Metric>,
}

/// One number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Metric {
    /// Such as `waiaas_queue_transactions`.
    pub name: String,
    /// What tells it from others of that name.
    pub labels: BTreeMap<String, String>,
    /// In decimal, exactly.
    pub value: String,
}

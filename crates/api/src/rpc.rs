//! `/v1/admin/rpc-status` and `/v1/admin/settings/test-rpc`: the nodes that chains are asked through.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How the RPC endpoints are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RpcStatus {
    /// By network, in the order in which they are asked.
    pub networks: BTreeMap<String, Vec<RpcEndpoint>>,
    /// The URLs that are asked where the settings name none, by network.
    pub builtin_urls: BTreeMap<String, Vec<String>>,
}

/// How one RPC endpoint is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RpcEndpoint {
    /// Scheme, host and port: the path may hold a provider's key.
    pub url: String,
    /// `available`, `behind` (asked after those that are not) or `cooldown` (put aside).
    pub status: String,
    /// Questions without an answer since its last answer.
    pub failure_count: u32,
    /// How long it is put aside.
    pub cooldown_remaining_ms: u64,
    /// Whether it showed that it serves the right chain; `null` where that is not known now.
    pub serves_chain: Option<bool>,
    /// How long its last answer took.
    pub latency_ms: Option<u64>,
    /// When it answered last, in Unix seconds.
    pub last_success_at: Option<u64>,
    /// Of its newest block, or slot, where it was asked.
    pub block_height: Option<u64>,
    /// Questions that it answered since the start.
    pub answers: u64,
    /// Questions that it did not answer since the start.
    pub failures: u64,
    /// How often it contradicted other endpoints since the start.
    pub contradictions: u64,
    /// The newest things that were wrong, oldest first.
    pub incidents: Vec<RpcIncident>,
}

/// Something that was wrong with an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RpcIncident {
    /// Unix seconds; of the same again and again the last time.
    pub at: u64,
    /// What.
    pub what: String,
}

/// An RPC endpoint to be tried. `Debug` prints no URL, which may hold a key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TestRpc {
    /// Where it is: `https://`, or `http://` for a node on this machine.
    #[schema(format = "uri")]
    pub url: String,
    /// `solana` or `ethereum` (every EVM network); found out where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain: Option<String>,
}

/// What came of trying an RPC endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RpcTested {
    /// Whether it answered as a node does.
    pub success: bool,
    /// How long it took to say which chain it serves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<u64>,
    /// What was wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// CAIP-2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain_id: Option<String>,
    /// Of its newest block, or slot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub block_number: Option<u64>,
}

impl std::fmt::Debug for TestRpc {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("TestRpc")
    }
}

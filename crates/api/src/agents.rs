//! `/v1/admin/agent-prompt` and `/v1/mcp/tokens`: what an operator hands to agents.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// What an agent shall be told of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WriteAgentPrompt {
    /// The wallets that it may use; all if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wallet_ids: Option<Vec<Uuid>>,
    /// Seconds, 300 to 31536000; without end if absent or 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<u64>,
}

/// Words for an agent. The token in them is told once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AgentPrompt {
    /// What the agent is told.
    pub prompt: String,
    /// How many wallets it may use.
    pub wallet_count: u64,
    /// How many sessions were opened: 1.
    pub sessions_created: u64,
    /// Always false: another session's token would end by that.
    pub session_reused: bool,
    /// Unix seconds; 0 for no end.
    pub expires_at: u64,
}

/// A token for a server of the Model Context Protocol.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IssueMcpToken {
    /// The wallet that it is for.
    #[serde(alias = "wallet_id")]
    pub wallet_id: Uuid,
    /// Seconds; without end if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 300, maximum = 31_536_000)]
    pub expires_in: Option<u64>,
}

/// Where such a token lies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct McpTokenIssued {
    /// The wallet that it is for.
    pub wallet_id: Uuid,
    /// The wallet's name.
    pub wallet_name: Option<String>,
    /// The file, which the gateway's user alone reads.
    pub token_path: String,
    /// Unix seconds; 0 for no end.
    pub expires_at: u64,
    /// What a desktop client's settings take: `mcpServers` with one server.
    #[schema(value_type = Object)]
    pub claude_desktop_config: serde_json::Value,
}

impl std::fmt::Debug for AgentPrompt {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("AgentPrompt")
    }
}

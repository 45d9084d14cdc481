//! `/v1/admin/agent-prompt` and `/v1/mcp/tokens`.

use std::sync::Arc;
use std::time::Duration;

use api::{AgentPrompt, IssueMcpToken, McpTokenIssued, WriteAgentPrompt};
use axum::extract::State;
use primitives::WalletId;
use serde_json::{Value, json};

use super::body::{Created, Json, OptionalJson};
use super::problem::Problem;
use super::words::{end, id, uuid};
use crate::app::App;
use crate::session::Master;
use crate::usecase::connect_info::base_url;
use crate::usecase::issue_mcp_token::{McpToken, McpTokenError, issue_mcp_token};
use crate::usecase::write_agent_prompt::write_agent_prompt;

/// The program that speaks the Model Context Protocol for agents, as the HTTP contract names it.
const MCP_SERVER: &str = "@waiaas/mcp";

pub(super) async fn prompt(
    State(app): State<Arc<App>>,
    master: Master,
    OptionalJson(asked): OptionalJson<WriteAgentPrompt>,
) -> Result<Created<AgentPrompt>, Problem> {
    let read = |ids: Vec<uuid::Uuid>| {
        let ids = ids.into_iter().map(|uuid| id("walletIds", uuid));
        ids.collect::<Result<Vec<WalletId>, Problem>>()
    };
    let wallets = asked.wallet_ids.map(read).transpose()?;
    let lifetime = asked.ttl.filter(|seconds| *seconds != 0).map(Duration::from_secs);
    let written = write_agent_prompt(&app, &master, wallets, lifetime).await?;
    Ok(Created(AgentPrompt {
        prompt: written.text,
        wallet_count: u64::try_from(written.opened.wallets.len()).unwrap_or(u64::MAX),
        sessions_created: 1,
        session_reused: false,
        expires_at: end(written.opened.session.expires_at),
    }))
}

pub(super) async fn mcp_token(
    State(app): State<Arc<App>>,
    master: Master,
    Json(asked): Json<IssueMcpToken>,
) -> Result<Created<McpTokenIssued>, Problem> {
    let wallet = id("walletId", asked.wallet_id)?;
    let lifetime = asked.expires_in.map(Duration::from_secs);
    let issued = issue_mcp_token(&app, &master, wallet, lifetime).await?;
    Ok(Created(McpTokenIssued {
        claude_desktop_config: configuration(&app, &issued),
        wallet_id: uuid(issued.wallet),
        token_path: issued.path.display().to_string(),
        wallet_name: Some(issued.wallet_name),
        expires_at: end(issued.expires_at),
    }))
}

fn configuration(app: &App, issued: &McpToken) -> Value {
    let server = json!({
        "command": "npx",
        "args": [MCP_SERVER],
        "env": {
            "WAIAAS_BASE_URL": base_url(app),
            "WAIAAS_DATA_DIR": issued.data_directory.display().to_string(),
            "WAIAAS_WALLET_ID": issued.wallet.to_string(),
            "WAIAAS_WALLET_NAME": issued.wallet_name,
        },
    });
    json!({ "mcpServers": { format!("waiaas-{}", slug(&issued.wallet_name)): server } })
}

/// A wallet's name in small letters, digits and hyphens.
fn slug(name: &str) -> String {
    let plain = |letter: char| {
        if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' }
    };
    name.chars().map(plain).collect()
}

impl From<McpTokenError> for Problem {
    fn from(error: McpTokenError) -> Self {
        match error {
            McpTokenError::Session(error) => error.into(),
            McpTokenError::Ending(error) => error.into(),
            error @ (McpTokenError::NoDirectory | McpTokenError::File { .. }) => {
                Self::internal(&error)
            }
            McpTokenError::Store(error) => error.into(),
        }
    }
}

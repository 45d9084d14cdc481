//! `session prompt` and `session mcp`: what agents and their programs are told to begin with.

use api::{AgentPrompt, IssueMcpToken, McpTokenIssued, WriteAgentPrompt};

use super::{Operation, to_json, uuid};
use crate::exit::Failure;
use crate::gateway::Call;

use crate::view::View;

/// Makes a session and prints what an agent is told, with its token in it.
pub(super) fn prompt(
    wallets: &[String],
    ttl: Option<u32>,
    operation: &Operation,
) -> Result<View, Failure> {
    let ids = wallets.iter().map(|wallet| operation.wallet(wallet).map(uuid));
    let ids: Vec<_> = ids.collect::<Result<_, _>>()?;
    let wallet_ids = (!ids.is_empty()).then_some(ids);
    let body = WriteAgentPrompt { wallet_ids, ttl: ttl.map(u64::from) };
    let written: AgentPrompt =
        operation.gateway()?.ask(Call::post("/v1/admin/agent-prompt").body(&body))?;
    Ok(View::new(to_json(&written)).line(written.prompt.clone()))
}

/// Makes a session whose token gatewayd leaves in a file, and prints the settings that name it.
pub(super) fn mcp(wallet: &str, ttl: Option<u32>, operation: &Operation) -> Result<View, Failure> {
    let wallet_id = uuid(operation.wallet(wallet)?);
    let body = IssueMcpToken { wallet_id, expires_in: ttl.map(u64::from) };
    let issued: McpTokenIssued =
        operation.gateway()?.ask(Call::post("/v1/mcp/tokens").body(&body))?;
    let until = super::session::until(issued.expires_at);
    let view = View::new(to_json(&issued));
    let view = view.line(format!("the token is in {}, {until}", issued.token_path));
    let config = serde_json::to_string_pretty(&issued.claude_desktop_config);
    Ok(view.line(config.unwrap_or_default()))
}

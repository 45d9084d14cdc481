//! `rpc status`, `test`.

use std::path::Path;

use api::{RpcEndpoint, RpcStatus, RpcTested, TestRpc};
use primitives::Chain;

use super::{Operation, to_json};
use crate::args::RpcCommand;
use crate::exit::{Exit, Failure};
use crate::files;
use crate::gateway::Call;
use crate::progress::Progress;
use crate::table::{Column, Table};
use crate::time::{span, utc};
use crate::view::View;

/// The longest URL that gatewayd takes, and a line feed.
const MAX_URL: usize = 2_049;

/// Shows how RPC endpoints are, or tries one.
pub(super) fn run(command: RpcCommand, operation: &Operation) -> Result<View, Failure> {
    match command {
        RpcCommand::Status { network, probe } => status(network.as_deref(), probe, operation),
        RpcCommand::Test { url, chain } => test(url, chain, operation),
    }
}

fn status(network: Option<&str>, probe: bool, operation: &Operation) -> Result<View, Failure> {
    let mut call = Call::get("/v1/admin/rpc-status");
    if let Some(network) = network {
        call = call.query("network", network);
    }
    if probe {
        call = call.query("probe", "true");
    }
    let gateway = operation.gateway()?;
    let _progress = probe.then(|| Progress::start("asking the endpoints"));
    let found: RpcStatus = gateway.ask(call)?;
    // What nobody has asked says nothing, unless it is meant.
    let is_shown = |endpoint: &RpcEndpoint| network.is_some() || was_asked(endpoint);
    let mut table = Table::new([
        Column::left("NETWORK"),
        Column::left("ENDPOINT"),
        Column::left("STATUS"),
        Column::right("LATENCY"),
        Column::right("HEIGHT"),
        Column::left("ANSWERED"),
        Column::right("FAILED"),
        Column::left("LAST TROUBLE"),
    ]);
    let mut shown = 0_usize;
    for (name, endpoints) in &found.networks {
        for endpoint in endpoints.iter().filter(|endpoint| is_shown(endpoint)) {
            table.row(row(name, endpoint));
            shown = shown.saturating_add(1);
        }
    }
    let view = View::new(to_json(&found));
    if shown == 0 {
        let probe = operation.place.command("rpc status --probe");
        return Ok(view.line(format!("no endpoint was asked anything yet; ask all: {probe}")));
    }
    let view = view.table(table);
    let contradictions: u64 =
        found.networks.values().flatten().map(|endpoint| endpoint.contradictions).sum();
    Ok(if contradictions == 0 {
        view
    } else {
        view.line(
            "endpoints contradicted each other: take those out of [rpc] that you do not trust",
        )
    })
}

fn was_asked(endpoint: &RpcEndpoint) -> bool {
    endpoint.answers > 0 || endpoint.failures > 0
}

fn row(network: &str, endpoint: &RpcEndpoint) -> [String; 8] {
    let status = match endpoint.status.as_str() {
        _ if endpoint.serves_chain == Some(false) => "another chain".to_owned(),
        "cooldown" => format!("rests {}", span(endpoint.cooldown_remaining_ms.div_ceil(1_000))),
        "available" if !was_asked(endpoint) => "not asked yet".to_owned(),
        word => word.to_owned(),
    };
    let number = |number: Option<u64>| number.map(|number| number.to_string()).unwrap_or_default();
    let trouble = endpoint.incidents.last();
    [
        network.to_owned(),
        endpoint.url.clone(),
        status,
        endpoint.latency_ms.map(|ms| format!("{ms} ms")).unwrap_or_default(),
        number(endpoint.block_height),
        endpoint.last_success_at.map_or_else(|| "never".to_owned(), utc),
        endpoint.failures.to_string(),
        trouble.map(|last| format!("{}: {}", utc(last.at), last.what)).unwrap_or_default(),
    ]
}

fn test(url: String, chain: Option<Chain>, operation: &Operation) -> Result<View, Failure> {
    let url = if url == "-" { typed()? } else { url };
    let gateway = operation.gateway()?;
    let _progress = Progress::start("asking the endpoint");
    let body = TestRpc { url, chain: chain.map(|chain| chain.to_string()) };
    let tested: RpcTested = gateway.ask(Call::post("/v1/admin/settings/test-rpc").body(&body))?;
    if !tested.success {
        let error = tested.error.unwrap_or_default();
        let advice = "see docs/networks.md on endpoints of your own";
        return Err(Failure::new(Exit::Failed, format!("the endpoint is no use: {error}"), advice));
    }
    let mut fields = Vec::new();
    fields.extend(tested.chain_id.clone().map(|chain| ("chain", chain)));
    fields.extend(tested.block_number.map(|height| ("height", height.to_string())));
    fields.extend(tested.latency_ms.map(|ms| ("latency", format!("{ms} ms"))));
    Ok(View::new(to_json(&tested)).fields(fields))
}

/// A URL from standard input: its first line.
fn typed() -> Result<String, Failure> {
    let bytes = files::read(Path::new("-"), MAX_URL)?;
    let text = String::from_utf8_lossy(&bytes);
    Ok(text.lines().next().unwrap_or_default().trim().to_owned())
}

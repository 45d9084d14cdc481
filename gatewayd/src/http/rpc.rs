//! `/v1/admin/rpc-status` and `/v1/admin/settings/test-rpc`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use api::{ErrorCode, RpcEndpoint, RpcIncident, RpcStatus, RpcTested, TestRpc};
use axum::extract::State;
use serde::Deserialize;

use super::body::{Done, Json, Query};
use super::problem::Problem;
use super::words::{seconds, word};
use crate::app::App;
use crate::chains::NodeStatus;
use crate::networks::Networks;
use crate::session::Master;
use crate::usecase::rpc::{Look, RpcError, rpc_status, test_rpc};

#[derive(Debug, Deserialize)]
pub(super) struct StatusQuery {
    network: Option<String>,
    probe: Option<String>,
}

pub(super) async fn status(
    State(app): State<Arc<App>>,
    master: Master,
    Query(query): Query<StatusQuery>,
) -> Result<Done<RpcStatus>, Problem> {
    let look = match query.probe.as_deref() {
        Some("true") => Look::Again,
        Some("false" | "") | None => Look::Known,
        Some(_) => return Err(Problem::invalid("probe is true or false")),
    };
    let found = rpc_status(&app, &master, query.network.as_deref(), look).await?;
    let builtin = |(name, urls): (&str, &[&str])| {
        (name.to_owned(), urls.iter().map(|&url| url.to_owned()).collect::<Vec<_>>())
    };
    let builtin_urls: BTreeMap<_, _> = Networks::builtin_urls().map(builtin).collect();
    let networks = found
        .into_iter()
        .map(|(name, nodes)| (name, nodes.into_iter().map(endpoint).collect()))
        .collect();
    Ok(Done(RpcStatus { networks, builtin_urls }))
}

pub(super) async fn test(
    State(app): State<Arc<App>>,
    master: Master,
    Json(asked): Json<TestRpc>,
) -> Result<Done<RpcTested>, Problem> {
    let chain = match asked.chain.as_deref() {
        Some("ripple") => {
            let message = "the XRP Ledger is not served";
            return Err(Problem::new(ErrorCode::UnsupportedChain, message));
        }
        named => named.map(|named| word("chain", named)).transpose()?,
    };
    Ok(Done(match test_rpc(&app, &master, &asked.url, chain).await? {
        Ok(trial) => RpcTested {
            success: true,
            latency_ms: Some(ms(trial.latency)),
            error: None,
            chain_id: Some(trial.chain_id),
            block_number: Some(trial.height),
        },
        Err(reason) => RpcTested {
            success: false,
            latency_ms: None,
            error: Some(reason),
            chain_id: None,
            block_number: None,
        },
    }))
}

fn endpoint(node: NodeStatus) -> RpcEndpoint {
    let status = match (node.rest_left.is_zero(), node.is_behind) {
        (false, _) => "cooldown",
        (true, true) => "behind",
        (true, false) => "available",
    };
    let incident = |incident: crate::chains::Incident| RpcIncident {
        at: seconds(incident.at),
        what: incident.what,
    };
    RpcEndpoint {
        url: node.origin,
        status: status.to_owned(),
        failure_count: node.failures_in_a_row,
        cooldown_remaining_ms: ms(node.rest_left),
        serves_chain: node.serves_the_chain,
        latency_ms: node.history.latency.map(ms),
        last_success_at: node.history.answered_at.map(seconds),
        block_height: node.height,
        answers: node.history.answers,
        failures: node.history.failures,
        contradictions: node.history.contradictions,
        incidents: node.history.incidents.into_iter().map(incident).collect(),
    }
}

fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl From<RpcError> for Problem {
    fn from(error: RpcError) -> Self {
        Self::invalid(error.to_string())
    }
}

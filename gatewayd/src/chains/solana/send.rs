//! Tries a transaction, and sends it.

use serde_json::{Value, json};
use txcodec::solana::assemble;

use super::{base64, outcome};
use crate::chains::answer::{Part, readable};
use crate::chains::rpc::{NodeError, Rpc, RpcError};
use crate::chains::{ChainError, Simulation};

/// A transaction that a node has run before.
const ALREADY_PROCESSED: &str = "AlreadyProcessed";
/// A blockhash that is too old, or newer than the node.
const BLOCKHASH_NOT_FOUND: &str = "BlockhashNotFound";
/// The longest log that is kept.
const MAX_LOG_LINES: usize = 100;

/// How much an endpoint's refusal says about the transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    /// Nothing: it was not asked, or did not answer.
    Silence,
    /// It is none that a cluster takes.
    Never,
    /// It would fail on the state that the endpoint knows.
    Fails,
    /// The endpoint is behind, and may take it later.
    NotNow,
}

/// What the cluster says that `message` would do. It needs no signature for that.
pub(super) async fn simulate(rpc: &Rpc, message: &[u8]) -> Result<Simulation, ChainError> {
    let unsigned = assemble(message, &[0; 64]);
    let how = json!({"encoding": "base64", "commitment": "confirmed", "sigVerify": false});
    rpc.ask("simulateTransaction", json!([base64(&unsigned), how]), read_simulation).await
}

/// Sends a transaction whose first signature is `hash` to every endpoint that works; each tries it
/// before it takes it. Of what they say that refuse it, what is least final counts.
pub(super) async fn broadcast(rpc: &Rpc, signed: &[u8], hash: &str) -> Result<(), ChainError> {
    let send = |alone| {
        let (signed, hash) = (signed.to_vec(), hash.to_owned());
        async move { send(&alone, &signed, &hash).await }
    };
    rpc.everywhere(send, weight).await
}

/// Sends the bytes to the endpoint, which has them when it repeats their hash.
async fn send(rpc: &Rpc, signed: &[u8], hash: &str) -> Result<(), ChainError> {
    let how = json!({"encoding": "base64", "preflightCommitment": "confirmed"});
    let repeats_hash = |part: Part<'_>| {
        let is_same = part.text()? == hash;
        is_same.then_some(()).ok_or_else(|| part.bad("another signature than the first one"))
    };
    match rpc.call("sendTransaction", json!([base64(signed), how]), repeats_hash).await {
        Ok(()) => Ok(()),
        Err(RpcError::Chain(error)) => Err(error),
        Err(RpcError::Node(error)) => refused(rpc, hash, error).await,
    }
}

fn weight(error: &ChainError) -> Weight {
    if matches!(error, ChainError::NodeBehind) {
        Weight::NotNow
    } else if matches!(error, ChainError::ExecutionFailed { .. }) {
        Weight::Fails
    } else if matches!(error, ChainError::Rejected(_)) {
        Weight::Never
    } else {
        Weight::Silence
    }
}

/// Whether a refusal means that the transaction is there already, or what else it means. That a
/// node does not find the blockhash proves nothing: it may be behind, and the transaction may have
/// come in through another.
async fn refused(rpc: &Rpc, hash: &str, error: NodeError) -> Result<(), ChainError> {
    let preflight =
        error.data.as_ref().and_then(|data| data.get("err")).filter(|err| !err.is_null());
    let Some(preflight) = preflight else {
        return Err(ChainError::Rejected(error.message));
    };
    if preflight == ALREADY_PROCESSED {
        return Ok(());
    }
    let known = outcome::is_known(rpc, hash).await?;
    match preflight == BLOCKHASH_NOT_FOUND {
        _ if known => Ok(()),
        true => Err(ChainError::NodeBehind),
        false => Err(ChainError::ExecutionFailed { reason: words(preflight), logs: Vec::new() }),
    }
}

fn read_simulation(part: Part<'_>) -> Result<Simulation, ChainError> {
    let value = part.field("value")?;
    let err = value.field("err")?;
    if err.value() == BLOCKHASH_NOT_FOUND {
        return Err(ChainError::BlockhashExpired);
    }
    let logs = value.optional("logs").map_or(Ok(Vec::new()), read_logs)?;
    let units_consumed = value.optional("unitsConsumed").map(Part::number).transpose()?;
    Ok(Simulation { failure: failure(err, &logs), logs, units_consumed })
}

fn read_logs(part: Part<'_>) -> Result<Vec<String>, ChainError> {
    let lines = part.items()?.into_iter().take(MAX_LOG_LINES);
    lines.map(|line| line.text().map(readable)).collect()
}

/// The cluster's error, with the program's own words where it left some; `None` for no error.
pub(super) fn failure(err: Part<'_>, logs: &[String]) -> Option<String> {
    if err.is_null() {
        return None;
    }
    let error = words(err.value());
    let said = logs.iter().rev().find_map(|line| line.strip_prefix("Program log: Error: "));
    Some(match said {
        Some(said) => format!("{error}: {said}"),
        None => error,
    })
}

fn words(err: &Value) -> String {
    let error = err.as_str().map_or_else(|| readable(&err.to_string()), readable);
    if err.get("InsufficientFundsForRent").is_some() {
        return format!("an account would hold less than it needs to exist (rent): {error}");
    }
    error
}

//! What became of a transaction that was sent.

use serde_json::json;

use super::send::failure;
use crate::chains::answer::Part;
use crate::chains::rpc::Rpc;
use crate::chains::{ChainError, Outcome};

/// What a node knows of a transaction.
struct Status {
    /// The slot that the node has reached.
    slot: u64,
    /// `None` where it knows nothing.
    outcome: Option<Outcome>,
}

/// The newest finalized block.
struct Tip {
    slot: u64,
    block_height: u64,
}

/// A transaction that a node does not know has expired only when finalized blocks are past the last
/// one that could hold it, and a node that has seen these blocks still does not know it.
pub(super) async fn outcome(
    rpc: &Rpc,
    hash: &str,
    last_valid_block_height: Option<u64>,
) -> Result<Outcome, ChainError> {
    if let Some(outcome) = status(rpc, hash).await?.outcome {
        return Ok(outcome);
    }
    let Some(last_valid_block_height) = last_valid_block_height else {
        return Ok(Outcome::Unknown);
    };
    let tip = finalized_tip(rpc).await?;
    if tip.block_height <= last_valid_block_height {
        return Ok(Outcome::Unknown);
    }
    let status = status(rpc, hash).await?;
    let is_certain = status.slot >= tip.slot;
    Ok(status.outcome.unwrap_or(if is_certain { Outcome::Expired } else { Outcome::Unknown }))
}

async fn status(rpc: &Rpc, hash: &str) -> Result<Status, ChainError> {
    let params = json!([[hash], {"searchTransactionHistory": true}]);
    let read = |part: Part<'_>| {
        let slot = part.field("context")?.field("slot")?.number()?;
        let [status] = part.field("value")?.array()?;
        let outcome = if status.is_null() { None } else { Some(read_status(status)?) };
        Ok(Status { slot, outcome })
    };
    rpc.ask("getSignatureStatuses", params, read).await
}

fn read_status(status: Part<'_>) -> Result<Outcome, ChainError> {
    let commitment = status.field("confirmationStatus")?;
    match commitment.text()? {
        "processed" => Ok(Outcome::Pending),
        "confirmed" | "finalized" => Ok(match failure(status.field("err")?, &[]) {
            None => Outcome::Confirmed,
            Some(reason) => Outcome::Failed { reason },
        }),
        _ => Err(commitment.bad("not a commitment")),
    }
}

async fn finalized_tip(rpc: &Rpc) -> Result<Tip, ChainError> {
    let read = |part: Part<'_>| {
        Ok(Tip {
            slot: part.field("absoluteSlot")?.number()?,
            block_height: part.field("blockHeight")?.number()?,
        })
    };
    rpc.ask("getEpochInfo", json!([{"commitment": "finalized"}]), read).await
}

//! What became of a transaction that was sent.
//!
//! That it was carried out, one node's word proves. That it never will be, takes more: a payment
//! that is called expired may be asked for again, and would be made twice if the first one counted
//! after all. So every endpoint is asked, and each has to show that it can know.

use serde_json::json;

use super::Solana;
use super::send::failure;
use crate::chains::answer::Part;
use crate::chains::rpc::Rpc;
use crate::chains::{Age, ChainError, Outcome};
use crate::config::Commitment;

/// Blocks that hold a transaction at the latest so long after the one whose hash it names
/// (`MAX_PROCESSING_AGE`).
const BLOCKS_VALID: u64 = 150;
/// Finalized blocks beyond the last one that could hold a transaction, before anybody is believed
/// that none does: no fork that a node follows by mistake lives so long (`MAX_LOCKOUT_HISTORY`).
const SETTLED_BLOCKS: u64 = 32;
/// Finalized blocks beyond the last one, up to which every node remembers all signatures that could
/// be in question: it keeps those of 300 blocks (`MAX_RECENT_BLOCKHASHES`), less what it may be
/// ahead of its finalized block.
const REMEMBERED_BLOCKS: u64 = 100;

/// Blocks that a draft must have left to be signed: what is signed in the last moment is mostly too
/// late, and could not be made anew.
const SPARE_BLOCKS: u64 = 30;

/// Blocks that no cluster makes in a million years: who claims more would let nothing expire.
const MOST_BLOCKS: u64 = 1 << 47;

/// Endpoints that have to say that there is none, where there are so many.
const WITNESSES: usize = 2;

const STATUSES: &str = "getSignatureStatuses";

/// What a node knows of a transaction. Two are alike when they say the same of it.
struct Status {
    /// The slot that the node has reached.
    slot: u64,
    /// `None` where it knows nothing.
    outcome: Option<Outcome>,
}

impl PartialEq for Status {
    fn eq(&self, other: &Self) -> bool {
        self.outcome == other.outcome
    }
}

/// The newest block of a commitment.
struct Tip {
    slot: u64,
    block_height: u64,
}

/// What a node can say about a transaction whose time is over.
enum Testimony {
    /// It knows it.
    Known(Outcome),
    /// It has seen every block that could hold it, and none does.
    Absent,
    /// It has not come so far itself.
    Behind,
}

/// Where the transaction stands whose first signature is `hash`. It is done once it is as far as the
/// settings ask for. It has expired only when no
/// endpoint knows it, and two, where there are two, have seen all finalized blocks that could hold
/// it: one may lie while the other is out of reach. Endpoints that contradict each other are asked
/// again.
pub(super) async fn outcome(
    Solana { rpc, commitment }: &Solana,
    hash: &str,
    last_valid_block_height: Option<u64>,
) -> Result<Outcome, ChainError> {
    if let Some(outcome) = status(rpc, hash, *commitment).await?.outcome {
        return Ok(outcome);
    }
    let Some(last_valid) = last_valid_block_height else {
        return Ok(Outcome::Unknown);
    };
    if !is_past(&finalized_tip(rpc).await?, last_valid) {
        return Ok(Outcome::Unknown);
    }
    let (mut known, mut absent, mut trouble) = (None, 0, None);
    let nodes = rpc.one_by_one();
    let wanted = nodes.len().min(WITNESSES);
    for node in nodes {
        match testimony(&node, (hash, *commitment), last_valid).await {
            Ok(Testimony::Known(outcome)) => known = Some(outcome),
            Ok(Testimony::Absent) => absent += 1,
            Ok(Testimony::Behind) => {}
            Err(error) => trouble = Some(error),
        }
    }
    match (known, trouble) {
        (Some(_), _) if absent > 0 => Err(rpc.contradiction(STATUSES)),
        (Some(outcome), _) => Ok(outcome),
        (None, _) if absent >= wanted => Ok(Outcome::Expired),
        (None, Some(error)) => Err(error),
        (None, None) => Ok(Outcome::Unknown),
    }
}

/// Whether a node knows the transaction whose first signature is `hash`, however far it is.
pub(super) async fn is_known(rpc: &Rpc, hash: &str) -> Result<bool, ChainError> {
    Ok(status(rpc, hash, Commitment::Confirmed).await?.outcome.is_some())
}

/// How much time a draft has left that counts up to the block `last_valid`. Who says that it has enough
/// is believed: at worst it comes too late. It is over only when two endpoints, where there are two,
/// have the finalized blocks that show it.
pub(super) async fn age(rpc: &Rpc, last_valid: u64) -> Result<Age, ChainError> {
    if tip(rpc, "confirmed").await?.block_height <= last_valid.saturating_sub(SPARE_BLOCKS) {
        return Ok(Age::Fresh);
    }
    let (mut past, mut trouble) = (0, None);
    let nodes = rpc.one_by_one();
    let wanted = nodes.len().min(WITNESSES);
    for node in nodes {
        match finalized_tip(&node).await {
            Ok(tip) if is_past(&tip, last_valid) => past += 1,
            Ok(_) => {}
            Err(error) => trouble = Some(error),
        }
        if past >= wanted {
            return Ok(Age::Over);
        }
    }
    trouble.map_or(Ok(Age::Old), Err)
}

/// What one node says. Its own tip comes first: a status from before the tip proves nothing. How far
/// back it remembers comes last, as it forgets from the oldest on.
async fn testimony(
    node: &Rpc,
    (hash, commitment): (&str, Commitment),
    last_valid: u64,
) -> Result<Testimony, ChainError> {
    let tip = finalized_tip(node).await?;
    let Status { slot, outcome } = status(node, hash, commitment).await?;
    if let Some(outcome) = outcome {
        return Ok(Testimony::Known(outcome));
    }
    if !is_past(&tip, last_valid) || slot < tip.slot {
        return Ok(Testimony::Behind);
    }
    let remembers = tip.block_height <= last_valid.saturating_add(REMEMBERED_BLOCKS)
        || oldest_block(node).await? <= last_valid.saturating_sub(BLOCKS_VALID);
    if remembers { Ok(Testimony::Absent) } else { Err(ChainError::HistoryTooShort) }
}

/// Whether blocks that could hold the transaction are over for good.
fn is_past(tip: &Tip, last_valid: u64) -> bool {
    tip.block_height > last_valid.saturating_add(SETTLED_BLOCKS)
}

/// What ends a payment counts once a second endpoint says it too, where there is one.
async fn status(rpc: &Rpc, hash: &str, commitment: Commitment) -> Result<Status, ChainError> {
    let params = json!([[hash], {"searchTransactionHistory": true}]);
    let ends = |status: &Status| {
        matches!(status.outcome, Some(Outcome::Confirmed | Outcome::Failed { .. }))
    };
    let read = |part: Part<'_>| {
        let slot = part.field("context")?.field("slot")?.number()?;
        let [status] = part.field("value")?.array()?;
        let outcome = if status.is_null() { None } else { Some(read_status(status, commitment)?) };
        Ok(Status { slot, outcome })
    };
    rpc.agreed(STATUSES, params, read, ends).await
}

fn read_status(status: Part<'_>, wanted: Commitment) -> Result<Outcome, ChainError> {
    let commitment = status.field("confirmationStatus")?;
    match (commitment.text()?, wanted) {
        ("processed", _) => Ok(Outcome::Pending),
        ("confirmed", Commitment::Finalized) => Ok(Outcome::Included),
        ("confirmed", Commitment::Confirmed) | ("finalized", _) => {
            Ok(match failure(status.field("err")?, &[]) {
                None => Outcome::Confirmed,
                Some(reason) => Outcome::Failed { reason },
            })
        }
        _ => Err(commitment.bad("not a commitment")),
    }
}

/// The last block that can hold a transaction which names the newest block that any endpoint has.
pub(super) async fn last_valid_of_new(rpc: &Rpc) -> Result<u64, ChainError> {
    let newest = |alone| async move { Ok(tip(&alone, "confirmed").await?.block_height) };
    Ok(rpc.greatest(newest).await?.saturating_add(BLOCKS_VALID))
}

async fn finalized_tip(rpc: &Rpc) -> Result<Tip, ChainError> {
    tip(rpc, "finalized").await
}

async fn tip(rpc: &Rpc, commitment: &'static str) -> Result<Tip, ChainError> {
    let read = |part: Part<'_>| {
        let block_height = part.field("blockHeight")?;
        if block_height.number()? > MOST_BLOCKS {
            return Err(block_height.bad("more blocks than a cluster makes"));
        }
        let slot = part.field("absoluteSlot")?.number()?;
        Ok(Tip { slot, block_height: block_height.number()? })
    };
    rpc.ask("getEpochInfo", json!([{"commitment": commitment}]), read).await
}

/// The height of the oldest block that the node has kept.
async fn oldest_block(node: &Rpc) -> Result<u64, ChainError> {
    let slot =
        node.ask("getFirstAvailableBlock", json!([]), |part: Part<'_>| part.number()).await?;
    if slot == 0 {
        return Ok(0);
    }
    let how = json!({
        "commitment": "finalized",
        "transactionDetails": "none",
        "rewards": false,
        "maxSupportedTransactionVersion": 0,
    });
    let read = |part: Part<'_>| part.field("blockHeight")?.number();
    node.ask("getBlock", json!([slot, how]), read).await
}

//! What a node answers, as JSON-RPC 2.0 has it.

use primitives::Chain;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::node::Trouble;
use crate::chains::answer::{Answer, readable};
use crate::json::memory;

/// What can have a long answer: the token accounts of a busy Solana wallet, a receipt with many events.
const LONG: [&str; 4] = [
    "getTokenAccountsByOwner",
    "getMultipleAccounts",
    "simulateTransaction",
    "eth_getTransactionReceipt",
];
/// The most bytes of such an answer.
const LONGEST: usize = 8 << 20;
/// The most bytes of any other answer.
const USUAL: usize = 1 << 20;
/// How many times the bytes of the longest answer its values may take in memory. Real ones take less.
const GROWTH: usize = 6;

/// EIP-1474: the limit is exceeded. On Solana: the node is behind.
const NOT_NOW: i64 = -32005;
/// What some providers answer in place of the HTTP status.
const TOO_MANY_REQUESTS: i64 = 429;

/// An error that the node itself reports.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::chains) struct NodeError {
    pub(in crate::chains) method: &'static str,
    pub(in crate::chains) code: i64,
    pub(in crate::chains) message: String,
    pub(in crate::chains) data: Option<Value>,
}

/// How asking one endpoint went.
pub(super) enum Attempt {
    Answered(Answer),
    Refused(NodeError),
    Failed(Trouble),
}

#[derive(Deserialize)]
struct Reply {
    jsonrpc: String,
    #[serde(default)]
    id: Value,
    #[serde(default, deserialize_with = "present")]
    result: Option<Value>,
    error: Option<ErrorBody>,
}

#[derive(Deserialize)]
struct ErrorBody {
    code: i64,
    message: String,
    data: Option<Value>,
}

/// `null` is a result; a missing field is none.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// The most bytes of an answer to that question.
pub(super) fn longest(method: &str) -> usize {
    if LONG.contains(&method) { LONGEST } else { USUAL }
}

/// Reads the answer to question number `id`.
pub(super) fn read(chain: Chain, method: &'static str, id: u64, bytes: &[u8]) -> Attempt {
    let garbage = |reason: &str| Attempt::Failed(Trouble::Garbage(reason.to_owned()));
    if memory(bytes) > longest(method).saturating_mul(GROWTH) {
        return garbage("more values than are read");
    }
    let Ok(reply) = serde_json::from_slice::<Reply>(bytes) else {
        return garbage("not JSON-RPC");
    };
    if reply.jsonrpc != "2.0" {
        return garbage("another version than JSON-RPC 2.0");
    }
    // A node that could not even read the question cannot repeat its id.
    let is_ours = reply.id == json!(id) || (reply.error.is_some() && reply.id.is_null());
    match (reply.result, reply.error) {
        _ if !is_ours => garbage("it belongs to another question"),
        (Some(value), None) => Attempt::Answered(Answer::new(method, value)),
        (None | Some(Value::Null), Some(error)) => read_error(chain, method, error),
        (Some(_), Some(_)) => garbage("both a result and an error"),
        (None, None) => garbage("neither a result nor an error"),
    }
}

fn read_error(chain: Chain, method: &'static str, error: ErrorBody) -> Attempt {
    let ErrorBody { code, message, data } = error;
    match (code, chain) {
        (TOO_MANY_REQUESTS, _) | (NOT_NOW, Chain::Evm) => Attempt::Failed(Trouble::RateLimited),
        (NOT_NOW, Chain::Solana) => Attempt::Failed(Trouble::Behind),
        _ => Attempt::Refused(NodeError { method, code, message: readable(&message), data }),
    }
}

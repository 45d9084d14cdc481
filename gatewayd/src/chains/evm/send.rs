//! Sends a signed transaction to every endpoint that works.

use std::sync::Arc;

use serde_json::json;

use super::refusal::Refusal;
use super::{Evm, hex};
use crate::chains::ChainError;
use crate::chains::answer::Part;
use crate::chains::rpc::RpcError;

/// How much an endpoint's refusal says about the transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    /// Nothing: it was not asked, or did not answer.
    Silence,
    /// It will never be carried out as it is, and calling it off is what is left.
    Never,
    /// The endpoint does not want it, for a reason that may pass.
    NotNow,
    /// Another version would be taken.
    OtherFee,
    /// It may be on the chain already.
    MayBeThere,
}

impl Evm {
    /// Sends the bytes; the first endpoint that has them is enough, and the others get them all the same.
    /// Of what the endpoints say that refuse them, what is least final counts.
    pub(in crate::chains) async fn broadcast(
        &self,
        signed: &[u8],
        hash: &str,
    ) -> Result<(), ChainError> {
        let send = |alone| {
            let alone = Self { rpc: Arc::new(alone), ..self.clone() };
            let (signed, hash) = (signed.to_vec(), hash.to_owned());
            async move { send(&alone, &signed, &hash).await }
        };
        self.rpc.everywhere(send, weight).await
    }
}

/// Sends the bytes to the endpoint, which has them when it says so, or that their nonce is used and
/// it knows them.
async fn send(alone: &Evm, signed: &[u8], hash: &str) -> Result<(), ChainError> {
    let repeats_hash = |part: Part<'_>| {
        let is_same = part.text()?.eq_ignore_ascii_case(hash);
        is_same.then_some(()).ok_or_else(|| part.bad("another hash than that of the bytes"))
    };
    let sent = alone.rpc.call("eth_sendRawTransaction", json!([hex(signed)]), repeats_hash).await;
    let error = match sent {
        Ok(()) => return Ok(()),
        Err(RpcError::Chain(error)) => return Err(error),
        Err(RpcError::Node(error)) => error,
    };
    match Refusal::read(&error.message) {
        Some(Refusal::AlreadyKnown) => Ok(()),
        Some(Refusal::NonceUsed) if alone.knows(hash).await? => Ok(()),
        Some(refusal) => Err(refusal.into_error(error.message)),
        None => Err(RpcError::Node(error).into()),
    }
}

fn weight(error: &ChainError) -> Weight {
    if matches!(error, ChainError::NonceUsed(_)) {
        Weight::MayBeThere
    } else if matches!(error, ChainError::NonceTaken(_) | ChainError::FeeTooLow(_)) {
        Weight::OtherFee
    } else if matches!(error, ChainError::Node { .. }) {
        Weight::NotNow
    } else if matches!(error, ChainError::Unaffordable(_) | ChainError::Rejected(_)) {
        Weight::Never
    } else {
        Weight::Silence
    }
}

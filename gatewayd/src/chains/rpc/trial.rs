//! Tries an endpoint that somebody wants to use: which chain it serves, how far it is, how fast.

use std::time::Duration;

use primitives::{Chain, ChainId};
use serde_json::{Value, json};

use super::node::Trouble;
use super::reply::{self, Attempt};
use crate::chains::ChainError;
use crate::chains::answer::{Answer, read};
use crate::clock::Clock;
use crate::net::{Endpoint, HttpClient};

/// How long the endpoint may take for one question.
const PATIENCE: Duration = Duration::from_secs(10);
/// The most bytes of an answer.
const LIMIT: usize = 64 << 10;
/// Characters of a genesis hash that name a Solana cluster in CAIP-2.
const CLUSTER: usize = 32;

/// What an endpoint showed of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trial {
    /// CAIP-2.
    pub chain_id: String,
    /// Of its newest block, or slot.
    pub height: u64,
    /// How long it took to say which chain it serves.
    pub latency: Duration,
}

/// Asks an endpoint which chain it serves and how far it is; without `chain` as an EVM node first,
/// then as one of Solana.
///
/// # Errors
/// What is wrong with it, for people.
pub async fn try_endpoint(
    endpoint: &Endpoint,
    chain: Option<Chain>,
    http: &HttpClient,
    clock: &Clock,
) -> Result<Trial, String> {
    let visit = Visit { endpoint, http, clock };
    match chain {
        Some(Chain::Evm) => visit.evm().await,
        Some(Chain::Solana) => visit.solana().await,
        None => match visit.evm().await {
            Err(Complaint::NotThatKind(_)) => visit.solana().await,
            other => other,
        },
    }
    .map_err(Complaint::words)
}

struct Visit<'a> {
    endpoint: &'a Endpoint,
    http: &'a HttpClient,
    clock: &'a Clock,
}

enum Complaint {
    /// It answers, and not as a node of this kind of chain.
    NotThatKind(String),
    Failed(String),
}

impl Complaint {
    fn words(self) -> String {
        match self {
            Self::NotThatKind(words) | Self::Failed(words) => words,
        }
    }
}

impl Visit<'_> {
    async fn evm(&self) -> Result<Trial, Complaint> {
        let (id, latency) = self.timed(Chain::Evm, "eth_chainId", json!([])).await?;
        let id = read::small_quantity(id.whole()).map_err(not_that_kind)?;
        let height = self.ask(Chain::Evm, "eth_blockNumber", json!([])).await?;
        let height = read::small_quantity(height.whole()).map_err(failed)?;
        Ok(Trial { chain_id: format!("eip155:{id}"), height, latency })
    }

    async fn solana(&self) -> Result<Trial, Complaint> {
        let (hash, latency) = self.timed(Chain::Solana, "getGenesisHash", json!([])).await?;
        let hash = hash.whole().text().map_err(not_that_kind)?.to_owned();
        let cluster = hash.get(..CLUSTER).unwrap_or(&hash);
        let chain_id: ChainId = format!("solana:{cluster}")
            .parse()
            .map_err(|_malformed| Complaint::NotThatKind(no_hash().to_owned()))?;
        let params = json!([{"commitment": "confirmed"}]);
        let slot = self.ask(Chain::Solana, "getSlot", params).await?;
        let height = slot.whole().number().map_err(failed)?;
        Ok(Trial { chain_id: chain_id.to_string(), height, latency })
    }

    async fn timed(
        &self,
        chain: Chain,
        method: &'static str,
        params: Value,
    ) -> Result<(Answer, Duration), Complaint> {
        let deadline = self.clock.deadline(PATIENCE);
        let answer = self.ask(chain, method, params).await?;
        Ok((answer, PATIENCE.saturating_sub(self.clock.until(deadline))))
    }

    async fn ask(
        &self,
        chain: Chain,
        method: &'static str,
        params: Value,
    ) -> Result<Answer, Complaint> {
        let question = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let body = question.to_string().into_bytes();
        let sent = self.http.post_json(self.endpoint, body, PATIENCE, LIMIT).await;
        let bytes = sent.map_err(|error| Complaint::Failed(error.to_string()))?;
        match reply::read(chain, method, 1, &bytes) {
            Attempt::Answered(answer) => Ok(answer),
            Attempt::Refused(error) => {
                let words = format!("{method} gives error {}: {}", error.code, error.message);
                Err(Complaint::NotThatKind(words))
            }
            Attempt::Failed(Trouble::Garbage(reason)) => {
                Err(Complaint::NotThatKind(format!("the answer makes no sense: {reason}")))
            }
            Attempt::Failed(trouble) => Err(Complaint::Failed(trouble.words().to_owned())),
        }
    }
}

fn not_that_kind(error: ChainError) -> Complaint {
    Complaint::NotThatKind(error.to_string())
}

fn failed(error: ChainError) -> Complaint {
    Complaint::Failed(error.to_string())
}

const fn no_hash() -> &'static str {
    "its genesis hash is none"
}

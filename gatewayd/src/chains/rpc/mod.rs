//! JSON-RPC 2.0 with several endpoints: tried in turn, each only after it showed that it serves the
//! right chain, put aside for a while when it fails.
//!
//! What one endpoint says is good enough to read a balance. Where money depends on an answer, a second
//! one is asked too: [`Rpc::agreed`].

mod everywhere;
mod history;
mod node;
mod reply;
mod survey;
#[cfg(test)]
mod tests;
mod trial;
mod witness;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use primitives::ChainId;
use serde_json::{Value, json};

pub use self::history::{History, Incident};
use self::node::{Identity, Node, Trouble};
use self::reply::Attempt;
pub(super) use self::reply::NodeError;
pub use self::trial::{Trial, try_endpoint};
use super::ChainError;
use super::answer::Part;
use crate::clock::Clock;
use crate::net::{Endpoint, HttpClient};

/// How long one endpoint may take for one question.
const ANSWER_WAIT: Duration = Duration::from_secs(10);
/// How long all endpoints together may take for it.
const TOTAL_WAIT: Duration = Duration::from_secs(25);

/// Asks the endpoints of one network.
#[derive(Debug)]
pub(super) struct Rpc {
    network: String,
    chain_id: ChainId,
    http: HttpClient,
    clock: Clock,
    waits: Waits,
    nodes: RwLock<Vec<Arc<Node>>>,
    next_id: AtomicU64,
    used: AtomicBool,
}

/// How long is waited: for one endpoint, and for all of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waits {
    pub(super) answer: Duration,
    pub(super) total: Duration,
}

/// Why a question has no answer.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum RpcError {
    /// A node understood it and says no.
    Node(NodeError),
    /// No node could be asked.
    Chain(ChainError),
}

/// What is known of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeStatus {
    /// Scheme, host and port.
    pub origin: String,
    /// Whether it showed the right chain; `None` where that is not known now.
    pub serves_the_chain: Option<bool>,
    /// Questions without an answer since the last answer.
    pub failures_in_a_row: u32,
    /// How long it is put aside.
    pub rest_left: Duration,
    /// The height of its newest block (of its newest slot on Solana), where it was asked.
    pub height: Option<u64>,
    /// Whether other endpoints are far ahead of it.
    pub is_behind: bool,
    /// How it answered so far.
    pub history: History,
}

impl Waits {
    /// Those for nodes somewhere on the Internet.
    pub(super) const USUAL: Self = Self { answer: ANSWER_WAIT, total: TOTAL_WAIT };
}

impl Rpc {
    pub(super) fn new(
        network: String,
        chain_id: ChainId,
        endpoints: &[Endpoint],
        (http, clock, waits): (HttpClient, Clock, Waits),
    ) -> Self {
        let nodes = RwLock::new(endpoints.iter().cloned().map(Node::new).collect());
        let next_id = AtomicU64::new(1);
        let used = AtomicBool::new(false);
        Self { network, chain_id, http, clock, waits, nodes, next_id, used }
    }

    /// The chain that its endpoints serve.
    pub(super) const fn chain_id(&self) -> ChainId {
        self.chain_id
    }

    /// Asks `endpoints` from now on; those that stay keep what is known of them.
    pub(super) fn set_endpoints(&self, endpoints: &[Endpoint]) {
        let mut nodes = self.nodes.write().unwrap_or_else(PoisonError::into_inner);
        let known = |endpoint: &Endpoint| nodes.iter().find(|node| node.endpoint == *endpoint);
        let kept = |endpoint: &Endpoint| {
            known(endpoint).cloned().unwrap_or_else(|| Node::new(endpoint.clone()))
        };
        *nodes = endpoints.iter().map(kept).collect();
    }

    /// One that asks a single endpoint, for each of them: for several questions of which the same one
    /// has to answer all.
    pub(super) fn one_by_one(&self) -> Vec<Self> {
        self.nodes_by_health().into_iter().map(|node| self.alone(node)).collect()
    }

    /// As [`Self::one_by_one`], without those that rest or serve another chain; all where none is
    /// left.
    pub(super) fn working_one_by_one(&self) -> Vec<Self> {
        let mut nodes = self.nodes_by_health();
        if nodes.iter().any(|node| node.works_now(&self.clock)) {
            nodes.retain(|node| node.works_now(&self.clock));
        }
        nodes.into_iter().map(|node| self.alone(node)).collect()
    }

    fn alone(&self, node: Arc<Node>) -> Self {
        Self {
            network: self.network.clone(),
            chain_id: self.chain_id,
            http: self.http.clone(),
            clock: self.clock.clone(),
            waits: self.waits,
            nodes: RwLock::new(vec![node]),
            next_id: AtomicU64::new(1),
            used: AtomicBool::new(false),
        }
    }

    /// Endpoints contradict each other about `method`.
    pub(super) fn contradiction(&self, method: &'static str) -> ChainError {
        ChainError::NodesDisagree { network: self.network.clone(), method }
    }

    /// Asks one question of the first endpoint that has an answer which `read` understands.
    ///
    /// # Errors
    /// [`RpcError::Node`] when a node understood the question and says no; what `read` says unless
    /// that is [`ChainError::BadAnswer`]; else what was wrong with the last endpoint.
    pub(super) async fn call<T>(
        &self,
        method: &'static str,
        params: Value,
        read: impl Fn(Part<'_>) -> Result<T, ChainError>,
    ) -> Result<T, RpcError> {
        self.first_answer(method, &params, read).await.map(|(_node, answer)| answer)
    }

    /// The first answer that `read` understands, and whose it is.
    async fn first_answer<T>(
        &self,
        method: &'static str,
        params: &Value,
        read: impl Fn(Part<'_>) -> Result<T, ChainError>,
    ) -> Result<(Arc<Node>, T), RpcError> {
        self.used.store(true, Ordering::Relaxed);
        let deadline = self.clock.deadline(self.waits.total);
        let mut troubles = Vec::new();
        for node in self.nodes_by_health() {
            let left = self.clock.until(deadline);
            if left.is_zero() {
                break;
            }
            match self.ask_node(&node, (method, params), self.waits.answer.min(left), &read).await {
                Ok(answer) => return answer.map(|answer| (node, answer)),
                Err(trouble) => troubles.push(trouble),
            }
        }
        Err(RpcError::Chain(self.verdict(method, &troubles)))
    }

    /// Asks one endpoint, and notes how that went. The error says that it cannot be relied on now.
    async fn ask_node<T>(
        &self,
        node: &Node,
        (method, params): (&'static str, &Value),
        wait: Duration,
        read: &impl Fn(Part<'_>) -> Result<T, ChainError>,
    ) -> Result<Result<T, RpcError>, Trouble> {
        node.is_asked(wait, &self.clock);
        let deadline = self.clock.deadline(wait);
        let answer = match self.attempt(node, method, params, wait).await {
            Attempt::Answered(answer) => match read(answer.whole()) {
                Err(ChainError::BadAnswer { reason, .. }) => Err(Trouble::Garbage(reason)),
                result => Ok(result.map_err(RpcError::Chain)),
            },
            Attempt::Refused(error) => Ok(Err(RpcError::Node(error))),
            Attempt::Failed(trouble) => Err(trouble),
        };
        match &answer {
            Ok(_) => node.works(wait.saturating_sub(self.clock.until(deadline)), &self.clock),
            Err(trouble) => self.put_aside(node, trouble),
        }
        answer
    }

    /// Asks one question that a working node has no reason to refuse.
    ///
    /// # Errors
    /// When there is no answer.
    pub(super) async fn ask<T>(
        &self,
        method: &'static str,
        params: Value,
        read: impl Fn(Part<'_>) -> Result<T, ChainError>,
    ) -> Result<T, ChainError> {
        self.call(method, params, read).await.map_err(ChainError::from)
    }

    async fn attempt(
        &self,
        node: &Node,
        method: &'static str,
        params: &Value,
        wait: Duration,
    ) -> Attempt {
        match node.identity(&self.clock) {
            Identity::Right => {}
            Identity::Wrong => return Attempt::Failed(Trouble::WrongChain),
            Identity::Unknown => {
                if let Err(trouble) = self.identify(node, wait).await {
                    return Attempt::Failed(trouble);
                }
            }
        }
        self.exchange(node, method, params, wait).await
    }

    /// Asks the node which chain it serves.
    async fn identify(&self, node: &Node, wait: Duration) -> Result<(), Trouble> {
        let (method, params) = match self.chain_id {
            ChainId::Eip155(_) => ("eth_chainId", json!([])),
            ChainId::Solana(_) => ("getGenesisHash", json!([])),
        };
        let answer = match self.exchange(node, method, &params, wait).await {
            Attempt::Answered(answer) => answer,
            Attempt::Refused(error) => {
                return Err(Trouble::Garbage(format!("{method} gives error {}", error.code)));
            }
            Attempt::Failed(trouble) => return Err(trouble),
        };
        match self.is_right_chain(answer.whole()) {
            Ok(true) => Ok(()),
            Ok(false) => Err(Trouble::WrongChain),
            Err(error) => Err(Trouble::Garbage(error.to_string())),
        }
    }

    /// The chain id of EIP-695, or the start of the genesis hash as CAIP-2 has it.
    fn is_right_chain(&self, answer: Part<'_>) -> Result<bool, ChainError> {
        match self.chain_id {
            ChainId::Eip155(id) => Ok(answer.small_quantity()? == id.get()),
            ChainId::Solana(cluster) => {
                Ok(answer.text()?.get(..32).is_some_and(|start| start == cluster.to_string()))
            }
        }
    }

    async fn exchange(
        &self,
        node: &Node,
        method: &'static str,
        params: &Value,
        wait: Duration,
    ) -> Attempt {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let body = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        let body = serde_json::to_vec(&body).expect("a JSON value is written as JSON");
        match self.http.post_json(&node.endpoint, body, wait, reply::longest(method)).await {
            Ok(bytes) => reply::read(self.chain_id.chain(), method, id, &bytes),
            Err(error) => Attempt::Failed(Trouble::from(error)),
        }
    }

    /// Every endpoint, in the order of the settings.
    fn nodes(&self) -> Vec<Arc<Node>> {
        self.nodes.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Every endpoint once: first those that work, in the order of the settings, then those that
    /// are behind, then those that rest.
    fn nodes_by_health(&self) -> Vec<Arc<Node>> {
        let mut nodes = self.nodes();
        nodes.sort_by_cached_key(|node| node.turn(&self.clock));
        nodes
    }

    /// Whether there is a choice of endpoints and somebody asked something since this was last asked.
    pub(super) fn was_used(&self) -> bool {
        self.used.swap(false, Ordering::Relaxed) && self.nodes().len() > 1
    }

    /// What is known of each endpoint, in the order of the settings.
    pub(super) fn status(&self) -> Vec<NodeStatus> {
        self.nodes().iter().map(|node| node.status(&self.clock)).collect()
    }

    fn put_aside(&self, node: &Node, trouble: &Trouble) {
        let rest = node.fails(trouble, &self.clock);
        tracing::warn!(
            network = %self.network,
            endpoint = %node.endpoint.origin(),
            rest_seconds = rest.as_secs(),
            reason = trouble.words(),
            "RPC endpoint put aside"
        );
    }

    /// What to say when every endpoint failed: the last trouble that is not another chain.
    fn verdict(&self, method: &'static str, troubles: &[Trouble]) -> ChainError {
        let network = self.network.clone();
        let setting = || self.chain_id.chain().rpc_key(&self.network);
        match troubles.iter().rfind(|trouble| **trouble != Trouble::WrongChain) {
            None | Some(Trouble::WrongChain) => {
                ChainError::WrongChain { network, setting: setting() }
            }
            Some(Trouble::Timeout) => ChainError::Timeout { network, wait: self.waits.total },
            Some(Trouble::Connection) => ChainError::Unreachable { network, setting: setting() },
            Some(Trouble::RateLimited) => ChainError::RateLimited { network },
            Some(Trouble::Behind | Trouble::Outvoted) => ChainError::NodeBehind,
            Some(Trouble::Garbage(reason)) => {
                ChainError::BadAnswer { method, reason: reason.clone() }
            }
        }
    }
}

impl From<RpcError> for ChainError {
    fn from(error: RpcError) -> Self {
        match error {
            RpcError::Node(NodeError { method, code, message, .. }) => {
                Self::Node { method, code, message }
            }
            RpcError::Chain(error) => error,
        }
    }
}

//! JSON-RPC 2.0 with several endpoints: tried in turn, each only after it showed that it serves the
//! right chain, put aside for a while when it fails.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use primitives::ChainId;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::ChainError;
use super::answer::{Answer, Part, readable};
use crate::clock::{Clock, Deadline};
use crate::net::{Endpoint, HttpClient, NetError};

/// How long one endpoint may take for one question.
const ANSWER_WAIT: Duration = Duration::from_secs(10);
/// How long all endpoints together may take for it.
const TOTAL_WAIT: Duration = Duration::from_secs(25);
/// The most bytes of an answer: the token accounts of a busy Solana wallet are the longest.
const ANSWER_LIMIT: usize = 8 << 20;
/// How long an endpoint rests after its first failure; each further one doubles it.
const FIRST_REST: Duration = Duration::from_secs(1);
/// The longest rest, and that of an endpoint of another chain.
const LONGEST_REST: Duration = Duration::from_mins(5);

/// EIP-1474: the limit is exceeded. On Solana: the node is behind.
const NOT_NOW: i64 = -32005;
/// What some providers answer in place of the HTTP status.
const TOO_MANY_REQUESTS: i64 = 429;

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
}

/// How long is waited: for one endpoint, and for all of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waits {
    pub(super) answer: Duration,
    pub(super) total: Duration,
}

/// An error that the node itself reports.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct NodeError {
    pub(super) method: &'static str,
    pub(super) code: i64,
    pub(super) message: String,
    pub(super) data: Option<Value>,
}

/// Why a question has no answer.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum RpcError {
    /// A node understood it and says no.
    Node(NodeError),
    /// No node could be asked.
    Chain(ChainError),
}

#[derive(Debug)]
struct Node {
    endpoint: Endpoint,
    health: Mutex<Health>,
}

/// What is known of an endpoint. Its identity is asked again after every failure, because another
/// node may stand there then.
#[derive(Clone, Copy, Debug, Default)]
struct Health {
    identity: Identity,
    failures: u32,
    rests_until: Option<Deadline>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Identity {
    #[default]
    Unknown,
    Right,
    Wrong,
}

/// What is wrong with an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Trouble {
    Timeout,
    Connection,
    RateLimited,
    Behind,
    Garbage(String),
    WrongChain,
}

enum Attempt {
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
        Self { network, chain_id, http, clock, waits, nodes, next_id }
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
        let deadline = self.clock.deadline(self.waits.total);
        let mut troubles = Vec::new();
        for node in self.nodes_by_health() {
            let wait = self.waits.answer.min(self.clock.until(deadline));
            let trouble = match self.attempt(&node, method, &params, wait).await {
                Attempt::Answered(answer) => match read(answer.whole()) {
                    Err(ChainError::BadAnswer { reason, .. }) => Trouble::Garbage(reason),
                    result => {
                        node.works();
                        return result.map_err(RpcError::Chain);
                    }
                },
                Attempt::Refused(error) => {
                    node.works();
                    return Err(RpcError::Node(error));
                }
                Attempt::Failed(trouble) => trouble,
            };
            self.put_aside(&node, &trouble);
            troubles.push(trouble);
        }
        Err(RpcError::Chain(self.verdict(method, &troubles)))
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
        if self
            .is_right_chain(answer.whole())
            .map_err(|error| Trouble::Garbage(error.to_string()))?
        {
            Ok(())
        } else {
            Err(Trouble::WrongChain)
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
        match self.http.post_json(&node.endpoint, body, wait, ANSWER_LIMIT).await {
            Ok(bytes) => self.read_reply(method, id, &bytes),
            Err(error) => Attempt::Failed(Trouble::from(error)),
        }
    }

    /// Every endpoint once: first those that work, in the order of the settings, then those that
    /// rest, the one whose rest ends first before the others.
    fn nodes_by_health(&self) -> Vec<Arc<Node>> {
        let mut nodes = self.nodes.read().unwrap_or_else(PoisonError::into_inner).clone();
        nodes.sort_by_cached_key(|node| node.rest_left(&self.clock));
        nodes
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
        match troubles.iter().rfind(|trouble| **trouble != Trouble::WrongChain) {
            None | Some(Trouble::WrongChain) => ChainError::WrongChain { network },
            Some(Trouble::Timeout) => ChainError::Timeout { network, wait: self.waits.total },
            Some(Trouble::Connection) => ChainError::Unreachable { network },
            Some(Trouble::RateLimited) => ChainError::RateLimited { network },
            Some(Trouble::Behind) => ChainError::NodeBehind,
            Some(Trouble::Garbage(reason)) => {
                ChainError::BadAnswer { method, reason: reason.clone() }
            }
        }
    }

    fn read_reply(&self, method: &'static str, id: u64, bytes: &[u8]) -> Attempt {
        let garbage = |reason: &str| Attempt::Failed(Trouble::Garbage(reason.to_owned()));
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
            (None | Some(Value::Null), Some(error)) => self.read_error(method, error),
            (Some(_), Some(_)) => garbage("both a result and an error"),
            (None, None) => garbage("neither a result nor an error"),
        }
    }

    fn read_error(&self, method: &'static str, error: ErrorBody) -> Attempt {
        let ErrorBody { code, message, data } = error;
        match (code, self.chain_id) {
            (TOO_MANY_REQUESTS, _) | (NOT_NOW, ChainId::Eip155(_)) => {
                Attempt::Failed(Trouble::RateLimited)
            }
            (NOT_NOW, ChainId::Solana(_)) => Attempt::Failed(Trouble::Behind),
            _ => Attempt::Refused(NodeError { method, code, message: readable(&message), data }),
        }
    }
}

impl Node {
    fn new(endpoint: Endpoint) -> Arc<Self> {
        Arc::new(Self { endpoint, health: Mutex::default() })
    }

    fn health(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rest_left(&self, clock: &Clock) -> Duration {
        self.health().rests_until.map_or(Duration::ZERO, |deadline| clock.until(deadline))
    }

    /// What is known of its chain. A wrong one is asked again once its rest is over.
    fn identity(&self, clock: &Clock) -> Identity {
        let health = *self.health();
        if health.identity == Identity::Wrong && self.rest_left(clock).is_zero() {
            Identity::Unknown
        } else {
            health.identity
        }
    }

    fn works(&self) {
        *self.health() = Health { identity: Identity::Right, ..Health::default() };
    }

    /// Notes a failure, and says how long the endpoint now rests.
    fn fails(&self, trouble: &Trouble, clock: &Clock) -> Duration {
        let mut health = self.health();
        if health.identity == Identity::Wrong && *trouble == Trouble::WrongChain {
            let left = health.rests_until.map_or(Duration::ZERO, |until| clock.until(until));
            if !left.is_zero() {
                return left;
            }
        }
        let (identity, rest) = match trouble {
            Trouble::WrongChain => (Identity::Wrong, LONGEST_REST),
            Trouble::RateLimited | Trouble::Behind => (health.identity, health.next_rest()),
            Trouble::Timeout | Trouble::Connection | Trouble::Garbage(_) => {
                (Identity::Unknown, health.next_rest())
            }
        };
        *health = Health {
            identity,
            failures: health.failures.saturating_add(1),
            rests_until: Some(clock.deadline(rest)),
        };
        rest
    }
}

impl Health {
    fn next_rest(&self) -> Duration {
        let doubled = 2_u32.saturating_pow(self.failures);
        FIRST_REST.saturating_mul(doubled).min(LONGEST_REST)
    }
}

impl Trouble {
    /// In our own words; what the peer wrote is for the debugger.
    fn words(&self) -> &'static str {
        match self {
            Self::Timeout => "no answer in time",
            Self::Connection => "the connection failed",
            Self::RateLimited => "too many requests",
            Self::Behind => "the node is behind",
            Self::Garbage(_) => "the answer makes no sense",
            Self::WrongChain => "the node serves another chain",
        }
    }
}

impl From<NetError> for Trouble {
    fn from(error: NetError) -> Self {
        match error {
            NetError::Timeout(_) => Self::Timeout,
            NetError::Connection(_) => Self::Connection,
            NetError::TooLarge(limit) => Self::Garbage(format!("more than {limit} bytes")),
            NetError::Status(429) => Self::RateLimited,
            NetError::Status(status) => Self::Garbage(format!("HTTP status {status}")),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chains::answer::read;
    use crate::chains::testing::{FakeNode, Reaction, dead_endpoint};
    use crate::clock::{ClockSetter, UnixSeconds};

    const SHORT: Waits =
        Waits { answer: Duration::from_millis(200), total: Duration::from_mins(1) };

    fn rpc(endpoints: &[Endpoint]) -> (Rpc, ClockSetter) {
        let (clock, setter) = Clock::settable(UnixSeconds::new(1_000));
        let chain_id = "eip155:1".parse().unwrap();
        let tools = (HttpClient::new(), clock, SHORT);
        (Rpc::new("ethereum-mainnet".to_owned(), chain_id, endpoints, tools), setter)
    }

    /// A node of chain 1 that reacts like this to everything but the question for its chain.
    async fn node(reaction: Reaction) -> FakeNode {
        FakeNode::start(move |method, _| match method {
            "eth_chainId" => Reaction::Result(json!("0x1")),
            _ => reaction.clone(),
        })
        .await
    }

    async fn block_number(rpc: &Rpc) -> Result<u64, ChainError> {
        rpc.ask("eth_blockNumber", json!([]), read::small_quantity).await
    }

    fn raw(body: &str) -> Reaction {
        Reaction::Raw(200, body.to_owned())
    }

    #[tokio::test]
    async fn a_node_shows_its_chain_once_and_then_answers() {
        let node = node(Reaction::Result(json!("0x7"))).await;
        let (rpc, _setter) = rpc(&[node.endpoint()]);
        assert_eq!(block_number(&rpc).await, Ok(7));
        assert_eq!(block_number(&rpc).await, Ok(7));
        assert_eq!(node.methods(), ["eth_chainId", "eth_blockNumber", "eth_blockNumber"]);
    }

    #[tokio::test]
    async fn whatever_is_wrong_with_the_first_endpoint_the_second_takes_over() {
        let huge = format!("\"{}\"", "x".repeat(ANSWER_LIMIT));
        let ours = |rest: &str| raw(&format!(r#"{{"jsonrpc":"2.0","id":$id,{rest}}}"#));
        for reaction in [
            raw("<!DOCTYPE html><title>502 Bad Gateway</title>"),
            raw(""),
            raw("[]"),
            raw(r#"{"jsonrpc":"2.0","id":0,"result":"0x5"}"#),
            raw(r#"{"jsonrpc":"2.0","id":"$id","result":"0x5"}"#),
            raw(r#"{"jsonrpc":"2.0","result":"0x5"}"#),
            raw(r#"{"jsonrpc":"1.0","id":$id,"result":"0x5"}"#),
            raw(&huge),
            ours(r#""result":"0x5","error":{"code":1,"message":"m"}"#),
            ours(r#""x":1"#),
            ours(r#""result":5.5"#),
            ours(r#""result":-5"#),
            ours(r#""result":"0x5","result":"0x6""#),
            ours(r#""error":"no""#),
            Reaction::Result(json!(null)),
            Reaction::Result(json!("0x1ffffffffffffffff")),
            Reaction::Error(-32005, "limit exceeded"),
            Reaction::Raw(429, String::new()),
            Reaction::Raw(500, String::new()),
            Reaction::Raw(302, String::new()),
            Reaction::Silence,
        ] {
            let first = node(reaction.clone()).await;
            let second = node(Reaction::Result(json!("0x7"))).await;
            let (rpc, _setter) = rpc(&[first.endpoint(), second.endpoint()]);
            assert_eq!(block_number(&rpc).await, Ok(7), "{reaction:?}");
            assert_eq!(block_number(&rpc).await, Ok(7), "{reaction:?}");
            assert_eq!(first.methods().len(), 2, "it rests: {reaction:?}");
        }
    }

    #[tokio::test]
    async fn an_endpoint_that_nobody_serves_is_passed_over() {
        let second = node(Reaction::Result(json!("0x7"))).await;
        let (rpc, _setter) = rpc(&[dead_endpoint().await, second.endpoint()]);
        assert_eq!(block_number(&rpc).await, Ok(7));
    }

    #[tokio::test]
    async fn when_no_endpoint_works_the_error_says_what_is_wrong() {
        let network = || "ethereum-mainnet".to_owned();
        let method = "eth_blockNumber";
        for (reaction, expected) in [
            (Reaction::Silence, ChainError::Timeout { network: network(), wait: SHORT.total }),
            (Reaction::Raw(429, String::new()), ChainError::RateLimited { network: network() }),
            (raw("<html>"), ChainError::BadAnswer { method, reason: "not JSON-RPC".to_owned() }),
            (
                Reaction::Result(json!(5)),
                ChainError::BadAnswer { method, reason: "not a text".to_owned() },
            ),
            (
                Reaction::Error(-32000, "header\nnot found"),
                ChainError::Node { method, code: -32000, message: "headernot found".to_owned() },
            ),
        ] {
            let node = node(reaction).await;
            let (rpc, _setter) = rpc(&[node.endpoint()]);
            assert_eq!(block_number(&rpc).await, Err(expected));
        }
        let (rpc, _setter) = rpc(&[dead_endpoint().await]);
        assert_eq!(block_number(&rpc).await, Err(ChainError::Unreachable { network: network() }));
    }

    #[tokio::test]
    async fn a_node_of_another_chain_is_never_asked_anything_else() {
        let liar = FakeNode::start(|_, _| Reaction::Result(json!("0x2"))).await;
        let (rpc, setter) = rpc(&[liar.endpoint()]);
        let wrong = ChainError::WrongChain { network: "ethereum-mainnet".to_owned() };
        assert_eq!(block_number(&rpc).await, Err(wrong.clone()));
        assert_eq!(block_number(&rpc).await, Err(wrong.clone()));
        assert_eq!(liar.methods(), ["eth_chainId"]);
        setter.advance(LONGEST_REST);
        assert_eq!(block_number(&rpc).await, Err(wrong));
        assert_eq!(liar.methods(), ["eth_chainId", "eth_chainId"]);
    }

    #[tokio::test]
    async fn a_solana_node_shows_the_genesis_hash() {
        let hash = "EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG";
        let node = FakeNode::start(move |method, _| match method {
            "getGenesisHash" => Reaction::Result(json!(hash)),
            _ => Reaction::Result(json!({"slot": 42})),
        })
        .await;
        for (chain_id, expected) in [
            ("solana:EtWTRABZaYq6iMfeYKouRu166VU2xqa1", Some(42)),
            ("solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp", None),
        ] {
            let tools = (HttpClient::new(), Clock::system(), SHORT);
            let chain_id = chain_id.parse().unwrap();
            let rpc = Rpc::new("x".to_owned(), chain_id, &[node.endpoint()], tools);
            assert_eq!(
                rpc.ask("getVersion", json!([]), |part| part.field("slot")?.number()).await.ok(),
                expected
            );
        }
    }

    #[tokio::test]
    async fn a_rested_endpoint_is_tried_first_again_and_shows_its_chain_again() {
        let first = node(raw("<html>")).await;
        let second = node(Reaction::Result(json!("0x7"))).await;
        let (rpc, setter) = rpc(&[first.endpoint(), second.endpoint()]);
        assert_eq!(block_number(&rpc).await, Ok(7));
        setter.advance(FIRST_REST);
        assert_eq!(block_number(&rpc).await, Ok(7));
        let asked = ["eth_chainId", "eth_blockNumber", "eth_chainId", "eth_blockNumber"];
        assert_eq!(first.methods(), asked);
        setter.advance(FIRST_REST);
        assert_eq!(block_number(&rpc).await, Ok(7));
        assert_eq!(first.methods(), asked, "the second rest is longer");
    }

    #[tokio::test]
    async fn a_refusal_is_final_and_no_other_endpoint_is_asked() {
        let first = node(Reaction::Error(3, "execution reverted")).await;
        let second = node(Reaction::Result(json!("0x7"))).await;
        let (rpc, _setter) = rpc(&[first.endpoint(), second.endpoint()]);
        let refusal = rpc.call("eth_call", json!([]), read::data).await;
        assert!(matches!(refusal, Err(RpcError::Node(NodeError { code: 3, .. }))));
        assert!(second.methods().is_empty());
    }

    #[tokio::test]
    async fn endpoints_are_replaced_while_the_program_runs() {
        let first = node(Reaction::Result(json!("0x1"))).await;
        let second = node(Reaction::Result(json!("0x2"))).await;
        let (rpc, _setter) = rpc(&[first.endpoint()]);
        assert_eq!(block_number(&rpc).await, Ok(1));
        rpc.set_endpoints(&[second.endpoint(), first.endpoint()]);
        assert_eq!(block_number(&rpc).await, Ok(2));
        rpc.set_endpoints(&[first.endpoint()]);
        assert_eq!(block_number(&rpc).await, Ok(1));
        assert_eq!(first.methods(), ["eth_chainId", "eth_blockNumber", "eth_blockNumber"]);
    }
}

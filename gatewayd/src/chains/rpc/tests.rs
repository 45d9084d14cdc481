//! One endpoint after the other: who answers, who rests, who lies.

use super::node::{FIRST_REST, LONGEST_REST};
use super::*;
use crate::chains::answer::read;
use crate::chains::testing::{FakeNode, Reaction, dead_endpoint};
use crate::clock::{ClockSetter, UnixSeconds};

const SHORT: Waits = Waits { answer: Duration::from_millis(200), total: Duration::from_mins(1) };

pub(super) fn rpc(endpoints: &[Endpoint]) -> (Rpc, ClockSetter) {
    let (clock, setter) = Clock::settable(UnixSeconds::new(1_000));
    let chain_id = "eip155:1".parse().unwrap();
    let tools = (HttpClient::new(), clock, SHORT);
    (Rpc::new("ethereum-mainnet".to_owned(), chain_id, endpoints, tools), setter)
}

/// A node of chain 1 that reacts like this to everything but the question for its chain.
pub(super) async fn node(reaction: Reaction) -> FakeNode {
    FakeNode::start(move |method, _| match method {
        "eth_chainId" => Reaction::Result(json!("0x1")),
        _ => reaction.clone(),
    })
    .await
}

pub(super) async fn block_number(rpc: &Rpc) -> Result<u64, ChainError> {
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
    let huge = format!("\"{}\"", "x".repeat(reply::longest("eth_blockNumber")));
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
async fn only_what_can_be_long_may_be() {
    let node = node(Reaction::Result(json!("x".repeat(3 << 20)))).await;
    let tools = (HttpClient::new(), Clock::system(), Waits::USUAL);
    let chain_id = "eip155:1".parse().unwrap();
    let rpc = Rpc::new("ethereum-mainnet".to_owned(), chain_id, &[node.endpoint()], tools);
    let read = |part: Part<'_>| part.text().map(str::len);
    assert_eq!(rpc.ask("getMultipleAccounts", json!([]), read).await, Ok(3 << 20));
    let reason = format!("more than {} bytes", 1 << 20);
    let method = "eth_getBalance";
    let long = Err(ChainError::BadAnswer { method, reason });
    assert_eq!(rpc.ask(method, json!([]), read).await, long);
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
    // Some bytes of text each, and some hundred once they are read.
    let objects = |count| {
        let objects = vec![r#"{"":0}"#; count].join(",");
        format!(r#"{{"jsonrpc":"2.0","id":$id,"result":[{objects}]}}"#)
    };
    let (many, within) = (objects(50_000), objects(5_000));
    let too_many = "more values than are read";
    for (reaction, expected) in [
        (Reaction::Silence, ChainError::Timeout { network: network(), wait: SHORT.total }),
        (Reaction::Raw(429, String::new()), ChainError::RateLimited { network: network() }),
        (raw("<html>"), ChainError::BadAnswer { method, reason: "not JSON-RPC".to_owned() }),
        (raw(&many), ChainError::BadAnswer { method, reason: too_many.to_owned() }),
        (raw(&within), ChainError::BadAnswer { method, reason: "not a text".to_owned() }),
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
    let setting = "evm_ethereum_mainnet".to_owned();
    let unreachable = ChainError::Unreachable { network: network(), setting };
    assert!(unreachable.to_string().contains("[rpc] evm_ethereum_mainnet = \"https://"));
    assert_eq!(block_number(&rpc).await, Err(unreachable));
}

#[tokio::test]
async fn a_node_of_another_chain_is_never_asked_anything_else() {
    let liar = FakeNode::start(|_, _| Reaction::Result(json!("0x2"))).await;
    let (rpc, setter) = rpc(&[liar.endpoint()]);
    let wrong = ChainError::WrongChain {
        network: "ethereum-mainnet".to_owned(),
        setting: "evm_ethereum_mainnet".to_owned(),
    };
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

#[tokio::test]
async fn one_question_at_a_time_finds_out_whether_a_rested_endpoint_works_again() {
    let first = node(Reaction::Silence).await;
    let second = node(Reaction::Result(json!("0x7"))).await;
    let (rpc, setter) = rpc(&[first.endpoint(), second.endpoint()]);
    let rpc = Arc::new(rpc);
    assert_eq!(block_number(&rpc).await, Ok(7));
    setter.advance(FIRST_REST);
    let questions = (0..8).map(|_| {
        let rpc = Arc::clone(&rpc);
        tokio::spawn(async move { block_number(&rpc).await })
    });
    for question in questions.collect::<Vec<_>>() {
        assert_eq!(question.await.unwrap(), Ok(7));
    }
    assert_eq!(
        first.methods(),
        ["eth_chainId", "eth_blockNumber", "eth_chainId", "eth_blockNumber"]
    );
}

#[tokio::test]
async fn what_was_seen_of_an_endpoint_is_told() {
    let dead = dead_endpoint().await;
    let second = node(Reaction::Result(json!("0x7"))).await;
    let (rpc, setter) = rpc(&[dead, second.endpoint()]);
    for _ in 0..2 {
        assert_eq!(block_number(&rpc).await, Ok(7));
        setter.advance(FIRST_REST);
    }
    let [first, second] = rpc.status().try_into().unwrap();
    assert_eq!((first.failures_in_a_row, first.history.failures), (2, 2));
    assert_eq!((first.serves_the_chain, first.history.answered_at), (None, None));
    assert!(!first.rest_left.is_zero());
    let incidents: Vec<_> =
        first.history.incidents.iter().map(|incident| incident.what.as_str()).collect();
    assert_eq!(incidents, ["the connection failed"]);
    assert_eq!((second.serves_the_chain, second.history.answers), (Some(true), 2));
    assert_eq!(second.history.answered_at, Some(UnixSeconds::new(1_001)));
    assert_eq!(second.rest_left, Duration::ZERO);
}

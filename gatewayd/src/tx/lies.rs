//! What nodes say that lie, have forgotten, or do not want a payment: nobody pays twice for it, and no
//! payment is lost by one node's word.

use std::time::Duration;

use serde_json::{Value, json};

use super::replacing::{GWEI, WEI, chain, mine, paid, stuck, versions};
use super::testing::{FIRST_NONCE, Scene, word};
use super::torture::chain::TestChain;
use super::{Status, Transaction};
use crate::chains::testing::{FakeNode, Reaction, dead_endpoint};
use crate::net::Endpoint;
use crate::store::TransactionId;

/// Enough looks for anything that is said several times to be believed.
const LOOKS: usize = 20;

async fn scene() -> Scene {
    Scene::on_blocks(TestChain::new(0), 1).await
}

/// Knows no transaction, and says that the nonce of the first one is used, for good.
fn hides(method: &str, params: &Value) -> Option<Reaction> {
    let answer = match method {
        "eth_getTransactionReceipt" | "eth_getTransactionByHash" => json!(null),
        "eth_getTransactionCount" if params[1] == json!("finalized") => {
            json!(format!("{:#x}", FIRST_NONCE + 1))
        }
        "eth_sendRawTransaction" => return Some(Reaction::Error(-32000, "nonce too low")),
        _ => return None,
    };
    Some(Reaction::Result(answer))
}

fn says_nothing(_method: &str, _params: &Value) -> Option<Reaction> {
    None
}

async fn endpoints<const N: usize>(
    scene: &Scene,
    nodes: [fn(&str, &Value) -> Option<Reaction>; N],
) -> (Vec<FakeNode>, Vec<Endpoint>) {
    let mut started = Vec::new();
    for node in nodes {
        started.push(scene.node(node).await);
    }
    let endpoints = started.iter().map(FakeNode::endpoint).collect();
    (started, endpoints)
}

async fn look(scene: &Scene, id: TransactionId) -> Transaction {
    scene.clock.advance(Duration::from_mins(1));
    scene.advance(id).await
}

/// A payment that is on the chain, and so deep that it stays there.
async fn carried_out(scene: &Scene) -> TransactionId {
    let id = scene.ask(WEI).await;
    assert_eq!(scene.advance(id).await.status, Status::Submitted);
    for _block in 0..=64 {
        chain(scene, TestChain::tick);
    }
    assert_eq!(paid(scene), [WEI.into()]);
    id
}

#[tokio::test]
async fn a_node_that_hides_a_payment_ends_none_that_two_others_know() {
    let scene = scene().await;
    let id = carried_out(&scene).await;
    let (_nodes, endpoints) = endpoints(&scene, [hides, says_nothing, says_nothing]).await;
    scene.ask_nodes(&endpoints);
    assert_eq!(word(&scene.settle(id).await), (Status::Confirmed, None));
}

#[tokio::test]
async fn a_node_that_hides_a_payment_ends_none_while_nobody_else_answers_or_another_knows_it() {
    for other_is_down in [true, false] {
        let scene = scene().await;
        let id = carried_out(&scene).await;
        let (_nodes, mut endpoints) = endpoints(&scene, [hides, says_nothing]).await;
        if other_is_down {
            endpoints[1] = dead_endpoint().await;
        }
        scene.ask_nodes(&endpoints);
        for _look in 0..LOOKS {
            assert_eq!(look(&scene, id).await.status, Status::Submitted, "{other_is_down}");
        }
        assert!(scene.spent().await > WEI.into(), "it counts as spent");
    }
}

#[tokio::test]
async fn what_two_nodes_say_somebody_else_has_used_is_lost() {
    let scene = scene().await;
    let id = stuck(&scene).await;
    let (_nodes, endpoints) = endpoints(&scene, [says_nothing, says_nothing]).await;
    scene.ask_nodes(&endpoints);
    chain(&scene, TestChain::used_elsewhere);
    for _block in 0..64 {
        chain(&scene, TestChain::tick);
    }
    let failed = scene.settle(id).await;
    assert_eq!(word(&failed), (Status::Failed, Some("NONCE_ALREADY_USED")));
}

#[tokio::test]
async fn that_a_nonce_is_used_and_that_this_is_final_are_two_things_to_be_said() {
    let scene = scene().await;
    let id = stuck(&scene).await;
    chain(&scene, TestChain::used_elsewhere);
    for _look in 0..LOOKS {
        assert_eq!(look(&scene, id).await.status, Status::Submitted);
    }
    for _block in 0..64 {
        chain(&scene, TestChain::tick);
    }
    for _look in 0..6 {
        assert_eq!(look(&scene, id).await.status, Status::Submitted, "said for the first time");
    }
    assert_eq!(scene.settle(id).await.status, Status::Failed);
}

#[tokio::test]
async fn words_that_nobody_knows_call_no_payment_off() {
    for (code, message) in [
        (-32603, "internal error"),
        (-32000, "txpool is full"),
        (-32000, "nonce too high"),
        (-32601, "method not found"),
        (-32000, "tx fee (1.50 ether) exceeds the configured cap (1.00 ether)"),
    ] {
        let scene = scene().await;
        let refuses = scene.node(move |method, _params| {
            (method == "eth_sendRawTransaction").then_some(Reaction::Error(code, message))
        });
        scene.ask_nodes(&[refuses.await.endpoint()]);
        let id = scene.ask(WEI).await;
        for _look in 0..LOOKS {
            let waiting = look(&scene, id).await;
            assert_eq!(word(&waiting), (Status::Executing, Some("RPC_ERROR")), "{message}");
        }
        assert!(versions(&scene, id).await.is_empty(), "{message}");
        scene.ask_nodes(&[scene.node(says_nothing).await.endpoint()]);
        look(&scene, id).await;
        assert_eq!(mine(&scene, id).await.status, Status::Confirmed, "{message}");
        assert_eq!(paid(&scene), [WEI.into()], "{message}");
    }
}

#[tokio::test]
async fn every_node_gets_a_payment_and_one_that_keeps_or_refuses_it_stops_none() {
    for message in ["already known", "internal error", "insufficient funds for gas * price + value"]
    {
        let scene = scene().await;
        let keeps = scene.node(move |method, _params| {
            (method == "eth_sendRawTransaction").then_some(Reaction::Error(-32000, message))
        });
        let good = scene.node(says_nothing).await;
        scene.ask_nodes(&[keeps.await.endpoint(), good.endpoint()]);
        let id = scene.ask(WEI).await;
        assert_eq!(scene.advance(id).await.status, Status::Submitted, "{message}");
        while !good.methods().iter().any(|method| method == "eth_sendRawTransaction") {
            tokio::task::yield_now().await;
        }
        chain(&scene, |chain| chain.base_fee = GWEI);
        assert_eq!(mine(&scene, id).await.status, Status::Confirmed, "{message}");
        assert_eq!(paid(&scene), [WEI.into()], "{message}");
    }
}

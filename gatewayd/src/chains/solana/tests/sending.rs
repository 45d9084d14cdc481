//! How a signed transaction is sent, and what endpoints say that do not take it.

use super::*;

fn preflight(err: &Value) -> Reaction {
    Reaction::ErrorWith(-32002, "Transaction simulation failed", json!({"err": err}))
}

/// A node that does this with what it is sent.
fn says(reaction: Reaction) -> impl Future<Output = FakeNode> {
    node(Accounts::new(), move |method, _| (method == "sendTransaction").then(|| reaction.clone()))
}

#[tokio::test]
async fn sending_the_same_bytes_again_is_no_error() {
    let custom = json!({"InstructionError": [0, {"Custom": 1}]});
    for (reaction, known, expected) in [
        (Reaction::Result(json!(HASH)), false, Ok(())),
        (preflight(&json!("AlreadyProcessed")), false, Ok(())),
        (preflight(&json!("BlockhashNotFound")), true, Ok(())),
        (preflight(&json!("BlockhashNotFound")), false, Err("NODE_BEHIND")),
        (preflight(&custom), false, Err("CONTRACT_EXECUTION_FAILED")),
        (Reaction::Error(-32003, "signature verification"), false, Err("INVALID_TRANSACTION")),
        (Reaction::Error(-32005, "node is behind"), false, Err("NODE_BEHIND")),
        (Reaction::Result(json!("1111")), false, Err("RPC_INVALID_RESPONSE")),
    ] {
        let node = node(Accounts::new(), move |method, _| match method {
            "sendTransaction" => Some(reaction.clone()),
            "getSignatureStatuses" if known => {
                Some(Reaction::Result(status("processed", &json!(null))))
            }
            _ => None,
        })
        .await;
        let sent = solana(&node).broadcast(&[1, 2], HASH).await;
        assert_eq!(sent.map_err(|error| error.code()), expected);
    }
}

/// One that keeps what it is sent to itself, or refuses it, stops no payment.
#[tokio::test]
async fn every_endpoint_that_works_gets_the_bytes() {
    let custom = json!({"InstructionError": [0, {"Custom": 1}]});
    for reaction in [
        Reaction::Result(json!(HASH)),
        preflight(&custom),
        Reaction::Error(-32003, "signature verification"),
        Reaction::Silence,
    ] {
        let (first, second) =
            (says(reaction.clone()).await, says(Reaction::Result(json!(HASH))).await);
        let endpoints = [first.endpoint(), second.endpoint()];
        let sent = solana_of(&endpoints).broadcast(&[1, 2], HASH).await;
        assert_eq!(sent, Ok(()), "{reaction:?}");
        let gets = |node: &FakeNode| node.methods().iter().any(|asked| asked == "sendTransaction");
        while !(gets(&first) && gets(&second)) {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    }
}

/// A node that does not know the newest blocks says less than one that has tried it.
#[tokio::test]
async fn of_refusals_the_least_final_one_counts() {
    let behind = || preflight(&json!("BlockhashNotFound"));
    let fails = || preflight(&json!({"InstructionError": [0, {"Custom": 1}]}));
    for (reactions, expected) in [
        ([behind(), fails()], "NODE_BEHIND"),
        ([fails(), behind()], "NODE_BEHIND"),
        ([fails(), Reaction::Error(-32003, "signature verification")], "CONTRACT_EXECUTION_FAILED"),
        ([fails(), Reaction::Raw(429, String::new())], "CONTRACT_EXECUTION_FAILED"),
    ] {
        let nodes = [says(reactions[0].clone()).await, says(reactions[1].clone()).await];
        let solana = solana_of(&[nodes[0].endpoint(), nodes[1].endpoint()]);
        let sent = solana.broadcast(&[1, 2], HASH).await;
        assert_eq!(sent.unwrap_err().code(), expected, "{reactions:?}");
    }
}

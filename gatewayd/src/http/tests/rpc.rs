//! What is told of RPC endpoints, and trying one.

use super::*;
use crate::chains::testing::{FakeNode, Reaction};

#[tokio::test]
async fn the_endpoints_of_every_network_are_told_and_asked_where_that_is_wanted() {
    let gateway = Gateway::new().await;
    let status = gateway.by_master("GET", "/v1/admin/rpc-status", None).await.body;
    assert_eq!(status["networks"].as_object().map(serde_json::Map::len), Some(21));
    let endpoint = &status["networks"]["base-mainnet"][0];
    assert_eq!(endpoint["url"], "http://127.0.0.1:1");
    assert_eq!((&endpoint["status"], &endpoint["failures"]), (&json!("available"), &json!(0)));
    assert_eq!(status["builtinUrls"]["base-mainnet"][0], "https://base.drpc.org");

    let path = "/v1/admin/rpc-status?network=eip155:8453&probe=true";
    let status = gateway.by_master("GET", path, None).await.body;
    assert_eq!(status["networks"].as_object().map(serde_json::Map::len), Some(1));
    let endpoint = &status["networks"]["base-mainnet"][0];
    assert_eq!((&endpoint["status"], &endpoint["failureCount"]), (&json!("cooldown"), &json!(1)));
    assert_eq!(endpoint["cooldownRemainingMs"], 1_000);
    assert_eq!(endpoint["incidents"][0]["what"], "the connection failed");
    for path in ["/v1/admin/rpc-status?network=nowhere", "/v1/admin/rpc-status?probe=perhaps"] {
        let answer = gateway.by_master("GET", path, None).await;
        assert_eq!((answer.status, answer.code()), (400, "VALIDATION_FAILED"), "{path}");
    }
}

#[tokio::test]
async fn an_endpoint_that_is_named_is_tried_unless_it_is_in_a_private_network() {
    let evm = FakeNode::start(|method, _| match method {
        "eth_chainId" => Reaction::Result(json!("0x2105")),
        "eth_blockNumber" => Reaction::Result(json!("0x10")),
        _ => Reaction::Error(-32601, "no such method"),
    })
    .await;
    let solana = FakeNode::start(|method, _| match method {
        "getGenesisHash" => Reaction::Result(json!("EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG")),
        "getSlot" => Reaction::Result(json!(42)),
        _ => Reaction::Error(-32601, "no such method"),
    })
    .await;
    let gateway = Gateway::new().await;
    let devnet = "solana:EtWTRABZaYq6iMfeYKouRu166VU2xqa1";
    let (evm, solana) = (evm.endpoint().origin(), solana.endpoint().origin());
    let private = "a private network";
    for (url, chain, expected) in [
        (evm.as_str(), None, Ok(("eip155:8453", 16))),
        (&evm, Some("ethereum"), Ok(("eip155:8453", 16))),
        (&evm, Some("solana"), Err("getGenesisHash gives error -32601")),
        (&solana, None, Ok((devnet, 42))),
        (&solana, Some("ethereum"), Err("eth_chainId gives error -32601")),
        ("http://127.0.0.1:1", None, Err("the connection failed")),
        ("http://169.254.169.254/latest", None, Err(private)),
        ("http://192.168.1.5:8545", Some("ethereum"), Err(private)),
        ("http://[::ffff:10.0.0.1]:8545", Some("solana"), Err(private)),
    ] {
        let body = json!({ "url": url, "chain": chain });
        let body = if chain.is_none() { json!({ "url": url }) } else { body };
        let answer =
            gateway.by_master("POST", "/v1/admin/settings/test-rpc", Some(body)).await.body;
        match expected {
            Ok((chain_id, height)) => {
                assert_eq!(answer["success"], true, "{url}: {answer}");
                assert_eq!(answer["chainId"], chain_id);
                assert_eq!(answer["blockNumber"], height);
            }
            Err(reason) => {
                assert_eq!(answer["success"], false, "{url}: {answer}");
                assert!(answer["error"].as_str().unwrap().contains(reason), "{url}: {answer}");
            }
        }
    }
    for body in [
        json!({ "url": "ftp://example.org" }),
        json!({ "url": evm, "chain": "bitcoin" }),
        json!({ "url": evm, "chain": "ripple" }),
        json!({ "address": evm }),
    ] {
        let answer =
            gateway.by_master("POST", "/v1/admin/settings/test-rpc", Some(body.clone())).await;
        assert_eq!(answer.status, 400, "{body}: {answer:?}");
    }
}

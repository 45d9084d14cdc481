//! RPC endpoints and tokens: what is asked of gatewayd, and what is shown.

use super::*;

fn endpoint(url: &str, status: &str, answers: u64, failures: u64) -> Value {
    json!({
        "url": url, "status": status, "failureCount": failures, "cooldownRemainingMs": 1_500,
        "servesChain": null, "latencyMs": 12, "lastSuccessAt": null, "blockHeight": 77,
        "answers": answers, "failures": failures, "contradictions": 0,
        "incidents": [{ "at": 0, "what": "the connection failed" }],
    })
}

fn status() -> (u16, String) {
    let networks = json!({
        "base-sepolia": [endpoint("http://127.0.0.1:1", "cooldown", 0, 3),
                         endpoint("http://127.0.0.1:2", "available", 5, 0)],
        "ethereum-mainnet": [endpoint("https://unasked.example", "available", 0, 0)],
    });
    (200, json!({ "networks": networks, "builtinUrls": {} }).to_string())
}

#[test]
fn endpoints_that_were_asked_are_shown() {
    let peers = Peers::new();
    let _requests = peers.gateway(vec![status()]);
    let text = text_of(&command("rpc status", &peers).unwrap());
    assert!(text.contains("rests 2 s") && text.contains("the connection failed"), "{text}");
    assert!(text.contains("http://127.0.0.1:2  available"), "{text}");
    assert!(!text.contains("unasked"), "{text}");
}

#[test]
fn a_network_is_named_and_its_endpoints_are_asked() {
    let peers = Peers::new();
    let requests = peers.gateway(vec![status()]);
    let text = text_of(&command("rpc status --network eip155:1 --probe", &peers).unwrap());
    assert!(text.contains("unasked.example") && text.contains("not asked yet"), "{text}");
    let request = requests.recv().unwrap();
    assert!(
        request.starts_with("GET /v1/admin/rpc-status?network=eip155%3A1&probe=true "),
        "{request}"
    );
}

#[test]
fn an_endpoint_of_no_use_ends_with_a_failure() {
    let good = json!({
        "success": true, "chainId": "eip155:8453", "blockNumber": 5, "latencyMs": 3,
    });
    let bad = json!({ "success": false, "error": "the connection failed" });
    let peers = Peers::new();
    let requests = peers.gateway(vec![(200, good.to_string()), (200, bad.to_string())]);
    let line = "rpc test http://127.0.0.1:8545 --chain ethereum";
    assert_eq!(json_of(&command(line, &peers).unwrap())["chainId"], "eip155:8453");
    let request = requests.recv().unwrap();
    assert!(
        request.ends_with(r#"{"url":"http://127.0.0.1:8545","chain":"ethereum"}"#),
        "{request}"
    );
    let failure = command(line, &peers).unwrap_err();
    assert!(failure.to_string().contains("the connection failed"), "{failure}");
}

fn resolved(symbol: &str, name: &str) -> (u16, String) {
    let body = json!({
        "symbol": symbol, "name": name, "decimals": 6, "address": "0x1", "network": "base-sepolia",
    });
    (200, body.to_string())
}

#[test]
fn a_token_is_listed_as_its_contract_says_unless_it_says_nothing() {
    for (symbol, name, options, expected) in [
        ("USDC", "USD Coin", "", Some(("USDC", "USD Coin"))),
        ("USDC", "USD Coin", " --symbol X --name Y", Some(("X", "Y"))),
        ("USDC", "", "", Some(("USDC", "USDC"))),
        ("", "", " --symbol X", Some(("X", "X"))),
        ("", "", "", None),
    ] {
        let peers = Peers::new();
        let added =
            json!({ "id": "x", "network": "base-sepolia", "address": "0x1", "symbol": "S" });
        let requests = peers.gateway(vec![resolved(symbol, name), (201, added.to_string())]);
        let outcome = command(&format!("token add 0x1 --network base-sepolia{options}"), &peers);
        let Some((symbol, name)) = expected else {
            assert_eq!(outcome.unwrap_err().exit(), Exit::Usage);
            continue;
        };
        assert!(text_of(&outcome.unwrap()).contains("ALLOWED_TOKENS"));
        let request = requests.iter().nth(1).unwrap();
        let body: Value = serde_json::from_str(&request[request.find('{').unwrap()..]).unwrap();
        assert_eq!((&body["symbol"], &body["name"]), (&json!(symbol), &json!(name)));
        assert_eq!(body["decimals"], 6);
    }
}

#[test]
fn a_token_that_was_not_listed_is_not_found() {
    let peers = Peers::new();
    let removed =
        |removed: bool| json!({ "removed": removed, "network": "n", "address": "0x1" }).to_string();
    let _requests = peers.gateway(vec![(200, removed(true)), (200, removed(false))]);
    let line = "token remove 0x1 --network n";
    assert!(command(line, &peers).is_ok());
    assert_eq!(command(line, &peers).unwrap_err().exit(), Exit::NotFound);
}

#[test]
fn a_price_is_shown_with_who_says_so_and_an_unknown_one_is_a_failure() {
    let said = json!({ "source": "pyth", "price": 2000.5, "problem": null });
    let known = json!({
        "network": "ethereum-mainnet", "asset": "native", "price": 2000.5, "ageSeconds": 5,
        "goodUntil": 60, "sources": [said],
    });
    let unknown = json!({
        "network": "ethereum-mainnet", "asset": "0x1", "price": null,
        "unknown": "no source knows it", "sources": [],
    });
    let peers = Peers::new();
    let requests = peers.gateway(vec![(200, known.to_string()), (200, unknown.to_string())]);
    let view = command("price native --network eip155:1", &peers).unwrap();
    let text = text_of(&view);
    assert!(text.contains("2000.5 USD") && text.contains("pyth"), "{text}");
    assert_eq!(view.exit(), None);
    let view = command("price 0x1 --network eip155:1", &peers).unwrap();
    assert_eq!(view.exit(), Some(Exit::Failed));
    assert!(text_of(&view).contains("no source knows it"));
    let request = requests.recv().unwrap();
    assert!(
        request.starts_with("GET /v1/admin/prices?network=eip155%3A1&asset=native "),
        "{request}"
    );
}

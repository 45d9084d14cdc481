//! `POST /v1/policies/test`: what would be said, and by whom.

use primitives::Amount;

use super::*;

const TO: &str = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
const TOKEN: &str = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48";

fn test(request: Value, policies: Value, facts: Value) -> Value {
    json!({
        "walletId": sample(1).id.to_string(), "network": "ethereum-sepolia", "request": request,
        "policies": policies, "facts": facts,
    })
}

#[tokio::test]
async fn a_described_transaction_is_judged_by_policies_that_are_not_stored() {
    let gateway = Gateway::new().await;
    let coins = json!({ "to": TO, "amount": "5" });
    let token = json!({ "type": "TOKEN_TRANSFER", "to": TO, "token": TOKEN, "amount": "1500000" });
    let approve = json!({ "type": "APPROVE", "spender": TO, "token": TOKEN, "amount": "5" });
    let call = json!({ "type": "CONTRACT_CALL", "to": TO, "calldata": "0x01020304" });
    let deploy = json!({ "type": "CONTRACT_DEPLOY", "bytecode": "0x60" });
    let rule = |kind: &str, rules: Value| json!([{ "type": kind, "rules": rules }]);
    let tokens = json!({ "tokens": [{ "address": TOKEN }] });
    let lines = json!({ "instant_max": "1", "notify_max": "2", "delay_max": "3" });
    let lines = json!({ "token_limits": { format!("eip155:11155111/erc20:{TOKEN}"): lines } });
    let both = json!([
        { "type": "ALLOWED_TOKENS", "rules": tokens }, { "type": "SPENDING_LIMIT", "rules": lines },
    ]);
    let contracts = json!({ "contracts": [{ "address": TO }] });
    #[rustfmt::skip]
    let rows = [
        (&coins, json!([]), json!({}), Ok("INSTANT")),
        (&coins, rule("AMOUNT_TIER", json!({ "instant_max": "4", "notify_max": "5" })), json!({}), Ok("NOTIFY")),
        (&coins, rule("RATE_LIMIT", json!({ "max_requests": 2, "window_seconds": 60 })), json!({ "transactions": 1 }), Ok("INSTANT")),
        (&coins, rule("RATE_LIMIT", json!({ "max_requests": 2, "window_seconds": 60 })), json!({ "transactions": 2 }), Err(("RATE_LIMIT", "RATE_LIMIT_EXCEEDED"))),
        (&coins, rule("TIME_WINDOW", json!({ "allowed_days": [1] })), json!({ "now": 1_767_614_400 }), Ok("INSTANT")),
        (&coins, rule("TIME_WINDOW", json!({ "allowed_days": [1] })), json!({ "now": 1_767_700_800 }), Err(("TIME_RESTRICTION", "POLICY_DENIED"))),
        (&coins, json!([]), json!({ "x402Domain": "shop.example" }), Err(("X402_ALLOWED_DOMAINS", "X402_DOMAIN_NOT_ALLOWED"))),
        (&coins, rule("X402_ALLOWED_DOMAINS", json!({ "domains": ["shop.example"] })), json!({ "x402Domain": "shop.example" }), Ok("INSTANT")),
        (&token, json!([]), json!({}), Err(("ALLOWED_TOKENS", "TOKEN_NOT_ALLOWED"))),
        (&token, both.clone(), json!({ "decimals": { TOKEN: 6 } }), Ok("NOTIFY")),
        (&token, both, json!({}), Ok("APPROVAL")),
        (&token, rule("ALLOWED_TOKENS", tokens), json!({ "worthUsd": 1.5 }), Ok("INSTANT")),
        (&approve, json!([]), json!({}), Err(("APPROVED_SPENDERS", "APPROVE_DISABLED"))),
        (&approve, rule("APPROVED_SPENDERS", json!({ "spenders": [{ "address": TO }] })), json!({}), Ok("APPROVAL")),
        (&call, json!([]), json!({}), Err(("CONTRACT_WHITELIST", "CONTRACT_CALL_DISABLED"))),
        (&call, rule("CONTRACT_WHITELIST", contracts), json!({}), Ok("INSTANT")),
        (&deploy, json!([]), json!({}), Err(("CONTRACT_WHITELIST", "CONTRACT_CALL_DISABLED"))),
    ];
    for (request, policies, facts, expected) in rows {
        let body = test(request.clone(), policies, facts);
        let answer = gateway.by_master("POST", "/v1/policies/test", Some(body.clone())).await;
        assert_eq!(answer.status, 200, "{body}: {answer:?}");
        let found = &answer.body;
        assert_eq!(found["tier"].as_str(), expected.ok(), "{body}: {found}");
        let denial = found["denial"].as_object();
        let denial = denial.map(|it| (it["rule"].as_str().unwrap(), it["code"].as_str().unwrap()));
        assert_eq!(denial, expected.err(), "{body}: {found}");
        assert_eq!(found["allowed"], expected.is_ok());
        assert!(denial.is_none() || !found["denial"]["remedy"].as_str().unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_batch_is_judged_whole_and_part_by_part() {
    let gateway = Gateway::new().await;
    let batch = |parts: &[Value]| json!({ "type": "BATCH", "instructions": parts });
    let coins = |amount: &str| json!({ "to": TO, "amount": amount });
    let token = json!({ "type": "TOKEN_TRANSFER", "to": TO, "token": TOKEN, "amount": "5" });
    let rules =
        json!([{ "type": "AMOUNT_TIER", "rules": { "instant_max": "9", "notify_max": "99" } }]);
    let body = |request: &Value| test(request.clone(), rules.clone(), json!({}));
    #[rustfmt::skip]
    let rows = [
        // each part is below the line, and both together are not
        (batch(&[coins("4"), coins("5")]), Some("INSTANT"), vec![Some("INSTANT"), Some("INSTANT")]),
        (batch(&[coins("5"), coins("5")]), Some("NOTIFY"), vec![Some("INSTANT"), Some("INSTANT")]),
        (batch(&[coins("1"), token]), None, vec![Some("INSTANT"), None]),
        (coins("5"), Some("INSTANT"), vec![]),
        // as much as 256 bits hold
        (batch(&[coins(&Amount::MAX.checked_sub(Amount::from(1_u64)).unwrap().to_string()), coins("1")]), Some("APPROVAL"), vec![Some("APPROVAL"), Some("INSTANT")]),
    ];
    for (request, tier, expected) in rows {
        let answer = gateway.by_master("POST", "/v1/policies/test", Some(body(&request))).await;
        assert_eq!(answer.status, 200, "{request}: {answer:?}");
        let parts = answer.body["parts"].as_array().cloned().unwrap_or_default();
        let tiers: Vec<_> = parts.iter().map(|part| part["tier"].as_str()).collect();
        assert_eq!((answer.body["tier"].as_str(), tiers), (tier, expected), "{request}");
        assert_eq!(answer.body["allowed"], tier.is_some());
    }
    for (request, field) in [
        (batch(&[coins("1")]), "request.instructions: a batch has 2 to 20"),
        (batch(&vec![coins("1"); 21]), "request.instructions: a batch has 2 to 20"),
        (
            batch(&[coins(&Amount::MAX.to_string()), coins("1")]),
            "request.instructions: the amounts",
        ),
        (batch(&[coins("1"), json!({ "to": TO })]), "request.instructions[1]: request.amount"),
        (batch(&[coins("1"), batch(&[])]), "request.instructions[1]: request.type"),
    ] {
        let answer = gateway.by_master("POST", "/v1/policies/test", Some(body(&request))).await;
        let message = answer.body["message"].as_str().unwrap();
        assert!(answer.status == 400 && message.contains(field), "{request}: {answer:?}");
    }
}

#[tokio::test]
async fn each_verdict_says_whose_it_is_and_what_would_satisfy_it() {
    let gateway = Gateway::new().await;
    let stored = json!({ "type": "SPENDING_LIMIT", "rules": { "instant_max": "1" } });
    let stored = gateway.by_master("POST", "/v1/policies", Some(stored)).await.body;
    let given = json!([{ "type": "WHITELIST", "rules": { "allowed_addresses": [TOKEN] } }]);
    let mut body = test(json!({ "to": TO, "amount": "5" }), given, json!({}));
    let answer = gateway.by_master("POST", "/v1/policies/test", Some(body.clone())).await.body;
    let of = |answer: &Value, rule: &str| {
        let verdicts = answer["verdicts"].as_array().unwrap();
        verdicts.iter().find(|verdict| verdict["rule"] == rule).unwrap().clone()
    };
    let limit = of(&answer, "SPENDING_LIMIT");
    assert_eq!((&limit["source"], &limit["policyId"]), (&json!("stored"), &stored["id"]));
    assert_eq!(limit["tier"], "APPROVAL");
    assert!(limit["remedy"].as_str().unwrap().contains("smaller amount"), "{limit}");
    let list = of(&answer, "WHITELIST");
    assert_eq!((&list["source"], &list["position"]), (&json!("given"), &json!(0)));
    assert_eq!(list["denial"], answer["denial"]);
    assert_eq!(of(&answer, "ALLOWED_TOKENS")["source"], "default");
    assert_eq!(answer["operations"][0]["type"], "NATIVE_TRANSFER");
    body["stored"] = json!(false);
    body["policies"] = json!([]);
    let alone = gateway.by_master("POST", "/v1/policies/test", Some(body)).await.body;
    assert_eq!(
        (&alone["tier"], &of(&alone, "SPENDING_LIMIT")["source"]),
        (&json!("INSTANT"), &json!("default"))
    );
    let kept = gateway.by_master("GET", "/v1/policies", None).await.body;
    assert_eq!(kept["total"], 1, "a test stores nothing");
}

#[tokio::test]
async fn a_test_that_is_not_clear_is_refused_with_the_field() {
    let gateway = Gateway::new().await;
    let coins = json!({ "to": TO, "amount": "5" });
    let given = |rules: Value| json!([{ "type": "WHITELIST", "rules": rules }]);
    #[rustfmt::skip]
    let rows = [
        (test(json!({}), json!([]), json!({})), "request.to"),
        (test(json!({ "to": TO }), json!([]), json!({})), "request.amount"),
        (test(json!({ "to": "bob", "amount": "5" }), json!([]), json!({})), "request.to"),
        (test(json!({ "type": "BATCH" }), json!([]), json!({})), "request.instructions"),
        (test(json!({ "type": "SWAP" }), json!([]), json!({})), "request.type"),
        (test(coins.clone(), given(json!({ "allowed_addresses": [] })), json!({})), "policies[0]: rules.allowed_addresses"),
        (test(coins.clone(), json!([]), json!({ "worthUsd": -1 })), "facts.worthUsd"),
        (test(coins.clone(), json!([]), json!({ "reputation": "101" })), "facts.reputation"),
        (test(coins.clone(), json!([]), json!({ "action": { "category": "gambling" } })), "facts.action.category"),
        (test(coins.clone(), json!([]), json!({ "decimals": { "USDC": 6 } })), "facts.decimals"),
        (test(json!({ "type": "CONTRACT_CALL", "to": TO, "calldata": "xyz" }), json!([]), json!({})), "request.calldata"),
        (json!({ "walletId": sample(1).id.to_string() }), "give one of"),
    ];
    for (body, field) in rows {
        let answer = gateway.by_master("POST", "/v1/policies/test", Some(body.clone())).await;
        let message = answer.body["message"].as_str().unwrap();
        assert!(answer.status == 400 && message.contains(field), "{body}: {answer:?}");
    }
    let mut nobody = test(coins, json!([]), json!({}));
    nobody["walletId"] = json!(sample(9).id.to_string());
    let answer = gateway.by_master("POST", "/v1/policies/test", Some(nobody)).await;
    assert_eq!((answer.status, answer.code()), (404, "WALLET_NOT_FOUND"));
}

#[tokio::test]
async fn bytes_and_messages_are_judged_as_they_are() {
    let gateway = Gateway::new().await;
    // 5 wei on base-sepolia, legacy form.
    let unsigned = evm_payment(84_532, 5);
    let ask =
        |field: &str, value: Value| json!({ "walletId": sample(1).id.to_string(), field: value });
    let permit = json!({
        "types": {
            "EIP712Domain": [
                { "name": "name", "type": "string" }, { "name": "chainId", "type": "uint256" },
                { "name": "verifyingContract", "type": "address" },
            ],
            "Permit": [
                { "name": "owner", "type": "address" }, { "name": "spender", "type": "address" },
                { "name": "value", "type": "uint256" }, { "name": "nonce", "type": "uint256" },
                { "name": "deadline", "type": "uint256" },
            ],
        },
        "primaryType": "Permit",
        "domain": { "name": "USD Coin", "chainId": 84532, "verifyingContract": TOKEN },
        "message": { "owner": TO, "spender": TO, "value": "5", "nonce": "0", "deadline": "1" },
    });
    for (body, tier, rule) in [
        (ask("transaction", json!(unsigned)), Some("INSTANT"), None),
        (ask("message", json!("hello")), Some("INSTANT"), None),
        (ask("typedData", permit), None, Some("APPROVED_SPENDERS")),
    ] {
        let answer = gateway.by_master("POST", "/v1/policies/test", Some(body.clone())).await;
        assert_eq!(answer.status, 200, "{body}: {answer:?}");
        assert_eq!(answer.body["tier"].as_str(), tier, "{answer:?}");
        assert_eq!(answer.body["denial"]["rule"].as_str(), rule, "{answer:?}");
    }
}

fn evm_payment(chain_id: u64, wei: u64) -> String {
    let transaction = txcodec::evm::Transaction {
        kind: txcodec::evm::Kind::Legacy { gas_price: 1_u64.into() },
        chain_id: chain_id.try_into().unwrap(),
        nonce: 0,
        gas_limit: 21_000,
        to: Some(primitives::EvmAddress([9; 20])),
        value: wei.into(),
        data: Vec::new(),
    };
    format!("0x{}", primitives::encode_hex(&transaction.to_unsigned_bytes()))
}

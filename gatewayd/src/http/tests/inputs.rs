//! Bad input: a clear error with a stable code, and nothing stored.

use super::*;
use crate::store::wallets::WalletStatus;

const TO: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";

#[tokio::test]
async fn what_cannot_be_sent_is_refused_and_nothing_is_stored() {
    let gateway = Gateway::new().await;
    let two_to_256 =
        "115792089237316195423570985008687907853269984665640564039457584007913129639936";
    let on = "base-sepolia";
    #[rustfmt::skip]
    let rows = [
        (json!({ "to": TO, "network": on }), 400, "VALIDATION_FAILED"),
        (json!({ "to": TO, "network": on, "amount": "1", "humanAmount": "1" }), 400, "VALIDATION_FAILED"),
        (json!({ "to": TO, "network": on, "amount": "-1" }), 400, "VALIDATION_FAILED"),
        (json!({ "to": TO, "network": on, "amount": "1.5" }), 400, "VALIDATION_FAILED"),
        (json!({ "to": TO, "network": on, "amount": "0" }), 400, "VALIDATION_FAILED"),
        (json!({ "to": TO, "network": on, "amount": "007" }), 400, "VALIDATION_FAILED"),
        (json!({ "to": TO, "network": on, "amount": "0x10" }), 400, "VALIDATION_FAILED"),
        (json!({ "to": TO, "network": on, "amount": 1 }), 400, "VALIDATION_FAILED"),
        (json!({ "to": TO, "network": on, "amount": two_to_256 }), 400, "VALIDATION_FAILED"),
        (json!({ "to": TO, "network": on, "humanAmount": "0.0000000000000000001" }), 400, "VALIDATION_FAILED"),
        (json!({ "to": TO, "network": on, "amount": "1", "memo": "x".repeat(257) }), 400, "VALIDATION_FAILED"),
        (json!({ "to": TO, "network": on, "amount": "1", "calldata": "0x01" }), 400, "VALIDATION_FAILED"),
        (json!({ "to": TO, "network": on, "amount": "1", "gasCondition": {} }), 400, "VALIDATION_FAILED"),
        (json!({ "to": TO, "network": on, "amount": "1", "walletId": "1" }), 400, "VALIDATION_FAILED"),
        (json!({ "to": "vitalik.eth", "network": on, "amount": "1" }), 400, "INVALID_ADDRESS"),
        (json!({ "to": TO.replace("5aAe", "5aae"), "network": on, "amount": "1" }), 400, "INVALID_ADDRESS"),
        (json!({ "to": "11111111111111111111111111111111", "network": on, "amount": "1" }), 400, "INVALID_ADDRESS"),
        (json!({ "to": TO, "amount": "1" }), 400, "NETWORK_REQUIRED"),
        (json!({ "to": TO, "network": "ethereum-mainnet", "amount": "1" }), 400, "ENVIRONMENT_NETWORK_MISMATCH"),
        (json!({ "to": TO, "network": "solana-devnet", "amount": "1" }), 400, "ENVIRONMENT_NETWORK_MISMATCH"),
        (json!({ "to": TO, "network": "nowhere", "amount": "1" }), 400, "VALIDATION_FAILED"),
        (json!({ "to": TO, "network": "xrpl-testnet", "amount": "1" }), 400, "UNSUPPORTED_CHAIN"),
        (json!({ "to": TO, "network": on, "amount": "1", "walletId": sample(2).id.to_string() }), 403, "WALLET_ACCESS_DENIED"),
        (json!({ "type": "BATCH", "instructions": [] }), 400, "VALIDATION_FAILED"),
        (json!({ "type": "APPROVE", "spender": TO }), 400, "VALIDATION_FAILED"),
        (json!({ "type": "TOKEN_TRANSFER", "to": TO, "network": on, "amount": "1", "token": {} }), 400, "VALIDATION_FAILED"),
        (json!({ "type": "TOKEN_TRANSFER", "to": TO, "network": on, "amount": "1", "token": { "address": "x" } }), 400, "INVALID_ADDRESS"),
        (json!({ "type": "PAY", "to": TO }), 400, "VALIDATION_FAILED"),
        (json!([]), 400, "VALIDATION_FAILED"),
    ];
    for (body, status, code) in rows {
        for path in ["/v1/transactions/send", "/v1/transactions/simulate"] {
            let answer = gateway.by_agent("POST", path, Some(body.clone())).await;
            assert_eq!((answer.status, answer.code()), (status, code), "{body}: {answer:?}");
        }
    }
    let stored = gateway.by_agent("GET", "/v1/transactions", None).await.body;
    assert_eq!(stored["items"], json!([]));
}

#[tokio::test]
async fn a_send_is_taken_on_in_every_form_that_clients_use() {
    let gateway = Gateway::new().await;
    let wallet = sample(1).id.to_string();
    let mut ids = std::collections::BTreeSet::new();
    for (number, body) in [
        json!({ "to": TO, "amount": "1", "network": "base-sepolia" }),
        json!({ "to": TO, "amount": "2", "network": "eip155:84532", "memo": "rent", "walletId": wallet }),
        json!({ "type": "TRANSFER", "to": TO, "humanAmount": "0.5", "network": "base-sepolia", "wallet_id": wallet }),
        json!({ "to": TO, "amount": "3", "network": "base-sepolia", "walletId": "default", "gasCondition": null }),
    ]
    .into_iter()
    .enumerate()
    {
        let answer = gateway.by_agent("POST", "/v1/transactions/send", Some(body)).await;
        assert_eq!((answer.status, &answer.body["status"]), (201, &json!("PENDING")), "{answer:?}");
        ids.insert(answer.body["id"].as_str().unwrap().to_owned());
        assert_eq!(ids.len(), number + 1);
    }
    let listed = gateway.by_agent("GET", "/v1/transactions?limit=3", None).await.body;
    assert_eq!(listed["hasMore"], true);
    let rest = format!("/v1/transactions?limit=3&cursor={}", listed["cursor"].as_str().unwrap());
    let rest = gateway.by_agent("GET", &rest, None).await.body;
    assert_eq!(
        (rest["items"].as_array().map(Vec::len), &rest["hasMore"]),
        (Some(1), &json!(false))
    );
    let id = ids.last().unwrap();
    let shown = gateway.by_agent("GET", &format!("/v1/transactions/{id}"), None).await.body;
    for field in ["id", "walletId", "type", "status", "chain"] {
        assert!(shown[field].is_string(), "{field} of {shown}");
    }
    let cancel = format!("/v1/transactions/{id}/cancel");
    let cancelled = gateway.by_agent("POST", &cancel, None).await;
    assert_eq!((cancelled.status, &cancelled.body["status"]), (200, &json!("CANCELLED")));
    let again = gateway.by_agent("POST", &cancel, None).await;
    assert_eq!((again.status, again.code()), (409, "TX_ALREADY_PROCESSED"));
}

#[tokio::test]
async fn a_repeated_send_is_answered_with_the_first_one() {
    let gateway = Gateway::new().await;
    let send = async |amount: &str, key: Option<&str>| {
        let body = json!({ "to": TO, "amount": amount, "network": "base-sepolia" }).to_string();
        let mut headers = vec![("authorization", format!("Bearer {}", gateway.one.token))];
        headers.extend(key.map(|key| ("idempotency-key", key.to_owned())));
        let (method, path) = ("POST", "/v1/transactions/send");
        gateway.ask(Ask { method, path, body: Some(body), headers, by_socket: false }).await
    };
    let first = send("5", Some("a")).await;
    assert_eq!(send("5", Some("a")).await.body["id"], first.body["id"]);
    assert_ne!(send("5", Some("b")).await.body["id"], first.body["id"]);
    let reused = send("6", Some("a")).await;
    assert_eq!((reused.status, reused.code()), (409, "IDEMPOTENCY_KEY_REUSED"));
    assert_eq!(send("5", Some("")).await.code(), "VALIDATION_FAILED");
    let without = send("7", None).await;
    assert_eq!(send("7", None).await.body["id"], without.body["id"]);
}

#[tokio::test]
async fn a_client_that_prefers_to_wait_is_answered_when_the_program_ends() {
    let gateway = Gateway::new().await;
    let body = json!({ "to": TO, "amount": "1", "network": "base-sepolia" }).to_string();
    let headers = vec![
        ("authorization", format!("Bearer {}", gateway.one.token)),
        ("prefer", "wait=60".to_owned()),
    ];
    let (method, path) = ("POST", "/v1/transactions/send");
    let sent = gateway.ask(Ask { method, path, body: Some(body), headers, by_socket: false });
    let end = async {
        tokio::task::yield_now().await;
        gateway.app.ending.send_replace(true);
    };
    let (answer, ()) = tokio::join!(sent, end);
    assert_eq!((answer.status, &answer.body["status"]), (201, &json!("PENDING")));
}

#[tokio::test]
async fn what_the_master_cannot_mean_is_refused() {
    let gateway = Gateway::new().await;
    let wallet = sample(1).id.to_string();
    let nobody = sample(9).id.to_string();
    #[rustfmt::skip]
    let rows = [
        ("POST", "/v1/wallets", json!({ "name": "" }), 400, "VALIDATION_FAILED"),
        ("POST", "/v1/wallets", json!({ "name": "a\nb" }), 400, "VALIDATION_FAILED"),
        ("POST", "/v1/wallets", json!({ "name": "a", "chain": "ripple" }), 400, "CHAIN_NOT_SUPPORTED"),
        ("POST", "/v1/wallets", json!({ "name": "a", "chain": "bitcoin" }), 400, "VALIDATION_FAILED"),
        ("POST", "/v1/wallets", json!({ "name": "a", "environment": "prod" }), 400, "VALIDATION_FAILED"),
        ("POST", "/v1/wallets", json!({ "name": "a", "accountType": "smart" }), 400, "VALIDATION_FAILED"),
        ("POST", "/v1/wallets", json!({ "name": "a", "privateKey": "0x01" }), 400, "VALIDATION_FAILED"),
        ("POST", "/v1/wallets", json!({ "name": "a" }), 503, "KEYSTORE_LOCKED"),
        ("POST", "/v1/sessions", json!({}), 400, "SESSION_REQUIRES_WALLET"),
        ("POST", "/v1/sessions", json!({ "walletId": "x" }), 400, "VALIDATION_FAILED"),
        ("POST", "/v1/sessions", json!({ "walletId": nobody }), 404, "WALLET_NOT_FOUND"),
        ("POST", "/v1/sessions", json!({ "walletId": wallet, "ttl": 299 }), 400, "VALIDATION_FAILED"),
        ("POST", "/v1/sessions", json!({ "walletId": wallet, "ttl": 31_536_001 }), 400, "VALIDATION_FAILED"),
        ("POST", "/v1/sessions", json!({ "walletId": wallet, "ttl": -1 }), 400, "VALIDATION_FAILED"),
        ("POST", "/v1/sessions", json!({ "walletId": wallet, "constraints": { "max": 1 } }), 400, "VALIDATION_FAILED"),
        ("POST", "/v1/policies", json!({ "type": "NONSENSE", "rules": {} }), 400, "VALIDATION_FAILED"),
        ("POST", "/v1/policies", json!({ "type": "SPENDING_LIMIT", "rules": { "instant_max": -1 } }), 400, "VALIDATION_FAILED"),
        ("POST", "/v1/policies", json!({ "type": "SPENDING_LIMIT", "rules": {}, "network": "moon" }), 400, "VALIDATION_FAILED"),
        ("POST", "/v1/policies", json!({ "type": "ALLOWED_TOKENS", "rules": { "tokens": [{ "address": "0x00000000000000000000000000000000000000aa" }] }, "walletId": nobody }), 404, "WALLET_NOT_FOUND"),
        ("DELETE", "/v1/tokens", json!({ "network": "base-sepolia", "address": "x" }), 400, "INVALID_ADDRESS"),
        ("DELETE", "/v1/tokens", json!({ "network": "xrpl:0", "address": "x" }), 400, "UNSUPPORTED_CHAIN"),
        ("PUT", "/v1/admin/master-password", json!({ "newPassword": "short" }), 400, "VALIDATION_FAILED"),
    ];
    for (method, path, body, status, code) in rows {
        let answer = gateway.by_master(method, path, Some(body.clone())).await;
        assert_eq!((answer.status, answer.code()), (status, code), "{path} {body}: {answer:?}");
    }
}

#[tokio::test]
async fn policies_are_written_read_changed_and_deleted() {
    let gateway = Gateway::new().await;
    let body = json!({ "walletId": sample(1).id.to_string(), "type": "SPENDING_LIMIT",
        "rules": { "instant_max": "10" }, "network": "eip155:84532", "priority": 5 });
    let made = gateway.by_master("POST", "/v1/policies", Some(body)).await;
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(made.body["network"], "base-sepolia");
    let path = format!("/v1/policies/{}", made.body["id"].as_str().unwrap());
    let change = json!({ "rules": { "instant_max": "11" }, "enabled": false });
    let changed = gateway.by_master("PUT", &path, Some(change)).await.body;
    assert_eq!(
        (&changed["rules"]["instant_max"], &changed["enabled"]),
        (&json!("11"), &json!(false))
    );
    assert_eq!(changed["priority"], 5);
    let seen = gateway.by_agent("GET", "/v1/policies", None).await.body;
    assert_eq!((&seen["total"], &seen["data"][0]["id"]), (&json!(1), &made.body["id"]));
    let deleted = gateway.by_master("DELETE", &path, None).await.body;
    assert_eq!(deleted["deleted"], true);
    let gone = gateway.by_master("GET", &path, None).await;
    assert_eq!((gone.status, gone.code()), (404, "POLICY_NOT_FOUND"));
}

#[tokio::test]
async fn bodies_that_are_no_json_or_too_long_are_refused() {
    let gateway = Gateway::new().await;
    let limit = gateway.app.limits.borrow().body_bytes.get();
    // Seven bytes of text each, and some hundred once they are read.
    let objects = |count| {
        let objects = vec![r#"{"":0}"#; count].join(",");
        format!(r#"{{"type":"CONTRACT_CALL","to":"{TO}","abi":[{objects}],"functionName":"f"}}"#)
    };
    let nested = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    #[rustfmt::skip]
    let rows = [
        (String::new(), "application/json", 400, "VALIDATION_FAILED"),
        ("{".to_owned(), "application/json", 400, "VALIDATION_FAILED"),
        ("{}".to_owned(), "text/plain", 400, "VALIDATION_FAILED"),
        ("{}".to_owned(), "application/x-www-form-urlencoded", 400, "VALIDATION_FAILED"),
        (nested, "application/json; charset=utf-8", 400, "VALIDATION_FAILED"),
        (" ".repeat(limit + 1), "application/json", 413, "BODY_TOO_LARGE"),
        (objects(20_000), "application/json", 413, "BODY_TOO_LARGE"),
        (objects(5_000), "application/json", 400, "NETWORK_REQUIRED"),
    ];
    for (body, content_type, status, code) in rows {
        let headers = vec![
            ("authorization", format!("Bearer {}", gateway.one.token)),
            ("content-type", content_type.to_owned()),
        ];
        let (method, path) = ("POST", "/v1/transactions/send");
        let ask = Ask { method, path, body: Some(body), headers, by_socket: false };
        let answer = gateway.ask(ask).await;
        assert_eq!((answer.status, answer.code()), (status, code), "{content_type}");
    }
}

/// Who hears of an error may take what was paid for not paid, and ask anew.
#[tokio::test]
async fn a_key_has_its_answer_while_the_wallet_is_suspended() {
    let gateway = Gateway::new().await;
    let send = async |key: &str| {
        let body = json!({ "to": TO, "network": "base-sepolia", "amount": "1" });
        let headers = vec![
            ("authorization", format!("Bearer {}", gateway.one.token)),
            ("idempotency-key", key.to_owned()),
        ];
        let (method, path) = ("POST", "/v1/transactions/send");
        let body = Some(body.to_string());
        gateway.ask(Ask { method, path, body, headers, by_socket: false }).await
    };
    let first = send("one").await;
    assert_eq!(first.status, 201, "{first:?}");
    let suspended = gateway
        .app
        .store
        .write(|db| db.set_wallet_status(sample(1).id, WalletStatus::Suspended, START));
    assert_eq!(suspended.await.ok(), Some(true));
    let again = send("one").await;
    assert_eq!((again.status, &again.body["id"]), (201, &first.body["id"]), "{again:?}");
    let other = send("two").await;
    assert_eq!(other.code(), "WALLET_SUSPENDED", "{other:?}");
}

/// What a call is encoded from may be large, and is not kept while a node is asked.
#[tokio::test]
async fn calls_of_a_batch_are_encoded_before_a_node_is_asked() {
    let gateway = Gateway::new().await;
    let token =
        json!({ "type": "TOKEN_TRANSFER", "to": TO, "amount": "1", "token": { "address": TO } });
    let call = json!({ "type": "CONTRACT_CALL", "to": TO, "abi": [], "functionName": "f" });
    for (parts, is_asked) in [(json!([token, call]), false), (json!([token, token]), true)] {
        let body = json!({ "type": "BATCH", "network": "base-sepolia", "instructions": parts });
        let answer = gateway.by_agent("POST", "/v1/transactions/send", Some(body)).await;
        let expected = if is_asked { "CHAIN_ERROR" } else { "ABI_ENCODING_FAILED" };
        assert_eq!(answer.code(), expected, "{answer:?}");
    }
}

#[tokio::test]
async fn paths_and_queries_that_are_nothing_are_refused() {
    let gateway = Gateway::new().await;
    for (path, status, code) in [
        ("/v1/wallets/..%2f..%2fetc", 400, "VALIDATION_FAILED"),
        ("/v1/wallets/%ff", 400, "VALIDATION_FAILED"),
        ("/v1/wallets/1", 400, "VALIDATION_FAILED"),
        ("/v1/sessions?limit=0", 400, "VALIDATION_FAILED"),
        ("/v1/sessions?limit=201", 400, "VALIDATION_FAILED"),
        ("/v1/sessions?offset=-1", 400, "VALIDATION_FAILED"),
        ("/v1/sessions?walletId=x", 400, "VALIDATION_FAILED"),
        ("/v1/tokens", 400, "VALIDATION_FAILED"),
        ("/v1/tokens?network=moon", 400, "VALIDATION_FAILED"),
        ("/v1/tokens?network=eip155:1", 200, "none"),
    ] {
        let answer = gateway.by_master("GET", path, None).await;
        assert_eq!((answer.status, answer.code()), (status, code), "{path}: {answer:?}");
    }
    for (path, status, code) in [
        ("/v1/transactions?limit=101", 400, "VALIDATION_FAILED"),
        ("/v1/transactions?cursor=x", 400, "VALIDATION_FAILED"),
        ("/v1/wallets/default", 200, "none"),
        ("/v1/wallet/balance", 400, "NETWORK_REQUIRED"),
    ] {
        let answer = gateway.by_agent("GET", path, None).await;
        assert_eq!((answer.status, answer.code()), (status, code), "{path}: {answer:?}");
    }
}

#[tokio::test]
async fn messages_and_transactions_to_sign_are_read_before_anybody_signs() {
    let gateway = Gateway::new().await;
    #[rustfmt::skip]
    let rows = [
        ("/v1/transactions/sign", json!({ "transaction": "zz" }), 400, "INVALID_TRANSACTION"),
        ("/v1/transactions/sign", json!({ "transaction": "0x02" }), 400, "INVALID_TRANSACTION"),
        ("/v1/transactions/sign", json!({ "transaction": "0x02", "chain": "solana" }), 400, "ENVIRONMENT_NETWORK_MISMATCH"),
        ("/v1/transactions/sign-message", json!({}), 400, "VALIDATION_FAILED"),
        ("/v1/transactions/sign-message", json!({ "message": "a", "typedData": {} }), 400, "VALIDATION_FAILED"),
        ("/v1/transactions/sign-message", json!({ "message": "a", "signType": "typedData" }), 400, "VALIDATION_FAILED"),
        ("/v1/transactions/sign-message", json!({ "typedData": { "domain": {} } }), 400, "VALIDATION_FAILED"),
    ];
    for (path, body, status, code) in rows {
        let answer = gateway.by_agent("POST", path, Some(body.clone())).await;
        assert_eq!((answer.status, answer.code()), (status, code), "{path} {body}: {answer:?}");
    }
}

#[tokio::test]
async fn a_network_that_no_endpoint_reaches_is_answered_with_the_setting_that_helps() {
    let gateway = Gateway::new().await;
    let send = json!({ "to": TO, "network": "base-sepolia", "amount": "1" });
    for (method, path, body) in [
        ("GET", "/v1/wallet/balance?network=base-sepolia", None),
        ("POST", "/v1/transactions/simulate", Some(send)),
    ] {
        let answer = gateway.by_agent(method, path, body).await;
        let said = answer.body.to_string();
        assert!(said.contains("[rpc] evm_base_sepolia ="), "{path} {answer:?}");
    }
}

/// To read base58 takes the square of its length: this many characters would take minutes.
#[tokio::test]
async fn signatures_longer_or_more_than_there_are_cost_nothing() {
    let gateway = Gateway::new().await;
    let given = |signature: String| json!({ "owner": "1".repeat(32), "signature": signature });
    let path = "/v1/transactions/00000000-0000-7000-8000-000000000000/approve";
    for (signatures, status, code) in [
        (vec![given("z".repeat(1_000_000))], 401, "INVALID_SIGNATURE"),
        (vec![given("z".repeat(89))], 401, "INVALID_SIGNATURE"),
        (vec![given("z".repeat(88)); 17], 400, "VALIDATION_FAILED"),
        (vec![given("z".repeat(88)); 16], 404, "TX_NOT_FOUND"),
    ] {
        let body = Some(json!({ "signatures": signatures }));
        let answer = gateway.by_agent("POST", path, body).await;
        assert_eq!((answer.status, answer.code()), (status, code), "{answer:?}");
    }
}

//! Bad input: a clear error with a stable code, nothing stored, nothing signed.

use primitives::Chain;
use serde_json::{Value, json};
use tests::stage::Stage;

use crate::payments::transfer;

const BOB: &str = "0xB0B0b0B0B0B0B0b0B0B0B0b0b0b0b0B0b0b0B0B0";

/// Changes of a good body, and the code of the refusal.
fn changes() -> Vec<(Value, &'static str)> {
    let two_to_256 =
        "115792089237316195423570985008687907853269984665640564039457584007913129639936";
    vec![
        (json!({ "to": null }), "VALIDATION_FAILED"),
        (json!({ "to": "" }), "INVALID_ADDRESS"),
        (json!({ "to": "bob" }), "INVALID_ADDRESS"),
        (json!({ "to": &BOB[..41] }), "INVALID_ADDRESS"),
        (json!({ "to": BOB.replacen('b', "B", 1) }), "INVALID_ADDRESS"),
        (json!({ "to": "vines1vzrYbzLMRdu58ou5XTby4qAqVRLmqo36NKPTg" }), "INVALID_ADDRESS"),
        (json!({ "amount": null }), "VALIDATION_FAILED"),
        (json!({ "amount": "" }), "VALIDATION_FAILED"),
        (json!({ "amount": "0" }), "VALIDATION_FAILED"),
        (json!({ "amount": "-1" }), "VALIDATION_FAILED"),
        (json!({ "amount": "+1" }), "VALIDATION_FAILED"),
        (json!({ "amount": "007" }), "VALIDATION_FAILED"),
        (json!({ "amount": "1.5" }), "VALIDATION_FAILED"),
        (json!({ "amount": "1e3" }), "VALIDATION_FAILED"),
        (json!({ "amount": "0x10" }), "VALIDATION_FAILED"),
        (json!({ "amount": " 1" }), "VALIDATION_FAILED"),
        (json!({ "amount": two_to_256 }), "VALIDATION_FAILED"),
        (json!({ "amount": 1 }), "VALIDATION_FAILED"),
        (json!({ "amount": "1", "humanAmount": "1" }), "VALIDATION_FAILED"),
        (json!({ "amount": null, "humanAmount": "0.0000000000000000001" }), "VALIDATION_FAILED"),
        (json!({ "network": "atlantis" }), "VALIDATION_FAILED"),
        (json!({ "network": "eip155:01" }), "VALIDATION_FAILED"),
        (json!({ "network": "ethereum-sepolia" }), "ENVIRONMENT_NETWORK_MISMATCH"),
        (json!({ "network": null }), "NETWORK_REQUIRED"),
        (json!({ "walletId": "nobody" }), "VALIDATION_FAILED"),
        (json!({ "walletId": "01900000-0000-7000-8000-000000000000" }), "WALLET_ACCESS_DENIED"),
        (json!({ "memo": "m".repeat(257) }), "VALIDATION_FAILED"),
        (json!({ "type": "GIFT" }), "VALIDATION_FAILED"),
        (json!({ "type": "BATCH" }), "VALIDATION_FAILED"),
        (json!({ "gasPrice": "1" }), "VALIDATION_FAILED"),
        (json!({ "source": "action" }), "VALIDATION_FAILED"),
        (json!({ "tier": "INSTANT" }), "VALIDATION_FAILED"),
        (json!({ "token": { "address": BOB } }), "VALIDATION_FAILED"),
        (json!({ "type": "TOKEN_TRANSFER" }), "VALIDATION_FAILED"),
    ]
}

/// `null` takes a field away.
fn changed(change: &Value) -> Value {
    let mut body = transfer(Chain::Evm, "5");
    for (field, value) in change.as_object().unwrap() {
        if value.is_null() {
            body.as_object_mut().unwrap().remove(field);
        } else {
            body[field] = value.clone();
        }
    }
    body
}

#[test]
fn a_request_that_is_wrong_is_refused_and_leaves_no_trace() {
    let stage = Stage::start();
    let wallet = stage.funded_wallet(Chain::Evm);
    let agent = stage.agent(&[&wallet]);
    let mut wrong = Vec::new();
    for (change, code) in changes() {
        let answer = agent.try_send(&changed(&change));
        let found = answer.json();
        let whole = ["code", "message", "requestId", "retryable"]
            .iter()
            .all(|field| found.get(field).is_some_and(|value| !value.is_null()));
        if !(whole && found["code"] == code && matches!(answer.status, 400..=499)) {
            wrong.push(format!("{change}: expected {code}, got {answer}"));
        }
    }
    for (name, bytes) in [
        ("nothing", b"".to_vec()),
        ("half a body", b"{\"to\": ".to_vec()),
        ("a list", b"[]".to_vec()),
        ("no text", vec![0xff, 0xfe]),
        ("deep", "[".repeat(100_000).into_bytes()),
        ("two amounts", format!("{{\"to\":\"{BOB}\",\"amount\":\"1\",\"amount\":\"2\"}}").into()),
        ("a huge body", vec![b' '; 2 << 20]),
    ] {
        let answer = agent.http().send("POST", "/v1/transactions/send", &[], bytes);
        if !matches!(answer.status, 400..=499) || answer.json()["code"].is_null() {
            wrong.push(format!("{name}: {answer}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(agent.http().get("/v1/transactions").expect(200)["items"], json!([]));
    tests::daemons::operator(&stage.place).read_journal().unwrap();
}

//! The HTTP client, against a socket that answers as told.

use serde_json::{Value, json};

use super::*;
use crate::exit::Exit;
use crate::testing::Peers;

fn gateway(peers: &Peers) -> Gateway {
    Gateway::new(&peers.place().gateway_socket()).unwrap()
}

#[test]
fn a_request_carries_its_path_body_session_and_key() {
    let peers = Peers::new();
    let asked = peers.gateway(vec![(201, r#"{"id":"x"}"#.to_owned())]);
    let call = Call::post("/v1/transactions/send")
        .query("walletId", "a b")
        .body(&json!({ "to": "y" }))
        .session(&Token::new("wai_sess_z".to_owned()))
        .idempotency_key(Some("once".to_owned()));
    let answer: Value = gateway(&peers).ask(call).unwrap();
    assert_eq!(answer, json!({ "id": "x" }));
    let request = asked.recv().unwrap().to_lowercase();
    for part in [
        "post /v1/transactions/send?walletid=a%20b http/1.1",
        "authorization: bearer wai_sess_z",
        "idempotency-key: once",
        "content-type: application/json",
        r#"{"to":"y"}"#,
    ] {
        assert!(request.contains(part), "{part} is not in {request}");
    }
}

#[test]
fn a_refusal_keeps_its_code_and_its_hint() {
    let body = |code: &str| {
        let body = json!({
            "code": code,
            "message": "no",
            "requestId": "1",
            "retryable": false,
            "hint": "do this",
        });
        body.to_string()
    };
    for (status, code, exit) in [
        (400, "VALIDATION_FAILED", Exit::Usage),
        (400, "INSUFFICIENT_BALANCE", Exit::Failed),
        (403, "POLICY_DENIED", Exit::Refused),
        (404, "WALLET_NOT_FOUND", Exit::NotFound),
        (503, "KEYSTORE_LOCKED", Exit::VaultClosed),
        (502, "CHAIN_ERROR", Exit::Failed),
    ] {
        let peers = Peers::new();
        let _asked = peers.gateway(vec![(status, body(code))]);
        let error = gateway(&peers).ask::<Value>(Call::get("/v1/wallets")).unwrap_err();
        assert_eq!((error.to_string().as_str(), error.code().as_str()), ("no", code));
        assert_eq!(error.exit(), exit, "{code}");
        let advice = error.advice(&peers.place()).unwrap();
        assert!(advice == "do this" || advice.ends_with("unlock"), "{advice}");
    }
}

#[test]
fn answers_that_are_not_gatewayds_are_no_success() {
    for (status, body, code) in [
        (200, "<html>", "GATEWAY_PROTOCOL"),
        (200, r#"{"items":1}"#, "GATEWAY_PROTOCOL"),
        (502, "<html>", "HTTP_502"),
    ] {
        let peers = Peers::new();
        let _asked = peers.gateway(vec![(status, body.to_owned())]);
        let error = gateway(&peers).ask::<api::WalletList>(Call::get("/v1/wallets")).unwrap_err();
        assert_eq!(error.code(), code, "{body}");
    }
}

#[test]
fn a_gateway_that_is_not_there_says_how_to_start_it() {
    let peers = Peers::new();
    let error = gateway(&peers).ask::<Value>(Call::get("/health")).unwrap_err();
    assert_eq!((error.exit(), error.code().as_str()), (Exit::Unreachable, "GATEWAY_UNREACHABLE"));
    assert!(error.to_string().contains("gateway.sock"), "{error}");
    assert!(error.advice(&peers.place()).unwrap().contains("start the daemons"));
}

#[test]
fn an_empty_answer_counts_as_null() {
    let peers = Peers::new();
    let _asked = peers.gateway(vec![(204, String::new())]);
    assert_eq!(gateway(&peers).ask::<Value>(Call::delete("/v1/x")).unwrap(), Value::Null);
}

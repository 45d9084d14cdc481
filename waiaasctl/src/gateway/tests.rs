//! The HTTP client, against a socket that answers as told.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};

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

/// A gateway that answers what is long when it was asked so often whether it is healthy; `None` where it
/// answers nothing at all.
fn slow(peers: &Peers, until_asked: Option<usize>) -> Gateway {
    const HEALTHY: &str = r#"{"status":"ok","version":"1","latestVersion":null,"updateAvailable":false,"schemaVersion":1,"uptime":1,"timestamp":1}"#;
    let answer = |mut stream: UnixStream, body: &str| {
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
        stream.write_all(format!("{head}{body}").as_bytes()).unwrap_or_default();
    };
    let listener = UnixListener::bind(peers.place().gateway_socket()).unwrap();
    std::thread::spawn(move || {
        let (mut waiting, mut asked) = (Vec::new(), 0);
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            let mut request = String::new();
            BufReader::new(&stream).read_line(&mut request).unwrap();
            if !request.contains("/health") || until_asked.is_none() {
                waiting.push(stream);
                continue;
            }
            answer(stream, HEALTHY);
            asked += 1;
            if Some(asked) == until_asked {
                waiting.drain(..).for_each(|stream| answer(stream, "large"));
            }
        }
    });
    Gateway { patience: Duration::from_millis(200), ..gateway(peers) }
}

#[test]
fn what_is_large_is_waited_for_as_long_as_the_gateway_answers_others() {
    let peers = Peers::new();
    let gateway = slow(&peers, Some(3));
    let mut download = gateway.download(Call::get("/v1/admin/database")).unwrap();
    assert_eq!(download.length(), 5);
    assert_eq!(download.next_piece().unwrap().unwrap(), "large");
    let error = gateway.ask::<Value>(Call::get("/v1/wallets")).unwrap_err();
    assert_eq!(error.code(), "GATEWAY_TIMED_OUT", "what is short is not waited for so");

    let peers = Peers::new();
    let error = slow(&peers, None).download(Call::get("/v1/admin/database")).unwrap_err();
    assert_eq!(error.code(), "GATEWAY_TIMED_OUT");
}

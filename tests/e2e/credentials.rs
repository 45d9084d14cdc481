//! Who may ask the gateway what.

use primitives::Chain;
use serde_json::{Value, json};
use tests::stage::Stage;

use crate::payments::transfer;

/// Routes that need no credential.
const PUBLIC: &[&str] = &[
    "GET /health",
    "GET /doc",
    "GET /v1/nonce",
    "GET /approve",
    "GET /sessions",
    "GET /v1/admin/kill-switch",
];
/// Routes whose credential is a signature or a secret in the body or in the path, or that need none to
/// be asked about nothing: that nothing is asked, or about nothing, is the first mistake.
const NOTHING_ASKED: &[&str] = &[
    "GET /pages/{file}",
    "GET /v1/sessions/requests/{id}",
    "POST /v1/owners/messages",
    "POST /v1/sessions/requests",
    "POST /v1/sessions/requests/{id}/message",
    "POST /v1/sessions/requests/{id}/token",
    "POST /v1/transactions/{id}/approve",
];

#[test]
fn every_route_but_a_few_wants_a_credential_and_unknown_ones_do_not_exist() {
    let stage = Stage::start();
    let stranger = stage.stranger();
    let document = stranger.get("/doc").expect(200);
    let mut asked = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            let name = format!("{} {path}", method.to_uppercase());
            let path = path.replace(['{', '}'], "");
            let answer = stranger.send(&method.to_uppercase(), &path, &[], b"{}".to_vec());
            let expected: &[u16] = match name.as_str() {
                public if PUBLIC.contains(&public) => &[200],
                nothing if NOTHING_ASKED.contains(&nothing) => &[400, 404],
                _ => &[401],
            };
            assert!(expected.contains(&answer.status), "{name}: {answer}");
            asked += 1;
        }
    }
    assert!(asked > 30, "{asked} routes");
    for path in ["/v1/nothing", "/", "/v1/wallets/x/y/z", "/admin"] {
        let answer = stranger.get(path);
        assert_eq!(answer.status, 404, "{path}");
        answer.code();
    }
}

#[test]
fn no_other_token_opens_anything() {
    let stage = Stage::start();
    let wallet = stage.create_wallet(Chain::Evm);
    let token = stage.open_session(&[&wallet]);
    let [header, claims, signature] = token.split('.').collect::<Vec<_>>().try_into().unwrap();
    let none = "wai_sess_eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";
    let flipped: String = signature.chars().rev().collect();
    for (name, forged) in [
        ("nothing", String::new()),
        ("no token", "wai_sess_".to_owned()),
        ("no signature", format!("{header}.{claims}.")),
        ("another signature", format!("{header}.{claims}.{flipped}")),
        ("alg none", format!("{none}.{claims}.")),
        ("alg none, signed", format!("{none}.{claims}.{signature}")),
        ("words", "let me in".to_owned()),
    ] {
        let header = format!("Bearer {forged}");
        let answer =
            stage.stranger().with_header("authorization", &header).get("/v1/wallet/address");
        assert_eq!(answer.status, 401, "{name}: {answer}");
    }
    let answer = stage.stranger().with_token(&token).get("/v1/wallet/address");
    assert_eq!(answer.status, 200, "{answer}");
}

#[test]
fn a_session_ends_when_it_is_revoked_and_its_old_token_when_it_is_rotated() {
    let stage = Stage::start();
    let wallet = stage.create_wallet(Chain::Evm);
    let body = json!({ "walletIds": [wallet.id] });
    let session = stage.operator().post("/v1/sessions", &body).expect(201);
    let (id, old) = (session["id"].as_str().unwrap(), session["token"].as_str().unwrap());
    let status = |token: &str| stage.stranger().with_token(token).get("/v1/connect-info").status;
    assert_eq!(status(old), 200);
    let rotated =
        stage.operator().post(&format!("/v1/sessions/{id}/rotate"), &json!({})).expect(200);
    let new = rotated["token"].as_str().unwrap();
    assert_eq!((status(old), status(new)), (401, 200));
    stage.operator().delete(&format!("/v1/sessions/{id}")).expect(200);
    assert_eq!(status(new), 401);
}

#[test]
fn a_session_sees_its_own_wallets_and_their_transactions_alone() {
    let stage = Stage::start();
    let (mine, theirs) = (stage.funded_wallet(Chain::Evm), stage.funded_wallet(Chain::Evm));
    let (me, they) = (stage.agent(&[&mine]), stage.agent(&[&theirs]));
    let id = they.send(&transfer(Chain::Evm, "5"));
    they.wait_for(&id, "CONFIRMED");
    let foreign = me.http().get(&format!("/v1/transactions/{id}"));
    assert_eq!((foreign.status, foreign.code().as_str()), (404, "TX_NOT_FOUND"));
    let cancelled = me.http().post(&format!("/v1/transactions/{id}/cancel"), &json!({}));
    assert_eq!(cancelled.status, 404, "{cancelled}");
    assert_eq!(me.http().get("/v1/transactions").expect(200)["items"], json!([]));
    let mut body = transfer(Chain::Evm, "5");
    body["walletId"] = Value::from(theirs.id);
    let sent = me.try_send(&body);
    assert_eq!((sent.status, sent.code().as_str()), (403, "WALLET_ACCESS_DENIED"));
    assert_eq!(me.http().post("/v1/policies", &json!({})).status, 401);
}

#[test]
fn pages_and_other_hosts_are_turned_away() {
    let stage = Stage::start();
    let stranger = stage.stranger();
    for (name, value) in [
        ("host", "wallet.example.com"),
        ("host", "127.0.0.1.example.com:3100"),
        ("origin", "https://example.com"),
        ("origin", "null"),
    ] {
        let answer = stranger.send("GET", "/health", &[(name, value)], Vec::new());
        assert!(matches!(answer.status, 400..=499), "{name}: {value}: {answer}");
    }
}

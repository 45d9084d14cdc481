//! What existing clients call, and the fields that they cannot do without.

use primitives::Chain;
use serde_json::{Value, json};
use tests::agent::Agent;
use tests::stage::Stage;

use crate::payments::transfer;

/// A read: what it needs, as path; its answer's required fields.
const READS: &[(&str, &[&str])] = &[
    ("/health", &["status", "version", "uptime", "timestamp"]),
    (
        "/v1/connect-info",
        &[
            "session.id",
            "session.expiresAt",
            "session.source",
            "wallets.0.id",
            "wallets.0.name",
            "wallets.0.chain",
            "wallets.0.environment",
            "wallets.0.address",
            "policies",
            "capabilities",
            "daemon.version",
            "daemon.baseUrl",
            "prompt",
        ],
    ),
    ("/v1/nonce", &["nonce", "expiresAt"]),
    ("/v1/wallet/address", &["walletId", "chain", "network", "environment", "address"]),
    (
        "/v1/wallet/balance?network=ethereum-mainnet",
        &["walletId", "chain", "network", "address", "balance", "decimals", "symbol"],
    ),
    (
        "/v1/wallet/assets?network=eip155:1",
        &[
            "walletId",
            "chain",
            "network",
            "assets.0.mint",
            "assets.0.symbol",
            "assets.0.name",
            "assets.0.balance",
            "assets.0.decimals",
            "assets.0.isNative",
        ],
    ),
    ("/v1/transactions?limit=5", &["items.0.id", "items.0.status", "hasMore"]),
    ("/v1/transactions/pending", &["items"]),
    ("/v1/policies", &["data", "total", "limit", "offset"]),
    ("/v1/sessions", &["data", "total", "limit", "offset"]),
    ("/v1/tokens?network=eip155:1", &["tokens"]),
    ("/v1/wallets/{wallet}", &["id", "name", "chain", "environment", "publicKey", "status"]),
    ("/v1/wallets/{wallet}/networks", &["networks", "availableNetworks"]),
];

fn field<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(value, |value, name| match name.parse::<usize>() {
        Ok(index) => value.get(index),
        Err(_name) => value.get(name),
    })
}

#[track_caller]
fn has_fields(name: &str, body: &Value, fields: &[&str]) {
    for path in fields {
        assert!(
            field(body, path).is_some_and(|found| !found.is_null()),
            "{name}: {path} in {body}"
        );
    }
}

#[test]
fn an_sdk_finds_what_it_reads() {
    let stage = Stage::start();
    let wallet = stage.funded_wallet(Chain::Evm);
    let agent = stage.agent(&[&wallet]);
    let paid = agent.pay(&transfer(Chain::Evm, "5"));
    has_fields(
        "transaction",
        &paid,
        &[
            "id",
            "walletId",
            "type",
            "status",
            "tier",
            "chain",
            "network",
            "toAddress",
            "amount",
            "txHash",
            "createdAt",
        ],
    );
    for (path, fields) in READS {
        let path = path.replace("{wallet}", &wallet.id);
        has_fields(&path, &agent.http().get(&path).expect(200), fields);
    }
}

#[test]
fn an_sdk_does_what_it_does() {
    let stage = Stage::start();
    let wallet = stage.funded_wallet(Chain::Evm);
    let agent = stage.agent(&[&wallet]);
    let call = |path: &str, body: Value| agent.http().post(path, &body).expect(200);

    let plan = call("/v1/transactions/simulate", transfer(Chain::Evm, "5"));
    has_fields(
        "simulate",
        &plan,
        &["success", "policy.tier", "policy.allowed", "simulation.success"],
    );
    let signed = call("/v1/transactions/sign-message", json!({ "message": "Sign in." }));
    has_fields("sign-message", &signed, &["id", "signature", "signType"]);
    let abi = json!([{
        "type": "function", "name": "transfer", "stateMutability": "nonpayable",
        "inputs": [{ "name": "to", "type": "address" }, { "name": "value", "type": "uint256" }],
        "outputs": [{ "name": "", "type": "bool" }],
    }]);
    let to = "0xB0B0b0B0B0B0B0b0B0B0B0b0b0b0b0B0b0b0B0B0";
    let body = json!({ "abi": abi, "functionName": "transfer", "args": [to, "1"] });
    let encoded = call("/v1/utils/encode-calldata", body);
    assert_eq!(encoded["selector"], "0xa9059cbb", "{encoded}");
    assert!(encoded["calldata"].as_str().unwrap().starts_with("0xa9059cbb"));

    // A body without a type is the older form, and may carry fields of the newer one.
    let legacy = json!({ "to": to, "amount": "3", "network": "ethereum-mainnet" });
    let id = agent.send(&legacy);
    agent.wait_for(&id, "CONFIRMED");
    let human =
        json!({ "type": "TRANSFER", "to": to, "humanAmount": "0.001", "network": "eip155:1" });
    assert_eq!(agent.pay(&human)["amount"], "1000000000000000");
}

#[test]
fn requests_keep_their_id_and_errors_are_flat_json() {
    let stage = Stage::start();
    let id = "5c0c1c4e-7e0f-4d62-9d3c-1f6f0a4f7b11";
    let answer =
        stage.stranger().send("GET", "/v1/wallet/address", &[("x-request-id", id)], Vec::new());
    assert_eq!(answer.headers.get("x-request-id").map(String::as_str), Some(id));
    let body = answer.expect(401);
    assert_eq!(body["requestId"], id);
    has_fields("error", &body, &["code", "message", "requestId", "retryable"]);
}

#[test]
fn a_session_is_renewed_by_its_own_token() {
    let stage = Stage::start();
    let wallet = stage.create_wallet(Chain::Evm);
    let body = json!({ "walletId": wallet.id, "ttl": 3600 });
    let session = stage.operator().post("/v1/sessions", &body).expect(201);
    has_fields("session", &session, &["id", "token", "expiresAt", "walletId", "wallets.0.id"]);
    let agent = Agent::new(stage.gatewayd.port, session["token"].as_str().unwrap());
    let path = format!("/v1/sessions/{}/renew", session["id"].as_str().unwrap());
    let renewed = agent.http().put(&path, &json!({}));
    // Too early is 400, so that clients try again later.
    match renewed.status {
        200 => has_fields("renew", &renewed.json(), &["id", "token", "expiresAt", "renewalCount"]),
        _ => assert_eq!((renewed.status, renewed.code().as_str()), (400, "RENEWAL_TOO_EARLY")),
    }
}

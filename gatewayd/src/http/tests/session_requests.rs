//! A session from its request to its token, over HTTP: granted by the operator or by the owner.

use std::time::Duration;

use super::*;
use crate::owner::testing::TestOwner;

/// Minutes that a request waits.
const PATIENCE: Duration = Duration::from_mins(15);

fn wanted() -> Value {
    json!({
        "agent": "shopper-1", "walletIds": [sample(1).id.to_string()], "ttl": 3_600,
        "constraints": {
            "allowedOperations": ["TRANSFER"],
            "limits": [{ "network": "ethereum-sepolia", "asset": "native",
                         "perTransaction": "1000000000000000", "total": "5000000000000000" }],
            "totalUsd": 10,
        },
    })
}

async fn public(gateway: &Gateway, method: &str, path: &str, body: Option<Value>) -> Answer {
    let body = body.map(|body| body.to_string());
    gateway.ask(Ask { method, path, body, ..Ask::default() }).await
}

/// A request's path and its secret.
async fn request(gateway: &Gateway) -> (String, String) {
    let made = public(gateway, "POST", "/v1/sessions/requests", Some(wanted())).await;
    assert_eq!(made.status, 201, "{made:?}");
    let path = format!("/v1/sessions/requests/{}", made.body["id"].as_str().unwrap());
    (path, made.body["secret"].as_str().unwrap().to_owned())
}

async fn collect(gateway: &Gateway, path: &str, secret: &str) -> Answer {
    let body = json!({ "secret": secret });
    public(gateway, "POST", &format!("{path}/token"), Some(body)).await
}

/// What the owner signs to grant the request, in the headers that carry it.
async fn signed(
    gateway: &Gateway,
    owner: &TestOwner,
    path: &str,
) -> (Value, Vec<(&'static str, String)>) {
    signed_to(gateway, owner, path, "approve").await
}

/// What the owner signs to decide about the request.
pub(super) async fn signed_to(
    gateway: &Gateway,
    owner: &TestOwner,
    path: &str,
    decision: &str,
) -> (Value, Vec<(&'static str, String)>) {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD as BASE64;
    let body = json!({ "address": owner.address().to_string(), "decision": decision });
    let written = public(gateway, "POST", &format!("{path}/message"), Some(body)).await;
    assert_eq!(written.status, 200, "{written:?}");
    let text = written.body["message"].as_str().unwrap();
    let headers = vec![
        ("x-owner-address", owner.address().to_string()),
        ("x-owner-message", written.body["header"].as_str().unwrap().to_owned()),
        ("x-owner-signature", BASE64.encode(owner.sign_text(text.as_bytes()))),
    ];
    (written.body, headers)
}

async fn decide(
    gateway: &Gateway,
    path: &str,
    decision: &str,
    headers: Vec<(&str, String)>,
) -> Answer {
    let path = format!("{path}/{decision}");
    gateway.ask(Ask { method: "POST", path: &path, headers, ..Ask::default() }).await
}

/// Makes somebody the owner of the first wallet, who proved it.
pub(super) async fn verified(gateway: &Gateway, owner: &TestOwner) {
    gateway.own(owner).await;
    let address = owner.address();
    let now = gateway.app.clock.now();
    let owner = crate::store::wallets::WalletOwner { address, verified_at: Some(now) };
    let verify = gateway.app.store.write(move |db| db.set_owner(sample(1).id, Some(owner), now));
    assert!(verify.await.unwrap());
}

#[tokio::test]
async fn the_operator_grants_and_the_agent_collects_once() {
    let gateway = Gateway::new().await;
    let (path, secret) = request(&gateway).await;
    let waiting = collect(&gateway, &path, &secret).await;
    assert_eq!((waiting.status, &waiting.body["status"]), (200, &json!("PENDING")));
    assert!(waiting.body.get("token").is_none());
    let listed = gateway.by_master("GET", "/v1/sessions/requests", None).await.body;
    assert_eq!(listed["requests"][0]["agent"], "shopper-1");
    assert_eq!(listed["requests"][0]["constraints"], wanted()["constraints"]);

    let granted = gateway.by_master("POST", &format!("{path}/approve"), None).await;
    assert_eq!((granted.status, &granted.body["status"]), (200, &json!("GRANTED")));
    let again = gateway.by_master("POST", &format!("{path}/approve"), None).await;
    assert_eq!((again.status, again.code()), (409, "SIGN_REQUEST_ALREADY_PROCESSED"));
    let stranger = collect(&gateway, &path, "wai_coll_00").await;
    assert_eq!((stranger.status, stranger.code()), (401, "INVALID_TOKEN"));

    let collected = collect(&gateway, &path, &secret).await;
    assert_eq!((collected.status, &collected.body["status"]), (200, &json!("COLLECTED")));
    assert_eq!(collected.body["expiresAt"], json!(START.get() + 3_600));
    let token = collected.body["token"].as_str().unwrap();
    let info = gateway.with_token(token, "GET", "/v1/connect-info", None).await;
    assert_eq!(info.body["session"]["constraints"], wanted()["constraints"]);
    let twice = collect(&gateway, &path, &secret).await;
    assert_eq!((twice.status, twice.code()), (409, "SIGN_REQUEST_ALREADY_PROCESSED"));
    let shown = public(&gateway, "GET", &path, None).await.body;
    assert_eq!(shown["status"], "COLLECTED");
    assert_eq!(shown["sessionId"], collected.body["sessionId"]);
    assert!(!shown.to_string().contains(token) && !shown.to_string().contains(&secret));
}

#[tokio::test]
async fn an_owner_grants_by_signing_what_is_asked_for() {
    let gateway = Gateway::new().await;
    let owner = TestOwner::evm(5);
    verified(&gateway, &owner).await;
    let (path, secret) = request(&gateway).await;
    let (message, headers) = signed(&gateway, &owner, &path).await;
    let statement = message["statement"].as_str().unwrap();
    for said in [
        "shopper-1",
        &sample(1).address.to_string(),
        &sample(1).id.to_string(),
        "as agent",
        "only to TRANSFER",
        "0.001 ETH on ethereum-sepolia at once and 0.005 ETH in all",
        "10 USD in all",
        "until 2027-01-15T09:00:00Z",
        path.rsplit('/').next().unwrap(),
    ] {
        assert!(statement.contains(said), "{said}: {statement}");
    }
    assert!(message["message"].as_str().unwrap().contains(statement));
    let granted = decide(&gateway, &path, "approve", headers.clone()).await;
    assert_eq!((granted.status, &granted.body["status"]), (200, &json!("GRANTED")), "{granted:?}");
    let replayed = decide(&gateway, &path, "approve", headers).await;
    assert_eq!((replayed.status, replayed.code()), (401, "INVALID_NONCE"));
    let collected = collect(&gateway, &path, &secret).await;
    let token = collected.body["token"].as_str().unwrap();
    assert_eq!(gateway.with_token(token, "GET", "/v1/connect-info", None).await.status, 200);
}

#[tokio::test]
async fn nobody_else_grants_and_nothing_else_is_granted() {
    let gateway = Gateway::new().await;
    let (owner, stranger) = (TestOwner::evm(5), TestOwner::evm(6));
    verified(&gateway, &owner).await;
    let (path, secret) = request(&gateway).await;
    let (other_path, _secret) = request(&gateway).await;

    let (_, headers) = signed(&gateway, &stranger, &path).await;
    let refused = decide(&gateway, &path, "approve", headers).await;
    assert_eq!((refused.status, refused.code()), (403, "OWNER_ADDRESS_MISMATCH"), "{refused:?}");
    let (_, headers) = signed(&gateway, &owner, &other_path).await;
    let refused = decide(&gateway, &path, "approve", headers).await;
    assert_eq!(refused.status, 401, "signed for another request: {refused:?}");
    let (_, mut headers) = signed(&gateway, &owner, &path).await;
    headers[2].1 = signed(&gateway, &owner, &path).await.1[2].1.clone();
    let refused = decide(&gateway, &path, "approve", headers).await;
    assert_eq!((refused.status, refused.code()), (401, "INVALID_SIGNATURE"));
    let refused = gateway.by_agent("POST", &format!("{path}/approve"), None).await;
    assert_eq!(refused.status, 401);
    let waiting = collect(&gateway, &path, &secret).await;
    assert_eq!(waiting.body["status"], "PENDING");

    let unverified =
        Some(crate::store::wallets::WalletOwner { address: owner.address(), verified_at: None });
    let now = gateway.app.clock.now();
    let set = gateway.app.store.write(move |db| db.set_owner(sample(1).id, unverified, now));
    assert!(set.await.unwrap());
    let (_, headers) = signed(&gateway, &owner, &path).await;
    let refused = decide(&gateway, &path, "approve", headers).await;
    assert_eq!((refused.status, refused.code()), (403, "OWNER_ADDRESS_MISMATCH"), "{refused:?}");
}

#[tokio::test]
async fn a_request_ends_in_its_second_before_and_after_it_was_granted() {
    let gateway = Gateway::new().await;
    let second = Duration::from_secs(1);
    let (late, secret) = request(&gateway).await;
    gateway.clock.advance(PATIENCE.saturating_sub(second));
    let (early, early_secret) = request(&gateway).await;
    let granted = gateway.by_master("POST", &format!("{late}/approve"), None).await;
    assert_eq!(granted.status, 200);
    gateway.clock.advance(PATIENCE.saturating_sub(second));
    let granted = gateway.by_master("POST", &format!("{early}/approve"), None).await;
    assert_eq!(granted.status, 200, "its last second");
    assert_eq!(collect(&gateway, &late, &secret).await.body["status"], "COLLECTED");
    gateway.clock.advance(PATIENCE);
    let over = collect(&gateway, &early, &early_secret).await;
    assert_eq!((over.status, over.code()), (408, "SIGN_REQUEST_EXPIRED"));
    assert_eq!(public(&gateway, "GET", &early, None).await.body["status"], "EXPIRED");

    let (undecided, secret) = request(&gateway).await;
    gateway.clock.advance(PATIENCE);
    let over = gateway.by_master("POST", &format!("{undecided}/approve"), None).await;
    assert_eq!((over.status, over.code()), (408, "SIGN_REQUEST_EXPIRED"));
    assert_eq!(collect(&gateway, &undecided, &secret).await.status, 408);
    let listed = gateway.by_master("GET", "/v1/sessions/requests", None).await.body;
    assert_eq!(listed["requests"], json!([]));
}

#[tokio::test]
async fn a_refused_request_gives_nothing_also_when_it_was_granted_before() {
    let gateway = Gateway::new().await;
    for granted_before in [false, true] {
        let (path, secret) = request(&gateway).await;
        if granted_before {
            let granted = gateway.by_master("POST", &format!("{path}/approve"), None).await;
            assert_eq!(granted.status, 200);
        }
        let rejected = gateway.by_master("POST", &format!("{path}/reject"), None).await;
        assert_eq!((rejected.status, &rejected.body["status"]), (200, &json!("REJECTED")));
        let nothing = collect(&gateway, &path, &secret).await;
        assert_eq!((nothing.status, nothing.code()), (409, "SIGN_REQUEST_ALREADY_PROCESSED"));
        let late = gateway.by_master("POST", &format!("{path}/approve"), None).await;
        assert_eq!(late.status, 409);
    }
}

#[tokio::test]
async fn an_owner_refuses_by_signing_that() {
    let gateway = Gateway::new().await;
    let owner = TestOwner::evm(5);
    verified(&gateway, &owner).await;
    let (path, secret) = request(&gateway).await;
    let (_, headers) = signed(&gateway, &owner, &path).await;
    assert_eq!(decide(&gateway, &path, "reject", headers).await.status, 401, "it was a yes");
    let (_, headers) = signed_to(&gateway, &owner, &path, "reject").await;
    assert_eq!(decide(&gateway, &path, "approve", headers).await.status, 401, "it was a no");
    let (_, headers) = signed_to(&gateway, &owner, &path, "reject").await;
    assert_eq!(decide(&gateway, &path, "reject", headers).await.status, 200);
    assert_eq!(collect(&gateway, &path, &secret).await.status, 409);
}

#[tokio::test]
async fn requests_that_would_mislead_are_not_made_and_only_so_many_wait() {
    let gateway = Gateway::new().await;
    let with = |field: &str, value: Value| {
        let mut body = wanted();
        body[field] = value;
        body
    };
    for (body, status) in [
        (with("agent", json!("")), 400),
        (with("agent", json!("two\nlines")), 400),
        (with("agent", json!("evil; without an end")), 400),
        (with("agent", json!(" padded")), 400),
        (with("agent", json!("x".repeat(65))), 400),
        (with("walletIds", json!([])), 400),
        (with("walletIds", json!(["019b0000-0000-7000-8000-000000000000"])), 404),
        (with("walletIds", json!(vec![sample(1).id.to_string(); 21])), 400),
        (with("ttl", json!(299)), 400),
        (with("ttl", json!(31_536_001)), 400),
        (with("constraints", json!({ "allowedOperations": [] })), 400),
        (with("token", json!("x")), 400),
    ] {
        let answer = public(&gateway, "POST", "/v1/sessions/requests", Some(body.clone())).await;
        assert_eq!(answer.status, status, "{body}: {answer:?}");
    }
}

/// A request for that wallet alone.
async fn request_for(gateway: &Gateway, wallet: u8) -> Answer {
    let body = json!({ "agent": "somebody", "walletIds": [sample(wallet).id.to_string()] });
    public(gateway, "POST", "/v1/sessions/requests", Some(body)).await
}

#[tokio::test]
async fn so_many_requests_wait_for_a_wallet_and_so_many_in_all() {
    let gateway = Gateway::new().await;
    let more = gateway
        .app
        .store
        .write(|db| (10..20).try_for_each(|number| db.insert_wallet(&sample(number))));
    let _inserted: () = more.await.unwrap();
    for wallet in 10..20 {
        for _request in 0..10 {
            assert_eq!(request_for(&gateway, wallet).await.status, 201);
        }
        let full = request_for(&gateway, wallet).await;
        assert_eq!((full.status, full.code()), (429, "RATE_LIMITED"));
        gateway.clock.advance(Duration::from_secs(30));
    }
    let full = request_for(&gateway, 1).await;
    assert_eq!((full.status, full.code()), (429, "RATE_LIMITED"), "there are 100");
    gateway.clock.advance(PATIENCE.saturating_sub(Duration::from_secs(9 * 30)));
    assert_eq!(request_for(&gateway, 10).await.status, 201);
    assert_eq!(request_for(&gateway, 19).await.status, 429);
}

/// The right that the link of a request carries, as whoever asked is told it.
async fn linked(gateway: &Gateway) -> (String, String, String) {
    let made = public(gateway, "POST", "/v1/sessions/requests", Some(wanted())).await.body;
    let page = made["page"].as_str().unwrap();
    let (_origin, link) = page.split_once("/sessions#").unwrap();
    let (id, right) = link.split_once('.').unwrap();
    assert_eq!(made["id"], id);
    (id.to_owned(), right.to_owned(), made["secret"].as_str().unwrap().to_owned())
}

async fn question(gateway: &Gateway, id: &str, right: &str) -> Answer {
    let path = format!("/v1/sessions/requests/{id}/question");
    let headers = vec![("x-link-right", right.to_owned())];
    gateway.ask(Ask { method: "GET", path: &path, headers, ..Ask::default() }).await
}

#[tokio::test]
async fn a_link_shows_the_request_and_what_became_of_it() {
    let gateway = Gateway::new().await;
    let owner = TestOwner::evm(5);
    let (id, right, secret) = linked(&gateway).await;
    let shown = question(&gateway, &id, &right).await;
    assert_eq!((shown.status, &shown.body["owner"]), (200, &Value::Null), "nobody has verified");
    verified(&gateway, &owner).await;
    let shown = question(&gateway, &id, &right).await.body;
    assert_eq!(shown["owner"], owner.address().to_string());
    assert_eq!(shown["wallets"][0]["address"], sample(1).address.to_string());
    assert_eq!(shown["request"]["status"], "PENDING");
    assert_eq!(shown["now"], START.get());
    let limit = json!({
        "network": "ethereum-sepolia", "token": null, "symbol": "ETH",
        "perTransaction": "1000000000000000", "perTransactionFormatted": "0.001",
        "total": "5000000000000000", "totalFormatted": "0.005",
    });
    assert_eq!(shown["limits"], json!([limit]));
    assert!(shown["request"].get("page").is_none() && !shown.to_string().contains(&secret));

    let path = format!("/v1/sessions/requests/{id}");
    assert_eq!(gateway.by_master("POST", &format!("{path}/approve"), None).await.status, 200);
    let collected = collect(&gateway, &path, &secret).await.body;
    let shown = question(&gateway, &id, &right).await.body;
    assert_eq!(shown["request"]["sessionId"], collected["sessionId"]);
    assert_eq!(shown["sessionStatus"], "ACTIVE");
    let session = format!("/v1/sessions/{}", collected["sessionId"].as_str().unwrap());
    assert_eq!(gateway.by_master("DELETE", &session, None).await.status, 200);
    assert_eq!(question(&gateway, &id, &right).await.body["sessionStatus"], "REVOKED");
}

#[tokio::test]
async fn a_link_opens_one_request_and_nothing_else() {
    use crate::session::link::Subject;

    let gateway = Gateway::new().await;
    let (id, right, _secret) = linked(&gateway).await;
    let (_other, of_other, _secret) = linked(&gateway).await;
    let as_approval = gateway.app.link_key.right(Subject::Approval(id.parse().unwrap()));
    for forged in [&of_other, &as_approval, "", "AAAAAAAAAAAAAAAAAAAAAA", &right[..21]] {
        let refused = question(&gateway, &id, forged).await;
        assert_eq!((refused.status, refused.code()), (401, "INVALID_TOKEN"), "{forged}");
        assert!(!refused.body.to_string().contains("shopper-1"), "{refused:?}");
    }
    let none = public(&gateway, "GET", &format!("/v1/sessions/requests/{id}/question"), None).await;
    assert_eq!((none.status, none.code()), (401, "INVALID_TOKEN"));
    assert_eq!(question(&gateway, &id, &right).await.status, 200);
    let headers = vec![("x-link-right", right.clone())];
    let path = format!("/v1/approvals/{id}");
    let refused = gateway.ask(Ask { method: "GET", path: &path, headers, ..Ask::default() }).await;
    assert_eq!((refused.status, refused.code()), (401, "INVALID_TOKEN"));
}

#[tokio::test]
async fn operators_and_who_asked_are_told_the_link_and_nobody_else() {
    let gateway = Gateway::new().await;
    let (id, right, _secret) = linked(&gateway).await;
    let shown = public(&gateway, "GET", &format!("/v1/sessions/requests/{id}"), None).await;
    assert!(shown.status == 200 && !shown.body.to_string().contains(&right));
    let listed = gateway.by_master("GET", "/v1/sessions/requests", None).await.body;
    let page = listed["requests"][0]["page"].as_str().unwrap();
    assert!(page.ends_with(&format!("/sessions#{id}.{right}")), "{page}");
}

#[tokio::test]
async fn the_owner_of_some_of_the_wallets_is_not_shown_as_who_decides() {
    let gateway = Gateway::new().await;
    verified(&gateway, &TestOwner::evm(5)).await;
    let mut both = wanted();
    both["walletIds"] = json!([sample(1).id.to_string(), sample(2).id.to_string()]);
    let made = public(&gateway, "POST", "/v1/sessions/requests", Some(both)).await.body;
    let page = made["page"].as_str().unwrap();
    let (id, right) = (made["id"].as_str().unwrap(), page.rsplit_once('.').unwrap().1);
    let shown = question(&gateway, id, right).await.body;
    assert_eq!(shown["wallets"].as_array().map(Vec::len), Some(2), "{shown}");
    assert_eq!(shown["owner"], Value::Null);
}

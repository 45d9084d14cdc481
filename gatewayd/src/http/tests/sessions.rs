//! Sessions over HTTP: the life of a token.

use std::time::Duration;

use super::*;
use crate::owner::Action;
use crate::owner::testing::TestOwner;

#[tokio::test]
async fn the_old_token_dies_when_the_session_is_renewed_rotated_or_revoked() {
    let gateway = Gateway::new().await;
    let id = gateway.one.session.id;
    let renew = format!("/v1/sessions/{id}/renew");
    let early = gateway.by_agent("PUT", &renew, None).await;
    assert_eq!((early.status, early.code()), (400, "RENEWAL_TOO_EARLY"));
    gateway.clock.advance(Duration::from_mins(30));
    let renewed = gateway.by_agent("PUT", &renew, Some(json!({}))).await;
    assert_eq!(renewed.status, 200, "{renewed:?}");
    assert_eq!(renewed.body["renewalCount"], 1);
    assert_eq!(renewed.body["expiresAt"], json!(START.get() + 1_800 + 3_600));
    let old = gateway.by_agent("GET", "/v1/connect-info", None).await;
    assert_eq!((old.status, old.code()), (401, "INVALID_TOKEN"));
    let token = renewed.body["token"].as_str().unwrap();
    assert_eq!(gateway.with_token(token, "GET", "/v1/connect-info", None).await.status, 200);

    let rotated = gateway.by_master("POST", &format!("/v1/sessions/{id}/rotate"), None).await;
    assert_eq!(rotated.body["tokenIssuedCount"], 3);
    assert_eq!(gateway.with_token(token, "GET", "/v1/connect-info", None).await.status, 401);
    let token = rotated.body["token"].as_str().unwrap();
    assert_eq!(gateway.with_token(token, "GET", "/v1/connect-info", None).await.status, 200);

    let revoked = gateway.by_master("DELETE", &format!("/v1/sessions/{id}"), None).await;
    assert_eq!(revoked.body["status"], "REVOKED");
    let dead = gateway.with_token(token, "GET", "/v1/connect-info", None).await;
    assert_eq!((dead.status, dead.code()), (401, "SESSION_REVOKED"));
    let again = gateway.by_master("DELETE", &format!("/v1/sessions/{id}"), None).await;
    assert!(again.body["message"].is_string());
}

#[tokio::test]
async fn a_session_ends_when_its_time_is_over_and_one_without_end_does_not() {
    let gateway = Gateway::new().await;
    gateway.clock.advance(Duration::from_hours(1));
    let over = gateway.by_agent("GET", "/v1/connect-info", None).await;
    assert_eq!((over.status, over.code()), (401, "TOKEN_EXPIRED"));
    let listed = gateway.by_master("GET", "/v1/sessions", None).await.body;
    let own = gateway.one.session.id.to_string();
    let listed = listed["data"].as_array().unwrap();
    let own = listed.iter().find(|session| session["id"] == own).unwrap();
    assert_eq!(own["status"], "EXPIRED");
    gateway.clock.advance(Duration::from_hours(24 * 365 * 10));
    let endless = &gateway.other.token;
    assert_eq!(gateway.with_token(endless, "GET", "/v1/connect-info", None).await.status, 200);
    let path = format!("/v1/sessions/{}/renew", gateway.other.session.id);
    let renewed = gateway.with_token(endless, "PUT", &path, None).await;
    assert_eq!((renewed.status, renewed.code()), (400, "RENEWAL_NOT_REQUIRED"));
}

#[tokio::test]
async fn of_two_renewals_at_once_one_wins() {
    let gateway = Gateway::new().await;
    gateway.clock.advance(Duration::from_secs(2_000));
    let path = format!("/v1/sessions/{}/renew", gateway.one.session.id);
    let renew = || gateway.by_agent("PUT", &path, None);
    let (first, second) = tokio::join!(renew(), renew());
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert_eq!(statuses[0], 200);
    assert!([401, 409].contains(&statuses[1]), "{statuses:?}");
}

#[tokio::test]
async fn sessions_are_opened_as_clients_ask() {
    let gateway = Gateway::new().await;
    let (one, two) = (sample(1).id.to_string(), sample(2).id.to_string());
    let opened = gateway
        .by_master("POST", "/v1/sessions", Some(json!({ "walletIds": [one, two], "ttl": 300 })))
        .await;
    assert_eq!(opened.status, 201, "{opened:?}");
    assert_eq!(opened.body["walletId"], one);
    assert_eq!(opened.body["wallets"].as_array().map(Vec::len), Some(2));
    assert_eq!(opened.body["expiresAt"], json!(START.get() + 300));
    let token = opened.body["token"].as_str().unwrap();
    let unclear = gateway.with_token(token, "GET", "/v1/wallet/address", None).await;
    assert_eq!((unclear.status, unclear.code()), (400, "WALLET_ID_REQUIRED"));
    let clear = gateway
        .with_token(token, "GET", &format!("/v1/wallet/address?wallet_id={two}"), None)
        .await;
    assert_eq!(clear.body["address"], sample(2).address.to_string());
    let endless = gateway.by_master("POST", "/v1/sessions", Some(json!({ "walletId": one }))).await;
    assert_eq!(endless.body["expiresAt"], 0);
}

#[tokio::test]
async fn a_sessions_wallets_can_be_changed_but_for_the_last_one() {
    let gateway = Gateway::new().await;
    let base = format!("/v1/sessions/{}/wallets", gateway.one.session.id);
    let body = json!({ "walletId": sample(2).id.to_string() });
    let added = gateway.by_master("POST", &base, Some(body.clone())).await;
    assert_eq!(added.status, 201, "{added:?}");
    let again = gateway.by_master("POST", &base, Some(body)).await;
    assert_eq!((again.status, again.code()), (409, "WALLET_ALREADY_LINKED"));
    let wallets = gateway.by_master("GET", &base, None).await.body;
    assert_eq!(wallets["wallets"].as_array().map(Vec::len), Some(2));
    let first = gateway.by_master("DELETE", &format!("{base}/{}", sample(1).id), None).await;
    assert_eq!((first.status, first.body), (204, Value::Null));
    let last = gateway.by_master("DELETE", &format!("{base}/{}", sample(2).id), None).await;
    assert_eq!((last.status, last.code()), (400, "SESSION_REQUIRES_WALLET"));
}

#[tokio::test]
async fn a_busy_session_is_held_back_and_others_are_not() {
    let gateway = Gateway::new().await;
    let mut limits = gateway.app.limits.borrow().clone();
    limits.requests_per_minute = 2.try_into().unwrap();
    gateway.app.limits.send_replace(limits);
    for status in [200, 200, 429] {
        let answer = gateway.by_agent("GET", "/v1/connect-info", None).await;
        assert_eq!(answer.status, status);
    }
    let held = gateway.by_agent("GET", "/v1/connect-info", None).await;
    assert_eq!(held.code(), "RATE_LIMITED");
    assert_eq!(held.headers["retry-after"], "30");
    let other = &gateway.other.token;
    assert_eq!(gateway.with_token(other, "GET", "/v1/connect-info", None).await.status, 200);
    let forwarded = vec![
        ("authorization", format!("Bearer {}", gateway.one.token)),
        ("x-forwarded-for", "203.0.113.7".to_owned()),
    ];
    let ask = Ask { method: "GET", path: "/v1/connect-info", headers: forwarded, ..Ask::default() };
    assert_eq!(gateway.ask(ask).await.status, 429, "no header of the client's changes that");
}

#[tokio::test]
async fn who_proves_who_it_is_is_not_held_back_by_strangers_nor_they_by_pages_of_other_sites() {
    let gateway = Gateway::new().await;
    let owner = TestOwner::evm(5);
    gateway.own(&owner).await;
    let mut limits = gateway.app.limits.borrow().clone();
    limits.requests_per_minute = 40.try_into().unwrap();
    gateway.app.limits.send_replace(limits);
    let link = || {
        let how = [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-mode", "navigate"),
            ("sec-fetch-dest", "document"),
        ];
        let headers = how.map(|(name, value)| (name, value.to_owned())).to_vec();
        gateway.ask(Ask { method: "GET", path: "/approve", headers, ..Ask::default() })
    };
    let image = || {
        let headers = vec![("sec-fetch-site", "cross-site".to_owned())];
        gateway.ask(Ask { method: "GET", path: "/health", headers, ..Ask::default() })
    };
    let stranger = || gateway.ask(Ask { method: "GET", path: "/health", ..Ask::default() });
    for _image in 0..100 {
        assert_eq!(image().await.code(), "ORIGIN_NOT_ALLOWED");
    }
    for _link in 0..30 {
        assert_eq!(link().await.status, 200);
    }
    assert_eq!(link().await.status, 429);
    for _request in 0..40 {
        assert_eq!(stranger().await.status, 200);
    }
    assert_eq!(stranger().await.status, 429);
    for _request in 0..40 {
        assert_eq!(gateway.by_master("GET", "/v1/wallets", None).await.status, 200);
    }
    assert_eq!(gateway.by_master("GET", "/v1/wallets", None).await.status, 429);
    assert_eq!(gateway.by_agent("GET", "/v1/wallets", None).await.status, 200);
    let headers = gateway.signed(&owner, Action::KillSwitch).await;
    let path = "/v1/admin/kill-switch";
    let thrown = gateway.ask(Ask { method: "POST", path, headers, ..Ask::default() }).await;
    assert_ne!(thrown.status, 429, "{thrown:?}");
}

#[tokio::test]
async fn an_owner_sees_the_sessions_over_their_wallets_and_of_those_no_other_wallet() {
    let gateway = Gateway::new().await;
    let owner = TestOwner::evm(5);
    gateway.own(&owner).await;
    gateway.clock.advance(Duration::from_secs(1));
    let shared = gateway.open(vec![sample(1).id, sample(2).id]).await.session.id;
    let list = async |headers| {
        let path = "/v1/owners/sessions?limit=1&offset=0";
        gateway.ask(Ask { method: "GET", path, headers, ..Ask::default() }).await
    };
    let page = list(gateway.signed(&owner, Action::Sessions).await).await;
    assert_eq!((page.status, &page.body["total"]), (200, &json!(2)), "{page:?}");
    let newest = &page.body["data"][0];
    assert_eq!(newest["id"], shared.to_string());
    assert_eq!(newest["wallets"].as_array().unwrap().len(), 1, "{newest}");
    assert_eq!(newest["wallets"][0]["id"], sample(1).id.to_string());
    let other = list(gateway.signed(&owner, Action::KillSwitch).await).await;
    assert_eq!((other.status, other.code()), (401, "INVALID_SIGNATURE"));
    let stranger = TestOwner::evm(6);
    let nobody = list(gateway.signed(&stranger, Action::Sessions).await).await;
    assert_eq!((nobody.status, nobody.code()), (403, "OWNER_ADDRESS_MISMATCH"));

    for (query, total) in [
        (format!("owner={}", owner.address()), 2),
        (format!("owner={}&walletId={}", owner.address(), sample(1).id), 2),
        (format!("owner={}&walletId={}", owner.address(), sample(2).id), 0),
        (format!("owner={}", stranger.address()), 0),
        (format!("wallet_id={}", sample(2).id), 2),
        (String::new(), 3),
    ] {
        let page = gateway.by_master("GET", &format!("/v1/sessions?{query}"), None).await;
        assert_eq!(page.body["total"], total, "{query}: {page:?}");
    }
    let wrong = gateway.by_master("GET", "/v1/sessions?owner=me", None).await;
    assert_eq!((wrong.status, wrong.code()), (400, "VALIDATION_FAILED"));
}

#[tokio::test]
async fn the_secret_of_tokens_is_replaced_once_in_five_minutes() {
    let gateway = Gateway::new().await;
    let rotate = || gateway.by_master("POST", "/v1/admin/rotate-secret", None);
    let connect = || gateway.by_agent("GET", "/v1/connect-info", None);
    let rotated = rotate().await;
    assert_eq!((rotated.status, &rotated.body["rotatedAt"]), (200, &json!(START.get())));
    assert!(rotated.body["message"].as_str().unwrap().contains("300 s"), "{rotated:?}");
    gateway.clock.advance(Duration::from_secs(299));
    assert_eq!(connect().await.status, 200);
    let early = rotate().await;
    assert_eq!((early.status, early.code()), (429, "ROTATION_TOO_RECENT"));
    assert_eq!(early.headers["retry-after"], "1");
    gateway.clock.advance(Duration::from_secs(1));
    let over = connect().await;
    assert_eq!((over.status, over.code()), (401, "INVALID_TOKEN"));
    assert_eq!(rotate().await.status, 200);
    let again = format!("/v1/sessions/{}/rotate", gateway.one.session.id);
    let token = gateway.by_master("POST", &again, None).await.body["token"].clone();
    let token = token.as_str().unwrap();
    assert_eq!(gateway.with_token(token, "GET", "/v1/connect-info", None).await.status, 200);
    let trail = "/v1/audit-logs?event_type=TOKEN_SECRET_ROTATED&include_total=true";
    let told = gateway.by_master("GET", trail, None).await.body;
    assert_eq!(told["total"], 2);
    let told = told["data"].as_array().unwrap();
    assert!(told.iter().all(|entry| entry["requestId"].is_string()), "who asked: {told:?}");
}

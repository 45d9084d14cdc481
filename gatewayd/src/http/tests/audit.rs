//! What the audit trail tells of requests, and who may read it.

use std::time::Duration;

use super::*;
use crate::asker::Connection;
use crate::refusals::{Kind, Said};
use crate::store::audit::{Actor, AuditEntry};
use crate::usecase::record_refusal::record_repeated;

/// Entries of these events, oldest first.
pub(super) async fn entries(gateway: &Gateway, query: &str) -> Vec<Value> {
    let path = format!("/v1/audit-logs?after=0&limit=200&{query}");
    let ask = Ask { method: "GET", path: &path, by_socket: true, ..Ask::default() };
    let answer = gateway.ask(ask).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let entries = answer.body["data"].as_array().unwrap().clone();
    assert!(entries.iter().all(|entry| entry["intact"] == true));
    entries
}

async fn with_password(gateway: &Gateway, password: &str) -> Answer {
    let headers = vec![("x-master-password", password.to_owned())];
    gateway.ask(Ask { method: "GET", path: "/v1/wallets", headers, ..Ask::default() }).await
}

#[tokio::test]
async fn the_trail_is_read_in_pages_as_the_contract_says() {
    let gateway = Gateway::new().await;
    let wallet = sample(1).id;
    for number in 0..5 {
        let rename = json!({ "name": format!("shop {number}") });
        let path = format!("/v1/wallets/{wallet}");
        assert_eq!(gateway.by_master("PUT", &path, Some(rename)).await.status, 200);
    }
    let newest = gateway.by_master("GET", "/v1/audit-logs?limit=2", None).await.body;
    let ids = |page: &Value| -> Vec<u64> {
        page["data"].as_array().unwrap().iter().map(|it| it["id"].as_u64().unwrap()).collect()
    };
    assert_eq!((ids(&newest), &newest["hasMore"]), (vec![7, 6], &json!(true)), "{newest}");
    let path = format!("/v1/audit-logs?limit=2&cursor={}", newest["nextCursor"]);
    assert_eq!(ids(&gateway.by_master("GET", &path, None).await.body), [5, 4]);
    let all = gateway.by_master("GET", "/v1/audit-logs?include_total=true", None).await.body;
    assert_eq!((&all["total"], &all["hasMore"]), (&json!(7), &json!(false)));
    assert_eq!((&all["nextCursor"], &newest["total"]), (&Value::Null, &Value::Null));
    let last = &all["data"][0];
    assert_eq!(last["eventType"], "STATE_CHANGED");
    assert_eq!((&last["actor"], &last["ipAddress"]), (&json!("master"), &json!("127.0.0.1")));
    assert_eq!(last["details"]["path"], format!("/v1/wallets/{wallet}"));
    assert_eq!((&last["severity"], &last["timestamp"]), (&json!("info"), &json!(START.get())));
    assert_eq!(ids(&gateway.by_master("GET", "/v1/audit-logs?after=6", None).await.body), [7]);
    let by_event = "/v1/audit-logs?event_type=SESSION_CREATED";
    assert_eq!(ids(&gateway.by_master("GET", by_event, None).await.body), [2, 1]);
    for query in [
        "limit=0",
        "limit=201",
        "limit=x",
        "cursor=-1",
        "cursor=1&after=1",
        "severity=bad",
        "event_type=a%20b",
        "wallet_id=x",
        "session_id=x",
        "tx_id=x",
        "from=x",
        "include_total=yes",
    ] {
        let answer = gateway.by_master("GET", &format!("/v1/audit-logs?{query}"), None).await;
        assert_eq!(answer.status, 400, "{query}: {answer:?}");
    }
}

#[tokio::test]
async fn an_entry_has_the_session_the_address_and_the_request_that_it_is_from() {
    let gateway = Gateway::new().await;
    let to = "0x00000000000000000000000000000000000000b0";
    let network = "ethereum-sepolia";
    let body = json!({ "type": "TRANSFER", "to": to, "amount": "1", "network": network });
    let headers = vec![
        ("authorization", format!("Bearer {}", gateway.one.token)),
        ("x-request-id", "agent-7".to_owned()),
    ];
    let (method, path) = ("POST", "/v1/transactions/send");
    let body = Some(body.to_string());
    let sent = gateway.ask(Ask { method, path, body, headers, by_socket: false }).await;
    assert_eq!(sent.status, 201, "{sent:?}");
    let found = entries(&gateway, &format!("tx_id={}", sent.body["id"].as_str().unwrap())).await;
    let session = gateway.one.session.id.to_string();
    assert_eq!(found[0]["eventType"], "TX_REQUESTED");
    assert_eq!(found[0]["actor"], format!("session:{session}"));
    assert_eq!(found[0]["sessionId"], session);
    assert_eq!(found[0]["ipAddress"], "127.0.0.1");
    assert_eq!(found[0]["requestId"], "agent-7");
    assert_eq!(entries(&gateway, &format!("sessionId={session}")).await, found);

    let path = format!("/v1/sessions/{session}");
    let ask = Ask { method: "DELETE", path: &path, by_socket: true, ..Ask::default() };
    assert_eq!(gateway.ask(ask).await.status, 200);
    let revoked = entries(&gateway, "event_type=SESSION_REVOKED").await;
    assert_eq!((&revoked[0]["actor"], &revoked[0]["peerUid"]), (&json!("master"), &json!(0)));
    assert_eq!(revoked[0]["ipAddress"], Value::Null);
}

#[tokio::test]
async fn refusals_of_a_kind_are_told_once_a_minute_with_their_number() {
    let gateway = Gateway::new().await;
    let ask = || async {
        let headers = vec![("authorization", "Bearer wai_sess_no".to_owned())];
        let path = "/v1/wallet/balance";
        gateway.ask(Ask { method: "GET", path, headers, ..Ask::default() }).await.status
    };
    for _time in 0..20 {
        assert_eq!(ask().await, 401);
    }
    let told = entries(&gateway, "event_type=REQUEST_REFUSED").await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((&told[0]["actor"], &told[0]["severity"]), (&json!("unknown"), &json!("warning")));
    assert_eq!(told[0]["details"]["code"], "INVALID_TOKEN");
    assert_eq!(told[0]["details"]["path"], "/v1/wallet/balance");
    assert_eq!(told[0]["ipAddress"], "127.0.0.1");
    gateway.clock.advance(Duration::from_secs(59));
    record_repeated(&gateway.app).await.unwrap();
    assert!(entries(&gateway, "event_type=REQUESTS_REFUSED").await.is_empty());
    gateway.clock.advance(Duration::from_secs(1));
    record_repeated(&gateway.app).await.unwrap();
    let counted = entries(&gateway, "event_type=REQUESTS_REFUSED").await;
    assert_eq!(counted[0]["details"]["times"], "19");
    assert_eq!(ask().await, 401);
    assert_eq!(entries(&gateway, "event_type=REQUEST_REFUSED").await.len(), 2);
}

#[tokio::test]
async fn what_was_told_of_whom_today_is_known_after_a_start() {
    let gateway = Gateway::new().await;
    let bearer = |token: &str| vec![("authorization", format!("Bearer {token}"))];
    let path = format!("/v1/wallets/{}", sample(2).id);
    for token in [gateway.one.token.as_str(), "wai_sess_no"] {
        for _twice in 0..2 {
            let headers = bearer(token);
            gateway.ask(Ask { method: "GET", path: &path, headers, ..Ask::default() }).await;
        }
    }
    gateway.clock.advance(Duration::from_mins(1));
    record_repeated(&gateway.app).await.unwrap();
    let told = async |from: UnixSeconds| {
        let events = ["REQUEST_REFUSED", "REQUESTS_REFUSED"];
        let read = gateway.app.store.read(move |db| db.trail_by_actor(events, from));
        read.await.unwrap()
    };
    let session = Actor::Session(gateway.one.session.id);
    assert_eq!(told(START).await, [(session, 2), (Actor::Unknown, 2)]);
    assert_eq!(told(START.plus(Duration::from_mins(1))).await, [(session, 1), (Actor::Unknown, 1)]);
    assert_eq!(told(START.plus(Duration::from_secs(61))).await, []);
}

#[tokio::test]
async fn what_a_day_left_out_is_told_when_it_is_over() {
    let gateway = Gateway::new().await;
    let refusals = &gateway.app.refusals;
    for second in 0..10_001_u32 {
        let now = START.plus(Duration::from_secs(second.into()));
        drop(refusals.take_over(now));
        let connection = Connection::Socket(Some(second));
        let kind = Kind { code: api::ErrorCode::InvalidToken, actor: Actor::Unknown, connection };
        assert_eq!(refusals.count(kind, now) == Said::Now, second < 10_000);
    }
    gateway.clock.advance(Duration::from_secs(20_000));
    record_repeated(&gateway.app).await.unwrap();
    assert!(entries(&gateway, "event_type=REFUSALS_LEFT_OUT").await.is_empty(), "it is not over");
    gateway.clock.advance(Duration::from_secs(40_000));
    record_repeated(&gateway.app).await.unwrap();
    let told = entries(&gateway, "event_type=REFUSALS_LEFT_OUT").await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0]["details"], json!({ "times": "1", "seconds": "86400", "of": "strangers" }));
}

#[tokio::test]
async fn what_belongs_to_others_is_refused_and_told_of_with_who_wanted_it() {
    let gateway = Gateway::new().await;
    let path = format!("/v1/wallets/{}", sample(2).id);
    assert_eq!(gateway.by_agent("GET", &path, None).await.status, 403);
    let told = entries(&gateway, "event_type=REQUEST_REFUSED").await;
    assert_eq!(told[0]["details"]["code"], "WALLET_ACCESS_DENIED");
    assert_eq!(told[0]["sessionId"], gateway.one.session.id.to_string());
    let missing = gateway.by_agent("GET", "/v1/transactions/x", None).await;
    assert_eq!(missing.status, 400, "{missing:?}");
    assert_eq!(entries(&gateway, "severity=warning").await.len(), 1, "a mistake is no refusal");
}

#[tokio::test]
async fn wrong_master_passwords_are_told_of_as_far_as_they_are_looked_at() {
    let gateway = Gateway::new().await;
    let mut last = 0;
    for _guess in 0..50 {
        last = with_password(&gateway, "wrong horse battery").await.status;
    }
    assert_eq!(last, 429);
    let failed = entries(&gateway, "event_type=MASTER_AUTH_FAILED").await;
    assert!((1..10).contains(&failed.len()), "{}", failed.len());
    assert_eq!(
        (&failed[0]["actor"], &failed[0]["ipAddress"]),
        (&json!("unknown"), &json!("127.0.0.1"))
    );
    let refused = entries(&gateway, "event_type=REQUEST_REFUSED").await;
    let codes: Vec<&Value> = refused.iter().map(|entry| &entry["details"]["code"]).collect();
    assert_eq!(codes, ["MASTER_PASSWORD_LOCKED"], "each guess is told of once");
}

#[tokio::test]
async fn an_auditor_reads_what_concerns_its_wallets_and_nothing_else() {
    let gateway = Gateway::new().await;
    let (own, other) = (sample(1).id, sample(2).id);
    let auditor = gateway.auditor(&[own]).await;
    let read = async |token: &str, query: &str| {
        gateway.with_token(token, "GET", &format!("/v1/audit-logs?{query}"), None).await
    };
    let all = read(&auditor, "include_total=true&limit=200").await;
    assert_eq!(all.status, 200, "{all:?}");
    let shown = all.body["data"].as_array().unwrap();
    assert_eq!(all.body.get("total"), None, "it would take as long as the trail is");
    assert!(shown.iter().any(|entry| entry["eventType"] == "SESSION_CREATED"));
    assert!(
        shown.iter().all(|entry| entry["walletId"] == own.to_string() && entry["intact"] == true)
    );
    let everything = gateway.by_master("GET", "/v1/audit-logs?limit=200", None).await.body;
    let of_own = everything["data"].as_array().unwrap().iter();
    let of_own = of_own.filter(|entry| entry["walletId"] == own.to_string()).count();
    assert!(of_own == shown.len() && everything["data"].as_array().unwrap().len() > of_own);

    assert_eq!(read(&auditor, &format!("wallet_id={own}")).await.body["data"], all.body["data"]);
    let theirs = read(&auditor, &format!("wallet_id={other}")).await;
    assert_eq!((theirs.status, theirs.code()), (403, "WALLET_ACCESS_DENIED"));
    let session = gateway.other.session.id;
    let theirs = read(&auditor, &format!("session_id={session}")).await.body;
    assert_eq!(theirs["data"], json!([]));

    let both = gateway.auditor(&[own, other]).await;
    assert_eq!(read(&both, &format!("wallet_id={other}")).await.status, 200);
    for role in ["viewer", "agent"] {
        let body = json!({ "walletId": own.to_string(), "constraints": { "role": role } });
        let opened = gateway.by_master("POST", "/v1/sessions", Some(body)).await.body;
        let refused = read(opened["token"].as_str().unwrap(), "").await;
        assert_eq!((refused.status, refused.code()), (403, "CONSTRAINT_VIOLATED"), "{role}");
        assert!(refused.body["hint"].as_str().unwrap().contains("auditor"), "{refused:?}");
    }
}

#[tokio::test]
async fn an_auditor_sees_what_concerns_its_wallet_among_others() {
    let gateway = Gateway::new().await;
    let [own, other] = [sample(1).id, sample(2).id];
    let auditor = gateway.auditor(&[own]).await;
    let shared = gateway.open(vec![own, other]).await.session.id;
    for wallets in [vec![own], vec![own, other], vec![other]] {
        let ids: Vec<String> = wallets.iter().map(ToString::to_string).collect();
        let body = Some(json!({ "agent": "somebody", "walletIds": ids }).to_string());
        let ask = Ask { method: "POST", path: "/v1/sessions/requests", body, ..Ask::default() };
        let id = gateway.ask(ask).await.body["id"].as_str().unwrap().to_owned();
        let path = format!("/v1/sessions/requests/{id}/reject");
        assert_eq!(gateway.by_master("POST", &path, None).await.status, 200);
    }
    for (event, seen) in
        [("SESSION_REQUESTED", 2), ("SESSION_REQUEST_REJECTED", 2), ("SESSION_CREATED", 3)]
    {
        for filter in [String::new(), format!("&wallet_id={own}")] {
            let path = format!("/v1/audit-logs?event_type={event}{filter}");
            let found = gateway.with_token(&auditor, "GET", &path, None).await;
            assert_eq!(found.body["data"].as_array().unwrap().len(), seen, "{event}: {found:?}");
        }
    }
    let path = format!("/v1/sessions/{shared}");
    assert_eq!(gateway.by_master("DELETE", &path, None).await.status, 200);
    let path = "/v1/audit-logs?event_type=SESSION_REVOKED";
    let found = gateway.with_token(&auditor, "GET", path, None).await.body;
    assert_eq!(found["data"][0]["details"]["sessionId"], shared.to_string());
}

#[tokio::test]
async fn a_page_of_an_auditor_looks_at_a_part_of_the_trail_and_says_where_it_goes_on() {
    let gateway = Gateway::new().await;
    let auditor = gateway.auditor(&[sample(1).id]).await;
    let own = entries(&gateway, &format!("wallet_id={}", sample(1).id)).await;
    let add = gateway.app.store.write(move |db| {
        let entry = AuditEntry::new(START, "TESTED", Actor::System).wallet(sample(2).id);
        (0..20_000).try_for_each(|_one| db.audit(&entry))
    });
    let _written: () = add.await.unwrap();
    let read = async |query: &str| {
        let path = format!("/v1/audit-logs?{query}");
        gateway.with_token(&auditor, "GET", &path, None).await.body
    };
    let newest = read("").await;
    assert_eq!((&newest["data"], &newest["hasMore"]), (&json!([]), &json!(true)), "{newest}");
    let rest = read(&format!("cursor={}", newest["nextCursor"])).await;
    assert_eq!(rest["data"].as_array().unwrap().len(), own.len());
    assert_eq!((&rest["nextCursor"], &rest["hasMore"]), (&Value::Null, &json!(false)));
    let oldest = read("after=0").await;
    assert_eq!(oldest["data"].as_array().unwrap().len(), own.len());
    let rest = read(&format!("after={}", oldest["nextCursor"])).await;
    assert_eq!((&rest["data"], &rest["hasMore"]), (&json!([]), &json!(false)));
}

#[tokio::test]
async fn each_change_of_a_session_has_an_entry_of_its_own() {
    let gateway = Gateway::new().await;
    let id = gateway.one.session.id;
    gateway.clock.advance(Duration::from_mins(30));
    let renewed = gateway.by_agent("PUT", &format!("/v1/sessions/{id}/renew"), None).await;
    assert_eq!(renewed.status, 200, "{renewed:?}");
    let wallets = format!("/v1/sessions/{id}/wallets");
    let second = sample(2).id;
    let body = json!({ "walletId": second.to_string() });
    for (method, path, body, status) in [
        ("POST", format!("/v1/sessions/{id}/rotate"), None, 200),
        ("POST", format!("/v1/admin/sessions/{id}/reissue"), None, 200),
        ("POST", wallets.clone(), Some(body), 201),
        ("DELETE", format!("{wallets}/{second}"), None, 204),
        ("DELETE", format!("/v1/sessions/{id}"), None, 200),
    ] {
        assert_eq!(gateway.by_master(method, &path, body).await.status, status, "{path}");
    }
    let told = entries(&gateway, &format!("from={}", START.get() + 1_800)).await;
    let told: Vec<_> = told
        .iter()
        .map(|entry| {
            let text = |field: &Value| field.as_str().unwrap_or("none").to_owned();
            assert_eq!(entry["details"]["sessionId"], id.to_string());
            (text(&entry["eventType"]), text(&entry["actor"]), text(&entry["walletId"]))
        })
        .collect();
    let own = sample(1).id.to_string();
    let expected = [
        ("SESSION_RENEWED", format!("session:{id}"), own.clone()),
        ("SESSION_ROTATED", "master".to_owned(), own.clone()),
        ("SESSION_ROTATED", "master".to_owned(), own.clone()),
        ("SESSION_WALLET_ADDED", "master".to_owned(), second.to_string()),
        ("SESSION_WALLET_REMOVED", "master".to_owned(), second.to_string()),
        ("SESSION_REVOKED", "master".to_owned(), own),
    ];
    let expected = expected.map(|(event, actor, wallet)| (event.to_owned(), actor, wallet));
    assert_eq!(told, expected);
}

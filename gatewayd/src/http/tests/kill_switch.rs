//! The kill switch over HTTP: who moves it, and what is not served while it has fallen.

use super::*;

const SWITCH: &str = "/v1/admin/kill-switch";

async fn shown(gateway: &Gateway) -> Value {
    gateway.ask(Ask { method: "GET", path: SWITCH, ..Ask::default() }).await.body
}

fn stopped(answer: &Answer) -> bool {
    (answer.status, answer.code()) == (503, "KILL_SWITCH_ACTIVE")
}

#[tokio::test]
async fn it_falls_once_is_locked_once_and_says_where_it_is_to_everybody() {
    let gateway = Gateway::new().await;
    let active = json!({ "state": "ACTIVE", "activatedAt": null, "activatedBy": null });
    assert_eq!(shown(&gateway).await, active);
    let early = gateway.by_master("POST", &format!("{SWITCH}/escalate"), None).await;
    assert_eq!((early.status, early.code()), (409, "KILL_SWITCH_NOT_ACTIVE"));
    let early = gateway.by_master("POST", "/v1/admin/recover", Some(json!({}))).await;
    assert_eq!((early.status, early.code()), (409, "KILL_SWITCH_NOT_ACTIVE"));

    let reason = json!({ "reason": "a drill" });
    let fallen = gateway.by_master("POST", SWITCH, Some(reason)).await;
    assert_eq!(fallen.status, 200, "{fallen:?}");
    assert_eq!(fallen.body["state"], "SUSPENDED");
    assert_eq!(fallen.body["activatedAt"], START.get());
    assert_eq!(fallen.body["signerStopped"], false, "there is no signer here");
    let again = gateway.by_master("POST", SWITCH, None).await;
    assert_eq!((again.status, again.code()), (409, "KILL_SWITCH_ALREADY_ACTIVE"));
    let expected =
        json!({ "state": "SUSPENDED", "activatedAt": START.get(), "activatedBy": "master" });
    assert_eq!(shown(&gateway).await, expected);

    let locked = gateway.by_master("POST", &format!("{SWITCH}/escalate"), None).await;
    assert_eq!((locked.status, &locked.body["state"]), (200, &json!("LOCKED")));
    let again = gateway.by_master("POST", &format!("{SWITCH}/escalate"), None).await;
    assert_eq!((again.status, again.code()), (409, "KILL_SWITCH_ALREADY_ACTIVE"));
    let status = gateway.by_master("GET", "/v1/admin/status", None).await;
    assert_eq!(status.body["killSwitchState"], "LOCKED");
    // Who cannot ask the signer does not know that its owners have agreed.
    let stays = gateway.by_master("POST", "/v1/admin/recover", None).await;
    assert_eq!((stays.status, stays.code()), (503, "KEYSTORE_LOCKED"), "{stays:?}");
    assert_eq!(shown(&gateway).await["state"], "LOCKED");
}

#[tokio::test]
async fn a_reason_is_short_and_plain_and_nothing_else_is_taken() {
    let gateway = Gateway::new().await;
    for body in [
        json!({ "reason": "x".repeat(201) }),
        json!({ "reason": "two\nlines" }),
        json!({ "reasons": "a drill" }),
    ] {
        let refused = gateway.by_master("POST", SWITCH, Some(body)).await;
        assert_eq!((refused.status, refused.code()), (400, "VALIDATION_FAILED"), "{refused:?}");
        assert_eq!(shown(&gateway).await["state"], "ACTIVE");
    }
    let taken = gateway.by_master("POST", SWITCH, Some(json!({ "reason": "x".repeat(200) }))).await;
    assert_eq!(taken.status, 200);
}

#[tokio::test]
async fn what_would_move_money_or_let_somebody_in_is_not_served_while_it_has_fallen() {
    let gateway = Gateway::new().await;
    let session = gateway.one.session.id;
    let none = sample(9).id;
    let by_agent = [
        ("POST", "/v1/transactions/send".to_owned(), true),
        ("POST", "/v1/transactions/sign".to_owned(), true),
        ("POST", "/v1/transactions/sign-message".to_owned(), true),
        ("POST", format!("/v1/transactions/{none}/speed-up"), true),
        ("POST", "/v1/transactions/simulate".to_owned(), false),
        ("POST", format!("/v1/transactions/{none}/cancel"), false),
        ("GET", "/v1/transactions".to_owned(), false),
        ("GET", "/v1/connect-info".to_owned(), false),
        ("PUT", format!("/v1/sessions/{session}/renew"), false),
    ];
    let by_master = [
        ("POST", "/v1/wallets".to_owned(), true),
        ("POST", format!("/v1/wallets/{none}/resume"), true),
        ("POST", "/v1/sessions".to_owned(), true),
        ("POST", format!("/v1/sessions/{none}/rotate"), true),
        ("POST", format!("/v1/admin/sessions/{none}/reissue"), true),
        ("POST", "/v1/admin/agent-prompt".to_owned(), true),
        ("POST", "/v1/mcp/tokens".to_owned(), true),
        ("POST", format!("/v1/wallets/{none}/suspend"), false),
        ("DELETE", format!("/v1/sessions/{none}"), false),
        ("POST", format!("/v1/transactions/{none}/reject"), false),
        ("GET", "/v1/wallets".to_owned(), false),
    ];
    for (state, locks) in [("ACTIVE", false), ("SUSPENDED", false), ("LOCKED", true)] {
        if state == "SUSPENDED" {
            assert_eq!(gateway.by_master("POST", SWITCH, None).await.status, 200);
        }
        if locks {
            let path = format!("{SWITCH}/escalate");
            assert_eq!(gateway.by_master("POST", &path, None).await.status, 200);
        }
        for (method, path, closed) in &by_agent {
            let answer = gateway.by_agent(method, path, Some(json!({}))).await;
            let expected = state != "ACTIVE" && (*closed || locks);
            assert_eq!(stopped(&answer), expected, "{state} {method} {path}: {answer:?}");
        }
        for (method, path, closed) in &by_master {
            let answer = gateway.by_master(method, path, Some(json!({}))).await;
            let expected = state != "ACTIVE" && *closed;
            assert_eq!(stopped(&answer), expected, "{state} {method} {path}: {answer:?}");
        }
    }
    let answer = gateway.by_agent("GET", "/v1/connect-info", None).await;
    assert_eq!(answer.body["retryable"], false);
    assert_eq!(answer.body["details"]["state"], "LOCKED");
    let forged = gateway.with_token("wai_sess_x", "GET", "/v1/connect-info", None).await;
    assert_eq!(forged.status, 401, "who is nobody learns nothing");
}

#[tokio::test]
async fn who_holds_a_session_ends_that_session_alone_even_while_all_are_frozen() {
    for freezes in [false, true] {
        let gateway = Gateway::new().await;
        if freezes {
            gateway.by_master("POST", SWITCH, None).await;
            gateway.by_master("POST", &format!("{SWITCH}/escalate"), None).await;
        }
        let ended = gateway.by_agent("POST", "/v1/kill-switch", None).await;
        assert_eq!(ended.status, 200, "{ended:?}");
        assert_eq!(ended.body["id"], gateway.one.session.id.to_string());
        assert_eq!(
            (&ended.body["status"], &ended.body["calledOff"]),
            (&json!("REVOKED"), &json!(0))
        );
        let dead = gateway.by_agent("GET", "/v1/connect-info", None).await;
        assert_eq!((dead.status, dead.code()), (401, "SESSION_REVOKED"));
        let other = gateway.with_token(&gateway.other.token, "GET", "/v1/connect-info", None).await;
        assert_eq!(other.status, if freezes { 503 } else { 200 }, "another's session is as it was");
    }
}

//! How the audit trail becomes shorter, over HTTP.

use super::audit::entries;
use super::*;
use crate::store::audit::{Actor, AuditEntry};
use crate::usecase::tie_to_journal::{self, Tie};

/// As the operator at the socket.
async fn shorten(gateway: &Gateway, after: &Value, through: &Value) -> Answer {
    let body = Some(json!({ "after": after, "through": through }).to_string());
    let path = "/v1/admin/audit-logs/shorten";
    gateway.ask(Ask { method: "POST", path, body, by_socket: true, ..Ask::default() }).await
}

fn place(entry: &Value) -> Value {
    json!({ "id": entry["id"], "hash": entry["hash"] })
}

#[tokio::test]
async fn what_was_archived_is_taken_away_and_the_rest_says_where_it_begins() {
    let gateway = Gateway::new().await;
    let tie = Tie::new(7, [7; 32]);
    gateway.app.store.write(move |db| tie_to_journal::write(db, tie, START)).await.unwrap();
    let start = json!({ "id": 0, "hash": "0".repeat(64) });
    let before = entries(&gateway, "").await;
    let last = place(before.last().unwrap());
    let shortened = shorten(&gateway, &start, &last).await;
    assert_eq!(shortened.status, 200, "{shortened:?}");
    assert_eq!(shortened.body, json!({ "entries": before.len(), "beginsAfter": last }));
    let left = entries(&gateway, "").await;
    let events: Vec<&Value> = left.iter().map(|entry| &entry["eventType"]).collect();
    assert_eq!(events, ["AUDIT_TRAIL_SHORTENED", "SIGNER_JOURNAL_SEEN"]);
    assert_eq!((&left[0]["actor"], &left[0]["severity"]), (&json!("master"), &json!("warning")));
    assert_eq!(left[0]["details"]["hash"], last["hash"]);
    assert_eq!(left[1]["details"]["records"], "7", "a journal put back would be known by it");

    let page = gateway.by_master("GET", "/v1/audit-logs", None).await.body;
    assert_eq!(page["beginsAfter"], last);
    let auditor = gateway.auditor(&[sample(1).id]).await;
    let page = gateway.with_token(&auditor, "GET", "/v1/audit-logs", None).await.body;
    assert_eq!(page.get("beginsAfter"), None, "it is no entry of its wallets");

    let again = shorten(&gateway, &start, &last).await;
    assert_eq!((again.status, again.code()), (409, "INVALID_STATE_TRANSITION"));
    let bad = shorten(&gateway, &start, &json!({ "id": 1, "hash": "ab" })).await;
    assert_eq!((bad.status, bad.code()), (400, "VALIDATION_FAILED"));
}

#[tokio::test]
async fn so_many_entries_go_at_once_and_none_of_more() {
    let gateway = Gateway::new().await;
    let most = usize::try_from(api::ShortenTrail::MOST).unwrap();
    let before = entries(&gateway, "").await.len();
    let add = gateway.app.store.write(move |db| {
        let entry = AuditEntry::new(START, "TESTED", Actor::System);
        (before..=most).try_for_each(|_one| db.audit(&entry))
    });
    let _written: () = add.await.unwrap();
    let start = json!({ "id": 0, "hash": "0".repeat(64) });
    let newest = gateway.by_master("GET", "/v1/audit-logs?limit=2", None).await.body;
    let [last, enough] = [0, 1].map(|number| place(&newest["data"][number]));
    let refused = shorten(&gateway, &start, &last).await;
    assert_eq!((refused.status, refused.code()), (400, "VALIDATION_FAILED"), "{refused:?}");
    let shortened = shorten(&gateway, &start, &enough).await;
    assert_eq!(shortened.body["entries"], json!(most), "{shortened:?}");
}

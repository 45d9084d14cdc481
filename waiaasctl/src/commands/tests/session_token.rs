//! Tokens: their secret is replaced.

use super::*;

#[test]
fn the_secret_of_tokens_is_replaced() {
    let peers = Peers::new();
    let body = json!({ "rotatedAt": 1, "message": "another secret, 300 s" });
    let asked = peers.gateway(vec![(200, body.to_string())]);
    let view = command("session rotate-secret", &peers).unwrap();
    assert_eq!(json_of(&view)["rotatedAt"], 1);
    assert!(text_of(&view).contains("300 s"));
    assert!(asked.iter().next().unwrap().starts_with("POST /v1/admin/rotate-secret HTTP/1.1"));
    let early = json!({
        "code": "ROTATION_TOO_RECENT", "message": "just now", "requestId": "r", "retryable": true,
    });
    let peers = Peers::new();
    let _asked = peers.gateway(vec![(429, early.to_string())]);
    let failure = command("session rotate-secret", &peers).unwrap_err();
    assert!(failure.to_string().contains("just now"), "{failure}");
}

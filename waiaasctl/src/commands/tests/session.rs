//! Sessions that agents ask for.

use super::*;

#[test]
fn what_agents_ask_for_is_listed_with_where_its_owner_decides() {
    let page = "http://127.0.0.1:3100/sessions#1.right";
    let mut request = json!({
        "id": WALLET, "agent": "shopper-1", "status": "PENDING", "wallets": [],
        "sessionExpiresAt": 0, "absoluteExpiresAt": 0, "maxRenewals": 0, "constraints": {},
        "statement": "Let the agent shopper-1 …", "createdAt": 1, "expiresAt": 900,
        "sessionId": null, "page": page,
    });
    let listed = |request: &Value| (200, json!({ "requests": [request] }).to_string());
    let peers = Peers::new();
    let with_page = listed(&request);
    request.as_object_mut().unwrap().remove("page");
    let _asked = peers.gateway(vec![with_page, listed(&request)]);
    let view = command("session requests", &peers).unwrap();
    assert_eq!(json_of(&view)["requests"][0]["page"], page);
    let text = text_of(&view);
    assert!(text.contains("Let the agent shopper-1") && text.contains("session approve"), "{text}");
    assert!(
        text.lines().any(|line| line.trim() == format!("its owner decides at {page}")),
        "{text}"
    );
    let text = text_of(&command("session requests", &peers).unwrap());
    assert!(text.contains("Let the agent shopper-1") && !text.contains("decides at"), "{text}");
}

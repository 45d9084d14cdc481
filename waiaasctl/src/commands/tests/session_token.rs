//! Tokens: their secret is replaced, and agents and their programs are told how to begin.

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

#[test]
fn an_agent_is_told_in_words_that_can_be_pasted() {
    let told = json!({
        "prompt": "You can use wallets", "walletCount": 1, "sessionsCreated": 1,
        "sessionReused": false, "expiresAt": 0,
    });
    for (line, body) in [
        ("session prompt".to_owned(), "{}".to_owned()),
        (
            format!("session prompt {WALLET} --ttl 300"),
            format!(r#"{{"walletIds":["{WALLET}"],"ttl":300}}"#),
        ),
    ] {
        let peers = Peers::new();
        let asked = peers.gateway(vec![(201, told.to_string())]);
        let view = command(&line, &peers).unwrap();
        assert!(text_of(&view).contains("You can use wallets"));
        let asked = asked.iter().next().unwrap();
        assert!(asked.contains("/v1/admin/agent-prompt") && asked.contains(&body), "{asked}");
    }
}

#[test]
fn a_server_of_the_model_context_protocol_gets_its_settings_and_the_token_stays_in_its_file() {
    let peers = Peers::new();
    let server = json!({ "mcpServers": { "waiaas-shop": { "command": "npx" } } });
    let issued = json!({
        "walletId": WALLET, "walletName": "shop", "tokenPath": "/d/mcp-tokens/x", "expiresAt": 60,
        "claudeDesktopConfig": server,
    });
    let asked = peers.gateway(vec![(201, issued.to_string())]);
    let view = command(&format!("session mcp {WALLET} --ttl 300"), &peers).unwrap();
    let text = text_of(&view);
    for word in ["/d/mcp-tokens/x", "1970-01-01", "waiaas-shop", "npx"] {
        assert!(text.contains(word), "{word}: {text}");
    }
    let asked = asked.iter().next().unwrap();
    let body = format!(r#"{{"walletId":"{WALLET}","expiresIn":300}}"#);
    assert!(asked.contains("POST /v1/mcp/tokens") && asked.contains(&body), "{asked}");
}

//! What operators hand to agents: words to begin with, and tokens in files.

use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::state::StateDirectory;

const PROMPT: &str = "/v1/admin/agent-prompt";
const TOKENS: &str = "/v1/mcp/tokens";

/// The one token that stands in a text.
fn token_in(text: &str) -> &str {
    let (_, rest) = text.split_once("Bearer ").unwrap();
    rest.split('"').next().unwrap()
}

#[tokio::test]
async fn an_agent_is_told_of_all_wallets_or_of_those_that_are_named() {
    let gateway = Gateway::new().await;
    let one = sample(1).id.to_string();
    for (body, count, expires_at) in [
        (None, 3, 0),
        (Some(json!({})), 3, 0),
        (Some(json!({ "ttl": 0, "walletIds": [one] })), 1, 0),
        (Some(json!({ "ttl": 300, "walletIds": [one] })), 1, START.get() + 300),
    ] {
        let told = gateway.by_master("POST", PROMPT, body).await;
        assert_eq!(told.status, 201, "{told:?}");
        let counts = ["walletCount", "sessionsCreated", "expiresAt"].map(|name| &told.body[name]);
        assert_eq!(counts, [&json!(count), &json!(1), &json!(expires_at)]);
        assert_eq!(told.body["sessionReused"], false);
        let prompt = told.body["prompt"].as_str().unwrap();
        assert!(prompt.contains("http://127.0.0.1:3100") && prompt.contains(&one), "{prompt}");
        let info = gateway.with_token(token_in(prompt), "GET", "/v1/connect-info", None).await;
        assert_eq!(info.body["wallets"].as_array().map(Vec::len), Some(count), "{info:?}");
    }
    assert_eq!(gateway.by_agent("GET", "/v1/connect-info", None).await.status, 200);
    let unknown = json!({ "walletIds": [sample(9).id.to_string()] });
    for (body, status, code) in [
        (json!({ "ttl": 299 }), 400, "VALIDATION_FAILED"),
        (json!({ "walletIds": [] }), 400, "SESSION_REQUIRES_WALLET"),
        (json!({ "walletIds": ["x"] }), 400, "VALIDATION_FAILED"),
        (json!({ "wallets": [] }), 400, "VALIDATION_FAILED"),
        (unknown, 404, "WALLET_NOT_FOUND"),
    ] {
        let refused = gateway.by_master("POST", PROMPT, Some(body.clone())).await;
        assert_eq!((refused.status, refused.code()), (status, code), "{body}");
    }
}

/// A gateway with a place for tokens.
async fn with_directory(directory: &Path) -> (Gateway, StateDirectory) {
    let gateway = Gateway::new().await;
    std::fs::set_permissions(directory, std::fs::Permissions::from_mode(0o700)).unwrap();
    let state = StateDirectory::take(directory).unwrap();
    let Gateway { app, clock, one, other, router: without } = gateway;
    drop(without);
    let app = Arc::into_inner(app).unwrap().handing_out(state.mcp_tokens());
    let app = Arc::new(app);
    let router = router(Shared::new(Arc::clone(&app)));
    (Gateway { app, clock, router, one, other }, state)
}

#[tokio::test]
async fn a_token_for_a_server_of_the_model_context_protocol_lies_where_that_looks() {
    let directory = tempfile::tempdir().unwrap();
    let (gateway, _state) = with_directory(directory.path()).await;
    let wallet = sample(1).id.to_string();
    let file = directory.path().join("mcp-tokens").join(&wallet);
    let mut tokens = Vec::new();
    for (body, expires_at) in [
        (json!({ "walletId": wallet }), 0),
        (json!({ "walletId": wallet, "expiresIn": 300 }), START.get() + 300),
    ] {
        let issued = gateway.by_master("POST", TOKENS, Some(body)).await;
        assert_eq!(issued.status, 201, "{issued:?}");
        assert_eq!(issued.body["expiresAt"], json!(expires_at));
        assert_eq!(issued.body["tokenPath"], file.display().to_string());
        assert_eq!(issued.body["walletName"], sample(1).name);
        let servers = issued.body["claudeDesktopConfig"]["mcpServers"].as_object().unwrap();
        let environment = &servers.values().next().unwrap()["env"];
        assert_eq!(environment["WAIAAS_DATA_DIR"], directory.path().display().to_string());
        assert_eq!(environment["WAIAAS_WALLET_ID"], wallet);
        assert!(!issued.body.to_string().contains("wai_sess_"), "the token is in the file alone");
        tokens.push(std::fs::read_to_string(&file).unwrap());
        let info =
            gateway.with_token(tokens.last().unwrap(), "GET", "/v1/connect-info", None).await;
        assert_eq!((info.status, &info.body["session"]["source"]), (200, &json!("mcp")));
    }
    let first = gateway.with_token(&tokens[0], "GET", "/v1/connect-info", None).await;
    assert_eq!(first.status, 200, "a server that runs goes on");
    for (body, status, code) in [
        (json!({}), 400, "VALIDATION_FAILED"),
        (json!({ "walletId": wallet, "expiresIn": 299 }), 400, "VALIDATION_FAILED"),
        (json!({ "walletId": sample(9).id.to_string() }), 404, "WALLET_NOT_FOUND"),
    ] {
        let refused = gateway.by_master("POST", TOKENS, Some(body.clone())).await;
        assert_eq!((refused.status, refused.code()), (status, code), "{body}");
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), tokens[1], "refusals change nothing");
}

#[tokio::test]
async fn where_the_token_cannot_be_written_there_is_no_session() {
    let directory = tempfile::tempdir().unwrap();
    let (gateway, _state) = with_directory(directory.path()).await;
    let wallet = sample(1).id.to_string();
    let in_the_way = directory.path().join("mcp-tokens").join(&wallet);
    std::fs::create_dir(&in_the_way).unwrap();
    let body = json!({ "walletId": wallet });
    let failed = gateway.by_master("POST", TOKENS, Some(body.clone())).await;
    assert_eq!((failed.status, failed.code()), (500, "INTERNAL_ERROR"));
    let sessions = gateway.by_master("GET", "/v1/sessions", None).await.body;
    let sessions = sessions["data"].as_array().unwrap();
    let of_mcp: Vec<_> = sessions.iter().filter(|session| session["source"] == "mcp").collect();
    assert_eq!(of_mcp.len(), 1, "{sessions:?}");
    assert_eq!(of_mcp[0]["status"], "REVOKED");
    std::fs::remove_dir(&in_the_way).unwrap();
    assert_eq!(gateway.by_master("POST", TOKENS, Some(body)).await.status, 201);
}

#[tokio::test]
async fn without_a_directory_for_tokens_there_is_no_session() {
    let gateway = Gateway::new().await;
    let sessions = || async { gateway.by_master("GET", "/v1/sessions", None).await.body };
    let before = sessions().await;
    let body = json!({ "walletId": sample(1).id.to_string() });
    let refused = gateway.by_master("POST", TOKENS, Some(body)).await;
    assert_eq!((refused.status, refused.code()), (500, "INTERNAL_ERROR"));
    assert_eq!(sessions().await, before);
}

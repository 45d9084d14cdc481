//! Wallets over HTTP: what the master does with them, and what stands in the audit trail.

use super::*;

#[tokio::test]
async fn a_suspended_wallet_is_seen_and_sends_nothing_until_it_is_resumed() {
    let gateway = Gateway::new().await;
    let base = format!("/v1/wallets/{}", sample(1).id);
    let suspend = format!("{base}/suspend");
    let body = json!({ "reason": "odd payments" });
    let suspended = gateway.by_master("POST", &suspend, Some(body)).await;
    assert_eq!(suspended.status, 200, "{suspended:?}");
    assert_eq!(suspended.body["suspendedAt"], json!(START.get()));
    let again = gateway.by_master("POST", &suspend, None).await;
    assert_eq!((again.status, again.code()), (409, "WALLET_SUSPENDED"));
    let shown = gateway.by_agent("GET", &base, None).await.body;
    assert_eq!(shown["status"], "SUSPENDED");
    assert_eq!(shown["suspensionReason"], "odd payments");
    let payment = json!({ "to": sample(2).address.to_string(), "amount": "1",
        "network": "base-sepolia" });
    let refused = gateway.by_agent("POST", "/v1/transactions/send", Some(payment.clone())).await;
    assert_eq!((refused.status, refused.code()), (409, "WALLET_SUSPENDED"));
    let resumed = gateway.by_master("POST", &format!("{base}/resume"), None).await;
    assert_eq!(resumed.body["status"], "ACTIVE");
    let twice = gateway.by_master("POST", &format!("{base}/resume"), None).await;
    assert_eq!((twice.status, twice.code()), (409, "INVALID_STATE_TRANSITION"));
    let sent = gateway.by_agent("POST", "/v1/transactions/send", Some(payment)).await;
    assert_eq!(sent.status, 201, "{sent:?}");
}

#[tokio::test]
async fn a_terminated_wallet_is_gone_for_its_sessions_and_stays_for_the_master() {
    let gateway = Gateway::new().await;
    let path = format!("/v1/wallets/{}", sample(1).id);
    let gone = gateway.by_master("DELETE", &path, None).await;
    assert_eq!((gone.status, &gone.body["status"]), (200, &json!("TERMINATED")));
    let again = gateway.by_master("DELETE", &path, None).await;
    assert_eq!((again.status, again.code()), (410, "WALLET_TERMINATED"));
    let theirs = gateway.by_agent("GET", &path, None).await;
    assert_eq!((theirs.status, theirs.code()), (403, "WALLET_ACCESS_DENIED"));
    assert_eq!(gateway.by_master("GET", &path, None).await.body["status"], "TERMINATED");
    let body = json!({ "walletId": sample(1).id.to_string() });
    let session = gateway.by_master("POST", "/v1/sessions", Some(body)).await;
    assert_eq!((session.status, session.code()), (410, "WALLET_TERMINATED"));
}

#[tokio::test]
async fn a_wallet_is_shown_with_everything_that_clients_read() {
    let gateway = Gateway::new().await;
    let path = format!("/v1/wallets/{}", sample(3).id);
    let renamed = gateway.by_master("PUT", &path, Some(json!({ "name": "savings" }))).await.body;
    assert_eq!(renamed["name"], "savings");
    let shown = gateway.by_master("GET", &path, None).await.body;
    for (field, value) in [
        ("chain", json!("solana")),
        ("network", json!("solana-devnet")),
        ("environment", json!("testnet")),
        ("publicKey", json!(SolanaAddress([3; 32]).to_string())),
        ("ownerState", json!("NONE")),
        ("accountType", json!("eoa")),
        ("deployed", json!(true)),
        ("updatedAt", json!(START.get())),
    ] {
        assert_eq!(shown[field], value, "{field}");
    }
    let networks = gateway.by_master("GET", &format!("{path}/networks"), None).await.body;
    assert_eq!(networks["networks"], networks["availableNetworks"]);
    assert_eq!(networks["networks"][0]["network"], "solana-devnet");
}

#[tokio::test]
async fn the_status_counts_what_there_is_and_says_that_the_signer_is_absent() {
    let gateway = Gateway::new().await;
    let payment = json!({ "to": sample(2).address.to_string(), "humanAmount": "0.5",
        "network": "base-sepolia" });
    gateway.by_agent("POST", "/v1/transactions/send", Some(payment)).await;
    let status = gateway.by_master("GET", "/v1/admin/status", None).await.body;
    for (field, value) in [
        ("status", json!("running")),
        ("walletCount", json!(3)),
        ("activeSessionCount", json!(2)),
        ("recentTxCount", json!(1)),
        ("failedTxCount", json!(0)),
        ("autoProvisioned", json!(false)),
        ("signer", json!("unreachable")),
    ] {
        assert_eq!(status[field], value, "{field}");
    }
    let newest = &status["recentTransactions"][0];
    assert_eq!(newest["formattedAmount"], "0.5 ETH");
    assert_eq!(newest["walletName"], "wallet 1");
}

//! Prices as operators see them, where no source can be reached.

use super::*;

#[tokio::test]
async fn what_has_no_price_says_why() {
    let gateway = Gateway::new().await;
    let token = "0x00000000000000000000000000000000000000aa";
    for (query, asset, why) in [
        ("network=ethereum-mainnet", "native", "too few sources have a price now"),
        ("network=eip155:1&asset=native", "native", "too few sources have a price now"),
        ("network=ethereum-sepolia", "native", "what is on a test network is worth nothing"),
        (
            "network=ethereum-mainnet&asset=0x00000000000000000000000000000000000000aa",
            token,
            "no source that is switched on knows a price of it; see [prices]",
        ),
        (
            "network=ethereum-mainnet&asset=eip155:1/erc20:0x00000000000000000000000000000000000000aa",
            token,
            "no source that is switched on knows a price of it; see [prices]",
        ),
    ] {
        let answer = gateway.by_master("GET", &format!("/v1/admin/prices?{query}"), None).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.body["price"], Value::Null, "{query}");
        assert_eq!(answer.body["unknown"], why, "{query}");
        let found = answer.body["asset"].as_str().unwrap();
        assert!(found.eq_ignore_ascii_case(asset), "{query}: {found}");
    }
    for query in [
        "network=nowhere",
        "asset=native",
        "network=solana-mainnet&asset=0x00000000000000000000000000000000000000aa",
        "network=ethereum-mainnet&asset=USDC",
        "network=ethereum-mainnet&asset=eip155:10/erc20:0x00000000000000000000000000000000000000aa",
    ] {
        let answer = gateway.by_master("GET", &format!("/v1/admin/prices?{query}"), None).await;
        assert_eq!(answer.status, 400, "{query}: {answer:?}");
    }
}

#[tokio::test]
async fn the_status_of_the_sources_has_the_form_of_the_contract() {
    let gateway = Gateway::new().await;
    let body = gateway.by_master("GET", "/v1/admin/oracle-status", None).await.body;
    for count in ["hits", "misses", "staleHits", "size", "evictions"] {
        assert_eq!(body["cache"][count], 0, "{body}");
    }
    assert_eq!(body["sources"]["pyth"]["available"], false);
    assert_eq!(body["sources"]["pyth"]["baseUrl"], "");
    assert_eq!(body["sources"]["coingecko"]["apiKeyConfigured"], false);
    assert_eq!(body["sources"]["chainlink"]["state"], "ready");
    assert_eq!(body["crossValidation"], json!({ "enabled": false, "threshold": 5 }));
}

#[tokio::test]
async fn a_rate_that_nobody_knows_is_left_out() {
    let gateway = Gateway::new().await;
    let path = "/v1/admin/forex/rates?currencies=usd,EUR";
    let answer = gateway.by_master("GET", path, None).await;
    let dollar = json!({ "rate": 1, "preview": "1 USD = 1 USD" });
    assert_eq!(answer.body, json!({ "rates": { "USD": dollar } }));
    let answer = gateway.by_master("GET", "/v1/admin/forex/rates?currencies=EUR,XYZ", None).await;
    assert_eq!((answer.status, answer.code()), (400, "VALIDATION_FAILED"));
}

#[tokio::test]
async fn what_one_wallet_has_is_shown_to_operators() {
    let gateway = Gateway::new().await;
    let path = |of: &str| format!("/v1/admin/wallets/{}/{of}", sample(1).id);
    let balance = gateway.by_master("GET", &path("balance"), None).await.body;
    let lines = balance["balances"].as_array().unwrap();
    assert!(lines.iter().any(|line| line["network"] == "ethereum-sepolia"), "{balance}");
    for line in lines {
        assert!(line["native"].is_null() && line["error"].is_string(), "no node answers: {line}");
    }
    let list = gateway.by_master("GET", &path("transactions"), None).await;
    assert_eq!(list.body, json!({ "items": [], "total": 0 }));
    for (path, expected) in [
        (path("transactions?limit=0"), 400),
        (path("transactions?offset=x"), 400),
        ("/v1/admin/wallets/x/balance".to_owned(), 400),
        (format!("/v1/admin/wallets/{}/balance", uuid::Uuid::nil()), 404),
        (format!("/v1/admin/wallets/{}/transactions", uuid::Uuid::nil()), 404),
    ] {
        let answer = gateway.by_master("GET", &path, None).await;
        assert_eq!(answer.status, expected, "{path}: {answer:?}");
    }
    let asked = "/v1/wallet/balance?display_currency=XYZ";
    assert_eq!(gateway.by_agent("GET", asked, None).await.status, 400);
}

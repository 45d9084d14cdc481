//! What operators look up: transactions, and the types of policies.

use super::*;
use crate::tx::Tier;

#[tokio::test]
async fn every_type_of_policy_is_told_with_rules_that_can_be_written() {
    let gateway = Gateway::new().await;
    let types = gateway.by_master("GET", "/v1/policies/types", None).await.body;
    let types = types["types"].as_array().unwrap();
    assert!(types.len() >= 23, "{} types", types.len());
    for one in types {
        let body = json!({ "type": one["name"], "rules": one["example"] });
        let written = gateway.by_master("POST", "/v1/policies", Some(body)).await;
        assert_eq!(written.status, 201, "{one}: {written:?}");
        assert!(["hard", "soft"].contains(&one["enforcement"].as_str().unwrap()), "{one}");
        assert!(!one["meaning"].as_str().unwrap().is_empty(), "{one}");
    }
    let by_agent = gateway.by_agent("GET", "/v1/policies/types", None).await;
    assert_eq!(by_agent.status, 200);
}

#[tokio::test]
async fn transactions_are_found_by_what_is_asked_for() {
    let gateway = Gateway::new().await;
    let to = "0x00000000000000000000000000000000000000b0";
    let mut ids = Vec::new();
    for (token, network) in [
        (&gateway.one.token, "ethereum-sepolia"),
        (&gateway.one.token, "base-sepolia"),
        (&gateway.other.token, "ethereum-sepolia"),
    ] {
        let amount = (ids.len() + 1).to_string();
        let body = json!({ "type": "TRANSFER", "to": to, "amount": amount, "network": network });
        let sent = gateway.with_token(token, "POST", "/v1/transactions/send", Some(body)).await;
        assert_eq!(sent.status, 201, "{sent:?}");
        ids.push(sent.body["id"].as_str().unwrap().to_owned());
        gateway.clock.advance(std::time::Duration::from_secs(1));
    }
    let one = sample(1).id;
    for (query, expected) in [
        (String::new(), vec![2, 1, 0]),
        ("?limit=1".to_owned(), vec![2]),
        ("?limit=1&offset=2".to_owned(), vec![0]),
        (format!("?wallet_id={one}"), vec![1, 0]),
        (format!("?walletId={one}&network=eip155:84532"), vec![1]),
        ("?status=PENDING&type=TRANSFER".to_owned(), vec![2, 1, 0]),
        ("?status=CONFIRMED".to_owned(), vec![]),
        ("?type=APPROVE".to_owned(), vec![]),
        (format!("?since={}", START.get()), vec![2, 1, 0]),
        (format!("?since={}", START.get() + 1), vec![2, 1]),
        (format!("?since={}", START.get() + 3), vec![]),
        (format!("?until={}", START.get() - 1), vec![]),
        ("?search=00B0".to_owned(), vec![2, 1, 0]),
        (format!("?search={}", ids[1]), vec![1]),
        ("?search=%25".to_owned(), vec![]),
    ] {
        let answer =
            gateway.by_master("GET", &format!("/v1/admin/transactions{query}"), None).await.body;
        let items = answer["items"].as_array().unwrap_or_else(|| panic!("{query}: {answer}"));
        let found: Vec<&str> = items.iter().map(|item| item["id"].as_str().unwrap()).collect();
        let expected: Vec<&str> = expected.into_iter().map(|at: usize| ids[at].as_str()).collect();
        assert_eq!(found, expected, "{query}");
        if !query.contains("limit") {
            assert_eq!(answer["total"], expected.len(), "{query}");
        }
    }
    let answer = gateway.by_master("GET", "/v1/admin/transactions?limit=1", None).await.body;
    let item = &answer["items"][0];
    assert_eq!(
        (&item["chain"], &item["network"]),
        (&json!("ethereum"), &json!("ethereum-sepolia"))
    );
    assert_eq!((&item["amount"], &item["walletName"]), (&json!("3"), &json!(sample(2).name)));
    let tier = item["tier"].as_str().map(str::parse::<Tier>);
    assert!(tier.is_none_or(|tier| tier.is_ok()));
    for query in [
        "limit=0",
        "limit=101",
        "status=LOST",
        "type=GIFT",
        "network=nowhere",
        "since=x",
        "wallet_id=x",
    ] {
        let path = format!("/v1/admin/transactions?{query}");
        let answer = gateway.by_master("GET", &path, None).await;
        assert_eq!(answer.status, 400, "{query}: {answer:?}");
    }
}

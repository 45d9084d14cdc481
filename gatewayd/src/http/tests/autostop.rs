//! The rules that suspend wallets, over HTTP.

use super::*;

const RULES: &str = "/v1/admin/autostop/rules";

async fn rule(gateway: &Gateway, id: &str) -> Value {
    let list = gateway.by_master("GET", RULES, None).await.body;
    let rules = list["rules"].as_array().unwrap();
    rules.iter().find(|rule| rule["id"] == id).cloned().unwrap_or(Value::Null)
}

#[tokio::test]
async fn every_rule_is_listed_and_none_counts_before_somebody_enables_it() {
    let gateway = Gateway::new().await;
    let list = gateway.by_master("GET", RULES, None).await;
    let rules = list.body["rules"].as_array().unwrap();
    let ids: Vec<_> = rules.iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    let expected =
        ["consecutive_failures", "unusual_hours", "threshold_proximity", "rapid_fire", "idle"];
    assert_eq!(ids, expected);
    assert!(rules.iter().all(|rule| rule["enabled"] == false && rule["walletId"].is_null()));
}

#[tokio::test]
async fn a_rule_is_changed_in_parts_and_a_wallets_own_begins_as_everybodys() {
    let gateway = Gateway::new().await;
    let path = |id: &str| format!("{RULES}/{id}");
    let config = json!({ "transactions": 5, "seconds": 30 });
    let set =
        gateway.by_master("PUT", &path("rapid_fire"), Some(json!({ "config": config }))).await;
    assert_eq!(
        (set.status, &set.body["enabled"], &set.body["config"]),
        (200, &json!(false), &config)
    );
    let own = format!("rapid_fire:{}", sample(1).id);
    let set = gateway.by_master("PUT", &path(&own), Some(json!({ "enabled": true }))).await;
    assert_eq!(
        (set.status, &set.body["enabled"], &set.body["config"]),
        (200, &json!(true), &config)
    );
    assert_eq!(set.body["walletId"], sample(1).id.to_string());
    assert_eq!(rule(&gateway, "rapid_fire").await["enabled"], false, "everybody's is as it was");
    assert_eq!(rule(&gateway, &own).await["updatedAt"], START.get());
}

#[tokio::test]
async fn rules_that_there_are_not_and_limits_that_are_none_are_refused() {
    let gateway = Gateway::new().await;
    let nobody = format!("rapid_fire:{}", sample(9).id);
    for id in ["fast", nobody.as_str(), "rapid_fire:x"] {
        let path = format!("{RULES}/{id}");
        let answer = gateway.by_master("PUT", &path, Some(json!({ "enabled": true }))).await;
        assert_eq!((answer.status, answer.code()), (404, "RULE_NOT_FOUND"), "{id}");
    }
    for body in [
        json!({ "config": { "transactions": 1, "seconds": 30 } }),
        json!({ "config": { "transactions": 5 } }),
        json!({ "config": { "transactions": 5, "seconds": 30, "hours": 1 } }),
        json!({ "enable": true }),
    ] {
        let path = format!("{RULES}/rapid_fire");
        let answer = gateway.by_master("PUT", &path, Some(body.clone())).await;
        assert_eq!((answer.status, answer.code()), (400, "VALIDATION_FAILED"), "{body}");
    }
    assert_eq!(rule(&gateway, "rapid_fire").await["updatedAt"], 0);
}

//! Policies: what is asked of gatewayd for a command line.

use super::*;

const ID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

fn policy(rules: &Value) -> (u16, String) {
    let body = json!({
        "id": ID, "walletId": WALLET, "type": "RATE_LIMIT", "rules": rules, "priority": 0,
        "enabled": true, "network": "base-sepolia", "createdAt": 1, "updatedAt": 2,
    });
    (200, body.to_string())
}

fn page(policies: &[(u16, String)]) -> (u16, String) {
    let data: Vec<Value> =
        policies.iter().map(|(_, body)| serde_json::from_str(body).unwrap()).collect();
    let body = json!({ "data": data, "total": data.len(), "limit": 200, "offset": 0 });
    (200, body.to_string())
}

fn refusal(status: u16, code: &str) -> (u16, String) {
    let body = json!({
        "code": code, "message": "rules.max_requests: at least 1", "requestId": "1",
        "retryable": false,
    });
    (status, body.to_string())
}

/// What was asked: request lines, and bodies.
fn asked(requests: &std::sync::mpsc::Receiver<String>, count: usize) -> Vec<(String, Value)> {
    let split = |request: String| {
        let line = request.lines().next().unwrap().trim_end_matches(" HTTP/1.1").to_owned();
        let body = request.find('{').map(|start| serde_json::from_str(&request[start..]).unwrap());
        (line, body.unwrap_or(Value::Null))
    };
    requests.iter().take(count).map(split).collect()
}

#[test]
fn a_policy_is_written_from_a_command_line() {
    let rules = json!({ "max_requests": 5, "window_seconds": 60 });
    let peers = Peers::new();
    let requests = peers.gateway(vec![policy(&rules)]);
    let line = format!(
        "policy add rate_limit max_requests=5 window_seconds=60 --wallet {WALLET} --network \
         eip155:84532 --priority 3 --disabled"
    );
    let view = command(&line, &peers).unwrap();
    assert_eq!(json_of(&view)["id"], ID);
    let expected = json!({
        "walletId": WALLET, "type": "RATE_LIMIT", "rules": rules, "priority": 3,
        "enabled": false, "network": "eip155:84532",
    });
    assert_eq!(asked(&requests, 1), [("POST /v1/policies".to_owned(), expected)]);
}

#[test]
fn rules_that_gatewayd_does_not_take_are_the_command_lines_fault() {
    let peers = Peers::new();
    let _requests = peers.gateway(vec![refusal(400, "VALIDATION_FAILED")]);
    let failure = command("policy add RATE_LIMIT max_requests=0", &peers).unwrap_err();
    assert_eq!(failure.exit(), Exit::Usage);
    assert_eq!(failure.to_string(), "rules.max_requests: at least 1");
    assert!(failure.advice(Some(&peers.place())).is_some());
}

#[test]
fn rules_come_from_a_file_too() {
    let peers = Peers::new();
    let file = peers.path().join("rules.json");
    for (text, is_json) in [(r#"{"max_requests":5}"#, true), ("max_requests=5", false)] {
        std::fs::write(&file, text).unwrap();
        let peers = Peers::new();
        let _requests = peers.gateway(vec![policy(&json!({}))]);
        let line = format!("policy add RATE_LIMIT --file {}", file.display());
        let outcome = command(&line, &peers);
        assert_eq!(outcome.as_ref().err().map(Failure::exit), (!is_json).then_some(Exit::Usage));
    }
}

#[test]
fn an_edit_sends_all_rules_with_what_changed() {
    let peers = Peers::new();
    let before = json!({ "max_requests": 5, "window_seconds": 60 });
    let requests = peers.gateway(vec![policy(&before), policy(&before), wallets(&["shop"])]);
    let line = format!("policy edit {ID} max_requests=6 --unset window_seconds");
    command(&line, &peers).unwrap();
    let expected = json!({ "rules": { "max_requests": 6 } });
    assert_eq!(asked(&requests, 2)[1], (format!("PUT /v1/policies/{ID}"), expected));
    let nothing = command(&format!("policy edit {ID}"), &Peers::new()).unwrap_err();
    assert_eq!(nothing.exit(), Exit::Usage);
}

#[test]
fn a_policy_is_switched_deleted_and_listed() {
    let peers = Peers::new();
    let deleted = (200, json!({ "id": ID, "deleted": true }).to_string());
    let one = || policy(&json!({ "max_requests": 5 }));
    let requests =
        peers.gateway(vec![one(), one(), deleted, page(&[one()]), wallets(&["shop"]), page(&[])]);
    for line in ["policy disable", "policy enable", "policy remove"] {
        command(&format!("{line} {ID}"), &peers).unwrap();
    }
    let asked = asked(&requests, 3);
    assert_eq!(asked[0].1, json!({ "enabled": false }));
    assert_eq!(asked[1].1, json!({ "enabled": true }));
    assert_eq!(asked[2].0, format!("DELETE /v1/policies/{ID}"));
    let text = text_of(&command("policy list", &peers).unwrap());
    assert!(text.contains("RATE_LIMIT  shop    base-sepolia"), "{text}");
    assert!(text.contains(r#"{"max_requests":5}"#), "{text}");
    let text = text_of(&command("policy list", &peers).unwrap());
    assert!(text.contains("policy template"), "{text}");
}

#[test]
fn a_set_that_cannot_be_written_whole_is_taken_back() {
    let peers = Peers::new();
    let gone = (200, json!({ "id": ID, "deleted": true }).to_string());
    let written = policy(&json!({}));
    let requests = peers.gateway(vec![written, refusal(400, "VALIDATION_FAILED"), gone]);
    let failure = command("policy template conservative --apply", &peers).unwrap_err();
    assert_eq!(failure.exit(), Exit::Usage);
    let lines: Vec<String> = asked(&requests, 3).into_iter().map(|(line, _)| line).collect();
    let delete = format!("DELETE /v1/policies/{ID}");
    assert_eq!(lines, ["POST /v1/policies", "POST /v1/policies", delete.as_str()]);
}

#[test]
fn sets_are_listed_and_printed_without_gatewayd() {
    let peers = Peers::new();
    let list = json_of(&command("policy template", &peers).unwrap());
    for template in list["templates"].as_array().unwrap() {
        let line = format!("policy template {}", template["name"].as_str().unwrap());
        let printed = json_of(&command(&line, &peers).unwrap());
        assert_eq!(printed.as_array().unwrap().len(), template["policies"]);
    }
    let failure = command("policy template reckless", &peers).unwrap_err();
    assert_eq!(failure.exit(), Exit::NotFound);
}

fn tested(denial: &Value, tier: &Value) -> (u16, String) {
    let verdict = json!({
        "rule": "WHITELIST", "source": "stored", "policyId": ID, "position": null, "tier": tier,
        "denial": denial, "remedy": null,
    });
    let body = json!({
        "allowed": denial.is_null(), "tier": tier, "delaySeconds": 1_800,
        "approvalTimeout": null, "denial": denial, "verdicts": [verdict], "operations": [],
    });
    (200, body.to_string())
}

#[test]
fn a_what_if_ends_as_the_policies_say() {
    let denial = json!({
        "rule": "WHITELIST", "code": "WHITELIST_DENIED", "reason": "0xB is not on the list",
        "remedy": "put it on the list",
    });
    let peers = Peers::new();
    let requests =
        peers.gateway(vec![tested(&Value::Null, &json!("DELAY")), tested(&denial, &Value::Null)]);
    let line = format!("policy test {WALLET} --to 0xB --amount 0.25 --network ethereum-mainnet");
    let view = command(&line, &peers).unwrap();
    assert_eq!(view.exit(), None);
    assert!(text_of(&view).contains("allowed with the tier DELAY: it waits 30 min 0 s"));
    let view = command(&format!("{line} --worth-usd 12.50 --at 5"), &peers).unwrap();
    assert_eq!(view.exit(), Some(Exit::Refused));
    let text = text_of(&view);
    assert!(text.contains("denied by WHITELIST: 0xB is not on the list"), "{text}");
    assert!(text.contains("put it on the list"), "{text}");
    let asked = asked(&requests, 2);
    let request = json!({ "type": "TRANSFER", "to": "0xB", "amount": "250000000000000000" });
    let expected = json!({
        "walletId": WALLET, "network": "ethereum-mainnet", "request": request, "stored": true,
    });
    assert_eq!(asked[0], ("POST /v1/policies/test".to_owned(), expected));
    let facts = asked[1].1["facts"].clone();
    assert_eq!((&facts["now"], facts["worthUsd"].as_f64()), (&json!(5), Some(12.5)));
}

#[test]
fn a_what_if_reads_amounts_of_tokens_by_their_decimals() {
    let resolved = json!({
        "symbol": "T", "name": "T", "decimals": 6, "address": "0xT", "network": "base-sepolia",
    });
    let peers = Peers::new();
    let answer = tested(&Value::Null, &json!("INSTANT"));
    let requests = peers.gateway(vec![(200, resolved.to_string()), answer]);
    let line =
        format!("policy test {WALLET} --spender 0xB --token 0xT --amount 1.5 --network eip155:1");
    command(&line, &peers).unwrap();
    let body = asked(&requests, 2).remove(1).1;
    let request =
        json!({ "type": "APPROVE", "spender": "0xB", "token": "0xT", "amount": "1500000" });
    assert_eq!(body["request"], request);
    assert_eq!(body["facts"], json!({ "decimals": { "0xT": 6 } }));
    for line in [
        "--to 0xB --amount 1.5 --network nowhere",
        "--to 0xB --token 0xT --amount 1.5",
        "--to 0xB --amount x --network eip155:1",
        "--to 0xB --worth-usd much",
    ] {
        let peers = Peers::new();
        let failure = command(&format!("policy test {WALLET} {line}"), &peers).unwrap_err();
        assert_eq!(failure.exit(), Exit::Usage, "{line}");
    }
}

#[test]
fn a_batch_comes_from_a_file_and_each_part_is_shown() {
    let peers = Peers::new();
    let (status, body) = tested(&Value::Null, &json!("NOTIFY"));
    let mut body: Value = serde_json::from_str(&body).unwrap();
    let part = |part: u8, tier: &str| json!({ "part": part, "allowed": true, "tier": tier, "denial": null, "operations": [] });
    body["parts"] = json!([part(1, "INSTANT"), part(2, "NOTIFY")]);
    let requests = peers.gateway(vec![(status, body.to_string())]);
    let file = peers.path().join("batch.json");
    let parts = json!([{ "to": "0xB", "amount": "5" }, { "to": "0xC", "amount": "6" }]);
    std::fs::write(&file, parts.to_string()).unwrap();
    let line = format!("policy test {WALLET} --batch {} --network eip155:1", file.display());
    let text = text_of(&command(&line, &peers).unwrap());
    assert!(text.contains("part 2: allowed with the tier NOTIFY"), "{text}");
    let request = json!({ "type": "BATCH", "instructions": parts });
    assert_eq!(asked(&requests, 1)[0].1["request"], request);

    std::fs::write(&file, "[{\"nobody\": 1}]").unwrap();
    let failure = command(&line, &Peers::new()).unwrap_err();
    assert_eq!(failure.exit(), Exit::Usage);
}

#[test]
fn policies_of_a_file_are_tried() {
    let peers = Peers::new();
    let requests = peers.gateway(vec![tested(&Value::Null, &json!("INSTANT"))]);
    let file = peers.path().join("policies.json");
    let policy = json!({ "type": "RATE_LIMIT", "rules": { "max_requests": 1 } });
    std::fs::write(&file, json!([policy]).to_string()).unwrap();
    let line = format!("policy test {WALLET} --text hi --with {} --only", file.display());
    command(&line, &peers).unwrap();
    let body = asked(&requests, 1).remove(0).1;
    assert_eq!((&body["stored"], &body["message"]), (&json!(false), &json!("hi")));
    assert_eq!(body["policies"][0]["type"], "RATE_LIMIT");
    std::fs::write(&file, "{}").unwrap();
    assert_eq!(command(&line, &Peers::new()).unwrap_err().exit(), Exit::Usage);
}

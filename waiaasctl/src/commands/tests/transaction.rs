//! Transactions that are listed, waited for and decided about.

use super::*;

/// Request lines, and bodies.
fn asked(requests: &std::sync::mpsc::Receiver<String>, count: usize) -> Vec<(String, Value)> {
    let split = |request: String| {
        let line = request.lines().next().unwrap().trim_end_matches(" HTTP/1.1").to_owned();
        let body = request.find('{').map(|start| serde_json::from_str(&request[start..]).unwrap());
        (line, body.unwrap_or(Value::Null))
    };
    requests.iter().take(count).map(split).collect()
}

#[test]
fn what_is_waited_for_is_over_when_a_queued_one_is() {
    for (statuses, exit) in [
        (&["QUEUED", "GAS_WAITING", "SUBMITTED", "CONFIRMED"][..], None),
        (&["QUEUED", "CANCELLED"], Some(Exit::Refused)),
        (&["EXPIRED"], Some(Exit::Failed)),
        (&["SIGNED"], None),
    ] {
        let peers = Peers::new();
        let answers = [wallets(&["shop"]), session()]
            .into_iter()
            .chain(statuses.iter().map(|status| transaction(status)))
            .chain([revoked()]);
        let _requests = peers.gateway(answers.collect());
        let outcome = command(&format!("tx wait {WALLET}"), &peers);
        assert_eq!(outcome.as_ref().err().map(Failure::exit), exit, "{statuses:?}");
    }
}

#[test]
fn who_waits_long_enough_is_told_that_it_goes_on() {
    let peers = Peers::new();
    let queued = || transaction("QUEUED");
    let answers =
        vec![wallets(&["shop"]), session(), queued(), queued(), queued(), queued(), revoked()];
    let _requests = peers.gateway(answers);
    let failure = command(&format!("tx wait {WALLET} --timeout 1"), &peers).unwrap_err();
    assert_eq!(failure.exit(), Exit::TimedOut);
}

#[test]
fn transactions_are_listed_by_what_is_asked_for() {
    let item = json!({
        "id": WALLET, "walletId": WALLET, "walletName": "shop", "type": "TRANSFER",
        "status": "QUEUED", "tier": "DELAY", "toAddress": "0x1", "amount": "5",
        "formattedAmount": "0.5 ETH", "amountUsd": null, "network": "base-sepolia",
        "txHash": null, "chain": "ethereum", "createdAt": 1, "error": null,
    });
    let page = |items: &[&Value], total: u64| {
        let body = json!({ "items": items, "total": total, "offset": 0, "limit": 1 });
        (200, body.to_string())
    };
    let peers = Peers::new();
    let requests = peers.gateway(vec![page(&[&item], 3), page(&[], 0)]);
    let line = format!("tx list --wallet {WALLET} --status queued --network eip155:1 --limit 1");
    let text = text_of(&command(&line, &peers).unwrap());
    assert!(text.contains("shop    TRANSFER  QUEUED  DELAY  base-sepolia"), "{text}");
    assert!(text.contains("1 of 3; the next ones: --offset 1"), "{text}");
    assert!(text_of(&command("tx list", &peers).unwrap()).contains("no transactions"));
    let (line, _) = asked(&requests, 1).remove(0);
    let query = format!("limit=1&offset=0&wallet_id={WALLET}&status=QUEUED&network=eip155%3A1");
    assert_eq!(line, format!("GET /v1/admin/transactions?{query}"));
}

#[test]
fn people_decide_about_what_waits() {
    let state = |status: &str| (200, json!({ "id": WALLET, "status": status }).to_string());
    let rejected = json!({ "id": WALLET, "status": "CANCELLED", "rejectedAt": 5 });
    let approved = json!({
        "id": WALLET, "status": "QUEUED", "approvedAt": null, "signatures": 1, "threshold": 2,
    });
    let peers = Peers::new();
    let requests = peers.gateway(vec![
        state("CANCELLED"),
        state("SUBMITTED"),
        (200, rejected.to_string()),
        state("SUBMITTED"),
        (200, approved.to_string()),
    ]);
    let text = text_of(&command("tx cancel 1", &peers).unwrap());
    assert!(text.contains("CANCELLED") && !text.contains("tx wait"), "{text}");
    let text = text_of(&command("tx cancel 1", &peers).unwrap());
    assert!(text.contains("tx wait 1"), "{text}");
    command("tx reject 1", &peers).unwrap();
    command("tx speed-up 1", &peers).unwrap();
    let line = "tx approve 1 --owner 0xab --signature 0x12 --typed-data";
    let text = text_of(&command(line, &peers).unwrap());
    assert!(text.contains("1 of 2 owners have signed"), "{text}");
    let asked = asked(&requests, 5);
    let lines: Vec<&str> = asked.iter().map(|(line, _)| line.as_str()).collect();
    assert_eq!(
        lines,
        [
            "POST /v1/admin/transactions/1/cancel",
            "POST /v1/admin/transactions/1/cancel",
            "POST /v1/transactions/1/reject",
            "POST /v1/transactions/1/speed-up",
            "POST /v1/transactions/1/approve",
        ]
    );
    let signature = json!({ "owner": "0xab", "form": "typedData", "signature": "0x12" });
    assert_eq!(asked[4].1, json!({ "signatures": [signature] }));
}

#[test]
fn what_owners_sign_is_printed_to_the_byte() {
    let question = json!({
        "id": WALLET, "walletId": WALLET, "status": "QUEUED", "text": "pay\n5", "typedData": {},
        "lines": [], "terms": {
            "instance": "0x", "guardVersion": 1, "feeCeiling": "0", "expiresAt": 5, "nonce": "0x",
        },
        "transaction": "0x", "intent": "0x", "owners": ["0xab"], "threshold": 1,
        "signatures": [], "approvedAt": null, "page": "http://127.0.0.1:3100/approve#1.right",
    });
    let peers = Peers::new();
    let answer = || (200, question.to_string());
    let _requests = peers.gateway(vec![answer(), answer(), answer(), answer()]);
    assert_eq!(text_of(&command("tx question 1 --text", &peers).unwrap()), "pay\n5");
    assert_eq!(text_of(&command("tx question 1 --typed-data", &peers).unwrap()), "{}\n");
    let text = text_of(&command("tx question 1", &peers).unwrap());
    assert!(text.contains("nobody yet") && text.contains("tx question 1 --text"), "{text}");
    assert!(text.contains("http://127.0.0.1:3100/approve#1.right"), "{text}");
    let text = text_of(&command("tx approve 1", &peers).unwrap());
    assert!(text.lines().any(|line| line == "http://127.0.0.1:3100/approve#1.right"), "{text}");
}

#[test]
fn types_of_policies_are_listed_and_one_is_shown_with_its_example() {
    let types = json!({ "types": [{
        "name": "RATE_LIMIT", "aliases": ["PACE"], "enforcement": "hard", "meaning": "not so fast",
        "example": { "max_requests": 10 },
    }] });
    let peers = Peers::new();
    let answer = || (200, types.to_string());
    let _requests = peers.gateway(vec![answer(), answer(), answer()]);
    let text = text_of(&command("policy types", &peers).unwrap());
    assert!(text.contains("RATE_LIMIT  hard      not so fast"), "{text}");
    let text = text_of(&command("policy types pace", &peers).unwrap());
    assert!(text.contains("\"max_requests\": 10") && text.contains("PACE"), "{text}");
    assert_eq!(command("policy types gift", &peers).unwrap_err().exit(), Exit::NotFound);
}

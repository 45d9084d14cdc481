//! What sessions are limited to, over HTTP.

use super::*;

async fn open_with(gateway: &Gateway, constraints: Value) -> Answer {
    let body = json!({ "walletId": sample(1).id.to_string(), "constraints": constraints });
    gateway.by_master("POST", "/v1/sessions", Some(body)).await
}

async fn token_with(gateway: &Gateway, constraints: Value) -> String {
    let opened = open_with(gateway, constraints).await;
    assert_eq!(opened.status, 201, "{opened:?}");
    opened.body["token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn constraints_come_back_as_they_were_given_to_the_operator_and_the_agent() {
    let gateway = Gateway::new().await;
    let constraints = json!({
        "allowedOperations": ["TRANSFER", "TOKEN_TRANSFER"],
        "allowedNetworks": ["ethereum-sepolia"],
        "allowedRecipients": ["0x70997970C51812dc3A010C7d01b50e0d17dc79C8"],
        "limits": [{ "network": "ethereum-sepolia", "asset": "native", "perTransaction": "5",
                     "total": "50" }],
        "perTransactionUsd": 2.5, "totalUsd": 10, "maxTransactions": 3,
    });
    let opened = open_with(&gateway, constraints.clone()).await.body;
    let listed = gateway.by_master("GET", "/v1/sessions", None).await.body;
    let listed = listed["data"].as_array().unwrap();
    let listed = listed.iter().find(|session| session["id"] == opened["id"]).unwrap();
    assert_eq!(listed["constraints"], constraints);
    let token = opened["token"].as_str().unwrap();
    let info = gateway.with_token(token, "GET", "/v1/connect-info", None).await.body;
    assert_eq!(info["session"]["constraints"], constraints);
    let unlimited = gateway.by_agent("GET", "/v1/connect-info", None).await.body;
    assert_eq!(unlimited["session"]["constraints"], json!({}));
    for nothing in [json!({}), Value::Null] {
        assert_eq!(open_with(&gateway, nothing).await.status, 201);
    }
}

#[tokio::test]
async fn constraints_that_would_mislead_are_refused() {
    let gateway = Gateway::new().await;
    let native = |field: &str, value: &str| {
        let mut limit = json!({ "network": "ethereum-sepolia", "asset": "native" });
        limit[field] = json!(value);
        json!({ "limits": [limit] })
    };
    for constraints in [
        json!({ "role": "admin" }),
        json!({ "role": "viewer", "maxTransactions": 1 }),
        json!({ "allowedOperations": [] }),
        json!({ "allowedOperations": ["transfer"] }),
        json!({ "allowedNetworks": ["nowhere"] }),
        json!({ "allowedRecipients": ["bob.eth"] }),
        json!({ "limits": [{ "network": "ethereum-sepolia", "asset": "native" }] }),
        native("total", "1.5"),
        native("total", "-1"),
        native("perTransaction", "0x10"),
        json!({ "totalUsd": -1 }),
        json!({ "totalUsd": "10" }),
        json!({ "totalUsd": 0.000_000_1 }),
        json!({ "maxTransactions": 0 }),
        json!({ "maxAmount": 5 }),
    ] {
        let answer = open_with(&gateway, constraints.clone()).await;
        assert_eq!((answer.status, answer.code()), (400, "VALIDATION_FAILED"), "{constraints}");
    }
    assert_eq!(open_with(&gateway, native("total", "1")).await.status, 201);
}

#[tokio::test]
async fn viewers_and_auditors_read_and_do_nothing_else() {
    let gateway = Gateway::new().await;
    let send = json!({ "to": "0x70997970C51812dc3A010C7d01b50e0d17dc79C8", "amount": "1",
                       "network": "ethereum-sepolia" });
    for role in ["viewer", "auditor"] {
        let token = token_with(&gateway, json!({ "role": role })).await;
        // That one ends the session.
        let ends_it = |route: &&crate::http::Route| route.path == "/v1/kill-switch";
        for route in crate::http::ROUTES.iter().filter(|route| !ends_it(route)) {
            let path = route.path.replace("{id}", &sample(1).id.to_string());
            let body = (route.method != "GET").then(|| send.clone());
            let answer = gateway.with_token(&token, route.method, &path, body).await;
            let refused = (answer.status, answer.code()) == (403, "CONSTRAINT_VIOLATED");
            let takes_agents = matches!(
                route.credential,
                crate::http::Credential::Agent
                    | crate::http::Credential::MasterOrAgent
                    | crate::http::Credential::MasterOrAuditor
                    | crate::http::Credential::AgentOrOwner
            );
            let for_auditors = route.credential == crate::http::Credential::MasterOrAuditor;
            let expected = takes_agents && !route.only_reads() || for_auditors && role != "auditor";
            assert_eq!(refused, expected, "{role}: {route:?}: {answer:?}");
        }
        for (method, path) in [
            ("POST", "/v1/transactions/send"),
            ("POST", "/v1/transactions/sign"),
            ("POST", "/v1/transactions/sign-message"),
            ("POST", "/v1/transactions/019b0000-0000-7000-8000-000000000000/cancel"),
            ("POST", "/v1/transactions/019b0000-0000-7000-8000-000000000000/speed-up"),
        ] {
            let answer = gateway.with_token(&token, method, path, Some(send.clone())).await;
            assert_eq!((answer.status, answer.code()), (403, "CONSTRAINT_VIOLATED"), "{path}");
        }
        let read = gateway.with_token(&token, "GET", "/v1/transactions", None).await;
        assert_eq!(read.status, 200);
        let ended = gateway.with_token(&token, "POST", "/v1/kill-switch", None).await;
        assert_eq!(ended.status, 200, "{ended:?}");
        let after = gateway.with_token(&token, "GET", "/v1/transactions", None).await;
        assert_eq!((after.status, after.code()), (401, "SESSION_REVOKED"));
    }
}

#[tokio::test]
async fn what_a_session_may_not_ask_for_is_refused_before_it_is_stored() {
    let gateway = Gateway::new().await;
    let send = json!({ "to": "0x70997970C51812dc3A010C7d01b50e0d17dc79C8", "amount": "1",
                       "network": "ethereum-sepolia" });
    for (constraints, status) in [
        (json!({ "allowedOperations": ["SIGN_MESSAGE"] }), 403),
        (json!({ "allowedOperations": ["TRANSFER"] }), 201),
        (json!({ "allowedNetworks": ["base-sepolia"] }), 403),
        (json!({ "allowedNetworks": ["ethereum-sepolia"] }), 201),
    ] {
        let token = token_with(&gateway, constraints.clone()).await;
        let answer =
            gateway.with_token(&token, "POST", "/v1/transactions/send", Some(send.clone())).await;
        assert_eq!(answer.status, status, "{constraints}: {answer:?}");
        if status == 403 {
            assert_eq!(answer.code(), "CONSTRAINT_VIOLATED");
            assert!(answer.body["hint"].is_string());
        }
    }
}

/// Read by position, it would be constraints of which every one is left out.
#[tokio::test]
async fn a_list_in_place_of_constraints_is_refused_and_no_session_without_limits() {
    let gateway = Gateway::new().await;
    for constraints in
        [json!([]), json!(["viewer"]), json!({ "limits": [["base-sepolia", "native", "1"]] })]
    {
        let answer = open_with(&gateway, constraints.clone()).await;
        assert_eq!((answer.status, answer.code()), (400, "VALIDATION_FAILED"), "{constraints}");
        let message = answer.body["message"].as_str().unwrap();
        assert!(message.contains("expected an object"), "{message}");
    }
    for constraints in [json!({}), json!(null)] {
        assert_eq!(open_with(&gateway, constraints).await.status, 201);
    }
    let request = |constraints: Value| {
        let wallets = [sample(1).id.to_string()];
        json!({ "agent": "somebody", "walletIds": wallets, "constraints": constraints })
    };
    for (body, status) in [
        (request(json!([])), 400),
        (json!([]), 400),
        (json!(["somebody", [sample(1).id.to_string()]]), 400),
        (request(json!({})), 201),
    ] {
        let body = Some(body.to_string());
        let ask = Ask { method: "POST", path: "/v1/sessions/requests", body, ..Ask::default() };
        assert_eq!(gateway.ask(ask).await.status, status);
    }
}

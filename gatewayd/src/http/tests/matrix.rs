//! Who may ask what: every route with every kind of caller.

use super::*;
use crate::http::ROUTES;
use crate::owner::Action;
use crate::owner::testing::TestOwner;

/// Every route, and who is let in: nobody at all (public), agents, the master (by password or by
/// the operator's socket), owners by a message that they signed. A new route does not pass without
/// a row.
#[rustfmt::skip]
pub(super) const RELATION: &[(&str, &str, [bool; 4])] = &[
    //                                                 public  agent  master owner
    ("GET",    "/health",                              [true,  true,  true,  true]),
    ("GET",    "/doc",                                 [true,  true,  true,  true]),
    ("GET",    "/v1/nonce",                            [true,  true,  true,  true]),
    ("POST",   "/v1/owners/messages",                  [true,  true,  true,  true]),
    ("GET",    "/v1/owners/sessions",                  [false, false, false, true]),
    ("GET",    "/approve",                             [true,  true,  true,  true]),
    ("GET",    "/sessions",                            [true,  true,  true,  true]),
    ("GET",    "/pages/{file}",                        [true,  true,  true,  true]),
    ("GET",    "/v1/connect-info",                     [false, true,  false, false]),
    ("GET",    "/v1/wallets",                          [false, true,  true,  false]),
    ("POST",   "/v1/wallets",                          [false, false, true,  false]),
    ("GET",    "/v1/wallets/{id}",                     [false, true,  true,  false]),
    ("PUT",    "/v1/wallets/{id}",                     [false, false, true,  false]),
    ("DELETE", "/v1/wallets/{id}",                     [false, false, true,  false]),
    ("DELETE", "/v1/wallets/{id}/purge",               [false, false, true,  false]),
    ("POST",   "/v1/wallets/{id}/withdraw",            [false, false, true,  false]),
    ("POST",   "/v1/wallets/{id}/suspend",             [false, false, true,  false]),
    ("POST",   "/v1/wallets/{id}/resume",              [false, false, true,  false]),
    ("PUT",    "/v1/wallets/{id}/owner",               [false, false, true,  false]),
    ("DELETE", "/v1/wallets/{id}/owner",               [false, false, true,  false]),
    ("POST",   "/v1/wallets/{id}/owner/verify",        [false, false, false, true]),
    ("GET",    "/v1/wallets/{id}/networks",            [false, true,  true,  false]),
    ("GET",    "/v1/sessions",                         [false, true,  true,  false]),
    ("POST",   "/v1/sessions",                         [false, false, true,  false]),
    ("DELETE", "/v1/sessions/{id}",                    [false, false, true,  true]),
    ("PUT",    "/v1/sessions/{id}/renew",              [false, true,  false, false]),
    ("POST",   "/v1/sessions/{id}/rotate",             [false, false, true,  false]),
    ("GET",    "/v1/sessions/{id}/wallets",            [false, false, true,  false]),
    ("POST",   "/v1/sessions/{id}/wallets",            [false, false, true,  false]),
    ("DELETE", "/v1/sessions/{id}/wallets/{walletId}", [false, false, true,  false]),
    ("GET",    "/v1/sessions/requests",                [false, false, true,  false]),
    // Who knows a request's id, or its secret, is the one who may.
    ("POST",   "/v1/sessions/requests",                [true,  true,  true,  true]),
    ("GET",    "/v1/sessions/requests/{id}",           [true,  true,  true,  true]),
    // A link's right is for one request: nobody has it for another.
    ("GET",    "/v1/sessions/requests/{id}/question",  [false, false, false, false]),
    ("POST",   "/v1/sessions/requests/{id}/message",   [true,  true,  true,  true]),
    ("POST",   "/v1/sessions/requests/{id}/approve",   [false, false, true,  true]),
    ("POST",   "/v1/sessions/requests/{id}/reject",    [false, false, true,  true]),
    ("POST",   "/v1/sessions/requests/{id}/token",     [true,  true,  true,  true]),
    ("GET",    "/v1/policies",                         [false, true,  true,  false]),
    ("POST",   "/v1/policies",                         [false, false, true,  false]),
    ("POST",   "/v1/policies/test",                    [false, false, true,  false]),
    ("GET",    "/v1/policies/types",                   [false, true,  true,  false]),
    ("GET",    "/v1/policies/{id}",                    [false, false, true,  false]),
    ("PUT",    "/v1/policies/{id}",                    [false, false, true,  false]),
    ("DELETE", "/v1/policies/{id}",                    [false, false, true,  false]),
    ("GET",    "/v1/tokens",                           [false, true,  true,  false]),
    ("POST",   "/v1/tokens",                           [false, false, true,  false]),
    ("DELETE", "/v1/tokens",                           [false, false, true,  false]),
    ("GET",    "/v1/tokens/resolve",                   [false, false, true,  false]),
    ("GET",    "/v1/wallet/address",                   [false, true,  false, false]),
    ("GET",    "/v1/wallet/balance",                   [false, true,  false, false]),
    ("GET",    "/v1/wallet/assets",                    [false, true,  false, false]),
    ("POST",   "/v1/transactions/send",                [false, true,  false, false]),
    ("POST",   "/v1/transactions/simulate",            [false, true,  false, false]),
    ("POST",   "/v1/transactions/sign",                [false, true,  false, false]),
    ("POST",   "/v1/transactions/sign-message",        [false, true,  false, false]),
    ("GET",    "/v1/transactions",                     [false, true,  false, false]),
    ("GET",    "/v1/transactions/pending",             [false, true,  false, false]),
    ("GET",    "/v1/transactions/{id}",                [false, true,  false, false]),
    ("POST",   "/v1/transactions/{id}/cancel",         [false, true,  false, true]),
    ("POST",   "/v1/transactions/{id}/speed-up",       [false, true,  true,  false]),
    ("GET",    "/v1/transactions/{id}/approval",       [false, true,  true,  false]),
    // Who asks does not matter: the owners' signatures in the body do.
    ("POST",   "/v1/transactions/{id}/approve",        [false, false, false, false]),
    ("POST",   "/v1/transactions/{id}/reject",         [false, false, true,  true]),
    // A link's right is for one transaction: nobody has it for another.
    ("GET",    "/v1/approvals/{id}",                   [false, false, false, false]),
    ("POST",   "/v1/utils/encode-calldata",            [false, true,  false, false]),
    ("GET",    TRAIL,                                  [false, false, true,  false]),
    ("POST",   "/v1/kill-switch",                      [false, true,  false, false]),
    ("GET",    "/v1/admin/kill-switch",                [true,  true,  true,  true]),
    ("POST",   "/v1/admin/kill-switch",                [false, false, true,  true]),
    ("POST",   "/v1/admin/kill-switch/escalate",       [false, false, true,  true]),
    ("POST",   "/v1/admin/recover",                    [false, false, true,  false]),
    ("GET",    "/v1/admin/autostop/rules",             [false, false, true,  false]),
    ("PUT",    "/v1/admin/autostop/rules/{id}",        [false, false, true,  false]),
    ("POST",   "/v1/admin/sessions/{id}/reissue",      [false, false, true,  false]),
    ("POST",   "/v1/admin/agent-prompt",               [false, false, true,  false]),
    ("POST",   "/v1/mcp/tokens",                       [false, false, true,  false]),
    ("GET",    "/v1/admin/status",                     [false, false, true,  false]),
    ("POST",   "/v1/admin/transactions/{id}/cancel",   [false, false, true,  false]),
    ("POST",   "/v1/admin/transactions/{id}/reject",   [false, false, true,  false]),
    ("GET",    "/v1/admin/wallets/{id}/balance",       [false, false, true,  false]),
    ("GET",    "/v1/admin/wallets/{id}/transactions",  [false, false, true,  false]),
    ("GET",    "/v1/admin/transactions",               [false, false, true,  false]),
    ("GET",    "/v1/admin/metrics",                    [false, false, true,  false]),
    ("GET",    "/metrics",                             [false, false, false, false]),
    ("GET",    "/v1/admin/rpc-status",                 [false, false, true,  false]),
    ("POST",   "/v1/admin/settings/test-rpc",          [false, false, true,  false]),
    ("GET",    "/v1/admin/oracle-status",              [false, false, true,  false]),
    ("GET",    "/v1/admin/forex/rates",                [false, false, true,  false]),
    ("GET",    "/v1/admin/prices",                     [false, false, true,  false]),
    ("PUT",    "/v1/admin/master-password",            [false, false, true,  false]),
    ("POST",   "/v1/admin/rotate-secret",              [false, false, true,  false]),
    ("POST",   SHORTEN,                                [false, false, false, false]),
    ("GET",    DATABASE,                               [false, false, false, false]),
    ("PUT",    DATABASE,                               [false, false, false, false]),
    ("POST",   "/v1/admin/shutdown",                   [false, false, true,  false]),
];

/// Where the operator's socket is the only credential.
const OPERATORS_ALONE: &[&str] = &[DATABASE, SHORTEN, "/metrics"];
const DATABASE: &str = "/v1/admin/database";
const SHORTEN: &str = "/v1/admin/audit-logs/shorten";

/// What auditors read besides what agents do.
const TRAIL: &str = "/v1/audit-logs";

/// What auditors may ask that is not for reading alone.
const AUDITORS_OWN: &[&str] = &[
    "/v1/sessions/{id}/renew",
    "/v1/transactions/simulate",
    "/v1/utils/encode-calldata",
    "/v1/kill-switch",
];

#[derive(Clone, Copy, Debug)]
enum Who {
    Nobody,
    Agent,
    Auditor,
    RevokedAgent,
    ForgedAgent,
    Master,
    WrongMaster,
    Operator,
    Owner,
    OwnerOfNothing,
    OwnerTwice,
    ForgedOwner,
}

impl Who {
    const ALL: [Self; 12] = [
        Self::Nobody,
        Self::Agent,
        Self::Auditor,
        Self::RevokedAgent,
        Self::ForgedAgent,
        Self::Master,
        Self::WrongMaster,
        Self::Operator,
        Self::Owner,
        Self::OwnerOfNothing,
        Self::OwnerTwice,
        Self::ForgedOwner,
    ];

    fn is_let_in(
        self,
        (method, path): (&str, &str),
        [public, agent, master, owner]: [bool; 4],
    ) -> bool {
        let reads = method == "GET" || AUDITORS_OWN.contains(&path);
        match self {
            Self::Auditor => public || agent && reads || path == TRAIL,
            Self::Nobody
            | Self::RevokedAgent
            | Self::ForgedAgent
            | Self::WrongMaster
            | Self::OwnerOfNothing
            | Self::OwnerTwice
            | Self::ForgedOwner => public,
            Self::Owner => owner,
            Self::Agent => agent,
            Self::Master | Self::Operator => master,
        }
    }
}

#[test]
fn every_route_has_its_row() {
    let routes: Vec<_> = ROUTES.iter().map(|route| (route.method, route.path)).collect();
    let rows: Vec<_> = RELATION.iter().map(|(method, path, _)| (*method, *path)).collect();
    assert_eq!(routes, rows);
}

#[tokio::test]
async fn every_route_lets_in_whom_it_should_and_nobody_else() {
    for (method, path, expected) in RELATION {
        for who in Who::ALL {
            let answer = ask_as(who, method, path).await;
            // Whose signature is good and who owns nothing hears so, and is not let in either.
            // So does whose session is of another role.
            let strangers = ["OWNER_ADDRESS_MISMATCH", "CONSTRAINT_VIOLATED"];
            let let_in = answer.status != 401 && !strangers.contains(&answer.code());
            let operators = OPERATORS_ALONE.contains(path) && matches!(who, Who::Operator);
            let expected = operators || who.is_let_in((*method, *path), *expected);
            assert_eq!(let_in, expected, "{method} {path} {who:?}: {answer:?}");
            assert_ne!(answer.status, 500, "{method} {path} {who:?}: {answer:?}");
        }
    }
}

/// On a gateway of its own, as some routes end what they are asked with.
async fn ask_as(who: Who, method: &str, path: &str) -> Answer {
    let gateway = Gateway::new().await;
    let revoked = gateway.open(vec![sample(1).id]).await;
    let now = START;
    let revoke = gateway.app.store.write(move |db| db.revoke_session(revoked.session.id, now));
    assert!(revoke.await.unwrap());
    let asked = asked_for(&gateway).await;
    let bearer = |token: &str| vec![("authorization", format!("Bearer {token}"))];
    let password = |text: &str| vec![("x-master-password", text.to_owned())];
    let owner = TestOwner::evm(5);
    let mut headers = match who {
        Who::Nobody | Who::Operator => vec![],
        Who::Agent => bearer(&gateway.one.token),
        Who::Auditor => bearer(&gateway.auditor(&[sample(1).id]).await),
        Who::RevokedAgent => bearer(&revoked.token),
        Who::ForgedAgent => bearer(&format!("{}x", gateway.one.token)),
        Who::Master => password(PASSWORD),
        Who::WrongMaster => password("wrong horse battery"),
        Who::Owner | Who::OwnerTwice | Who::ForgedOwner if path.contains("requests/{id}/") => {
            session_requests::verified(&gateway, &owner).await;
            let decision = if path.ends_with("reject") { "reject" } else { "approve" };
            let path = format!("/v1/sessions/requests/{asked}");
            session_requests::signed_to(&gateway, &owner, &path, decision).await.1
        }
        Who::Owner | Who::OwnerTwice | Who::ForgedOwner => {
            let action = match path.rsplit('/').next() {
                Some("sessions") => Action::Sessions,
                _ if path == "/v1/sessions/{id}" => Action::Revoke(gateway.one.session.id),
                Some("cancel") => Action::Cancel(sample(1).id.to_string().parse().unwrap()),
                Some("reject") => Action::Reject(sample(1).id.to_string().parse().unwrap()),
                Some("verify") => Action::Verify(sample(1).id),
                Some("escalate") => Action::Escalate,
                Some(_) | None => Action::KillSwitch,
            };
            gateway.own(&owner).await;
            gateway.signed(&owner, action).await
        }
        Who::OwnerOfNothing => gateway.signed(&owner, Action::KillSwitch).await,
    };
    if matches!(who, Who::OwnerTwice) {
        let path = format!("/v1/transactions/{}/reject", sample(2).id);
        let headers = headers.clone();
        gateway.ask(Ask { method: "POST", path: &path, headers, ..Ask::default() }).await;
    }
    if matches!(who, Who::ForgedOwner) {
        headers[0].1 = TestOwner::evm(6).address().to_string();
    }
    let path = path
        .replace("requests/{id}", &format!("requests/{asked}"))
        .replace("sessions/{id}", &format!("sessions/{}", gateway.one.session.id))
        .replace("{walletId}", &sample(1).id.to_string())
        .replace("{id}", &sample(1).id.to_string());
    let body = (method != "GET").then(|| "{}".to_owned());
    let by_socket = matches!(who, Who::Operator);
    gateway.ask(Ask { method, path: &path, body, headers, by_socket }).await
}

/// The id of a session that an agent asks for, over the first wallet.
async fn asked_for(gateway: &Gateway) -> String {
    let body = json!({ "agent": "somebody", "walletIds": [sample(1).id.to_string()] });
    let body = Some(body.to_string());
    let ask = Ask { method: "POST", path: "/v1/sessions/requests", body, ..Ask::default() };
    gateway.ask(ask).await.body["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_session_sees_nothing_of_another() {
    let gateway = Gateway::new().await;
    let theirs = sample(2).id;
    for (method, path, status, code) in [
        ("GET", format!("/v1/wallets/{theirs}"), 403, "WALLET_ACCESS_DENIED"),
        ("GET", format!("/v1/wallets/{theirs}/networks"), 403, "WALLET_ACCESS_DENIED"),
        ("GET", format!("/v1/wallet/address?walletId={theirs}"), 403, "WALLET_ACCESS_DENIED"),
        ("GET", format!("/v1/wallet/balance?wallet_id={theirs}"), 403, "WALLET_ACCESS_DENIED"),
        ("GET", format!("/v1/wallet/assets?walletId={theirs}"), 403, "WALLET_ACCESS_DENIED"),
        ("GET", format!("/v1/policies?walletId={theirs}"), 403, "WALLET_ACCESS_DENIED"),
        ("GET", format!("/v1/transactions?walletId={theirs}"), 403, "WALLET_ACCESS_DENIED"),
        ("GET", format!("/v1/transactions/{theirs}"), 404, "TX_NOT_FOUND"),
        ("POST", format!("/v1/transactions/{theirs}/cancel"), 404, "TX_NOT_FOUND"),
        ("GET", format!("/v1/transactions/{theirs}/approval"), 404, "TX_NOT_FOUND"),
        (
            "PUT",
            format!("/v1/sessions/{}/renew", gateway.other.session.id),
            403,
            "SESSION_RENEWAL_MISMATCH",
        ),
    ] {
        let answer = gateway.by_agent(method, &path, None).await;
        assert_eq!((answer.status, answer.code()), (status, code), "{path}: {answer:?}");
    }
    let wallets = gateway.by_agent("GET", "/v1/wallets", None).await.body;
    assert_eq!(wallets["items"].as_array().map(Vec::len), Some(1));
    let sessions = gateway.by_agent("GET", "/v1/sessions", None).await.body;
    assert_eq!(sessions["data"][0]["id"], gateway.one.session.id.to_string());
    assert_eq!(sessions["total"], 1);
}

#[tokio::test]
async fn a_credential_that_stands_twice_counts_for_nothing() {
    let gateway = Gateway::new().await;
    let headers = vec![
        ("x-master-password", PASSWORD.to_owned()),
        ("x-master-password", PASSWORD.to_owned()),
    ];
    let ask = Ask { method: "GET", path: "/v1/admin/status", headers, ..Ask::default() };
    assert_eq!(gateway.ask(ask).await.status, 401);
    let bearer = format!("Bearer {}", gateway.one.token);
    let headers = vec![("authorization", bearer.clone()), ("authorization", bearer)];
    let ask = Ask { method: "GET", path: "/v1/connect-info", headers, ..Ask::default() };
    assert_eq!(gateway.ask(ask).await.status, 401);
}

#[tokio::test]
async fn guessing_the_master_password_ends_in_429_with_a_time_to_wait() {
    let gateway = Gateway::new().await;
    let mut last = 0;
    for _guess in 0..10 {
        let headers = vec![("x-master-password", "wrong horse battery".to_owned())];
        let ask = Ask { method: "GET", path: "/v1/wallets", headers, ..Ask::default() };
        last = gateway.ask(ask).await.status;
    }
    assert_eq!(last, 429);
    let answer = gateway.by_master("GET", "/v1/wallets", None).await;
    assert_eq!((answer.status, answer.code()), (429, "MASTER_PASSWORD_LOCKED"));
    assert!(answer.headers.contains_key("retry-after"));
    let ask = Ask { method: "GET", path: "/v1/wallets", by_socket: true, ..Ask::default() };
    assert_eq!(gateway.ask(ask).await.status, 200, "the operator is not locked out");
}

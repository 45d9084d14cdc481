//! Every route with credentials that are wrong, each in its own way, and what is no route at all.

use std::time::Duration;

use super::matrix::RELATION;
use super::*;
use crate::http::{Credential, ROUTES};

/// The shortest life of a session, in seconds.
const SHORT: u64 = 300;

/// A gateway with a token of each kind that is not good any more.
struct Wrong {
    gateway: Gateway,
    expired: String,
    revoked: String,
    replaced: String,
}

/// Headers that let nobody in, and why.
#[derive(Clone, Debug)]
struct Attempt {
    name: &'static str,
    headers: Vec<(&'static str, String)>,
    /// The code, where a token is what counts.
    as_agent: &'static str,
}

impl Wrong {
    async fn new() -> Self {
        let gateway = Gateway::new().await;
        let wallet = sample(1).id;
        let expired = open(&gateway.app, vec![wallet], Some(SHORT)).await;
        gateway.clock.advance(Duration::from_secs(SHORT));
        let [revoked, replaced] =
            [gateway.open(vec![wallet]).await, gateway.open(vec![wallet]).await];
        let (id, now) = (revoked.session.id, START);
        assert!(gateway.app.store.write(move |db| db.revoke_session(id, now)).await.unwrap());
        let rotate = format!("/v1/sessions/{}/rotate", replaced.session.id);
        assert_eq!(gateway.by_master("POST", &rotate, None).await.status, 200);
        let [expired, revoked, replaced] = [expired, revoked, replaced].map(|it| it.token);
        Self { gateway, expired, revoked, replaced }
    }

    fn attempts(&self) -> Vec<Attempt> {
        let good = &self.gateway.one.token;
        let token = |name, token: &str, as_agent| {
            let headers = vec![("authorization", format!("Bearer {token}"))];
            Attempt { name, headers, as_agent }
        };
        let plain = |name, text: &str| {
            let headers = vec![("authorization", text.to_owned())];
            Attempt { name, headers, as_agent: "INVALID_TOKEN" }
        };
        let with = |name, headers| Attempt { name, headers, as_agent: "INVALID_TOKEN" };
        let password = |text: &str| ("x-master-password", text.to_owned());
        let (middle, end) = (good.len() / 2, good.len() - 1);
        vec![
            with("nothing", vec![]),
            token("expired", &self.expired, "TOKEN_EXPIRED"),
            token("revoked", &self.revoked, "SESSION_REVOKED"),
            token("replaced by a newer one", &self.replaced, "INVALID_TOKEN"),
            token("cut off", &good[..end], "INVALID_TOKEN"),
            token("longer", &format!("{good}x"), "INVALID_TOKEN"),
            token("two in one", &format!("{}{good}", &good[..middle]), "INVALID_TOKEN"),
            token("without its prefix", good.trim_start_matches("wai_sess_"), "INVALID_TOKEN"),
            token("no token", "wai_sess_e30.e30.e30", "INVALID_TOKEN"),
            token("the password", PASSWORD, "INVALID_TOKEN"),
            plain("empty", ""),
            plain("no scheme", good),
            plain("a scheme alone", "Bearer"),
            plain("another scheme", &format!("Basic {good}")),
            plain("two schemes", &format!("Bearer Bearer {good}")),
            with("wrong password", vec![password("wrong horse battery")]),
            with("empty password", vec![password("")]),
            with("the password with a space", vec![password("correct horse battery .")]),
            with("a token as password", vec![password(good)]),
            with("the password twice", vec![password(PASSWORD), password(PASSWORD)]),
            with(
                "half of an owner's message",
                vec![("x-owner-address", sample(2).address.to_string())],
            ),
        ]
    }

    async fn ask(&self, method: &str, path: &str, attempt: &Attempt) -> Answer {
        // Wrong passwords shall not hold back those that follow.
        let hash = PasswordHash::derive(PASSWORD, CHEAP).unwrap();
        self.gateway.app.master_password.replace(Some(hash)).await;
        let path = filled(path, &self.gateway);
        let body = (!["GET", "HEAD"].contains(&method)).then(|| "{}".to_owned());
        let headers = attempt.headers.clone();
        self.gateway.ask(Ask { method, path: &path, body, headers, by_socket: false }).await
    }
}

/// With the first session and its wallet.
fn filled(path: &str, gateway: &Gateway) -> String {
    path.replace("sessions/{id}", &format!("sessions/{}", gateway.one.session.id))
        .replace("{walletId}", &sample(1).id.to_string())
        .replace("{file}", "approve.js")
        .replace("{id}", &sample(1).id.to_string())
}

/// The code that refuses this attempt; `None` where what is asked for stands in the body or a link.
fn code(credential: Credential, attempt: &Attempt) -> Option<&'static str> {
    let has = |name: &str| attempt.headers.iter().any(|(known, _)| *known == name);
    let master = "INVALID_MASTER_PASSWORD";
    let owner = "INVALID_SIGNATURE";
    match credential {
        Credential::Public | Credential::Link | Credential::Signature => None,
        Credential::MasterOrAgent | Credential::MasterOrAuditor if has("authorization") => {
            Some(attempt.as_agent)
        }
        Credential::MasterOrOwner | Credential::AgentOrOwner if has("x-owner-address") => {
            Some(owner)
        }
        Credential::Agent | Credential::AgentOrOwner => Some(attempt.as_agent),
        Credential::Owner => Some(owner),
        Credential::Master
        | Credential::Operator
        | Credential::MasterOrAgent
        | Credential::MasterOrAuditor
        | Credential::MasterOrOwner => Some(master),
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_credential_lets_nobody_in_and_is_said() {
    let wrong = Wrong::new().await;
    for route in ROUTES {
        for attempt in wrong.attempts() {
            let answer = wrong.ask(route.method, route.path, &attempt).await;
            let place = format!("{route:?} with {}: {answer:?}", attempt.name);
            match code(route.credential, &attempt) {
                Some(code) => assert_eq!((answer.status, answer.code()), (401, code), "{place}"),
                None => assert_eq!(
                    answer.status != 401,
                    route.credential == Credential::Public,
                    "{place}"
                ),
            }
        }
    }
}

/// A good token is no key to what belongs to another session.
#[tokio::test]
async fn another_sessions_token_opens_nothing_that_a_path_names() {
    let gateway = Gateway::new().await;
    let named = ROUTES.iter().filter(|route| route.path.contains("{id}"));
    for route in named.filter(|route| route.credential != Credential::Public) {
        let path = filled(route.path, &gateway);
        let body = (route.method != "GET").then(|| json!({}));
        let answer = gateway.with_token(&gateway.other.token, route.method, &path, body).await;
        assert!([401, 403, 404].contains(&answer.status), "{route:?}: {answer:?}");
    }
}

/// Whoever asks, however well.
#[tokio::test]
async fn what_is_not_in_the_list_does_not_answer() {
    let gateway = Gateway::new().await;
    let bearer = || vec![("authorization", format!("Bearer {}", gateway.one.token))];
    let password = || vec![("x-master-password", PASSWORD.to_owned())];
    let mut paths: Vec<&str> = RELATION.iter().map(|(_, path, _)| *path).collect();
    paths.sort_unstable();
    paths.dedup();
    for path in paths {
        let filled = filled(path, &gateway);
        for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"] {
            // What may be read may be asked for without its body.
            let listed = if method == "HEAD" { "GET" } else { method };
            if RELATION.iter().any(|(method, known, _)| (*method, *known) == (listed, path)) {
                continue;
            }
            for (headers, by_socket) in
                [(vec![], false), (bearer(), false), (password(), false), (vec![], true)]
            {
                let ask = Ask { method, path: &filled, headers, by_socket, body: None };
                let answer = gateway.ask(ask).await;
                assert_eq!(answer.status, 405, "{method} {path}: {answer:?}");
            }
        }
        for odd in [format!("{filled}/"), format!("/{filled}"), format!("{filled}/more")] {
            let known = RELATION.iter().any(|(_, known, _)| matches(known, &odd));
            let ask = Ask { method: "GET", path: &odd, by_socket: true, ..Ask::default() };
            let answer = gateway.ask(ask).await;
            assert!(known || answer.status == 404, "{odd}: {answer:?}");
        }
    }
}

/// Whether a path is one of a route's, such as `/v1/wallets/more` of `/v1/wallets/{id}`.
fn matches(route: &str, path: &str) -> bool {
    let (route, path): (Vec<_>, Vec<_>) = (route.split('/').collect(), path.split('/').collect());
    let fits = |(known, found): (&&str, &&str)| {
        known == found || (known.starts_with('{') && !found.is_empty())
    };
    route.len() == path.len() && route.iter().zip(&path).all(fits)
}

/// What may be read needs the same credential where its body is not asked for.
#[tokio::test]
async fn a_head_needs_the_credential_of_its_get() {
    let wrong = Wrong::new().await;
    let nothing = &wrong.attempts()[0];
    for route in ROUTES.iter().filter(|route| route.method == "GET") {
        let answer = wrong.ask("HEAD", route.path, nothing).await;
        assert_eq!(answer.status != 401, route.credential == Credential::Public, "{route:?}");
    }
}

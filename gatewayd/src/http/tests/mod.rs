//! The router with a real database in memory, asked as clients ask it. The signer is absent.

mod agents;
mod audit;
mod autostop;
mod connections;
mod credentials;
mod database;
mod inputs;
mod kill_switch;
mod matrix;
mod operators;
mod orders;
mod owners;
mod prices;
mod rpc;
mod session_constraints;
mod session_requests;
mod sessions;
mod shortened_trail;
mod wallets;
mod what_if;

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, Response, header};
use http_body_util::BodyExt;
use primitives::{Chain, SolanaAddress, WalletId};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::serve::Peer;
use super::{Shared, router};
use crate::app::App;
use crate::clock::{Clock, ClockSetter, UnixSeconds};
use crate::config::Settings;
use crate::net::Endpoint;
use crate::session::Master;
use crate::session::grants::Grants;
use crate::session::password::{Cost, PasswordHash};
use crate::signer::Signer;
use crate::store::sessions::Source;
use crate::store::wallets::{Wallet, sample};
use crate::store::{Store, StoreError};
use crate::usecase::create_session::{NewSession, OpenedSession, create_session};

const PASSWORD: &str = "correct horse battery";
const CHEAP: Cost = Cost { memory_kib: 8, passes: 1 };
const START: UnixSeconds = UnixSeconds::new(1_800_000_000);

/// A gateway with two EVM wallets, each with a session of its own.
struct Gateway {
    app: Arc<App>,
    clock: ClockSetter,
    router: axum::Router,
    one: OpenedSession,
    other: OpenedSession,
}

/// What a request carries.
#[derive(Clone, Debug, Default)]
struct Ask<'a> {
    method: &'a str,
    path: &'a str,
    body: Option<String>,
    headers: Vec<(&'a str, String)>,
    by_socket: bool,
}

/// What came back.
#[derive(Debug)]
struct Answer {
    status: u16,
    body: Value,
    headers: axum::http::HeaderMap,
}

impl Gateway {
    async fn new() -> Self {
        let (clock, setter) = Clock::settable(START);
        let store = Store::open_in_memory().unwrap();
        let nobody = Signer::new(Path::new("/nonexistent/signer.sock"));
        let app = App::new(offline(), clock, store, nobody).await.unwrap();
        app.master_password.replace(Some(PasswordHash::derive(PASSWORD, CHEAP).unwrap())).await;
        let solana =
            Wallet { chain: Chain::Solana, address: SolanaAddress([3; 32]).into(), ..sample(3) };
        let insert = app.store.write(move |db| {
            [sample(1), sample(2), solana].iter().try_for_each(|wallet| db.insert_wallet(wallet))
        });
        let _inserted: () = insert.await.unwrap();
        let app = Arc::new(app);
        let router = router(Shared::new(Arc::clone(&app)));
        let one = open(&app, vec![sample(1).id], Some(3_600)).await;
        let other = open(&app, vec![sample(2).id], None).await;
        Self { app, clock: setter, router, one, other }
    }

    async fn ask(&self, ask: Ask<'_>) -> Answer {
        let mut request = Request::builder().method(ask.method).uri(ask.path);
        if !ask.headers.iter().any(|(name, _)| *name == "host") {
            request = request.header(header::HOST, "127.0.0.1:3100");
        }
        if ask.body.is_some() && !ask.headers.iter().any(|(name, _)| *name == "content-type") {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        for (name, value) in ask.headers {
            request = request.header(name, value);
        }
        let mut request = request.body(Body::from(ask.body.unwrap_or_default())).unwrap();
        request.extensions_mut().insert(if ask.by_socket {
            Peer::Operator(Master::operator())
        } else {
            Peer::Tcp { address: IpAddr::V4(Ipv4Addr::LOCALHOST) }
        });
        read(self.router.clone().oneshot(request).await.unwrap()).await
    }

    async fn by_agent(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        self.with_token(&self.one.token, method, path, body).await
    }

    async fn with_token(
        &self,
        token: &str,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> Answer {
        let headers = vec![("authorization", format!("Bearer {token}"))];
        let body = body.map(|body| body.to_string());
        self.ask(Ask { method, path, body, headers, by_socket: false }).await
    }

    async fn by_master(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let headers = vec![("x-master-password", PASSWORD.to_owned())];
        let body = body.map(|body| body.to_string());
        self.ask(Ask { method, path, body, headers, by_socket: false }).await
    }

    async fn open(&self, wallets: Vec<WalletId>) -> OpenedSession {
        open(&self.app, wallets, Some(3_600)).await
    }

    /// The token of an auditor's session.
    async fn auditor(&self, wallets: &[WalletId]) -> String {
        let ids: Vec<String> = wallets.iter().map(ToString::to_string).collect();
        let body = json!({ "walletIds": ids, "constraints": { "role": "auditor" } });
        let opened = self.by_master("POST", "/v1/sessions", Some(body)).await;
        opened.body["token"].as_str().unwrap_or_else(|| panic!("{opened:?}")).to_owned()
    }
}

impl Answer {
    fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or("none")
    }
}

async fn read(response: Response<Body>) -> Answer {
    let (head, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    let kind = head.headers.get(header::CONTENT_TYPE).map(|kind| kind.to_str().unwrap());
    let body = match kind {
        None => Value::Null,
        // A HEAD is answered without what it says.
        Some(_kind) if bytes.is_empty() => Value::Null,
        Some("application/json") => serde_json::from_slice(&bytes).expect("it says that it is"),
        Some(_page) => Value::String(String::from_utf8(bytes.to_vec()).unwrap()),
    };
    Answer { status: head.status.as_u16(), body, headers: head.headers }
}

async fn open(app: &App, wallets: Vec<WalletId>, seconds: Option<u64>) -> OpenedSession {
    let master = Master::operator();
    let new = NewSession {
        wallets,
        lifetime: seconds.map(std::time::Duration::from_secs),
        max_renewals: None,
        absolute_lifetime: None,
        source: Source::Api,
        grants: Grants::default(),
    };
    create_session(app, &master, new).await.unwrap()
}

/// Settings in which every network is asked at a port where nobody listens.
fn offline() -> Settings {
    let mut settings = Settings::default();
    let nowhere: Endpoint = "http://127.0.0.1:1".parse().unwrap();
    for network in primitives::BUILTIN {
        let set = settings.networks.set_endpoints(&network.rpc_key(), vec![nowhere.clone()]);
        assert_eq!(set, Ok(true));
    }
    settings
}

#[tokio::test]
async fn unknown_paths_and_methods_are_answered_in_json_with_the_request_id() {
    let gateway = Gateway::new().await;
    for (method, path, status, code) in [
        ("GET", "/v1/nothing", 404, "NOT_FOUND"),
        ("GET", "/", 404, "NOT_FOUND"),
        ("GET", "/v1/wallets/", 404, "NOT_FOUND"),
        ("GET", "/v1/../health", 404, "NOT_FOUND"),
        ("PATCH", "/health", 405, "METHOD_NOT_ALLOWED"),
        ("DELETE", "/v1/transactions", 405, "METHOD_NOT_ALLOWED"),
        ("OPTIONS", "/v1/wallets", 405, "METHOD_NOT_ALLOWED"),
        ("TRACE", "/health", 405, "METHOD_NOT_ALLOWED"),
    ] {
        let headers = vec![("x-request-id", "agent-7".to_owned())];
        let answer = gateway.ask(Ask { method, path, headers, ..Ask::default() }).await;
        assert_eq!((answer.status, answer.code()), (status, code), "{method} {path}");
        assert_eq!(answer.body["requestId"], "agent-7");
        assert_eq!(answer.headers["x-request-id"], "agent-7");
        assert_eq!(answer.body["retryable"], false);
    }
}

#[tokio::test]
async fn pages_of_other_sites_get_nothing() {
    let gateway = Gateway::new().await;
    for (headers, code) in [
        (vec![("host", "evil.example".to_owned())], "HOST_NOT_ALLOWED"),
        (vec![("origin", "http://evil.example".to_owned())], "ORIGIN_NOT_ALLOWED"),
        (vec![("origin", "null".to_owned())], "ORIGIN_NOT_ALLOWED"),
    ] {
        let ask = Ask { method: "GET", path: "/health", headers, ..Ask::default() };
        let answer = gateway.ask(ask).await;
        assert_eq!((answer.status, answer.code()), (403, code));
        assert!(!answer.headers.contains_key("access-control-allow-origin"));
    }
}

#[tokio::test]
async fn what_clients_ask_first_is_answered() -> Result<(), StoreError> {
    let gateway = Gateway::new().await;
    let ask = |path| gateway.ask(Ask { method: "GET", path, ..Ask::default() });
    assert_eq!(ask("/health").await.body["status"], "ok");
    let nonce = ask("/v1/nonce").await.body;
    assert_eq!(nonce["nonce"].as_str().map(str::len), Some(64));
    assert_eq!(nonce["expiresAt"], json!(START.get() + 300));
    let info = gateway.by_agent("GET", "/v1/connect-info", None).await.body;
    assert_eq!(info["wallets"][0]["id"], sample(1).id.to_string());
    assert_eq!(info["session"]["expiresAt"], json!(START.get() + 3_600));
    assert_eq!(info["wallets"].as_array().map(Vec::len), Some(1), "its own wallets only");
    assert!(info["policies"][sample(1).id.to_string()].is_array());
    assert!(info["prompt"].as_str().is_some_and(|prompt| prompt.contains("ethereum-sepolia")));
    Ok(())
}

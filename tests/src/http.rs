//! A client of HTTP over TCP and over Unix sockets, as agents and operators use it.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::{Request, Uri};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Builder, Client};
use hyper_util::rt::TokioExecutor;
use hyperlocal::UnixConnector;
use serde_json::Value;
use tokio::runtime::Runtime;

/// As long as the clients of `contract/clients.md` wait.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// A client that waits for each answer.
#[derive(Debug)]
pub struct Http {
    runtime: Runtime,
    connection: Connection,
    headers: Vec<(String, String)>,
}

#[derive(Debug)]
enum Connection {
    Tcp(SocketAddr, Client<HttpConnector, Full<Bytes>>),
    Unix(PathBuf, Client<UnixConnector, Full<Bytes>>),
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// By name in lower case.
    pub headers: BTreeMap<String, String>,
    /// Its bytes.
    pub body: Vec<u8>,
}

/// Why nothing came back: a sentence.
#[derive(Debug)]
pub struct Unanswered(pub String);

impl Http {
    /// Speaks to a port of this machine.
    pub fn tcp(port: u16) -> Self {
        let client = no_kept_connections().build_http();
        Self::new(Connection::Tcp((Ipv4Addr::LOCALHOST, port).into(), client))
    }

    /// Speaks to a Unix socket.
    pub fn unix(socket: &Path) -> Self {
        let client = no_kept_connections().build(UnixConnector);
        Self::new(Connection::Unix(socket.to_owned(), client))
    }

    fn new(connection: Connection) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { runtime, connection, headers: Vec::new() }
    }

    /// Sends this header with every request.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sends a session's token with every request.
    #[must_use]
    pub fn with_token(self, token: &str) -> Self {
        self.with_header("authorization", &format!("Bearer {token}"))
    }

    /// GET.
    #[track_caller]
    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], Vec::new())
    }

    /// POST with a JSON body.
    #[track_caller]
    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, &[], body.to_string().into_bytes())
    }

    /// PUT with a JSON body.
    #[track_caller]
    pub fn put(&self, path: &str, body: &Value) -> Answer {
        self.send("PUT", path, &[], body.to_string().into_bytes())
    }

    /// DELETE.
    #[track_caller]
    pub fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, &[], Vec::new())
    }

    /// Any request; panics when nothing comes back.
    #[track_caller]
    pub fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Answer {
        match self.try_send(method, path, headers, body) {
            Ok(answer) => answer,
            Err(Unanswered(why)) => panic!("{method} {path}: {why}"),
        }
    }

    /// Any request.
    ///
    /// # Errors
    /// When nothing comes back.
    pub fn try_send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Result<Answer, Unanswered> {
        let own = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let mut request = Request::builder().method(method).uri(self.uri(path));
        for (name, value) in own.chain(headers.iter().copied()) {
            request = request.header(name, value);
        }
        if !headers.iter().any(|(name, _)| *name == "content-type") {
            request = request.header("content-type", "application/json");
        }
        if matches!(self.connection, Connection::Unix(..)) {
            request = request.header("host", "localhost");
        }
        let request = request.body(Full::new(Bytes::from(body))).unwrap();
        self.runtime.block_on(async {
            tokio::time::timeout(TIME_LIMIT, self.exchange(request))
                .await
                .map_err(|_elapsed| Unanswered(format!("no answer in {TIME_LIMIT:?}")))?
        })
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<Answer, Unanswered> {
        let response = match &self.connection {
            Connection::Tcp(_, client) => client.request(request).await,
            Connection::Unix(_, client) => client.request(request).await,
        };
        let response = response.map_err(|error| Unanswered(format!("{error:?}")))?;
        let text =
            |value: &hyper::header::HeaderValue| value.to_str().unwrap_or_default().to_owned();
        let headers = response.headers().iter();
        let headers = headers.map(|(name, value)| (name.to_string(), text(value))).collect();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await;
        let body = body.map_err(|error| Unanswered(error.to_string()))?.to_bytes().to_vec();
        Ok(Answer { status, headers, body })
    }

    fn uri(&self, path: &str) -> Uri {
        match &self.connection {
            Connection::Tcp(address, _) => format!("http://{address}{path}").parse().unwrap(),
            Connection::Unix(socket, _) => hyperlocal::Uri::new(socket, path).into(),
        }
    }
}

/// The other side may be killed and started again between two requests.
fn no_kept_connections() -> Builder {
    let mut builder = Client::builder(TokioExecutor::new());
    builder.pool_max_idle_per_host(0);
    builder
}

impl Answer {
    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_error| panic!("no JSON: {self}"))
    }

    /// The body as JSON, of an answer with this status.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self}");
        self.json()
    }

    /// The stable code of an error.
    #[track_caller]
    pub fn code(&self) -> String {
        let body = self.json();
        body["code"].as_str().unwrap_or_else(|| panic!("no code: {self}")).to_owned()
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} {}", self.status, String::from_utf8_lossy(&self.body))
    }
}

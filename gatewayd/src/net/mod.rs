//! The only place that makes HTTP clients: time-outs, size limits, no redirects.

mod reach;

use std::fmt;
use std::pin::Pin;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue, USER_AGENT};
use hyper::{Request, Response, StatusCode, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use reach::Resolver;
pub use reach::{Forbidden, Reach};

const CONNECT_WAIT: Duration = Duration::from_secs(5);
/// Shorter than servers keep an idle connection (five seconds is the least that is common), so that
/// no question is sent into one that is just being closed.
const IDLE_WAIT: Duration = Duration::from_secs(4);
const IDLE_CONNECTIONS: usize = 4;
const ADDRESS_LENGTH: usize = 2_048;

/// The address of a JSON-RPC endpoint that the operator configured: `https://`, or plain `http://`,
/// which is for a node on this machine or in a trusted network.
///
/// Its path may hold a provider's key, so only the scheme and host are ever shown.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Endpoint(Uri);

/// Why a text is not the address of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// Not a URL with a host, or a longer one than anybody needs.
    #[error("not a URL such as https://rpc.example.org/path")]
    Malformed,
    /// Something other than `http` and `https`.
    #[error("an RPC endpoint is spoken to over https:// or http://")]
    Scheme,
    /// `user:password@host`, which would be dropped without a word.
    #[error("a user name in the URL is not supported; put the provider's key into the path")]
    UserName,
}

/// The address under which a service has its paths. It has neither query nor fragment, so that a path
/// can be added.
#[derive(Clone, PartialEq, Eq)]
pub struct BaseUrl(Endpoint);

/// A header that is never shown: a key.
#[derive(Clone, Copy)]
pub struct KeyHeader<'a> {
    /// In lower case.
    pub header: &'static str,
    /// What it says.
    pub value: &'a str,
}

/// Makes HTTP requests. Clones share their connections.
#[derive(Clone)]
pub struct HttpClient {
    way: Way,
    reach: Reach,
}

#[derive(Clone)]
enum Way {
    Network(Box<Client<HttpsConnector<HttpConnector<Resolver>>, Full<Bytes>>>),
    Within(Arc<Correspondent>),
}

/// Answers requests within this process, as a network might: given scheme, host and port of whom is
/// asked, the body, and how long the asker waits.
pub type Correspondent = dyn Fn(String, Bytes, Duration) -> Answering + Send + Sync;

/// The body of an answer of status 200, or why there is none.
pub type Answering = Pin<Box<dyn Future<Output = Result<Bytes, NetError>> + Send>>;

/// Why there is no answer to a request.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    /// No connection, or it broke.
    #[error("the connection failed")]
    Connection(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The time that the caller gives ran out.
    #[error("no answer within {} ms", .0.as_millis())]
    Timeout(Duration),
    /// The answer has more bytes than the caller takes.
    #[error("the answer is longer than {0} bytes")]
    TooLarge(usize),
    /// An answer other than 200.
    #[error("HTTP status {0}")]
    Status(u16),
    /// The URL leads where this client may not go.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
}

impl Endpoint {
    /// What may be shown of it: scheme, host and port.
    pub fn origin(&self) -> String {
        let scheme = self.0.scheme_str().unwrap_or_default();
        let authority = self.0.authority().map_or("", |authority| authority.as_str());
        format!("{scheme}://{authority}")
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.origin())
    }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        if text.len() > ADDRESS_LENGTH {
            return Err(EndpointError::Malformed);
        }
        let uri: Uri = text.parse().map_err(|_malformed| EndpointError::Malformed)?;
        let authority = uri.authority().ok_or(EndpointError::Malformed)?;
        if authority.host().is_empty() {
            return Err(EndpointError::Malformed);
        }
        if authority.as_str().contains('@') {
            return Err(EndpointError::UserName);
        }
        match uri.scheme_str() {
            Some("https" | "http") => Ok(Self(uri)),
            _ => Err(EndpointError::Scheme),
        }
    }
}

impl BaseUrl {
    /// Its scheme, host and port.
    pub fn origin(&self) -> String {
        self.0.origin()
    }

    /// Its host.
    pub fn host(&self) -> &str {
        self.0.0.host().unwrap_or_default()
    }

    /// The address of a path below it, which begins with `/` and may have a query.
    ///
    /// # Errors
    /// When the two make no address.
    pub fn join(&self, path: &str) -> Result<Endpoint, EndpointError> {
        let below = self.0.0.path().trim_end_matches('/');
        format!("{}{below}{path}", self.origin()).parse()
    }
}

impl FromStr for BaseUrl {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let endpoint: Endpoint = text.parse()?;
        if text.contains(['?', '#']) { Err(EndpointError::Malformed) } else { Ok(Self(endpoint)) }
    }
}

impl fmt::Debug for BaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.origin())
    }
}

impl fmt::Debug for KeyHeader<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.header)
    }
}

impl HttpClient {
    /// A client that trusts Mozilla's certificate authorities, built into the program.
    pub fn new() -> Self {
        Self::reaching(Reach::Anywhere)
    }

    /// The same, that goes no further than `reach`.
    pub fn reaching(reach: Reach) -> Self {
        let inner = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_WAIT)
            .pool_max_idle_per_host(IDLE_CONNECTIONS)
            .build(connector(reach));
        Self { way: Way::Network(Box::new(inner)), reach }
    }

    /// One that asks `correspondent` and no network.
    pub fn within(correspondent: Arc<Correspondent>) -> Self {
        Self { way: Way::Within(correspondent), reach: Reach::Anywhere }
    }

    /// Posts JSON, and returns the body of an answer of status 200 that comes within `wait` and has
    /// at most `limit` bytes. Redirects are not followed.
    ///
    /// # Errors
    /// When there is no such answer.
    pub async fn post_json(
        &self,
        endpoint: &Endpoint,
        body: Vec<u8>,
        wait: Duration,
        limit: usize,
    ) -> Result<Bytes, NetError> {
        self.exchange(json_request(endpoint, body), wait, limit).await
    }

    /// Asks for JSON, as [`Self::post_json`] does.
    ///
    /// # Errors
    /// When there is no such answer.
    pub async fn get_json(
        &self,
        endpoint: &Endpoint,
        secret: Option<KeyHeader<'_>>,
        wait: Duration,
        limit: usize,
    ) -> Result<Bytes, NetError> {
        let mut request = Request::get(endpoint.0.clone())
            .body(Full::default())
            .expect("a parsed address and no headers make a request");
        set_usual_headers(&mut request);
        if let Some(KeyHeader { header, value }) = secret {
            let unfit = |error| NetError::Connection(Box::new(error));
            let mut value = HeaderValue::from_str(value).map_err(unfit)?;
            value.set_sensitive(true);
            request.headers_mut().insert(HeaderName::from_static(header), value);
        }
        self.exchange(request, wait, limit).await
    }

    async fn exchange(
        &self,
        request: Request<Full<Bytes>>,
        wait: Duration,
        limit: usize,
    ) -> Result<Bytes, NetError> {
        self.reach.check_host(request.uri().host().unwrap_or_default())?;
        let client = match &self.way {
            Way::Network(client) => client,
            Way::Within(correspondent) => {
                let asked = Endpoint(request.uri().clone()).origin();
                let Ok(body) = request.into_body().collect().await;
                return correspondent(asked, body.to_bytes(), wait).await;
            }
        };
        let exchange = async {
            let answer = client.request(request).await.map_err(unconnected)?;
            read_answer(answer, limit).await
        };
        tokio::time::timeout(wait, exchange).await.map_err(|_elapsed| NetError::Timeout(wait))?
    }
}

impl Default for HttpClient {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("HttpClient")
    }
}

fn connector(reach: Reach) -> HttpsConnector<HttpConnector<Resolver>> {
    let mut tcp = HttpConnector::new_with_resolver(Resolver::new(reach));
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(CONNECT_WAIT));
    HttpsConnectorBuilder::new()
        .with_provider_and_webpki_roots(rustls::crypto::ring::default_provider())
        .expect("ring supports the default protocol versions")
        .https_or_http()
        .enable_http1()
        .wrap_connector(tcp)
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// Tells an address that was refused from one that did not answer.
fn unconnected(error: hyper_util::client::legacy::Error) -> NetError {
    let first: &(dyn std::error::Error + 'static) = &error;
    let refused = std::iter::successors(Some(first), |error| error.source())
        .filter_map(|error| error.downcast_ref::<std::io::Error>()?.get_ref())
        .find_map(|inner| inner.downcast_ref::<Forbidden>().copied());
    match refused {
        Some(forbidden) => NetError::Forbidden(forbidden),
        None => NetError::Connection(Box::new(error)),
    }
}

fn json_request(endpoint: &Endpoint, body: Vec<u8>) -> Request<Full<Bytes>> {
    let mut request = Request::post(endpoint.0.clone())
        .body(Full::new(Bytes::from(body)))
        .expect("a parsed address and no headers make a request");
    request.headers_mut().insert(CONTENT_TYPE, JSON);
    set_usual_headers(&mut request);
    request
}

fn set_usual_headers(request: &mut Request<Full<Bytes>>) {
    const AGENT: HeaderValue =
        HeaderValue::from_static(concat!("waiaas-gatewayd/", env!("CARGO_PKG_VERSION")));
    request.headers_mut().insert(ACCEPT, JSON);
    request.headers_mut().insert(USER_AGENT, AGENT);
}

async fn read_answer(
    answer: Response<hyper::body::Incoming>,
    limit: usize,
) -> Result<Bytes, NetError> {
    if answer.status() != StatusCode::OK {
        return Err(NetError::Status(answer.status().as_u16()));
    }
    match Limited::new(answer.into_body(), limit).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(NetError::TooLarge(limit)),
        Err(error) => Err(NetError::Connection(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_addresses_with_a_host_and_no_user_are_endpoints() {
        for (text, expected) in [
            ("https://rpc.example.org/v2/key", Ok(())),
            ("http://127.0.0.1:8545", Ok(())),
            ("http://[::1]:8545/", Ok(())),
            ("", Err(EndpointError::Malformed)),
            ("rpc.example.org/path", Err(EndpointError::Malformed)),
            ("/var/run/geth.ipc", Err(EndpointError::Malformed)),
            ("https://", Err(EndpointError::Malformed)),
            ("rpc.example.org", Err(EndpointError::Scheme)),
            ("wss://rpc.example.org", Err(EndpointError::Scheme)),
            ("https://user:secret@rpc.example.org", Err(EndpointError::UserName)),
        ] {
            assert_eq!(text.parse::<Endpoint>().map(|_| ()), expected, "{text}");
        }
        let long = format!("https://rpc.example.org/{}", "a".repeat(ADDRESS_LENGTH));
        assert_eq!(long.parse::<Endpoint>(), Err(EndpointError::Malformed));
    }

    #[tokio::test]
    async fn a_name_that_leads_into_a_private_network_is_told_apart() {
        let client = HttpClient::reaching(Reach::Named);
        for url in ["http://10.0.0.1:1/", "http://0xa000001:1/"] {
            let answer = client.post_json(&url.parse().unwrap(), vec![], IDLE_WAIT, 1).await;
            assert!(matches!(answer, Err(NetError::Forbidden(_))), "{url}: {answer:?}");
        }
    }

    #[test]
    fn a_path_is_added_to_what_the_base_has() {
        for (base, expected) in [
            ("https://api.example.org", "https://api.example.org/simple?ids[]=a"),
            ("https://api.example.org/", "https://api.example.org/simple?ids[]=a"),
            ("http://127.0.0.1:8080/v3/", "http://127.0.0.1:8080/v3/simple?ids[]=a"),
        ] {
            let base: BaseUrl = base.parse().unwrap();
            assert_eq!(base.join("/simple?ids[]=a").unwrap().0.to_string(), expected);
        }
        for text in ["https://a.example.org/?key=1", "https://a.example.org/#x", "ftp://a", ""] {
            assert!(text.parse::<BaseUrl>().is_err(), "{text}");
        }
        let secret = KeyHeader { header: "authorization", value: "Bearer hidden" };
        assert_eq!(format!("{secret:?}"), "authorization");
    }

    #[test]
    fn a_key_in_the_path_is_never_shown() {
        let endpoint: Endpoint =
            "https://rpc.example.org:8443/v2/secret?key=secret".parse().unwrap();
        assert_eq!(format!("{endpoint:?}"), "https://rpc.example.org:8443");
    }
}

//! A price service for tests that answers as the real ones do, and badly; and what they say.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpListener;

/// What a [`Service`] does with a question.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Answers with this body.
    Body(String),
    /// Answers with a status and a body.
    Status(u16, String),
    /// Sends the reader elsewhere.
    Redirect(String),
    /// Says that more comes than does.
    Truncated(String),
    /// Never answers.
    Silence,
}

/// A price service on this machine. Lives until its test ends.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    address: SocketAddr,
    act: Arc<Mutex<Act>>,
    asked: Arc<AtomicUsize>,
    headers: Arc<Mutex<Vec<(String, String)>>>,
}

impl Service {
    pub(crate) async fn start(act: Act) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let service = Self {
            address: listener.local_addr().unwrap(),
            act: Arc::new(Mutex::new(act)),
            asked: Arc::default(),
            headers: Arc::default(),
        };
        let here = service.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let here = here.clone();
                let answer = service_fn(move |request| here.clone().answer(request));
                let http = hyper::server::conn::http1::Builder::new();
                tokio::spawn(http.serve_connection(TokioIo::new(stream), answer));
            }
        });
        service
    }

    /// What it does from now on.
    pub(crate) fn now(&self, act: Act) {
        *self.act.lock().unwrap() = act;
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How often it was asked.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// The headers of the last question.
    pub(crate) fn headers(&self) -> Vec<(String, String)> {
        self.headers.lock().unwrap().clone()
    }

    async fn answer(self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let text = |value: &hyper::header::HeaderValue| value.to_str().unwrap().to_owned();
        let headers = request.headers().iter();
        let headers = headers.map(|(name, value)| (name.to_string(), text(value))).collect();
        *self.headers.lock().unwrap() = headers;
        let act = self.act.lock().unwrap().clone();
        let response = Response::builder();
        Ok(match act {
            Act::Body(body) => response.body(Full::from(body)),
            Act::Status(status, body) => response.status(status).body(Full::from(body)),
            Act::Redirect(to) => response.status(302).header("location", to).body(Full::default()),
            Act::Truncated(body) => {
                response.header("content-length", "9999").body(Full::from(body))
            }
            Act::Silence => std::future::pending().await,
        }
        .unwrap())
    }
}

/// An answer of Hermes, as its documentation shows one.
pub(crate) fn hermes(id: &str, price: &str, conf: &str, expo: i32, at: i64) -> String {
    let of =
        |price, conf| json!({ "price": price, "conf": conf, "expo": expo, "publish_time": at });
    json!({
        "binary": { "encoding": "hex", "data": ["504e41550100000003b801"] },
        "parsed": [{
            "id": id,
            "price": of(price, conf),
            "ema_price": of(price, conf),
            "metadata": { "slot": 230_000_000, "proof_available_time": at, "prev_publish_time": at },
        }],
    })
    .to_string()
}

/// An answer of CoinGecko, as its documentation shows one; `usd` as it stands in the JSON.
pub(crate) fn coingecko(name: &str, usd: &str, at: i64) -> String {
    format!("{{\"{name}\":{{\"usd\":{usd},\"last_updated_at\":{at}}}}}")
}

/// Words of 32 bytes, as a contract answers.
pub(crate) fn abi_words(words: &[u128]) -> Vec<u8> {
    words.iter().flat_map(|word| primitives::Amount::from(*word).to_be_bytes()).collect()
}

/// A text, as a contract answers.
pub(crate) fn abi_text(text: &str) -> Vec<u8> {
    let length = u128::try_from(text.len()).unwrap();
    let mut bytes = abi_words(&[32, length]);
    bytes.extend_from_slice(text.as_bytes());
    bytes.resize(96, 0);
    bytes
}

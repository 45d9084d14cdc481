//! A chain node for tests that answers well, badly, slowly or not at all.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use primitives::{Address, Amount, Asset};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::net::Endpoint;
use crate::tx::Transfer;

/// What a [`FakeNode`] does with a question.
#[derive(Clone, Debug)]
pub(crate) enum Reaction {
    /// Answers it.
    Result(Value),
    /// Reports an error.
    Error(i64, &'static str),
    /// Reports an error with data.
    ErrorWith(i64, &'static str, Value),
    /// Sends this status and body.
    Raw(u16, String),
    /// Never answers.
    Silence,
}

/// A transfer of an asset whose decimals do not matter.
pub(crate) fn transfer(asset: Asset, to: Address, amount: Amount) -> Transfer {
    Transfer { asset, to, amount, decimals: 0, symbol: None, memo: None }
}

/// A node on this machine. Lives until its test ends.
#[derive(Clone, Debug)]
pub(crate) struct FakeNode {
    address: SocketAddr,
    questions: Arc<Mutex<Vec<(String, Value)>>>,
}

impl FakeNode {
    /// Starts one that reacts to method and parameters as `react` says.
    pub(crate) async fn start(
        react: impl Fn(&str, &Value) -> Reaction + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let node = Self { address: listener.local_addr().unwrap(), questions: Arc::default() };
        let questions = Arc::clone(&node.questions);
        let react = Arc::new(react);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (react, questions) = (Arc::clone(&react), Arc::clone(&questions));
                let service = service_fn(move |request| {
                    answer(request, Arc::clone(&react), Arc::clone(&questions))
                });
                let http = hyper::server::conn::http1::Builder::new();
                tokio::spawn(http.serve_connection(TokioIo::new(stream), service));
            }
        });
        node
    }

    pub(crate) fn endpoint(&self) -> Endpoint {
        format!("http://{}", self.address).parse().unwrap()
    }

    /// What it was asked so far: methods and parameters.
    pub(crate) fn questions(&self) -> Vec<(String, Value)> {
        self.questions.lock().unwrap().clone()
    }

    /// What it was asked so far: methods.
    pub(crate) fn methods(&self) -> Vec<String> {
        self.questions().into_iter().map(|(method, _)| method).collect()
    }
}

/// An endpoint where nobody listens.
pub(crate) async fn dead_endpoint() -> Endpoint {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap()).parse().unwrap()
}

async fn answer(
    request: Request<Incoming>,
    react: Arc<impl Fn(&str, &Value) -> Reaction>,
    questions: Arc<Mutex<Vec<(String, Value)>>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let question: Value = serde_json::from_slice(&body).unwrap();
    let method = question["method"].as_str().unwrap().to_owned();
    let reaction = react(&method, &question["params"]);
    questions.lock().unwrap().push((method, question["params"].clone()));
    let envelope = |key: &str, value| json!({"jsonrpc": "2.0", "id": question["id"], key: value});
    let (status, body) = match reaction {
        Reaction::Result(value) => (200, envelope("result", value).to_string()),
        Reaction::Error(code, message) => {
            (200, envelope("error", json!({"code": code, "message": message})).to_string())
        }
        Reaction::ErrorWith(code, message, data) => {
            let error = json!({"code": code, "message": message, "data": data});
            (200, envelope("error", error).to_string())
        }
        Reaction::Raw(status, body) => (status, body.replace("$id", &question["id"].to_string())),
        Reaction::Silence => std::future::pending().await,
    };
    Ok(Response::builder().status(status).body(Full::from(body)).unwrap())
}

//! What is on its way: questions that wait for an answer until the world gives one, in its own order.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use gatewayd::net::{Correspondent, NetError};
use gatewayd::store::TransactionId;
use protocol::{Reply, Request};
use serde_json::Value;
use tokio::sync::oneshot;

/// A question to a node.
#[derive(Debug)]
pub(crate) struct ToNode {
    pub(crate) node: usize,
    pub(crate) question: Value,
    pub(crate) wait: Duration,
    pub(crate) answer: oneshot::Sender<Result<Bytes, NetError>>,
}

/// A request to the signer.
#[derive(Debug)]
pub(crate) struct ToSigner {
    pub(crate) request: Request,
    pub(crate) answer: oneshot::Sender<Reply>,
}

/// What an agent heard of the order with this number.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) order: usize,
    /// As what it was accepted; `None` where it was not, or nobody knows.
    pub(crate) accepted: Option<TransactionId>,
}

/// Everything that is on its way.
#[derive(Debug, Default)]
pub(crate) struct Letters {
    pub(crate) nodes: Vec<ToNode>,
    pub(crate) signer: Vec<ToSigner>,
    pub(crate) agents: Vec<Heard>,
}

/// Everything that is on its way; clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Post(Arc<Mutex<Letters>>);

/// The nodes of the chain, by scheme, host and port.
pub(crate) const NODES: [&str; 2] = ["http://first.invalid", "http://second.invalid"];

impl Post {
    pub(crate) fn letters(&self) -> MutexGuard<'_, Letters> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Brings questions of the gateway to the nodes.
    pub(crate) fn correspondent(&self) -> Arc<Correspondent> {
        let post = self.clone();
        Arc::new(move |origin, body, wait| {
            let (answer, answered) = oneshot::channel();
            let node = NODES.iter().position(|node| *node == origin);
            let question = serde_json::from_slice(&body).ok();
            if let Some((node, question)) = node.zip(question) {
                post.letters().nodes.push(ToNode { node, question, wait, answer });
            }
            Box::pin(async move { answered.await.unwrap_or_else(|_lost| Err(broken())) })
        })
    }
}

/// A connection that broke.
pub(crate) fn broken() -> NetError {
    NetError::Connection(Box::new(std::io::Error::from(std::io::ErrorKind::ConnectionReset)))
}

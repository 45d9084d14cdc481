//! Asks gatewayd over its operators' socket: HTTP, one connection a request, each with a deadline and
//! a limit on what is read.

mod call;
mod error;
mod stream;
#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use api::ErrorBody;
use http_body_util::{BodyExt, Limited};
use hyper::{Response, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use hyperlocal::UnixConnector;
use serde::de::DeserializeOwned;

pub use call::{Call, Token, encoded};
pub use error::GatewayError;
pub use stream::Download;

/// How long an answer may take: a balance asks several RPC nodes in turn.
const PATIENCE: Duration = Duration::from_mins(1);
/// The longest answer that is read, in bytes.
const MAX_ANSWER: usize = 8 * 1024 * 1024;

/// Where gatewayd listens for operators, and what talks to it.
#[derive(Debug)]
pub struct Gateway {
    socket: PathBuf,
    runtime: tokio::runtime::Runtime,
}

impl Gateway {
    /// Prepares to talk to the socket; nothing is connected yet.
    ///
    /// # Errors
    /// When the kernel does not give what waiting for answers takes.
    pub fn new(socket: &Path) -> Result<Self, GatewayError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let socket = socket.to_owned();
        match runtime {
            Ok(runtime) => Ok(Self { socket, runtime }),
            Err(source) => {
                Err(GatewayError::Unreachable { socket: socket.display().to_string(), source })
            }
        }
    }

    /// Asks, and reads the JSON of the answer; an empty one counts as `null`.
    ///
    /// # Errors
    /// When nobody listens, the answer is not one, or it is a no.
    pub fn ask<T: DeserializeOwned>(&self, call: Call) -> Result<T, GatewayError> {
        let path = call.path().to_owned();
        let answer = self.exchange(call);
        self.runtime.block_on(async {
            tokio::time::timeout(PATIENCE, answer)
                .await
                .map_err(|_elapsed| GatewayError::TimedOut { path })?
        })
    }

    /// Waits, for what is asked again and again.
    pub fn pause(&self, time: Duration) {
        // Made inside: a timer belongs to the runtime that it is made in.
        self.runtime.block_on(async { tokio::time::sleep(time).await });
    }

    async fn exchange<T: DeserializeOwned>(&self, call: Call) -> Result<T, GatewayError> {
        let path = call.path().to_owned();
        let request = call.into_request(&self.socket)?;
        let client = Client::builder(TokioExecutor::new()).build(UnixConnector);
        let answer = client.request(request).await.map_err(|error| self.unreached(&path, error))?;
        read(&path, answer).await
    }

    /// Tells a socket that nobody listens on from a connection that broke.
    fn unreached(&self, path: &str, error: hyper_util::client::legacy::Error) -> GatewayError {
        let kind = std::iter::successors(Some::<&dyn std::error::Error>(&error), |e| e.source())
            .find_map(|error| error.downcast_ref::<io::Error>())
            .map(|error| io::Error::new(error.kind(), error.to_string()));
        match kind {
            Some(source) if error.is_connect() => {
                GatewayError::Unreachable { socket: self.socket.display().to_string(), source }
            }
            Some(_) | None => {
                GatewayError::Broken { path: path.to_owned(), source: Box::new(error) }
            }
        }
    }
}

async fn read<T: DeserializeOwned>(
    path: &str,
    answer: Response<hyper::body::Incoming>,
) -> Result<T, GatewayError> {
    let answer = refused_by(path, answer).await?;
    let body = Limited::new(answer.into_body(), MAX_ANSWER)
        .collect()
        .await
        .map_err(|source| GatewayError::Broken { path: path.to_owned(), source })?
        .to_bytes();
    let json: &[u8] = if body.is_empty() { b"null" } else { &body };
    serde_json::from_slice(json)
        .map_err(|source| GatewayError::Unexpected { path: path.to_owned(), source })
}

/// The answer, unless it is a no.
async fn refused_by(
    path: &str,
    answer: Response<hyper::body::Incoming>,
) -> Result<Response<hyper::body::Incoming>, GatewayError> {
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let body = Limited::new(answer.into_body(), MAX_ANSWER)
        .collect()
        .await
        .map_err(|source| GatewayError::Broken { path: path.to_owned(), source })?;
    Err(refused(status, &body.to_bytes()))
}

/// What a refusal says; one without the usual body comes from something between us and gatewayd.
fn refused(status: StatusCode, body: &[u8]) -> GatewayError {
    match serde_json::from_slice::<ErrorBody>(body) {
        Ok(ErrorBody { code, message, hint, .. }) => {
            GatewayError::Refused { status: status.as_u16(), code, message, hint }
        }
        Err(_not_ours) => GatewayError::Refused {
            status: status.as_u16(),
            code: format!("HTTP_{}", status.as_u16()),
            message: format!("gatewayd answered {status}"),
            hint: None,
        },
    }
}

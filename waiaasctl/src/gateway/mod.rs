//! Asks gatewayd over its operators' socket: HTTP, one connection a request, each with a deadline and
//! a limit on what is read.

mod call;
mod error;
mod stream;
#[cfg(test)]
mod tests;

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use api::{ErrorBody, Health};
use http_body_util::{BodyExt, Limited};
use hyper::body::{Body, Incoming};
use hyper::{Request, Response, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use hyperlocal::UnixConnector;
use serde::de::DeserializeOwned;

pub use call::{Call, Token, encoded};
pub use error::GatewayError;
pub use stream::Download;

/// How long an answer may take: a balance asks several RPC nodes in turn.
const PATIENCE: Duration = Duration::from_mins(1);
/// How often that, while gatewayd says that it lives: an hour, as the unit of the backups has it.
const TURNS: u32 = 60;
/// The longest answer that is read, in bytes.
const MAX_ANSWER: usize = 8 * 1024 * 1024;

/// Where gatewayd listens for operators, and what talks to it.
#[derive(Debug)]
pub struct Gateway {
    socket: PathBuf,
    runtime: tokio::runtime::Runtime,
    patience: Duration,
}

/// The body of a request.
trait Sent:
    Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + Unpin + 'static
{
}

impl<B> Sent for B where
    B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + Unpin + 'static
{
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
            Ok(runtime) => Ok(Self { socket, runtime, patience: PATIENCE }),
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
        let request = call.into_request(&self.socket)?;
        self.runtime.block_on(self.within_patience(&path, self.answer(&path, request)))
    }

    /// Waits, for what is asked again and again.
    pub fn pause(&self, time: Duration) {
        // Made inside: a timer belongs to the runtime that it is made in.
        self.runtime.block_on(async { tokio::time::sleep(time).await });
    }

    /// Sends a request, and reads the JSON of the answer.
    async fn answer<T: DeserializeOwned, B: Sent>(
        &self,
        path: &str,
        request: Request<B>,
    ) -> Result<T, GatewayError> {
        read(path, self.send(path, request).await?).await
    }

    /// Sends a request. The head of the answer, unless it is a no.
    async fn send<B: Sent>(
        &self,
        path: &str,
        request: Request<B>,
    ) -> Result<Response<Incoming>, GatewayError> {
        let client = Client::builder(TokioExecutor::new()).build(UnixConnector);
        let answer = client.request(request).await.map_err(|error| self.unreached(path, error))?;
        refused_by(path, answer).await
    }

    async fn within_patience<T>(
        &self,
        path: &str,
        work: impl Future<Output = Result<T, GatewayError>>,
    ) -> Result<T, GatewayError> {
        tokio::time::timeout(self.patience, work)
            .await
            .unwrap_or_else(|_elapsed| Err(timed_out(path, self.patience)))
    }

    /// What takes as long as a database is large: waited for while gatewayd answers others.
    async fn while_it_answers<T>(
        &self,
        path: &str,
        work: impl Future<Output = Result<T, GatewayError>>,
    ) -> Result<T, GatewayError> {
        let mut work = std::pin::pin!(work);
        for _turn in 0..TURNS {
            if let Ok(done) = tokio::time::timeout(self.patience, &mut work).await {
                return done;
            }
            let request = Call::get("/health").into_request(&self.socket)?;
            let health = self.answer::<Health, _>(path, request);
            self.within_patience(path, health).await?;
        }
        Err(timed_out(path, self.patience.saturating_mul(TURNS)))
    }

    /// Tells a socket that nobody listens on from a connection that broke.
    fn unreached(&self, path: &str, error: hyper_util::client::legacy::Error) -> GatewayError {
        let kind = std::iter::successors(Some::<&dyn Error>(&error), |error| (**error).source())
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

fn timed_out(path: &str, wait: Duration) -> GatewayError {
    GatewayError::TimedOut { path: path.to_owned(), seconds: wait.as_secs() }
}

async fn read<T: DeserializeOwned>(
    path: &str,
    answer: Response<Incoming>,
) -> Result<T, GatewayError> {
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
    answer: Response<Incoming>,
) -> Result<Response<Incoming>, GatewayError> {
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

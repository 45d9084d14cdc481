//! Bodies that are too long to be kept: from gatewayd piece by piece, and to it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use http_body_util::BodyExt;
use hyper::Response;
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use hyperlocal::UnixConnector;
use serde::de::DeserializeOwned;

use super::{Call, Gateway, GatewayError, PATIENCE, read, refused_by};

/// An answer that arrives.
#[derive(Debug)]
pub struct Download<'g> {
    gateway: &'g Gateway,
    path: String,
    answer: Response<Incoming>,
    length: u64,
}

/// What is sent, as a function gives it.
struct Pieces<F> {
    next: F,
    left: u64,
}

impl Gateway {
    /// Asks for something long; once this returns, what it is stands fast.
    ///
    /// # Errors
    /// When nobody listens, or the answer is a no.
    pub fn download(&self, call: Call) -> Result<Download<'_>, GatewayError> {
        let path = call.path().to_owned();
        let asked = async {
            let request = call.into_request(&self.socket)?;
            let client = Client::builder(TokioExecutor::new()).build(UnixConnector);
            let answer = client.request(request).await;
            refused_by(&path, answer.map_err(|error| self.unreached(&path, error))?).await
        };
        let answer = self.within_patience(&path, asked)?;
        let length = answer.body().size_hint().exact().unwrap_or_default();
        Ok(Download { gateway: self, path, answer, length })
    }

    /// Sends `length` bytes that `next` gives piece by piece, until it says that there are no more.
    ///
    /// # Errors
    /// When nobody listens, the answer is a no, or `next` fails.
    pub fn upload<T: DeserializeOwned>(
        &self,
        call: Call,
        next: impl FnMut(&mut Vec<u8>) -> io::Result<bool> + Send + Unpin + 'static,
        length: u64,
    ) -> Result<T, GatewayError> {
        let path = call.path().to_owned();
        let request = call.into_request(&self.socket)?;
        let request = request.map(|_empty| Pieces { next, left: length });
        // How long it takes is a matter of its length, and gatewayd's patience with each piece.
        self.runtime.block_on(async {
            let client = Client::builder(TokioExecutor::new()).build(UnixConnector);
            let answer = client.request(request).await;
            read(&path, answer.map_err(|error| self.unreached(&path, error))?).await
        })
    }

    fn within_patience<T>(
        &self,
        path: &str,
        work: impl Future<Output = Result<T, GatewayError>>,
    ) -> Result<T, GatewayError> {
        self.runtime.block_on(async {
            tokio::time::timeout(PATIENCE, work)
                .await
                .map_err(|_elapsed| GatewayError::TimedOut { path: path.to_owned() })?
        })
    }
}

impl Download<'_> {
    /// How many bytes it is in all.
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// The next bytes; none after the last.
    ///
    /// # Errors
    /// When the connection breaks before all has arrived.
    pub fn next_piece(&mut self) -> Result<Option<Bytes>, GatewayError> {
        let path = self.path.clone();
        let body = self.answer.body_mut();
        self.gateway.within_patience(&path, async {
            while let Some(frame) = body.frame().await {
                let frame = frame.map_err(|error| GatewayError::Broken {
                    path: path.clone(),
                    source: Box::new(error),
                })?;
                if let Ok(piece) = frame.into_data() {
                    return Ok(Some(piece));
                }
            }
            Ok(None)
        })
    }
}

impl<F: FnMut(&mut Vec<u8>) -> io::Result<bool> + Unpin> Body for Pieces<F> {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let mut piece = Vec::new();
        Poll::Ready(match (self.next)(&mut piece) {
            Ok(true) => {
                let length = u64::try_from(piece.len()).unwrap_or(u64::MAX);
                self.left = self.left.saturating_sub(length);
                Some(Ok(Frame::data(Bytes::from(piece))))
            }
            Ok(false) => None,
            Err(error) => Some(Err(error)),
        })
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

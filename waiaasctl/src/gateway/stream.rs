//! Bodies that are too long to be kept: from gatewayd piece by piece, and to it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use http_body_util::BodyExt;
use hyper::Response;
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use serde::de::DeserializeOwned;

use super::{Call, Gateway, GatewayError};

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
        let request = call.into_request(&self.socket)?;
        let asked = self.while_it_answers(&path, self.send(&path, request));
        let answer = self.runtime.block_on(asked)?;
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
        self.runtime.block_on(self.while_it_answers(&path, self.answer(&path, request)))
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
        let Self { gateway, path, answer, length: _ } = self;
        let broken = |error| GatewayError::Broken { path: path.clone(), source: Box::new(error) };
        let next = async {
            while let Some(frame) = answer.body_mut().frame().await {
                if let Ok(piece) = frame.map_err(broken)?.into_data() {
                    return Ok(Some(piece));
                }
            }
            Ok(None)
        };
        gateway.runtime.block_on(gateway.within_patience(path, next))
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

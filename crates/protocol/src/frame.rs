//! Frames: how messages follow each other on a socket.

use crate::wire::{Reader, Wire, WireError};

/// Bytes before a frame's content: its length, 32 bits, big-endian.
pub const FRAME_HEADER: usize = 4;
/// The longest content on the gateway's socket: a transaction of 128 KiB and what goes with it.
pub const MAX_SIGNER_FRAME: usize = 256 * 1024;
/// The longest content on the operators' socket: a backup.
pub const MAX_CONTROL_FRAME: usize = 8 * 1024 * 1024;

/// Chosen by the client; the reply carries the same. Replies may come in another order.
pub type RequestId = u32;

/// One message with the number that ties request and reply together.
#[derive(Debug, PartialEq, Eq)]
pub struct Frame<T> {
    /// Ties a reply to its request.
    pub id: RequestId,
    /// The message.
    pub message: T,
}

/// Why received bytes are no frame. The connection is closed: nothing after it can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Longer than the socket's limit.
    #[error("a frame of {length} bytes, where {limit} are allowed")]
    TooLong {
        /// What its header says.
        length: usize,
        /// What the socket allows.
        limit: usize,
    },
    /// The content is no message.
    #[error(transparent)]
    Content(#[from] WireError),
}

impl<T: Wire> Frame<T> {
    /// The frame's bytes, header included.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![0; FRAME_HEADER];
        self.id.write(&mut out);
        self.message.write(&mut out);
        let content = out.len().saturating_sub(FRAME_HEADER);
        let length = u32::try_from(content).unwrap_or(u32::MAX).to_be_bytes();
        if let Some(header) = out.first_chunk_mut() {
            *header = length;
        }
        out
    }

    /// Reads a frame's content, without the header.
    ///
    /// # Errors
    /// When the content is not exactly one message.
    pub fn from_content(content: &[u8]) -> Result<Self, FrameError> {
        let mut reader = Reader::new(content);
        let frame = Self { id: Wire::read(&mut reader)?, message: Wire::read(&mut reader)? };
        reader.finish()?;
        Ok(frame)
    }
}

impl Frame<()> {
    /// How long the content is that follows `header`.
    ///
    /// # Errors
    /// When it is over `limit`.
    pub fn content_length(header: [u8; FRAME_HEADER], limit: usize) -> Result<usize, FrameError> {
        let length = usize::try_from(u32::from_be_bytes(header)).unwrap_or(usize::MAX);
        if length > limit { Err(FrameError::TooLong { length, limit }) } else { Ok(length) }
    }

    /// Looks for a whole frame at the start of `received`: the content's place in it, or `None`
    /// while bytes are missing.
    ///
    /// # Errors
    /// When the frame is over `limit`.
    pub fn find(
        received: &[u8],
        limit: usize,
    ) -> Result<Option<std::ops::Range<usize>>, FrameError> {
        let Some(header) = received.first_chunk() else { return Ok(None) };
        let end = Self::content_length(*header, limit)?.saturating_add(FRAME_HEADER);
        Ok((received.len() >= end).then_some(FRAME_HEADER..end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Request;

    #[test]
    fn a_frame_is_found_once_it_is_whole() {
        let bytes = Frame { id: 7, message: Request::Status }.to_bytes();
        for end in 0..bytes.len() {
            assert_eq!(Frame::find(&bytes[..end], MAX_SIGNER_FRAME), Ok(None), "{end} bytes");
        }
        let place = Frame::find(&bytes, MAX_SIGNER_FRAME).unwrap().unwrap();
        let frame: Frame<Request> = Frame::from_content(&bytes[place]).unwrap();
        assert_eq!(frame, Frame { id: 7, message: Request::Status });
    }

    #[test]
    fn a_frame_over_the_limit_is_refused_by_its_header() {
        let header = 11_u32.to_be_bytes();
        assert_eq!(Frame::find(&header, 10), Err(FrameError::TooLong { length: 11, limit: 10 }));
        assert_eq!(Frame::find(&header, 11), Ok(None));
    }
}

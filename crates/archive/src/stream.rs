//! A stream sealed in chunks: STREAM of Hoang, Reyhanitabar, Rogaway and Vizár, "Online
//! Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance" (2015), over AES-256-GCM.
//!
//! The nonce of a chunk is seven zero bytes, the chunk's number (32 bits, big-endian), and 1 for the
//! last chunk, else 0. The key is of one use, so that no nonce comes twice. A chunk that was changed,
//! moved, repeated or left out has another nonce than it was sealed with; so has the last one of a
//! stream that was cut off.

use std::io::{self, Read, Write};

use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes256Gcm, KeyInit};

use crate::ArchiveError;

/// Bytes of a chunk before it is sealed; the last one may have fewer.
pub(crate) const CHUNK: usize = 64 * 1024;
/// What a seal adds.
const TAG: usize = 16;
const SEALED: usize = CHUNK + TAG;

/// Seals what is written to it.
pub(crate) struct Sealer<W> {
    out: W,
    cipher: Aes256Gcm,
    chunk: Vec<u8>,
    number: u32,
}

/// Reads what was sealed; gives nothing that was changed.
pub struct Opener<R> {
    input: R,
    cipher: Aes256Gcm,
    /// Sealed bytes: a chunk, and one byte more where another follows.
    sealed: Vec<u8>,
    plain: io::Cursor<Vec<u8>>,
    /// The number of the next chunk; `None` after the last.
    number: Option<u32>,
}

#[derive(Clone, Copy)]
enum Place {
    Inside,
    Last,
}

impl<W: Write> Sealer<W> {
    /// Seals into `out`. The key must never have sealed a stream before.
    pub(crate) fn new(out: W, key: &[u8; 32]) -> Self {
        let chunk = Vec::with_capacity(SEALED);
        Self { out, cipher: Aes256Gcm::new(key.into()), chunk, number: 0 }
    }

    /// Seals `bytes` behind what was sealed before.
    ///
    /// # Errors
    /// When they cannot be written.
    pub(crate) fn put(&mut self, mut bytes: &[u8]) -> Result<(), ArchiveError> {
        while !bytes.is_empty() {
            // A full chunk is kept until more comes: it may be the last.
            if self.chunk.len() == CHUNK {
                self.seal(Place::Inside)?;
            }
            let room = CHUNK.saturating_sub(self.chunk.len()).min(bytes.len());
            let (taken, rest) = bytes.split_at(room);
            self.chunk.extend_from_slice(taken);
            bytes = rest;
        }
        Ok(())
    }

    /// Marks the end.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn finish(mut self) -> Result<W, ArchiveError> {
        self.seal(Place::Last)?;
        Ok(self.out)
    }

    fn seal(&mut self, place: Place) -> Result<(), ArchiveError> {
        let nonce = nonce(self.number, place);
        let tag = self
            .cipher
            .encrypt_inout_detached((&nonce).into(), &[], self.chunk.as_mut_slice().into())
            .expect("a chunk is below the cipher's limit");
        self.number = self.number.checked_add(1).ok_or(ArchiveError::Malformed("too long"))?;
        let tag: [u8; TAG] = tag.into();
        let written = self.out.write_all(&self.chunk).and_then(|()| self.out.write_all(&tag));
        self.chunk.clear();
        written.map_err(ArchiveError::Io)
    }
}

impl<R: Read> Opener<R> {
    /// Opens what follows in `input`, up to its end.
    pub fn new(input: R, key: &[u8; 32]) -> Self {
        Self {
            input,
            cipher: Aes256Gcm::new(key.into()),
            sealed: Vec::new(),
            plain: io::Cursor::default(),
            number: Some(0),
        }
    }

    /// Opens the chunk of this number; says which one follows, if any does.
    fn open(&mut self, number: u32) -> Result<Option<u32>, ArchiveError> {
        let wanted = SEALED.saturating_add(1).saturating_sub(self.sealed.len());
        let wanted = u64::try_from(wanted).unwrap_or(u64::MAX);
        let read = self.input.by_ref().take(wanted).read_to_end(&mut self.sealed);
        read.map_err(ArchiveError::Io)?;
        let rest = self.sealed.split_off(self.sealed.len().min(SEALED));
        let place = if rest.is_empty() { Place::Last } else { Place::Inside };
        let mut chunk = std::mem::replace(&mut self.sealed, rest);
        let length = chunk.len().checked_sub(TAG).ok_or(ArchiveError::Changed)?;
        // A stream has one form: an empty chunk is the only one there is.
        if length == 0 && number > 0 {
            return Err(ArchiveError::Changed);
        }
        let tag = chunk.split_off(length);
        let tag: [u8; TAG] = tag.try_into().map_err(|_other| ArchiveError::Changed)?;
        self.cipher
            .decrypt_inout_detached(
                (&nonce(number, place)).into(),
                &[],
                chunk.as_mut_slice().into(),
                (&tag).into(),
            )
            .map_err(|_aead| ArchiveError::Changed)?;
        self.plain = io::Cursor::new(chunk);
        Ok(match place {
            Place::Inside => number.checked_add(1),
            Place::Last => None,
        })
    }
}

impl<R: Read> Read for Opener<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.plain.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            let Some(number) = self.number else { return Ok(0) };
            self.number = self.open(number).map_err(io::Error::other)?;
        }
    }
}

/// What an [`Opener`] said, out of the error that [`Read`] has.
pub(crate) fn unwrapped(error: io::Error) -> ArchiveError {
    error.downcast::<ArchiveError>().unwrap_or_else(ArchiveError::Io)
}

fn nonce(number: u32, place: Place) -> [u8; 12] {
    let last = match place {
        Place::Inside => 0,
        Place::Last => 1,
    };
    let [a, b, c, d] = number.to_be_bytes();
    [0, 0, 0, 0, 0, 0, 0, a, b, c, d, last]
}

impl<W> std::fmt::Debug for Sealer<W> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Sealer")
    }
}

impl<R> std::fmt::Debug for Opener<R> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Opener")
    }
}

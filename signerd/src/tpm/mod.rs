//! A counter in a TPM 2.0: it goes up, and nobody can turn it down, not even by deleting it.
//!
//! It is an NV index of the type counter, which the TPM begins above all counters that it ever had
//! (TPM 2.0 Library, part 3, `TPM2_NV_Increment`). Its authorization policy is 32 random bytes that no
//! policy fulfils: they tell this counter from one that was made later, or in another chip.

mod command;
mod error;

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

pub use error::TpmError;

use command::Command;
use error::Refusal;

/// Where the owner of a TPM may put what he likes (TCG Registry of Reserved TPM 2.0 Handles).
pub const OWNERS: std::ops::RangeInclusive<u32> = 0x0180_0000..=0x01bf_ffff;
/// Where the counter is, unless the settings say another place.
pub const INDEX: u32 = 0x0182_5741;

/// The longest answer that is read, in bytes; ours are below 150.
const MAX_ANSWER: usize = 4096;

/// A TPM, open for as long as the program runs, and where in it the counter is.
#[derive(Debug)]
pub struct Tpm {
    path: PathBuf,
    index: u32,
    device: File,
}

/// A counter that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Which one: random, from when it was made. All zero for one that was made without.
    pub counter: [u8; 32],
    /// `None` until it was counted up for the first time.
    pub value: Option<u64>,
}

impl Tpm {
    /// Opens the device, or connects to the socket of a TPM in software.
    ///
    /// # Errors
    /// When it is not there, or may not be used.
    pub fn open(path: &Path, index: u32) -> Result<Self, TpmError> {
        let device = open(path).map_err(TpmError::Unreachable)?;
        Ok(Self { path: path.to_owned(), index, device })
    }

    /// Where it was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The counter, if there is one.
    ///
    /// # Errors
    /// When the TPM does not answer or refuses, or when something else is in the counter's place.
    pub fn find(&mut self) -> Result<Option<Found>, TpmError> {
        let public = match self.ask(Command::ReadPublic) {
            Err(TpmError::Refused { refusal: Refusal::NothingThere, .. }) => return Ok(None),
            answer => command::parse_public(&answer?)?,
        };
        let foreign = TpmError::Foreign { index: self.index };
        let counter = public.counter(self.index).ok_or(foreign)?;
        let value = if public.is_written() { Some(self.value()?) } else { None };
        Ok(Some(Found { counter, value }))
    }

    /// Makes the counter.
    ///
    /// # Errors
    /// When the TPM does not answer or refuses.
    pub fn make(&mut self, counter: [u8; 32]) -> Result<(), TpmError> {
        self.ask(Command::Define(counter)).map(drop)
    }

    /// Counts one up.
    ///
    /// # Errors
    /// When the TPM does not answer or refuses. It may have counted where it did not answer.
    pub fn increment(&mut self) -> Result<(), TpmError> {
        self.ask(Command::Increment).map(drop)
    }

    /// What the counter shows.
    ///
    /// # Errors
    /// When the TPM does not answer or refuses, as it does before the first count.
    pub fn value(&mut self) -> Result<u64, TpmError> {
        Ok(command::parse_value(&self.ask(Command::Read)?)?)
    }

    fn ask(&mut self, command: Command) -> Result<Vec<u8>, TpmError> {
        self.device.write_all(&command.to_bytes(self.index)).map_err(TpmError::Silent)?;
        let answer = read_answer(&mut self.device).map_err(TpmError::Silent)?;
        let code = command::parse_code(&answer, &command)?;
        match Refusal::of(code) {
            None => Ok(answer),
            Some(refusal) => Err(TpmError::Refused { asked: command.name(), refusal }),
        }
    }
}

/// The kernel has limits for how long a chip takes; a TPM in software may keep the signer waiting.
fn open(path: &Path) -> io::Result<File> {
    if !std::fs::metadata(path)?.file_type().is_socket() {
        return OpenOptions::new().read(true).write(true).open(path);
    }
    UnixStream::connect(path).map(|stream| File::from(OwnedFd::from(stream)))
}

/// A device gives an answer in one piece, a socket in any. Bytes 2 to 5 say how long it is.
fn read_answer(device: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut buffer = [0; MAX_ANSWER];
    let mut filled = 0_usize;
    loop {
        let room = buffer.get_mut(filled..).unwrap_or_default();
        let more = match device.read(room) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            more => more?,
        };
        filled = filled.saturating_add(more);
        let answer = buffer.get(..filled).unwrap_or_default();
        let length = command::length_of(answer).unwrap_or(command::HEADER);
        if length > MAX_ANSWER || more == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        if filled >= length.max(command::HEADER) {
            return Ok(answer.to_vec());
        }
    }
}

#[cfg(test)]
mod tests;

//! What all records before a segment add up to, in one file, so that a start reads one segment.

use std::fs::File;
use std::io::{ErrorKind, Read};

use protocol::wire::{read_all, to_bytes};
use sha2::{Digest, Sha256};

use super::State;
use super::directory::Directory;
use super::error::{JournalError, at};

/// What the file starts with.
const MARK: [u8; 16] = *b"WAIaaS snapshot1";

/// A state, and where in the chain it is the state of.
#[derive(Debug)]
pub(super) struct Snapshot {
    mark: [u8; 16],
    /// How many records it is the sum of.
    pub(super) number: u64,
    /// The hash of the last of them.
    pub(super) head: [u8; 32],
    pub(super) state: State,
}

/// The start of a snapshot's file, which tells how the chain goes on.
struct Start {
    mark: [u8; 16],
    number: u64,
    head: [u8; 32],
}

protocol::wire_fields!(Snapshot { mark, number, head, state });
protocol::wire_fields!(Start { mark, number, head });
/// Bytes of [`Start`].
const START: usize = 16 + 8 + 32;

/// The bytes of a snapshot. It borrows the state that goes on being used.
pub(super) fn snapshot_bytes(number: u64, head: [u8; 32], state: &State) -> Vec<u8> {
    let mut bytes = to_bytes(&Start { mark: MARK, number, head });
    protocol::wire::Wire::write(state, &mut bytes);
    bytes
}

/// What the record after a snapshot names it by.
pub(super) fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// The bytes of the snapshot before the segment that starts with record `number`.
///
/// # Errors
/// When it is missing or cannot be read.
pub(super) fn load(directory: &Directory, number: u64) -> Result<Vec<u8>, JournalError> {
    let path = directory.snapshot(number);
    let mut bytes = Vec::new();
    // Its length is not asked for, as fs::read does: that is a system call which nothing else needs.
    let read = File::open(&path).and_then(|file| file.take(u64::MAX).read_to_end(&mut bytes));
    match read {
        Err(error) if error.kind() == ErrorKind::NotFound => Err(JournalError::Missing { path }),
        read => read.map(|_length| bytes).map_err(at(&path)),
    }
}

/// The hash of the record before the segment, as the snapshot has it.
pub(super) fn head_of(
    directory: &Directory,
    number: u64,
    bytes: &[u8],
) -> Result<[u8; 32], JournalError> {
    let start = bytes.get(..START).and_then(|start| read_all::<Start>(start).ok());
    match start {
        Some(start) if start.mark == MARK && start.number == number => Ok(start.head),
        Some(_) | None => Err(wrong(directory, number, "it is no snapshot for this place")),
    }
}

/// The whole snapshot.
pub(super) fn parse(
    directory: &Directory,
    number: u64,
    bytes: &[u8],
) -> Result<Snapshot, JournalError> {
    head_of(directory, number, bytes)?;
    read_all(bytes).map_err(|_unreadable| {
        wrong(directory, number, "it was changed, or is of another version: it cannot be read")
    })
}

pub(super) fn wrong(directory: &Directory, number: u64, reason: &'static str) -> JournalError {
    JournalError::Snapshot { path: directory.snapshot(number), reason }
}

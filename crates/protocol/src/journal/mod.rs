//! The journal's records: what they say, and how each is tied to the one before.
//!
//! Who has the records can check them: [`Record::follows`] needs no secret and no signer.

mod event;

use sha2::{Digest, Sha256};

use crate::wire::{Item, WireError, read_all};
use crate::wire_fields;

pub use event::{Event, Grant, Origin, SpendLine, UsedApproval, WalletSnapshot};

/// What the first record's hash is over, in place of a hash before it.
const GENESIS: &[u8] = b"WAIaaS signer journal, version 1";

/// One record: its content, and the hash that ties it to all before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The bytes of an [`Entry`].
    pub content: Vec<u8>,
    /// SHA-256 over the hash before and the content.
    pub hash: [u8; 32],
}

/// What a record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Counted from zero.
    pub number: u64,
    /// Unix seconds of the signer's own clock, which never runs backwards and counts only the time
    /// that it has seen pass.
    pub at: u64,
    /// Unix seconds of the system's clock, for people.
    pub wall: u64,
    /// What happened.
    pub event: Event,
}

/// The moment of the journal that a backup is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalReport {
    /// Records until then, those that were moved away included.
    pub records: u64,
    /// The hash that ended the chain.
    pub head: [u8; 32],
    /// Wallets that the journal knew; the backup has the key of each.
    pub keys: u32,
}

/// A record with the signer's signature: a proof for others that it decided so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Which signer.
    pub instance: [u8; 16],
    /// The hash before the record.
    pub before: [u8; 32],
    /// The record.
    pub record: Record,
    /// The Ed25519 key that the signer signs receipts with.
    pub public_key: [u8; 32],
    /// Over [`Receipt::signed_bytes`].
    pub signature: [u8; 64],
}

/// The hash that stands before the first record.
pub fn genesis() -> [u8; 32] {
    Sha256::digest(GENESIS).into()
}

impl Record {
    /// The record of `content` behind a record with the hash `before`.
    pub fn new(before: [u8; 32], content: Vec<u8>) -> Self {
        let hash = hash(before, &content);
        Self { content, hash }
    }

    /// Whether it stands directly behind a record with the hash `before`, unchanged.
    pub fn follows(&self, before: [u8; 32]) -> bool {
        hash(before, &self.content) == self.hash
    }

    /// What it says.
    ///
    /// # Errors
    /// When the content is nothing that this version knows.
    pub fn entry(&self) -> Result<Entry, WireError> {
        read_all(&self.content)
    }
}

fn hash(before: [u8; 32], content: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(before).chain_update(content).finalize().into()
}

impl Receipt {
    /// What the signature is over: a word that says what it is, the instance, and the record's
    /// hash, which stands for the record and all before it.
    pub fn signed_bytes(instance: [u8; 16], hash: [u8; 32]) -> Vec<u8> {
        [&b"WAIaaS receipt, version 1"[..], &instance, &hash].concat()
    }
}

wire_fields!(Record { content, hash });
wire_fields!(Entry { number, at, wall, event });
wire_fields!(JournalReport { records, head, keys });
wire_fields!(Receipt { instance, before, record, public_key, signature });
impl Item for Record {}

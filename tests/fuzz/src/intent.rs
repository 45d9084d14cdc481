//! The intent digest, made a second time from `docs/PROTOCOL.md`.

use sha2::{Digest, Sha256};

/// The bytes that are hashed.
pub struct Intent(Vec<u8>);

impl Intent {
    pub fn new(kind: u8) -> Self {
        Self([&b"WAIaaS intent v1"[..], &[kind]].concat())
    }

    pub fn field(&mut self, bytes: &[u8]) {
        self.0.extend(wide(bytes.len()).to_be_bytes());
        self.0.extend(bytes);
    }

    pub fn count(&mut self, items: usize) {
        self.field(&wide(items).to_be_bytes());
    }

    pub fn digest(self) -> [u8; 32] {
        Sha256::digest(self.0).into()
    }
}

fn wide(count: usize) -> u64 {
    u64::try_from(count).expect("a count in memory fits")
}

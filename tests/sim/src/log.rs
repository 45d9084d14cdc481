//! What happened, a line an event: the digest of all of it, and the last of it.
//!
//! Names that the kernel's random bytes make (ids, keys, hashes) stand in no line. Two runs of one seed
//! write the same lines, or something goes by what it must not go by.

use std::collections::VecDeque;

use primitives::encode_hex;
use sha2::{Digest, Sha256};

/// Lines that are shown when something breaks.
const SHOWN: usize = 40;

/// Which lines are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Show {
    All,
    /// None, but for the last ones once something breaks.
    Last,
}

/// What happened so far.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    show: Show,
    digest: Sha256,
    last: VecDeque<String>,
    lines: u64,
}

impl Log {
    pub(crate) fn new(show: Show) -> Self {
        Self { show, digest: Sha256::new(), last: VecDeque::new(), lines: 0 }
    }

    pub(crate) fn note(&mut self, line: String) {
        self.digest.update(line.as_bytes());
        self.digest.update(b"\n");
        if self.last.len() == SHOWN {
            self.last.pop_front();
        }
        let line = format!("{:>6}  {line}", self.lines);
        if self.show == Show::All {
            println!("{line}");
        }
        self.last.push_back(line);
        self.lines += 1;
    }

    pub(crate) fn digest(&self) -> [u8; 32] {
        self.digest.clone().finalize().into()
    }

    pub(crate) fn last(&self) -> Vec<String> {
        self.last.iter().cloned().collect()
    }

    pub(crate) const fn lines(&self) -> u64 {
        self.lines
    }
}

pub(crate) fn hex(digest: [u8; 32]) -> String {
    encode_hex(&digest)
}

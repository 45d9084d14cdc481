//! A file elsewhere that knows how far the journal came: it tells an older copy of the state
//! directory from the one that was in use.
//!
//! It is opened before the sandbox and written after each commit. Only the system has it at once; it
//! is on its disk within a second ([`Witness::sync`]), so a crash of the whole machine may leave it
//! behind the journal, and never before it.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use primitives::{decode_hex, encode_hex};
use protocol::WitnessState;
use sha2::{Digest, Sha256};

use super::error::{JournalError, at};
use crate::clock::UnixSeconds;
use crate::log;

const MARK: &str = "WAIaaS-witness-1";
/// The longest file that is read; one is a line of 128 bytes.
const MAX_FILE: u64 = 4096;

/// The file, and whether it may be written.
#[derive(Debug)]
pub struct Witness {
    path: PathBuf,
    file: File,
    /// What it was written last in this run.
    written: Option<Head>,
    unsynced: bool,
    synced_at: UnixSeconds,
    failure: Option<String>,
}

/// How far the journal came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) records: u64,
    pub(super) hash: [u8; 32],
}

impl Witness {
    /// Opens the file, which is made if it is missing.
    ///
    /// # Errors
    /// When it cannot be opened or made.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        let mut options = OpenOptions::new();
        let opened = options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let file = opened.open(path).map_err(at(path))?;
        let path = path.to_owned();
        let (unsynced, synced_at) = (false, 0);
        Ok(Self { path, file, written: None, unsynced, synced_at, failure: None })
    }

    /// What it says: how far the journal came, nothing yet, or nothing that can be read.
    pub(super) fn read(&self) -> Result<Option<Head>, String> {
        let mut text = String::new();
        let read = (&self.file).take(MAX_FILE).read_to_string(&mut text);
        read.map_err(|error| format!("{} cannot be read: {error}", self.path.display()))?;
        if text.is_empty() {
            return Ok(None);
        }
        let head = parse(&text).ok_or_else(|| format!("{} is no witness", self.path.display()))?;
        Ok(Some(head))
    }

    /// Writes how far the journal came, which is on the disk. A failure is said once in the log, and
    /// in the status until it is over.
    pub(super) fn write(&mut self, head: Head) {
        if self.written == Some(head) {
            return;
        }
        let written = self.file.rewind().and_then(|()| self.file.write_all(line(head).as_bytes()));
        self.written = written.is_ok().then_some(head);
        self.unsynced = true;
        self.note(written);
    }

    /// Puts it on its disk, at most once a second.
    pub(super) fn sync(&mut self, now: UnixSeconds) {
        if now != self.synced_at {
            self.synced_at = now;
            self.sync_now();
        }
    }

    /// Puts it on its disk.
    pub(super) fn sync_now(&mut self) {
        if std::mem::take(&mut self.unsynced) {
            let synced = self.file.sync_data();
            self.note(synced);
        }
    }

    fn note(&mut self, result: io::Result<()>) {
        let failure = result.err().map(|error| error.to_string());
        if let (None, Some(failure)) = (&self.failure, &failure) {
            log::error(format_args!("the witness {}: {failure}", self.path.display()));
        }
        self.failure = failure;
    }

    /// How it is; `waits` until an operator has accepted the journal as it is.
    pub(super) fn report(&self, waits: bool) -> protocol::Witness {
        let failure = self.failure.as_ref().map(|why| format!("cannot be written: {why}"));
        let state = match (&failure, waits) {
            (Some(_), _) => WitnessState::Failing,
            (None, true) => WitnessState::Waiting,
            (None, false) => WitnessState::Current,
        };
        let place = self.path.display().to_string();
        protocol::Witness { place, state, failure: failure.unwrap_or_default() }
    }
}

/// One line of the same length whatever it says, so that one write replaces it.
fn line(head: Head) -> String {
    let said = format!("{MARK} {:020} {}", head.records, encode_hex(&head.hash));
    format!("{said} {}\n", encode_hex(&check(&said)))
}

fn check(said: &str) -> [u8; 8] {
    let [c0, c1, c2, c3, c4, c5, c6, c7, ..]: [u8; 32] = Sha256::digest(said).into();
    [c0, c1, c2, c3, c4, c5, c6, c7]
}

fn parse(text: &str) -> Option<Head> {
    let (said, written) = text.strip_suffix('\n')?.rsplit_once(' ')?;
    let mut words = said.split(' ');
    let (mark, records, hash) = (words.next()?, words.next()?, words.next()?);
    let hash = decode_hex(hash).ok()?.try_into().ok()?;
    let head = Head { records: records.parse().ok()?, hash };
    let genuine = mark == MARK && decode_hex(written).ok()? == check(said) && line(head) == text;
    genuine.then_some(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: Head = Head { records: 12, hash: [0xab; 32] };

    #[test]
    fn a_witness_on_a_disk_that_is_full_says_so_until_it_is_written() {
        let directory = tempfile::TempDir::new().unwrap();
        let mut witness = Witness::open(&directory.path().join("witness")).unwrap();
        let file = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let on_disk = std::mem::replace(&mut witness.file, file);
        witness.write(HEAD);
        let report = witness.report(true);
        assert_eq!(report.state, WitnessState::Failing, "{report}");
        assert!(report.failure.starts_with("cannot be written: "), "{report}");
        witness.file = on_disk;
        witness.write(HEAD);
        assert_eq!(witness.report(false).state, WitnessState::Current);
    }

    #[test]
    fn a_witness_goes_to_its_disk_once_a_second() {
        let directory = tempfile::TempDir::new().unwrap();
        let mut witness = Witness::open(&directory.path().join("witness")).unwrap();
        for (records, now, waits) in [(1, 7, false), (2, 7, true), (3, 8, false)] {
            witness.write(Head { records, ..HEAD });
            witness.sync(now);
            assert_eq!(witness.unsynced, waits, "after record {records}");
        }
    }

    #[test]
    fn a_line_in_another_form_is_no_witness_though_its_sum_is_right() {
        let said = format!("{MARK} 12 {}", encode_hex(&HEAD.hash));
        let text = format!("{said} {}\n", encode_hex(&check(&said)));
        assert_eq!(parse(&text), None);
    }

    #[test]
    fn a_line_is_read_as_it_was_written_and_no_other() {
        let written = line(HEAD);
        assert_eq!(parse(&written), Some(HEAD));
        assert_eq!(line(Head { records: u64::MAX, ..HEAD }).len(), written.len());
        for position in 0..written.len() {
            let mut bytes = written.clone().into_bytes();
            bytes[position] ^= 1;
            assert_eq!(String::from_utf8(bytes).ok().and_then(|text| parse(&text)), None);
            assert_eq!(parse(&written[..position]), None);
        }
    }
}

//! An export of the signer's journal, alone in a file or in a backup: a header that says what follows,
//! then the records as they stand on the wire (`docs/PROTOCOL.md`). The chain is followed while they are
//! read or written.

use std::io::{self, Read};

use protocol::journal::Record;
use protocol::wire::to_bytes;

use crate::chain::{Broken, Chain};
use crate::exit::{Exit, Failure};
use crate::progress::Progress;
use crate::signer::Signer;

/// What every export begins with.
const MAGIC: &[u8; 33] = b"WAIaaS journal export, version 1\n";
/// The longest content of a record that is read: several times what the signer writes.
const MAX_CONTENT: usize = 1024 * 1024;
/// Records asked for at once: the most of a list.
pub(crate) const PAGE: u16 = 4096;
/// What `docs/` says about a journal that does not verify.
pub(crate) const HELP: &str = "see docs/journal.md, \"When it does not verify\"";

/// What a journal is said to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    /// Whose it is.
    pub(crate) instance: [u8; 16],
    /// The first record that was not moved away.
    pub(crate) first: u64,
    /// How many there are in all.
    pub(crate) records: u64,
    /// The hash of the last.
    pub(crate) head: [u8; 32],
}

impl Claim {
    /// What the signer says of its journal up to the record of the number `records`.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub(crate) fn of(signer: &mut Signer, records: u64, head: [u8; 32]) -> Result<Self, Failure> {
        let first = match signer.records(0, 1)?.first() {
            None => 0,
            Some(record) => record.entry().map_err(|_unreadable| cut_off(0, records))?.number,
        };
        Ok(Self { instance: signer.instance(), first, records, head })
    }

    /// Writes an export of all these records, as the signer gives them, to `out`, and checks them.
    ///
    /// # Errors
    /// When they are not what is claimed, or cannot be read or written.
    pub(crate) fn export(
        self,
        signer: &mut Signer,
        mut out: impl FnMut(&[u8]) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let [first, records] = [self.first, self.records].map(u64::to_be_bytes);
        let header = [&MAGIC[..], &self.instance, &first, &records, &self.head].concat();
        out(&header)?;
        self.walk(signer, |record| out(&to_bytes(record)))
    }

    /// Follows the chain through all these records, and hands each to `each`.
    ///
    /// # Errors
    /// As [`Claim::export`].
    pub(crate) fn walk(
        self,
        signer: &mut Signer,
        mut each: impl FnMut(&Record) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let what = "reading the journal";
        let progress = Progress::start(what);
        let mut chain = Chain::before(self.first);
        while chain.next() < self.records {
            let page = signer.records(chain.next(), PAGE)?;
            if page.is_empty() {
                break;
            }
            let left = usize::try_from(self.records.saturating_sub(chain.next()));
            for record in page.iter().take(left.unwrap_or(usize::MAX)) {
                chain.follow(record).map_err(|broken| failure(&broken))?;
                each(record)?;
            }
            progress.reached(what, chain.next(), self.records);
        }
        self.is_where(&chain)
    }

    fn is_where(self, chain: &Chain) -> Result<(), Failure> {
        if chain.next() != self.records {
            return Err(cut_off(chain.next(), self.records));
        }
        if chain.head() != self.head {
            let what = "the journal hangs together, and ends in another hash than it should";
            return Err(Failure::new(Exit::Failed, what, HELP));
        }
        Ok(())
    }
}

/// Reads an export to its end and checks its chain. `name` is for messages.
///
/// # Errors
/// When it is none, or does not verify.
pub(crate) fn check(mut input: impl Read, name: &str) -> Result<Claim, Failure> {
    let other = |_cut| {
        let what = format!("{name} is no export of the journal");
        Failure::new(Exit::Failed, what, "`waiaasctl audit export` makes one")
    };
    let magic: [u8; 33] = array(&mut input).map_err(other)?;
    if &magic != MAGIC {
        return Err(other(io::ErrorKind::InvalidData.into()));
    }
    let instance = array(&mut input).map_err(other)?;
    let first = u64::from_be_bytes(array(&mut input).map_err(other)?);
    let records = u64::from_be_bytes(array(&mut input).map_err(other)?);
    let head = array(&mut input).map_err(other)?;
    let claim = Claim { instance, first, records, head };
    let unreadable =
        |source| Failure::File { action: "cannot read", path: name.to_owned(), source };
    let mut chain = Chain::before(claim.first);
    while let Some(record) = next_record(&mut input).map_err(unreadable)? {
        chain.follow(&record).map_err(|broken| failure(&broken))?;
    }
    claim.is_where(&chain)?;
    Ok(claim)
}

fn next_record(input: &mut impl Read) -> io::Result<Option<Record>> {
    let mut length = [0; 4];
    if input.read(&mut length[..1])? == 0 {
        return Ok(None);
    }
    input.read_exact(&mut length[1..])?;
    let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if length > MAX_CONTENT {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a record is too long"));
    }
    let mut content = vec![0; length];
    input.read_exact(&mut content)?;
    Ok(Some(Record { content, hash: array(input)? }))
}

fn array<const N: usize>(input: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    input.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn cut_off(there: u64, of: u64) -> Failure {
    let what = format!("the journal is cut off: it ends at {there} of {of} records");
    Failure::new(Exit::Failed, what, HELP)
}

fn failure(broken: &Broken) -> Failure {
    let why = std::error::Error::source(broken).map(|why| format!(": {why}")).unwrap_or_default();
    Failure::new(Exit::Failed, format!("the journal does not verify: {broken}{why}"), HELP)
}

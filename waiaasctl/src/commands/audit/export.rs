//! The file of an export: a header that says what follows, then the records as they stand on the wire
//! (`docs/PROTOCOL.md`).

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use protocol::journal::Record;

use super::Claim;
use crate::exit::{Exit, Failure};

/// What every export begins with.
const MAGIC: &[u8; 33] = b"WAIaaS journal export, version 1\n";
/// The longest content of a record that is read: several times what the signer writes.
const MAX_CONTENT: usize = 1024 * 1024;

/// An export that is being read.
pub(super) struct Export {
    claim: Claim,
    file: BufReader<File>,
    path: String,
}

/// The header of an export of this journal.
pub(super) fn header(claim: Claim) -> Vec<u8> {
    let [first, records] = [claim.first, claim.records].map(u64::to_be_bytes);
    [&MAGIC[..], &claim.instance, &first, &records, &claim.head].concat()
}

/// Opens an export and reads its header.
pub(super) fn open(path: &Path) -> Result<Export, Failure> {
    let name = path.display().to_string();
    let file = File::open(path).map_err(|source| unreadable(&name, source))?;
    let mut file = BufReader::new(file);
    let other = |_cut| {
        let what = format!("{name} is no export of the journal");
        Failure::new(Exit::Failed, what, "`waiaasctl audit export` makes one")
    };
    let magic: [u8; 33] = array(&mut file).map_err(other)?;
    if &magic != MAGIC {
        return Err(other(io::ErrorKind::InvalidData.into()));
    }
    let instance = array(&mut file).map_err(other)?;
    let first = u64::from_be_bytes(array(&mut file).map_err(other)?);
    let records = u64::from_be_bytes(array(&mut file).map_err(other)?);
    let head = array(&mut file).map_err(other)?;
    Ok(Export { claim: Claim { instance, first, records, head }, file, path: name })
}

impl Export {
    /// What it says about itself.
    pub(super) const fn claim(&self) -> Claim {
        self.claim
    }

    /// The next record; `None` after the last.
    pub(super) fn next_record(&mut self) -> Result<Option<Record>, Failure> {
        self.read_record().map_err(|source| unreadable(&self.path, source))
    }

    fn read_record(&mut self) -> io::Result<Option<Record>> {
        let mut length = [0; 4];
        if self.file.read(&mut length[..1])? == 0 {
            return Ok(None);
        }
        self.file.read_exact(&mut length[1..])?;
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        if length > MAX_CONTENT {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a record is too long"));
        }
        let mut content = vec![0; length];
        self.file.read_exact(&mut content)?;
        Ok(Some(Record { content, hash: array(&mut self.file)? }))
    }
}

fn array<const N: usize>(file: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn unreadable(path: &str, source: io::Error) -> Failure {
    Failure::File { action: "cannot read", path: path.to_owned(), source }
}

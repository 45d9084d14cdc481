//! The form of a backup's file, as `docs/backup.md` specifies it: a magic, what the signer sealed,
//! and behind it entries (a description, the journal, the gateway's database) as one sealed stream.
//!
//! [`Writer`] makes one; [`signer_part`] and [`Entries`] take it apart again. Memory is bounded
//! whatever the file says, and nothing is given out that was changed, cut off or put elsewhere.
#![forbid(unsafe_code)]
#![deny(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

mod entries;
mod stream;
#[cfg(test)]
mod tests;

use std::io::{self, Read, Write};

pub use entries::{Entries, Kind, Part, Writer};
pub use stream::Opener;

/// What every backup of this version begins with.
pub const MAGIC: &[u8; 16] = b"waiaas-backup 2\n";
/// What the backups of all versions begin with.
const FAMILY: &[u8] = b"waiaas-backup ";
/// The longest part of the signer, in bytes; its protocol has the same limit.
pub const MAX_SIGNER_PART: usize = 7 * 1024 * 1024;

/// Why a file is not taken for a backup, or could not be made one.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// Something else.
    #[error("it is no backup of this program")]
    Alien,
    /// A backup, and not of this version.
    #[error("it is a backup of another version ({0:?}); use the program that made it")]
    Version(String),
    /// The seal does not fit.
    #[error("it was changed or cut off since it was made")]
    Changed,
    /// The seal fits, and what it seals is not what belongs there.
    #[error("its entries are not in order: {0}")]
    Malformed(&'static str),
    /// The file or the disk.
    #[error("reading or writing failed")]
    Io(#[source] io::Error),
}

/// Reads a backup up to where its stream begins: what the signer sealed.
///
/// # Errors
/// When it is no backup, one of another version, or cut off.
pub fn signer_part(input: &mut impl Read) -> Result<Vec<u8>, ArchiveError> {
    let mut magic = [0; 16];
    read_exact(input, &mut magic).map_err(|error| {
        if matches!(error, ArchiveError::Changed) { ArchiveError::Alien } else { error }
    })?;
    if &magic != MAGIC {
        let version = magic.strip_prefix(FAMILY);
        return Err(version.map_or(ArchiveError::Alien, |version| {
            ArchiveError::Version(String::from_utf8_lossy(version).trim_end().to_owned())
        }));
    }
    let mut length = [0; 4];
    read_exact(input, &mut length)?;
    let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if length > MAX_SIGNER_PART {
        return Err(ArchiveError::Changed);
    }
    let mut part = Vec::new();
    let limit = u64::try_from(length).unwrap_or(u64::MAX);
    input.take(limit).read_to_end(&mut part).map_err(ArchiveError::Io)?;
    if part.len() == length { Ok(part) } else { Err(ArchiveError::Changed) }
}

/// Writes a backup up to where its stream begins.
fn write_signer_part(out: &mut impl Write, part: &[u8]) -> Result<(), ArchiveError> {
    let length = u32::try_from(part.len()).ok().filter(|_| part.len() <= MAX_SIGNER_PART);
    let length = length.ok_or(ArchiveError::Malformed("the signer's part is too long"))?;
    let header = [MAGIC.as_slice(), &length.to_be_bytes(), part].concat();
    out.write_all(&header).map_err(ArchiveError::Io)
}

/// Fills `buffer`; a file that ends before was cut off.
fn read_exact(input: &mut impl Read, buffer: &mut [u8]) -> Result<(), ArchiveError> {
    input.read_exact(buffer).map_err(|error| {
        if error.kind() == io::ErrorKind::UnexpectedEof {
            ArchiveError::Changed
        } else {
            stream::unwrapped(error)
        }
    })
}

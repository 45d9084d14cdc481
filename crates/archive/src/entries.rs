//! What is in the stream: entries in a fixed order, each in pieces behind their lengths, so that an
//! entry's length need not be known before.

use std::io::{Read, Write};

use crate::stream::{Sealer, unwrapped};
use crate::{ArchiveError, read_exact, write_signer_part};

/// The most bytes of a piece.
const MAX_PIECE: usize = 1024 * 1024;
/// Stands behind the last entry.
const END: u8 = 0;

/// Which entry. They stand in this order, each at most once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// What the backup is: JSON. Always there.
    Description,
    /// The signer's journal, as `waiaasctl audit export` writes it.
    Journal,
    /// The gateway's database: a file of SQLite.
    Database,
}

/// Makes a backup.
#[derive(Debug)]
pub struct Writer<W> {
    stream: Sealer<W>,
    last: Option<Kind>,
}

/// An entry that is being written.
#[derive(Debug)]
pub struct Part<'w, W> {
    stream: &'w mut Sealer<W>,
}

/// Reads the entries of a stream, in their order.
#[derive(Debug)]
pub struct Entries<R> {
    plain: R,
    last: Option<Kind>,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Between,
    Inside,
    Over,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Description, Self::Journal, Self::Database];

    pub(crate) const fn tag(self) -> u8 {
        match self {
            Self::Description => 1,
            Self::Journal => 2,
            Self::Database => 3,
        }
    }
}

impl<W: Write> Writer<W> {
    /// Begins a backup behind what the signer sealed. The key must never have been used before.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn begin(mut out: W, signer_part: &[u8], key: &[u8; 32]) -> Result<Self, ArchiveError> {
        write_signer_part(&mut out, signer_part)?;
        Ok(Self { stream: Sealer::new(out, key), last: None })
    }

    /// Begins the next entry.
    ///
    /// # Errors
    /// When it does not come after those before, or cannot be written.
    pub fn part(&mut self, kind: Kind) -> Result<Part<'_, W>, ArchiveError> {
        check_order(&mut self.last, kind)?;
        self.stream.put(&[kind.tag()])?;
        Ok(Part { stream: &mut self.stream })
    }

    /// Ends the backup.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(mut self) -> Result<W, ArchiveError> {
        self.stream.put(&[END])?;
        self.stream.finish()
    }
}

impl<W: Write> Part<'_, W> {
    /// Adds to the entry.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn put(&mut self, bytes: &[u8]) -> Result<(), ArchiveError> {
        for piece in bytes.chunks(MAX_PIECE) {
            let length = u32::try_from(piece.len()).expect("a piece is short");
            self.stream.put(&length.to_be_bytes())?;
            self.stream.put(piece)?;
        }
        Ok(())
    }

    /// Ends the entry.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn end(self) -> Result<(), ArchiveError> {
        self.stream.put(&0_u32.to_be_bytes())
    }
}

impl<R: Read> Entries<R> {
    /// Reads what an [`crate::Opener`] gives.
    pub fn new(plain: R) -> Self {
        Self { plain, last: None, state: State::Between }
    }

    /// Goes on to the next entry, past what was not read of this one; `None` after the last, when
    /// nothing more follows.
    ///
    /// # Errors
    /// When an entry is out of its order, unknown, missing or cut off.
    pub fn next_entry(&mut self) -> Result<Option<Kind>, ArchiveError> {
        let mut skipped = Vec::new();
        while self.piece(&mut skipped)? {}
        if self.state == State::Over {
            return Ok(None);
        }
        let mut tag = [0];
        read_exact(&mut self.plain, &mut tag)?;
        let [tag] = tag;
        if tag == END {
            return self.end();
        }
        let known = Kind::ALL.into_iter().find(|kind| kind.tag() == tag);
        let kind = known.ok_or(ArchiveError::Malformed("an entry that is not known here"))?;
        check_order(&mut self.last, kind)?;
        self.state = State::Inside;
        Ok(Some(kind))
    }

    /// Reads the entry's next piece in place of what is in `piece`; false after its last.
    ///
    /// # Errors
    /// When it is cut off or too long.
    pub fn piece(&mut self, piece: &mut Vec<u8>) -> Result<bool, ArchiveError> {
        piece.clear();
        if self.state != State::Inside {
            return Ok(false);
        }
        let mut length = [0; 4];
        read_exact(&mut self.plain, &mut length)?;
        let length = u32::from_be_bytes(length);
        if length == 0 {
            self.state = State::Between;
            return Ok(false);
        }
        if usize::try_from(length).is_ok_and(|length| length > MAX_PIECE) {
            return Err(ArchiveError::Malformed("a piece that is too long"));
        }
        let read = self.plain.by_ref().take(length.into()).read_to_end(piece).map_err(unwrapped)?;
        if u32::try_from(read).is_ok_and(|read| read == length) {
            Ok(true)
        } else {
            Err(ArchiveError::Changed)
        }
    }

    fn end(&mut self) -> Result<Option<Kind>, ArchiveError> {
        self.state = State::Over;
        if self.last.is_none() {
            return Err(ArchiveError::Malformed("no description"));
        }
        let mut more = [0];
        match self.plain.read(&mut more).map_err(unwrapped)? {
            0 => Ok(None),
            _ => Err(ArchiveError::Malformed("something stands behind the last entry")),
        }
    }
}

/// The description comes first, and none comes twice.
fn check_order(last: &mut Option<Kind>, next: Kind) -> Result<(), ArchiveError> {
    if last.is_none() != (next == Kind::Description) || *last >= Some(next) {
        return Err(ArchiveError::Malformed("an entry out of its order"));
    }
    *last = Some(next);
    Ok(())
}

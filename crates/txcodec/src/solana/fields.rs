//! The fields of instructions that are written by `bincode`: numbers little-endian, a text behind a
//! length of 64 bits, something that may be missing behind a byte.

use primitives::SolanaAddress;

use super::reader::Reader;

/// The fields of an instruction, in their order.
pub(super) struct Fields<'a>(Reader<'a>);

impl<'a> Fields<'a> {
    /// The tag of 32 bits, and the fields behind it.
    pub(super) fn new(data: &'a [u8]) -> Option<(u32, Self)> {
        let mut fields = Self(Reader::new(data));
        Some((fields.small_number()?, fields))
    }

    pub(super) fn small_number(&mut self) -> Option<u32> {
        self.0.array().map(u32::from_le_bytes).ok()
    }

    pub(super) fn number(&mut self) -> Option<u64> {
        self.0.array().map(u64::from_le_bytes).ok()
    }

    pub(super) fn address(&mut self) -> Option<SolanaAddress> {
        self.0.address().ok()
    }

    pub(super) fn seed(&mut self) -> Option<()> {
        let length = usize::try_from(self.number()?).ok()?;
        self.0.take(length).ok().map(|_seed| ())
    }

    pub(super) fn base_and_seed(&mut self) -> Option<()> {
        let _base = self.address()?;
        self.seed()
    }

    /// Ends the reading: nothing is left over.
    pub(super) fn finish(self) -> Option<()> {
        self.0.finish().ok()
    }
}

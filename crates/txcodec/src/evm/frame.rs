//! Arrays, bytes and tuples in call data: heads of one word each, which say where the tails are.
//!
//! Only the one form that compilers and libraries write is read: the tails in the order of the
//! heads, without gaps. In any other form two readers could find two different calls.

use primitives::Amount;

use super::abi::{self, Word};

/// The bytes of a word.
const WORD: usize = 32;

/// One level of an encoding, as far as it was read.
pub(super) struct Frame<'a> {
    bytes: &'a [u8],
    /// Where the next head is.
    head: usize,
    /// Where the heads end.
    heads: usize,
    /// Where the next tail is.
    tail: usize,
}

impl<'a> Frame<'a> {
    /// A level that begins with so many words of heads.
    pub(super) fn new(bytes: &'a [u8], words: usize) -> Option<Self> {
        let heads = words.checked_mul(WORD)?;
        (heads <= bytes.len()).then_some(Self { bytes, head: 0, heads, tail: heads })
    }

    /// A value of one word, in the heads.
    pub(super) fn word(&mut self) -> Option<&'a Word> {
        let word = self.bytes.get(self.head..self.heads)?.first_chunk()?;
        self.head = self.head.checked_add(WORD)?;
        Some(word)
    }

    /// Bytes of any length: the length, the bytes, zeros up to a whole word.
    pub(super) fn bytes(&mut self) -> Option<&'a [u8]> {
        let tail = self.next_tail()?;
        let (length, rest) = read_count(tail)?;
        let bytes = rest.get(..length)?;
        let padded = length.checked_next_multiple_of(WORD)?;
        if rest.get(length..padded)?.iter().any(|byte| *byte != 0) {
            return None;
        }
        self.pass(padded.checked_add(WORD)?)?;
        Some(bytes)
    }

    /// An array of any length, whose items have so many words of heads each.
    pub(super) fn array<T>(
        &mut self,
        words: usize,
        mut read: impl FnMut(&mut Frame<'a>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let tail = self.next_tail()?;
        let (count, rest) = read_count(tail)?;
        let mut items = Frame::new(rest, count.checked_mul(words)?)?;
        let values = (0..count).map(|_index| read(&mut items)).collect::<Option<_>>()?;
        self.pass(items.end()?.checked_add(WORD)?)?;
        Some(values)
    }

    /// A tuple that has tails of its own, with so many words of heads.
    pub(super) fn tuple<T>(
        &mut self,
        words: usize,
        read: impl FnOnce(&mut Frame<'a>) -> Option<T>,
    ) -> Option<T> {
        let mut inner = Frame::new(self.next_tail()?, words)?;
        let value = read(&mut inner)?;
        self.pass(inner.end()?)?;
        Some(value)
    }

    /// Ends the reading of the outermost level: nothing is left over.
    pub(super) fn finish(self) -> Option<()> {
        (self.end()? == self.bytes.len()).then_some(())
    }

    /// Where this level ends, once all of its heads were read.
    fn end(&self) -> Option<usize> {
        (self.head == self.heads).then_some(self.tail)
    }

    /// The tail that the next head points to, which has to be the next one.
    fn next_tail(&mut self) -> Option<&'a [u8]> {
        let offset = read_size(self.word()?)?;
        (offset == self.tail).then(|| self.bytes.get(offset..))?
    }

    fn pass(&mut self, length: usize) -> Option<()> {
        self.tail = self.tail.checked_add(length)?;
        Some(())
    }
}

/// A length in one word, and what follows it.
fn read_count(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    Some((read_size(length)?, rest))
}

fn read_size(word: &Word) -> Option<usize> {
    let size: Amount = abi::read_amount(word);
    size.to_u64().and_then(|size| usize::try_from(size).ok())
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn words(values: &[u64]) -> Vec<u8> {
        values.iter().flat_map(|value| Amount::from(*value).to_be_bytes()).collect()
    }

    fn read_lists(bytes: &[u8]) -> Option<(Vec<Amount>, Vec<u8>)> {
        let mut frame = Frame::new(bytes, 2)?;
        let numbers = frame.array(1, |item| item.word().map(abi::read_amount))?;
        let text = frame.bytes()?.to_vec();
        frame.finish()?;
        Some((numbers, text))
    }

    #[test]
    fn arrays_and_bytes_are_read_where_their_heads_say() {
        let text = [b"hi".to_vec(), vec![0; 30]].concat();
        let bytes = [words(&[64, 160, 2, 7, 8, 2]), text].concat();
        let numbers = [7_u64, 8].map(Amount::from).to_vec();
        assert_eq!(read_lists(&bytes), Some((numbers, b"hi".to_vec())));
        assert_eq!(read_lists(&words(&[64, 96, 0, 0])), Some((vec![], vec![])));
    }

    #[test]
    fn any_other_place_length_or_padding_is_not_read() {
        let padding = |last: u8| [b"hi".to_vec(), vec![0; 29], vec![last]].concat();
        for bytes in [
            words(&[]),
            words(&[64, 96, 0]),
            words(&[96, 64, 0, 0]),
            words(&[64, 64, 0]),
            words(&[64, 128, 0, 0, 0]),
            words(&[64, 96, 0, 0, 0]),
            words(&[64, 96, 0, 1]),
            words(&[64, 96, u64::MAX, 0]),
            words(&[64, 96, 0, u64::MAX]),
            words(&[u64::MAX, 96, 0, 0]),
            [words(&[64, 96, 0, 2]), padding(1)].concat(),
            [vec![0xff; 64], words(&[0, 0])].concat(),
        ] {
            assert_eq!(read_lists(&bytes), None, "{bytes:02x?}");
        }
        assert!(read_lists(&[words(&[64, 96, 0, 2]), padding(0)].concat()).is_some());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(
            heads in vec(0_u64..200, 0..12),
            rest in vec(any::<u8>(), 0..80),
        ) {
            let bytes = [words(&heads), rest].concat();
            read_lists(&bytes);
            if let Some(mut frame) = Frame::new(&bytes, 1) {
                frame.array(1, |item| item.tuple(2, |inner| Some((inner.word()?, inner.bytes()?))));
            }
        }
    }
}

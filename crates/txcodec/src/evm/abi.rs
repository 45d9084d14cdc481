//! The little of the contract ABI that is read and written here (Solidity's "Contract ABI
//! Specification"): a selector, then words of 32 bytes.

use primitives::{Amount, EvmAddress};

use crate::Selector;

/// An argument.
pub(super) type Word = [u8; 32];

/// The arguments of a call to `selector`, if that is what the data is: exactly `N` words, nothing
/// behind them.
pub(super) fn arguments<const N: usize>(data: &[u8], selector: Selector) -> Option<&[Word; N]> {
    match data.strip_prefix(&selector)?.as_chunks() {
        (words, []) => words.try_into().ok(),
        (_, _) => None,
    }
}

/// The first arguments of a call to `selector`, if that is what the data is: `N` words, and whatever
/// they point to behind them.
pub(super) fn head<const N: usize>(data: &[u8], selector: Selector) -> Option<&[Word; N]> {
    let (words, _rest) = data.strip_prefix(&selector)?.as_chunks();
    words.first_chunk()
}

/// Call data.
pub(super) fn call(selector: Selector, words: &[Word]) -> Vec<u8> {
    [&selector, words.as_flattened()].concat()
}

/// An address, unless the word holds more than that.
pub(super) fn read_address(word: &Word) -> Option<EvmAddress> {
    word.strip_prefix(&[0; 12])?.try_into().ok().map(EvmAddress)
}

/// An address, in the low bytes of a word.
pub(super) fn address(address: EvmAddress) -> Word {
    let mut word = [0; 32];
    if let Some(low) = word.last_chunk_mut() {
        *low = address.0;
    }
    word
}

/// An amount.
pub(super) const fn read_amount(word: &Word) -> Amount {
    Amount::from_be_bytes(*word)
}

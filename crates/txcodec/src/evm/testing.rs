//! Call data for tests, written by the rules of the contract ABI.
#![expect(clippy::arithmetic_side_effects, reason = "tests only, and a panic is a failed test")]

use primitives::Amount;

use super::abi::{self, Word};
use crate::Selector;
use crate::hash::keccak256;

/// The selector of a function, from its signature.
pub(super) fn selector(signature: &str) -> Selector {
    *keccak256(signature.as_bytes()).first_chunk().unwrap()
}

/// A call with these words behind the selector.
pub(super) fn call(signature: &str, words: &[Word]) -> Vec<u8> {
    abi::call(selector(signature), words)
}

/// A number as a word.
pub(super) fn number(value: usize) -> Word {
    Amount::from(u64::try_from(value).unwrap()).to_be_bytes()
}

/// Bytes as a tail.
pub(super) fn bytes(data: &[u8]) -> Vec<u8> {
    let padding = data.len().next_multiple_of(32) - data.len();
    [&number(data.len()), data, &vec![0; padding]].concat()
}

/// An array of words as a tail.
pub(super) fn words(items: &[Word]) -> Vec<u8> {
    [&number(items.len()), items.as_flattened()].concat()
}

/// An array of things that have tails of their own, as a tail.
pub(super) fn list(items: &[Vec<u8>]) -> Vec<u8> {
    [&number(items.len())[..], &offsets(items.len() * 32, items), &items.concat()].concat()
}

/// A call whose arguments are these words, and then these tails.
pub(super) fn call_with_tails(signature: &str, words: &[Word], tails: &[Vec<u8>]) -> Vec<u8> {
    let heads = (words.len() + tails.len()) * 32;
    let offsets = offsets(heads, tails);
    [&selector(signature)[..], words.as_flattened(), &offsets, &tails.concat()].concat()
}

/// A tuple of these words and then these bytes, as a tail.
pub(super) fn tuple(words: &[Word], data: &[u8]) -> Vec<u8> {
    [words.as_flattened(), &number((words.len() + 1) * 32), &bytes(data)].concat()
}

fn offsets(mut offset: usize, tails: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::new();
    for tail in tails {
        out.extend(number(offset));
        offset += tail.len();
    }
    out
}

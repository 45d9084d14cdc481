//! Calls that hold calls: of the contract itself for whoever calls it, or of others by the contract.

use primitives::{Amount, EvmAddress};

use super::abi;
use super::frame::Frame;
use crate::Selector;

/// The `Multicall` of `OpenZeppelin`, and those of Uniswap's routers: `multicall(bytes[])`, with a deadline,
/// with the hash of the block before.
const MULTICALL: Selector = [0xac, 0x96, 0x50, 0xd8];
const MULTICALL_UNTIL: Selector = [0x5a, 0xe4, 0x01, 0xdc];
const MULTICALL_AFTER: Selector = [0x1f, 0x04, 0x64, 0xd1];
/// `Multicall3`.
const AGGREGATE: Selector = [0x25, 0x2d, 0xba, 0x42];
const BLOCK_AND_AGGREGATE: Selector = [0xc3, 0x07, 0x7f, 0xa9];
const TRY_AGGREGATE: Selector = [0xbc, 0xe3, 0x8b, 0xd7];
const TRY_BLOCK_AND_AGGREGATE: Selector = [0x39, 0x95, 0x42, 0xe9];
const AGGREGATE3: Selector = [0x82, 0xad, 0x56, 0xcb];
const AGGREGATE3_VALUE: Selector = [0x17, 0x4d, 0xea, 0x71];
/// Accounts that are contracts, in the forms of ERC-4337's examples.
const EXECUTE: Selector = [0xb6, 0x1d, 0x27, 0xf6];
const EXECUTE_BATCH: Selector = [0x18, 0xdf, 0xb3, 0xc7];
const EXECUTE_BATCH_VALUES: Selector = [0x47, 0xe1, 0xda, 0x2a];
const EXECUTE_BATCH_TUPLES: Selector = [0x34, 0xfc, 0xd5, 0xbe];

/// What a call holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Batch<'a> {
    /// Calls of the contract itself, in the name of whoever calls it.
    OfItself(Vec<&'a [u8]>),
    /// Calls that the contract makes.
    ByIt(Vec<Inner<'a>>),
    /// Calls that cannot be found, because the data is not in the form that it should have.
    Unread,
}

/// A call that a contract is told to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Inner<'a> {
    pub(super) contract: EvmAddress,
    pub(super) value: Amount,
    pub(super) data: &'a [u8],
}

impl<'a> Batch<'a> {
    /// Reads call data; `None` when it is that of no function which holds calls.
    pub(super) fn from_data(data: &'a [u8]) -> Option<Self> {
        let (selector, arguments) = data.split_first_chunk()?;
        let read: fn(&'a [u8]) -> Option<Self> = match *selector {
            MULTICALL => |arguments| multicall(arguments, 1),
            MULTICALL_UNTIL | MULTICALL_AFTER => |arguments| multicall(arguments, 2),
            AGGREGATE | BLOCK_AND_AGGREGATE => |arguments| tuples(arguments, 1, to_and_data),
            TRY_AGGREGATE | TRY_BLOCK_AND_AGGREGATE => {
                |arguments| tuples(arguments, 2, to_and_data)
            }
            AGGREGATE3 => |arguments| tuples(arguments, 1, to_flag_and_data),
            AGGREGATE3_VALUE => |arguments| tuples(arguments, 1, to_flag_value_and_data),
            EXECUTE => |arguments| execute(arguments),
            EXECUTE_BATCH => |arguments| lists(arguments, Values::None),
            EXECUTE_BATCH_VALUES => |arguments| lists(arguments, Values::Listed),
            EXECUTE_BATCH_TUPLES => |arguments| tuples(arguments, 1, to_value_and_data),
            _ => return None,
        };
        Some(read(arguments).unwrap_or(Self::Unread))
    }
}

/// Whether a batch of lists says how many coins go along.
enum Values {
    None,
    Listed,
}

/// Words that do not matter, then `bytes[]`.
fn multicall(arguments: &[u8], words: usize) -> Option<Batch<'_>> {
    let mut frame = Frame::new(arguments, words)?;
    for _ in 1..words {
        frame.word()?;
    }
    let calls = frame.array(1, Frame::bytes)?;
    frame.finish()?;
    Some(Batch::OfItself(calls))
}

/// Words that do not matter, then an array of tuples.
fn tuples<'a>(
    arguments: &'a [u8],
    words: usize,
    read: fn(&mut Frame<'a>) -> Option<Inner<'a>>,
) -> Option<Batch<'a>> {
    let mut frame = Frame::new(arguments, words)?;
    for _ in 1..words {
        frame.word()?;
    }
    let calls = frame.array(1, read)?;
    frame.finish()?;
    Some(Batch::ByIt(calls))
}

fn to_and_data<'a>(frame: &mut Frame<'a>) -> Option<Inner<'a>> {
    frame.tuple(2, |call| {
        let contract = abi::read_address(call.word()?)?;
        Some(Inner { contract, value: Amount::ZERO, data: call.bytes()? })
    })
}

fn to_flag_and_data<'a>(frame: &mut Frame<'a>) -> Option<Inner<'a>> {
    frame.tuple(3, |call| {
        let contract = abi::read_address(call.word()?)?;
        let _may_fail = call.word()?;
        Some(Inner { contract, value: Amount::ZERO, data: call.bytes()? })
    })
}

fn to_flag_value_and_data<'a>(frame: &mut Frame<'a>) -> Option<Inner<'a>> {
    frame.tuple(4, |call| {
        let contract = abi::read_address(call.word()?)?;
        let _may_fail = call.word()?;
        let value = abi::read_amount(call.word()?);
        Some(Inner { contract, value, data: call.bytes()? })
    })
}

fn to_value_and_data<'a>(frame: &mut Frame<'a>) -> Option<Inner<'a>> {
    frame.tuple(3, one_call)
}

fn one_call<'a>(call: &mut Frame<'a>) -> Option<Inner<'a>> {
    let contract = abi::read_address(call.word()?)?;
    let value = abi::read_amount(call.word()?);
    Some(Inner { contract, value, data: call.bytes()? })
}

/// `(address,uint256,bytes)`.
fn execute(arguments: &[u8]) -> Option<Batch<'_>> {
    let mut frame = Frame::new(arguments, 3)?;
    let call = one_call(&mut frame)?;
    frame.finish()?;
    Some(Batch::ByIt(vec![call]))
}

/// `(address[],bytes[])` or `(address[],uint256[],bytes[])`.
fn lists(arguments: &[u8], values: Values) -> Option<Batch<'_>> {
    let words = match values {
        Values::None => 2,
        Values::Listed => 3,
    };
    let mut frame = Frame::new(arguments, words)?;
    let contracts = frame.array(1, |item| item.word().and_then(abi::read_address))?;
    let values = match values {
        Values::None => vec![Amount::ZERO; contracts.len()],
        Values::Listed => frame.array(1, |item| item.word().map(abi::read_amount))?,
    };
    let calls = frame.array(1, Frame::bytes)?;
    frame.finish()?;
    // An empty list of values stands for no coins in the example accounts of ERC-4337.
    let values = if values.is_empty() { vec![Amount::ZERO; contracts.len()] } else { values };
    let fits = contracts.len() == values.len() && contracts.len() == calls.len();
    let calls = contracts.into_iter().zip(values).zip(calls);
    let inner = calls.map(|((contract, value), data)| Inner { contract, value, data });
    fits.then(|| Batch::ByIt(inner.collect()))
}

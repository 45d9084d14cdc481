//! On EVM networks.

use primitives::{Amount, Chain, EvmAddress};
use protocol::RefusalCode::{NeedsOwner, Undecodable};
use txcodec::evm::{Kind, Transaction};

use super::{Drain, refuse_all};
use crate::bench::{BOB, Bench, MAINNET, transfer};

const ALL: [u8; 32] = [0xff; 32];
/// `true` as a word.
const TRUE: [u8; 32] = {
    let mut word = [0; 32];
    word[31] = 1;
    word
};

fn word(address: EvmAddress) -> [u8; 32] {
    let mut word = [0; 32];
    word[12..].copy_from_slice(&address.0);
    word
}

fn contract_call(data: Vec<u8>) -> Vec<u8> {
    let to = Some(EvmAddress([0x70; 20]));
    Transaction { to, data, ..transfer(MAINNET, 0, Amount::ZERO) }.to_unsigned_bytes()
}

/// One byte of a transaction's bytes replaced.
fn with_type(kind: u8) -> Vec<u8> {
    let mut bytes = transfer(MAINNET, 0, Amount::from(1_u64)).to_unsigned_bytes();
    bytes[0] = kind;
    bytes
}

/// The six items of a transaction from before EIP-155, which is valid on every network.
fn without_chain_id() -> Vec<u8> {
    let legacy = Kind::Legacy { gas_price: Amount::from(1_u64) };
    let fields = transfer(MAINNET, 0, Amount::from(1_u64));
    let bytes = Transaction { kind: legacy, ..fields }.to_unsigned_bytes();
    let items = &bytes[1..bytes.len() - 3]; // without chain id, 0, 0
    [&[0xc0 + u8::try_from(items.len()).unwrap()], items].concat()
}

/// Calls of a contract: selector and two words, the shape of most that give something away.
fn calls() -> [Drain; 6] {
    let call = |selector: [u8; 4], words: [[u8; 32]; 2]| {
        contract_call([&selector[..], &words[0], &words[1]].concat())
    };
    let increase_allowance = call([0x39, 0x50, 0x93, 0x51], [word(BOB), ALL]);
    let set_approval_for_all = call([0xa2, 0x2c, 0xb4, 0x65], [word(BOB), TRUE]);
    let approve = call([0x09, 0x5e, 0xa7, 0xb3], [word(BOB), ALL]);
    let multicall = call([0xac, 0x96, 0x50, 0xd8], [ALL, ALL]);
    [
        ("increaseAllowance", increase_allowance, NeedsOwner),
        ("setApprovalForAll", set_approval_for_all, NeedsOwner),
        ("approve of a token that is not listed", approve, NeedsOwner),
        ("multicall", multicall, NeedsOwner),
        ("an unknown function", contract_call(vec![1, 2, 3, 4]), NeedsOwner),
        ("a call of three bytes", contract_call(vec![1, 2, 3]), NeedsOwner),
    ]
}

/// Transactions that are wrong as a whole.
fn transactions() -> [Drain; 9] {
    let plain = transfer(MAINNET, 0, Amount::from(1_u64)).to_unsigned_bytes();
    let deploy = Transaction { to: None, data: vec![0xfe], ..transfer(MAINNET, 0, Amount::ZERO) };
    [
        ("a new contract", deploy.to_unsigned_bytes(), NeedsOwner),
        ("blobs", with_type(3), Undecodable),
        ("EIP-7702: code for the account", with_type(4), Undecodable),
        ("a type that nobody knows", with_type(0x7f), Undecodable),
        ("no chain id", without_chain_id(), Undecodable),
        ("a hash", vec![0x5a; 32], Undecodable),
        ("nothing", vec![], Undecodable),
        ("a byte too many", [&plain[..], &[0]].concat(), Undecodable),
        ("a byte too few", plain[..plain.len() - 1].to_vec(), Undecodable),
    ]
}

#[test]
fn nothing_is_signed_that_gives_more_than_it_says() {
    let bench = Bench::new();
    let wallet = bench.wallet(Chain::Evm);
    refuse_all(&bench, wallet, calls().into_iter().chain(transactions()));
}

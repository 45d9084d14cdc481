//! Calls in whose data something else is hidden, and contracts that are made.

use primitives::{Amount, Chain, EvmAddress};

use super::super::dice::Dice;
use super::super::rlp::Payment;
use super::super::rules::{BOB, Feature, ROUTER, STRANGE_TOKEN, SWAP, TOKENS};
use super::super::{Class, Shot, Target};
use super::OWNERS;
use super::evm_bytes::{plain, takes};
use super::evm_tokens::{amount, call, refused, word};

const fn class(name: &'static str, attack: fn(&mut Dice, &Target) -> Shot) -> Class {
    Class { name, chain: Chain::Evm, attack, neighbour }
}

const MULTICALL: [u8; 4] = [0xac, 0x96, 0x50, 0xd8];
const MULTICALL_UNTIL: [u8; 4] = [0x5a, 0xe4, 0x01, 0xdc];
const EXEC_TRANSACTION: [u8; 4] = [0x6a, 0x76, 0x12, 0x02];
const EXECUTE: [u8; 4] = [0xb6, 0x1d, 0x27, 0xf6];
const TRANSFER_OWNERSHIP: [u8; 4] = [0xf2, 0xfd, 0xe3, 0x8b];
const UPGRADE_TO: [u8; 4] = [0x36, 0x59, 0xcf, 0xe6];
const GRANT_ROLE: [u8; 4] = [0x2f, 0x2f, 0xf1, 0x5d];
const DEPOSIT: [u8; 4] = [0xd0, 0xe3, 0x0d, 0xb0];

pub(super) const CLASSES: &[Class] = &[
    class("EVM: a transfer inside multicall", |dice, target| {
        let selector = *dice.pick(&[MULTICALL, MULTICALL_UNTIL]);
        let inner = transfer_all();
        wrapped(dice, target, selector, &inner)
    }),
    class("EVM: multicall inside multicall", |dice, target| {
        let depth = 1 + dice.below(6);
        let inner = (0..depth)
            .fold(transfer_all(), |inner, _| [&MULTICALL[..], &array_of(&inner)].concat());
        wrapped(dice, target, MULTICALL, &inner)
    }),
    class("EVM: a delegate call through a Safe", |dice, target| {
        // execTransaction(to, value, data, operation = 1, …)
        let head = [word(BOB), number(0), number(0x140), number(1)].concat();
        let rest = [0, 0, 0, 0, 0, 0x1a0].map(number).concat();
        let data = [number(68), padded(&transfer_all()), number(0)].concat();
        let words = [EXEC_TRANSACTION.to_vec(), head, rest, data];
        on_strange(dice, target, &words)
    }),
    class("EVM: a transfer through an account contract", |dice, target| {
        let data = [number(68), padded(&transfer_all())].concat();
        let words = [EXECUTE.to_vec(), word(TOKENS[0]), number(0), number(0x60), data];
        on_strange(dice, target, &words)
    }),
    class("EVM: a contract's owner is replaced", |dice, target| {
        on_strange(dice, target, &[TRANSFER_OWNERSHIP.into(), word(BOB)])
    }),
    class("EVM: a contract's code is replaced", |dice, target| {
        on_strange(dice, target, &[UPGRADE_TO.into(), word(BOB)])
    }),
    class("EVM: a role in a contract is given away", |dice, target| {
        on_strange(dice, target, &[GRANT_ROLE.into(), number(0), word(BOB)])
    }),
    class("EVM: a contract creation with value", |dice, target| {
        let (value, length) = (dice.amount(), 1 + dice.index(100));
        let data = dice.some_bytes(length);
        let payment = Payment { to: vec![], value, data, ..plain(dice, target) };
        Shot::refused(payment.dynamic(), OVER_OR_OWNERS)
    }),
    class("EVM: a function that nobody knows", |dice, target| {
        let selector = [0xfe, dice.byte(), dice.byte(), dice.byte()];
        let length = 32 * dice.index(5);
        let words = [selector.to_vec(), dice.some_bytes(length)];
        on_strange(dice, target, &words)
    }),
    class("EVM: data shorter than a selector", |dice, target| {
        let length = 1 + dice.index(3);
        let data = dice.some_bytes(length);
        on_strange(dice, target, &[data])
    }),
    class("EVM: another function of a contract that is listed", |dice, target| {
        let other = [SWAP[0], SWAP[1], SWAP[2], SWAP[3] ^ (1 << dice.index(8))];
        refused(dice, target, ROUTER, &[other.to_vec(), number(1)])
    }),
    class("EVM: the listed function of another contract", |dice, target| {
        let words = [SWAP.to_vec(), number(1)];
        on_strange(dice, target, &words)
    }),
    class("EVM: coins along with the listed function", |dice, target| {
        let value = Amount::from(dice.throw() >> dice.below(60));
        listed_call(dice, target, value)
    }),
    class("EVM: coins wrapped in a contract that is not listed", |dice, target| {
        let value = dice.up_to(1000);
        let payment = Payment { value, ..call(dice, target, STRANGE_TOKEN, DEPOSIT.to_vec()) };
        Shot::refused(payment.dynamic(), OWNERS)
    }),
];

const OVER_OR_OWNERS: &[protocol::RefusalCode] = &[
    protocol::RefusalCode::NeedsOwner,
    protocol::RefusalCode::EffectNotAllowed,
    protocol::RefusalCode::Undecodable,
];

/// A call of a contract that no guard lists.
fn on_strange(dice: &mut Dice, target: &Target, words: &[Vec<u8>]) -> Shot {
    let contract = *dice.pick(&[STRANGE_TOKEN, EvmAddress([0x99; 20])]);
    refused(dice, target, contract, words)
}

fn number(number: u64) -> Vec<u8> {
    amount(number.into())
}

fn transfer_all() -> Vec<u8> {
    [vec![0xa9, 0x05, 0x9c, 0xbb], word(BOB), amount(Amount::MAX)].concat()
}

fn padded(bytes: &[u8]) -> Vec<u8> {
    [bytes, &vec![0; bytes.len().next_multiple_of(32) - bytes.len()]].concat()
}

/// `bytes[]` with one element, as the one argument of a call.
fn array_of(inner: &[u8]) -> Vec<u8> {
    let length = u64::try_from(inner.len()).expect("64 bits hold every length");
    [number(0x20), number(1), number(0x20), number(length), padded(inner)].concat()
}

fn wrapped(dice: &mut Dice, target: &Target, selector: [u8; 4], inner: &[u8]) -> Shot {
    let arguments = match selector {
        MULTICALL_UNTIL => {
            [number(u64::MAX), number(0x40), array_of(inner)[32..].to_vec()].concat()
        }
        _ => array_of(inner),
    };
    on_strange(dice, target, &[selector.to_vec(), arguments])
}

/// The listed function of the listed contract, where they are.
fn listed_call(dice: &mut Dice, target: &Target, value: Amount) -> Shot {
    let data = [SWAP.to_vec(), number(1)].concat();
    let payment = Payment { value, ..call(dice, target, ROUTER, data) };
    let bytes = payment.dynamic();
    if !target.rules.has(Feature::Contracts) {
        return Shot::refused(bytes, OVER_OR_OWNERS);
    }
    let takes = takes(&payment, bytes.len());
    Shot::counted(bytes, takes)
}

fn neighbour(dice: &mut Dice, target: &Target) -> Shot {
    if target.rules.has(Feature::Contracts) {
        listed_call(dice, target, Amount::ZERO)
    } else {
        super::evm_bytes::neighbour(dice, target)
    }
}

//! EVM transactions in bytes that say one thing to one reader and another to the next.

use primitives::{Amount, Chain};
use protocol::Payload;

use super::super::dice::Dice;
use super::super::rlp::{self, CHAIN_ID, Item, NONCE, Payment, TO, VALUE};
use super::super::rules::{BOB, Feature, LIKE_BOB};
use super::super::{Class, Shot, Taken, Target, evm_scope, sum};
use super::{BYTES, CLOSED, OWNERS};

const fn class(name: &'static str, attack: fn(&mut Dice, &Target) -> Shot) -> Class {
    Class { name, chain: Chain::Evm, attack, neighbour }
}

pub(super) const CLASSES: &[Class] = &[
    class("EVM: bytes behind the transaction", |dice, target| {
        let extra = 1 + dice.index(40);
        let tail = dice.some_bytes(extra);
        bad(&[plain(dice, target).dynamic(), tail].concat())
    }),
    class("EVM: an item behind the last", |dice, target| {
        let mut items = plain(dice, target).dynamic_items();
        items.push(Item::number(dice.below(3)));
        bad(&rlp::typed(2, items))
    }),
    class("EVM: an item too few", |dice, target| {
        let mut items = plain(dice, target).dynamic_items();
        let gone = dice.index(items.len());
        items.remove(gone);
        bad(&rlp::typed(2, items))
    }),
    class("EVM: cut short", |dice, target| {
        let mut bytes = plain(dice, target).dynamic();
        bytes.truncate(dice.index(bytes.len()));
        bad(&bytes)
    }),
    class("EVM: leading zeros of the value", |dice, target| {
        let value = plain(dice, target).value.to_be_bytes_trimmed();
        let padded = [&vec![0; 1 + dice.index(3)][..], &value].concat();
        bad(&plain(dice, target).with(VALUE, Item::Bytes(padded)))
    }),
    class("EVM: a zero written as a byte", |dice, target| {
        bad(&plain(dice, target).with(NONCE, Item::Bytes(vec![0])))
    }),
    class("EVM: a byte behind a header that it does not need", |dice, target| {
        let verbatim = Item::Verbatim(vec![0x81, dice.byte() & 0x7f]);
        bad(&plain(dice, target).with(VALUE, verbatim))
    }),
    class("EVM: a length in its long form", |dice, target| {
        let to = [&rlp::long_header(0x80, 20)[..], &BOB.0].concat();
        bad(&plain(dice, target).with(TO, Item::Verbatim(to)))
    }),
    class("EVM: the whole behind a length in its long form", |dice, target| {
        let items = plain(dice, target).dynamic_items();
        let content: Vec<u8> = items.iter().flat_map(Item::encode).collect();
        let header = rlp::long_header(0xc0, content.len());
        if content.len() > 55 {
            // The long form is the right one here: a longer one.
            let length = u8::try_from(content.len()).expect("a small transaction");
            return bad(&[&[2, 0xf9, 0, length][..], &content].concat());
        }
        bad(&[&[2][..], &header, &content].concat())
    }),
    class("EVM: a list where a number belongs", |dice, target| {
        let list = Item::List(vec![Item::number(dice.below(200))]);
        bad(&plain(dice, target).with(VALUE, list))
    }),
    class("EVM: a value of 33 bytes", |dice, target| {
        let value = [&[1][..], &dice.bytes::<32>()].concat();
        bad(&plain(dice, target).with(VALUE, Item::Bytes(value)))
    }),
    class("EVM: a recipient of another length", |dice, target| {
        let length = *dice.pick(&[1, 19, 21, 32]);
        let to = Item::Bytes(dice.some_bytes(length));
        bad(&plain(dice, target).with(TO, to))
    }),
    class("EVM: a recipient in letters", |dice, target| {
        // What a careless encoder makes of an address in mixed case.
        let letters = BOB.to_string().into_bytes();
        bad(&plain(dice, target).with(TO, Item::Bytes(letters)))
    }),
    class("EVM: a look-alike recipient", |dice, target| {
        let payment = Payment { to: LIKE_BOB.0.to_vec(), ..plain(dice, target) };
        if target.rules.has(Feature::Recipients) {
            return Shot::refused(payment.dynamic(), OWNERS);
        }
        counted(&payment, payment.dynamic())
    }),
    class("EVM: chain id 0", |dice, target| {
        bad(&plain(dice, target).with(CHAIN_ID, Item::number(0_u64)))
    }),
    class("EVM: chain id 0 in an old transaction", |dice, target| {
        bad(&Payment { chain_id: 0, ..plain(dice, target) }.legacy())
    }),
    class("EVM: no replay protection", |dice, target| {
        bad(&Item::List(plain(dice, target).legacy_items()).encode())
    }),
    class("EVM: a chain id of 65 bits that ends like one that is listed", |dice, target| {
        let id = [&[1][..], &1_u64.to_be_bytes()].concat();
        bad(&plain(dice, target).with(CHAIN_ID, Item::Bytes(id)))
    }),
    class("EVM: a network that is not listed", |dice, target| {
        let chain_id = *dice.pick(&[5, 56, 137, 8453, 42_161, 11_155_111, 31_337]);
        Shot::refused(Payment { chain_id, ..plain(dice, target) }.dynamic(), CLOSED)
    }),
    class("EVM: a transaction that is signed already", |dice, target| {
        let mut items = plain(dice, target).dynamic_items();
        items.extend([Item::number(1_u64), word(dice), word(dice)]);
        bad(&rlp::typed(2, items))
    }),
    class("EVM: a signature where EIP-155 has zeros", |dice, target| {
        let payment = plain(dice, target);
        let mut items = payment.legacy_items();
        items.extend([Item::number(payment.chain_id * 2 + 35), word(dice), word(dice)]);
        bad(&Item::List(items).encode())
    }),
    class("EVM: EIP-7702 lets code speak for the account", |dice, target| {
        let payment = plain(dice, target);
        let mut items = payment.dynamic_items();
        let tuple = [Item::number(payment.chain_id), Item::Bytes(BOB.0.to_vec())];
        let authorisation = [&tuple[..], &[Item::number(0_u64), Item::number(0_u64)]].concat();
        items.push(Item::List(vec![Item::List(
            [authorisation, vec![word(dice), word(dice)]].concat(),
        )]));
        bad(&rlp::typed(4, items))
    }),
    class("EVM: an EIP-7702 authorisation itself", |dice, target| {
        // What the account signs to give itself away: 0x05 ‖ rlp([chain, code, nonce]).
        let chain_id = if dice.percent(50) { 0 } else { plain(dice, target).chain_id };
        let tuple = vec![Item::number(chain_id), Item::Bytes(BOB.0.to_vec()), Item::number(0_u64)];
        bad(&rlp::typed(5, tuple))
    }),
    class("EVM: a type that nobody knows", |dice, target| {
        let kind = *dice.pick(&[0, 5, 6, 0x64, 0x7e, 0x7f]);
        bad(&rlp::typed(kind, plain(dice, target).dynamic_items()))
    }),
    class("EVM: one bit of a good transaction", |dice, target| {
        // Whatever the bit makes of it: the amount, the fee or the network may be another, so it is
        // sent where all of it is refused.
        let mut bytes = Payment { chain_id: 5, ..plain(dice, target) }.dynamic();
        let place = dice.index(bytes.len());
        bytes[place] ^= 1 << dice.index(8);
        // Network 5 by one bit: 1, 4, 7, 13, 21, 37, 69. The first is listed.
        match bytes.get(2) {
            Some(1) => neighbour(dice, target),
            _ => Shot::refused(bytes, EITHER),
        }
    }),
];

const EITHER: &[protocol::RefusalCode] =
    &[protocol::RefusalCode::Undecodable, protocol::RefusalCode::NetworkNotAllowed];

/// A few wei to Bob on one of the listed networks.
pub(in crate::redteam) fn plain(dice: &mut Dice, _target: &Target) -> Payment {
    Payment {
        chain_id: *dice.pick(&super::super::rules::NETWORKS),
        nonce: dice.below(1 << 40),
        gas_limit: 21_000 + dice.below(10_000),
        gas_price: dice.up_to(100_000),
        to: BOB.0.to_vec(),
        value: Amount::from(0x100 + dice.below(1_000_000)),
        data: vec![],
    }
}

/// What a payment takes: its value and its fee.
pub(super) fn counted(payment: &Payment, bytes: Vec<u8>) -> Shot {
    let takes = takes(payment, bytes.len());
    Shot::counted(bytes, takes)
}

/// Value and fee, and what a rollup takes for so many bytes.
pub(in crate::redteam) fn takes(payment: &Payment, length: usize) -> Vec<Taken> {
    let scope = evm_scope(payment.chain_id);
    vec![Taken::native(
        scope,
        sum([payment.value, payment.fee(), super::evm_fees::layer_one(payment.chain_id, length)]),
    )]
}

/// The same payment in the bytes that it should have, in any of the three forms.
pub(super) fn neighbour(dice: &mut Dice, target: &Target) -> Shot {
    let payment = plain(dice, target);
    let bytes = match dice.below(3) {
        0 => payment.legacy(),
        1 => payment.access_list(vec![]),
        _ => payment.dynamic(),
    };
    counted(&payment, bytes)
}

fn bad(bytes: &[u8]) -> Shot {
    Shot::of(Payload::Transaction(bytes.to_vec()), Vec::new(), super::super::Fate::Refused(BYTES))
}

fn word(dice: &mut Dice) -> Item {
    let mut word = dice.bytes::<32>();
    word[0] |= 1;
    Item::Bytes(word.to_vec())
}

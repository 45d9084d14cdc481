//! Coins that no one gets: burnt as fees of an EVM transaction.

use primitives::{Amount, Chain};

use super::super::dice::Dice;
use super::super::rlp::{self, Item, Payment};
use super::super::rules::{NATIVE_AT_ONCE, WEI_PER_BYTE};
use super::super::{Class, Shot, Target};
use super::evm_bytes::{counted, neighbour, plain};
use super::{BYTES, TOO_MUCH};

const fn class(name: &'static str, attack: fn(&mut Dice, &Target) -> Shot) -> Class {
    Class { name, chain: Chain::Evm, attack, neighbour }
}

pub(super) const CLASSES: &[Class] = &[
    class("EVM: a fee burnt through the gas price", |dice, target| {
        let bits = 50 + dice.index(207);
        let gas_price = dice.amount_of(bits);
        let value = Amount::ZERO;
        burnt(&Payment { gas_price, value, ..plain(dice, target) })
    }),
    class("EVM: a fee burnt through the gas limit", |dice, target| {
        let gas_limit = dice.throw() >> dice.below(20);
        burnt(&Payment { gas_limit, ..plain(dice, target) })
    }),
    class("EVM: a fee of half the ceiling, again and again", |dice, target| {
        let gas_price = Amount::from(NATIVE_AT_ONCE / 2 / 100_000);
        burnt(&Payment { gas_price, gas_limit: 100_000, ..plain(dice, target) })
    }),
    class("EVM: a fee that is more than 256 bits", |dice, target| {
        let (gas_price, gas_limit) = (dice.amount_of(256), u64::MAX - dice.below(100));
        let payment = Payment { gas_limit, gas_price, ..plain(dice, target) };
        Shot::refused(payment.dynamic(), TOO_MUCH)
    }),
    class("EVM: value and fee together are more than 256 bits", |dice, target| {
        let payment = Payment { value: Amount::MAX, ..plain(dice, target) };
        Shot::refused(payment.dynamic(), TOO_MUCH)
    }),
    class("EVM: a tip above the highest price", |dice, target| {
        let payment = plain(dice, target);
        let tip = payment.gas_price.checked_add(Amount::from(1_u64)).expect("a small price");
        let mut items = payment.dynamic_items();
        items[2] = Item::number(tip);
        Shot::refused(rlp::typed(2, items), BYTES)
    }),
    class("EVM: a blob fee", |dice, target| {
        let mut items = plain(dice, target).dynamic_items();
        items.push(Item::number(dice.amount_of(60)));
        items.push(Item::List(vec![Item::Bytes([&[1][..], &dice.bytes::<31>()].concat())]));
        Shot::refused(rlp::typed(3, items), BYTES)
    }),
    class("EVM: the fee of layer 1 through long data", |dice, target| {
        // To an account without code: the data does nothing but cost.
        let length = 1000 + dice.index(30_000);
        let data = dice.some_bytes(length);
        let payment = Payment { chain_id: 10, data, ..plain(dice, target) };
        Shot::refused(payment.dynamic(), super::OWNERS)
    }),
    class("EVM: the fee of layer 1 through a long access list", |dice, target| {
        let payment = Payment { chain_id: 10, ..plain(dice, target) };
        let keys = (0..dice.below(100)).map(|_| Item::Bytes(dice.some_bytes(32))).collect();
        let entry = Item::List(vec![Item::Bytes(dice.some_bytes(20)), Item::List(keys)]);
        let bytes = payment.access_list(vec![entry]);
        counted(&payment, bytes)
    }),
];

/// What a rollup takes for so many bytes by the guard's word, in wei; nothing elsewhere.
pub(super) fn layer_one(chain_id: u64, length: usize) -> Amount {
    let length = u64::try_from(length).expect("64 bits hold every length");
    if chain_id == 10 { Amount::from(length * WEI_PER_BYTE) } else { Amount::ZERO }
}

fn burnt(payment: &Payment) -> Shot {
    match Amount::from(payment.gas_limit).checked_mul(payment.gas_price) {
        Some(_) => counted(payment, payment.dynamic()),
        None => Shot::refused(payment.dynamic(), TOO_MUCH),
    }
}

//! Ways round a limit: each payment is harmless, and there are many of them, or a number wraps.

use primitives::{Amount, Chain};

use super::super::dice::Dice;
use super::super::rlp::Payment;
use super::super::rules::{BOB, NATIVE_AT_ONCE, NETWORKS, SOLANA_BOB, TOKEN_AT_ONCE};
use super::super::{Class, Shot, Target};
use super::TOO_MUCH;
use super::evm_bytes::{counted, neighbour, plain};
use super::{evm_tokens, solana_system, solana_tokens};

const fn class(name: &'static str, attack: fn(&mut Dice, &Target) -> Shot) -> Class {
    Class { name, chain: Chain::Evm, attack, neighbour }
}

const fn solana(name: &'static str, attack: fn(&mut Dice, &Target) -> Shot) -> Class {
    Class { name, chain: Chain::Solana, attack, neighbour: solana_system::neighbour }
}

pub(super) const CLASSES: &[Class] = &[
    class("EVM: many small ones up to the window", neighbour),
    class("EVM: the largest that fits, again and again", |dice, target| {
        let payment = plain(dice, target);
        let left = Amount::from(NATIVE_AT_ONCE / 2 + dice.below(NATIVE_AT_ONCE / 2));
        let value = left.saturating_sub(payment.fee());
        pay(&Payment { value, ..payment })
    }),
    class("EVM: an amount above 2^63", |dice, target| {
        // Where a signed number of 64 bits would be negative, and where 64 and 128 bits begin anew.
        let bits = *dice.pick(&[64, 65, 128, 129]);
        let value = dice.amount_of(bits);
        pay(&Payment { value, ..plain(dice, target) })
    }),
    class("EVM: an amount that is small modulo 2^64", |dice, target| {
        let shift = *dice.pick(&[15, 23]);
        let mut bytes = Amount::from(dice.below(1000)).to_be_bytes();
        bytes[shift] = 1;
        let payment = Payment { value: Amount::from_be_bytes(bytes), ..plain(dice, target) };
        match shift {
            15 => Shot::refused(payment.dynamic(), TOO_MUCH),
            _ => pay(&payment), // 2^64 and a little: 18.4 ETH
        }
    }),
    class("EVM: any amount", |dice, target| {
        let value = dice.amount();
        pay(&Payment { value, ..plain(dice, target) })
    }),
    class("EVM: two networks in turn", |dice, target| {
        let chain_id = *dice.pick(&NETWORKS);
        let value = Amount::from(NATIVE_AT_ONCE / 4);
        pay(&Payment { chain_id, value, ..plain(dice, target) })
    }),
    class("EVM: two tokens in turn", |dice, target| {
        let most = Amount::from(TOKEN_AT_ONCE / 2 + dice.below(TOKEN_AT_ONCE));
        evm_tokens::transfer(dice, target, BOB, most)
    }),
    class("EVM: one nonce for many payments", |dice, target| {
        pay(&Payment { nonce: 7, ..plain(dice, target) })
    }),
    class("EVM: the same bytes again", |_, target| {
        let mut same = Dice::new(11);
        pay(&plain(&mut same, target))
    }),
    solana("Solana: many small ones up to the window", solana_system::neighbour),
    solana("Solana: any amount", |dice, target| {
        let lamports = dice.throw() >> dice.below(64);
        solana_system::pay(dice, target, &[lamports])
    }),
    solana("Solana: the largest number there is", |dice, target| {
        solana_system::pay(dice, target, &[u64::MAX])
    }),
    solana("Solana: parts that pass and whose sum does not", |dice, target| {
        let part = NATIVE_AT_ONCE / 4 + dice.below(NATIVE_AT_ONCE / 4);
        let count = 3 + dice.index(8);
        solana_system::pay(dice, target, &vec![part; count])
    }),
    solana("Solana: parts whose sum is small modulo 2^64", |dice, target| {
        let little = dice.below(1000);
        solana_system::pay(dice, target, &[1 << 63, 1 << 63, little])
    }),
    solana("Solana: two tokens added together", |dice, target| {
        let part = TOKEN_AT_ONCE / 2 + dice.below(TOKEN_AT_ONCE / 2);
        solana_tokens::transfer(dice, target, &[part, part], SOLANA_BOB)
    }),
    solana("Solana: the same bytes again", |_, target| {
        solana_system::neighbour(&mut Dice::new(11), target)
    }),
];

fn pay(payment: &Payment) -> Shot {
    counted(payment, payment.dynamic())
}

//! Tokens that leave, or may be taken, by a call of their contract.

use primitives::{Amount, Chain, EvmAddress};

use super::super::dice::Dice;
use super::super::rlp::Payment;
use super::super::rules::{
    BOB, Feature, LIKE_BOB, ROUTER, SPENDER, SPENDER_MOST, STRANGE_TOKEN, TOKEN_AT_ONCE, TOKENS,
};
use super::super::{Class, Shot, Taken, Target, evm_scope};
use super::OWNERS;
use super::evm_bytes::{plain, takes};

const fn class(name: &'static str, attack: fn(&mut Dice, &Target) -> Shot) -> Class {
    Class { name, chain: Chain::Evm, attack, neighbour }
}

pub(in crate::redteam) const TRANSFER: [u8; 4] = [0xa9, 0x05, 0x9c, 0xbb];
const TRANSFER_FROM: [u8; 4] = [0x23, 0xb8, 0x72, 0xdd];
const APPROVE: [u8; 4] = [0x09, 0x5e, 0xa7, 0xb3];
const INCREASE_ALLOWANCE: [u8; 4] = [0x39, 0x50, 0x93, 0x51];
const SET_APPROVAL_FOR_ALL: [u8; 4] = [0xa2, 0x2c, 0xb4, 0x65];
const SAFE_TRANSFER_FROM: [u8; 4] = [0x42, 0x84, 0x2e, 0x0e];
const SAFE_BATCH_TRANSFER_FROM: [u8; 4] = [0x2e, 0xb2, 0xc2, 0xd6];
const BURN: [u8; 4] = [0x42, 0x96, 0x6c, 0x68];

pub(super) const CLASSES: &[Class] = &[
    class("EVM: unlimited approve", |dice, target| {
        refused(dice, target, TOKENS[0], &[APPROVE.into(), word(SPENDER), amount(Amount::MAX)])
    }),
    class("EVM: increaseAllowance without limit", |dice, target| {
        let words = [INCREASE_ALLOWANCE.into(), word(SPENDER), amount(Amount::MAX)];
        refused(dice, target, TOKENS[1], &words)
    }),
    class("EVM: allowances of any size", |dice, target| {
        let most = dice.amount();
        let selector = *dice.pick(&[APPROVE, INCREASE_ALLOWANCE]);
        allowance(dice, target, selector, most)
    }),
    class("EVM: many allowances that fit one by one", |dice, target| {
        let most = dice.up_to(TOKEN_AT_ONCE);
        allowance(dice, target, APPROVE, most)
    }),
    class("EVM: setApprovalForAll", |dice, target| {
        let words = [SET_APPROVAL_FOR_ALL.into(), word(BOB), amount(1_u64.into())];
        on_any(dice, target, &words)
    }),
    class("EVM: a token that is not listed", |dice, target| {
        let most = dice.amount();
        refused(dice, target, STRANGE_TOKEN, &[TRANSFER.into(), word(BOB), amount(most)])
    }),
    class("EVM: an allowance of a token that is not listed", |dice, target| {
        let most = dice.amount();
        refused(dice, target, STRANGE_TOKEN, &[APPROVE.into(), word(SPENDER), amount(most)])
    }),
    class("EVM: tokens to a look-alike recipient", |dice, target| {
        let most = dice.up_to(1000);
        transfer(dice, target, LIKE_BOB, most)
    }),
    class("EVM: tokens of any amount", |dice, target| {
        let most = dice.amount();
        transfer(dice, target, BOB, most)
    }),
    class("EVM: transferFrom of the wallet itself", |dice, target| {
        let most = dice.up_to(TOKEN_AT_ONCE);
        let from = EvmAddress(target.evm());
        let words = [TRANSFER_FROM.into(), word(from), word(BOB), amount(most)];
        moved(dice, target, most, &words)
    }),
    class("EVM: a recipient behind twelve bytes that are not zero", |dice, target| {
        let mut dirty = word(BOB);
        dirty[dice.index(12)] |= 1 + (dice.byte() & 0x7f);
        refused(dice, target, TOKENS[0], &[TRANSFER.into(), dirty, amount(1_u64.into())])
    }),
    class("EVM: bytes behind the arguments", |dice, target| {
        let tail = dice.some_bytes(32);
        let words = [TRANSFER.into(), word(BOB), amount(1_u64.into()), tail];
        refused(dice, target, TOKENS[0], &words)
    }),
    class("EVM: arguments cut short", |dice, target| {
        let cut = vec![0; dice.index(32)];
        refused(dice, target, TOKENS[0], &[TRANSFER.into(), word(BOB), cut])
    }),
    class("EVM: a collectible", |dice, target| {
        let from = EvmAddress(target.evm());
        let id = dice.amount();
        let words = [SAFE_TRANSFER_FROM.into(), word(from), word(BOB), amount(id)];
        on_any(dice, target, &words)
    }),
    class("EVM: many collectibles at once", |dice, target| {
        let from = EvmAddress(target.evm());
        let words = [0xa0_u64, 0xe0, 0x120, 1, 7, 1, 1, 0].map(|number| amount(number.into()));
        let head = [SAFE_BATCH_TRANSFER_FROM.into(), word(from), word(BOB)];
        on_any(dice, target, &[&head[..], &words].concat())
    }),
    class("EVM: tokens burnt", |dice, target| {
        let most = dice.amount();
        let words = [BURN.into(), amount(most)];
        if target.rules.has(Feature::Recipients) {
            refused(dice, target, TOKENS[0], &words)
        } else {
            moved(dice, target, most, &words)
        }
    }),
    class("EVM: coins to a token's contract along with a transfer", |dice, target| {
        let most = dice.up_to(1000);
        let value = Amount::from(dice.below(1 << 62));
        let data = [TRANSFER.to_vec(), word(BOB), amount(most)].concat();
        let payment = Payment { value, ..call(dice, target, TOKENS[0], data) };
        let bytes = payment.dynamic();
        let mut takes = takes(&payment, bytes.len());
        takes.push(Taken::token(evm_scope(payment.chain_id), TOKENS[0], most));
        if listed(target) && !target.rules.has(Feature::Recipients) {
            Shot::counted(bytes, takes)
        } else {
            Shot::refused(bytes, OWNERS)
        }
    }),
];

/// A word that holds an address.
pub(in crate::redteam) fn word(address: EvmAddress) -> Vec<u8> {
    [&[0; 12][..], &address.0].concat()
}

/// A word that holds a number.
pub(in crate::redteam) fn amount(amount: Amount) -> Vec<u8> {
    amount.to_be_bytes().to_vec()
}

/// A call on Ethereum, where tokens may be listed, without coins.
pub(super) fn call(
    dice: &mut Dice,
    target: &Target,
    contract: EvmAddress,
    data: Vec<u8>,
) -> Payment {
    let (to, value) = (contract.0.to_vec(), Amount::ZERO);
    Payment { chain_id: 1, to, data, value, ..plain(dice, target) }
}

/// A call of a token that is listed or not, or of a contract that is none.
fn on_any(dice: &mut Dice, target: &Target, words: &[Vec<u8>]) -> Shot {
    let contract = *dice.pick(&[TOKENS[0], STRANGE_TOKEN, ROUTER]);
    refused(dice, target, contract, words)
}

pub(super) fn refused(
    dice: &mut Dice,
    target: &Target,
    contract: EvmAddress,
    words: &[Vec<u8>],
) -> Shot {
    Shot::refused(call(dice, target, contract, words.concat()).dynamic(), OWNERS)
}

/// Whether the guard has ceilings for tokens.
pub(super) fn listed(target: &Target) -> bool {
    target.rules.has(Feature::Tokens)
}

fn allowance(dice: &mut Dice, target: &Target, selector: [u8; 4], most: Amount) -> Shot {
    let spender = *dice.pick(&[SPENDER, BOB]);
    let words = [selector.into(), word(spender), amount(most)];
    let is_named = spender == SPENDER && most <= SPENDER_MOST.into();
    // One that takes an allowance back takes nothing from the wallet, and needs nobody.
    if target.rules.has(Feature::Spenders) && !is_named && !most.is_zero() {
        return refused(dice, target, TOKENS[0], &words);
    }
    moved(dice, target, most, &words)
}

/// Tokens go to somebody.
pub(super) fn transfer(dice: &mut Dice, target: &Target, to: EvmAddress, most: Amount) -> Shot {
    let words = [TRANSFER.into(), word(to), amount(most)];
    if target.rules.has(Feature::Recipients) && to != BOB {
        return refused(dice, target, TOKENS[0], &words);
    }
    moved(dice, target, most, &words)
}

/// A call that takes so many of a listed token.
fn moved(dice: &mut Dice, target: &Target, most: Amount, words: &[Vec<u8>]) -> Shot {
    if !listed(target) {
        return refused(dice, target, TOKENS[0], words);
    }
    let token = *dice.pick(&TOKENS);
    let payment = call(dice, target, token, words.concat());
    let bytes = payment.dynamic();
    let mut takes = takes(&payment, bytes.len());
    takes.push(Taken::token(evm_scope(1), token, most));
    Shot::counted(bytes, takes)
}

/// A little of a listed token for Bob.
fn neighbour(dice: &mut Dice, target: &Target) -> Shot {
    if !listed(target) {
        return super::evm_bytes::neighbour(dice, target);
    }
    let most = dice.up_to(1000);
    transfer(dice, target, BOB, most)
}

//! Lamports that no one gets: fees, and rent of accounts that nobody needs.

use primitives::{Amount, Chain, SolanaAddress};
use txcodec::solana::associated_token;
use txcodec::solana::token::TokenProgram;

use super::super::dice::Dice;
use super::super::message::{Instruction, Use};
use super::super::rules::MINTS;
use super::super::{Class, Shot, Target};
use super::solana_system::{FEE, SYSTEM, message, native, neighbour, payment};
use super::{BYTES, OWNERS};

const fn class(name: &'static str, attack: fn(&mut Dice, &Target) -> Shot) -> Class {
    Class { name, chain: Chain::Solana, attack, neighbour }
}

pub(super) const CLASSES: &[Class] = &[
    class("Solana: a priority fee through the compute budget", |dice, target| {
        let price = dice.throw() >> dice.below(64);
        let units = u32::try_from(dice.below(1_400_001)).expect("21 bits");
        priority(dice, target, units, price)
    }),
    class("Solana: a priority fee above what 64 bits hold", |dice, target| {
        let price = u64::MAX - dice.below(1000);
        priority(dice, target, 1_400_000, price)
    }),
    class("Solana: a price, and no limit of units", |dice, target| {
        let price = dice.throw() >> dice.below(64);
        let calls = [budget(3, &price.to_le_bytes()), payment(target.solana(), 1)];
        // Two instructions with 200,000 units each.
        let takes = native(&[FEE.into(), Amount::from(1_u64), priority_fee(400_000, price)]);
        Shot::counted(message(dice, target, &calls), takes)
    }),
    class("Solana: the compute budget is set twice", |dice, target| {
        let calls = [
            budget(3, &1_u64.to_le_bytes()),
            payment(target.solana(), 1),
            budget(3, &dice.throw().to_le_bytes()),
        ];
        Shot::refused(message(dice, target, &calls), BYTES)
    }),
    class("Solana: a compute budget that is not read", |dice, target| {
        let tag = *dice.pick(&[0, 5, 9]);
        let calls = [budget(tag, &dice.bytes::<8>()), payment(target.solana(), 1)];
        Shot::refused(message(dice, target, &calls), BYTES)
    }),
    class("Solana: rent of accounts that are created, one after the other", |dice, target| {
        let count = 1 + dice.below(5);
        let calls: Vec<_> = (0..count).map(|_| created(target, dice.bytes())).collect();
        let rent = Amount::from(count * (165 + 128) * 2 * 3480);
        Shot::counted(message(dice, target, &calls), native(&[FEE.into(), rent]))
    }),
    class("Solana: signatures that are checked for a fee", |dice, target| {
        let count = dice.byte();
        let check = Instruction {
            program: address("Ed25519SigVerify111111111111111111111111111"),
            accounts: vec![],
            data: vec![count, 0],
        };
        let calls = [check, payment(target.solana(), 1)];
        Shot::refused(message(dice, target, &calls), OWNERS)
    }),
];

fn address(text: &str) -> [u8; 32] {
    text.parse::<SolanaAddress>().expect("a program of Solana").0
}

pub(in crate::redteam) fn budget(tag: u8, value: &[u8]) -> Instruction {
    let program = address("ComputeBudget111111111111111111111111111111");
    Instruction { program, accounts: vec![], data: [&[tag][..], value].concat() }
}

/// Lamports for so many units at so many millionths each, rounded up (Solana's documentation of
/// fees).
pub(in crate::redteam) fn priority_fee(units: u32, price: u64) -> Amount {
    let millionths = u128::from(units) * u128::from(price);
    Amount::from(millionths.div_ceil(1_000_000))
}

fn priority(dice: &mut Dice, target: &Target, units: u32, price: u64) -> Shot {
    let calls = [
        budget(2, &units.to_le_bytes()),
        budget(3, &price.to_le_bytes()),
        payment(target.solana(), 1),
    ];
    let takes = native(&[FEE.into(), Amount::from(1_u64), priority_fee(units, price)]);
    Shot::counted(message(dice, target, &calls), takes)
}

/// Somebody's token account, at the wallet's expense.
fn created(target: &Target, owner: [u8; 32]) -> Instruction {
    let program = TokenProgram::Token;
    let account = associated_token::derive(SolanaAddress(owner), MINTS[0], program).0;
    let accounts = vec![
        (target.solana(), Use::SignAndWrite),
        (account, Use::Write),
        (owner, Use::Read),
        (MINTS[0].0, Use::Read),
        (SYSTEM, Use::Read),
        (program.address().0, Use::Read),
    ];
    Instruction { program: associated_token::PROGRAM.0, accounts, data: vec![1] }
}

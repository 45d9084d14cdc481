//! SPL Token and Token-2022: tokens that leave, may be taken, or get another master.

use primitives::{Amount, Chain, Scope, SolanaAddress};
use txcodec::solana::associated_token;
use txcodec::solana::token::TokenProgram;

use super::super::dice::Dice;
use super::super::message::{Account, Instruction, Use};
use super::super::rules::{Feature, MINTS, SOLANA_BOB, STRANGE_MINT, TOKEN_AT_ONCE};
use super::super::{Class, Shot, Taken, Target};
use super::OWNERS;
use super::solana_system::{FEE, message, native, unread};

const fn class(name: &'static str, attack: fn(&mut Dice, &Target) -> Shot) -> Class {
    Class { name, chain: Chain::Solana, attack, neighbour }
}

pub(super) const CLASSES: &[Class] = &[
    class("Solana: Token Transfer that names no mint", |dice, target| {
        let most = dice.throw().to_le_bytes();
        owned(dice, target, &[&[3], &most], &[account(SOLANA_BOB.0)])
    }),
    class("Solana: Token Approve", |dice, target| {
        let most = dice.throw().to_le_bytes();
        owned(dice, target, &[&[4], &most], &[account(SOLANA_BOB.0)])
    }),
    class("Solana: Token ApproveChecked without limit", |dice, target| {
        let data = [&[13][..], &u64::MAX.to_le_bytes(), &[6]];
        owned(dice, target, &data, &[read(MINTS[0].0), read(SOLANA_BOB.0)])
    }),
    class("Solana: Token allowances of any size", |dice, target| {
        let most = dice.throw() >> dice.below(64);
        let data = [&[13][..], &most.to_le_bytes(), &[6]].concat();
        let others = [read(MINTS[0].0), read(SOLANA_BOB.0)];
        moved(dice, target, vec![of_token(target, data, &others)], most)
    }),
    class("Solana: SetAuthority of a token account", |dice, target| {
        let kind = *dice.pick(&[2, 3]);
        owned(dice, target, &[&[6, kind, 1], &SOLANA_BOB.0], &[])
    }),
    class("Solana: SetAuthority of a mint", |dice, target| {
        let kind = *dice.pick(&[0, 1]);
        owned(dice, target, &[&[6, kind, 1], &SOLANA_BOB.0], &[])
    }),
    class("Solana: a permanent delegate of Token-2022", |dice, target| {
        let kind = 4 + (dice.byte() & 0x0f);
        let mut call = of_token(target, [&[6, kind, 1][..], &SOLANA_BOB.0].concat(), &[]);
        call.program = TokenProgram::Token2022.address().0;
        unread(dice, target, call)
    }),
    class("Solana: CloseAccount in favour of another", |dice, target| {
        owned(dice, target, &[&[9]], &[account(SOLANA_BOB.0)])
    }),
    class("Solana: Burn", |dice, target| {
        let most = dice.throw() >> dice.below(64);
        let tag = *dice.pick(&[8, 15]);
        let decimals: &[u8] = if tag == 15 { &[6] } else { &[] };
        let data = [&[tag][..], &most.to_le_bytes(), decimals].concat();
        let call = of_token(target, data, &[account(MINTS[0].0)]);
        if target.rules.has(Feature::Recipients) {
            return unread(dice, target, call);
        }
        moved(dice, target, vec![call], most)
    }),
    class("Solana: a token that is not listed", |dice, target| {
        let most = dice.throw() >> dice.below(64);
        let call = transfer_call(target, STRANGE_MINT, most, SOLANA_BOB);
        unread(dice, target, call)
    }),
    class("Solana: a transfer hook's accounts", |dice, target| {
        let mut call = transfer_call(target, MINTS[0], 1 + dice.below(100), SOLANA_BOB);
        call.program = TokenProgram::Token2022.address().0;
        call.accounts.extend([read(dice.bytes()), read(dice.bytes())]);
        unread(dice, target, call)
    }),
    class("Solana: a transfer with a fee that hides in the amount", |dice, target| {
        let (most, fee) = (dice.throw() >> dice.below(64), dice.throw() >> dice.below(64));
        let mut call = transfer_call(target, MINTS[0], most, SOLANA_BOB);
        call.program = TokenProgram::Token2022.address().0;
        call.data = [&[26, 1][..], &most.to_le_bytes(), &[6], &fee.to_le_bytes()].concat();
        // What is not derived from somebody who is listed is an account of nobody.
        if target.rules.has(Feature::Recipients) && dice.below(2) == 0 {
            call.accounts[2] = account(dice.bytes());
            return Shot::refused(message(dice, target, &[call]), OWNERS);
        }
        moved(dice, target, vec![call], most)
    }),
    class("Solana: a multisig's signers", |dice, target| {
        let mut call = transfer_call(target, MINTS[0], 1 + dice.below(100), SOLANA_BOB);
        call.accounts[3] = read(dice.bytes());
        call.accounts.push((target.solana(), Use::Sign));
        unread(dice, target, call)
    }),
    class("Solana: tokens to somebody who is not listed", |dice, target| {
        let most = 1 + dice.below(1000);
        let to = SolanaAddress(dice.bytes());
        transfer(dice, target, &[most], to)
    }),
    class("Solana: tokens of any amount", |dice, target| {
        let most = dice.throw() >> dice.below(64);
        transfer(dice, target, &[most], SOLANA_BOB)
    }),
    class("Solana: the claim of other decimals", |dice, target| {
        // The program refuses it; the guard counts base units, whatever the claim.
        let most = TOKEN_AT_ONCE / 2 + dice.below(TOKEN_AT_ONCE);
        let mut call = transfer_call(target, MINTS[0], most, SOLANA_BOB);
        *call.data.last_mut().expect("decimals") = dice.byte();
        moved(dice, target, with_account(target, MINTS[0], call), most)
    }),
    class("Solana: an instruction of the token program that is not read", |dice, target| {
        let tag = 20 + (dice.byte() & 0x0f);
        let data = [&[tag][..], &dice.bytes::<8>()].concat();
        let call = of_token(target, data, &[account(SOLANA_BOB.0)]);
        unread(dice, target, call)
    }),
    class("Solana: a token program that is none", |dice, target| {
        let mut call = transfer_call(target, MINTS[0], 1, SOLANA_BOB);
        call.program = dice.bytes();
        unread(dice, target, call)
    }),
];

/// What a token account of 165 bytes costs for as long as it exists: 128 bytes more than it has,
/// two years of 3480 lamports each (Solana's documentation of rent).
const RENT: u64 = (165 + 128) * 2 * 3480;

fn account(account: [u8; 32]) -> Account {
    (account, Use::Write)
}

fn read(account: [u8; 32]) -> Account {
    (account, Use::Read)
}

/// An instruction about the wallet's token account.
fn of_token(target: &Target, data: Vec<u8>, others: &[Account]) -> Instruction {
    let source = derived(SolanaAddress(target.solana()), MINTS[0]);
    let accounts = [&[account(source)], others, &[(target.solana(), Use::Sign)]].concat();
    Instruction { program: TokenProgram::Token.address().0, accounts, data }
}

fn owned(dice: &mut Dice, target: &Target, data: &[&[u8]], others: &[Account]) -> Shot {
    let call = of_token(target, data.concat(), others);
    unread(dice, target, call)
}

fn derived(owner: SolanaAddress, mint: SolanaAddress) -> [u8; 32] {
    associated_token::derive(owner, mint, TokenProgram::Token).0
}

fn transfer_call(
    target: &Target,
    mint: SolanaAddress,
    most: u64,
    to: SolanaAddress,
) -> Instruction {
    let accounts = vec![
        account(derived(SolanaAddress(target.solana()), mint)),
        read(mint.0),
        account(derived(to, mint)),
        (target.solana(), Use::Sign),
    ];
    let data = [&[12][..], &most.to_le_bytes(), &[6]].concat();
    Instruction { program: TokenProgram::Token.address().0, accounts, data }
}

/// The instruction that makes sure of the recipient's token account, which proves whose it is.
fn sure_of(target: &Target, owner: SolanaAddress, mint: SolanaAddress) -> Instruction {
    let accounts = vec![
        (target.solana(), Use::SignAndWrite),
        account(derived(owner, mint)),
        read(owner.0),
        read(mint.0),
        read(super::solana_system::SYSTEM),
        read(TokenProgram::Token.address().0),
    ];
    Instruction { program: associated_token::PROGRAM.0, accounts, data: vec![1] }
}

fn with_account(target: &Target, mint: SolanaAddress, call: Instruction) -> Vec<Instruction> {
    vec![sure_of(target, SOLANA_BOB, mint), call]
}

/// A message that takes so many of the first listed token, and the rent of an account.
fn moved(dice: &mut Dice, target: &Target, calls: Vec<Instruction>, most: u64) -> Shot {
    let makes = calls.iter().any(|call| call.program == associated_token::PROGRAM.0);
    let bytes = message(dice, target, &calls);
    if !target.rules.has(Feature::Tokens) {
        return Shot::refused(bytes, OWNERS);
    }
    let rent = if makes { RENT } else { 0 };
    let mut takes = native(&[FEE.into(), rent.into()]);
    takes.push(Taken::token(Scope::Solana, MINTS[0], most.into()));
    Shot::counted(bytes, takes)
}

/// Tokens of each listed mint in turn go to somebody, whose accounts are made.
pub(super) fn transfer(
    dice: &mut Dice,
    target: &Target,
    amounts: &[u64],
    to: SolanaAddress,
) -> Shot {
    let mut calls = Vec::new();
    let mut takes = Vec::new();
    let mut lamports = vec![Amount::from(FEE)];
    for (most, mint) in amounts.iter().zip(MINTS.into_iter().cycle()) {
        calls.extend([sure_of(target, to, mint), transfer_call(target, mint, *most, to)]);
        takes.push(Taken::token(Scope::Solana, mint, (*most).into()));
        lamports.push(RENT.into());
    }
    let bytes = message(dice, target, &calls);
    let is_named = to == SOLANA_BOB || !target.rules.has(Feature::Recipients);
    if !target.rules.has(Feature::Tokens) || !is_named {
        return Shot::refused(bytes, OWNERS);
    }
    takes.extend(native(&lamports));
    Shot::counted(bytes, takes)
}

/// A little of a listed token for Bob.
fn neighbour(dice: &mut Dice, target: &Target) -> Shot {
    if !target.rules.has(Feature::Tokens) {
        return super::solana_system::neighbour(dice, target);
    }
    let most = 1 + dice.below(1000);
    transfer(dice, target, &[most], SOLANA_BOB)
}

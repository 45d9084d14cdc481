//! The System program: lamports that leave, and accounts that change hands.

use primitives::{Amount, Chain, Scope};

use super::super::dice::Dice;
use super::super::message::{Instruction, Message, Use};
use super::super::rules::{Feature, SOLANA_BOB};
use super::super::{Class, Shot, Taken, Target};
use super::{NEVER, OWNERS};

const fn class(name: &'static str, attack: fn(&mut Dice, &Target) -> Shot) -> Class {
    Class { name, chain: Chain::Solana, attack, neighbour }
}

pub(super) const CLASSES: &[Class] = &[
    class("Solana: Assign", |dice, target| {
        let data = [&[1, 0, 0, 0][..], &SOLANA_BOB.0].concat();
        own(dice, target, data, &[])
    }),
    class("Solana: AssignWithSeed", |dice, target| {
        let data = [&[10, 0, 0, 0][..], &based(target, "x"), &SOLANA_BOB.0].concat();
        own(dice, target, data, &[])
    }),
    class("Solana: AllocateWithSeed", |dice, target| {
        let space = 100_u64.to_le_bytes();
        let data = [&[9, 0, 0, 0][..], &based(target, "x"), &space, &SOLANA_BOB.0].concat();
        own(dice, target, data, &[])
    }),
    class("Solana: CreateAccount for a program that keeps it", |dice, target| {
        let lamports = dice.below(1_000_000).to_le_bytes();
        let data = [&[0, 0, 0, 0][..], &lamports, &100_u64.to_le_bytes(), &SOLANA_BOB.0].concat();
        own(dice, target, data, &[([7; 32], Use::Write)])
    }),
    class("Solana: CreateAccountWithSeed", |dice, target| {
        let numbers = [dice.below(1_000_000).to_le_bytes(), 100_u64.to_le_bytes()].concat();
        let base = based(target, "x");
        let data = [&[3, 0, 0, 0][..], &base, &numbers, &SOLANA_BOB.0].concat();
        own(dice, target, data, &[([7; 32], Use::Write)])
    }),
    class("Solana: TransferWithSeed", |dice, target| {
        let lamports = dice.throw() >> dice.below(64);
        let seed = [&1_u64.to_le_bytes()[..], b"x", &SOLANA_BOB.0].concat();
        let data = [&[11, 0, 0, 0][..], &lamports.to_le_bytes(), &seed].concat();
        let accounts =
            vec![([7; 32], Use::Write), (target.solana(), Use::Sign), (SOLANA_BOB.0, Use::Write)];
        let call = Instruction { program: SYSTEM, accounts, data };
        let takes = [Amount::from(lamports), Amount::from(FEE)];
        Shot::counted(message(dice, target, &[call]), native(&takes))
    }),
    class("Solana: a durable nonce, which never expires", |dice, target| {
        let nonce =
            vec![([7; 32], Use::Write), (BLOCKHASHES, Use::Read), (target.solana(), Use::Sign)];
        let advance = Instruction { program: SYSTEM, accounts: nonce, data: vec![4, 0, 0, 0] };
        let calls = [advance, payment(target.solana(), 1)];
        Shot::refused(message(dice, target, &calls), NEVER)
    }),
    class("Solana: WithdrawNonce", |dice, target| {
        // All that the nonce account holds may be more than the wallet's own ceilings: it counts.
        let lamports = dice.throw() >> dice.below(64);
        let data = [&[5, 0, 0, 0][..], &lamports.to_le_bytes()].concat();
        let accounts = vec![
            ([7; 32], Use::Write),
            (SOLANA_BOB.0, Use::Write),
            (BLOCKHASHES, Use::Read),
            (RENT, Use::Read),
            (target.solana(), Use::Sign),
        ];
        let call = Instruction { program: SYSTEM, accounts, data };
        let takes = [Amount::from(lamports), Amount::from(FEE)];
        Shot::counted(message(dice, target, &[call]), native(&takes))
    }),
    class("Solana: AuthorizeNonce", |dice, target| {
        let data = [&[7, 0, 0, 0][..], &SOLANA_BOB.0].concat();
        let accounts = vec![([7; 32], Use::Write), (target.solana(), Use::Sign)];
        unread(dice, target, Instruction { program: SYSTEM, accounts, data })
    }),
    class("Solana: InitializeNonce for somebody else", |dice, target| {
        let data = [&[6, 0, 0, 0][..], &SOLANA_BOB.0].concat();
        let accounts =
            vec![(target.solana(), Use::Write), (BLOCKHASHES, Use::Read), (RENT, Use::Read)];
        unread(dice, target, Instruction { program: SYSTEM, accounts, data })
    }),
    class("Solana: an instruction of the System program that is not read", |dice, target| {
        let data = [&[13 + (dice.byte() & 0x3f), 0, 0, 0][..], &dice.bytes::<8>()].concat();
        own(dice, target, data, &[(SOLANA_BOB.0, Use::Write)])
    }),
    class("Solana: a transfer with a byte too many", |dice, target| {
        let mut call = payment(target.solana(), 1);
        call.data.push(dice.byte());
        unread(dice, target, call)
    }),
    class("Solana: a transfer with an account too many", |dice, target| {
        let mut call = payment(target.solana(), 1);
        call.accounts.push((dice.bytes(), Use::Write));
        unread(dice, target, call)
    }),
    class("Solana: a recipient that is not listed", |dice, target| {
        let mut call = payment(target.solana(), 1 + dice.below(100));
        call.accounts[1].0 = dice.bytes();
        if target.rules.has(Feature::Recipients) {
            return unread(dice, target, call);
        }
        let takes = [Amount::from(100_u64), Amount::from(FEE)];
        Shot::counted(message(dice, target, &[call]), native(&takes))
    }),
];

/// The System program, whose address is zero.
pub(super) const SYSTEM: [u8; 32] = [0; 32];
const BLOCKHASHES: [u8; 32] = [0x51; 32];
const RENT: [u8; 32] = [0x52; 32];
/// What one signature costs, in lamports (`solana-fee-structure`).
pub(in crate::redteam) const FEE: u64 = 5000;

/// Lamports for Bob.
pub(in crate::redteam) fn payment(from: [u8; 32], lamports: u64) -> Instruction {
    let accounts = vec![(from, Use::SignAndWrite), (SOLANA_BOB.0, Use::Write)];
    let data = [&[2, 0, 0, 0][..], &lamports.to_le_bytes()].concat();
    Instruction { program: SYSTEM, accounts, data }
}

/// The bytes of a message that the wallet pays for.
pub(in crate::redteam) fn message(
    dice: &mut Dice,
    target: &Target,
    calls: &[Instruction],
) -> Vec<u8> {
    Message::new(target.solana(), dice.bytes(), calls).bytes()
}

/// So many lamports, together.
pub(in crate::redteam) fn native(amounts: &[Amount]) -> Vec<Taken> {
    vec![Taken::native(Scope::Solana, super::super::sum(amounts.iter().copied()))]
}

/// Several payments to Bob in one message.
pub(super) fn pay(dice: &mut Dice, target: &Target, lamports: &[u64]) -> Shot {
    let calls: Vec<_> = lamports.iter().map(|each| payment(target.solana(), *each)).collect();
    let amounts: Vec<_> = lamports.iter().copied().chain([FEE]).map(Amount::from).collect();
    Shot::counted(message(dice, target, &calls), native(&amounts))
}

/// A few lamports for Bob.
pub(super) fn neighbour(dice: &mut Dice, target: &Target) -> Shot {
    let lamports = 1 + dice.below(1000);
    pay(dice, target, &[lamports])
}

/// `base` and `seed` as the instructions with seeds write them.
fn based(target: &Target, seed: &str) -> Vec<u8> {
    let length = u64::try_from(seed.len()).expect("64 bits hold every length");
    [&target.solana()[..], &length.to_le_bytes(), seed.as_bytes()].concat()
}

/// What nobody but owners may let pass, behind a small payment that makes it look harmless.
pub(super) fn unread(dice: &mut Dice, target: &Target, call: Instruction) -> Shot {
    let calls = match dice.below(2) {
        0 => vec![call],
        _ => vec![payment(target.solana(), 1), call],
    };
    Shot::refused(message(dice, target, &calls), OWNERS)
}

/// An instruction about the wallet's own account.
fn own(dice: &mut Dice, target: &Target, data: Vec<u8>, others: &[([u8; 32], Use)]) -> Shot {
    let accounts = [&[(target.solana(), Use::SignAndWrite)], others].concat();
    unread(dice, target, Instruction { program: SYSTEM, accounts, data })
}

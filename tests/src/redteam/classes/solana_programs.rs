//! Programs that rule over something of worth: code, stake, votes, and those that nobody knows.

use primitives::{Chain, SolanaAddress};

use super::super::dice::Dice;
use super::super::message::{Instruction, Use};
use super::super::rules::SOLANA_BOB;
use super::super::{Class, Shot, Target};
use super::solana_system::{FEE, message, native, neighbour, unread};

const fn class(name: &'static str, attack: fn(&mut Dice, &Target) -> Shot) -> Class {
    Class { name, chain: Chain::Solana, attack, neighbour }
}

const LOADER: &str = "BPFLoaderUpgradeab1e11111111111111111111111";
const LOADER_4: &str = "LoaderV411111111111111111111111111111111111";
const STAKE: &str = "Stake11111111111111111111111111111111111111";
const VOTE: &str = "Vote111111111111111111111111111111111111111";
const LOOKUP: &str = "AddressLookupTab1e1111111111111111111111111";

pub(super) const CLASSES: &[Class] = &[
    class("Solana: upgradeable loader, SetAuthority", |dice, target| {
        let tag = *dice.pick(&[4, 7]);
        about(dice, target, LOADER, &[tag, 0, 0, 0], &[THEIRS, Me, BOB])
    }),
    class("Solana: upgradeable loader, Upgrade", |dice, target| {
        let accounts = [THEIRS, OTHER, BOB, BOB, SYSVAR, SYSVAR, Me];
        about(dice, target, LOADER, &[3, 0, 0, 0], &accounts)
    }),
    class("Solana: upgradeable loader, Close", |dice, target| {
        about(dice, target, LOADER, &[5, 0, 0, 0], &[THEIRS, BOB, Me])
    }),
    class("Solana: loader of version 4", |dice, target| {
        let tag = dice.byte() & 7;
        about(dice, target, LOADER_4, &[tag, 0, 0, 0], &[THEIRS, Me, BOB])
    }),
    class("Solana: stake authority", |dice, target| {
        let data = authorised(dice);
        about(dice, target, STAKE, &data, &[THEIRS, SYSVAR, Me])
    }),
    class("Solana: stake authority, signed where the custodian stands", |dice, target| {
        let data = authorised(dice);
        about(dice, target, STAKE, &data, &[THEIRS, SYSVAR, BOB, Me])
    }),
    class("Solana: stake delegated to another", |dice, target| {
        let accounts = [THEIRS, BOB, SYSVAR, SYSVAR, SYSVAR, Me];
        about(dice, target, STAKE, &[2, 0, 0, 0], &accounts)
    }),
    class("Solana: stake delegated, signed where the configuration stood", |dice, target| {
        let accounts = [THEIRS, BOB, SYSVAR, SYSVAR, Me, OTHER];
        about(dice, target, STAKE, &[2, 0, 0, 0], &accounts)
    }),
    class("Solana: stake split off", |dice, target| {
        let data = [&[3, 0, 0, 0][..], &dice.throw().to_le_bytes()].concat();
        about(dice, target, STAKE, &data, &[THEIRS, OTHER, Me])
    }),
    class("Solana: stake withdrawn", |dice, target| {
        // What the stake account holds is the wallet's too: it counts.
        let lamports = dice.throw() >> dice.below(64);
        let data = [&[4, 0, 0, 0][..], &lamports.to_le_bytes()].concat();
        let accounts = [THEIRS, BOB, SYSVAR, SYSVAR, Me];
        withdrawn(dice, target, call(target, STAKE, &data, &accounts), lamports)
    }),
    class("Solana: vote authority", |dice, target| {
        let data = authorised(dice);
        about(dice, target, VOTE, &data, &[THEIRS, SYSVAR, Me])
    }),
    class("Solana: votes withdrawn", |dice, target| {
        let lamports = dice.throw() >> dice.below(64);
        let data = [&[3, 0, 0, 0][..], &lamports.to_le_bytes()].concat();
        withdrawn(dice, target, call(target, VOTE, &data, &[THEIRS, BOB, Me]), lamports)
    }),
    class("Solana: a lookup table is made", |dice, target| {
        about(dice, target, LOOKUP, &[0, 0, 0, 0], &[THEIRS, Me, BOB])
    }),
    class("Solana: a program that nobody knows", |dice, target| {
        let length = dice.index(60);
        let data = dice.some_bytes(length);
        let accounts = vec![(target.solana(), Use::SignAndWrite), (SOLANA_BOB.0, Use::Write)];
        let call = Instruction { program: dice.bytes(), accounts, data };
        unread(dice, target, call)
    }),
];

/// Who stands among an instruction's accounts.
#[derive(Clone, Copy)]
enum Who {
    /// The wallet, which signs.
    Me,
    /// Another.
    Account([u8; 32]),
}

use Who::Me;

/// What the wallet rules.
const THEIRS: Who = Who::Account([7; 32]);
const OTHER: Who = Who::Account([8; 32]);
const BOB: Who = Who::Account(SOLANA_BOB.0);
const SYSVAR: Who = Who::Account([0x51; 32]);

/// `Authorize` of stake and vote accounts: who, and for which of two roles.
fn authorised(dice: &mut Dice) -> Vec<u8> {
    let role = dice.byte() & 1;
    [&[1, 0, 0, 0][..], &SOLANA_BOB.0, &[role, 0, 0, 0]].concat()
}

fn call(target: &Target, program: &str, data: &[u8], accounts: &[Who]) -> Instruction {
    let program = program.parse::<SolanaAddress>().expect("a program of Solana").0;
    let account = |who: &Who| match who {
        Me => (target.solana(), Use::Sign),
        Who::Account(account) => (*account, Use::Write),
    };
    Instruction { program, accounts: accounts.iter().map(account).collect(), data: data.to_vec() }
}

/// What gives control away, and takes owners.
fn about(dice: &mut Dice, target: &Target, program: &str, data: &[u8], accounts: &[Who]) -> Shot {
    let call = call(target, program, data, accounts);
    unread(dice, target, call)
}

/// Coins that an account holds by the wallet's authority go to Bob.
fn withdrawn(dice: &mut Dice, target: &Target, call: Instruction, lamports: u64) -> Shot {
    let bytes = message(dice, target, &[call]);
    Shot::counted(bytes, native(&[lamports.into(), FEE.into()]))
}

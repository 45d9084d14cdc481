//! Programs that rule over something of worth: code, stake, votes, and those that nobody knows.

use primitives::{Chain, SolanaAddress};

use super::super::dice::Dice;
use super::super::message::{Instruction, Use};
use super::super::rules::SOLANA_BOB;
use super::super::{Class, Shot, Target};
use super::solana_system::{neighbour, unread};

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
        about(dice, target, LOADER, vec![tag, 0, 0, 0])
    }),
    class("Solana: upgradeable loader, Upgrade", |dice, target| {
        about(dice, target, LOADER, vec![3, 0, 0, 0])
    }),
    class("Solana: upgradeable loader, Close", |dice, target| {
        about(dice, target, LOADER, vec![5, 0, 0, 0])
    }),
    class("Solana: loader of version 4", |dice, target| {
        let tag = dice.byte() & 7;
        about(dice, target, LOADER_4, vec![tag, 0, 0, 0])
    }),
    class("Solana: stake authority", |dice, target| {
        let kind = dice.byte() & 1;
        let data = [&[1, 0, 0, 0][..], &SOLANA_BOB.0, &[kind, 0, 0, 0]].concat();
        about(dice, target, STAKE, data)
    }),
    class("Solana: stake withdrawn", |dice, target| {
        let data = [&[4, 0, 0, 0][..], &dice.throw().to_le_bytes()].concat();
        about(dice, target, STAKE, data)
    }),
    class("Solana: vote authority", |dice, target| {
        let kind = dice.byte() & 1;
        let data = [&[1, 0, 0, 0][..], &SOLANA_BOB.0, &[kind, 0, 0, 0]].concat();
        about(dice, target, VOTE, data)
    }),
    class("Solana: votes withdrawn", |dice, target| {
        let data = [&[3, 0, 0, 0][..], &dice.throw().to_le_bytes()].concat();
        about(dice, target, VOTE, data)
    }),
    class("Solana: a lookup table is made", |dice, target| {
        about(dice, target, LOOKUP, vec![0, 0, 0, 0])
    }),
    class("Solana: a program that nobody knows", |dice, target| {
        let length = dice.index(60);
        let data = dice.some_bytes(length);
        let accounts = vec![(target.solana(), Use::SignAndWrite), (SOLANA_BOB.0, Use::Write)];
        let call = Instruction { program: dice.bytes(), accounts, data };
        unread(dice, target, call)
    }),
];

/// An instruction about somebody's account, by the wallet's authority.
fn about(dice: &mut Dice, target: &Target, program: &str, data: Vec<u8>) -> Shot {
    let program = program.parse::<SolanaAddress>().expect("a program of Solana").0;
    let accounts = vec![
        ([7; 32], Use::Write),
        (target.solana(), Use::Sign),
        (SOLANA_BOB.0, Use::Write),
    ];
    unread(dice, target, Instruction { program, accounts, data })
}

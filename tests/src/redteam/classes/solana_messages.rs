//! Things that a Solana wallet signs as a text and that are something else.

use primitives::Chain;
use protocol::Payload;

use super::super::dice::Dice;
use super::super::{Class, Fate, Shot, Target};
use super::solana_system::{message, payment};

const fn class(name: &'static str, attack: fn(&mut Dice, &Target) -> Shot) -> Class {
    Class { name, chain: Chain::Solana, attack, neighbour: super::evm_messages::neighbour }
}

pub(super) const CLASSES: &[Class] = &[
    class("Solana: a message to sign that decodes as a transaction", |dice, target| {
        let payment = payment(target.solana(), dice.throw());
        refused(message(dice, target, &[payment]))
    }),
    class("Solana: an old transaction as a text", |dice, target| {
        let payment = payment(target.solana(), dice.throw());
        let mut message =
            super::super::message::Message::new(target.solana(), dice.bytes(), &[payment]);
        message.version = None;
        refused(message.bytes())
    }),
    class("Solana: a transaction in letters alone", |dice, _| {
        // Counts and keys of which each byte is ASCII: text to a careless reader.
        let letters = |dice: &mut Dice| -> [u8; 32] { dice.bytes().map(|byte: u8| byte & 0x7f) };
        let payer = letters(dice);
        let mut message =
            super::super::message::Message::new(payer, letters(dice), &[payment(payer, 1)]);
        message.version = None;
        message.accounts[1] = letters(dice);
        refused(message.bytes())
    }),
    class("Solana: the off-chain message prefix", |dice, _| {
        let text = dice.bytes::<8>();
        refused([b"\xffsolana offchain".as_slice(), &[0, 0], &text].concat())
    }),
    class("Solana: a raw hash as a text", |dice, _| refused(dice.bytes::<32>().to_vec())),
    class("Solana: typed data with a Solana key", |dice, _| {
        let data = dice.some_bytes(80);
        Shot::of(Payload::TypedData(data), Vec::new(), Fate::Refused(super::BYTES))
    }),
];

fn refused(text: Vec<u8>) -> Shot {
    Shot::of(Payload::Text(text), Vec::new(), Fate::Refused(super::BYTES))
}

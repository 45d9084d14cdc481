//! Solana messages in bytes that say one thing to one reader and another to the next.

use primitives::Chain;

use super::super::dice::Dice;
use super::super::message::{Message, Use, long, short};
use super::super::rules::SOLANA_BOB;
use super::super::{Class, Shot, Target};
use super::solana_system::{message, neighbour, payment};
use super::{BYTES, NEVER};

const fn class(name: &'static str, attack: fn(&mut Dice, &Target) -> Shot) -> Class {
    Class { name, chain: Chain::Solana, attack, neighbour }
}

pub(super) const CLASSES: &[Class] = &[
    class("Solana: compact-u16 in a longer form", |dice, target| {
        // Of accounts, calls, the call's accounts and data, and lookup tables.
        let odd_one = dice.index(5);
        let seen = std::cell::Cell::new(0);
        bad(plain(dice, target).bytes_with(|length| {
            let place = seen.replace(seen.get() + 1);
            if place == odd_one { long(length) } else { short(length) }
        }))
    }),
    class("Solana: compact-u16 above 16 bits", |dice, target| {
        bad(plain(dice, target).bytes_with(|length| {
            let length = u8::try_from(length & 0x7f).expect("seven bits");
            vec![length | 0x80, 0x80, 0x04]
        }))
    }),
    class("Solana: bytes behind the message", |dice, target| {
        let extra = 1 + dice.index(40);
        bad([plain(dice, target).bytes(), dice.some_bytes(extra)].concat())
    }),
    class("Solana: cut short", |dice, target| {
        let mut bytes = plain(dice, target).bytes();
        bytes.truncate(dice.index(bytes.len()));
        bad(bytes)
    }),
    class("Solana: a raw hash as a transaction", |dice, _| bad(dice.bytes::<32>().to_vec())),
    class("Solana: an account stands in it twice", |dice, target| {
        let mut message = plain(dice, target);
        let again = message.accounts[1];
        message.accounts.push(again);
        message.header[2] += 1;
        bad(message.bytes())
    }),
    class("Solana: the payer stands in it twice", |dice, target| {
        let mut message = plain(dice, target);
        message.accounts[1] = target.solana();
        bad(message.bytes())
    }),
    class("Solana: an account that is not there", |dice, target| {
        let mut message = plain(dice, target);
        message.calls[0].1[1] = 3 + (dice.byte() & 0x7f);
        bad(message.bytes())
    }),
    class("Solana: a program that is not there", |dice, target| {
        let mut message = plain(dice, target);
        message.calls[0].0 = 3 + (dice.byte() & 0x7f);
        bad(message.bytes())
    }),
    class("Solana: the payer is called as a program", |dice, target| {
        let mut message = plain(dice, target);
        message.calls[0].0 = 0;
        bad(message.bytes())
    }),
    class("Solana: a header that counts too many", |dice, target| {
        let mut message = plain(dice, target);
        let place = dice.index(3);
        message.header[place] = 4 + (dice.byte() & 0x3f);
        bad(message.bytes())
    }),
    class("Solana: nobody may pay the fee", |dice, target| {
        let mut message = plain(dice, target);
        message.header[1] = 1;
        bad(message.bytes())
    }),
    class("Solana: a version that is not read", |dice, target| {
        let mut message = plain(dice, target);
        message.version = Some(0x81 + (dice.byte() & 0x3f));
        bad(message.bytes())
    }),
    class("Solana: a signed transaction in place of the message", |dice, target| {
        bad([&[1][..], &dice.bytes::<64>(), &plain(dice, target).bytes()].concat())
    }),
    class("Solana: lookup tables that nobody resolves", |dice, target| {
        let mut message = plain(dice, target);
        message.lookups.push((dice.bytes(), vec![dice.byte()], vec![]));
        Shot::refused(message.bytes(), NEVER)
    }),
    class("Solana: a recipient out of a lookup table", |dice, target| {
        let mut message = plain(dice, target);
        message.lookups.push((dice.bytes(), vec![dice.byte()], vec![]));
        message.calls[0].1[1] = u8::try_from(message.accounts.len()).expect("a few accounts");
        Shot::refused(message.bytes(), NEVER)
    }),
    class("Solana: a lookup table that nothing is taken from", |dice, target| {
        let mut message = plain(dice, target);
        message.lookups.push((dice.bytes(), vec![], vec![]));
        bad(message.bytes())
    }),
    class("Solana: another pays, and the wallet signs too", |dice, target| {
        let payer = dice.bytes();
        let bytes = Message::new(payer, dice.bytes(), &[payment(target.solana(), 1)]).bytes();
        Shot::refused(bytes, NEVER)
    }),
    class("Solana: the wallet pays the fee of somebody else's transaction", |dice, target| {
        let theirs = payment(dice.bytes(), 1 + dice.below(100));
        Shot::refused(message(dice, target, &[theirs]), NEVER)
    }),
    class("Solana: more than one signer", |dice, target| {
        let mut two = payment(target.solana(), 1);
        two.accounts.push((dice.bytes(), Use::Sign));
        Shot::refused(message(dice, target, &[two]), NEVER)
    }),
    class("Solana: a transaction that the wallet does not sign", |dice, _| {
        let payer = dice.bytes();
        bad(Message::new(payer, dice.bytes(), &[payment(payer, 1)]).bytes())
    }),
    class("Solana: more than a packet holds", |dice, target| {
        let many = vec![payment(target.solana(), 1); 80];
        bad(message(dice, target, &many))
    }),
    class("Solana: a transaction of an EVM chain", |dice, target| {
        let payment = super::evm_bytes::plain(dice, target);
        bad(payment.dynamic())
    }),
];

fn bad(bytes: Vec<u8>) -> Shot {
    Shot::refused(bytes, BYTES)
}

/// A few lamports to Bob: accounts are the wallet, Bob, and the System program.
fn plain(dice: &mut Dice, target: &Target) -> Message {
    let message =
        Message::new(target.solana(), dice.bytes(), &[payment(target.solana(), 1 + dice.below(9))]);
    assert_eq!(message.accounts[1], SOLANA_BOB.0);
    message
}

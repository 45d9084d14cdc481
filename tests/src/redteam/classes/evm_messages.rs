//! Things that are signed as a text and are something else.

use primitives::Chain;
use protocol::{Payload, RefusalCode};

use super::super::dice::Dice;
use super::super::rules::{BOB, Feature};
use super::super::{Class, Fate, Shot, Target};
use super::evm_bytes::plain;

const fn class(name: &'static str, attack: fn(&mut Dice, &Target) -> Shot) -> Class {
    Class { name, chain: Chain::Evm, attack, neighbour }
}

pub(super) const CLASSES: &[Class] = &[
    class("EVM: a raw hash as a transaction", |dice, _| {
        Shot::refused(dice.bytes::<32>().to_vec(), super::BYTES)
    }),
    class("EVM: a raw hash as a text", |dice, _| refused(dice.bytes::<32>().to_vec())),
    class("EVM: a hash of letters as a text", |dice, _| {
        refused((0..32).map(|_| b'a' + dice.byte() % 26).collect())
    }),
    class("EVM: a raw hash as typed data", |dice, _| {
        let payload = Payload::TypedData(dice.bytes::<32>().to_vec());
        Shot::of(payload, Vec::new(), Fate::Refused(REFUSED))
    }),
    class("EVM: EIP-191 of a transaction", |dice, target| {
        let payment = plain(dice, target);
        refused(match dice.below(2) {
            0 => payment.dynamic(),
            _ => payment.legacy(),
        })
    }),
    class("EVM: EIP-191 of the preimage of typed data", |dice, _| {
        refused([&b"\x19\x01"[..], &dice.bytes::<64>()].concat())
    }),
    class("EVM: EIP-191 of a message for a contract", |dice, _| {
        let data = dice.some_bytes(40);
        refused([&b"\x19\x00"[..], &BOB.0, &data].concat())
    }),
    class("EVM: EIP-191 within EIP-191", |_, _| {
        refused(b"\x19Ethereum Signed Message:\n2hi".to_vec())
    }),
    class("EVM: an EIP-7702 authorisation as a text", |dice, _| {
        refused([&[0x05, 0xd8, 0x01, 0x94][..], &BOB.0, &[dice.byte() & 0x7f]].concat())
    }),
    class("EVM: a message of Solana", |dice, _| {
        let payer = dice.bytes();
        let message = super::super::message::Message::new(payer, dice.bytes(), &[]);
        refused(message.bytes())
    }),
    class("EVM: no text at all", |_, _| refused(Vec::new())),
    class("EVM: bytes that are no text", |dice, _| {
        refused([&[0xff, 0xfe][..], &dice.bytes::<8>()].concat())
    }),
    class("EVM: typed data that was tampered with", |dice, target| {
        let Payload::TypedData(mut bytes) = typed_neighbour(dice) else {
            return neighbour(dice, target);
        };
        match dice.below(3) {
            0 => bytes.truncate(dice.index(bytes.len())),
            1 => bytes.push(dice.byte()),
            _ => bytes[0] ^= 1 << dice.index(8),
        }
        Shot::of(Payload::TypedData(bytes), Vec::new(), Fate::Refused(REFUSED))
    }),
];

/// A guard that signs no messages need not read them.
const REFUSED: &[RefusalCode] = &[RefusalCode::Undecodable];

fn refused(text: Vec<u8>) -> Shot {
    Shot::of(Payload::Text(text), Vec::new(), Fate::Refused(REFUSED))
}

fn typed_neighbour(dice: &mut Dice) -> Payload {
    let message = serde_json::json!({ "salt": dice.throw().to_string() });
    let structs = [("Order", "uint256 salt")];
    let data = super::evm_permits::typed(super::super::rules::ROUTER, "Order", &structs, message);
    super::evm_permits::refused(&data).payload
}

/// A text that says what it is.
pub(super) fn neighbour(dice: &mut Dice, target: &Target) -> Shot {
    let text = format!("Sign in, please. Number {}.", dice.throw());
    let fate =
        if target.rules.has(Feature::Silent) { Fate::Refused(NO_TEXTS) } else { Fate::Counted };
    Shot::of(Payload::Text(text.into_bytes()), Vec::new(), fate)
}

const NO_TEXTS: &[RefusalCode] = &[RefusalCode::EffectNotAllowed, RefusalCode::NeedsOwner];

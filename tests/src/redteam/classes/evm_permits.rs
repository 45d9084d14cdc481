//! Typed data that lets somebody else take tokens: no transaction of the wallet is ever seen.

use primitives::{Amount, Chain, EvmAddress};
use protocol::{Payload, RefusalCode};
use serde_json::{Value, json};
use txcodec::message::TypedData;

use super::super::dice::Dice;
use super::super::rules::{
    BOB, Feature, SPENDER, SPENDER_MOST, STRANGE_TOKEN, TOKEN_AT_ONCE, TOKENS,
};
use super::super::{Class, Fate, Shot, Taken, Target, evm_scope};
use super::OWNERS;
use super::evm_tokens::listed;

const fn class(name: &'static str, attack: fn(&mut Dice, &Target) -> Shot) -> Class {
    Class { name, chain: Chain::Evm, attack, neighbour: super::evm_messages::neighbour }
}

pub(super) const CLASSES: &[Class] = &[
    class("EVM: EIP-2612 permit without limit", |_, _| refused(&permit(TOKENS[0], Amount::MAX, 1))),
    class("EVM: EIP-2612 permits of any amount", |dice, target| {
        let (token, most) = (*dice.pick(&TOKENS), dice.amount());
        allowed(target, &permit(token, most, dice.throw()), &[(token, most)])
    }),
    class("EVM: many permits that fit one by one", |dice, target| {
        let (token, most) = (*dice.pick(&TOKENS), dice.up_to(TOKEN_AT_ONCE));
        allowed(target, &permit(token, most, dice.throw()), &[(token, most)])
    }),
    class("EVM: permit of a token that is not listed", |dice, _| {
        refused(&permit(STRANGE_TOKEN, dice.amount(), 1))
    }),
    class("EVM: permit for a network that is not listed", |dice, _| {
        let mut data = permit(TOKENS[0], dice.up_to(1000), 1);
        data["domain"]["chainId"] = json!(137);
        shot(&data, vec![], Fate::Refused(OWNERS_OR_CLOSED))
    }),
    class("EVM: permit that names no network", |dice, _| {
        let mut data = permit(TOKENS[0], dice.up_to(1000), 1);
        data["domain"].as_object_mut().expect("it is one").remove("chainId");
        shot(&data, vec![], Fate::Refused(NEVER_OR_OWNERS))
    }),
    class("EVM: permit with a field more than the standard", |dice, _| {
        let mut data = permit(TOKENS[0], dice.up_to(1000), 1);
        data["types"]["Permit"].as_array_mut().expect("it is one").push(field("bytes extra"));
        data["message"]["extra"] = json!("0x");
        refused(&data)
    }),
    class("EVM: DAI permit", |dice, _| {
        let token = *dice.pick(&TOKENS);
        refused(&typed(
            token,
            "Permit",
            &[(
                "Permit",
                "address holder,address spender,uint256 nonce,uint256 expiry,bool allowed",
            )],
            json!({ "holder": BOB, "spender": SPENDER, "nonce": "1", "expiry": "0", "allowed": true }),
        ))
    }),
    class("EVM: Permit2, one token", |dice, _| {
        let details = details(*dice.pick(&TOKENS), amount_of_160(dice));
        let message = json!({ "details": details, "spender": BOB, "sigDeadline": "9999999999" });
        refused(&typed(PERMIT2, "PermitSingle", &[SINGLE, DETAILS], message))
    }),
    class("EVM: Permit2, several tokens", |dice, _| {
        let each = TOKENS.map(|token| details(token, amount_of_160(dice)));
        let message = json!({ "details": each, "spender": BOB, "sigDeadline": "9999999999" });
        refused(&typed(PERMIT2, "PermitBatch", &[BATCH, DETAILS], message))
    }),
    class("EVM: Permit2 transfer", |dice, target| {
        let (token, most) = (*dice.pick(&TOKENS), dice.amount());
        let permitted = json!({ "token": token, "amount": most });
        let nonce = dice.throw().to_string();
        let message = json!({
            "permitted": permitted, "spender": SPENDER, "nonce": nonce, "deadline": "9999999999",
        });
        let data = typed(PERMIT2, "PermitTransferFrom", &[TRANSFER_FROM, PERMISSIONS], message);
        allowed(target, &data, &[(token, most)])
    }),
    class("EVM: Permit2 transfer of several tokens", |dice, target| {
        let each = TOKENS.map(|token| (token, dice.up_to(TOKEN_AT_ONCE)));
        let permitted = each.map(|(token, amount)| json!({ "token": token, "amount": amount }));
        let nonce = dice.throw().to_string();
        let message = json!({
            "permitted": permitted, "spender": SPENDER, "nonce": nonce, "deadline": "9999999999",
        });
        let types = [BATCH_TRANSFER_FROM, PERMISSIONS];
        allowed(target, &typed(PERMIT2, "PermitBatchTransferFrom", &types, message), &each)
    }),
    class("EVM: Permit2 of a contract that is not Permit2", |dice, _| {
        let details = details(TOKENS[0], dice.up_to(1000));
        let message = json!({ "details": details, "spender": BOB, "sigDeadline": "9999999999" });
        refused(&typed(STRANGE_TOKEN, "PermitSingle", &[SINGLE, DETAILS], message))
    }),
    class("EVM: EIP-3009 transfer", |dice, target| {
        let most = dice.amount();
        authorised(dice, target, "TransferWithAuthorization", most)
    }),
    class("EVM: EIP-3009 receive", |dice, target| {
        let most = dice.up_to(TOKEN_AT_ONCE);
        authorised(dice, target, "ReceiveWithAuthorization", most)
    }),
];

const OWNERS_OR_CLOSED: &[RefusalCode] = &[RefusalCode::NeedsOwner, RefusalCode::NetworkNotAllowed];
const NEVER_OR_OWNERS: &[RefusalCode] = &[RefusalCode::NeedsOwner, RefusalCode::EffectNotAllowed];

/// The same on every network (Uniswap's deployments).
const PERMIT2: EvmAddress = EvmAddress([
    0x00, 0x00, 0x00, 0x00, 0x00, 0x22, 0xd4, 0x73, 0x03, 0x0f, 0x11, 0x6d, 0xde, 0xe9, 0xf6, 0xb4,
    0x3a, 0xc7, 0x8b, 0xa3,
]);
const DETAILS: Struct =
    ("PermitDetails", "address token,uint160 amount,uint48 expiration,uint48 nonce");
const SINGLE: Struct =
    ("PermitSingle", "PermitDetails details,address spender,uint256 sigDeadline");
const BATCH: Struct =
    ("PermitBatch", "PermitDetails[] details,address spender,uint256 sigDeadline");
const PERMISSIONS: Struct = ("TokenPermissions", "address token,uint256 amount");
const TRANSFER_FROM: Struct = (
    "PermitTransferFrom",
    "TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline",
);
const BATCH_TRANSFER_FROM: Struct = (
    "PermitBatchTransferFrom",
    "TokenPermissions[] permitted,address spender,uint256 nonce,uint256 deadline",
);

/// A name, and the fields as Solidity writes them.
pub(super) type Struct = (&'static str, &'static str);

/// Typed data for a contract on Ethereum, as JSON.
pub(super) fn typed(
    contract: EvmAddress,
    primary: &str,
    structs: &[Struct],
    message: Value,
) -> Value {
    let types: serde_json::Map<String, Value> = structs
        .iter()
        .map(|(name, fields)| ((*name).to_owned(), fields.split(',').map(field).collect()))
        .collect();
    json!({
        "types": types,
        "primaryType": primary,
        "domain": { "name": "A", "version": "1", "chainId": 1, "verifyingContract": contract },
        "message": message,
    })
}

fn field(text: &str) -> Value {
    let (kind, name) = text.split_once(' ').expect("a type and a name");
    json!({ "name": name, "type": kind })
}

/// The shot that asks for a signature of it.
pub(super) fn shot(data: &Value, takes: Vec<Taken>, fate: Fate) -> Shot {
    let data = TypedData::from_json(data).unwrap_or_else(|error| panic!("{error}: {data}"));
    Shot::of(Payload::TypedData(data.to_bytes()), takes, fate)
}

pub(super) fn refused(data: &Value) -> Shot {
    shot(data, Vec::new(), Fate::Refused(OWNERS))
}

/// Typed data that lets these amounts be taken; they count where the guard lists the tokens.
fn allowed(target: &Target, data: &Value, amounts: &[(EvmAddress, Amount)]) -> Shot {
    let is_small = amounts.iter().all(|(_, most)| *most <= SPENDER_MOST.into());
    let is_named = !target.rules.has(Feature::Spenders) || is_small;
    if !listed(target) || !is_named {
        return refused(data);
    }
    let take = |(token, most): &(EvmAddress, Amount)| Taken::token(evm_scope(1), *token, *most);
    shot(data, amounts.iter().map(take).collect(), Fate::Counted)
}

fn permit(token: EvmAddress, most: Amount, nonce: u64) -> Value {
    let fields = "address owner,address spender,uint256 value,uint256 nonce,uint256 deadline";
    let message = json!({
        "owner": BOB, "spender": SPENDER, "value": most,
        "nonce": nonce.to_string(), "deadline": "9999999999",
    });
    typed(token, "Permit", &[("Permit", fields)], message)
}

fn details(token: EvmAddress, most: Amount) -> Value {
    json!({ "token": token, "amount": most, "expiration": "281474976710655", "nonce": "0" })
}

/// Of Permit2's largest allowances, the last of which has no end.
fn amount_of_160(dice: &mut Dice) -> Amount {
    let most = Amount::from_be_bytes([&[0; 12][..], &[0xff; 20]].concat().try_into().expect("32"));
    if dice.percent(50) { most } else { dice.amount_of(160) }
}

fn authorised(dice: &mut Dice, target: &Target, primary: &'static str, most: Amount) -> Shot {
    let fields = "address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,\
                  bytes32 nonce";
    let nonce = format!("0x{}", primitives::encode_hex(&dice.bytes::<32>()));
    let message = json!({
        "from": BOB, "to": BOB, "value": most,
        "validAfter": "0", "validBefore": "9999999999", "nonce": nonce,
    });
    let token = *dice.pick(&TOKENS);
    let data = typed(token, primary, &[(primary, fields)], message);
    if !listed(target) {
        return refused(&data);
    }
    shot(&data, vec![Taken::token(evm_scope(1), token, most)], Fate::Counted)
}

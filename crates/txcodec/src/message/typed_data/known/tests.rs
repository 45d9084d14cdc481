//! What typed data of known types does, and that it is never taken for less.

use primitives::{Address, Amount, Asset, EvmAddress, encode_hex};
use serde_json::{Value as Json, json};

use super::super::{TypedData, decode_typed_data};
use super::{FAMILIES, Known};
use crate::evm::erc20;
use crate::hash::keccak256;
use crate::{AuthorityKind, Decoded, Effect, OpaqueReason};

const WALLET: &str = "0x1111111111111111111111111111111111111111";
const PEER: &str = "0x2222222222222222222222222222222222222222";
const TOKEN: &str = "0x3333333333333333333333333333333333333333";
const CONTRACT: &str = "0x4444444444444444444444444444444444444444";
const PERMIT2: &str = "0x000000000022D473030F116dDEE9F6B43aC78BA3";

pub(super) fn assert_hashes(table: &[(&str, &str)]) {
    for (encoded_type, hash) in table {
        assert_eq!(encode_hex(&keccak256(encoded_type.as_bytes())), *hash, "{encoded_type}");
    }
}

/// Types in JSON from their encoding, which names the type of the message first.
fn types(encoded: &str) -> (String, Json) {
    let mut primary = None;
    let mut types = serde_json::Map::new();
    for definition in encoded.split_terminator(')') {
        let (name, fields) = definition.split_once('(').unwrap();
        let field = |text: &str| {
            let (kind, name) = text.split_once(' ').unwrap();
            json!({ "type": kind, "name": name })
        };
        let fields = fields.split(',').filter(|text| !text.is_empty()).map(field);
        types.insert(name.to_owned(), fields.collect());
        primary.get_or_insert_with(|| name.to_owned());
    }
    (primary.unwrap(), types.into())
}

/// Typed data on chain 1 for a contract.
fn typed(encoded: &str, contract: &str, message: &Json) -> Json {
    let (primary, types) = types(encoded);
    json!({
        "types": types,
        "primaryType": primary,
        "domain": { "chainId": 1, "verifyingContract": contract },
        "message": message,
    })
}

fn decode(json: &Json) -> Decoded {
    decode_typed_data(&TypedData::from_json(json).unwrap().to_bytes()).unwrap()
}

/// What follows the effect that says what was signed.
fn consequences(json: &Json) -> Vec<Effect> {
    let decoded = decode(json);
    assert!(matches!(decoded.effects()[0], Effect::TypedData { .. }));
    decoded.effects()[1..].to_vec()
}

/// The encoding of the one known type that begins like this.
fn known(beginning: &str) -> &'static str {
    let exact = |known: &Known| match known {
        Known::Exact(encoded, _) => encoded.starts_with(beginning).then_some(*encoded),
        Known::Begins(..) | Known::Opaque(..) => None,
    };
    let found: Vec<_> = FAMILIES.iter().copied().flatten().filter_map(exact).collect();
    assert_eq!(found.len(), 1, "{beginning}");
    found[0]
}

fn evm(text: &str) -> EvmAddress {
    text.parse().unwrap()
}

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

fn sold(token: &str, amount: u64) -> Effect {
    let to = Address::Evm(EvmAddress::ZERO);
    Effect::TokenOut { token: address(token), to, amount: amount.into() }
}

fn allowed(token: &str, amount: u64) -> Effect {
    Effect::Allowance { token: address(token), spender: address(PEER), amount: amount.into() }
}

fn is_unread(effects: &[Effect]) -> bool {
    matches!(effects, [Effect::Opaque(OpaqueReason::TypedData(_))])
}

fn hex(bytes: &[u8]) -> String {
    format!("0x{}", encode_hex(bytes))
}

fn zero_word() -> String {
    hex(&[0; 32])
}

#[test]
fn every_known_name_with_other_fields_is_opaque() {
    for known in FAMILIES.iter().copied().flatten() {
        let other = format!("{}(uint256 other)", known.name());
        let effects = consequences(&typed(&other, CONTRACT, &json!({ "other": 1 })));
        assert!(is_unread(&effects), "{other}: {effects:?}");
    }
    let unknown = typed("Vote(uint256 other)", CONTRACT, &json!({ "other": 1 }));
    assert_eq!(consequences(&unknown), []);
}

#[test]
fn a_permit_with_one_field_of_another_width_is_opaque() {
    let message =
        json!({ "owner": WALLET, "spender": PEER, "value": 5, "nonce": 0, "deadline": 0 });
    let exact = known("Permit(address owner");
    assert_eq!(consequences(&typed(exact, TOKEN, &message)), [allowed(TOKEN, 5)]);
    for (from, to) in [("uint256 value", "uint128 value"), ("nonce", "nonces"), ("owner", "from")] {
        let mut renamed = message.clone();
        let fields = renamed.as_object_mut().unwrap();
        if let Some(value) = fields.remove(from) {
            fields.insert(to.to_owned(), value);
        }
        let changed = exact.replacen(from, to, 1);
        assert!(is_unread(&consequences(&typed(&changed, TOKEN, &renamed))), "{changed}");
    }
}

#[test]
fn what_is_known_and_names_no_contract_or_no_chain_is_opaque() {
    let message =
        json!({ "owner": WALLET, "spender": PEER, "value": 5, "nonce": 0, "deadline": 0 });
    let mut nobody = typed(known("Permit(address owner"), TOKEN, &message);
    nobody["domain"] = json!({ "chainId": 1 });
    assert!(is_unread(&consequences(&nobody)));
    let mut everywhere = nobody;
    everywhere["domain"] = json!({ "verifyingContract": TOKEN });
    let opaque = Effect::Opaque(OpaqueReason::EveryChain);
    assert_eq!(consequences(&everywhere), [opaque, allowed(TOKEN, 5)]);
    assert_eq!(decode(&everywhere).chain_id(), None);
}

#[test]
fn a_permit_for_a_collectible_gives_it_away() {
    let message = json!({ "spender": PEER, "tokenId": 7, "nonce": 0, "deadline": 0 });
    let told = Effect::AuthorityChange {
        kind: AuthorityKind::Operator,
        subject: address(TOKEN),
        to: Some(address(PEER)),
    };
    assert_eq!(consequences(&typed(known("Permit(address spender"), TOKEN, &message)), [told]);
}

#[test]
fn a_permit_of_permit2_with_a_witness_is_an_allowance_whatever_the_witness() {
    let message = json!({
        "permitted": { "token": TOKEN, "amount": 5 }, "spender": PEER, "nonce": 0, "deadline": 0,
        "witness": { "price": 9 },
    });
    let stub = "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,\
                uint256 nonce,uint256 deadline,Order witness)Order(uint256 price)";
    let permissions = "TokenPermissions(address token,uint256 amount)";
    let exact = format!("{stub}{permissions}");
    assert_eq!(consequences(&typed(&exact, PERMIT2, &message)), [allowed(TOKEN, 5)]);
    assert!(is_unread(&consequences(&typed(&exact, CONTRACT, &message))));
    let other = format!("{stub}TokenPermissions(address token,uint128 amount)");
    assert!(is_unread(&consequences(&typed(&other, PERMIT2, &message))));

    let mut batch = message;
    let one = batch["permitted"].take();
    batch["permitted"] = json!([one, one]);
    let several = exact
        .replace("PermitWitness", "PermitBatchWitness")
        .replace("TokenPermissions permitted", "TokenPermissions[] permitted");
    let twice = [allowed(TOKEN, 5), allowed(TOKEN, 5)];
    assert_eq!(consequences(&typed(&several, PERMIT2, &batch)), twice);
}

fn seaport(offer: &Json) -> Json {
    let message = json!({
        "offerer": WALLET, "zone": CONTRACT, "offer": offer, "consideration": [],
        "orderType": 0, "startTime": 0, "endTime": 1, "zoneHash": zero_word(), "salt": 0,
        "conduitKey": zero_word(), "counter": 0,
    });
    typed(known("OrderComponents("), CONTRACT, &message)
}

#[test]
fn what_a_seaport_order_offers_leaves_at_its_highest_amount() {
    let item = |kind: u8, id: u64, start: u64, end: u64| {
        json!({
            "itemType": kind, "token": TOKEN, "identifierOrCriteria": id,
            "startAmount": start, "endAmount": end,
        })
    };
    let (contract, to) = (evm(TOKEN), EvmAddress::ZERO);
    let collectible = |id: u64, amount: u64| Effect::CollectibleOut {
        contract,
        to,
        id: id.into(),
        amount: amount.into(),
    };
    let offer = json!([item(0, 0, 5, 3), item(1, 0, 5, 8), item(2, 7, 1, 1), item(3, 7, 2, 4)]);
    let coins = Effect::NativeOut { to: to.into(), amount: 5_u64.into() };
    let expected = [coins, sold(TOKEN, 8), collectible(7, 1), collectible(7, 4)];
    assert_eq!(consequences(&seaport(&offer)), expected);
    assert_eq!(consequences(&seaport(&json!([]))), []);
    for kind in [4, 5, 6, 255] {
        assert!(is_unread(&consequences(&seaport(&json!([item(kind, 7, 1, 1)])))), "{kind}");
    }
}

#[test]
fn what_typed_data_sells_is_spend_and_a_sum_that_overflows_is_none() {
    let item = |amount: Amount| {
        let amount = amount.to_string();
        json!({
            "itemType": 1, "token": TOKEN, "identifierOrCriteria": 0,
            "startAmount": amount, "endAmount": amount,
        })
    };
    let one = Amount::from(1_u64);
    let spend = |offer: Json| decode(&seaport(&offer)).spend();
    let all = [(Asset::Token(address(TOKEN)), Amount::MAX)];
    assert_eq!(spend(json!([item(Amount::MAX)])), Some(all.into()));
    assert_eq!(spend(json!([item(Amount::MAX), item(one)])), None);
}

#[test]
fn trees_of_orders_and_orders_that_are_not_known_are_opaque() {
    for (encoded, message) in [
        ("BulkOrder(uint256[2] tree)", json!({ "tree": [1, 2] })),
        ("Root(bytes32 root)", json!({ "root": zero_word() })),
        ("Order(address trader,uint256 price)", json!({ "trader": WALLET, "price": 1 })),
        ("MakerOrder(uint256 price)", json!({ "price": 1 })),
        ("PackedUserOperation(address sender)", json!({ "sender": WALLET })),
        ("SafeMessage(bytes message)", json!({ "message": "0x1234" })),
        ("Transaction(uint256 to,uint256 value)", json!({ "to": 1, "value": 1 })),
        ("HyperliquidTransaction:UsdSend(string amount)", json!({ "amount": "1" })),
        ("Permit:Other(string amount)", json!({ "amount": "1" })),
    ] {
        assert!(is_unread(&consequences(&typed(encoded, CONTRACT, &message))), "{encoded}");
    }
}

#[test]
fn what_the_maker_of_an_order_of_0x_gives_leaves() {
    let message = json!({
        "makerToken": TOKEN, "takerToken": CONTRACT, "makerAmount": 5, "takerAmount": 9,
        "takerTokenFeeAmount": 1, "maker": WALLET, "taker": PEER, "sender": PEER,
        "feeRecipient": PEER, "pool": zero_word(), "expiry": 1, "salt": 0, "txOrigin": PEER,
        "expiryAndNonce": 0,
    });
    for (beginning, expected) in [
        ("LimitOrder(", &[sold(TOKEN, 5)][..]),
        ("RfqOrder(", &[sold(TOKEN, 5)]),
        ("OtcOrder(", &[sold(TOKEN, 5), sold(CONTRACT, 9)]),
    ] {
        let encoded = known(beginning);
        let (_, types) = types(encoded);
        let mut fields = message.clone();
        let named = types[beginning.trim_end_matches('(')].as_array().unwrap();
        let is_named = |name: &str| named.iter().any(|field| field["name"] == name);
        fields.as_object_mut().unwrap().retain(|name, _| is_named(name));
        assert_eq!(consequences(&typed(encoded, CONTRACT, &fields)), expected, "{beginning}");
    }
}

#[test]
fn an_order_of_the_third_version_of_0x_is_read_where_it_gives_one_token() {
    let asset = |head: &[u8]| hex(&[head, &[0; 12], &evm(TOKEN).0].concat());
    let order = |asset: String, fee: u64| {
        let message = json!({
            "makerAddress": WALLET, "takerAddress": PEER, "feeRecipientAddress": PEER,
            "senderAddress": PEER, "makerAssetAmount": 5, "takerAssetAmount": 9, "makerFee": fee,
            "takerFee": 1, "expirationTimeSeconds": 1, "salt": 0, "makerAssetData": asset,
            "takerAssetData": "0x", "makerFeeAssetData": asset, "takerFeeAssetData": "0x",
        });
        consequences(&typed(known("Order(address makerAddress"), CONTRACT, &message))
    };
    let token = asset(&[0xf4, 0x72, 0x61, 0xb0]);
    assert_eq!(order(token.clone(), 0), [sold(TOKEN, 5)]);
    assert_eq!(order(token.clone(), 2), [sold(TOKEN, 5), sold(TOKEN, 2)]);
    for other in [asset(&[0x02, 0x57, 0x17, 0x92]), format!("{token}00"), "0x".to_owned()] {
        assert!(is_unread(&order(other, 0)));
    }
}

#[test]
fn what_an_order_of_cow_sells_leaves_with_its_fee() {
    let order = |fee: u64| {
        let message = json!({
            "sellToken": TOKEN, "buyToken": CONTRACT, "receiver": PEER, "sellAmount": 5,
            "buyAmount": 9, "validTo": 1, "appData": zero_word(), "feeAmount": fee,
            "kind": "buy", "partiallyFillable": true, "sellTokenBalance": "erc20",
            "buyTokenBalance": "erc20",
        });
        consequences(&typed(known("Order(address sellToken"), CONTRACT, &message))
    };
    assert_eq!(order(0), [sold(TOKEN, 5)]);
    assert_eq!(order(2), [sold(TOKEN, 5), sold(TOKEN, 2)]);
}

fn safe(operation: u8, gas_price: u64, data: &[u8]) -> Vec<Effect> {
    let message = json!({
        "to": TOKEN, "value": 7, "data": hex(data), "operation": operation, "safeTxGas": 0,
        "baseGas": 0, "gasPrice": gas_price, "gasToken": TOKEN, "refundReceiver": PEER, "nonce": 0,
    });
    consequences(&typed(known("SafeTx("), CONTRACT, &message))
}

#[test]
fn a_transaction_of_a_safe_does_what_the_safe_then_does() {
    let transfer = erc20::transfer(evm(PEER), 5_u64.into());
    let coins = Effect::NativeOut { to: address(TOKEN), amount: 7_u64.into() };
    let amount = Amount::from(5_u64);
    let tokens = Effect::TokenOut { token: address(TOKEN), to: address(PEER), amount };
    assert_eq!(safe(0, 0, &transfer), [coins.clone(), tokens.clone()]);
    let unknown = Effect::Call { contract: evm(TOKEN), selector: Some([1, 2, 3, 4]) };
    assert_eq!(safe(0, 0, &[1, 2, 3, 4]), [coins.clone(), unknown]);
    for operation in [1, 2, 255] {
        let code = Effect::Opaque(OpaqueReason::DelegateCall { code: evm(TOKEN) });
        assert_eq!(safe(operation, 0, &transfer), [code]);
    }
    let refunding = safe(0, 1, &transfer);
    assert_eq!(refunding[..2], [coins, tokens]);
    assert!(is_unread(&refunding[2..]));
}

#[test]
fn a_call_that_somebody_else_forwards_does_what_the_wallet_would_do() {
    let transfer = erc20::transfer(evm(PEER), 5_u64.into());
    let amount = Amount::from(5_u64);
    let tokens = Effect::TokenOut { token: address(TOKEN), to: address(PEER), amount };
    let message = json!({ "nonce": 0, "from": WALLET, "functionSignature": hex(&transfer) });
    let by_itself = typed(known("MetaTransaction("), TOKEN, &message);
    assert_eq!(consequences(&by_itself), std::slice::from_ref(&tokens));
    let mut message = json!({
        "from": WALLET, "to": TOKEN, "value": 0, "gas": 1, "nonce": 0, "data": hex(&transfer),
    });
    let exact = "ForwardRequest(address from,address to,uint256 value,uint256 gas,uint256 nonce,";
    let forwarded = typed(&format!("{exact}bytes data)"), CONTRACT, &message);
    assert_eq!(consequences(&forwarded), std::slice::from_ref(&tokens));
    message["deadline"] = 1.into();
    let until = typed(&format!("{exact}uint48 deadline,bytes data)"), CONTRACT, &message);
    assert_eq!(consequences(&until), [tokens]);
}

#[test]
fn a_delegation_lets_somebody_else_act() {
    let message = json!({
        "delegate": PEER, "delegator": WALLET, "authority": zero_word(), "caveats": [], "salt": 0,
    });
    let to = Some(address(PEER));
    let told = |kind, subject, to| Effect::AuthorityChange { kind, subject: address(subject), to };
    let delegation = typed(known("Delegation("), CONTRACT, &message);
    assert_eq!(consequences(&delegation), [told(AuthorityKind::Contract, WALLET, to)]);
    for (is_authorized, to) in [(true, to), (false, None)] {
        let message = json!({
            "authorizer": WALLET, "authorized": PEER, "isAuthorized": is_authorized, "nonce": 0,
            "deadline": 0,
        });
        let authorization = typed(known("Authorization("), CONTRACT, &message);
        assert_eq!(consequences(&authorization), [told(AuthorityKind::Operator, CONTRACT, to)]);
    }
}

//! Typed data as a whole: the example of the standard, round trips, known types.

use primitives::{Address, encode_hex};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
use crate::OpaqueReason;

/// The example of EIP-712.
fn mail() -> Json {
    json!({
        "types": {
            "EIP712Domain": [
                { "name": "name", "type": "string" },
                { "name": "version", "type": "string" },
                { "name": "chainId", "type": "uint256" },
                { "name": "verifyingContract", "type": "address" },
            ],
            "Person": [
                { "name": "name", "type": "string" },
                { "name": "wallet", "type": "address" },
            ],
            "Mail": [
                { "name": "from", "type": "Person" },
                { "name": "to", "type": "Person" },
                { "name": "contents", "type": "string" },
            ],
        },
        "primaryType": "Mail",
        "domain": {
            "name": "Ether Mail",
            "version": "1",
            "chainId": 1,
            "verifyingContract": "0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC",
        },
        "message": {
            "from": { "name": "Cow", "wallet": "0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826" },
            "to": { "name": "Bob", "wallet": "0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB" },
            "contents": "Hello, Bob!",
        },
    })
}

/// A message of every kind of value.
fn all_kinds() -> Json {
    json!({
        "types": { "All": [
            { "name": "flag", "type": "bool" },
            { "name": "small", "type": "int8" },
            { "name": "large", "type": "uint256" },
            { "name": "short", "type": "bytes3" },
            { "name": "long", "type": "bytes" },
            { "name": "text", "type": "string" },
            { "name": "pairs", "type": "Pair[2][]" },
            { "name": "none", "type": "address[]" },
        ], "Pair": [{ "name": "a", "type": "uint16" }, { "name": "b", "type": "int16" }] },
        "primaryType": "All",
        "domain": {},
        "message": {
            "flag": true,
            "small": -128,
            "large": "0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
            "short": "0x010203",
            "long": "0x",
            "text": "\u{2665}",
            "pairs": [[{ "a": 1, "b": "-2" }, { "a": "65535", "b": 32767 }]],
            "none": [],
        },
    })
}

fn read(json: &Json) -> TypedData {
    TypedData::from_json(json).unwrap()
}

#[test]
fn the_example_of_eip_712_has_its_digest() {
    let decoded = decode_typed_data(&read(&mail()).to_bytes()).unwrap();
    let SigningInput::Digest(digest) = decoded.signing_input() else { panic!("no digest") };
    assert_eq!(
        encode_hex(digest),
        "be609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2"
    );
    let told = Effect::TypedData {
        chain_id: Some("eip155:1".parse().unwrap()),
        verifying_contract: Some(EvmAddress([0xcc; 20])),
        primary_type: "Mail".to_owned(),
    };
    assert_eq!(decoded.effects(), [told]);
    assert_eq!(decoded.subject(), Subject::EvmMessage);
    assert_eq!(decoded.fee_ceiling(), Amount::ZERO);
}

#[test]
fn every_kind_of_value_survives_the_round_trip() {
    for json in [mail(), all_kinds()] {
        let data = read(&json);
        assert_eq!(TypedData::from_bytes(&data.to_bytes()), Ok(data));
    }
}

#[test]
fn another_message_domain_or_type_is_another_intent() {
    let intent = |json: &Json| decode_typed_data(&read(json).to_bytes()).unwrap().intent();
    let told = intent(&mail());
    assert_eq!(intent(&mail()), told);
    for (place, changed) in [
        ("/message/contents", "Hello, Bob?"),
        ("/message/to/name", "Bot"),
        ("/domain/name", "Ether Mai1"),
        ("/domain/verifyingContract", "0xcccccccccccccccccccccccccccccccccccccccd"),
    ] {
        let mut other = mail();
        *other.pointer_mut(place).unwrap() = changed.into();
        assert_ne!(intent(&other), told, "{place}");
    }
    let mut renamed = mail();
    renamed["types"]["Letter"] = renamed["types"]["Mail"].take();
    renamed["types"].as_object_mut().unwrap().remove("Mail");
    renamed["primaryType"] = "Letter".into();
    assert_ne!(intent(&renamed), told);
}

#[test]
fn a_domain_that_says_nothing_is_told_as_such() {
    let decoded = decode_typed_data(&read(&all_kinds()).to_bytes()).unwrap();
    let primary_type = "All".to_owned();
    let told = Effect::TypedData { chain_id: None, verifying_contract: None, primary_type };
    assert_eq!(decoded.effects(), [told]);
}

#[test]
fn every_change_of_a_byte_is_refused_or_kept() {
    for json in [mail(), all_kinds()] {
        let data = read(&json);
        let bytes = data.to_bytes();
        for position in 0..bytes.len() {
            for flipped in [0x01, 0x02, 0x20, 0x80, 0xff] {
                let mut changed = bytes.clone();
                changed[position] ^= flipped;
                if let Ok(other) = TypedData::from_bytes(&changed) {
                    assert_ne!(other.digest(), data.digest());
                    assert_eq!(other.to_bytes(), changed);
                }
            }
        }
    }
}

#[test]
fn every_cut_is_refused() {
    let bytes = read(&all_kinds()).to_bytes();
    for length in 0..bytes.len() {
        assert!(TypedData::from_bytes(&bytes[..length]).is_err(), "{length}");
    }
    let longer = [&bytes[..], &[0]].concat();
    assert_eq!(TypedData::from_bytes(&longer), Err(DecodeError::TrailingBytes));
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(
        json in prop_oneof![Just(mail()), Just(all_kinds())],
        kept in any::<prop::sample::Index>(),
        bytes in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let start = read(&json).to_bytes();
        let bytes = [&start[..kept.index(start.len())], &bytes].concat();
        if let Ok(data) = TypedData::from_bytes(&bytes) {
            prop_assert_eq!(data.to_bytes(), bytes);
        }
    }
}

/// The header of the binary form, with a type `A` of one field and a domain without any.
fn with_field(kind: &str, values: &[u8]) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.raw(&[VERSION]);
    writer.count(2);
    writer.bytes(b"A");
    writer.count(1);
    writer.bytes(kind.as_bytes());
    writer.bytes(b"a");
    writer.bytes(DOMAIN.as_bytes());
    writer.count(0);
    writer.bytes(b"A");
    writer.raw(values);
    writer.into_bytes()
}

#[test]
fn values_are_exactly_as_wide_as_their_types() {
    for (kind, values, expected) in [
        ("bool", &[0][..], Ok(())),
        ("bool", &[1], Ok(())),
        ("bool", &[2], Err(DecodeError::NotCanonical("a bool that is neither 0 nor 1"))),
        ("uint8", &[255], Ok(())),
        ("uint8", &[1, 0], Err(DecodeError::TrailingBytes)),
        ("int16", &[0], Err(DecodeError::Truncated)),
        ("address", &[0; 20], Ok(())),
        ("bytes4", &[0; 4], Ok(())),
        ("string", &[0, 0, 0, 1, 0xff], Err(DecodeError::Invalid("no UTF-8"))),
        ("bytes", &[0, 0, 0, 1, 0xff], Ok(())),
        ("bytes", &[0xff; 4], Err(DecodeError::Truncated)),
        ("uint8[]", &[0, 0, 0, 2, 7, 7], Ok(())),
        ("uint8[2]", &[7, 7], Ok(())),
        ("uint8[]", &[0xff; 4], Err(DecodeError::Truncated)),
        ("bool[]", &[0, 1, 0, 0], Err(DecodeError::Truncated)),
    ] {
        let read = TypedData::from_bytes(&with_field(kind, values)).map(|_data| ());
        assert_eq!(read, expected, "{kind} {values:?}");
    }
}

#[test]
fn arrays_of_nothing_are_limited() {
    let header = with_field("Empty[4096][4096]", &[]);
    let empty = [&[0, 0, 0, 5][..], b"Empty", &[0, 0, 0, 0]].concat();
    let at = header.len() - 5;
    let mut bytes = [&header[..at], &empty, &header[at..]].concat();
    bytes[4] = 3;
    assert_eq!(TypedData::from_bytes(&bytes), Err(DecodeError::TooMany("values")));
}

#[test]
fn the_size_is_limited() {
    let length = u32::try_from(MAX_TYPED_DATA).unwrap().to_be_bytes();
    let bytes = with_field("bytes", &[&length[..], &vec![0; MAX_TYPED_DATA]].concat());
    let refused = Err(DecodeError::TooMany("bytes of typed data"));
    assert_eq!(TypedData::from_bytes(&bytes), refused);
    assert_eq!(
        TypedData::from_bytes(&[2]),
        Err(DecodeError::Unsupported("typed data of this version"))
    );
}

#[test]
fn a_domain_names_a_chain_that_can_be() {
    for (chain_id, expected) in [
        (json!(137), Ok(Some("eip155:137".parse().unwrap()))),
        (json!(0), Err(DecodeError::NoChainId)),
        (json!("18446744073709551616"), Err(DecodeError::Invalid("a chain id above 64 bits"))),
    ] {
        let mut json = mail();
        json["domain"]["chainId"] = chain_id;
        let data = read(&json);
        assert_eq!(data.chain_id(), expected);
        assert_eq!(decode_typed_data(&data.to_bytes()).err(), expected.err());
    }
}

const SPENDER: &str = "0x2222222222222222222222222222222222222222";
const TOKEN: &str = "0x3333333333333333333333333333333333333333";

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

/// Typed data for a contract, given the fields of its types as Solidity would write them.
fn for_contract(contract: &str, types: &[(&str, &str)], message: Json) -> Json {
    let field = |text: &str| {
        let (kind, name) = text.split_once(' ').unwrap();
        json!({ "type": kind, "name": name })
    };
    let fields = |text: &str| text.split(',').map(field).collect::<Json>();
    let types: serde_json::Map<_, _> =
        types.iter().map(|(name, text)| ((*name).to_owned(), fields(text))).collect();
    let primary = types.keys().find(|name| name.starts_with("Permit") || name.contains("With"));
    let primary = primary.unwrap().clone();
    json!({
        "types": types,
        "primaryType": primary,
        "domain": { "chainId": 1, "verifyingContract": contract },
        "message": message,
    })
}

fn effects(json: &Json) -> Vec<Effect> {
    let mut decoded = decode_typed_data(&read(json).to_bytes()).unwrap();
    let first = decoded.effects.remove(0);
    assert!(matches!(first, Effect::TypedData { .. }), "{first:?}");
    decoded.effects
}

fn allowance(amount: Amount) -> Effect {
    Effect::Allowance { token: address(TOKEN), spender: address(SPENDER), amount }
}

#[test]
fn permits_are_allowances() {
    let amount = Amount::from(5_u64);
    let fields = "address owner,address spender,uint256 value,uint256 nonce,uint256 deadline";
    let message =
        json!({ "owner": TOKEN, "spender": SPENDER, "value": 5, "nonce": 0, "deadline": 0 });
    assert_eq!(effects(&for_contract(TOKEN, &[("Permit", fields)], message)), [allowance(amount)]);

    let fields = "address holder,address spender,uint256 nonce,uint256 expiry,bool allowed";
    for (allowed, amount) in [(true, Amount::MAX), (false, Amount::ZERO)] {
        let message = json!({
            "holder": TOKEN, "spender": SPENDER, "nonce": 0, "expiry": 0, "allowed": allowed,
        });
        let json = for_contract(TOKEN, &[("Permit", fields)], message);
        assert_eq!(effects(&json), [allowance(amount)]);
    }
}

#[test]
fn authorized_transfers_are_token_outflows() {
    let fields = "address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,\
                  bytes32 nonce";
    let message = json!({
        "from": TOKEN, "to": SPENDER, "value": "5", "validAfter": 0, "validBefore": 1,
        "nonce": format!("0x{}", "00".repeat(32)),
    });
    let (token, to, amount) = (address(TOKEN), address(SPENDER), Amount::from(5_u64));
    for name in ["TransferWithAuthorization", "ReceiveWithAuthorization"] {
        let json = for_contract(TOKEN, &[(name, fields)], message.clone());
        assert_eq!(effects(&json), [Effect::TokenOut { token, to, amount }]);
    }
}

#[test]
fn allowances_of_permit2_count_for_each_token() {
    let permit2 = "0x000000000022D473030F116dDEE9F6B43aC78BA3";
    let details = ("PermitDetails", "address token,uint160 amount,uint48 expiration,uint48 nonce");
    let unlimited = Amount::from_be_slice(&[0xff; 20]).unwrap().to_string();
    let detail =
        |amount: &str| json!({ "token": TOKEN, "amount": amount, "expiration": 0, "nonce": 0 });
    let single = "PermitDetails details,address spender,uint256 sigDeadline";
    let batch = "PermitDetails[] details,address spender,uint256 sigDeadline";
    let json = |contract, name, fields, permitted: Json| {
        let message = json!({ "details": permitted, "spender": SPENDER, "sigDeadline": 0 });
        let mut json = for_contract(contract, &[(name, fields), details], message);
        json["primaryType"] = name.into();
        json
    };
    let one = json(permit2, "PermitSingle", single, detail("5"));
    assert_eq!(effects(&one), [allowance(Amount::from(5_u64))]);
    let several = json!([detail("5"), detail(&unlimited)]);
    let many = json(permit2, "PermitBatch", batch, several);
    assert_eq!(effects(&many), [allowance(Amount::from(5_u64)), allowance(Amount::MAX)]);
    let elsewhere = json(SPENDER, "PermitSingle", single, detail("5"));
    let opaque = OpaqueReason::TypedData("it is a permit of Permit2, for another contract");
    assert_eq!(effects(&elsewhere), [Effect::Opaque(opaque)]);
}

#[test]
fn transfers_of_permit2_count_as_allowances_of_whoever_may_send_them() {
    let permit2 = "0x000000000022D473030F116dDEE9F6B43aC78BA3";
    let permissions = ("TokenPermissions", "address token,uint256 amount");
    let one = json!({ "token": TOKEN, "amount": 5 });
    for (name, permitted, of, count) in [
        ("PermitTransferFrom", one.clone(), "TokenPermissions", 1),
        ("PermitBatchTransferFrom", json!([one, one]), "TokenPermissions[]", 2),
    ] {
        let fields = format!("{of} permitted,address spender,uint256 nonce,uint256 deadline");
        let message =
            json!({ "permitted": permitted, "spender": SPENDER, "nonce": 0, "deadline": 0 });
        let json = for_contract(permit2, &[(name, &fields), permissions], message);
        assert_eq!(effects(&json), vec![allowance(Amount::from(5_u64)); count]);
    }
}

/// Chain, contract and primary type.
type Facts = (Option<ChainId>, Option<EvmAddress>, String);

fn facts(decoded: &Decoded) -> Facts {
    let Some(Effect::TypedData { chain_id, verifying_contract, primary_type }) =
        decoded.effects().first()
    else {
        panic!("{decoded:?} does not begin with what it is");
    };
    (*chain_id, *verifying_contract, primary_type.clone())
}

#[test]
fn what_typed_data_lets_go_is_spend_on_the_chain_of_its_domain() {
    let fields = "address owner,address spender,uint256 value,uint256 nonce,uint256 deadline";
    let message =
        json!({ "owner": TOKEN, "spender": SPENDER, "value": 5, "nonce": 0, "deadline": 0 });
    let permit = for_contract(TOKEN, &[("Permit", fields)], message);
    let decoded = decode_typed_data(&read(&permit).to_bytes()).unwrap();
    let chain_id = "eip155:1".parse().ok();
    assert_eq!(facts(&decoded), (chain_id, TOKEN.parse().ok(), "Permit".to_owned()));
    assert_eq!(decoded.chain_id(), chain_id);
    let spend = [(primitives::Asset::Token(address(TOKEN)), Amount::from(5_u64))];
    assert_eq!(decoded.spend(), Some(spend.into()));

    let nowhere = decode_typed_data(&read(&all_kinds()).to_bytes()).unwrap();
    assert_eq!(facts(&nowhere), (None, None, "All".to_owned()));
    assert_eq!(nowhere.chain_id(), None);
    assert_eq!(nowhere.spend(), Some([].into()));
}

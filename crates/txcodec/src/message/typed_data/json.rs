//! Typed data in JSON, as `eth_signTypedData` takes it (EIP-712, "Specification of the JSON RPC").
//!
//! What one library would read differently from another is refused: fields that no type names, and
//! numbers as text that is neither decimal nor `0x` and hexadecimal.

use std::collections::BTreeMap;

use primitives::{Amount, EvmAddress, decode_hex};
use serde_json::{Map, Value as Json};

use super::types::{DOMAIN, DOMAIN_FIELDS, Field, Kind, Types};
use super::value::{Struct, Value};
use super::{MAX_TYPED_DATA, TypedData};
use crate::DecodeError;

/// Why JSON is not typed data. `at` is where, such as `message.to[0].wallet`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// Something that the types ask for is not there.
    #[error("{at} is missing")]
    Missing {
        /// Where.
        at: String,
    },
    /// Something is there that no type names: it would not be signed.
    #[error("{at} is in no type, so it would not be signed; leave it out")]
    Unknown {
        /// Where.
        at: String,
    },
    /// Something else is there than its type says.
    #[error("{at} is not {expected}")]
    Mismatch {
        /// Where.
        at: String,
        /// What belongs there.
        expected: String,
    },
    /// The types make no sense together, or a limit is broken.
    #[error(transparent)]
    Refused(#[from] DecodeError),
}

impl TypedData {
    /// Reads the JSON object with `types`, `primaryType`, `domain` and `message`. Types that are
    /// not used are left out; a domain without a type gets the type that its fields imply.
    ///
    /// # Errors
    /// When a value is missing, unknown or not of its type, when the types make no sense together,
    /// or when a limit is broken.
    pub fn from_json(json: &Json) -> Result<Self, JsonError> {
        let object = object(json, "typed data")?;
        only(object, "", &["types", "primaryType", "domain", "message"])?;
        let primary = text(member(object, "", "primaryType")?, "primaryType")?;
        let domain = member(object, "", "domain")?;
        let mut structs = read_structs(member(object, "", "types")?)?;
        if !structs.contains_key(DOMAIN) {
            structs.insert(DOMAIN.to_owned(), implied_domain(domain)?);
        }
        let types = Types::new(used(structs, primary), primary.to_owned())?;
        let domain = read_struct(&types, DOMAIN, domain, "domain")?;
        let message = read_struct(&types, primary, member(object, "", "message")?, "message")?;
        let bytes = Self { types, domain, message }.to_bytes();
        // The limits are those of the binary form.
        Ok(Self::from_bytes(&bytes)?)
    }
}

fn read_structs(json: &Json) -> Result<BTreeMap<String, Vec<Field>>, JsonError> {
    let read = |(name, fields): (&String, &Json)| {
        let at = format!("types.{name}");
        let fields = list(fields, &at)?.iter().enumerate();
        let fields = fields.map(|(index, field)| read_field(field, &format!("{at}[{index}]")));
        Ok((name.clone(), fields.collect::<Result<_, JsonError>>()?))
    };
    object(json, "types")?.iter().map(read).collect()
}

fn read_field(json: &Json, at: &str) -> Result<Field, JsonError> {
    let object = object(json, at)?;
    only(object, at, &["name", "type"])?;
    let kind = text(member(object, at, "type")?, at)?.parse()?;
    Ok(Field { kind, name: text(member(object, at, "name")?, at)?.to_owned() })
}

fn implied_domain(domain: &Json) -> Result<Vec<Field>, JsonError> {
    let domain = object(domain, "domain")?;
    let there = DOMAIN_FIELDS.iter().filter(|(name, _kind)| domain.contains_key(*name));
    there.map(|(name, kind)| Ok(Field { name: (*name).to_owned(), kind: kind.parse()? })).collect()
}

/// Those of the types that the primary type and the domain are made of.
fn used(mut structs: BTreeMap<String, Vec<Field>>, primary: &str) -> BTreeMap<String, Vec<Field>> {
    let mut used = BTreeMap::new();
    let mut wanted = vec![DOMAIN.to_owned(), primary.to_owned()];
    while let Some(name) = wanted.pop() {
        if let Some(fields) = structs.remove(&name) {
            let parts = fields.iter().filter_map(|field| field.kind.struct_name());
            wanted.extend(parts.map(str::to_owned));
            used.insert(name, fields);
        }
    }
    used
}

fn read_struct(types: &Types, name: &str, json: &Json, at: &str) -> Result<Struct, JsonError> {
    let object = object(json, at)?;
    let fields = types.fields(name);
    let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
    only(object, at, &names)?;
    let read = |field: &Field| {
        let json = member(object, at, &field.name)?;
        read_value(types, &field.kind, json, &join(at, &field.name))
    };
    let fields = fields.iter().map(read).collect::<Result<_, _>>()?;
    Ok(Struct { name: name.to_owned(), fields })
}

fn read_value(types: &Types, kind: &Kind, json: &Json, at: &str) -> Result<Value, JsonError> {
    let or_mismatch =
        |value: Option<Value>| value.ok_or_else(|| mismatch(at, &format!("of type {kind}")));
    match kind {
        Kind::Bool => or_mismatch(json.as_bool().map(|bit| Value::Unsigned(vec![bit.into()]))),
        Kind::Address => or_mismatch(read_address(json)),
        Kind::Uint(width) => or_mismatch(read_unsigned(json, *width).map(Value::Unsigned)),
        Kind::Int(width) => or_mismatch(read_signed(json, *width).map(Value::Signed)),
        Kind::FixedBytes(width) => {
            let bytes = read_hex(json).filter(|bytes| bytes.len() == usize::from(*width));
            or_mismatch(bytes.map(Value::FixedBytes))
        }
        Kind::Bytes => or_mismatch(read_hex(json).map(Value::Bytes)),
        Kind::Text => or_mismatch(json.as_str().map(|text| Value::Bytes(text.into()))),
        Kind::Struct(name) => read_struct(types, name, json, at).map(Value::Struct),
        Kind::Array { of, length } => read_array(types, of, *length, json, at),
    }
}

fn read_array(
    types: &Types,
    of: &Kind,
    length: Option<u32>,
    json: &Json,
    at: &str,
) -> Result<Value, JsonError> {
    let values = list(json, at)?.iter().enumerate();
    let read = |(index, json)| read_value(types, of, json, &format!("{at}[{index}]"));
    let values: Vec<Value> = values.map(read).collect::<Result<_, _>>()?;
    match length {
        None => Ok(Value::List(values)),
        Some(length) if u32::try_from(values.len()) == Ok(length) => Ok(Value::FixedList(values)),
        Some(length) => Err(mismatch(at, &format!("a list of {length}"))),
    }
}

fn read_address(json: &Json) -> Option<Value> {
    let address: EvmAddress = json.as_str()?.parse().ok()?;
    Some(Value::Unsigned(address.0.to_vec()))
}

fn read_hex(json: &Json) -> Option<Vec<u8>> {
    decode_hex(json.as_str()?.strip_prefix("0x")?).ok()
}

/// A number of `width` bytes: a JSON integer, decimal digits, or `0x` and hexadecimal digits.
fn read_unsigned(json: &Json, width: u8) -> Option<Vec<u8>> {
    let number = match json {
        Json::Number(number) => Amount::from(number.as_u64()?),
        Json::String(text) => read_digits(text)?,
        Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => return None,
    };
    narrow(number.to_be_bytes(), width, 0x00)
}

/// As [`read_unsigned`], with a minus before a decimal number that is below zero.
fn read_signed(json: &Json, width: u8) -> Option<Vec<u8>> {
    let text = match json {
        Json::Number(number) if number.is_i64() || number.is_u64() => number.to_string(),
        Json::String(text) => text.clone(),
        Json::Number(_) | Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => {
            return None;
        }
    };
    let (word, fill) = match text.strip_prefix('-') {
        None => (read_digits(&text)?.to_be_bytes(), 0x00),
        Some(digits) => {
            // -n is the complement of n - 1.
            let below: Amount = digits.parse().ok()?;
            let below = below.checked_sub(Amount::from(1_u64))?;
            (below.to_be_bytes().map(|byte| !byte), 0xff)
        }
    };
    let bytes = narrow(word, width, fill)?;
    let sign_kept = bytes.first().is_some_and(|first| (*first > 0x7f) == (fill == 0xff));
    sign_kept.then_some(bytes)
}

fn read_digits(text: &str) -> Option<Amount> {
    let Some(digits) = text.strip_prefix("0x") else { return text.parse().ok() };
    let even = if digits.len() % 2 == 0 { digits.to_owned() } else { format!("0{digits}") };
    let bytes = decode_hex(&even).ok().filter(|bytes| !bytes.is_empty())?;
    Amount::from_be_slice(&bytes)
}

/// The last `width` bytes of a word, if those before them are all `fill`.
fn narrow(word: [u8; 32], width: u8, fill: u8) -> Option<Vec<u8>> {
    let (high, low) = word.split_at_checked(32_usize.checked_sub(width.into())?)?;
    high.iter().all(|byte| *byte == fill).then(|| low.to_vec())
}

fn object<'a>(json: &'a Json, at: &str) -> Result<&'a Map<String, Json>, JsonError> {
    json.as_object().ok_or_else(|| mismatch(at, "an object"))
}

fn list<'a>(json: &'a Json, at: &str) -> Result<&'a [Json], JsonError> {
    let values = json.as_array().ok_or_else(|| mismatch(at, "a list"))?;
    if values.len() > MAX_TYPED_DATA {
        return Err(DecodeError::TooMany("values").into());
    }
    Ok(values)
}

fn text<'a>(json: &'a Json, at: &str) -> Result<&'a str, JsonError> {
    json.as_str().ok_or_else(|| mismatch(at, "a text"))
}

fn member<'a>(object: &'a Map<String, Json>, at: &str, name: &str) -> Result<&'a Json, JsonError> {
    object.get(name).ok_or_else(|| JsonError::Missing { at: join(at, name) })
}

fn only(object: &Map<String, Json>, at: &str, names: &[&str]) -> Result<(), JsonError> {
    match object.keys().find(|name| !names.contains(&name.as_str())) {
        Some(unknown) => Err(JsonError::Unknown { at: join(at, unknown) }),
        None => Ok(()),
    }
}

fn mismatch(at: &str, expected: &str) -> JsonError {
    JsonError::Mismatch { at: at.to_owned(), expected: expected.to_owned() }
}

fn join(at: &str, name: &str) -> String {
    if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Typed data with one field.
    fn with_field(kind: &str, value: Json) -> Json {
        json!({
            "types": { "A": [{ "name": "a", "type": kind }] },
            "primaryType": "A",
            "domain": {},
            "message": { "a": value },
        })
    }

    fn value(kind: &str, json: Json) -> Option<Value> {
        TypedData::from_json(&with_field(kind, json))
            .ok()
            .map(|mut data| data.message.fields.remove(0))
    }

    #[test]
    fn numbers_are_read_exactly_or_not_at_all() {
        let unsigned = |bytes: &[u8]| Some(Value::Unsigned(bytes.to_vec()));
        let signed = |bytes: &[u8]| Some(Value::Signed(bytes.to_vec()));
        for (kind, json, expected) in [
            ("uint8", json!(0), unsigned(&[0])),
            ("uint8", json!(255), unsigned(&[255])),
            ("uint8", json!(256), None),
            ("uint8", json!(-1), None),
            ("uint8", json!(1.0), None),
            ("uint8", json!("7"), unsigned(&[7])),
            ("uint8", json!("0x7"), unsigned(&[7])),
            ("uint8", json!("0x07"), unsigned(&[7])),
            ("uint8", json!("0x100"), None),
            ("uint8", json!("0x"), None),
            ("uint8", json!(""), None),
            ("uint8", json!("07"), None),
            ("uint8", json!("+7"), None),
            ("uint8", json!("1e1"), None),
            ("uint8", json!(null), None),
            ("uint16", json!(256), unsigned(&[1, 0])),
            ("uint256", json!(Amount::MAX.to_string()), unsigned(&[0xff; 32])),
            ("int8", json!(127), signed(&[127])),
            ("int8", json!(128), None),
            ("int8", json!(-128), signed(&[128])),
            ("int8", json!(-129), None),
            ("int8", json!("-1"), signed(&[255])),
            ("int8", json!("0xff"), None),
            ("int8", json!("-0"), None),
            ("int8", json!("--1"), None),
            ("int8", json!(0), signed(&[0])),
            ("int16", json!(-129), signed(&[0xff, 0x7f])),
            ("int256", json!(Amount::MAX.to_string()), None),
        ] {
            assert_eq!(value(kind, json.clone()), expected, "{kind} {json}");
        }
    }

    #[test]
    fn the_smallest_number_is_read() {
        let smallest = Amount::from_be_slice(&[&[0x80][..], &[0; 31]].concat()).unwrap();
        let bytes = [&[0x80][..], &[0; 31]].concat();
        assert_eq!(value("int256", json!(format!("-{smallest}"))), Some(Value::Signed(bytes)));
        let below = smallest.checked_add(Amount::from(1_u64)).unwrap();
        assert_eq!(value("int256", json!(format!("-{below}"))), None);
    }

    #[test]
    fn other_values_are_read_exactly_or_not_at_all() {
        for (kind, json, read) in [
            ("bool", json!(true), true),
            ("bool", json!("true"), false),
            ("bool", json!(1), false),
            ("address", json!("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"), true),
            ("address", json!("0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"), true),
            ("address", json!("0x5aaeb6053F3E94C9b9A09f33669435E7Ef1BeAed"), false),
            ("address", json!("vitalik.eth"), false),
            ("bytes", json!("0x"), true),
            ("bytes", json!("0x0"), false),
            ("bytes", json!("00"), false),
            ("bytes", json!([0]), false),
            ("bytes2", json!("0x0102"), true),
            ("bytes2", json!("0x01"), false),
            ("bytes2", json!("0x010203"), false),
            ("string", json!(""), true),
            ("string", json!(1), false),
            ("bool[]", json!([true, false]), true),
            ("bool[2]", json!([true, false]), true),
            ("bool[2]", json!([true]), false),
            ("bool[]", json!({}), false),
            ("bool[]", json!([1]), false),
        ] {
            assert_eq!(value(kind, json.clone()).is_some(), read, "{kind} {json}");
        }
    }

    #[test]
    fn an_error_says_where() {
        let error = |json: &Json| TypedData::from_json(json).unwrap_err().to_string();
        let good = with_field("bool[]", json!([true]));
        let change = |pointer: &str, name: &str, value: Json| {
            let mut json = good.clone();
            json.pointer_mut(pointer).unwrap()[name] = value;
            json
        };
        for (json, expected) in [
            (json!([]), "typed data is not an object"),
            (json!({}), "primaryType is missing"),
            (with_field("bool[]", json!([1])), "message.a[0] is not of type bool"),
            (
                change("/message", "b", json!(1)),
                "message.b is in no type, so it would not be signed; leave it out",
            ),
            (
                change("", "extra", json!(1)),
                "extra is in no type, so it would not be signed; leave it out",
            ),
            (change("", "message", json!({})), "message.a is missing"),
            (change("", "primaryType", json!(1)), "primaryType is not a text"),
            (change("", "primaryType", json!("B")), "invalid: a type that is not defined"),
            (change("/domain", "chainId", json!("x")), "domain.chainId is not of type uint256"),
            (
                change("/domain", "chain", json!(1)),
                "domain.chain is in no type, so it would not be signed; leave it out",
            ),
            (change("/types", "A", json!([{ "name": "a" }])), "types.A[0].type is missing"),
            (change("/types", "A", json!(1)), "types.A is not a list"),
        ] {
            assert_eq!(error(&json), expected);
        }
    }

    #[test]
    fn a_type_that_is_not_used_changes_nothing() {
        let plain = with_field("bool", json!(true));
        let mut more = plain.clone();
        more["types"]["B"] = json!([{ "name": "b", "type": "A" }]);
        assert_eq!(TypedData::from_json(&more), TypedData::from_json(&plain));
    }

    #[test]
    fn a_domain_without_a_type_gets_the_one_of_its_fields() {
        let mut implied = with_field("bool", json!(true));
        implied["domain"] = json!({ "chainId": 1, "name": "x" });
        let mut explicit = implied.clone();
        explicit["types"]["EIP712Domain"] =
            json!([{ "name": "name", "type": "string" }, { "name": "chainId", "type": "uint256" }]);
        assert_eq!(TypedData::from_json(&implied), TypedData::from_json(&explicit));
    }
}

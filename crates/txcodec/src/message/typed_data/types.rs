//! The types of typed data (EIP-712, "Definition of typed structured data").

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use crate::DecodeError;

/// The most struct types.
const MAX_TYPES: usize = 64;
/// The most fields of a struct type.
const MAX_FIELDS: usize = 64;
/// The longest name of a type or a field, in bytes.
const MAX_NAME: usize = 64;
/// The most arrays in arrays, and the longest array that has its length in its type.
const MAX_DIMENSIONS: usize = 4;
const MAX_FIXED_LENGTH: u32 = 4096;

/// The name of the domain's type.
pub(super) const DOMAIN: &str = "EIP712Domain";

/// The fields that a domain may have, in this order (EIP-712, "Definition of domainSeparator").
pub(super) const DOMAIN_FIELDS: [(&str, &str); 5] = [
    ("name", "string"),
    ("version", "string"),
    ("chainId", "uint256"),
    ("verifyingContract", "address"),
    ("salt", "bytes32"),
];

/// The struct types of one piece of typed data: all that are needed and no others, each made of
/// types that are known, none of them made of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Types {
    structs: BTreeMap<String, Vec<Field>>,
    primary: String,
}

/// A field of a struct type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    /// Its name.
    pub(super) name: String,
    /// What it holds.
    pub(super) kind: Kind,
}

/// What a field holds. Widths are in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    Address,
    Uint(u8),
    Int(u8),
    FixedBytes(u8),
    Bytes,
    Text,
    Struct(String),
    Array { of: Box<Kind>, length: Option<u32> },
}

impl Types {
    /// Checks that the definitions make sense together. The domain is one of them.
    pub(super) fn new(
        structs: BTreeMap<String, Vec<Field>>,
        primary: String,
    ) -> Result<Self, DecodeError> {
        if structs.len() > MAX_TYPES {
            return Err(DecodeError::TooMany("types"));
        }
        for (name, fields) in &structs {
            check_struct(name, fields)?;
        }
        let types = Self { structs, primary };
        types.check_domain()?;
        types.check_graph()?;
        Ok(types)
    }

    /// The type of the message.
    pub(super) fn primary(&self) -> &str {
        &self.primary
    }

    /// Every struct type, in order of name.
    pub(super) fn structs(&self) -> impl ExactSizeIterator<Item = (&str, &[Field])> {
        self.structs.iter().map(|(name, fields)| (name.as_str(), fields.as_slice()))
    }

    /// The fields of a struct type that is named by another, or is the primary type or the domain.
    pub(super) fn fields(&self, name: &str) -> &[Field] {
        self.structs.get(name).expect("every type that is named is defined")
    }

    /// The `encodeType` of EIP-712: the type, then those that it is made of, in order of name.
    pub(super) fn encode(&self, name: &str) -> String {
        let mut parts = BTreeSet::new();
        self.collect_parts(name, &mut parts);
        parts.remove(name);
        std::iter::once(name).chain(parts).map(|part| self.encode_one(part)).collect()
    }

    fn encode_one(&self, name: &str) -> String {
        let fields: Vec<String> =
            self.fields(name).iter().map(|Field { name, kind }| format!("{kind} {name}")).collect();
        format!("{name}({})", fields.join(","))
    }

    fn collect_parts<'a>(&'a self, name: &'a str, parts: &mut BTreeSet<&'a str>) {
        if parts.insert(name) {
            for part in self.fields(name).iter().filter_map(|field| field.kind.struct_name()) {
                self.collect_parts(part, parts);
            }
        }
    }

    fn check_domain(&self) -> Result<(), DecodeError> {
        let fields = self.structs.get(DOMAIN).ok_or(DecodeError::Invalid("no domain"))?;
        let mut allowed = DOMAIN_FIELDS.iter();
        for Field { name, kind } in fields {
            let kind = kind.to_string();
            if !allowed.any(|(allowed, type_name)| name == allowed && kind == *type_name) {
                return Err(DecodeError::Invalid("a domain with other fields than EIP-712's"));
            }
        }
        Ok(())
    }

    fn check_graph(&self) -> Result<(), DecodeError> {
        if self.primary == DOMAIN {
            return Err(DecodeError::Unsupported("typed data that is only a domain"));
        }
        let mut done = BTreeSet::from([DOMAIN]);
        self.visit(&self.primary, &mut Vec::new(), &mut done)?;
        if done.len() == self.structs.len() {
            Ok(())
        } else {
            Err(DecodeError::Invalid("a type that is not used"))
        }
    }

    /// Walks down from `name`; `path` is how it came there, `done` what it need not look at again.
    fn visit<'a>(
        &'a self,
        name: &'a str,
        path: &mut Vec<&'a str>,
        done: &mut BTreeSet<&'a str>,
    ) -> Result<(), DecodeError> {
        if path.contains(&name) {
            return Err(DecodeError::Unsupported("a type that is made of itself"));
        }
        if name == DOMAIN {
            return Err(DecodeError::Unsupported("a message that holds a domain"));
        }
        let fields =
            self.structs.get(name).ok_or(DecodeError::Invalid("a type that is not defined"))?;
        if !done.insert(name) {
            return Ok(());
        }
        path.push(name);
        for part in fields.iter().filter_map(|field| field.kind.struct_name()) {
            self.visit(part, path, done)?;
        }
        path.pop();
        Ok(())
    }
}

impl Kind {
    /// The struct type that it holds one or several of.
    pub(super) fn struct_name(&self) -> Option<&str> {
        match self {
            Self::Struct(name) => Some(name),
            Self::Array { of, .. } => of.struct_name(),
            Self::Bool
            | Self::Address
            | Self::Uint(_)
            | Self::Int(_)
            | Self::FixedBytes(_)
            | Self::Bytes
            | Self::Text => None,
        }
    }

    fn atom(text: &str) -> Option<Self> {
        match text {
            "bool" => Some(Self::Bool),
            "address" => Some(Self::Address),
            "bytes" => Some(Self::Bytes),
            "string" => Some(Self::Text),
            _ => {
                let sized = |prefix: &str, unit: u16| width(text.strip_prefix(prefix)?, unit);
                sized("uint", 8)
                    .map(Self::Uint)
                    .or_else(|| sized("int", 8).map(Self::Int))
                    .or_else(|| sized("bytes", 1).map(Self::FixedBytes))
            }
        }
    }
}

/// Reads how wide a type is, in bytes, from the number of its `unit`s: 8 for bits, 1 for bytes.
fn width(digits: &str, unit: u16) -> Option<u8> {
    let number: u16 = plain_number(digits)?;
    let exact = number.checked_rem(unit)? == 0;
    let bytes = u8::try_from(number.checked_div(unit)?).ok()?;
    (exact && (1..=32).contains(&bytes)).then_some(bytes)
}

/// Reads digits that have no sign and no leading zero.
fn plain_number<T: FromStr + ToString>(digits: &str) -> Option<T> {
    digits.parse().ok().filter(|number: &T| number.to_string() == digits)
}

/// There are no aliases such as `uint`: two libraries would read them as two different types.
impl FromStr for Kind {
    type Err = DecodeError;

    fn from_str(text: &str) -> Result<Self, DecodeError> {
        let (element, mut dimensions) = match text.split_once('[') {
            Some((element, dimensions)) => (element, Some(dimensions)),
            None => (text, None),
        };
        let mut kind = Self::atom(element).map_or_else(|| struct_kind(element), Ok)?;
        let mut depth = 0_usize;
        while let Some(rest) = dimensions {
            depth = depth.saturating_add(1);
            if depth > MAX_DIMENSIONS {
                return Err(DecodeError::TooMany("dimensions of an array"));
            }
            let (digits, rest) = rest.split_once(']').ok_or(MALFORMED)?;
            let length = array_length(digits)?;
            kind = Self::Array { of: Box::new(kind), length };
            dimensions = match rest {
                "" => None,
                more => Some(more.strip_prefix('[').ok_or(MALFORMED)?),
            };
        }
        Ok(kind)
    }
}

const MALFORMED: DecodeError = DecodeError::Invalid("a type that is not one of EIP-712");

fn struct_kind(name: &str) -> Result<Kind, DecodeError> {
    check_struct_name(name)?;
    Ok(Kind::Struct(name.to_owned()))
}

fn array_length(digits: &str) -> Result<Option<u32>, DecodeError> {
    if digits.is_empty() {
        return Ok(None);
    }
    let length: u32 = plain_number(digits).filter(|length| *length > 0).ok_or(MALFORMED)?;
    if length > MAX_FIXED_LENGTH {
        return Err(DecodeError::TooMany("elements of an array"));
    }
    Ok(Some(length))
}

fn check_struct(name: &str, fields: &[Field]) -> Result<(), DecodeError> {
    check_struct_name(name)?;
    if fields.len() > MAX_FIELDS {
        return Err(DecodeError::TooMany("fields of a type"));
    }
    let mut names = BTreeSet::new();
    for Field { name, .. } in fields {
        if !is_name(name) || name.contains(':') || !names.insert(name) {
            return Err(DecodeError::Invalid("a field without a name of its own"));
        }
    }
    Ok(())
}

fn check_struct_name(name: &str) -> Result<(), DecodeError> {
    let alias = matches!(name, "uint" | "int" | "byte");
    if is_name(name) && !alias && Kind::atom(name).is_none() { Ok(()) } else { Err(MALFORMED) }
}

/// An identifier. The colon is for types such as `HyperliquidTransaction:UsdSend`; like the other
/// characters it cannot change where a name ends in an encoded type.
fn is_name(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || b"_$:".contains(&byte);
    text.len() <= MAX_NAME
        && text.bytes().all(inner)
        && text.bytes().next().is_some_and(|first| !first.is_ascii_digit() && first != b':')
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = |bytes: &u8| u16::from(*bytes).saturating_mul(8);
        match self {
            Self::Bool => formatter.write_str("bool"),
            Self::Address => formatter.write_str("address"),
            Self::Uint(bytes) => write!(formatter, "uint{}", bits(bytes)),
            Self::Int(bytes) => write!(formatter, "int{}", bits(bytes)),
            Self::FixedBytes(bytes) => write!(formatter, "bytes{bytes}"),
            Self::Bytes => formatter.write_str("bytes"),
            Self::Text => formatter.write_str("string"),
            Self::Struct(name) => formatter.write_str(name),
            Self::Array { of, length: None } => write!(formatter, "{of}[]"),
            Self::Array { of, length: Some(length) } => write!(formatter, "{of}[{length}]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn types(primary: &str, structs: &[(&str, &[(&str, &str)])]) -> Result<Types, DecodeError> {
        let domain: (&str, &[(&str, &str)]) = (DOMAIN, &[]);
        let mut map = BTreeMap::new();
        for (name, fields) in structs.iter().chain([&domain]) {
            let fields = fields
                .iter()
                .map(|(kind, name)| Ok(Field { name: (*name).to_owned(), kind: kind.parse()? }));
            map.entry((*name).to_owned()).or_insert(fields.collect::<Result<_, DecodeError>>()?);
        }
        Types::new(map, primary.to_owned())
    }

    #[test]
    fn every_type_is_written_as_it_is_read() {
        for text in [
            "bool",
            "address",
            "bytes",
            "string",
            "uint8",
            "uint256",
            "int8",
            "int256",
            "bytes1",
            "bytes32",
            "uint48[]",
            "bytes[3]",
            "Person",
            "Person[2][]",
            "A:B",
            "_x",
            "$",
        ] {
            assert_eq!(text.parse::<Kind>().unwrap().to_string(), text);
        }
        let kind: Kind = "Person[2][]".parse().unwrap();
        let pair = Kind::Array { of: Box::new(Kind::Struct("Person".into())), length: Some(2) };
        assert_eq!(kind, Kind::Array { of: Box::new(pair), length: None });
    }

    #[test]
    fn what_libraries_read_differently_is_no_type() {
        for text in [
            "",
            " ",
            "uint",
            "int",
            "byte",
            "uint0",
            "uint7",
            "uint08",
            "uint264",
            "uint+8",
            "int512",
            "bytes0",
            "bytes33",
            "bytes032",
            "9x",
            ":x",
            "a b",
            "a,b",
            "a(b",
            "a)",
            "é",
            "uint8[",
            "uint8]",
            "uint8[]]",
            "uint8[0]",
            "uint8[01]",
            "uint8[-1]",
            "uint8[]x",
            "[]",
            "uint8[][][][][]",
            "uint8[4097]",
        ] {
            // `uint7` and the like could be struct types, which nobody can tell from a mistake.
            let kind = text.parse::<Kind>();
            let refused = kind.is_err() || types("A", &[("A", &[(text, "a")])]).is_err();
            assert!(refused, "{text}");
        }
        assert!("x".repeat(MAX_NAME).parse::<Kind>().is_ok());
        assert!("x".repeat(MAX_NAME + 1).parse::<Kind>().is_err());
    }

    #[test]
    fn an_encoded_type_names_its_parts_in_order() {
        let types = types(
            "Transaction",
            &[
                ("Transaction", &[("Person", "from"), ("Person[]", "to"), ("Asset", "tx")]),
                ("Asset", &[("address", "token"), ("uint256", "amount")]),
                ("Person", &[("address", "wallet"), ("string", "name")]),
            ],
        )
        .unwrap();
        assert_eq!(
            types.encode("Transaction"),
            "Transaction(Person from,Person[] to,Asset tx)Asset(address token,uint256 amount)\
             Person(address wallet,string name)"
        );
    }

    #[test]
    fn types_that_do_not_fit_together_are_refused() {
        let itself = DecodeError::Unsupported("a type that is made of itself");
        for (primary, structs, error) in [
            ("A", &[][..], DecodeError::Invalid("a type that is not defined")),
            ("A", &[("A", &[("B", "b")][..])], DecodeError::Invalid("a type that is not defined")),
            ("A", &[("A", &[]), ("B", &[])], DecodeError::Invalid("a type that is not used")),
            ("A", &[("A", &[("A[]", "a")])], itself.clone()),
            ("A", &[("A", &[("B", "b")]), ("B", &[("A", "a")])], itself),
            ("uint8", &[("uint8", &[])], MALFORMED),
            (
                "A",
                &[("A", &[("bool", "a"), ("bool", "a")])],
                DecodeError::Invalid("a field without a name of its own"),
            ),
            (
                "A",
                &[("A", &[(DOMAIN, "a")])],
                DecodeError::Unsupported("a message that holds a domain"),
            ),
            (DOMAIN, &[], DecodeError::Unsupported("typed data that is only a domain")),
        ] {
            assert_eq!(types(primary, structs), Err(error), "{structs:?}");
        }
    }

    #[test]
    fn a_type_may_be_used_twice() {
        let shared: &[(&str, &[(&str, &str)])] =
            &[("A", &[("B", "b"), ("C", "c")]), ("B", &[("C", "c")]), ("C", &[("bool", "x")])];
        assert!(types("A", shared).is_ok());
    }

    #[test]
    fn a_domain_has_the_fields_of_eip_712_in_their_order() {
        let domain = |fields: &[(&str, &str)]| types("A", &[("A", &[]), (DOMAIN, fields)]);
        assert!(domain(&[]).is_ok());
        assert!(domain(&DOMAIN_FIELDS.map(|(name, kind)| (kind, name))).is_ok());
        assert!(domain(&[("uint256", "chainId"), ("bytes32", "salt")]).is_ok());
        for fields in [
            &[("string", "chainId")][..],
            &[("uint64", "chainId")],
            &[("uint256", "chainid")],
            &[("bytes32", "salt"), ("uint256", "chainId")],
            &[("string", "name"), ("string", "name")],
            &[("string", "other")],
        ] {
            assert!(domain(fields).is_err(), "{fields:?}");
        }
    }
}

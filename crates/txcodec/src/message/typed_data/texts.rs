//! Typed data that is made here, of texts alone: what a wallet shows its owner word for word.

use primitives::ChainId;

use super::TypedData;
use super::types::{DOMAIN, DOMAIN_FIELDS, Field, Kind, Types};
use super::value::{Struct, Value};

/// A domain.
pub(crate) struct TextDomain {
    /// `name`.
    pub(crate) name: &'static str,
    /// `version`.
    pub(crate) version: &'static str,
    /// `chainId`; not there where it is no network of EIP-155.
    pub(crate) chain_id: Option<ChainId>,
    /// `salt`.
    pub(crate) salt: [u8; 32],
}

/// The value of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TextField {
    /// `string`.
    One(String),
    /// `string[]`.
    List(Vec<String>),
}

impl TypedData {
    /// Typed data with these fields, in this order. `primary_type` is the name of a type, the names
    /// of fields are names and differ.
    pub(crate) fn of_texts(
        domain: &TextDomain,
        primary_type: &str,
        fields: Vec<(&str, TextField)>,
    ) -> Self {
        let (domain_type, domain) = typed(DOMAIN, domain.fields());
        let (message_type, message) = typed(
            primary_type,
            fields.into_iter().map(|(name, value)| (name, value.kind(), value.into_value())),
        );
        let structs = [(DOMAIN.to_owned(), domain_type), (primary_type.to_owned(), message_type)];
        let types = Types::new(structs.into(), primary_type.to_owned());
        let types = types.expect("the names are names, and the types are those of EIP-712");
        Self { types, domain, message }
    }
}

impl TextDomain {
    fn fields(&self) -> impl Iterator<Item = (&'static str, Kind, Value)> {
        let text = |text: &str| Value::Bytes(text.into());
        let chain_id = match self.chain_id {
            Some(ChainId::Eip155(id)) => {
                let id = primitives::Amount::from(id.get()).to_be_bytes();
                Some(Value::Unsigned(id.into()))
            }
            Some(ChainId::Solana(_)) | None => None,
        };
        let salt = Value::FixedBytes(self.salt.into());
        let values = [Some(text(self.name)), Some(text(self.version)), chain_id, None, Some(salt)];
        DOMAIN_FIELDS.iter().zip(values).filter_map(|((name, kind), value)| {
            let kind = kind.parse().expect("the types of the domain's fields are types");
            Some((*name, kind, value?))
        })
    }
}

impl TextField {
    /// Its type, by EIP-712's name.
    #[cfg(feature = "json")]
    pub(crate) const fn type_name(&self) -> &'static str {
        match self {
            Self::One(_) => "string",
            Self::List(_) => "string[]",
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::One(_) => Kind::Text,
            Self::List(_) => Kind::Array { of: Box::new(Kind::Text), length: None },
        }
    }

    fn into_value(self) -> Value {
        match self {
            Self::One(text) => Value::Bytes(text.into()),
            Self::List(texts) => {
                Value::List(texts.into_iter().map(|text| Value::Bytes(text.into())).collect())
            }
        }
    }
}

fn typed<'a>(
    name: &str,
    fields: impl IntoIterator<Item = (&'a str, Kind, Value)>,
) -> (Vec<Field>, Struct) {
    let (types, values) = fields
        .into_iter()
        .map(|(name, kind, value)| (Field { name: name.to_owned(), kind }, value))
        .unzip();
    (types, Struct { name: name.to_owned(), fields: values })
}

//! Typed data (EIP-712) as a tree of values with their types, and its binary form.
//!
//! The binary form is the one encoding of the tree: `docs/PROTOCOL.md`, "Typed data".

mod hash;
#[cfg(feature = "json")]
mod json;
mod known;
mod texts;
mod types;
mod value;
mod wire;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use primitives::{Amount, ChainId, EvmAddress};

#[cfg(feature = "json")]
pub use json::JsonError;
pub(crate) use texts::{TextDomain, TextField};
use types::{DOMAIN, Field, Types};
use value::{Struct, Value, ValueReader};
use wire::{Reader, Writer};

use crate::intent::{Intent, Kind};
use crate::{DecodeError, Decoded, Effect, SigningInput, Subject};

/// The most bytes of the binary form.
pub const MAX_TYPED_DATA: usize = 128 * 1024;

/// The version of the binary form.
const VERSION: u8 = 1;

/// Typed data: types that fit together, a domain and a message that are of these types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypedData {
    types: Types,
    domain: Struct,
    message: Struct,
}

/// Reads typed data in its binary form, which a wallet is asked to sign.
///
/// [`Effect::TypedData`] always comes first, as it alone says on which network and for which
/// contract the data is. Where the data is known to allow or move tokens, that follows.
///
/// # Errors
/// When the bytes are not the one encoding of typed data, break a limit, or name a chain that
/// cannot be.
pub fn decode_typed_data(bytes: &[u8]) -> Result<Decoded, DecodeError> {
    let data = TypedData::from_bytes(bytes)?;
    let chain_id = data.chain_id()?;
    let told = Effect::TypedData {
        chain_id,
        verifying_contract: data.verifying_contract(),
        primary_type: data.primary_type().to_owned(),
    };
    Ok(Decoded {
        subject: Subject::EvmMessage,
        effects: std::iter::once(told).chain(known::effects(&data, chain_id)).collect(),
        fee_ceiling: Amount::ZERO,
        gas_limit: 0,
        signing_input: SigningInput::Digest(data.digest()),
        intent: Intent::new(Kind::TypedData).field(bytes).digest(),
        length: bytes.len(),
        raised: BTreeSet::new(),
    })
}

impl TypedData {
    /// The binary form.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.raw(&[VERSION]);
        let structs = self.types.structs();
        writer.count(structs.len());
        for (name, fields) in structs {
            writer.bytes(name.as_bytes());
            writer.count(fields.len());
            for Field { name, kind } in fields {
                writer.bytes(kind.to_string().as_bytes());
                writer.bytes(name.as_bytes());
            }
        }
        writer.bytes(self.primary_type().as_bytes());
        self.domain.put(&mut writer);
        self.message.put(&mut writer);
        writer.into_bytes()
    }

    /// Reads the binary form.
    ///
    /// # Errors
    /// When the bytes are not the one encoding of typed data, or break a limit.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        if bytes.len() > MAX_TYPED_DATA {
            return Err(DecodeError::TooMany("bytes of typed data"));
        }
        let mut reader = Reader::new(bytes);
        if reader.take(1)? != [VERSION] {
            return Err(DecodeError::Unsupported("typed data of this version"));
        }
        let types = read_types(&mut reader)?;
        let mut values = ValueReader::new(&types, &mut reader);
        let domain = values.read_struct(DOMAIN)?;
        let message = values.read_struct(types.primary())?;
        reader.finish()?;
        let data = Self { types, domain, message };
        if data.to_bytes() == bytes {
            Ok(data)
        } else {
            Err(DecodeError::NotCanonical("types in another order"))
        }
    }

    /// The name of the message's type.
    pub fn primary_type(&self) -> &str {
        self.types.primary()
    }

    /// What is signed: the digest of EIP-712.
    pub fn digest(&self) -> [u8; 32] {
        hash::digest(self)
    }

    /// The contract that the domain names.
    pub fn verifying_contract(&self) -> Option<EvmAddress> {
        self.domain_value("verifyingContract").and_then(Value::address)
    }

    /// The chain that the domain names.
    ///
    /// # Errors
    /// When it is zero, or does not fit in 64 bits.
    pub fn chain_id(&self) -> Result<Option<ChainId>, DecodeError> {
        let Some(chain_id) = self.domain_value("chainId").and_then(Value::amount) else {
            return Ok(None);
        };
        let id = chain_id.to_u64().ok_or(DecodeError::Invalid("a chain id above 64 bits"))?;
        let id = id.try_into().map_err(|_zero| DecodeError::NoChainId)?;
        Ok(Some(ChainId::Eip155(id)))
    }

    fn domain_value(&self, name: &str) -> Option<&Value> {
        let fields = self.types.fields(DOMAIN).iter().zip(&self.domain.fields);
        fields.into_iter().find(|(field, _value)| field.name == name).map(|(_field, value)| value)
    }
}

fn read_types(reader: &mut Reader<'_>) -> Result<Types, DecodeError> {
    let mut structs = BTreeMap::new();
    for _ in 0..reader.count()? {
        let name = reader.text()?.to_owned();
        let fields = (0..reader.count()?).map(|_index| {
            let kind = reader.text()?.parse()?;
            Ok(Field { kind, name: reader.text()?.to_owned() })
        });
        structs.insert(name, fields.collect::<Result<_, DecodeError>>()?);
    }
    Types::new(structs, reader.text()?.to_owned())
}

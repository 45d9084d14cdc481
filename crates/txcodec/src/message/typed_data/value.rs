//! Values of typed data. They are read by their types; a value that is there is of its type.

use primitives::{Amount, EvmAddress};

use super::types::{Kind, Types};
use super::wire::{Reader, Writer};
use crate::DecodeError;

/// The most values, those inside of arrays and structs counted too.
const MAX_VALUES: usize = 8192;

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// A bool, an address or an unsigned number, big-endian, as wide as its type.
    Unsigned(Vec<u8>),
    /// A signed number, two's complement, as wide as its type.
    Signed(Vec<u8>),
    /// Bytes of a length that the type says.
    FixedBytes(Vec<u8>),
    /// Bytes, or the UTF-8 of a string.
    Bytes(Vec<u8>),
    /// The elements of an array.
    List(Vec<Value>),
    /// The elements of an array whose length the type says.
    FixedList(Vec<Value>),
    /// A struct.
    Struct(Struct),
}

/// A value of a struct type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Struct {
    /// The name of its type.
    pub(super) name: String,
    /// Its fields, in the order of the type.
    pub(super) fields: Vec<Value>,
}

impl Value {
    /// The value as a number; `None` where it is none.
    pub(super) fn amount(&self) -> Option<Amount> {
        match self {
            Self::Unsigned(bytes) => Amount::from_be_slice(bytes),
            Self::Signed(_)
            | Self::FixedBytes(_)
            | Self::Bytes(_)
            | Self::List(_)
            | Self::FixedList(_)
            | Self::Struct(_) => None,
        }
    }

    /// The value as an address; `None` where it is none.
    pub(super) fn address(&self) -> Option<EvmAddress> {
        match self {
            Self::Unsigned(bytes) => bytes.as_slice().try_into().ok().map(EvmAddress),
            Self::Signed(_)
            | Self::FixedBytes(_)
            | Self::Bytes(_)
            | Self::List(_)
            | Self::FixedList(_)
            | Self::Struct(_) => None,
        }
    }

    /// Appends the value in the binary form.
    fn put(&self, writer: &mut Writer) {
        match self {
            Self::Unsigned(bytes) | Self::Signed(bytes) | Self::FixedBytes(bytes) => {
                writer.raw(bytes);
            }
            Self::Bytes(bytes) => writer.bytes(bytes),
            Self::List(values) => {
                writer.count(values.len());
                put_all(values, writer);
            }
            Self::FixedList(values) => put_all(values, writer),
            Self::Struct(value) => value.put(writer),
        }
    }
}

impl Struct {
    /// Appends the fields in the binary form.
    pub(super) fn put(&self, writer: &mut Writer) {
        put_all(&self.fields, writer);
    }
}

fn put_all(values: &[Value], writer: &mut Writer) {
    for value in values {
        value.put(writer);
    }
}

/// Reads values from the binary form.
pub(super) struct ValueReader<'a, 'b> {
    types: &'a Types,
    reader: &'a mut Reader<'b>,
    budget: usize,
}

impl<'a, 'b> ValueReader<'a, 'b> {
    pub(super) const fn new(types: &'a Types, reader: &'a mut Reader<'b>) -> Self {
        Self { types, reader, budget: MAX_VALUES }
    }

    /// Reads a struct. How deep this goes is limited by the types, which cannot hold themselves.
    pub(super) fn read_struct(&mut self, name: &str) -> Result<Struct, DecodeError> {
        let types = self.types;
        let fields = types.fields(name).iter().map(|field| self.read(&field.kind));
        Ok(Struct { name: name.to_owned(), fields: fields.collect::<Result<_, _>>()? })
    }

    fn read(&mut self, kind: &Kind) -> Result<Value, DecodeError> {
        self.budget = self.budget.checked_sub(1).ok_or(DecodeError::TooMany("values"))?;
        match kind {
            Kind::Bool => self.read_bool(),
            Kind::Address => self.take(20).map(Value::Unsigned),
            Kind::Uint(width) => self.take(*width).map(Value::Unsigned),
            Kind::Int(width) => self.take(*width).map(Value::Signed),
            Kind::FixedBytes(width) => self.take(*width).map(Value::FixedBytes),
            Kind::Bytes => Ok(Value::Bytes(self.reader.bytes()?.into())),
            Kind::Text => Ok(Value::Bytes(self.reader.text()?.into())),
            Kind::Struct(name) => self.read_struct(name).map(Value::Struct),
            Kind::Array { of, length: Some(length) } => {
                self.read_list(of, *length).map(Value::FixedList)
            }
            Kind::Array { of, length: None } => {
                let length = self.reader.count()?;
                self.read_list(of, length).map(Value::List)
            }
        }
    }

    fn read_bool(&mut self) -> Result<Value, DecodeError> {
        match self.take(1)?.as_slice() {
            bit @ [0 | 1] => Ok(Value::Unsigned(bit.into())),
            _ => Err(DecodeError::NotCanonical("a bool that is neither 0 nor 1")),
        }
    }

    fn read_list(&mut self, of: &Kind, length: u32) -> Result<Vec<Value>, DecodeError> {
        (0..length).map(|_index| self.read(of)).collect()
    }

    fn take(&mut self, width: u8) -> Result<Vec<u8>, DecodeError> {
        self.reader.take(width.into()).map(<[u8]>::to_vec)
    }
}

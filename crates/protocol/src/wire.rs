//! How values stand in bytes: big-endian numbers, and everything of variable length behind its
//! length.

use primitives::{
    Address, Amount, Asset, Chain, ChainId, Environment, EvmAddress, Scope, SolanaAddress, WalletId,
};

use crate::Secret;

/// The longest text: a message to sign, a guard, a sentence.
pub const MAX_TEXT: usize = 64 * 1024;
/// The longest run of bytes: a backup.
pub const MAX_BYTES: usize = 7 * 1024 * 1024;
/// The most items in a list.
pub const MAX_ITEMS: usize = 4096;

/// Why bytes are not a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// Fewer bytes than the value needs.
    #[error("the message ends too early")]
    Truncated,
    /// Bytes are left over.
    #[error("bytes are left over at the end of the message")]
    TrailingBytes,
    /// A length or count over its limit.
    #[error("a length is over its limit")]
    TooLong,
    /// A tag that stands for nothing.
    #[error("unknown tag {0}")]
    UnknownTag(u8),
    /// Text that is not UTF-8, or a value that its type does not have.
    #[error("a value that its type does not have")]
    InvalidValue,
}

/// A value with one form in bytes.
pub trait Wire: Sized {
    /// Appends the value.
    fn write(&self, out: &mut Vec<u8>);

    /// Reads one value.
    ///
    /// # Errors
    /// When the bytes are not such a value, or a length is over its limit.
    fn read(input: &mut Reader<'_>) -> Result<Self, WireError>;
}

/// A cursor over received bytes.
#[derive(Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Starts at the first of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The next `length` bytes.
    ///
    /// # Errors
    /// When there are fewer.
    pub fn take(&mut self, length: usize) -> Result<&'a [u8], WireError> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(WireError::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    /// The next `N` bytes.
    ///
    /// # Errors
    /// When there are fewer.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], WireError> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(WireError::Truncated)?;
        self.rest = rest;
        Ok(*taken)
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// When bytes are left over.
    pub fn finish(self) -> Result<(), WireError> {
        if self.rest.is_empty() { Ok(()) } else { Err(WireError::TrailingBytes) }
    }
}

/// Reads a whole value: every byte belongs to it.
///
/// # Errors
/// When the bytes are not exactly one such value.
pub fn read_all<T: Wire>(bytes: &[u8]) -> Result<T, WireError> {
    let mut reader = Reader::new(bytes);
    let value = T::read(&mut reader)?;
    reader.finish()?;
    Ok(value)
}

/// The value's bytes.
pub fn to_bytes<T: Wire>(value: &T) -> Vec<u8> {
    let mut out = Vec::new();
    value.write(&mut out);
    out
}

pub(crate) fn write_length(length: usize, out: &mut Vec<u8>) {
    // Longer values than the limits exist on no path; a reader refuses the length if one does.
    u32::try_from(length).unwrap_or(u32::MAX).write(out);
}

fn read_length(input: &mut Reader<'_>, limit: usize) -> Result<usize, WireError> {
    let length = usize::try_from(u32::read(input)?).map_err(|_too_wide| WireError::TooLong)?;
    if length > limit { Err(WireError::TooLong) } else { Ok(length) }
}

macro_rules! numbers {
    ($($number:ty),+) => {$(
        impl Wire for $number {
            fn write(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_be_bytes());
            }

            fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
                input.array().map(Self::from_be_bytes)
            }
        }
    )+};
}

numbers!(u8, u16, u32, u64);

impl<const N: usize> Wire for [u8; N] {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        input.array()
    }
}

/// One byte, 0 or 1.
impl Wire for bool {
    fn write(&self, out: &mut Vec<u8>) {
        u8::from(*self).write(out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        match u8::read(input)? {
            0 => Ok(false),
            1 => Ok(true),
            tag => Err(WireError::UnknownTag(tag)),
        }
    }
}

/// A length of 32 bits, and the bytes.
impl Wire for Vec<u8> {
    fn write(&self, out: &mut Vec<u8>) {
        write_length(self.len(), out);
        out.extend_from_slice(self);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let length = read_length(input, MAX_BYTES)?;
        input.take(length).map(<[u8]>::to_vec)
    }
}

/// Like bytes.
impl Wire for Secret {
    fn write(&self, out: &mut Vec<u8>) {
        write_length(self.expose().len(), out);
        out.extend_from_slice(self.expose());
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let length = read_length(input, 1024)?;
        input.take(length).map(<[u8]>::to_vec).map(Self::new)
    }
}

/// Like bytes, and UTF-8.
impl Wire for String {
    fn write(&self, out: &mut Vec<u8>) {
        write_length(self.len(), out);
        out.extend_from_slice(self.as_bytes());
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let length = read_length(input, MAX_TEXT)?;
        let bytes = input.take(length)?;
        str::from_utf8(bytes).map(str::to_owned).map_err(|_not_utf8| WireError::InvalidValue)
    }
}

/// One byte, 0 for nothing and 1 before a value.
impl<T: Wire> Wire for Option<T> {
    fn write(&self, out: &mut Vec<u8>) {
        self.is_some().write(out);
        if let Some(value) = self {
            value.write(out);
        }
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        if bool::read(input)? { T::read(input).map(Some) } else { Ok(None) }
    }
}

/// A value that stands in lists. Bytes are none: they have a form of their own.
pub trait Item: Wire {}

/// A count of 32 bits, and the items. Room is made item by item, never from the count.
impl<T: Item> Wire for Vec<T> {
    fn write(&self, out: &mut Vec<u8>) {
        write_length(self.len(), out);
        for item in self {
            item.write(out);
        }
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let count = read_length(input, MAX_ITEMS)?;
        let mut items = Self::new();
        for _ in 0..count {
            items.push(T::read(input)?);
        }
        Ok(items)
    }
}

/// 32 bytes.
impl Wire for Amount {
    fn write(&self, out: &mut Vec<u8>) {
        self.to_be_bytes().write(out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        input.array().map(Self::from_be_bytes)
    }
}

/// 16 bytes.
impl Wire for WalletId {
    fn write(&self, out: &mut Vec<u8>) {
        self.to_bytes().write(out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        input.array().map(Self::from_bytes)
    }
}

/// 1 and 20 bytes, or 2 and 32 bytes.
impl Wire for Address {
    fn write(&self, out: &mut Vec<u8>) {
        self.chain().write(out);
        out.extend_from_slice(self.as_bytes());
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(match Chain::read(input)? {
            Chain::Evm => Self::Evm(EvmAddress(input.array()?)),
            Chain::Solana => Self::Solana(SolanaAddress(input.array()?)),
        })
    }
}

/// 0 for the native coin, 1 before a token's address.
impl Wire for Asset {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Native => 0_u8.write(out),
            Self::Token(token) => {
                1_u8.write(out);
                token.write(out);
            }
        }
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        match u8::read(input)? {
            0 => Ok(Self::Native),
            1 => Address::read(input).map(Self::Token),
            tag => Err(WireError::UnknownTag(tag)),
        }
    }
}

/// The CAIP-2 text.
impl Wire for ChainId {
    fn write(&self, out: &mut Vec<u8>) {
        self.to_string().write(out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        String::read(input)?.parse().map_err(|_not_caip2| WireError::InvalidValue)
    }
}

/// An enumeration without content: one byte a variant.
#[macro_export]
macro_rules! wire_tags {
    ($type:ty { $($variant:ident = $tag:literal),+ $(,)? }) => {
        impl $crate::wire::Wire for $type {
            fn write(&self, out: &mut Vec<u8>) {
                let tag: u8 = match self { $(Self::$variant => $tag),+ };
                tag.write(out);
            }

            fn read(
                input: &mut $crate::wire::Reader<'_>,
            ) -> Result<Self, $crate::wire::WireError> {
                match <u8 as $crate::wire::Wire>::read(input)? {
                    $($tag => Ok(Self::$variant),)+
                    tag => Err($crate::wire::WireError::UnknownTag(tag)),
                }
            }
        }
    };
}

/// An enumeration: a byte a variant, and its content, if it has one.
#[macro_export]
macro_rules! wire_variants {
    ($type:ty { $($tag:literal $variant:ident $(($content:ident))?),+ $(,)? }) => {
        impl $crate::wire::Wire for $type {
            fn write(&self, out: &mut Vec<u8>) {
                match self {
                    $(Self::$variant $(($content))? => {
                        let tag: u8 = $tag;
                        $crate::wire::Wire::write(&tag, out);
                        $($crate::wire::Wire::write($content, out);)?
                    })+
                }
            }

            fn read(
                input: &mut $crate::wire::Reader<'_>,
            ) -> Result<Self, $crate::wire::WireError> {
                match <u8 as $crate::wire::Wire>::read(input)? {
                    $($tag => Ok(Self::$variant $(({
                        let $content = $crate::wire::Wire::read(input)?;
                        $content
                    }))?),)+
                    tag => Err($crate::wire::WireError::UnknownTag(tag)),
                }
            }
        }
    };
}

/// A structure: its fields, in this order.
#[macro_export]
macro_rules! wire_fields {
    ($type:ty { $($field:ident),+ $(,)? }) => {
        impl $crate::wire::Wire for $type {
            fn write(&self, out: &mut Vec<u8>) {
                $($crate::wire::Wire::write(&self.$field, out);)+
            }

            fn read(
                input: &mut $crate::wire::Reader<'_>,
            ) -> Result<Self, $crate::wire::WireError> {
                Ok(Self { $($field: $crate::wire::Wire::read(input)?),+ })
            }
        }
    };
}

impl Item for Address {}
wire_variants!(Scope { 1 Evm(chain_id), 2 Solana });
wire_tags!(Chain { Evm = 1, Solana = 2 });
wire_tags!(Environment { Mainnet = 1, Testnet = 2 });
impl Item for String {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_over_its_limit_is_refused_before_anything_is_read() {
        let long_text = (u32::try_from(MAX_TEXT).unwrap() + 1).to_be_bytes();
        assert_eq!(read_all::<String>(&long_text), Err(WireError::TooLong));
        assert_eq!(read_all::<Vec<u8>>(&u32::MAX.to_be_bytes()), Err(WireError::TooLong));
        assert_eq!(read_all::<Vec<String>>(&u32::MAX.to_be_bytes()), Err(WireError::TooLong));
        assert_eq!(read_all::<Vec<u8>>(&16_u32.to_be_bytes()), Err(WireError::Truncated));
    }

    #[test]
    fn values_that_their_type_does_not_have_are_refused() {
        assert_eq!(read_all::<bool>(&[2]), Err(WireError::UnknownTag(2)));
        assert_eq!(read_all::<Chain>(&[0]), Err(WireError::UnknownTag(0)));
        assert_eq!(read_all::<String>(&[0, 0, 0, 1, 0xff]), Err(WireError::InvalidValue));
        assert_eq!(read_all::<u16>(&[0, 0, 0]), Err(WireError::TrailingBytes));
        let not_caip2 = to_bytes(&"eip155:0".to_owned());
        assert_eq!(read_all::<ChainId>(&not_caip2), Err(WireError::InvalidValue));
    }
}

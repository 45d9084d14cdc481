//! Words that every part of the wallet shares: ids, amounts, addresses, networks. No I/O, no
//! secrets, no rounding.
#![forbid(unsafe_code)]
#![deny(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

mod address;
mod amount;
mod hex;
mod id;
mod network;
mod scope;

pub use address::{Address, AddressError, EvmAddress, SolanaAddress};
pub use amount::{Amount, AmountError};
pub use hex::{HexError, decode_hex, encode_hex};
pub use id::{IdError, WalletId};
pub use network::{
    BUILTIN, Chain, ChainId, ChainIdError, Environment, NativeCoin, Network, SolanaCluster,
    TierCeilings, UnknownWord, builtin_by_chain_id, builtin_by_name,
};
pub use scope::Scope;

/// What a wallet holds and spends: the coin of the network, or a token on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Asset {
    /// The network's own coin, in wei or lamports.
    Native,
    /// An ERC-20 contract, or a mint of SPL Token or Token-2022, in the token's base units.
    Token(Address),
}

/// How [`Asset::Native`] is written.
const NATIVE: &str = "native";

/// `native`, or the token's address.
impl std::fmt::Display for Asset {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Native => formatter.write_str(NATIVE),
            Self::Token(token) => token.fmt(formatter),
        }
    }
}

impl std::str::FromStr for Asset {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if text == NATIVE { Ok(Self::Native) } else { text.parse().map(Self::Token) }
    }
}

/// Implements `Serialize` and `Deserialize` through `Display` and `FromStr`.
#[cfg(feature = "serde")]
macro_rules! serde_as_text {
    ($($type:ty),+ $(,)?) => {$(
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )+};
}

#[cfg(feature = "serde")]
serde_as_text!(
    Address,
    Amount,
    Asset,
    Chain,
    ChainId,
    Environment,
    EvmAddress,
    SolanaAddress,
    WalletId,
);

//! Addresses of accounts, contracts and mints.

use std::fmt;
use std::str::FromStr;

use sha3::{Digest, Keccak256};

use crate::{Chain, decode_hex, encode_hex};

/// An account, contract or mint on a chain.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Address {
    /// On an EVM chain.
    Evm(EvmAddress),
    /// On Solana.
    Solana(SolanaAddress),
}

/// Twenty bytes; written with the mixed-case checksum of EIP-55.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EvmAddress(pub [u8; 20]);

/// Thirty-two bytes; written in base58.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SolanaAddress(pub [u8; 32]);

/// Why a text is not an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Neither `0x` and forty hexadecimal digits, nor base58 of 32 bytes.
    #[error("not an address: expected 0x and 40 hexadecimal digits, or base58 of 32 bytes")]
    Malformed,
    /// Mixed case that is not the checksum of EIP-55: most likely a typing error.
    #[error("the checksum of the address is wrong (EIP-55); compare it with its source")]
    Checksum,
    /// The address belongs to another kind of chain than the one it is used on.
    #[error("an address of {found}, where one of {expected} belongs")]
    OtherChain {
        /// What was needed.
        expected: Chain,
        /// What was given.
        found: Chain,
    },
}

impl Address {
    /// The kind of chain that the address is for.
    pub const fn chain(self) -> Chain {
        match self {
            Self::Evm(_) => Chain::Evm,
            Self::Solana(_) => Chain::Solana,
        }
    }

    /// Reads an address for `chain`.
    ///
    /// # Errors
    /// When the text is malformed, has a wrong checksum, or is an address of the other chain.
    pub fn parse_for(chain: Chain, text: &str) -> Result<Self, AddressError> {
        let address: Self = text.parse()?;
        let found = address.chain();
        if found == chain {
            Ok(address)
        } else {
            Err(AddressError::OtherChain { expected: chain, found })
        }
    }

    /// The address's bytes: 20 on an EVM chain, 32 on Solana.
    pub const fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Evm(address) => &address.0,
            Self::Solana(address) => &address.0,
        }
    }
}

impl EvmAddress {
    /// The address of a contract creation's absent recipient, and of a burn.
    pub const ZERO: Self = Self([0; 20]);
}

impl From<EvmAddress> for Address {
    fn from(address: EvmAddress) -> Self {
        Self::Evm(address)
    }
}

impl From<SolanaAddress> for Address {
    fn from(address: SolanaAddress) -> Self {
        Self::Solana(address)
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if text.starts_with("0x") {
            text.parse().map(Self::Evm)
        } else {
            text.parse().map(Self::Solana)
        }
    }
}

/// `0x` and forty digits, in one case or with the right checksum.
impl FromStr for EvmAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let digits = text.strip_prefix("0x").ok_or(AddressError::Malformed)?;
        let bytes = decode_hex(digits).map_err(|_not_hex| AddressError::Malformed)?;
        let address = bytes.try_into().map(Self).map_err(|_length| AddressError::Malformed)?;
        let one_case = !(digits.bytes().any(|digit| digit.is_ascii_lowercase())
            && digits.bytes().any(|digit| digit.is_ascii_uppercase()));
        if one_case || address.to_string() == text {
            Ok(address)
        } else {
            Err(AddressError::Checksum)
        }
    }
}

impl FromStr for SolanaAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if text.len() > 44 {
            return Err(AddressError::Malformed);
        }
        let bytes = bs58::decode(text).into_vec().map_err(|_not_base58| AddressError::Malformed)?;
        bytes.try_into().map(Self).map_err(|_length| AddressError::Malformed)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Evm(address) => address.fmt(formatter),
            Self::Solana(address) => address.fmt(formatter),
        }
    }
}

impl fmt::Display for EvmAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = encode_hex(&self.0);
        let hash = encode_hex(&Keccak256::digest(digits.as_bytes()));
        formatter.write_str("0x")?;
        for (digit, check) in digits.chars().zip(hash.chars()) {
            let upper = check >= '8';
            write!(formatter, "{}", if upper { digit.to_ascii_uppercase() } else { digit })?;
        }
        Ok(())
    }
}

impl fmt::Display for SolanaAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&bs58::encode(&self.0).into_string())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl fmt::Debug for EvmAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl fmt::Debug for SolanaAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From EIP-55.
    const CHECKSUMMED: [&str; 4] = [
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
        "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    ];

    #[test]
    fn an_evm_address_is_written_with_its_checksum() {
        for text in CHECKSUMMED {
            let lower: EvmAddress = text.to_lowercase().parse().unwrap();
            assert_eq!(lower.to_string(), text);
            assert_eq!(text.parse(), Ok(lower));
        }
    }

    #[test]
    fn a_wrong_checksum_is_refused() {
        let text = CHECKSUMMED[0].replace("5aAe", "5aae");
        assert_eq!(text.parse::<Address>(), Err(AddressError::Checksum));
    }

    #[test]
    fn a_solana_address_survives_the_round_trip() {
        for text in
            ["11111111111111111111111111111111", "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA"]
        {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn other_texts_are_no_addresses() {
        for text in [
            "",
            "0x",
            "0X5aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
            "5aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
            "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beae",
            "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed00",
            "1111111111111111111111111111111",
            "0OIl1111111111111111111111111111",
            "vitalik.eth",
        ] {
            assert_eq!(text.parse::<Address>(), Err(AddressError::Malformed), "{text}");
        }
    }

    #[test]
    fn an_address_of_the_other_chain_is_refused() {
        let error = Address::parse_for(Chain::Solana, CHECKSUMMED[0]).unwrap_err();
        assert_eq!(error, AddressError::OtherChain { expected: Chain::Solana, found: Chain::Evm });
        assert!(Address::parse_for(Chain::Evm, CHECKSUMMED[0]).is_ok());
    }
}

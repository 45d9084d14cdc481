//! Networks are data: a table of those that are built in, and words to describe others.

use std::borrow::Cow;
use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

use crate::Amount;

/// A kind of chain: how its transactions and addresses are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Chain {
    /// Ethereum and what runs its virtual machine; `ethereum` on the wire.
    Evm,
    /// Solana; `solana` on the wire.
    Solana,
}

impl Chain {
    /// The key that a network of that name and kind has in `[rpc]` of gatewayd's settings.
    pub fn rpc_key(self, network: &str) -> String {
        let name = network.replace('-', "_");
        match self {
            Self::Evm => format!("evm_{name}"),
            Self::Solana => name,
        }
    }
}

/// Whether a network's coins are worth money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Environment {
    /// They are.
    Mainnet,
    /// They are given away for tests.
    Testnet,
}

/// A network by its CAIP-2 identifier.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChainId {
    /// `eip155:N`, N being the chain id of EIP-155, never zero.
    Eip155(NonZeroU64),
    /// `solana:H`, H being the first 32 characters of the genesis hash.
    Solana(SolanaCluster),
}

/// The first 32 base58 characters of a Solana cluster's genesis hash.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SolanaCluster([u8; 32]);

/// A network: what a wallet must know of it to read amounts and judge them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// The name that requests use, such as `ethereum-mainnet`.
    pub name: Cow<'static, str>,
    /// Its CAIP-2 identifier.
    pub chain_id: ChainId,
    /// Whether its coins are worth money.
    pub environment: Environment,
    /// Its own coin.
    pub native: NativeCoin,
    /// What may leave at which tier, in base units of the native coin, where nobody set anything.
    pub default_tiers: TierCeilings,
}

/// The coin that fees are paid in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NativeCoin {
    /// Such as `ETH`.
    pub symbol: Cow<'static, str>,
    /// Such as `Ether`.
    pub name: Cow<'static, str>,
    /// Decimals of one coin: 18 for wei, 9 for lamports.
    pub decimals: u8,
}

/// Up to `instant` at once, up to `notify` at once and told, up to `delay` after a wait, above that
/// with the owner's approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TierCeilings {
    /// INSTANT, inclusive.
    pub instant: Amount,
    /// NOTIFY, inclusive.
    pub notify: Amount,
    /// DELAY, inclusive.
    pub delay: Amount,
}

/// The text is not a CAIP-2 identifier of a kind of chain that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a CAIP-2 network such as eip155:1 or solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp")]
pub struct ChainIdError;

/// The text is none of the words that belong there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}")]
pub struct UnknownWord {
    /// The words that would have done.
    pub expected: &'static str,
}

impl Network {
    /// The kind of chain that the network is.
    pub const fn chain(&self) -> Chain {
        self.chain_id.chain()
    }

    /// Its key in `[rpc]` of gatewayd's settings, which in upper case is the end of its environment name.
    pub fn rpc_key(&self) -> String {
        self.chain().rpc_key(&self.name)
    }
}

impl ChainId {
    /// The kind of chain that the network is.
    pub const fn chain(self) -> Chain {
        match self {
            Self::Eip155(_) => Chain::Evm,
            Self::Solana(_) => Chain::Solana,
        }
    }

    const fn eip155(id: u64) -> Self {
        match NonZeroU64::new(id) {
            Some(id) => Self::Eip155(id),
            None => Self::Eip155(NonZeroU64::MIN),
        }
    }
}

/// Networks of the OP stack, which take a fee for layer 1 that is not in a transaction's bytes: Base,
/// Optimism, and their test networks.
const OP_STACK: [ChainId; 4] = [
    ChainId::eip155(10),
    ChainId::eip155(8_453),
    ChainId::eip155(84_532),
    ChainId::eip155(11_155_420),
];

/// 100 gwei: some twenty times what a byte costs while layer 1 takes 100 gwei a gas and 1 gwei a
/// blob gas, with the scalars of Base (OP stack, `GasPriceOracle`, Ecotone).
const OP_STACK_FEE_PER_BYTE: Amount = Amount::from_u128(100_000_000_000);

impl ChainId {
    /// What the network may be thought to take at most for each byte of a transaction, on top of its
    /// gas; in base units of the native coin.
    pub fn layer_1_fee_per_byte(self) -> Amount {
        if OP_STACK.contains(&self) { OP_STACK_FEE_PER_BYTE } else { Amount::ZERO }
    }
}

impl TierCeilings {
    /// Ceilings in coins that have `decimals`, in the ratio of the product's tiers, 1 : 10 : 50.
    const fn of_coins(instant_milli: u128, decimals: u32) -> Self {
        let Some(milli) = 10_u128.checked_pow(decimals.saturating_sub(3)) else {
            return Self::ZERO;
        };
        let instant = instant_milli.saturating_mul(milli);
        Self {
            instant: Amount::from_u128(instant),
            notify: Amount::from_u128(instant.saturating_mul(10)),
            delay: Amount::from_u128(instant.saturating_mul(50)),
        }
    }

    /// Nothing leaves without the owner.
    pub const ZERO: Self =
        Self { instant: Amount::ZERO, notify: Amount::ZERO, delay: Amount::ZERO };
}

/// The networks that need no settings, by name.
///
/// Chain ids are those of EIP-155 and CAIP-2's Solana namespace; the ceilings are of one order in
/// value: 0.1, 1 and 5 SOL.
#[rustfmt::skip]
pub static BUILTIN: &[Network] = &[
    evm("arbitrum-mainnet",    42_161,     Environment::Mainnet, ("ETH",  "Ether"),     5),
    evm("arbitrum-sepolia",    421_614,    Environment::Testnet, ("ETH",  "Ether"),     5),
    evm("avalanche-fuji",      43_113,     Environment::Testnet, ("AVAX", "Avalanche"), 500),
    evm("avalanche-mainnet",   43_114,     Environment::Mainnet, ("AVAX", "Avalanche"), 500),
    evm("base-mainnet",        8_453,      Environment::Mainnet, ("ETH",  "Ether"),     5),
    evm("base-sepolia",        84_532,     Environment::Testnet, ("ETH",  "Ether"),     5),
    evm("bnb-mainnet",         56,         Environment::Mainnet, ("BNB",  "BNB"),       20),
    evm("bnb-testnet",         97,         Environment::Testnet, ("BNB",  "BNB"),       20),
    evm("ethereum-mainnet",    1,          Environment::Mainnet, ("ETH",  "Ether"),     5),
    evm("ethereum-sepolia",    11_155_111, Environment::Testnet, ("ETH",  "Ether"),     5),
    evm("gnosis-chiado",       10_200,     Environment::Testnet, ("xDAI", "xDAI"),      20_000),
    evm("gnosis-mainnet",      100,        Environment::Mainnet, ("xDAI", "xDAI"),      20_000),
    evm("hyperevm-mainnet",    999,        Environment::Mainnet, ("HYPE", "Hype"),      500),
    evm("hyperevm-testnet",    998,        Environment::Testnet, ("HYPE", "Hype"),      500),
    evm("optimism-mainnet",    10,         Environment::Mainnet, ("ETH",  "Ether"),     5),
    evm("optimism-sepolia",    11_155_420, Environment::Testnet, ("ETH",  "Ether"),     5),
    evm("polygon-amoy",        80_002,     Environment::Testnet, ("POL",  "POL"),       50_000),
    evm("polygon-mainnet",     137,        Environment::Mainnet, ("POL",  "POL"),       50_000),
    solana("solana-devnet",  b"EtWTRABZaYq6iMfeYKouRu166VU2xqa1", Environment::Testnet),
    solana("solana-mainnet", b"5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp", Environment::Mainnet),
    solana("solana-testnet", b"4uhcVJyU9pJkvQyS88uRDiswHXSCkY3z", Environment::Testnet),
];

const fn evm(
    name: &'static str,
    chain_id: u64,
    environment: Environment,
    (symbol, coin): (&'static str, &'static str),
    instant_milli: u128,
) -> Network {
    Network {
        name: Cow::Borrowed(name),
        chain_id: ChainId::eip155(chain_id),
        environment,
        native: NativeCoin {
            symbol: Cow::Borrowed(symbol),
            name: Cow::Borrowed(coin),
            decimals: 18,
        },
        default_tiers: TierCeilings::of_coins(instant_milli, 18),
    }
}

const fn solana(name: &'static str, cluster: &[u8; 32], environment: Environment) -> Network {
    Network {
        name: Cow::Borrowed(name),
        chain_id: ChainId::Solana(SolanaCluster(*cluster)),
        environment,
        native: NativeCoin {
            symbol: Cow::Borrowed("SOL"),
            name: Cow::Borrowed("Solana"),
            decimals: 9,
        },
        default_tiers: TierCeilings::of_coins(100, 9),
    }
}

/// The built-in network of that name.
pub fn builtin_by_name(name: &str) -> Option<&'static Network> {
    BUILTIN.iter().find(|network| network.name == name)
}

/// The built-in network with that identifier.
pub fn builtin_by_chain_id(chain_id: ChainId) -> Option<&'static Network> {
    BUILTIN.iter().find(|network| network.chain_id == chain_id)
}

impl fmt::Display for Chain {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Evm => "ethereum",
            Self::Solana => "solana",
        })
    }
}

impl FromStr for Chain {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        match text {
            "ethereum" => Ok(Self::Evm),
            "solana" => Ok(Self::Solana),
            _ => Err(UnknownWord { expected: "ethereum or solana" }),
        }
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Mainnet => "mainnet",
            Self::Testnet => "testnet",
        })
    }
}

impl FromStr for Environment {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        match text {
            "mainnet" => Ok(Self::Mainnet),
            "testnet" => Ok(Self::Testnet),
            _ => Err(UnknownWord { expected: "mainnet or testnet" }),
        }
    }
}

impl fmt::Display for SolanaCluster {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(str::from_utf8(&self.0).expect("base58 characters are ASCII"))
    }
}

impl FromStr for SolanaCluster {
    type Err = ChainIdError;

    fn from_str(text: &str) -> Result<Self, ChainIdError> {
        let base58 = |byte: &u8| byte.is_ascii_alphanumeric() && !b"0OIl".contains(byte);
        let bytes: [u8; 32] = text.as_bytes().try_into().map_err(|_length| ChainIdError)?;
        bytes.iter().all(base58).then_some(Self(bytes)).ok_or(ChainIdError)
    }
}

impl fmt::Display for ChainId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Eip155(id) => write!(formatter, "eip155:{id}"),
            Self::Solana(cluster) => write!(formatter, "solana:{cluster}"),
        }
    }
}

impl FromStr for ChainId {
    type Err = ChainIdError;

    fn from_str(text: &str) -> Result<Self, ChainIdError> {
        match text.split_once(':') {
            Some(("eip155", id)) => {
                let id: NonZeroU64 = id.parse().map_err(|_not_a_number| ChainIdError)?;
                // `+1` and `01` are read by the standard library, and are no CAIP-2 references.
                let chain_id = Self::Eip155(id);
                (chain_id.to_string() == text).then_some(chain_id).ok_or(ChainIdError)
            }
            Some(("solana", cluster)) => cluster.parse().map(Self::Solana),
            _ => Err(ChainIdError),
        }
    }
}

impl fmt::Debug for ChainId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl fmt::Debug for SolanaCluster {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_builtin_network_is_found_by_its_name_and_identifier_alone() {
        assert_eq!(BUILTIN.len(), 21);
        assert!(BUILTIN.is_sorted_by(|a, b| a.name < b.name));
        for network in BUILTIN {
            assert_eq!(builtin_by_name(&network.name), Some(network));
            assert_eq!(builtin_by_chain_id(network.chain_id), Some(network));
            assert_eq!(network.chain_id.to_string().parse(), Ok(network.chain_id));
        }
    }

    #[test]
    fn a_fee_for_layer_1_is_expected_where_it_is_taken() {
        let taking = BUILTIN.iter().filter(|network| {
            let fee = network.chain_id.layer_1_fee_per_byte();
            !fee.is_zero()
        });
        let names: Vec<&str> = taking.map(|network| network.name.as_ref()).collect();
        let expected = ["base-mainnet", "base-sepolia", "optimism-mainnet", "optimism-sepolia"];
        assert_eq!(names, expected);
    }

    #[test]
    fn the_default_ceilings_are_those_of_the_product() {
        let tiers = builtin_by_name("solana-mainnet").unwrap().default_tiers;
        let coins = [tiers.instant, tiers.notify, tiers.delay].map(|amount| amount.to_units(9));
        assert_eq!(coins, ["0.1", "1", "5"]);
        let tiers = builtin_by_name("ethereum-mainnet").unwrap().default_tiers;
        let coins = [tiers.instant, tiers.notify, tiers.delay].map(|amount| amount.to_units(18));
        assert_eq!(coins, ["0.005", "0.05", "0.25"]);
    }

    #[test]
    fn other_texts_are_no_networks() {
        for text in [
            "",
            "eip155",
            "eip155:",
            "eip155:0",
            "eip155:01",
            "eip155:+1",
            "eip155:-1",
            "eip155:18446744073709551616",
            "EIP155:1",
            "solana:mainnet",
            "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvd0",
            "xrpl:0",
        ] {
            assert_eq!(text.parse::<ChainId>(), Err(ChainIdError), "{text}");
        }
    }
}

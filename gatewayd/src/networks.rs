//! The networks that are known: the built-in ones and those of the settings, each with the RPC
//! endpoints that are asked about it.

use std::collections::BTreeMap;

use primitives::{BUILTIN, Chain, ChainId, Environment, Network};

use crate::config::Commitment;
use crate::net::Endpoint;

/// Endpoints of the built-in networks where the settings name none, tried in this order.
#[rustfmt::skip]
const DEFAULT_ENDPOINTS: &[(&str, &[&str])] = &[
    ("arbitrum-mainnet",  &["https://arbitrum.drpc.org", "https://arbitrum-one-rpc.publicnode.com"]),
    ("arbitrum-sepolia",  &["https://arbitrum-sepolia.drpc.org"]),
    ("avalanche-fuji",    &["https://api.avax-test.network/ext/bc/C/rpc"]),
    ("avalanche-mainnet", &["https://api.avax.network/ext/bc/C/rpc", "https://avalanche.drpc.org"]),
    ("base-mainnet",      &["https://base.drpc.org", "https://base-rpc.publicnode.com"]),
    ("base-sepolia",      &["https://base-sepolia.drpc.org"]),
    ("bnb-mainnet",       &["https://bsc-dataseed.bnbchain.org", "https://bsc.drpc.org"]),
    ("bnb-testnet",       &["https://bsc-testnet-dataseed.bnbchain.org"]),
    ("ethereum-mainnet",  &["https://eth.drpc.org", "https://rpc.ankr.com/eth", "https://ethereum-rpc.publicnode.com"]),
    ("ethereum-sepolia",  &["https://sepolia.drpc.org", "https://1rpc.io/sepolia", "https://ethereum-sepolia-rpc.publicnode.com", "https://rpc.sepolia.org"]),
    ("gnosis-chiado",     &["https://rpc.chiadochain.net"]),
    ("gnosis-mainnet",    &["https://rpc.gnosischain.com", "https://gnosis.drpc.org"]),
    ("hyperevm-mainnet",  &["https://rpc.hyperliquid.xyz/evm"]),
    ("hyperevm-testnet",  &["https://rpc.hyperliquid-testnet.xyz/evm"]),
    ("optimism-mainnet",  &["https://optimism.drpc.org", "https://mainnet.optimism.io", "https://optimism-rpc.publicnode.com"]),
    ("optimism-sepolia",  &["https://optimism-sepolia.drpc.org"]),
    ("polygon-amoy",      &["https://polygon-amoy.drpc.org"]),
    ("polygon-mainnet",   &["https://polygon.drpc.org", "https://polygon-rpc.com", "https://polygon-bor-rpc.publicnode.com"]),
    ("solana-devnet",     &["https://api.devnet.solana.com", "https://rpc.ankr.com/solana_devnet"]),
    ("solana-mainnet",    &["https://api.mainnet-beta.solana.com", "https://rpc.ankr.com/solana", "https://solana.drpc.org"]),
    ("solana-testnet",    &["https://api.testnet.solana.com"]),
];

/// Names that requests of older clients use, and what they mean.
const LEGACY_NAMES: [(&str, &str); 3] =
    [("mainnet", "solana-mainnet"), ("devnet", "solana-devnet"), ("testnet", "solana-testnet")];

/// What `network` means in a query for every network at once, so no network may be called that.
const EVERY_NETWORK: &str = "all";

/// Every network that is known, by name, with its endpoints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Networks {
    by_name: BTreeMap<String, Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    network: Network,
    endpoints: Vec<Endpoint>,
    /// Of Solana networks.
    commitment: Commitment,
}

/// Why a network cannot be added, or its endpoints cannot be set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// The name has other characters than these, or means something else already.
    #[error("a network's name is 1 to 64 of a-z, 0-9 and -, and not a word with a meaning")]
    Name,
    /// There is a network of that name, perhaps a built-in one.
    #[error("there is a network {0} already; set its endpoints in [rpc]")]
    NameTaken(String),
    /// There is a network with that CAIP-2 identifier, perhaps a built-in one.
    #[error("{chain_id} is the network {name} already; set its endpoints in [rpc]")]
    ChainIdTaken {
        /// The identifier that stands twice.
        chain_id: ChainId,
        /// The network that has it.
        name: String,
    },
    /// The coin has no symbol, or decimals that no coin has.
    #[error(
        "the coin's symbol and name have 1 to 32 printable characters, its decimals are 0 to 36"
    )]
    Coin,
    /// A network without endpoints cannot be used.
    #[error("name at least one RPC endpoint, and at most 16")]
    Endpoints,
}

/// What a network is called today.
pub(crate) fn legacy_name(name: &str) -> &str {
    LEGACY_NAMES.iter().find(|(legacy, _)| *legacy == name).map_or(name, |(_, today)| today)
}

impl Networks {
    /// The built-in networks with the endpoints that are known for them.
    pub fn builtin() -> Self {
        let entry = |network: &Network| {
            let endpoints = default_endpoints(&network.name);
            (network.name.to_string(), Entry::new(network.clone(), endpoints))
        };
        Self { by_name: BUILTIN.iter().map(entry).collect() }
    }

    /// Adds a network of the settings.
    ///
    /// # Errors
    /// When it is not well described, or its name or identifier is taken.
    pub fn add(&mut self, network: Network, endpoints: Vec<Endpoint>) -> Result<(), NetworkError> {
        check_name(&network.name)?;
        check_coin(&network)?;
        check_endpoints(&endpoints)?;
        if self.by_name.contains_key(network.name.as_ref()) {
            return Err(NetworkError::NameTaken(network.name.into_owned()));
        }
        if let Some(taken) = self.by_chain_id(network.chain_id) {
            let name = taken.name.to_string();
            return Err(NetworkError::ChainIdTaken { chain_id: network.chain_id, name });
        }
        self.by_name.insert(network.name.to_string(), Entry::new(network, endpoints));
        Ok(())
    }

    /// Replaces the endpoints of the network whose key in `[rpc]` is `key`; says whether there is
    /// one.
    ///
    /// # Errors
    /// When there is no endpoint, or more than anybody needs.
    pub fn set_endpoints(
        &mut self,
        key: &str,
        endpoints: Vec<Endpoint>,
    ) -> Result<bool, NetworkError> {
        check_endpoints(&endpoints)?;
        Ok(self.entry_mut(key).map(|entry| entry.endpoints = endpoints).is_some())
    }

    /// Sets how far transactions of the Solana network have to be whose key in `[rpc]` is `key`; says
    /// whether there is one.
    pub fn set_commitment(&mut self, key: &str, commitment: Commitment) -> bool {
        let entry = self.entry_mut(key).filter(|entry| entry.network.chain() == Chain::Solana);
        entry.map(|entry| entry.commitment = commitment).is_some()
    }

    fn entry_mut(&mut self, key: &str) -> Option<&mut Entry> {
        self.by_name.values_mut().find(|entry| entry.network.rpc_key() == key)
    }

    /// The network that a request means: by name, by a legacy name, or by CAIP-2 identifier.
    pub fn find(&self, text: &str) -> Option<&Network> {
        self.by_name(legacy_name(text)).or_else(|| self.by_chain_id(text.parse().ok()?))
    }

    /// The network of that name.
    pub fn by_name(&self, name: &str) -> Option<&Network> {
        self.by_name.get(name).map(|entry| &entry.network)
    }

    /// The network with that identifier.
    pub fn by_chain_id(&self, chain_id: ChainId) -> Option<&Network> {
        self.iter().find(|network| network.chain_id == chain_id)
    }

    /// Every network, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Network> {
        self.by_name.values().map(|entry| &entry.network)
    }

    /// The networks that a wallet of that chain and environment can use, by name.
    pub fn of(&self, chain: Chain, environment: Environment) -> impl Iterator<Item = &Network> {
        self.iter()
            .filter(move |network| network.chain() == chain && network.environment == environment)
    }

    /// The network that is meant where a request names none: Solana has one for each environment,
    /// an EVM wallet has to say.
    pub fn default_for(&self, chain: Chain, environment: Environment) -> Option<&Network> {
        match (chain, environment) {
            (Chain::Solana, Environment::Mainnet) => self.by_name("solana-mainnet"),
            (Chain::Solana, Environment::Testnet) => self.by_name("solana-devnet"),
            (Chain::Evm, Environment::Mainnet | Environment::Testnet) => None,
        }
    }

    /// The URLs of each built-in network where the settings name none. They are public.
    pub fn builtin_urls() -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
        DEFAULT_ENDPOINTS.iter().copied()
    }

    /// The endpoints that are asked about the network of that name, in this order.
    pub fn endpoints(&self, name: &str) -> &[Endpoint] {
        self.by_name.get(name).map_or(&[], |entry| &entry.endpoints)
    }

    /// How far a transaction of the Solana network of that name has to be to count as done.
    pub fn commitment(&self, name: &str) -> Commitment {
        self.by_name.get(name).map(|entry| entry.commitment).unwrap_or_default()
    }
}

impl Entry {
    fn new(network: Network, endpoints: Vec<Endpoint>) -> Self {
        Self { network, endpoints, commitment: Commitment::default() }
    }
}

fn default_endpoints(name: &str) -> Vec<Endpoint> {
    let row = DEFAULT_ENDPOINTS.iter().find(|(network, _)| *network == name);
    let texts = row.map_or(&[][..], |(_, texts)| texts);
    texts.iter().map(|text| text.parse().expect("a test parses the whole table")).collect()
}

fn check_name(name: &str) -> Result<(), NetworkError> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let reserved = name == EVERY_NETWORK || LEGACY_NAMES.iter().any(|(legacy, _)| *legacy == name);
    if (1..=64).contains(&name.len()) && name.bytes().all(plain) && !reserved {
        Ok(())
    } else {
        Err(NetworkError::Name)
    }
}

fn check_coin(network: &Network) -> Result<(), NetworkError> {
    let readable = |text: &str| {
        (1..=32).contains(&text.chars().count()) && !text.chars().any(char::is_control)
    };
    let coin = &network.native;
    if readable(&coin.symbol) && readable(&coin.name) && coin.decimals <= 36 {
        Ok(())
    } else {
        Err(NetworkError::Coin)
    }
}

fn check_endpoints(endpoints: &[Endpoint]) -> Result<(), NetworkError> {
    if (1..=16).contains(&endpoints.len()) { Ok(()) } else { Err(NetworkError::Endpoints) }
}

#[cfg(test)]
mod tests {
    use primitives::{NativeCoin, TierCeilings};

    use super::*;

    fn linea(name: &str, chain_id: &str) -> Network {
        Network {
            name: name.to_owned().into(),
            chain_id: chain_id.parse().unwrap(),
            environment: Environment::Mainnet,
            native: NativeCoin { symbol: "ETH".into(), name: "Ether".into(), decimals: 18 },
            default_tiers: TierCeilings::ZERO,
        }
    }

    fn endpoints() -> Vec<Endpoint> {
        vec!["https://rpc.example.org".parse().unwrap()]
    }

    #[test]
    fn every_builtin_network_has_endpoints_and_no_row_is_left_over() {
        let names: Vec<_> = BUILTIN.iter().map(|network| network.name.as_ref()).collect();
        let rows: Vec<_> = DEFAULT_ENDPOINTS.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, rows);
        for network in Networks::builtin().iter() {
            assert!(!Networks::builtin().endpoints(&network.name).is_empty(), "{}", network.name);
        }
    }

    #[test]
    fn a_network_is_found_by_name_by_legacy_name_and_by_identifier() {
        let networks = Networks::builtin();
        for (text, name) in [
            ("ethereum-mainnet", Some("ethereum-mainnet")),
            ("eip155:56", Some("bnb-mainnet")),
            ("solana:EtWTRABZaYq6iMfeYKouRu166VU2xqa1", Some("solana-devnet")),
            ("mainnet", Some("solana-mainnet")),
            ("devnet", Some("solana-devnet")),
            ("testnet", Some("solana-testnet")),
            ("Ethereum-Mainnet", None),
            ("eip155:31337", None),
            ("all", None),
            ("", None),
        ] {
            assert_eq!(networks.find(text).map(|network| network.name.as_ref()), name, "{text}");
        }
    }

    #[test]
    fn networks_are_listed_by_chain_and_environment() {
        let networks = Networks::builtin();
        let names = |chain, environment| {
            networks.of(chain, environment).map(|n| n.name.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(names(Chain::Solana, Environment::Mainnet), ["solana-mainnet"]);
        assert_eq!(names(Chain::Solana, Environment::Testnet), ["solana-devnet", "solana-testnet"]);
        assert_eq!(names(Chain::Evm, Environment::Mainnet).len(), 9);
        assert_eq!(names(Chain::Evm, Environment::Testnet).len(), 9);
    }

    #[test]
    fn only_a_solana_wallet_has_a_default_network() {
        let networks = Networks::builtin();
        for (chain, environment, name) in [
            (Chain::Solana, Environment::Mainnet, Some("solana-mainnet")),
            (Chain::Solana, Environment::Testnet, Some("solana-devnet")),
            (Chain::Evm, Environment::Mainnet, None),
            (Chain::Evm, Environment::Testnet, None),
        ] {
            let found = networks.default_for(chain, environment);
            assert_eq!(found.map(|network| network.name.as_ref()), name);
        }
    }

    #[test]
    fn a_network_of_the_settings_must_be_new_and_well_described() {
        let mut networks = Networks::builtin();
        assert_eq!(networks.add(linea("linea-mainnet", "eip155:59144"), endpoints()), Ok(()));
        assert_eq!(networks.find("eip155:59144").unwrap().name, "linea-mainnet");
        let taken = NetworkError::NameTaken("linea-mainnet".to_owned());
        assert_eq!(networks.add(linea("linea-mainnet", "eip155:7"), endpoints()), Err(taken));
        let taken = NetworkError::ChainIdTaken {
            chain_id: "eip155:1".parse().unwrap(),
            name: "ethereum-mainnet".to_owned(),
        };
        assert_eq!(networks.add(linea("my-ethereum", "eip155:1"), endpoints()), Err(taken));
        for name in ["", "all", "mainnet", "Linea", "a b", "../x", &"a".repeat(65)] {
            let added = networks.add(linea(name, "eip155:8"), endpoints());
            assert_eq!(added, Err(NetworkError::Name), "{name}");
        }
        let mut coinless = linea("coinless", "eip155:8");
        coinless.native.symbol = "".into();
        assert_eq!(networks.add(coinless, endpoints()), Err(NetworkError::Coin));
        let added = networks.add(linea("dark", "eip155:8"), vec![]);
        assert_eq!(added, Err(NetworkError::Endpoints));
    }

    #[test]
    fn endpoints_are_replaced_by_the_networks_key() {
        let mut networks = Networks::builtin();
        assert_eq!(networks.set_endpoints("evm_base_mainnet", endpoints()), Ok(true));
        assert_eq!(networks.endpoints("base-mainnet"), endpoints());
        assert_eq!(networks.set_endpoints("solana_devnet", endpoints()), Ok(true));
        assert_eq!(networks.set_endpoints("base_mainnet", endpoints()), Ok(false));
        assert_eq!(networks.set_endpoints("solana_devnet", vec![]), Err(NetworkError::Endpoints));
    }
}

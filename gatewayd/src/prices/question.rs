//! What a price is asked for, and what each source calls it.

use primitives::{Asset, Network, builtin_by_chain_id};

use super::assets::{Feed, LISTED, Listed};
use super::currencies::CURRENCIES;

/// What a price is asked for.
#[derive(Clone, Debug)]
pub(super) struct Question {
    /// Names it among all questions.
    pub(super) key: String,
    /// As sources know it by name.
    pub(super) listed: Option<&'static Listed>,
    /// The Chainlink feed to ask.
    pub(super) feed: Option<&'static Feed>,
    /// CoinGecko's platform and the contract or mint, for what is known by no name.
    pub(super) contract: Option<(&'static str, String)>,
}

/// What CoinGecko calls the networks whose other tokens it knows by their address.
const PLATFORMS: &[(&str, &str)] = &[
    ("arbitrum-mainnet", "arbitrum-one"),
    ("avalanche-mainnet", "avalanche"),
    ("base-mainnet", "base"),
    ("bnb-mainnet", "binance-smart-chain"),
    ("ethereum-mainnet", "ethereum"),
    ("gnosis-mainnet", "xdai"),
    ("hyperevm-mainnet", "hyperevm"),
    ("optimism-mainnet", "optimistic-ethereum"),
    ("polygon-mainnet", "polygon-pos"),
    ("solana-mainnet", "solana"),
];

impl Question {
    /// The question for an asset of a network; `None` where nobody would know.
    pub(super) fn of(network: &Network, asset: Asset) -> Option<Self> {
        // A network of the settings may be called anything: its identifier says what it is.
        let builtin = builtin_by_chain_id(network.chain_id)?;
        let name = builtin.name.as_ref();
        let listed = LISTED.iter().find(|listed| listed.is(name, asset));
        let contract = match (listed, asset) {
            (None, Asset::Token(token)) => {
                let platform = PLATFORMS.iter().find(|(network, _)| *network == name);
                platform.map(|(_, platform)| (*platform, token.to_string()))
            }
            (None, Asset::Native) | (Some(_), _) => None,
        };
        if listed.is_none() && contract.is_none() {
            return None;
        }
        let key = match asset {
            Asset::Native => format!("{name}/native"),
            Asset::Token(token) => format!("{name}/{token}"),
        };
        Some(Self { key, listed, feed: listed.and_then(|listed| listed.feed_for(name)), contract })
    }

    /// The question for a currency, such as `EUR`.
    pub(super) fn of_currency(code: &str) -> Option<Self> {
        let listed = CURRENCIES.iter().find(|currency| currency.symbol == code)?;
        let feed = listed.feeds.first();
        Some(Self { key: code.to_owned(), listed: Some(listed), feed, contract: None })
    }

    /// Pyth's feed.
    pub(super) fn pyth(&self) -> Option<&'static str> {
        self.listed.and_then(|listed| listed.pyth)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use primitives::{Address, BUILTIN, Environment, EvmAddress, builtin_by_name};

    use super::*;
    use crate::prices::assets::ETH;

    #[test]
    fn the_whole_table_can_be_read_and_says_nothing_twice() {
        let mut seen = BTreeSet::new();
        for listed in LISTED.iter().chain(CURRENCIES) {
            assert!(seen.insert(listed.symbol.to_owned()), "{}", listed.symbol);
            let id = listed.pyth.unwrap_or(ETH);
            assert!(id.len() == 64 && primitives::decode_hex(id).is_ok(), "{}", listed.symbol);
            for (network, address) in listed.tokens {
                let network = builtin_by_name(network).unwrap();
                Address::parse_for(network.chain(), address).unwrap();
                assert!(seen.insert(format!("{}/{address}", network.name)), "{address}");
            }
            for feed in listed.feeds {
                assert!(builtin_by_name(feed.network).is_some());
                assert_ne!(feed.address(), EvmAddress([0; 20]));
            }
        }
    }

    #[test]
    fn every_coin_of_worth_is_asked_for_and_none_of_a_test_network() {
        for network in BUILTIN {
            let question = Question::of(network, Asset::Native);
            let listed = question.and_then(|question| question.listed);
            let listed = listed.map(|listed| (listed.symbol, listed.decimals));
            let native = &network.native;
            let expected = match network.environment {
                Environment::Mainnet => Some((native.symbol.as_ref(), native.decimals)),
                Environment::Testnet => None,
            };
            assert_eq!(listed, expected, "{}", network.name);
        }
        for (network, _platform) in PLATFORMS {
            assert_eq!(builtin_by_name(network).unwrap().environment, Environment::Mainnet);
        }
    }

    #[test]
    fn an_asset_is_what_its_address_says_and_never_what_it_calls_itself() {
        let base = builtin_by_name("base-mainnet").unwrap();
        let of =
            |address: &str| Question::of(base, Asset::Token(address.parse().unwrap())).unwrap();
        let usdc = of("0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913");
        assert_eq!(usdc.listed.unwrap().symbol, "USDC");
        assert_eq!(usdc.feed.unwrap().network, "base-mainnet");
        // USDC of another network.
        let other = of("0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48");
        assert!(other.listed.is_none() && other.feed.is_none() && other.pyth().is_none());
        assert_eq!(other.contract.unwrap().0, "base");
        let solana =
            Question::of(builtin_by_name("solana-mainnet").unwrap(), Asset::Native).unwrap();
        assert_eq!(solana.feed.unwrap().network, "ethereum-mainnet");
    }
}

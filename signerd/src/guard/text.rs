//! The guard as people write it: TOML, with every key known and every amount in base units.

use std::collections::BTreeMap;

use primitives::{Address, Amount, Asset, Chain, Scope};
use protocol::wire::MAX_TEXT;
use serde::Deserialize;

use super::{AssetRule, Ceilings, DEFAULT_DELAY_SECONDS, Guard, Limits, Messages, NetworkRule};

/// The most entries of one kind in a guard.
const MAX_ENTRIES: usize = 512;

/// Why a text is no guard.
#[derive(Debug, thiserror::Error)]
pub enum GuardError {
    /// TOML that does not parse, an unknown key, an amount that is none; says line and column.
    #[error("{0}")]
    Syntax(toml::de::Error),
    /// A network that is neither `eip155:N` nor `solana`, or not of the wallet's chain.
    #[error("network {0:?}: expected {1}")]
    Network(String, &'static str),
    /// An address that is none of the network's.
    #[error("network {network}: token {token:?} is not an address there")]
    Token {
        /// The network's key.
        network: String,
        /// What was written.
        token: String,
    },
    /// An open network has no ceilings.
    #[error("network {0}: `open = true` and ceilings exclude each other")]
    OpenWithCeilings(String),
    /// A ceiling that another makes pointless is a typing error.
    #[error("network {network}: {asset}: {why}")]
    Impossible {
        /// The network's key.
        network: String,
        /// The native coin or the token.
        asset: String,
        /// Which is less than which.
        why: String,
    },
    /// One token in two spellings: which ceilings hold would be a guess.
    #[error("network {network}: token {token} is listed twice")]
    Twice {
        /// The network's key.
        network: String,
        /// The token.
        token: Address,
    },
    /// Longer than a text may be that is shown and recorded.
    #[error("written out, the guard has more than {MAX_TEXT} bytes")]
    TooLong,
    /// Too many networks or tokens.
    #[error("more than {MAX_ENTRIES} entries")]
    TooMany,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GuardToml {
    #[serde(default)]
    messages: MessagesToml,
    delay_seconds: Option<u32>,
    #[serde(default)]
    network: BTreeMap<String, NetworkToml>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum MessagesToml {
    None,
    Owner,
    #[default]
    Text,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NetworkToml {
    #[serde(default)]
    open: bool,
    native: Option<AssetToml>,
    #[serde(default)]
    token: BTreeMap<String, AssetToml>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AssetToml {
    immediate: Ceilings,
    delay: Option<Ceilings>,
    owner: Option<Ceilings>,
}

impl Guard {
    /// Reads a guard for a wallet of `chain`.
    ///
    /// # Errors
    /// When anything in it is unknown, impossible, or of another chain.
    pub fn from_toml(text: &str, chain: Chain) -> Result<Self, GuardError> {
        let toml: GuardToml = toml::from_str(text).map_err(GuardError::Syntax)?;
        if toml.network.len() > MAX_ENTRIES {
            return Err(GuardError::TooMany);
        }
        let messages = match toml.messages {
            MessagesToml::None => Messages::None,
            MessagesToml::Owner => Messages::Owner,
            MessagesToml::Text => Messages::Text,
        };
        let delay_seconds = toml.delay_seconds.unwrap_or(DEFAULT_DELAY_SECONDS);
        let networks = toml
            .network
            .into_iter()
            .map(|(name, network)| Ok((scope(&name, chain)?, rule(&name, network, chain)?)))
            .collect::<Result<_, GuardError>>()?;
        let guard = Self { messages, delay_seconds, networks };
        if guard.to_toml().len() > MAX_TEXT { Err(GuardError::TooLong) } else { Ok(guard) }
    }

    /// Writes the guard; [`Guard::from_toml`] reads the same guard from it.
    pub fn to_toml(&self) -> String {
        let messages = match self.messages {
            Messages::None => "none",
            Messages::Owner => "owner",
            Messages::Text => "text",
        };
        let delay_seconds = self.delay_seconds;
        let mut out = format!("messages = \"{messages}\"\ndelay_seconds = {delay_seconds}\n");
        for (scope, rule) in &self.networks {
            out += &network_text(*scope, rule);
        }
        out
    }
}

fn scope(name: &str, chain: Chain) -> Result<Scope, GuardError> {
    match (chain, name.parse()) {
        (Chain::Solana, _) if name == "solana" => Ok(Scope::Solana),
        (Chain::Solana, _) => {
            Err(GuardError::Network(name.to_owned(), "\"solana\", which is every cluster"))
        }
        (Chain::Evm, Ok(chain_id @ primitives::ChainId::Eip155(_))) => Ok(Scope::Evm(chain_id)),
        (Chain::Evm, _) => {
            Err(GuardError::Network(name.to_owned(), "an EVM network such as \"eip155:1\""))
        }
    }
}

fn rule(name: &str, network: NetworkToml, chain: Chain) -> Result<NetworkRule, GuardError> {
    if network.open {
        return if network.native.is_none() && network.token.is_empty() {
            Ok(NetworkRule::Open)
        } else {
            Err(GuardError::OpenWithCeilings(name.to_owned()))
        };
    }
    if network.token.len() > MAX_ENTRIES {
        return Err(GuardError::TooMany);
    }
    let mut assets = BTreeMap::new();
    if let Some(rule) = network.native {
        assets.insert(Asset::Native, read_asset(name, "native", rule)?);
    }
    for (address, rule) in network.token {
        let parsed = Address::parse_for(chain, &address).map_err(|_why| GuardError::Token {
            network: name.to_owned(),
            token: address.clone(),
        })?;
        let rule = read_asset(name, &address, rule)?;
        if assets.insert(Asset::Token(parsed), rule).is_some() {
            return Err(GuardError::Twice { network: name.to_owned(), token: parsed });
        }
    }
    Ok(NetworkRule::Limited(Limits { assets }))
}

fn read_asset(network: &str, asset: &str, rule: AssetToml) -> Result<AssetRule, GuardError> {
    let impossible = |why: String| {
        let (network, asset) = (network.to_owned(), asset.to_owned());
        GuardError::Impossible { network, asset, why }
    };
    let windowed = |ceilings: Ceilings| match ceilings.day {
        Some(_) => read_ceilings(ceilings),
        None => Err("per_day is missing: nothing would limit what leaves in time".to_owned()),
    };
    let immediate = windowed(rule.immediate).map_err(impossible)?;
    let delay = rule.delay.map(windowed).transpose().map_err(impossible)?;
    let owner = rule.owner.map(read_ceilings).transpose().map_err(impossible)?.unwrap_or_default();
    Ok(AssetRule { immediate, delay, owner })
}

fn read_ceilings(ceilings: Ceilings) -> Result<Ceilings, String> {
    let mut least: Option<(&str, Amount)> = None;
    for (name, ceiling) in ceilings.named() {
        let Some(ceiling) = ceiling else { continue };
        if let Some((shorter, least)) = least.filter(|(_, least)| ceiling < *least) {
            return Err(format!("{name} is {ceiling}, less than {shorter}, which is {least}"));
        }
        least = Some((name, ceiling));
    }
    Ok(ceilings)
}

fn network_text(scope: Scope, rule: &NetworkRule) -> String {
    match rule {
        NetworkRule::Open => format!("\n[network.\"{scope}\"]\nopen = true\n"),
        NetworkRule::Limited(limits) if limits.assets.is_empty() => {
            format!("\n[network.\"{scope}\"]\n")
        }
        NetworkRule::Limited(limits) => {
            limits.assets.iter().map(|(asset, rule)| asset_table(scope, *asset, rule)).collect()
        }
    }
}

fn asset_table(scope: Scope, asset: Asset, rule: &AssetRule) -> String {
    let key = match asset {
        Asset::Native => "native".to_owned(),
        Asset::Token(token) => format!("token.{token}"),
    };
    let AssetRule { immediate, delay, owner } = rule;
    let mut out = format!("\n[network.\"{scope}\".{key}]\n");
    out += &ceilings_line("immediate", immediate);
    if let Some(delay) = delay {
        out += &ceilings_line("delay", delay);
    }
    if *owner != Ceilings::default() {
        out += &ceilings_line("owner", owner);
    }
    out
}

fn ceilings_line(name: &str, ceilings: &Ceilings) -> String {
    let ceilings = ceilings.named().into_iter();
    let ceilings: Vec<String> =
        ceilings.filter_map(|(key, ceiling)| Some(format!("{key} = \"{}\"", ceiling?))).collect();
    format!("{name} = {{ {} }}\n", ceilings.join(", "))
}

#[cfg(test)]
mod tests {
    use primitives::{BUILTIN, Environment};

    use super::*;

    const EXAMPLE: &str = r#"
messages = "none"

[network."eip155:1"]
native.immediate = { per_transaction = "250000000000000000", per_day = "500000000000000000" }

[network."eip155:1".token.0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48]
immediate = { per_hour = "1000000", per_day = "5000000", per_month = "6000000" }
delay = { per_day = "7000000" }
owner = { per_transaction = "70000000" }

[network."eip155:11155111"]
open = true
"#;

    #[test]
    fn what_is_written_is_read_again() {
        let guard = Guard::from_toml(EXAMPLE, Chain::Evm).unwrap();
        assert_eq!(Guard::from_toml(&guard.to_toml(), Chain::Evm).unwrap(), guard);
        for environment in [Environment::Mainnet, Environment::Testnet] {
            for chain in [Chain::Evm, Chain::Solana] {
                let networks: Vec<_> = BUILTIN
                    .iter()
                    .filter(|network| {
                        network.chain() == chain && network.environment == environment
                    })
                    .collect();
                let guard = Guard::default_for(environment, &networks);
                assert_eq!(Guard::from_toml(&guard.to_toml(), chain).unwrap(), guard);
            }
        }
    }

    #[test]
    fn what_is_unknown_or_impossible_is_refused_with_its_place() {
        let refused = [
            ("mesages = \"text\"", "unknown field `mesages`"),
            ("messages = \"some\"", "unknown variant `some`"),
            ("[network.\"eip155:0\"]", "eip155:0"),
            ("[network.mainnet]", "mainnet"),
            ("[network.solana]", "solana"),
            ("[network.\"eip155:1\"]\nopn = true", "unknown field `opn`"),
            (
                "[network.\"eip155:1\".native]\nimmediate = { per_hour = \"2\", per_day = \"1\" }",
                "native: per_day is 1, less than per_hour, which is 2",
            ),
            (
                "[network.\"eip155:1\".native]\nimmediate = { per_day = \"1.5\" }",
                "not a plain decimal number",
            ),
            ("[network.\"eip155:1\".native]\nimmediate = { per_day = 1 }", "invalid type: integer"),
            ("[network.\"eip155:1\".native]", "missing field `immediate`"),
            (
                "[network.\"eip155:1\".native]\nimmediate = { per_month = \"1\" }",
                "native: per_day is missing",
            ),
            ("[network.\"eip155:1\".token.USDC]\nimmediate = { per_day = \"1\" }", "USDC"),
            (
                "[network.\"eip155:1\"]\nopen = true\nnative.immediate = { per_day = \"1\" }",
                "exclude each other",
            ),
        ];
        for (text, reason) in refused {
            let error = Guard::from_toml(text, Chain::Evm).unwrap_err().to_string();
            assert!(error.contains(reason), "{text}\n{error}");
        }
    }

    #[test]
    fn a_token_that_is_listed_twice_is_refused() {
        let token = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48";
        let ceilings = "{ immediate = { per_day = \"1\" } }";
        let (once, again) = (format!("{token} = {ceilings}"), token.to_lowercase());
        let text = format!("[network.\"eip155:1\".token]\n{once}\n{again} = {ceilings}\n");
        let error = Guard::from_toml(&text, Chain::Evm).unwrap_err().to_string();
        assert!(error.contains("listed twice"), "{error}");
    }

    #[test]
    fn a_guard_that_would_be_written_too_long_for_the_journal_is_refused() {
        let text = |count: usize| {
            let token = |number| format!("0x{number:040x}={{immediate={{per_day=\"1\"}}}}");
            let tokens: Vec<String> = (0..count).map(token).collect();
            let tokens = tokens.join(",");
            let network = |id| format!("[network.\"eip155:{id}\"]\ntoken={{{tokens}}}\n");
            [network(u64::MAX), network(u64::MAX - 1)].concat()
        };
        let short = Guard::from_toml(&text(200), Chain::Evm).unwrap();
        assert!(short.to_toml().len() <= MAX_TEXT);
        assert!(text(350).len() <= MAX_TEXT, "it came by the socket");
        let error = Guard::from_toml(&text(350), Chain::Evm).unwrap_err();
        assert!(matches!(error, GuardError::TooLong), "{error}");
    }

    #[test]
    fn a_solana_guard_has_one_scope() {
        let text = "[network.solana.native]\nimmediate = { per_day = \"2\" }";
        assert!(Guard::from_toml(text, Chain::Solana).is_ok());
        let text = "[network.\"eip155:1\"]\nopen = true";
        assert!(Guard::from_toml(text, Chain::Solana).is_err());
    }
}

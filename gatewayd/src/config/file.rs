//! The settings file: TOML, every key known, every error with its line.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::path::Path;

use primitives::{Amount, ChainId, Environment, NativeCoin, Network, TierCeilings};
use serde::de::value::SeqAccessDeserializer;
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use toml::Spanned;

use super::prices::PricesTable;
use super::{
    Commitment, ConfigError, Daemon, Limits, Metrics, Prices, Sessions, Settings, Transactions,
};
use crate::net::{Endpoint, EndpointError};
use crate::networks::Networks;

/// Keys of `[rpc]` in settings of other programs of this kind: Solana's WebSocket addresses, which
/// polling does without, and the XRP Ledger, which is not served.
const UNUSED_RPC_KEYS: [&str; 5] =
    ["solana_ws_devnet", "solana_ws_mainnet", "xrpl_devnet", "xrpl_mainnet", "xrpl_testnet"];

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct File {
    daemon: Daemon,
    limits: Limits,
    transactions: Transactions,
    sessions: Sessions,
    metrics: Metrics,
    prices: Option<Spanned<PricesTable>>,
    rpc: BTreeMap<Spanned<String>, OneOrMore>,
    commitment: BTreeMap<Spanned<String>, Commitment>,
    networks: Vec<Spanned<NetworkTable>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NetworkTable {
    name: String,
    chain_id: ChainId,
    environment: Environment,
    native: NativeTable,
    rpc: OneOrMore,
    tiers: Option<TiersTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NativeTable {
    symbol: String,
    name: String,
    decimals: u8,
}

/// Ceilings in coins, such as `"0.05"`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TiersTable {
    instant: String,
    notify: String,
    delay: String,
}

/// A text, or a list of texts.
struct OneOrMore(Vec<String>);

/// A part of the file, in bytes, and what is wrong with it.
struct Fault {
    span: Range<usize>,
    reason: String,
}

/// The settings that `text`, which is the content of `path`, describes.
pub(super) fn parse(path: &Path, text: &str) -> Result<Settings, ConfigError> {
    read(text).map_err(|fault| ConfigError::Line {
        path: path.to_owned(),
        line: line_of(text, fault.span.start),
        reason: fault.reason,
    })
}

/// True for a key of `[rpc]` that is known and not used.
pub(super) fn is_unused_rpc_key(key: &str) -> bool {
    UNUSED_RPC_KEYS.contains(&key)
}

fn read(text: &str) -> Result<Settings, Fault> {
    let file: File = toml::from_str(text).map_err(|error| Fault {
        span: error.span().unwrap_or_default(),
        reason: error.message().to_owned(),
    })?;
    let mut networks = Networks::builtin();
    for table in file.networks {
        let span = table.span();
        add_network(&mut networks, table.into_inner()).map_err(|reason| Fault { span, reason })?;
    }
    let mut ignored = Vec::new();
    for (key, texts) in file.rpc {
        let span = key.span();
        if is_unused_rpc_key(key.get_ref()) {
            ignored.push(format!("[rpc] {}", key.get_ref()));
        } else {
            set_endpoints(&mut networks, key.get_ref(), texts)
                .map_err(|reason| Fault { span, reason })?;
        }
    }
    for (key, commitment) in file.commitment {
        if !networks.set_commitment(key.get_ref(), commitment) {
            let reason = format!("[commitment] {} names no Solana network", key.get_ref());
            return Err(Fault { span: key.span(), reason });
        }
    }
    let prices = match file.prices {
        Some(table) => {
            let span = table.span();
            table.into_inner().check().map_err(|reason| Fault { span, reason })?
        }
        None => Prices::default(),
    };
    let File { daemon, limits, transactions, sessions, metrics, .. } = file;
    Ok(Settings { daemon, limits, transactions, sessions, metrics, prices, networks, ignored })
}

fn add_network(networks: &mut Networks, table: NetworkTable) -> Result<(), String> {
    let NativeTable { symbol, name, decimals } = table.native;
    let native = NativeCoin { symbol: symbol.into(), name: name.into(), decimals };
    let default_tiers = match table.tiers {
        Some(tiers) => ceilings(&tiers, decimals)?,
        None => TierCeilings::ZERO,
    };
    let network = Network {
        name: table.name.into(),
        chain_id: table.chain_id,
        environment: table.environment,
        native,
        default_tiers,
    };
    networks.add(network, endpoints(table.rpc)?).map_err(|error| error.to_string())
}

fn set_endpoints(networks: &mut Networks, key: &str, texts: OneOrMore) -> Result<(), String> {
    match networks.set_endpoints(key, endpoints(texts)?) {
        Ok(true) => Ok(()),
        Ok(false) => Err(format!("[rpc] {key} names no network that is known")),
        Err(error) => Err(error.to_string()),
    }
}

fn endpoints(texts: OneOrMore) -> Result<Vec<Endpoint>, String> {
    let parse = |text: &String| text.parse().map_err(|error: EndpointError| error.to_string());
    texts.0.iter().map(parse).collect()
}

fn ceilings(tiers: &TiersTable, decimals: u8) -> Result<TierCeilings, String> {
    let read = |name: &str, text: &str| {
        Amount::from_units(text, decimals).map_err(|error| format!("tiers.{name}: {error}"))
    };
    let instant = read("instant", &tiers.instant)?;
    let notify = read("notify", &tiers.notify)?;
    let delay = read("delay", &tiers.delay)?;
    if instant <= notify && notify <= delay {
        Ok(TierCeilings { instant, notify, delay })
    } else {
        Err("tiers: instant is at most notify, and notify at most delay".to_owned())
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().get(..offset).unwrap_or(text.as_bytes());
    before.split(|byte| *byte == b'\n').count()
}

impl<'de> Deserialize<'de> for OneOrMore {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneOrMoreVisitor)
    }
}

struct OneOrMoreVisitor;

impl<'de> Visitor<'de> for OneOrMoreVisitor {
    type Value = OneOrMore;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a URL or a list of URLs")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<OneOrMore, E> {
        Ok(OneOrMore(vec![text.to_owned()]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<OneOrMore, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(list)).map(OneOrMore)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::Finality;
    use crate::config::LogLevel;

    const NETWORK: &str = r#"
        [[networks]]
        name = "linea-mainnet"
        chain_id = "eip155:59144"
        environment = "mainnet"
        native = { symbol = "ETH", name = "Ether", decimals = 18 }
        rpc = "https://rpc.linea.build"
    "#;

    fn parsed(text: &str) -> Result<Settings, String> {
        parse(Path::new("gatewayd.toml"), text).map_err(|error| error.to_string())
    }

    #[test]
    fn an_empty_file_means_the_defaults() {
        let settings = parsed("").unwrap();
        assert_eq!(settings, Settings::default());
        assert_eq!(settings.daemon.port, 3100);
        assert_eq!(settings.daemon.hostname.address().to_string(), "127.0.0.1");
    }

    #[test]
    fn what_is_set_is_read() {
        let settings = parsed(
            r#"
            [daemon]
            port = 4100
            hostname = "localhost"
            log_level = "warn"
            shutdown_timeout = 5
            [limits]
            connections = 8
            sends_per_minute = 10
            owner_claims_per_minute = 7
            [transactions]
            evm_confirmations = 12
            evm_finality = "safe"
            [rpc]
            solana_devnet = "http://127.0.0.1:8899"
            evm_base_mainnet = ["https://a.example.org", "https://b.example.org"]
            solana_ws_devnet = "wss://api.devnet.solana.com"
            [commitment]
            solana_mainnet = "finalized"
            solana_testnet = "confirmed"
            "#,
        )
        .unwrap();
        assert_eq!((settings.daemon.port, settings.daemon.log_level), (4100, LogLevel::Warn));
        assert_eq!(settings.daemon.shutdown_timeout, Duration::from_secs(5));
        assert_eq!(settings.limits.connections.get(), 8);
        assert_eq!(settings.limits.sends_per_minute.get(), 10);
        assert_eq!(settings.limits.owner_claims_per_minute.get(), 7);
        assert_eq!(settings.limits.requests_per_minute.get(), 6_000);
        assert_eq!(settings.transactions.evm_confirmations.get(), 12);
        assert_eq!(settings.transactions.evm_finality, Finality::Safe);
        assert_eq!(settings.networks.endpoints("solana-devnet").len(), 1);
        assert_eq!(settings.networks.endpoints("base-mainnet").len(), 2);
        assert_eq!(settings.ignored, ["[rpc] solana_ws_devnet"]);
        let commitment = |network| settings.networks.commitment(network);
        assert_eq!(commitment("solana-mainnet"), Commitment::Finalized);
        assert_eq!(commitment("solana-testnet"), Commitment::Confirmed);
        assert_eq!(commitment("solana-devnet"), Commitment::Confirmed);
    }

    #[test]
    fn a_network_of_the_settings_is_known_from_then_on() {
        let settings = parsed(NETWORK).unwrap();
        let network = settings.networks.find("eip155:59144").unwrap();
        assert_eq!(network.name, "linea-mainnet");
        assert_eq!(network.default_tiers, TierCeilings::ZERO);
        assert_eq!(settings.networks.endpoints("linea-mainnet").len(), 1);

        let tiers = r#"tiers = { instant = "0.005", notify = "0.05", delay = "0.25" }"#;
        let settings = parsed(&format!("{NETWORK}{tiers}")).unwrap();
        let network = settings.networks.find("linea-mainnet").unwrap();
        assert_eq!(network.default_tiers.delay.to_units(18), "0.25");
    }

    #[test]
    fn the_rpc_table_reaches_networks_of_the_settings_too() {
        let text = format!("[rpc]\nevm_linea_mainnet = ['http://a', 'http://b']\n{NETWORK}");
        let settings = parsed(&text).unwrap();
        assert_eq!(settings.networks.endpoints("linea-mainnet").len(), 2);
    }

    #[test]
    fn a_mistake_is_named_with_its_line() {
        for (text, line, reason) in [
            ("[daemon]\nprot = 1", 2, "unknown field `prot`"),
            ("[demon]", 1, "unknown field `demon`"),
            ("\n\n[daemon", 3, "unclosed table"),
            ("[daemon]\nport = 65536", 2, "invalid value: integer `65536`"),
            ("[daemon]\nport = '1'", 2, "invalid type: string"),
            ("[daemon]\nlog_level = 'loud'", 2, "log_level is one of"),
            ("[daemon]\nshutdown_timeout = 601", 2, "shutdown_timeout is 1 to 600"),
            ("[daemon]\n\nhostname = '0.0.0.0'", 3, "hostname must be an address of this machine"),
            (
                "[daemon]\nhostname = 'example.org'",
                2,
                "hostname must be an address of this machine",
            ),
            ("[limits]\nconnections = 0", 2, "invalid value: integer `0`"),
            ("[rpc]\nevm_nowhere = 'http://a'", 2, "[rpc] evm_nowhere names no network"),
            ("[rpc]\nsolana_devnet = 7", 2, "invalid type: integer `7`, expected a URL"),
            ("[rpc]\nsolana_devnet = []", 2, "name at least one RPC endpoint"),
            ("[rpc]\nsolana_devnet = 'wss://a'", 2, "an RPC endpoint is spoken to over"),
            ("[[networks]]\nname = 'x'", 1, "missing field"),
            ("[commitment]\nsolana_mainnet = 'processed'", 2, "a commitment is \"confirmed\" or"),
            (
                "[commitment]\nevm_base_mainnet = 'finalized'",
                2,
                "[commitment] evm_base_mainnet names",
            ),
            (
                "[commitment]\nsolana = 'finalized'",
                2,
                "[commitment] solana names no Solana network",
            ),
        ] {
            let error = parsed(text).unwrap_err();
            assert!(
                error.starts_with(&format!("gatewayd.toml:{line}: {reason}")),
                "{text}: {error}"
            );
        }
    }

    #[test]
    fn a_badly_described_network_is_refused() {
        for (from, to, reason) in [
            ("linea-mainnet", "ethereum-mainnet", "there is a network ethereum-mainnet already"),
            ("59144", "1", "eip155:1 is the network ethereum-mainnet already"),
            ("59144", "0", "not a CAIP-2 network"),
            ("\"mainnet\"", "\"production\"", "expected mainnet or testnet"),
            ("decimals = 18", "decimals = 37", "the coin's symbol"),
            ("rpc =", "rcp =", "unknown field `rcp`"),
            ("rpc =", "tiers = { instant = '2', notify = '1', delay = '3' }\nrpc =", "tiers:"),
            ("rpc =", "tiers = { instant = '-2', notify = '1', delay = '3' }\nrpc =", "tiers.inst"),
        ] {
            let error = parsed(&NETWORK.replacen(from, to, 1)).unwrap_err();
            assert!(error.contains(reason), "{to}: {error}");
        }
    }
}

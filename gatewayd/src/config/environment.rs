//! Environment names, which go above the file.
//!
//! `WAIAAS_DAEMON_<KEY>` is the key of `[daemon]` in upper case, `WAIAAS_RPC_<KEY>` that of `[rpc]`,
//! with one URL or several separated by commas. Names under these two prefixes that mean nothing
//! are refused, as a misspelt key of the file is; other names are not read here.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Display;
use std::str::FromStr;

use super::{ConfigError, Daemon, Settings, file, wait_from_seconds};
use crate::net::{Endpoint, EndpointError};

const DAEMON: &str = "WAIAAS_DAEMON_";
const RPC: &str = "WAIAAS_RPC_";

/// The part of the process's environment that sets something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProcessEnvironment(BTreeMap<String, OsString>);

impl ProcessEnvironment {
    /// What this process was started with.
    pub fn of_this_process() -> Self {
        Self::from_pairs(std::env::vars_os())
    }

    /// An environment of these names and values.
    pub fn from_pairs(
        pairs: impl IntoIterator<Item = (impl Into<OsString>, impl Into<OsString>)>,
    ) -> Self {
        let ours = pairs.into_iter().filter_map(|(name, value)| {
            let name = name.into().into_string().ok()?;
            (name.starts_with(DAEMON) || name.starts_with(RPC)).then(|| (name, value.into()))
        });
        Self(ours.collect())
    }
}

/// Puts `environment` above `settings`.
pub(super) fn overlay(
    settings: &mut Settings,
    environment: &ProcessEnvironment,
) -> Result<(), ConfigError> {
    for (name, value) in &environment.0 {
        let wrong = |reason| ConfigError::Variable { name: name.clone(), reason };
        let text = value.to_str().ok_or_else(|| wrong("is not UTF-8".to_owned()))?;
        if let Some(key) = name.strip_prefix(DAEMON) {
            set_daemon(&mut settings.daemon, key, text).map_err(wrong)?;
        } else if let Some(key) = name.strip_prefix(RPC) {
            set_rpc(settings, key, text).map_err(wrong)?;
        }
    }
    Ok(())
}

fn set_daemon(daemon: &mut Daemon, key: &str, text: &str) -> Result<(), String> {
    match key {
        "PORT" => daemon.port = read(text)?,
        "HOSTNAME" => daemon.hostname = read(text)?,
        "LOG_LEVEL" => daemon.log_level = read(text)?,
        "SHUTDOWN_TIMEOUT" => daemon.shutdown_timeout = wait_from_seconds(read(text)?)?,
        _ => return Err("names no setting of [daemon]".to_owned()),
    }
    Ok(())
}

fn set_rpc(settings: &mut Settings, key: &str, text: &str) -> Result<(), String> {
    let key = key.to_ascii_lowercase();
    if file::is_unused_rpc_key(&key) {
        settings.ignored.push(format!("{RPC}{}", key.to_ascii_uppercase()));
        return Ok(());
    }
    let endpoints: Result<Vec<Endpoint>, EndpointError> =
        text.split(',').map(|text| text.trim().parse()).collect();
    let endpoints = endpoints.map_err(|error| error.to_string())?;
    match settings.networks.set_endpoints(&key, endpoints) {
        Ok(true) => Ok(()),
        Ok(false) => Err("names no network that is known".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn read<T: FromStr<Err: Display>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: T::Err| error.to_string())
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt;
    use std::time::Duration;

    use super::*;
    use crate::config::LogLevel;

    fn overlaid(pairs: &[(&str, &str)]) -> Result<Settings, String> {
        let mut settings = Settings::default();
        let environment = ProcessEnvironment::from_pairs(pairs.iter().copied());
        overlay(&mut settings, &environment).map_err(|error| error.to_string())?;
        Ok(settings)
    }

    #[test]
    fn the_environment_goes_above_the_file() {
        let settings = overlaid(&[
            ("WAIAAS_DAEMON_PORT", "4100"),
            ("WAIAAS_DAEMON_HOSTNAME", "::1"),
            ("WAIAAS_DAEMON_LOG_LEVEL", "debug"),
            ("WAIAAS_DAEMON_SHUTDOWN_TIMEOUT", "5"),
            ("WAIAAS_RPC_EVM_ETHEREUM_SEPOLIA", "http://127.0.0.1:8545"),
            ("WAIAAS_RPC_SOLANA_DEVNET", "http://127.0.0.1:8899, https://b.example.org"),
            ("WAIAAS_MASTER_PASSWORD", "is not read here"),
            ("PATH", "/bin"),
        ])
        .unwrap();
        assert_eq!(settings.daemon.port, 4100);
        assert_eq!(settings.daemon.hostname.address().to_string(), "::1");
        assert_eq!(settings.daemon.log_level, LogLevel::Debug);
        assert_eq!(settings.daemon.shutdown_timeout, Duration::from_secs(5));
        let origins = |network| {
            let endpoints = settings.networks.endpoints(network).iter();
            endpoints.map(Endpoint::origin).collect::<Vec<_>>()
        };
        assert_eq!(origins("ethereum-sepolia"), ["http://127.0.0.1:8545"]);
        assert_eq!(origins("solana-devnet"), ["http://127.0.0.1:8899", "https://b.example.org"]);
    }

    #[test]
    fn what_means_nothing_is_refused_by_name() {
        for (name, value, reason) in [
            ("WAIAAS_DAEMON_PORT", "65536", "number too large to fit in target type"),
            ("WAIAAS_DAEMON_PORT", "", "cannot parse integer from empty string"),
            ("WAIAAS_DAEMON_SHUTDOWN_TIMEOUT", "0", "shutdown_timeout is 1 to 600 seconds"),
            ("WAIAAS_DAEMON_HOSTNMAE", "127.0.0.1", "names no setting of [daemon]"),
            ("WAIAAS_RPC_ETHEREUM_MAINNET", "http://a", "names no network that is known"),
            ("WAIAAS_RPC_SOLANA_DEVNET", "wss://a", "an RPC endpoint is spoken to over"),
            ("WAIAAS_RPC_SOLANA_DEVNET", "", "not a URL such as"),
            ("WAIAAS_RPC_SOLANA_DEVNET", "http://a,,http://b", "not a URL such as"),
        ] {
            let error = overlaid(&[(name, value)]).unwrap_err();
            assert!(
                error.starts_with(&format!("environment variable {name}: {reason}")),
                "{error}"
            );
        }
        let hostname = overlaid(&[("WAIAAS_DAEMON_HOSTNAME", "0.0.0.0")]).unwrap_err();
        assert!(hostname.contains("hostname must be an address of this machine's loopback"));
    }

    #[test]
    fn names_of_chains_that_are_not_served_are_ignored_aloud() {
        let settings = overlaid(&[("WAIAAS_RPC_XRPL_MAINNET", "wss://xrplcluster.com")]).unwrap();
        assert_eq!(settings.ignored, ["WAIAAS_RPC_XRPL_MAINNET"]);
    }

    #[test]
    fn a_value_that_is_not_text_is_refused_without_being_shown() {
        let value = OsString::from_vec(vec![0xff]);
        let environment = ProcessEnvironment::from_pairs([("WAIAAS_DAEMON_PORT", value)]);
        let error = overlay(&mut Settings::default(), &environment).unwrap_err();
        assert_eq!(error.to_string(), "environment variable WAIAAS_DAEMON_PORT: is not UTF-8");
    }
}

//! Where gatewayd will listen, as far as its settings say; gatewayd itself judges them.

use std::ffi::OsString;

use serde::Deserialize;

use crate::environment::Environment;
use crate::files;
use crate::place::DataDir;

/// The longest settings that are read, in bytes.
const MAX_SETTINGS: usize = 1024 * 1024;

#[derive(Debug, Deserialize)]
struct File {
    #[serde(default)]
    daemon: Daemon,
}

#[derive(Debug, Deserialize)]
#[serde(default)]
struct Daemon {
    port: u16,
    hostname: String,
}

impl Default for Daemon {
    fn default() -> Self {
        Self { port: 3100, hostname: "127.0.0.1".to_owned() }
    }
}

/// The address that clients on this machine use.
pub(super) fn base_url(data: &DataDir, environment: &Environment) -> String {
    let mut daemon = files::read(&data.gatewayd_settings(), MAX_SETTINGS)
        .ok()
        .and_then(|text| toml::from_slice::<File>(&text).ok())
        .map(|file| file.daemon)
        .unwrap_or_default();
    if let Some(port) = variable(environment, "WAIAAS_DAEMON_PORT").and_then(|it| it.parse().ok()) {
        daemon.port = port;
    }
    if let Some(hostname) = variable(environment, "WAIAAS_DAEMON_HOSTNAME") {
        hostname.clone_into(&mut daemon.hostname);
    }
    if daemon.hostname.contains(':') {
        format!("http://[{}]:{}", daemon.hostname, daemon.port)
    } else {
        format!("http://{}:{}", daemon.hostname, daemon.port)
    }
}

fn variable<'a>(environment: &'a Environment, name: &str) -> Option<&'a str> {
    let value = |(found, value): &'a (OsString, OsString)| (found == name).then_some(value);
    environment.for_gatewayd.iter().find_map(value)?.to_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_go_above_the_file_above_the_defaults() {
        let parent = tempfile::tempdir().unwrap();
        let data = DataDir::new(parent.path()).unwrap();
        let environment = Environment::default();
        assert_eq!(base_url(&data, &environment), "http://127.0.0.1:3100");
        let text =
            "[daemon]\nport = 4100\nhostname = \"::1\"\nlog_level = \"debug\"\n[rpc]\na = \"b\"\n";
        std::fs::write(data.gatewayd_settings(), text).unwrap();
        assert_eq!(base_url(&data, &environment), "http://[::1]:4100");
        let environment = Environment::from_variables([
            ("WAIAAS_DAEMON_PORT".into(), "5100".into()),
            ("WAIAAS_DAEMON_HOSTNAME".into(), "localhost".into()),
        ]);
        assert_eq!(base_url(&data, &environment), "http://localhost:5100");
    }
}

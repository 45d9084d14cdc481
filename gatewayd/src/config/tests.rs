//! The file, the environment above it, and what a running program takes over.

use super::*;

fn load(text: &str, environment: &[(&str, &str)]) -> Result<Settings, ConfigError> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    let environment = ProcessEnvironment::from_pairs(environment.iter().copied());
    Settings::load(&ConfigFile::Named(file.path().to_owned()), &environment)
}

#[test]
fn the_environment_goes_above_the_file_and_the_file_above_the_defaults() {
    let text = "[daemon]\nport = 4100\nlog_level = 'warn'\n[rpc]\nsolana_devnet = 'http://a'\n";
    let environment =
        [("WAIAAS_DAEMON_PORT", "5100"), ("WAIAAS_RPC_SOLANA_DEVNET", "http://127.0.0.1:8899")];
    let settings = load(text, &environment).unwrap();
    assert_eq!(settings.daemon.port, 5100);
    assert_eq!(settings.daemon.log_level, LogLevel::Warn);
    assert_eq!(settings.daemon.shutdown_timeout, Daemon::default().shutdown_timeout);
    let origin = settings.networks.endpoints("solana-devnet")[0].origin();
    assert_eq!(origin, "http://127.0.0.1:8899");
}

#[test]
fn a_mistake_stops_the_program_with_the_place_of_the_mistake() {
    let error = load("[daemon]\nport = 'x'\n", &[]).unwrap_err().to_string();
    assert!(error.contains(":2: invalid type"), "{error}");
    let error = load("", &[("WAIAAS_DAEMON_PORT", "x")]).unwrap_err().to_string();
    assert!(error.starts_with("environment variable WAIAAS_DAEMON_PORT: "), "{error}");
}

#[test]
fn what_needs_a_restart_is_named() {
    let running = load("", &[]).unwrap();
    let network = "[[networks]]\nname = 'x'\nchain_id = 'eip155:7'\nenvironment = 'testnet'\n\
                   native = { symbol = 'X', name = 'X', decimals = 18 }\nrpc = 'http://a'\n";
    for (text, expected) in [
        ("", &[][..]),
        ("[daemon]\nlog_level = 'debug'\n[limits]\nsends_per_minute = 1\n", &[]),
        ("[rpc]\nsolana_devnet = 'http://a'\n", &[]),
        ("[daemon]\nport = 1\nhostname = '::1'\n", &["[daemon] port", "[daemon] hostname"]),
        ("[daemon]\nshutdown_timeout = 1\n", &["[daemon] shutdown_timeout"]),
        ("[transactions]\nevm_confirmations = 2\n", &["[transactions]"]),
        ("[commitment]\nsolana_mainnet = 'confirmed'\n", &[]),
        ("[commitment]\nsolana_mainnet = 'finalized'\n", &["[commitment]"]),
        ("[sessions]\ntoken_secret = 'ephemeral'\n", &["[sessions]"]),
        ("[metrics]\nlisten = '127.0.0.1:9464'\n", &["[metrics]"]),
        ("[prices]\ncoingecko = true\n", &["[prices]"]),
        (network, &["[[networks]]"]),
    ] {
        assert_eq!(load(text, &[]).unwrap().needs_restart(&running), expected, "{text}");
    }
}

#[test]
fn only_this_machine_is_listened_on() {
    for (text, expected) in [
        ("127.0.0.1", Some("127.0.0.1")),
        ("127.0.0.2", Some("127.0.0.2")),
        ("::1", Some("::1")),
        ("localhost", Some("127.0.0.1")),
        ("0.0.0.0", None),
        ("::", None),
        ("192.168.1.1", None),
        ("::ffff:127.0.0.1", None),
        ("example.org", None),
        ("LOCALHOST", None),
        ("", None),
    ] {
        let address = text.parse::<Loopback>().map(|loopback| loopback.address().to_string());
        assert_eq!(address.ok().as_deref(), expected, "{text}");
    }
}

#[test]
fn metrics_are_told_to_this_machine_alone() {
    for (text, expected) in
        [("127.0.0.1:9464", Some("127.0.0.1:9464")), ("[::1]:9464", Some("[::1]:9464")), ("", None)]
    {
        let settings = load(&format!("[metrics]\nlisten = '{text}'\n"), &[]).unwrap();
        let listen = settings.metrics.listen.map(|address| address.to_string());
        assert_eq!(listen.as_deref(), expected, "{text}");
    }
    for refused in [
        "0.0.0.0:9464",
        "[::]:9464",
        "192.168.1.1:9464",
        "[::ffff:127.0.0.1]:9464",
        "localhost:9464",
        "127.0.0.1",
        "9464",
    ] {
        let error = load(&format!("[metrics]\nlisten = '{refused}'\n"), &[]).unwrap_err();
        let error = error.to_string();
        assert!(error.contains(":2: listen is an address"), "{refused}: {error}");
    }
}

#[test]
fn a_level_is_read_as_it_is_written() {
    for level in ["error", "warn", "info", "debug", "trace"] {
        assert_eq!(level.parse::<LogLevel>().map(|level| level.to_string()).as_deref(), Ok(level));
    }
    for other in ["", "INFO", "verbose", "3"] {
        assert_eq!(other.parse::<LogLevel>(), Err(UnknownLevel));
    }
}

/// The blocks of TOML in a document.
fn examples(document: &str) -> Vec<&str> {
    let starts = document.split("```toml\n").skip(1);
    starts.map(|rest| rest.split("```").next().unwrap_or_default()).collect()
}

#[test]
fn every_example_of_how_to_add_a_network_is_read() {
    let examples = examples(include_str!("../../../docs/networks.md"));
    assert_eq!(examples.len(), 5);
    for example in examples {
        assert!(load(example, &[]).is_ok(), "{example}");
    }
}

#[test]
fn the_documented_defaults_are_the_defaults() {
    let document = include_str!("../../../docs/settings.md");
    let [example, _of_signerd] = examples(document)[..] else { panic!("one of each program") };
    assert_eq!(load(example, &[]).unwrap(), Settings::default());
    let lines = |line: &&str| line.contains(" = ");
    assert_eq!(example.lines().filter(lines).count(), 27, "every key is in it");
}

//! Where things are and how the signer behaves: the command line and one TOML file, read once.
//! Nothing that weakens the signer is a key.

use std::ffi::OsString;
use std::io::Read;
use std::ops::RangeInclusive;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::unistd::geteuid;
use primitives::{BUILTIN, ChainId, Environment, NativeCoin, Network, TierCeilings};
use serde::Deserialize;

use crate::journal::SEGMENT_BYTES;
use crate::tpm;

/// What `--help` prints.
pub const USAGE: &str = "\
signerd: holds the keys of a wallet for AI agents and signs what its guard allows

Usage: signerd [--config FILE] [--state-dir DIR] [--runtime-dir DIR]

  --config FILE       settings in TOML    [/etc/waiaas/signerd.toml, if it is there]
  --state-dir DIR     vault and journal   [/var/lib/waiaas-signer]
  --runtime-dir DIR   sockets             [/run/waiaas]
  --version           print the version
  --help              print this

It takes no passphrase: `waiaasctl unlock` gives it over control.sock, or the credential
`waiaas-vault` of the service opens the vault (`waiaasctl unattended`).
Exit status: 0 stopped by a signal, 1 failed while running, 2 wrong command line,
78 wrong settings, unusable directory or missing sandbox layer (restarting does not help).
";

/// Networks that can be added: a new wallet's guard names them all, and has to fit in a record.
const MAX_NETWORKS: usize = 256;

/// A segment is written on again and again, and read at a start as a whole.
const SEGMENT_RANGE: RangeInclusive<u64> = 4096..=1024 * 1024 * 1024;

const DEFAULT_CONFIG: &str = "/etc/waiaas/signerd.toml";

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Command {
    /// Serve.
    Run(Arguments),
    /// Print [`USAGE`].
    Help,
    /// Print the version.
    Version,
}

/// Paths from the command line.
#[derive(Debug, PartialEq, Eq)]
pub struct Arguments {
    config: Option<PathBuf>,
    /// Vault and journal.
    pub state_dir: PathBuf,
    /// Sockets.
    pub runtime_dir: PathBuf,
}

/// What the file says.
#[derive(Debug, PartialEq, Eq)]
pub struct Settings {
    /// Seconds without a signature or a new key after which the vault locks itself; 0 for never.
    pub idle_lock_seconds: u32,
    /// Seconds without an operator after which signing is suspended (the dead man's switch); 0 for
    /// never.
    pub dead_man_seconds: u32,
    /// From which size on a segment of the journal is ended, in bytes.
    pub journal_segment_bytes: u64,
    /// A file elsewhere that knows how far the journal came.
    pub witness: Option<PathBuf>,
    /// A TPM with a counter that goes up with the journal: its device, or its socket.
    pub witness_tpm: Option<PathBuf>,
    /// Where in the TPM the counter is: an NV index of the owner.
    pub witness_tpm_index: u32,
    /// Networks with built-in and added ones.
    pub networks: Vec<Network>,
}

/// Why the command line or the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The command line is wrong.
    #[error("{0}; see signerd --help")]
    CommandLine(String),
    /// The file cannot be read.
    #[error("{path}: {source}")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not in the right hands.
    #[error("{path}: others can change it; chown it to root and chmod go-w")]
    Foreign {
        /// Which file.
        path: PathBuf,
    },
    /// The file is not what it should be; says line and column.
    #[error("{path}: {reason}")]
    Invalid {
        /// Which file.
        path: PathBuf,
        /// What is wrong and where.
        reason: String,
    },
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    idle_lock_seconds: u32,
    #[serde(default)]
    dead_man_seconds: u32,
    journal_segment_bytes: Option<u64>,
    witness: Option<PathBuf>,
    witness_tpm: Option<PathBuf>,
    witness_tpm_index: Option<u32>,
    #[serde(default)]
    networks: Vec<NetworkToml>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NetworkToml {
    name: String,
    chain_id: ChainId,
    environment: Environment,
    native: NativeToml,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NativeToml {
    symbol: String,
    name: String,
    decimals: u8,
}

/// Where the service manager put the credentials of this service (`systemd.exec(5)`), if it did.
#[expect(clippy::disallowed_methods, reason = "this is the module that reads the environment")]
pub fn credentials_directory() -> Option<PathBuf> {
    std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from)
}

/// The names of the sockets that the service manager handed over (`sd_listen_fds(3)`), if it did.
#[expect(clippy::disallowed_methods, reason = "this is the module that reads the environment")]
pub fn socket_names() -> Option<String> {
    std::env::var("LISTEN_FDNAMES").ok()
}

/// What the service manager wants to hear, from its environment (`sd_notify(3)`,
/// `sd_watchdog_enabled(3)`).
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Notices {
    /// Where it listens: a path, or the name of an abstract socket behind an `@`.
    pub socket: Option<OsString>,
    /// After how long without a word it takes this process for dead.
    pub watchdog: Option<Duration>,
}

impl Notices {
    /// What the environment says.
    #[expect(clippy::disallowed_methods, reason = "this is the module that reads the environment")]
    pub fn from_environment() -> Self {
        let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
        let is_ours = number("WATCHDOG_PID").is_none_or(|pid| pid == u64::from(std::process::id()));
        let watchdog = number("WATCHDOG_USEC").filter(|usec| is_ours && *usec > 0);
        Self {
            socket: std::env::var_os("NOTIFY_SOCKET"),
            watchdog: watchdog.map(Duration::from_micros),
        }
    }
}

/// Reads the command line, without the program's name.
///
/// # Errors
/// When an option is unknown, repeated, or has no value.
pub fn parse_command_line(
    arguments: impl IntoIterator<Item = OsString>,
) -> Result<Command, ConfigError> {
    let mut arguments = arguments.into_iter();
    let (mut config, mut state_dir, mut runtime_dir) = (None, None, None);
    while let Some(option) = arguments.next() {
        let place = match option.to_str() {
            Some("--help") => return Ok(Command::Help),
            Some("--version") => return Ok(Command::Version),
            Some("--config") => &mut config,
            Some("--state-dir") => &mut state_dir,
            Some("--runtime-dir") => &mut runtime_dir,
            _ => return Err(wrong("unknown option", &option)),
        };
        let value = arguments.next().ok_or_else(|| wrong("a value is missing after", &option))?;
        if place.replace(PathBuf::from(value)).is_some() {
            return Err(wrong("given twice:", &option));
        }
    }
    Ok(Command::Run(Arguments {
        config,
        state_dir: state_dir.unwrap_or_else(|| "/var/lib/waiaas-signer".into()),
        runtime_dir: runtime_dir.unwrap_or_else(|| "/run/waiaas".into()),
    }))
}

fn wrong(what: &str, option: &OsString) -> ConfigError {
    ConfigError::CommandLine(format!("{what} {}", option.display()))
}

impl Arguments {
    /// Reads the settings file. Without `--config`, a missing file means the defaults.
    ///
    /// # Errors
    /// When the file cannot be read or something in it is unknown or impossible.
    pub fn read_settings(&self) -> Result<Settings, ConfigError> {
        let path = self.config.as_deref().unwrap_or(Path::new(DEFAULT_CONFIG));
        match std::fs::File::open(path) {
            Ok(file) => read_file(file, path),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && self.config.is_none() => {
                Ok(Settings::default())
            }
            Err(source) => Err(ConfigError::Unreadable { path: path.to_owned(), source }),
        }
    }
}

/// In one line, as the log is read by lines.
fn explain(error: &toml::de::Error, text: &str) -> String {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let line = before.matches('\n').count().saturating_add(1);
    format!("line {line}: {}", error.message().replace('\n', " "))
}

/// Who can change the settings could take the dead man's switch away.
fn read_file(mut file: std::fs::File, path: &Path) -> Result<Settings, ConfigError> {
    let unreadable = |source| ConfigError::Unreadable { path: path.to_owned(), source };
    let found = file.metadata().map_err(unreadable)?;
    let is_trusted = found.uid() == 0 || found.uid() == geteuid().as_raw();
    if !is_trusted || found.mode() & 0o022 != 0 {
        return Err(ConfigError::Foreign { path: path.to_owned() });
    }
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(unreadable)?;
    Settings::from_toml(&text)
        .map_err(|reason| ConfigError::Invalid { path: path.to_owned(), reason })
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            idle_lock_seconds: 0,
            dead_man_seconds: 0,
            journal_segment_bytes: SEGMENT_BYTES,
            witness: None,
            witness_tpm: None,
            witness_tpm_index: tpm::INDEX,
            networks: BUILTIN.to_vec(),
        }
    }
}

impl Settings {
    fn from_toml(text: &str) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|error| explain(&error, text))?;
        if file.networks.len() > MAX_NETWORKS {
            return Err(format!("more than {MAX_NETWORKS} networks"));
        }
        let File {
            idle_lock_seconds,
            dead_man_seconds,
            journal_segment_bytes,
            witness,
            witness_tpm,
            witness_tpm_index,
            networks: added,
        } = file;
        let journal_segment_bytes = journal_segment_bytes.unwrap_or(SEGMENT_BYTES);
        if !SEGMENT_RANGE.contains(&journal_segment_bytes) {
            let (least, most) = (SEGMENT_RANGE.start(), SEGMENT_RANGE.end());
            return Err(format!("journal_segment_bytes must be from {least} to {most}"));
        }
        for (key, path) in [("witness", &witness), ("witness_tpm", &witness_tpm)] {
            if path.as_ref().is_some_and(|path| path.is_relative()) {
                return Err(format!("{key} must be a whole path, from / on"));
            }
        }
        let witness_tpm_index = witness_tpm_index.unwrap_or(tpm::INDEX);
        if !tpm::OWNERS.contains(&witness_tpm_index) {
            let (first, last) = (tpm::OWNERS.start(), tpm::OWNERS.end());
            return Err(format!("witness_tpm_index must be from {first:#010x} to {last:#010x}"));
        }
        let mut settings = Self {
            idle_lock_seconds,
            dead_man_seconds,
            journal_segment_bytes,
            witness,
            witness_tpm,
            witness_tpm_index,
            networks: BUILTIN.to_vec(),
        };
        for network in added {
            let known =
                |known: &Network| known.chain_id == network.chain_id || known.name == network.name;
            if settings.networks.iter().any(known) {
                return Err(format!(
                    "network {} ({}) is known already",
                    network.name, network.chain_id
                ));
            }
            settings.networks.push(network.into());
        }
        Ok(settings)
    }
}

/// An added network has no ceilings of its own: on one with coins of worth nothing leaves until the
/// operator writes them into a guard.
impl From<NetworkToml> for Network {
    fn from(network: NetworkToml) -> Self {
        Self {
            name: network.name.into(),
            chain_id: network.chain_id,
            environment: network.environment,
            native: NativeCoin {
                symbol: network.native.symbol.into(),
                name: network.native.name.into(),
                decimals: network.native.decimals,
            },
            default_tiers: TierCeilings::ZERO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Command, ConfigError> {
        parse_command_line(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn the_command_line_is_read_or_refused() {
        let run = |config: Option<&str>, state_dir: &str, runtime_dir: &str| {
            Command::Run(Arguments {
                config: config.map(PathBuf::from),
                state_dir: state_dir.into(),
                runtime_dir: runtime_dir.into(),
            })
        };
        let read = [
            ("", run(None, "/var/lib/waiaas-signer", "/run/waiaas")),
            ("--config a --runtime-dir b --state-dir c", run(Some("a"), "c", "b")),
            ("--version", Command::Version),
            ("--state-dir c --help", Command::Help),
        ];
        for (line, command) in read {
            assert_eq!(parse(line).unwrap(), command, "{line}");
        }
        for (line, reason) in [
            ("--passphrase x", "unknown option --passphrase"),
            ("extra", "unknown option extra"),
            ("--config", "a value is missing after --config"),
            ("--config a --config b", "given twice: --config"),
        ] {
            let error = parse(line).unwrap_err().to_string();
            assert!(error.starts_with(reason), "{line}: {error}");
        }
    }

    const LOCALNET: &str = r#"
[[networks]]
name = "anvil"
chain_id = "eip155:31337"
environment = "testnet"
native = { symbol = "ETH", name = "Ether", decimals = 18 }
"#;

    #[test]
    fn a_network_is_added_by_a_few_lines() {
        let settings = Settings::from_toml(LOCALNET).unwrap();
        assert_eq!(settings.networks.len(), BUILTIN.len() + 1);
        assert_eq!(settings.networks.last().unwrap().chain_id.to_string(), "eip155:31337");
    }

    #[test]
    fn the_guard_of_a_new_wallet_fits_however_many_networks_were_added() {
        let network = |id: u64| {
            let name = LOCALNET.replace("anvil", &format!("net{id}"));
            name.replace("31337", &(u64::MAX - id).to_string()).replace("testnet", "mainnet")
        };
        let text = |count| (0..count).map(network).collect::<String>();
        let settings = Settings::from_toml(&text(256)).unwrap();
        let networks: Vec<_> = settings.networks.iter().collect();
        let guard = crate::guard::Guard::default_for(Environment::Mainnet, &networks).to_toml();
        assert!(guard.len() < protocol::wire::MAX_TEXT);
        assert!(Settings::from_toml(&text(257)).is_err());
    }

    #[test]
    fn settings_that_are_unknown_or_double_are_refused() {
        for (text, reason) in [
            ("idle_lock = 5", "unknown field `idle_lock`"),
            ("idle_lock_seconds = -1", "invalid value"),
            ("witness = \"witness\"", "witness must be a whole path"),
            ("witness_tpm = \"tpmrm0\"", "witness_tpm must be a whole path"),
            ("witness_tpm_index = 0x017fffff", "0x01800000 to 0x01bfffff"),
            ("witness_tpm_index = 0x01c00000", "0x01800000 to 0x01bfffff"),
            ("journal_segment_bytes = 4095", "from 4096 to 1073741824"),
            ("journal_segment_bytes = 1073741825", "from 4096 to 1073741824"),
            (&format!("{LOCALNET}{LOCALNET}"), "known already"),
            (&LOCALNET.replace("31337", "1"), "known already"),
            (&LOCALNET.replace("eip155:31337", "31337"), "CAIP-2"),
        ] {
            let error = Settings::from_toml(text).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn a_counter_has_the_places_that_a_tpm_leaves_to_its_owner() {
        for index in [0x0180_0000, tpm::INDEX, 0x01bf_ffff] {
            let text = format!("witness_tpm = \"/dev/tpmrm0\"\nwitness_tpm_index = {index:#x}");
            let settings = Settings::from_toml(&text).unwrap();
            assert_eq!(settings.witness_tpm.as_deref(), Some(Path::new("/dev/tpmrm0")));
            assert_eq!(settings.witness_tpm_index, index);
        }
    }

    #[test]
    fn the_documented_defaults_are_the_defaults() {
        let document = include_str!("../../docs/settings.md");
        let of_signerd = document.split("```toml").nth(2).unwrap();
        let (example, _rest) = of_signerd.split_once("```").unwrap();
        assert_eq!(Settings::from_toml(example).unwrap(), Settings::default());
    }
}

//! Settings: the file, the environment names that go above it, and the command line. Read once at
//! start, and again on `SIGHUP`.

mod arguments;
mod environment;
mod file;
mod prices;
#[cfg(test)]
mod tests;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer};

pub use arguments::{ArgumentError, Arguments, ConfigFile, Invocation, USAGE};
pub use environment::ProcessEnvironment;
pub use prices::{ApiKey, Oracle, Prices};

use crate::networks::Networks;

/// Everything that can be set, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `[daemon]`: where it listens, what it logs, how it ends.
    pub daemon: Daemon,
    /// `[limits]`: what one client may take.
    pub limits: Limits,
    /// `[transactions]`: when a transaction is final.
    pub transactions: Transactions,
    /// `[sessions]`: what their tokens are made with, and when the trail tells of one.
    pub sessions: Sessions,
    /// `[metrics]`: where they can be read besides.
    pub metrics: Metrics,
    /// `[prices]`: who is asked what things are worth.
    pub prices: Prices,
    /// `[[networks]]`, `[rpc]` and `[commitment]` on top of the built-in networks.
    pub networks: Networks,
    /// Keys and names that other programs of this kind read and this one does not use.
    pub ignored: Vec<String>,
}

/// `[daemon]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Daemon {
    /// The TCP port of the HTTP interface.
    pub port: u16,
    /// The address of the HTTP interface, which is this machine's own.
    pub hostname: Loopback,
    /// The least important lines that are logged.
    pub log_level: LogLevel,
    /// How long requests may still run after SIGTERM, in seconds.
    #[serde(deserialize_with = "seconds")]
    pub shutdown_timeout: Duration,
}

/// `[limits]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Open connections, of TCP and of the Unix socket each.
    pub connections: NonZeroUsize,
    /// Bytes of a request's body.
    pub body_bytes: NonZeroUsize,
    /// Requests that one session, or one address without a session, may make in a minute.
    pub requests_per_minute: NonZeroU32,
    /// Transactions that one session may ask for in a minute.
    pub sends_per_minute: NonZeroU32,
    /// What one address may have looked at in a minute of what owners are said to have signed.
    pub owner_claims_per_minute: NonZeroU32,
}

/// `[transactions]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Transactions {
    /// Blocks, the transaction's own counted, after which an EVM transaction is final.
    pub evm_confirmations: NonZeroU32,
    /// Which block of an EVM network has to be reached besides.
    pub evm_finality: Finality,
    /// How long an EVM transaction waits at the nodes before it is sent again with a higher fee.
    pub replace_after_seconds: NonZeroU32,
    /// How long after it ended an EVM transaction is looked for, should the chain take it back.
    pub look_back_seconds: NonZeroU32,
}

/// `[sessions]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sessions {
    /// Where the secret is that tokens are made with.
    pub token_secret: Keeping,
    /// Without a use of a session, until it is told of that, in seconds; 0 for never.
    pub idle_notice_seconds: u32,
}

impl Sessions {
    /// After how long without a use a session is told of.
    pub fn idle_after(&self) -> Option<Duration> {
        let after = Duration::from_secs(self.idle_notice_seconds.into());
        (!after.is_zero()).then_some(after)
    }
}

/// `[metrics]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Metrics {
    /// Where `GET /metrics` is answered to whoever asks; nowhere if absent.
    #[serde(deserialize_with = "metrics_address")]
    pub listen: Option<SocketAddr>,
}

/// How long something is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Keeping {
    /// In the database, through restarts.
    #[default]
    Persistent,
    /// In memory, until the program ends.
    Ephemeral,
}

/// A block tag of Ethereum's JSON-RPC, up to which a transaction counts as final.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Finality {
    /// The newest block.
    #[default]
    Latest,
    /// One that two thirds of the validators have voted for, or a rollup has posted.
    Safe,
    /// One that is taken back only if validators lose a third of all stake.
    Finalized,
}

/// How far a Solana transaction has to be to count as done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Commitment {
    /// Two thirds of the stake have voted for its block.
    #[default]
    Confirmed,
    /// 31 blocks that were voted for follow its block: nobody takes it back.
    Finalized,
}

/// What may change while the program runs; the rest needs a restart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reloadable {
    /// `[daemon] log_level`.
    pub log_level: LogLevel,
    /// `[limits]`.
    pub limits: Limits,
    /// The endpoints in `[rpc]` and `[[networks]]`. A new network needs a restart.
    pub networks: Networks,
}

/// An address of this machine that no other machine can reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Loopback(IpAddr);

/// How much is logged: the named kind of line and those above it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub enum LogLevel {
    /// Something did not work.
    Error,
    /// Something may stop working.
    Warn,
    /// What an operator wants to know.
    Info,
    /// What a developer wants to know; may hold what peers sent.
    Debug,
    /// Everything.
    Trace,
}

/// Why there are no settings.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{}: cannot be read", .path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// The file has more bytes than settings can have.
    #[error("{}: more than {limit} bytes, so these are no settings", .path.display())]
    TooLong {
        /// Which file.
        path: PathBuf,
        /// Bytes that are read at most.
        limit: u64,
    },
    /// A line of the file is not right.
    #[error("{}:{line}: {reason}", .path.display())]
    Line {
        /// Which file.
        path: PathBuf,
        /// Which line, from one.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// A value of the environment is not right.
    #[error("environment variable {name}: {reason}")]
    Variable {
        /// Its name.
        name: String,
        /// What is wrong with it; never its value.
        reason: String,
    },
}

/// The hostname is not an address of the loopback interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "hostname must be an address of this machine's loopback interface: 127.0.0.1, ::1 or \
     localhost. Other machines reach the gateway through a tunnel or a proxy that identifies them"
)]
pub struct NotLoopback;

/// Metrics would be told to other machines, or nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "listen is an address of this machine's loopback interface with a port, such as \
     \"127.0.0.1:9464\", or \"\" for none. Whoever reaches it reads what the gateway measures"
)]
pub struct NotLoopbackPort;

/// The word is not one of the levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("log_level is one of error, warn, info, debug, trace")]
pub struct UnknownLevel;

/// The word is no commitment that a payment may count by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a commitment is \"confirmed\" or \"finalized\"; what is only processed may not stay on the chain, \
     and a payment that counted by it could be asked for again"
)]
pub struct UnknownCommitment;

impl Settings {
    /// Reads the settings of `file`, puts those of `environment` above them, and checks all.
    ///
    /// # Errors
    /// When the file cannot be read, or a line of it or an environment variable is not right.
    pub fn load(file: &ConfigFile, environment: &ProcessEnvironment) -> Result<Self, ConfigError> {
        let mut settings = match file.read()? {
            Some(text) => file::parse(file.path(), &text)?,
            None => Self::default(),
        };
        environment::overlay(&mut settings, environment)?;
        Ok(settings)
    }

    /// The part that a running program takes over.
    pub fn reloadable(&self) -> Reloadable {
        Reloadable {
            log_level: self.daemon.log_level,
            limits: self.limits.clone(),
            networks: self.networks.clone(),
        }
    }

    /// What differs from `running` and only counts after a restart, in the words of the file.
    pub fn needs_restart(&self, running: &Self) -> Vec<&'static str> {
        let names = |settings: &Self| -> Vec<_> { settings.networks.iter().cloned().collect() };
        let settles_otherwise = running.networks.iter().any(|network| {
            let commitment = |settings: &Self| settings.networks.commitment(&network.name);
            commitment(self) != commitment(running)
        });
        let differences = [
            ("[daemon] port", self.daemon.port != running.daemon.port),
            ("[daemon] hostname", self.daemon.hostname != running.daemon.hostname),
            (
                "[daemon] shutdown_timeout",
                self.daemon.shutdown_timeout != running.daemon.shutdown_timeout,
            ),
            ("[transactions]", self.transactions != running.transactions),
            ("[commitment]", settles_otherwise),
            ("[sessions]", self.sessions != running.sessions),
            ("[metrics]", self.metrics != running.metrics),
            ("[prices]", self.prices != running.prices),
            ("[[networks]]", names(self) != names(running)),
        ];
        differences.iter().filter(|(_, differs)| *differs).map(|(name, _)| *name).collect()
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            daemon: Daemon::default(),
            limits: Limits::default(),
            transactions: Transactions::default(),
            sessions: Sessions::default(),
            metrics: Metrics::default(),
            prices: Prices::default(),
            networks: Networks::builtin(),
            ignored: Vec::new(),
        }
    }
}

impl Default for Daemon {
    fn default() -> Self {
        Self {
            port: 3100,
            hostname: Loopback(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            log_level: LogLevel::Info,
            shutdown_timeout: Duration::from_secs(30),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        const CONNECTIONS: NonZeroUsize = NonZeroUsize::new(512).expect("not zero");
        const BODY: NonZeroUsize = NonZeroUsize::new(1 << 20).expect("not zero");
        const REQUESTS: NonZeroU32 = NonZeroU32::new(6_000).expect("not zero");
        const SENDS: NonZeroU32 = NonZeroU32::new(1_200).expect("not zero");
        const CLAIMS: NonZeroU32 = NonZeroU32::new(120).expect("not zero");
        Self {
            connections: CONNECTIONS,
            body_bytes: BODY,
            requests_per_minute: REQUESTS,
            sends_per_minute: SENDS,
            owner_claims_per_minute: CLAIMS,
        }
    }
}

impl Default for Sessions {
    fn default() -> Self {
        Self { token_secret: Keeping::Persistent, idle_notice_seconds: 7 * 24 * 60 * 60 }
    }
}

impl Default for Transactions {
    fn default() -> Self {
        const REPLACE_AFTER: NonZeroU32 = NonZeroU32::new(180).expect("not zero");
        const LOOK_BACK: NonZeroU32 = NonZeroU32::new(7_200).expect("not zero");
        Self {
            evm_confirmations: NonZeroU32::MIN,
            evm_finality: Finality::Latest,
            replace_after_seconds: REPLACE_AFTER,
            look_back_seconds: LOOK_BACK,
        }
    }
}

impl Loopback {
    /// The address.
    pub const fn address(self) -> IpAddr {
        self.0
    }
}

impl FromStr for Loopback {
    type Err = NotLoopback;

    fn from_str(text: &str) -> Result<Self, NotLoopback> {
        if text == "localhost" {
            return Ok(Self(IpAddr::V4(Ipv4Addr::LOCALHOST)));
        }
        let address: IpAddr = text.parse().map_err(|_not_an_address| NotLoopback)?;
        if address.is_loopback() { Ok(Self(address)) } else { Err(NotLoopback) }
    }
}

impl TryFrom<String> for Loopback {
    type Error = NotLoopback;

    fn try_from(text: String) -> Result<Self, NotLoopback> {
        text.parse()
    }
}

impl TryFrom<String> for Commitment {
    type Error = UnknownCommitment;

    fn try_from(text: String) -> Result<Self, UnknownCommitment> {
        match text.as_str() {
            "confirmed" => Ok(Self::Confirmed),
            "finalized" => Ok(Self::Finalized),
            _ => Err(UnknownCommitment),
        }
    }
}

impl FromStr for LogLevel {
    type Err = UnknownLevel;

    fn from_str(text: &str) -> Result<Self, UnknownLevel> {
        let levels = [Self::Error, Self::Warn, Self::Info, Self::Debug, Self::Trace];
        levels.into_iter().find(|level| level.to_string() == text).ok_or(UnknownLevel)
    }
}

impl TryFrom<String> for LogLevel {
    type Error = UnknownLevel;

    fn try_from(text: String) -> Result<Self, UnknownLevel> {
        text.parse()
    }
}

impl fmt::Display for LogLevel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        })
    }
}

impl From<LogLevel> for tracing::Level {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Error => Self::ERROR,
            LogLevel::Warn => Self::WARN,
            LogLevel::Info => Self::INFO,
            LogLevel::Debug => Self::DEBUG,
            LogLevel::Trace => Self::TRACE,
        }
    }
}

fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    wait_from_seconds(u64::deserialize(deserializer)?).map_err(serde::de::Error::custom)
}

/// An address and a port of this machine; an empty text for none.
fn metrics_address<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<SocketAddr>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.is_empty() {
        return Ok(None);
    }
    let address = text.parse().ok().filter(|address: &SocketAddr| address.ip().is_loopback());
    address.map(Some).ok_or_else(|| serde::de::Error::custom(NotLoopbackPort))
}

fn wait_from_seconds(seconds: u64) -> Result<Duration, &'static str> {
    if (1..=600).contains(&seconds) {
        Ok(Duration::from_secs(seconds))
    } else {
        Err("shutdown_timeout is 1 to 600 seconds")
    }
}

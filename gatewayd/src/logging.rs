//! Where log lines go: to the journal where systemd started the program, else to the terminal.

use std::io::{self, IsTerminal};

use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::reload;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry, fmt};

use crate::config::LogLevel;

/// The running log.
#[derive(Debug)]
pub(crate) struct Logging {
    level: reload::Handle<LevelFilter, Registry>,
}

impl Logging {
    /// Starts to log lines of `level` and above.
    pub(crate) fn start(level: LogLevel) -> io::Result<Self> {
        let (filter, handle) = reload::Layer::new(filter(level));
        let layer = if stderr_is_the_journal() {
            tracing_journald::layer()?.boxed()
        } else {
            let ansi = io::stderr().is_terminal();
            fmt::layer().with_writer(io::stderr).with_ansi(ansi).with_target(false).boxed()
        };
        let started = tracing_subscriber::registry().with(filter).with(layer).try_init();
        started.map_err(io::Error::other)?;
        Ok(Self { level: handle })
    }

    /// Logs lines of `level` and above from now on.
    pub(crate) fn set_level(&self, level: LogLevel) {
        if let Err(error) = self.level.reload(filter(level)) {
            tracing::warn!(%error, "the log level stays as it was");
        }
    }
}

fn filter(level: LogLevel) -> LevelFilter {
    LevelFilter::from_level(level.into())
}

/// systemd names the stream that it connected to the journal (systemd.exec(5), `JOURNAL_STREAM`).
fn stderr_is_the_journal() -> bool {
    #[expect(
        clippy::disallowed_methods,
        reason = "no setting, but what systemd says of this start"
    )]
    let named = std::env::var("JOURNAL_STREAM");
    let found = nix::sys::stat::fstat(io::stderr());
    let found = found.map(|stream| format!("{}:{}", stream.st_dev, stream.st_ino));
    named.ok().zip(found.ok()).is_some_and(|(named, found)| named == found)
}

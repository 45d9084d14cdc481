//! Why the daemons of one user could not be run.

use std::io;
use std::process::ExitStatus;

use crate::exit::Exit;
use crate::place::Place;

/// Why the daemons of one user could not be run.
#[derive(Debug, thiserror::Error)]
pub enum UserError {
    /// Another `waiaas` runs them.
    #[error("the daemons of {directory} run already, started by process {pid}")]
    Running {
        /// The data directory.
        directory: String,
        /// Who holds the lock, as far as is known.
        pid: String,
    },
    /// A daemon outlived the `waiaas` that started it.
    #[error("a daemon of an earlier run still listens at {socket}")]
    LeftOver {
        /// Its socket.
        socket: String,
    },
    /// Nothing runs that could be stopped or asked.
    #[error("no daemons run in {directory}")]
    NotRunning {
        /// The data directory.
        directory: String,
    },
    /// They were asked to end and did not.
    #[error("process {pid} did not end within {seconds} seconds")]
    NotStopped {
        /// The process.
        pid: String,
        /// How long it was waited for.
        seconds: u64,
    },
    /// The program of a daemon is not there.
    #[error("{name} is neither in {beside} nor in {installed}")]
    Missing {
        /// Which daemon.
        name: &'static str,
        /// The directory of this program.
        beside: String,
        /// Where the packages put it.
        installed: String,
    },
    /// The program of a daemon cannot be run.
    #[error("{name} cannot be started")]
    Unstartable {
        /// Which daemon.
        name: &'static str,
        /// Why.
        source: io::Error,
    },
    /// A daemon ended although nobody asked it to.
    #[error("{name} ended by itself ({status}); nothing runs any more")]
    Ended {
        /// Which daemon.
        name: &'static str,
        /// How.
        status: ExitStatus,
    },
    /// A daemon runs and does not answer.
    #[error("{name} does not answer {seconds} seconds after its start")]
    NotReady {
        /// Which daemon.
        name: &'static str,
        /// How long it was waited for.
        seconds: u64,
    },
    /// There is no vault, and no password to make one with.
    #[error("{directory} was never initialised")]
    NeverInitialised {
        /// The data directory.
        directory: String,
    },
    /// The kernel refused something.
    #[error("{what}")]
    System {
        /// What was tried.
        what: &'static str,
        /// Why it failed.
        source: io::Error,
    },
}

impl UserError {
    /// How the program ends.
    pub const fn exit(&self) -> Exit {
        match self {
            Self::Running { .. } | Self::LeftOver { .. } => Exit::Running,
            Self::NotRunning { .. } => Exit::Unreachable,
            Self::NotStopped { .. } => Exit::TimedOut,
            Self::NeverInitialised { .. } => Exit::VaultClosed,
            Self::Missing { .. }
            | Self::Unstartable { .. }
            | Self::Ended { .. }
            | Self::NotReady { .. }
            | Self::System { .. } => Exit::Failed,
        }
    }

    /// What to do about it, where the daemons are at `place`.
    pub fn advice(&self, place: &Place) -> Option<String> {
        match self {
            Self::Running { .. } | Self::LeftOver { .. } => {
                Some(format!("use them, or stop them: {}", place.user_command("stop")))
            }
            Self::NotRunning { .. } => Some(place.start_command()),
            Self::NotStopped { pid, .. } => Some(format!("kill -9 {pid}; no state is lost by it")),
            Self::Missing { .. } => {
                Some("install the package, or build it: cargo build --workspace".to_owned())
            }
            Self::Ended { .. } | Self::NotReady { .. } => {
                Some("its last lines above say why".to_owned())
            }
            Self::NeverInitialised { .. } => Some(place.user_command("init --auto-provision")),
            Self::Unstartable { .. } | Self::System { .. } => None,
        }
    }
}

//! The chain nodes: `tests/nodes` has them.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::process::{self, Process, User, exclusively};

/// Where the nodes' packages are.
pub fn directory() -> PathBuf {
    crate::repository().join("tests/nodes")
}

/// Installs the nodes' packages, unless they are there as the lock file names them.
///
/// # Errors
/// What npm said.
pub fn install() -> Result<(), String> {
    install_in(&directory())
}

/// Installs a directory's packages, unless they are there as its lock file names them.
///
/// # Errors
/// What npm said.
pub fn install_in(directory: &Path) -> Result<(), String> {
    exclusively(&directory.join(".install.lock"), || {
        if is_installed(directory) {
            return Ok(());
        }
        let status = Command::new("npm")
            .args(["ci", "--no-audit", "--no-fund"])
            .current_dir(directory)
            .stdin(Stdio::null())
            .status()
            .map_err(|error| format!("npm: {error}; apt-get install npm"))?;
        let place = directory.display();
        if status.success() { Ok(()) } else { Err(format!("npm ci in {place}: {status}")) }
    })
}

/// npm writes its own copy of the lock file after everything else.
fn is_installed(directory: &Path) -> bool {
    let changed = |name: &str| directory.join(name).metadata()?.modified();
    match (changed("package-lock.json"), changed("node_modules/.package-lock.json")) {
        (Ok(wanted), Ok(installed)) => installed >= wanted,
        (Err(_), _) | (_, Err(_)) => false,
    }
}

/// A node's process, the directory with its log, and where it listens.
#[derive(Debug)]
pub struct Node {
    process: Process,
    _log: TempDir,
    /// On 127.0.0.1.
    pub port: u16,
}

impl Node {
    /// Starts anvil with a chain id; a block a second, which is as good as at once and still leaves
    /// time to see a transaction that waits.
    pub fn anvil(chain_id: u64) -> Self {
        let mut command = process::command(&anvil_program(), User::Current);
        command.args(["--port", "0", "--block-time", "1", "--slots-in-an-epoch", "1"]);
        command.args(["--chain-id", &chain_id.to_string()]);
        Self::start(&mut command, "127.0.0.1:")
    }

    /// Starts the Solana node with a genesis hash; 20 slots a second.
    pub fn solana(genesis: &str) -> Self {
        let mut command = process::command(Path::new("node"), User::Current);
        command.current_dir(directory()).args(["solana.mjs", "--slot-ms", "50"]);
        command.args(["--genesis", genesis]);
        Self::start(&mut command, "http://127.0.0.1:")
    }

    /// The port is what the node prints after `before_port`.
    fn start(command: &mut Command, before_port: &str) -> Self {
        install().unwrap();
        let log = tempfile::Builder::new().prefix("node-").tempdir().unwrap();
        let mut process = Process::start(command, &log.path().join("log"));
        let port = process.wait_for("port", |line| {
            let (_, rest) = line.split_once(before_port)?;
            rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
        });
        Self { process, _log: log, port }
    }

    /// The address for settings.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Ends the node, as if its machine were gone.
    pub fn kill(&mut self) {
        self.process.kill();
    }
}

/// The program itself, not the script that npm puts in front: that would leave it running.
pub fn anvil_program() -> PathBuf {
    let architecture = match std::env::consts::ARCH {
        "aarch64" => "arm64",
        _ => "amd64",
    };
    directory().join(format!("node_modules/@foundry-rs/anvil-linux-{architecture}/bin/anvil"))
}

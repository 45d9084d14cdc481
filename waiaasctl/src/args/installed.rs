//! The command lines of `waiaasctl init`, `unattended` and `doctor`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::endpoints::Endpoints;

/// How to make the vault.
#[derive(Debug, Args)]
pub struct FirstRunArgs {
    /// Make random secrets, write them to a file that root alone can read, and ask nothing
    #[arg(long)]
    pub auto_provision: bool,
    /// Where to write them [default: /etc/waiaas/recovery.key]
    #[arg(long, value_name = "FILE", requires = "auto_provision")]
    pub recovery_file: Option<PathBuf>,
    /// Take the answers from a TOML file instead of asking; docs/operate.md says what may be in it
    #[arg(long, value_name = "FILE", conflicts_with = "auto_provision")]
    pub answers: Option<PathBuf>,
    /// Ask this node about a network, in place of the public ones that are built in: NETWORK=URL or
    /// NETWORK=URL,URL, of a network such as base-sepolia. Can be repeated. Other users of the machine see
    /// a command line: a URL with a key goes into `[rpc]` of --answers, or to the question
    #[arg(long, value_name = "NETWORK=URL", conflicts_with = "answers")]
    pub rpc: Vec<Endpoints>,
}

/// Whether the vault opens without anybody at a start.
#[derive(Debug, Subcommand)]
pub enum UnattendedCommand {
    /// Make a credential that opens the vault at every start, sealed for this machine
    ///
    /// A vault that was locked stays locked all the same until it is unlocked with its passphrase.
    Enable {
        /// What seals it: the machine's TPM, a key on its disk, or a TPM where there is one
        #[arg(long, value_name = "KEY", default_value = "auto")]
        with_key: SealingKey,
    },
    /// From the next start on only the passphrase opens the vault
    Disable,
    /// Show whether it is on, and whether it works
    Status,
}

/// What seals the credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SealingKey {
    /// A TPM where there is one, else the host's key.
    Auto,
    /// The TPM.
    Tpm2,
    /// A key on the machine's disk.
    Host,
}

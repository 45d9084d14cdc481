//! The command line of `waiaas`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use primitives::Environment;

use super::wallet::environment_parser;
use super::{BackupSchedule, EXIT_CODES, examples};
use crate::endpoints::Endpoints;

const AFTER_HELP: &str = "\
Secrets:
  `init --auto-provision` makes two random secrets, the passphrase of the vault and the master
  password of gatewayd, and writes them to DIR/recovery.key. Without it WAIAAS_MASTER_PASSWORD,
  or the first line of the file that WAIAAS_MASTER_PASSWORD_FILE names, is both; where none of
  them is given, a terminal is asked.

  Both daemons run as one user here, so nothing separates their memory and their files from
  each other or from other programs of that user. This is for development and for machines with
  a single user; the packages run each daemon as a user of its own under systemd.";

/// Runs the wallet for one user, from one directory: signerd, which has the keys, and gatewayd, which
/// agents talk to.
#[derive(Debug, Parser)]
#[command(
    name = "waiaas",
    version,
    max_term_width = 100,
    after_help = EXIT_CODES,
    after_long_help = format!("{AFTER_HELP}\n\n{EXIT_CODES}"),
)]
pub struct User {
    /// Where everything is and how to talk.
    #[command(flatten)]
    pub options: UserOptions,
    /// What to do.
    #[command(subcommand)]
    pub command: UserCommand,
}

/// Options of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub struct UserOptions {
    /// Print JSON instead of sentences; errors too, on standard error
    #[arg(long, global = true)]
    pub json: bool,
    /// The directory of settings, keys, database and sockets [default: `WAIAAS_DATA_DIR`, else
    /// `~/.waiaas`]
    #[arg(long, global = true, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Make the directory, the vault and the database
    #[command(after_help = examples::USER_INIT)]
    Init(InitArgs),
    /// Run both daemons in the foreground until SIGTERM or SIGINT; makes what `init` makes if it is
    /// missing and a password is given
    #[command(after_help = examples::USER_START)]
    Start(BackupSchedule),
    /// Make a Solana and an Ethereum wallet and a session over both, and print the settings of an MCP
    /// client
    Quickset(QuicksetArgs),
    /// Show whether the daemons run, and how they are
    Status,
    /// Stop the daemons and wait until they have ended
    Stop,
}

/// How to make the directory.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// Make random secrets and write them to DIR/recovery.key, so that `start` needs nobody
    #[arg(long)]
    pub auto_provision: bool,
    /// Take the keys from a backup instead of starting without any; its vault's passphrase is needed,
    /// from a recovery.key in DIR or as below
    #[arg(long, value_name = "FILE", conflicts_with = "auto_provision")]
    pub restore: Option<PathBuf>,
    /// Ask this node about a network, in place of the public ones that are built in: NETWORK=URL or
    /// NETWORK=URL,URL, of a network such as base-sepolia. Can be repeated. Other users of the machine see
    /// a command line: a URL with a key goes into `[rpc]` of DIR/config.toml
    #[arg(long, value_name = "NETWORK=URL")]
    pub rpc: Vec<Endpoints>,
}

/// Which wallets to make.
#[derive(Debug, Args)]
pub struct QuicksetArgs {
    /// Wallets for test networks, or for main networks, where coins are worth money
    #[arg(long, default_value = "testnet", value_parser = environment_parser())]
    pub mode: Environment,
}

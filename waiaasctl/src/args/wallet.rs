//! The command line of `waiaasctl wallet`.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use primitives::{Chain, Environment};

use super::examples;

/// What to do with wallets.
#[derive(Debug, Subcommand)]
pub enum WalletCommand {
    /// Make a wallet with a new key
    #[command(after_help = examples::WALLET_CREATE)]
    Create {
        /// What it is called
        name: String,
        /// For which networks.
        #[command(flatten)]
        kind: WalletKind,
    },
    /// Make a wallet of a key that was made elsewhere
    #[command(after_help = examples::WALLET_IMPORT)]
    Import(ImportArgs),
    /// List the wallets
    List,
    /// Show one wallet
    Show {
        /// The wallet, by name or id
        wallet: String,
    },
    /// Give a wallet another name
    Rename {
        /// The wallet, by name or id
        wallet: String,
        /// What it is called from now on
        name: String,
    },
    /// Replace a wallet's key: a new wallet gets its guard, the old one signs on for a while
    Rotate {
        /// The wallet, by name or id
        wallet: String,
        /// Seconds for which the old key still signs, so that its assets can be moved
        #[arg(long, value_name = "SECONDS", default_value_t = 86_400)]
        grace: u32,
    },
    /// Send everything that a wallet holds to its owner, who is locked in
    Withdraw {
        /// The wallet, by name or id
        wallet: String,
    },
    /// Give a wallet up: what waits is called off, nothing leaves it any more
    #[command(after_help = examples::WALLET_TERMINATE)]
    Terminate {
        /// The wallet, by name or id
        wallet: String,
        /// Send what it holds to its owner first, who is locked in
        #[arg(long)]
        sweep: bool,
        /// Do not ask whether this is meant
        #[arg(long)]
        yes: bool,
    },
    /// Delete what gatewayd knows of a terminated wallet; its key and the audit trail stay
    Purge {
        /// The wallet, by name or id
        wallet: String,
        /// Do not ask whether this is meant
        #[arg(long)]
        yes: bool,
    },
    /// Destroy a wallet's key for good; what its address still holds is lost without a backup
    Destroy {
        /// The wallet, by name or id
        wallet: String,
        /// Do not ask whether this is meant
        #[arg(long)]
        yes: bool,
    },
}

/// For which networks a wallet is.
#[derive(Clone, Copy, Debug, Args)]
pub struct WalletKind {
    /// Which kind of chain: ethereum (every EVM network) or solana
    #[arg(long, value_parser = chain_parser())]
    pub chain: Chain,
    /// Which networks: testnet, or mainnet where coins are worth money
    #[arg(long, default_value = "testnet", value_parser = environment_parser())]
    pub environment: Environment,
}

/// A key that was made elsewhere.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// What the wallet is called
    pub name: String,
    /// For which networks.
    #[command(flatten)]
    pub kind: WalletKind,
    /// Read the private key from the first line of FILE, `-` for standard input, instead of asking
    /// for it on the terminal: 64 hexadecimal digits, or for Solana the base58 or JSON form of
    /// solana-keygen too
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
}

/// Reads the words of [`Chain`], which completions and messages list.
pub(super) fn chain_parser() -> impl TypedValueParser<Value = Chain> {
    PossibleValuesParser::new(["ethereum", "solana"]).try_map(|word| word.parse::<Chain>())
}

/// Reads the words of [`Environment`], which completions and messages list.
pub(super) fn environment_parser() -> impl TypedValueParser<Value = Environment> {
    PossibleValuesParser::new(["testnet", "mainnet"]).try_map(|word| word.parse::<Environment>())
}

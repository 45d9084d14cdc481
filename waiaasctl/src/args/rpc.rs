//! The command line of `waiaasctl rpc` and `waiaasctl token`: what the gateway knows of chains.

use clap::{Args, Subcommand};
use primitives::Chain;

use super::examples;
use super::wallet::chain_parser;

/// What to do with RPC endpoints.
#[derive(Debug, Subcommand)]
pub enum RpcCommand {
    /// Show how the RPC endpoints are: those that were asked something, or all of a network
    #[command(after_help = examples::RPC_STATUS)]
    Status {
        /// Of this network alone, by name or CAIP-2
        #[arg(long)]
        network: Option<String>,
        /// Ask each endpoint now how far it is; without --network those of all networks
        #[arg(long)]
        probe: bool,
    },
    /// Ask an endpoint which chain it serves and how far it is, before it is written into the settings
    #[command(after_help = examples::RPC_TEST)]
    Test {
        /// Its URL; `-` reads it from standard input, as one with a key in it should be
        url: String,
        /// Which kind of chain: ethereum (every EVM network) or solana [default: found out]
        #[arg(long, value_parser = chain_parser())]
        chain: Option<Chain>,
    },
}

/// What to do with the registry of tokens.
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// List a network's tokens
    #[command(after_help = examples::TOKEN_LIST)]
    List {
        /// The network, by name or CAIP-2
        #[arg(long)]
        network: String,
    },
    /// Put a token into the registry, with what its contract or mint says of itself
    ///
    /// It lets nobody send it: a policy of the type `ALLOWED_TOKENS` does.
    #[command(after_help = examples::TOKEN_ADD)]
    Add(TokenAddArgs),
    /// Take a token out of the registry
    Remove {
        /// Its contract or mint
        address: String,
        /// The network, by name or CAIP-2
        #[arg(long)]
        network: String,
    },
    /// Show what a contract or mint says of itself
    Resolve {
        /// The contract or mint
        address: String,
        /// The network, by name or CAIP-2
        #[arg(long)]
        network: String,
    },
}

/// Whose price to show.
#[derive(Debug, Args)]
pub struct PriceArgs {
    /// `native` for the network's coin, a contract or mint, or a CAIP-19 asset id
    pub asset: String,
    /// The network, by name or CAIP-2
    #[arg(long)]
    pub network: String,
}

/// A token for the registry.
#[derive(Debug, Args)]
pub struct TokenAddArgs {
    /// Its contract or mint
    pub address: String,
    /// The network, by name or CAIP-2
    #[arg(long)]
    pub network: String,
    /// Its symbol [default: what the contract or mint says]
    #[arg(long)]
    pub symbol: Option<String>,
    /// Its name [default: what the contract or mint says]
    #[arg(long)]
    pub name: Option<String>,
}

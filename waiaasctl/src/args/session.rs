//! The arguments of `waiaasctl session`.

use std::path::PathBuf;

use clap::{Args, Subcommand, value_parser};
use primitives::Address;

use super::examples;

/// What to do with sessions.
#[derive(Debug, Subcommand)]
pub enum SessionCommand {
    /// Make a session and print its token, which is shown this once
    #[command(after_help = examples::SESSION_CREATE)]
    Create(Box<SessionCreateArgs>),
    /// Make a session and print what an agent is told to begin with; its token, shown this once, is in it
    #[command(after_help = examples::SESSION_PROMPT)]
    Prompt {
        /// Wallets that the agent may use, by name or id [default: all]
        #[arg(value_name = "WALLET")]
        wallets: Vec<String>,
        /// Seconds until the token ends unless it is renewed, 300 to 31536000 [default: no end]
        #[arg(long, value_name = "SECONDS", value_parser = value_parser!(u32).range(300..=31_536_000))]
        ttl: Option<u32>,
    },
    /// Make a session for a server of the Model Context Protocol, and print the settings that name it
    #[command(after_help = examples::SESSION_MCP)]
    Mcp {
        /// The wallet that it may use, by name or id
        wallet: String,
        /// Seconds until the token ends unless it is renewed, 300 to 31536000 [default: no end]
        #[arg(long, value_name = "SECONDS", value_parser = value_parser!(u32).range(300..=31_536_000))]
        ttl: Option<u32>,
    },
    /// List the sessions that can be used
    List {
        /// Those that were revoked or have expired, too
        #[arg(long)]
        all: bool,
        /// Those over a wallet of that owner alone
        #[arg(long, value_name = "ADDRESS")]
        owner: Option<Address>,
    },
    /// Give a session another token, which is shown this once; the old one is refused from now on
    Rotate(SessionRotateArgs),
    /// Make tokens with another secret: those made until now are refused after five minutes
    RotateSecret,
    /// End a session: its token is refused from now on
    Revoke {
        /// The session's id
        id: String,
    },
    /// List the sessions that agents ask for
    Requests,
    /// Let the agent that asked for a session have it
    Approve {
        /// The request's id
        request: String,
    },
    /// Refuse a session that an agent asked for
    Reject {
        /// The request's id
        request: String,
    },
}

/// A new session.
#[derive(Debug, Args)]
pub struct SessionCreateArgs {
    /// Wallets that the session may use, by name or id
    #[arg(required = true, value_name = "WALLET")]
    pub wallets: Vec<String>,
    /// Seconds until the token ends unless it is renewed, 300 to 31536000 [default: no end]
    #[arg(long, value_name = "SECONDS", value_parser = value_parser!(u32).range(300..=31_536_000))]
    pub ttl: Option<u32>,
    /// How often the token may be renewed
    #[arg(long, value_name = "TIMES")]
    pub max_renewals: Option<u32>,
    /// Seconds after which no renewal helps any more [default: never]
    #[arg(long, value_name = "SECONDS")]
    pub absolute_lifetime: Option<u32>,
    /// Write the token to FILE, readable by its owner alone, instead of printing it
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// What the session may do, besides what policies and guard allow.
    #[command(flatten)]
    pub constraints: ConstraintArgs,
}

/// What a session may do.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "What the session may do, within policies and guard")]
pub struct ConstraintArgs {
    /// Act within its limits, or only read: agent, viewer or auditor [default: agent]
    #[arg(long, value_parser = ["agent", "viewer", "auditor"])]
    pub role: Option<String>,
    /// Only these types of transactions, such as `TRANSFER,TOKEN_TRANSFER`
    #[arg(long, value_name = "TYPES", value_delimiter = ',')]
    pub operations: Vec<String>,
    /// Only these networks, by name or CAIP-2
    #[arg(long, value_name = "NETWORKS", value_delimiter = ',')]
    pub networks: Vec<String>,
    /// Only these addresses may get something
    #[arg(long, value_name = "ADDRESSES", value_delimiter = ',')]
    pub recipients: Vec<String>,
    /// What it may spend of an asset in one transaction and in all, in base units; `native` or a
    /// token's address, either amount may be left out. What is not listed may not be spent
    #[arg(long, value_name = "NETWORK/ASSET=ONE:TOTAL")]
    pub limit: Vec<String>,
    /// US dollars that one transaction may be worth, with its fee
    #[arg(long, value_name = "DOLLARS")]
    pub per_transaction_usd: Option<String>,
    /// US dollars that all its transactions may be worth, with their fees
    #[arg(long, value_name = "DOLLARS")]
    pub total_usd: Option<String>,
    /// How many transactions and signatures it may have
    #[arg(long, value_name = "COUNT")]
    pub max_transactions: Option<u64>,
}

/// Another token.
#[derive(Debug, Args)]
pub struct SessionRotateArgs {
    /// The session's id
    pub id: String,
    /// Write the token to FILE, readable by its owner alone, instead of printing it
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
}

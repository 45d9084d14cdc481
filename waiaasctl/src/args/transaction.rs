//! The command line of `waiaasctl tx`.

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand, value_parser};

use super::examples;

/// What to do with transactions.
#[derive(Debug, Subcommand)]
pub enum TransactionCommand {
    /// List the latest transactions
    #[command(after_help = examples::TX_LIST)]
    List(TransactionListArgs),
    /// Show one transaction
    Show {
        /// The transaction's id
        id: String,
    },
    /// Wait until a transaction is over: confirmed, failed, cancelled or expired
    #[command(after_help = examples::TX_WAIT)]
    Wait {
        /// The transaction's id
        id: String,
        /// At most so many seconds
        #[arg(
            long,
            value_name = "SECONDS",
            default_value_t = 120,
            value_parser = value_parser!(u32).range(1..=86_400),
        )]
        timeout: u32,
    },
    /// Show what a wallet's owners are asked about a transaction that waits for them
    Question {
        /// The transaction's id
        id: String,
        /// Print what owners sign as text (EIP-191 or Solana) and nothing else, to the byte
        #[arg(long)]
        text: bool,
        /// Print what they sign as typed data (EIP-712) and nothing else
        #[arg(long, conflicts_with = "text")]
        typed_data: bool,
    },
    /// Print where an owner reads and signs what waits for them, or hand in what an owner signed
    ///
    /// Without a signature it prints the address of the page where an owner's browser signs. Who has
    /// the address can read what is asked about the transaction, and do nothing.
    #[command(after_help = examples::TX_APPROVE)]
    Approve(TransactionApproveArgs),
    /// Refuse a transaction that waits for its delay or for its owners
    Reject {
        /// The transaction's id
        id: String,
    },
    /// Send a transaction that waits on an EVM network again, with a higher fee
    SpeedUp {
        /// The transaction's id
        id: String,
    },
    /// Cancel a transaction that waits, or try to replace one that an EVM network has
    Cancel {
        /// The transaction's id
        id: String,
    },
}

/// Which transactions to list.
#[derive(Debug, Args)]
pub struct TransactionListArgs {
    /// Of this wallet alone, by name or id
    #[arg(long)]
    pub wallet: Option<String>,
    /// Where they stand
    #[arg(long, ignore_case = true, value_parser = status_parser())]
    pub status: Option<String>,
    /// What they do, such as `TRANSFER`
    #[arg(long = "type", value_name = "TYPE")]
    pub kind: Option<String>,
    /// On which network, by name or CAIP-2
    #[arg(long)]
    pub network: Option<String>,
    /// With this in their id, address or hash
    #[arg(long, value_name = "TEXT")]
    pub search: Option<String>,
    /// At most so many
    #[arg(long, default_value_t = 20, value_parser = value_parser!(u8).range(1..=100))]
    pub limit: u8,
    /// Leave out so many of the newest
    #[arg(long, default_value_t = 0)]
    pub offset: u64,
}

/// Which transaction; an owner's signature.
#[derive(Debug, Args)]
pub struct TransactionApproveArgs {
    /// The transaction's id
    pub id: String,
    /// Who signed
    #[arg(long, value_name = "ADDRESS", requires = "signature")]
    pub owner: Option<String>,
    /// The signature as the owner's wallet printed it
    #[arg(long, requires = "owner")]
    pub signature: Option<String>,
    /// The owner signed the typed data, not the text
    #[arg(long, requires = "signature")]
    pub typed_data: bool,
}

/// The states of the HTTP contract, which completions and messages list.
fn status_parser() -> PossibleValuesParser {
    PossibleValuesParser::new([
        "PENDING",
        "QUEUED",
        "GAS_WAITING",
        "EXECUTING",
        "SUBMITTED",
        "CONFIRMED",
        "FAILED",
        "CANCELLED",
        "EXPIRED",
        "PARTIAL_FAILURE",
        "SIGNED",
    ])
}

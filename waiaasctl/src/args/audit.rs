//! The command line of `waiaasctl audit`, `receipt` and `time`: what happened, and the proof of it.

use std::path::PathBuf;

use clap::{Args, Subcommand, value_parser};

use super::examples;

/// What to do with the journal.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Read the journal from its first record and check the chain of hashes
    ///
    /// The records are read from signerd and checked here, one by one; signerd's word that they are
    /// right is not taken for it.
    #[command(after_help = examples::AUDIT_VERIFY)]
    Verify {
        /// Check an export instead; no signerd is needed for it
        #[arg(long, value_name = "EXPORT")]
        file: Option<PathBuf>,
    },
    /// Show what happened, in plain words
    #[command(after_help = examples::AUDIT_SHOW)]
    Show(AuditShowArgs),
    /// Write all records to a file, which `audit verify --file` checks anywhere
    Export {
        /// The file; one that exists is never replaced
        file: PathBuf,
    },
}

/// Which records to show.
#[derive(Debug, Args)]
pub struct AuditShowArgs {
    /// Those of one wallet alone, by name or id
    #[arg(long)]
    pub wallet: Option<String>,
    /// Those from this number on [default: the latest]
    #[arg(long, value_name = "NUMBER")]
    pub since: Option<u64>,
    /// At most so many
    #[arg(long, value_name = "COUNT", default_value_t = 50, value_parser = value_parser!(u32).range(1..=100_000))]
    pub limit: u32,
    /// Then wait for more, and show each as it is written
    #[arg(long)]
    pub follow: bool,
}

/// What to do with receipts.
#[derive(Debug, Subcommand)]
pub enum ReceiptCommand {
    /// Have signerd sign a copy of one record, as a proof for others
    Get {
        /// The record's number, as `audit show` prints it
        record: u64,
        /// Write it to FILE instead of printing it; one that exists is never replaced
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Check a receipt; no signerd is needed for it
    Verify {
        /// The receipt, `-` for standard input
        file: PathBuf,
        /// The key that must have signed it, as 64 hexadecimal digits [default: any]
        #[arg(long, value_name = "HEX")]
        key: Option<String>,
    },
}

/// What to do with the signer's clock.
#[derive(Debug, Subcommand)]
pub enum TimeCommand {
    /// Take the system's clock for right: time that signerd has not seen pass counts from now on
    Accept,
}

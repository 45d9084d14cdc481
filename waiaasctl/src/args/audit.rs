//! The command line of `waiaasctl audit`, `receipt` and `time`: what happened, and the proof of it.

use std::path::PathBuf;

use clap::{Args, Subcommand, value_parser};

use super::audit_trail::{AuditFilter, AuditLogArgs, moment};
use super::examples;

/// What to do with the record of what happened: gatewayd's audit trail of what was asked for, and
/// signerd's journal of what was signed.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Show what was asked for and decided, and who asked: gatewayd's audit trail
    #[command(after_help = examples::AUDIT_LOG)]
    Log(AuditLogArgs),
    /// Show each entry of the audit trail as it is written, after the last ten
    #[command(after_help = examples::AUDIT_FOLLOW)]
    Follow(AuditFilter),
    /// Check the chains of hashes: of signerd's journal, of gatewayd's audit trail, and that they fit
    /// each other
    ///
    /// Records and entries are read from their first on and checked here, one by one; the daemons'
    /// word that they are right is not taken for it. Where gatewayd does not answer the journal alone
    /// is checked, and that is said.
    #[command(after_help = examples::AUDIT_VERIFY)]
    Verify(AuditVerifyArgs),
    /// Show signerd's journal, in plain words
    #[command(after_help = examples::AUDIT_SHOW)]
    Show(AuditShowArgs),
    /// Write the journal, or the audit trail, to a file, which `audit verify --file` checks anywhere
    #[command(after_help = examples::AUDIT_EXPORT)]
    Export {
        /// The file; one that exists is never replaced
        file: PathBuf,
        /// Write gatewayd's audit trail, as lines of JSON, and not signerd's journal
        #[arg(long)]
        trail: bool,
    },
    /// Move old entries of the audit trail to a file
    ///
    /// The file is an export: `audit verify --file` checks it anywhere. It is written, synced and
    /// checked before gatewayd takes away what is in it, and nothing else; the database does not
    /// become smaller by that, and grows no more until the room is used again.
    #[command(after_help = examples::AUDIT_ARCHIVE)]
    Archive(AuditArchiveArgs),
}

/// What to archive, and where.
#[derive(Debug, Args)]
pub struct AuditArchiveArgs {
    /// Entries from before: a day as `2026-11-22` (UTC), Unix seconds, or how long ago, such as `90d`
    #[arg(long, value_name = "TIME", value_parser = moment, required_unless_present = "keep_days")]
    pub before: Option<u64>,
    /// All but those of the last so many days
    #[arg(long, value_name = "DAYS", value_parser = value_parser!(u64).range(1..=36_500), conflicts_with = "before")]
    pub keep_days: Option<u64>,
    /// The file; one that exists is never replaced
    #[arg(long, value_name = "FILE")]
    pub to: PathBuf,
}

/// What to check.
#[derive(Debug, Args)]
pub struct AuditVerifyArgs {
    /// Check an export instead, of either; no daemon is needed for it
    #[arg(long, value_name = "EXPORT")]
    pub file: Option<PathBuf>,
    /// Check gatewayd's audit trail alone; a failure where gatewayd does not answer
    #[arg(long, conflicts_with = "file")]
    pub trail: bool,
    /// An older export of the audit trail, which must be the beginning of what is there now
    #[arg(long, value_name = "EXPORT", conflicts_with = "file", requires = "trail")]
    pub against: Option<PathBuf>,
    /// Check gatewayd's audit trail together with what was archived of it, in any order
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with = "file")]
    pub archive: Vec<PathBuf>,
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

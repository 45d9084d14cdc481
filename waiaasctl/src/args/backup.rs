//! `backup` and `restore`.

use std::path::PathBuf;

use clap::{Args, Subcommand, value_parser};

/// How many automatic backups are kept, unless somebody says otherwise.
pub const KEEP: u16 = 7;

/// Making or checking a backup.
#[derive(Debug, Args)]
pub struct BackupArgs {
    /// List or check backups instead
    #[command(subcommand)]
    pub command: Option<BackupCommand>,
    /// Where to write the backup; a file that exists is never replaced
    #[arg(required_unless_present = "auto", conflicts_with = "auto")]
    pub file: Option<PathBuf>,
    /// Write it into the directory of automatic backups, without the passphrase: the vault has to
    /// be open. The oldest ones are removed
    #[arg(long)]
    pub auto: bool,
    /// That directory [default: /var/backups/waiaas, or backups in the data directory]
    #[arg(long, value_name = "DIR", conflicts_with = "file")]
    pub dir: Option<PathBuf>,
    /// How many automatic backups to keep, the new one included
    #[arg(long, value_name = "N", conflicts_with = "file", default_value_t = KEEP,
          value_parser = value_parser!(u16).range(1..=10_000))]
    pub keep: u16,
    /// Leave the database of gatewayd out, for when it does not run
    #[arg(long, conflicts_with = "auto")]
    pub keys_only: bool,
}

/// When `start` makes backups by itself, in the data directory's backups.
#[derive(Clone, Copy, Debug, Args)]
pub struct BackupSchedule {
    /// Make an encrypted backup every so many hours; 0 for never
    #[arg(long, value_name = "HOURS", default_value_t = 24,
          value_parser = value_parser!(u16).range(0..=8_760))]
    pub backup_every: u16,
    /// How many of them to keep
    #[arg(long, value_name = "N", default_value_t = KEEP,
          value_parser = value_parser!(u16).range(1..=10_000))]
    pub backup_keep: u16,
}

impl BackupSchedule {
    /// What `start` does without options.
    pub const DEFAULT: Self = Self { backup_every: 24, backup_keep: KEEP };

    /// Seconds between two backups, if any shall be made.
    pub fn seconds(self) -> Option<u64> {
        (self.backup_every > 0).then(|| u64::from(self.backup_every).saturating_mul(3_600))
    }
}

/// What else to do with backups.
#[derive(Debug, Subcommand)]
pub enum BackupCommand {
    /// Open a backup and check everything in it, without using it
    Verify {
        /// The backup
        file: PathBuf,
    },
    /// List the automatic backups
    List {
        /// Where they are [default: /var/backups/waiaas, or backups in the data directory]
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
    },
}

/// What to take over.
#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// The backup
    pub file: PathBuf,
    /// Take over vault and keys, and leave the database of gatewayd as it is
    #[arg(long)]
    pub keys_only: bool,
    /// Where to write the old journal, for `audit verify --file` [default: FILE.journal]
    #[arg(long, value_name = "FILE")]
    pub journal: Option<PathBuf>,
}

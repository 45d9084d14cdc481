//! The command line of `waiaasctl`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum, value_parser};
use clap_complete::Shell;

use super::{
    AnnouncementCommand, ApprovalCommand, AuditCommand, AutostopCommand, BackupArgs, EXIT_CODES,
    FirstRunArgs, GuardCommand, KillSwitchCommand, OwnerCommand, PolicyCommand, PriceArgs,
    ReceiptCommand, RestoreArgs, RpcCommand, SessionCommand, TimeCommand, TokenCommand,
    TransactionCommand, UnattendedCommand, WalletCommand, examples, groups,
};

/// Operates the wallet: its vault, its wallets and their guards, sessions and transactions.
///
/// The keys are signerd's, which is asked over control.sock; wallets, sessions and transactions are
/// gatewayd's, which is asked over gateway.sock. Both sockets know their operators by the user that
/// connects: no password is needed for what the passphrase of the vault does not guard.
#[derive(Debug, Parser)]
#[command(
    name = "waiaasctl",
    version,
    after_help = EXIT_CODES,
    help_template = groups::template(),
    max_term_width = 100,
)]
pub struct Operator {
    /// Where the daemons are and how to talk.
    #[command(flatten)]
    pub options: OperatorOptions,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub struct OperatorOptions {
    /// Print one JSON document instead of tables; errors too, on standard error
    #[arg(long, global = true)]
    pub json: bool,
    /// Talk to the daemons that `waiaas start --data-dir DIR` runs
    #[arg(long, global = true, value_name = "DIR", conflicts_with = "runtime_dir")]
    pub data_dir: Option<PathBuf>,
    /// Talk to the daemons whose sockets are in DIR [default: /run/waiaas]
    #[arg(long, global = true, value_name = "DIR")]
    pub runtime_dir: Option<PathBuf>,
    /// Read the passphrase of the vault from the first line of FILE, `-` for standard input,
    /// or from a recovery.key, instead of asking for it on the terminal
    #[arg(long, global = true, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make the vault, and where systemd runs the daemons everything else that a wallet needs
    ///
    /// It asks on the terminal, or takes random secrets or a file of answers. What is there already is left as
    /// it is, so that it can be done again after an interruption.
    #[command(after_help = examples::INIT)]
    Init(FirstRunArgs),
    /// Start both daemons: those of systemd, or in the foreground with --data-dir
    Start,
    /// Stop both daemons and wait until they have ended
    Stop,
    /// Show how both daemons are
    Status,
    /// Look at everything that has to be right, and say what to do where it is not
    ///
    /// It changes nothing. It ends with 1 where there is a problem. What only root sees is told as not seen.
    Doctor,
    /// Show what gatewayd measures of itself, as Prometheus reads it
    #[command(after_help = examples::METRICS)]
    Metrics(MetricsArgs),
    /// Open the vault, so that transactions can be signed
    #[command(after_help = examples::UNLOCK)]
    Unlock,
    /// Wipe the keys from memory until the next unlock
    Lock,
    /// Let the vault open without anybody at a start, or not
    #[command(subcommand)]
    Unattended(UnattendedCommand),
    /// Stop everything and call off what is under way, lock it, and let it go on
    #[command(subcommand)]
    KillSwitch(KillSwitchCommand),
    /// List and change the rules that suspend a wallet without anybody asking
    #[command(subcommand)]
    Autostop(AutostopCommand),
    /// Stop signing at once, of one wallet or of all, until it is resumed; what waits goes on then
    #[command(after_help = examples::SUSPEND)]
    Suspend(SuspendArgs),
    /// Let signing go on
    Resume(ResumeArgs),
    /// Put off the dead man's switch, which suspends signing when nobody does
    Renew,
    /// Make the signer take the system's clock for right
    #[command(subcommand)]
    Time(TimeCommand),
    /// Create, import, list, show, rename, rotate and destroy wallets
    #[command(subcommand)]
    Wallet(WalletCommand),
    /// Create, list and revoke the sessions that agents work with, and decide who gets one
    #[command(subcommand)]
    Session(SessionCommand),
    /// Send from a wallet, under its policies and its guard like an agent
    #[command(after_help = examples::SEND)]
    Send(SendArgs),
    /// Show what a wallet holds
    Balance(BalanceArgs),
    /// List, show and wait for transactions, and decide about those that wait
    #[command(subcommand)]
    Tx(TransactionCommand),
    /// List, write, change and delete what the gateway lets agents do
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// List, add and remove the tokens that the gateway knows
    #[command(subcommand)]
    Token(TokenCommand),
    /// Show what an asset is worth, and who says so
    #[command(after_help = examples::PRICE)]
    Price(PriceArgs),
    /// Show how the RPC endpoints are, and try one
    #[command(subcommand)]
    Rpc(RpcCommand),
    /// Show, compare, try and set what a wallet's key may sign
    #[command(subcommand)]
    Guard(GuardCommand),
    /// Show what could leave without the owner, were gatewayd taken over now
    Exposure(ExposureArgs),
    /// Name a wallet's owner; show, propose, confirm and remove those who may allow what a guard does not
    #[command(subcommand)]
    Owner(OwnerCommand),
    /// Ask owners whether something may change, and take their signatures
    #[command(after_help = examples::APPROVAL)]
    #[command(subcommand)]
    Approval(ApprovalCommand),
    /// List and call off what was announced and waits for its time
    #[command(subcommand)]
    Announcement(AnnouncementCommand),
    /// Write an encrypted copy of vault, journal and database to a file, or check one
    #[command(
        args_conflicts_with_subcommands = true,
        subcommand_negates_reqs = true,
        after_help = examples::BACKUP
    )]
    Backup(BackupArgs),
    /// Take over a backup into daemons without a vault, which then sign nothing at first
    #[command(after_help = examples::RESTORE)]
    Restore(RestoreArgs),
    /// Check, show and export the signer's journal: what it decided, refusals too
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Get and check proofs for others that the signer decided something
    #[command(after_help = examples::RECEIPT)]
    #[command(subcommand)]
    Receipt(ReceiptCommand),
    /// Print the completions for a shell
    Completions(ShellArgs),
    /// Write the man pages of waiaasctl and waiaas into a directory
    Man {
        /// The directory; it is made if it is missing
        dir: PathBuf,
    },
}

/// Which numbers to show.
#[derive(Debug, Args)]
pub struct MetricsArgs {
    /// Those whose names begin so, such as `waiaas_queue` [default: all]
    pub name: Option<String>,
}

/// A transfer.
#[derive(Debug, Args)]
pub struct SendArgs {
    /// From which wallet, by name or id
    pub wallet: String,
    /// To which address
    pub to: String,
    /// How much, in whole coins or tokens such as 0.25
    pub amount: String,
    /// AMOUNT is in base units: wei, lamports, a token's smallest unit
    #[arg(long)]
    pub base_units: bool,
    /// On which network, such as base-sepolia or eip155:84532; needed for Ethereum wallets
    #[arg(long)]
    pub network: Option<String>,
    /// The token to send: its contract or mint, or its CAIP-19 asset id [default: the native coin]
    #[arg(long)]
    pub token: Option<String>,
    /// A memo, where the chain has memos
    #[arg(long)]
    pub memo: Option<String>,
    /// The same key never sends twice
    #[arg(long, value_name = "KEY")]
    pub idempotency_key: Option<String>,
    /// Wait until the transfer is confirmed, refused or queued, at most SECONDS, 120 without a number
    #[arg(
        long,
        value_name = "SECONDS",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "120",
        value_parser = value_parser!(u32).range(1..=86_400),
    )]
    pub wait: Option<u32>,
}

/// What to show of a wallet's holdings.
#[derive(Debug, Args)]
pub struct BalanceArgs {
    /// The wallet, by name or id
    pub wallet: String,
    /// On which network; all networks of the wallet without it
    #[arg(long)]
    pub network: Option<String>,
    /// Show tokens too
    #[arg(long)]
    pub assets: bool,
}

/// What to stop.
#[derive(Debug, Args)]
pub struct SuspendArgs {
    /// The wallet, by name or id; the whole signer without it
    pub wallet: Option<String>,
    /// Why, for the journal
    #[arg(long, default_value = "an operator suspended signing")]
    pub reason: String,
    /// Lock it: where a wallet has owners, they have to approve that its signing goes on
    #[arg(long)]
    pub locked: bool,
}

/// What shall go on.
#[derive(Debug, Args)]
pub struct ResumeArgs {
    /// The wallet, by name or id; the whole signer without it
    pub wallet: Option<String>,
    /// What the wallet's owners signed, to end a lock; see `waiaasctl approval resume`
    #[arg(long, value_name = "FILE")]
    pub approval: Option<PathBuf>,
}

/// Whose exposure to show.
#[derive(Debug, Args)]
pub struct ExposureArgs {
    /// The wallet, by name or id; all wallets without it
    pub wallet: Option<String>,
}

/// Which completions to print.
#[derive(Debug, Args)]
pub struct ShellArgs {
    /// The shell
    pub shell: Shell,
    /// For which program
    #[arg(long, value_enum, default_value_t = Program::Waiaasctl)]
    pub program: Program,
}

/// One of the two programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Program {
    /// The operator's tool
    Waiaasctl,
    /// The program for one user
    Waiaas,
}

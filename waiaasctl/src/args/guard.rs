//! The command line of `waiaasctl guard`, `owner`, `announcement` and `approval`: what may leave, and
//! who may allow more.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum, value_parser};
use primitives::{Address, Chain, Environment};

use super::examples;
use super::wallet::{chain_parser, environment_parser};

/// What to do with guards.
#[derive(Debug, Subcommand)]
pub enum GuardCommand {
    /// Print a wallet's guard as TOML
    Show {
        /// The wallet, by name or id
        wallet: String,
    },
    /// Show what a guard in a file would change, and what could leave then; sets nothing
    #[command(after_help = examples::GUARD_DIFF)]
    Diff {
        /// The wallet, by name or id
        wallet: String,
        /// The file, `-` for standard input
        file: PathBuf,
    },
    /// Show what a guard in a file would say to a transaction or message; sets nothing
    #[command(after_help = examples::GUARD_TEST)]
    Test(GuardTestArgs),
    /// Replace a wallet's guard by the TOML in a file
    ///
    /// A guard that lets nothing more pass is set at once. Any other takes the passphrase of the
    /// vault, and the approval of the wallet's owners where there are any.
    #[command(after_help = examples::GUARD_SET)]
    Set(GuardSetArgs),
    /// Print a guard to begin with
    #[command(after_help = examples::GUARD_TEMPLATE)]
    Template(GuardTemplateArgs),
}

/// A guard to set.
#[derive(Debug, Args)]
pub struct GuardSetArgs {
    /// The wallet, by name or id
    pub wallet: String,
    /// The file, `-` for standard input; `waiaasctl guard show` prints one to start from
    pub file: PathBuf,
    /// Refuse if the guard is not at this version any more [default: the version it has now]
    #[arg(long, value_name = "VERSION")]
    pub from_version: Option<u64>,
    /// What the wallet's owners signed; see `waiaasctl approval guard`
    #[arg(long, value_name = "FILE")]
    pub approval: Option<PathBuf>,
}

/// A guard to try.
#[derive(Debug, Args)]
pub struct GuardTestArgs {
    /// The wallet, by name or id
    pub wallet: String,
    /// The file, `-` for standard input
    pub file: PathBuf,
    /// What it is to judge.
    #[command(flatten)]
    pub subject: SubjectArgs,
}

/// What a guard is to judge.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub struct SubjectArgs {
    /// An unsigned transaction: RLP of an EVM network, or the message of a Solana transaction
    #[arg(long, value_name = "HEX")]
    pub transaction: Option<String>,
    /// A text that is to be signed
    #[arg(long, value_name = "TEXT")]
    pub text: Option<String>,
    /// Typed data (EIP-712) as `eth_signTypedData_v4` takes it, in a file, `-` for standard input
    #[arg(long, value_name = "FILE")]
    pub typed_data: Option<PathBuf>,
}

/// Which template.
#[derive(Debug, Args)]
pub struct GuardTemplateArgs {
    /// Its name
    #[arg(required_unless_present = "list")]
    pub name: Option<String>,
    /// For wallets of which kind of chain: ethereum (every EVM network) or solana
    #[arg(long, value_parser = chain_parser(), required_unless_present = "list")]
    pub chain: Option<Chain>,
    /// For which networks: testnet, or mainnet where coins are worth money
    #[arg(long, default_value = "testnet", value_parser = environment_parser())]
    pub environment: Environment,
    /// List the templates instead
    #[arg(long, conflicts_with_all = ["name", "chain"])]
    pub list: bool,
}

/// What to do with owners.
#[derive(Debug, Subcommand)]
pub enum OwnerCommand {
    /// Show who the owners of a wallet are, and who was proposed
    Show {
        /// The wallet, by name or id
        wallet: String,
    },
    /// Name the owner of a wallet: they may stop things at once, and are proposed to signerd
    #[command(after_help = examples::OWNER_SET)]
    Set {
        /// The wallet, by name or id
        wallet: String,
        /// The owner's address, on the wallet's kind of chain
        owner: Address,
    },
    /// Leave a wallet without an owner in gatewayd; whom signerd has confirmed stays
    Unset {
        /// The wallet, by name or id
        wallet: String,
    },
    /// Write the message by which an owner asks gatewayd for something, to be signed
    #[command(after_help = examples::OWNER_MESSAGE)]
    Message(OwnerMessageArgs),
    /// Send a message that the owner signed, and have done what it says
    Send {
        /// What `waiaasctl owner message` wrote
        file: PathBuf,
        /// The owner's signature: 0x and hexadecimal digits, of Solana base64 or base58
        #[arg(long)]
        signature: String,
    },
    /// Propose owners for a wallet that has none; an operator confirms them
    Propose {
        /// The wallet, by name or id
        wallet: String,
        /// Who.
        #[command(flatten)]
        owners: OwnerArgs,
    },
    /// Make these the owners of a wallet, in place of those it has
    ///
    /// They are named once more, as a gateway may have proposed others in between. Where the wallet
    /// has owners already, these have to approve.
    #[command(after_help = examples::OWNER_CONFIRM)]
    Confirm {
        /// The wallet, by name or id
        wallet: String,
        /// Who.
        #[command(flatten)]
        owners: OwnerArgs,
        /// What the present owners signed; see `waiaasctl approval owners`
        #[arg(long, value_name = "FILE")]
        approval: Option<PathBuf>,
    },
    /// Leave a wallet without owners; they have to approve
    Remove {
        /// The wallet, by name or id
        wallet: String,
        /// What the present owners signed; see `waiaasctl approval owners`
        #[arg(long, value_name = "FILE")]
        approval: Option<PathBuf>,
    },
}

/// What an owner asks for.
#[derive(Debug, Args)]
pub struct OwnerMessageArgs {
    /// What the owner wants
    pub action: OwnerAction,
    /// The wallet, by name or id, or the id of the transaction
    pub id: String,
    /// Who signs it
    #[arg(long, value_name = "ADDRESS")]
    pub owner: Address,
    /// `replace`: the new owner
    #[arg(long, value_name = "ADDRESS", required_if_eq("action", "replace"))]
    pub new_owner: Option<Address>,
    /// Which network the message names [default: the wallet's usual one]
    #[arg(long)]
    pub network: Option<String>,
    /// Where to write what `waiaasctl owner send` takes
    #[arg(long, value_name = "FILE")]
    pub output: PathBuf,
}

/// What an owner can ask of gatewayd.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OwnerAction {
    /// Prove to hold the key: from then on only the owner changes the owner
    Verify,
    /// Put another owner in one's place
    Replace,
    /// Leave the wallet without an owner
    Remove,
    /// Refuse a transaction that waits
    Reject,
    /// Call a transaction off
    Cancel,
}

impl OwnerAction {
    /// The word of the HTTP contract.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Replace => "replace",
            Self::Remove => "remove",
            Self::Reject => "reject",
            Self::Cancel => "cancel",
        }
    }
}

/// So many of these.
#[derive(Debug, Args)]
pub struct OwnerArgs {
    /// The owners' addresses, of Ethereum or Solana
    #[arg(required = true, value_name = "ADDRESS")]
    pub members: Vec<Address>,
    /// How many of them have to sign [default: all of them]
    #[arg(long, value_name = "COUNT", value_parser = value_parser!(u8).range(1..=16))]
    pub threshold: Option<u8>,
}

/// What to do with announcements.
#[derive(Debug, Subcommand)]
pub enum AnnouncementCommand {
    /// List what waits for its time in a wallet
    List {
        /// The wallet, by name or id
        wallet: String,
    },
    /// Call an announcement off: it is not signed
    Cancel {
        /// The wallet, by name or id
        wallet: String,
        /// The announcement; all of the wallet's without it
        id: Option<uuid::Uuid>,
    },
}

//! The command line of `waiaasctl approval`: what owners are asked, and what they answered.

use std::path::PathBuf;

use clap::{Args, Subcommand, value_parser};
use primitives::Address;

/// What to ask the owners of a wallet, and what to do with their answers.
///
/// The file that `guard`, `owners` and `resume` write holds the question; it needs no secrecy. Who
/// has it sees the question by `show`, signs what `text` or `typed-data` prints with a wallet of
/// their own, and `add` puts the signature in. Then the file is an `--approval`.
#[derive(Debug, Subcommand)]
pub enum ApprovalCommand {
    /// Ask whether a wallet's guard may become the one in a file
    Guard {
        /// The wallet, by name or id
        wallet: String,
        /// The guard as TOML
        file: PathBuf,
        /// For how long, and where to.
        #[command(flatten)]
        asking: AskArgs,
    },
    /// Ask whether these may become the owners of a wallet
    Owners {
        /// The wallet, by name or id
        wallet: String,
        /// The new owners' addresses, of Ethereum or Solana
        #[arg(value_name = "ADDRESS", required_unless_present = "nobody")]
        members: Vec<Address>,
        /// How many of them have to sign [default: all of them]
        #[arg(long, value_name = "COUNT", value_parser = value_parser!(u8).range(1..=16))]
        threshold: Option<u8>,
        /// Ask whether the wallet may be without owners instead
        #[arg(long, conflicts_with_all = ["members", "threshold"])]
        nobody: bool,
        /// For how long, and where to.
        #[command(flatten)]
        asking: AskArgs,
    },
    /// Ask whether a wallet that is locked may sign again
    Resume {
        /// The wallet, by name or id
        wallet: String,
        /// For how long, and where to.
        #[command(flatten)]
        asking: AskArgs,
    },
    /// Show what is asked in a file, and who has signed it; no signerd is needed for it
    Show {
        /// The file
        file: PathBuf,
    },
    /// Print the text that an owner signs: `personal_sign` of Ethereum, `signMessage` of Solana
    Text {
        /// The file
        file: PathBuf,
    },
    /// Print the same as typed data, for `eth_signTypedData_v4`
    TypedData {
        /// The file
        file: PathBuf,
    },
    /// Put an owner's signature into a file
    Add {
        /// The file
        file: PathBuf,
        /// Whose signature it is
        #[arg(long, value_name = "ADDRESS")]
        owner: Address,
        /// The signature: 65 bytes of Ethereum or 64 of Solana
        #[arg(long, value_name = "HEX")]
        signature: String,
        /// It is over the typed data, not over the text
        #[arg(long)]
        typed_data: bool,
    },
}

/// How a question is asked.
#[derive(Debug, Args)]
pub struct AskArgs {
    /// Where to write the question; a file that exists is never replaced
    #[arg(long, value_name = "FILE")]
    pub output: PathBuf,
    /// For how many hours an answer holds
    #[arg(long, default_value_t = 24, value_parser = value_parser!(u8).range(1..=167))]
    pub hours: u8,
}

//! The command line of `waiaasctl policy test`.

use std::path::PathBuf;

use clap::Args;

/// What the policies are to judge, and by what.
#[derive(Debug, Args)]
pub struct PolicyTestArgs {
    /// Whose key would sign, by name or id
    pub wallet: String,
    /// On which network, by name or CAIP-2; typed data and an EVM transaction say it themselves
    #[arg(long)]
    pub network: Option<String>,
    /// What would be done.
    #[command(flatten)]
    pub subject: PolicySubjectArgs,
    /// How much, in whole coins or tokens such as 0.25
    #[arg(long, value_name = "AMOUNT")]
    pub amount: Option<String>,
    /// AMOUNT is in base units: wei, lamports, a token's smallest unit
    #[arg(long, requires = "amount")]
    pub base_units: bool,
    /// The token that is sent or released: its contract or mint [default: the native coin]
    #[arg(long, value_name = "ADDRESS")]
    pub token: Option<String>,
    /// Data of the call to --contract, in hexadecimal digits
    #[arg(
        long,
        value_name = "HEX",
        conflicts_with_all = ["to", "spender", "batch", "transaction", "text", "typed_data"],
    )]
    pub calldata: Option<String>,
    /// Try these policies too: JSON of one or of a list, as `waiaasctl policy template NAME` prints them
    #[arg(long, value_name = "FILE")]
    pub with: Option<PathBuf>,
    /// Leave out the policies that are stored
    #[arg(long, requires = "with")]
    pub only: bool,
    /// Take it for worth so many dollars, instead of what the prices say
    #[arg(long, value_name = "DOLLARS")]
    pub worth_usd: Option<String>,
    /// Take so many dollars for spent in the last 24 hours
    #[arg(long, value_name = "DOLLARS")]
    pub spent_today_usd: Option<String>,
    /// Take so many transactions for made in whichever window policies count
    #[arg(long, value_name = "COUNT")]
    pub transactions: Option<u64>,
    /// Take this for the time, in Unix seconds
    #[arg(long, value_name = "SECONDS")]
    pub at: Option<i64>,
}

/// What would be done.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct PolicySubjectArgs {
    /// Send AMOUNT to this address
    #[arg(long, value_name = "ADDRESS")]
    pub to: Option<String>,
    /// Let this address take AMOUNT of --token
    #[arg(long, value_name = "ADDRESS")]
    pub spender: Option<String>,
    /// Call this contract, with AMOUNT of the native coin if that is given
    #[arg(long, value_name = "ADDRESS")]
    pub contract: Option<String>,
    /// A batch: a JSON list of requests in a file, `-` for standard input
    #[arg(long, value_name = "FILE")]
    pub batch: Option<PathBuf>,
    /// An unsigned transaction: hexadecimal digits after 0x (EVM), or base64 (Solana)
    #[arg(long, value_name = "BYTES")]
    pub transaction: Option<String>,
    /// A text that is to be signed
    #[arg(long, value_name = "TEXT")]
    pub text: Option<String>,
    /// Typed data (EIP-712) in a file, `-` for standard input
    #[arg(long, value_name = "FILE")]
    pub typed_data: Option<PathBuf>,
}

//! The command line of `waiaasctl autostop`.

use clap::{Args, Subcommand};

use super::examples;

/// What to do with the rules that suspend wallets.
#[derive(Debug, Subcommand)]
pub enum AutostopCommand {
    /// List the rules: what fires each, and whether it counts
    List,
    /// Set from where on a rule fires; all fields that `list` shows of it
    #[command(after_help = examples::AUTOSTOP_SET)]
    Set {
        /// Which
        #[command(flatten)]
        rule: RuleArgs,
        /// Whole numbers, such as transactions=20
        #[arg(required = true, value_name = "KEY=NUMBER")]
        config: Vec<String>,
    },
    /// Have a rule count from now on
    #[command(after_help = examples::AUTOSTOP_ENABLE)]
    Enable(RuleArgs),
    /// Have a rule suspend nothing any more
    Disable(RuleArgs),
}

/// Which rule.
#[derive(Debug, Args)]
pub struct RuleArgs {
    /// Its type, as `autostop list` shows it, such as `rapid_fire`
    #[arg(value_name = "TYPE")]
    pub kind: String,
    /// For this wallet alone, by name or id, in place of the rule for all; as that until it is set
    #[arg(long)]
    pub wallet: Option<String>,
}

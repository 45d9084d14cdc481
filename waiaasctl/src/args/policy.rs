//! The command line of `waiaasctl policy`.

use std::path::PathBuf;

use clap::{Args, Subcommand, value_parser};

use super::{PolicyTestArgs, examples};

/// What to do with policies.
#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// List the policies, newest first
    List {
        /// Those that bind this wallet alone, by name or id
        #[arg(long)]
        wallet: Option<String>,
    },
    /// Show one policy with its rules
    Show {
        /// The policy's id
        id: String,
    },
    /// Show the types of policies: what each means, who enforces it, and rules of it
    #[command(after_help = examples::POLICY_TYPES)]
    Types {
        /// This type alone, with its example
        #[arg(value_name = "TYPE")]
        kind: Option<String>,
    },
    /// Write a policy, which counts from then on
    #[command(after_help = examples::POLICY_ADD)]
    Add(PolicyAddArgs),
    /// Change a policy: single rules, all of them, or its priority
    #[command(after_help = examples::POLICY_EDIT)]
    Edit(PolicyEditArgs),
    /// Show what the policies would say to something; nothing is stored, signed or sent
    ///
    /// It ends with 6 where they deny it.
    #[command(after_help = examples::POLICY_TEST)]
    Test(Box<PolicyTestArgs>),
    /// Delete a policy; what it forbade is allowed again unless another policy forbids it
    Remove {
        /// The policy's id
        id: String,
    },
    /// Let a policy count again
    Enable {
        /// The policy's id
        id: String,
    },
    /// Let a policy not count until it is enabled
    Disable {
        /// The policy's id
        id: String,
    },
    /// List ready sets of policies, print one, or write its policies
    #[command(after_help = examples::POLICY_TEMPLATE)]
    Template(PolicyTemplateArgs),
}

/// Rules on a command line.
#[derive(Debug, Args)]
pub struct RulesArgs {
    /// Rules such as `delay_seconds=600` or `allowed_hours.start=9`; lists with commas
    ///
    /// A value is JSON where it reads as JSON, else text. Amounts in base units are text, as numbers of
    /// JSON cannot hold them.
    #[arg(value_name = "KEY=VALUE")]
    pub rules: Vec<String>,
    /// Read all rules from a JSON file, `-` for standard input
    #[arg(long, value_name = "FILE", conflicts_with = "rules")]
    pub file: Option<PathBuf>,
}

/// A new policy.
#[derive(Debug, Args)]
pub struct PolicyAddArgs {
    /// Its type, such as `SPENDING_LIMIT`; `waiaasctl policy types` lists them
    #[arg(value_name = "TYPE")]
    pub kind: String,
    /// What it says.
    #[command(flatten)]
    pub rules: RulesArgs,
    /// Whom it binds, by name or id [default: every wallet]
    #[arg(long)]
    pub wallet: Option<String>,
    /// Where it counts, by name or CAIP-2 [default: every network]
    #[arg(long)]
    pub network: Option<String>,
    /// Among policies of one type and scope the highest counts
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    pub priority: i64,
    /// Write it, and let it not count yet
    #[arg(long)]
    pub disabled: bool,
}

/// What to change of a policy.
#[derive(Debug, Args)]
pub struct PolicyEditArgs {
    /// The policy's id
    pub id: String,
    /// What it says from now on; rules that are not named stay.
    #[command(flatten)]
    pub rules: RulesArgs,
    /// Take a rule away
    #[arg(long, value_name = "KEY", conflicts_with = "file")]
    pub unset: Vec<String>,
    /// Its new priority
    #[arg(long, allow_negative_numbers = true, value_parser = value_parser!(i64))]
    pub priority: Option<i64>,
}

/// Which set of policies.
#[derive(Debug, Args)]
pub struct PolicyTemplateArgs {
    /// Its name; without it the sets are listed
    pub name: Option<String>,
    /// Write its policies, instead of printing them
    #[arg(long, requires = "name")]
    pub apply: bool,
    /// Whom they bind, by name or id [default: every wallet]
    #[arg(long, requires = "apply")]
    pub wallet: Option<String>,
    /// Where they count, by name or CAIP-2 [default: every network]
    #[arg(long, requires = "apply")]
    pub network: Option<String>,
}

//! The command line of `waiaasctl kill-switch`.

use clap::Subcommand;

use super::examples;

/// What to do with the kill switch.
#[derive(Debug, Subcommand)]
pub enum KillSwitchCommand {
    /// Show whether everything is stopped, since when and by whom
    Status,
    /// Stop everything: nothing is signed or sent any more, and what is under way is called off
    ///
    /// The signer stops first, then the gateway; each stops even where the other does not run. No
    /// passphrase is needed. `suspend` in comparison stops signing alone, and what waits goes on with
    /// `resume`.
    #[command(after_help = examples::KILL_SWITCH_ACTIVATE)]
    Activate {
        /// Why, for the journal and the audit trail; at most 200 characters
        #[arg(long)]
        reason: Option<String>,
    },
    /// Lock what is stopped: sessions are refused too, and owners have to agree before it goes on
    ///
    /// A wallet with owners signs again once an operator has recovered everything and its owners have
    /// approved that its signing goes on; see `waiaasctl approval resume`.
    Escalate {
        /// Why, for the journal and the audit trail; at most 200 characters
        #[arg(long)]
        reason: Option<String>,
    },
    /// Let everything go on, with the passphrase of the vault
    ///
    /// Sessions and wallets are as they were. What was called off stays so.
    Recover,
}

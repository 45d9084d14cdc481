//! The command lines: what can be typed, and what `--help` and the man pages say about it.

mod approval;
mod audit;
mod audit_trail;
mod autostop;
mod backup;
#[cfg(test)]
mod documents;
mod examples;
mod groups;
mod guard;
mod installed;
mod kill_switch;
mod operator;
mod policy;
mod policy_test;
mod rpc;
mod session;
#[cfg(test)]
mod tests;
mod transaction;
mod user;
mod wallet;

pub use approval::{ApprovalCommand, AskArgs};
pub use audit::{
    AuditArchiveArgs, AuditCommand, AuditShowArgs, AuditVerifyArgs, ReceiptCommand, TimeCommand,
};
pub use audit_trail::{AuditFilter, AuditLogArgs};
pub use autostop::{AutostopCommand, RuleArgs};
pub use backup::{BackupArgs, BackupCommand, BackupSchedule, KEEP, RestoreArgs};
pub use guard::{
    AnnouncementCommand, GuardCommand, GuardSetArgs, GuardTemplateArgs, GuardTestArgs, OwnerAction,
    OwnerArgs, OwnerCommand, OwnerMessageArgs, SubjectArgs,
};
pub use installed::{FirstRunArgs, SealingKey, UnattendedCommand};
pub use kill_switch::KillSwitchCommand;
pub use operator::{
    BalanceArgs, Command, ExposureArgs, MetricsArgs, Operator, OperatorOptions, Program,
    ResumeArgs, SendArgs, ShellArgs, SuspendArgs,
};
pub use policy::{PolicyAddArgs, PolicyCommand, PolicyEditArgs, PolicyTemplateArgs, RulesArgs};
pub use policy_test::{PolicySubjectArgs, PolicyTestArgs};
pub use rpc::{PriceArgs, RpcCommand, TokenAddArgs, TokenCommand};
pub use session::{ConstraintArgs, SessionCommand, SessionCreateArgs, SessionRotateArgs};
pub use transaction::{TransactionApproveArgs, TransactionCommand, TransactionListArgs};
pub use user::{InitArgs, QuicksetArgs, User, UserCommand, UserOptions};
pub use wallet::{ImportArgs, WalletCommand, WalletKind};

/// What ends every `--help`: the exit codes of both programs, as [`crate::exit::Exit`] has them.
pub const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  failed for another reason than those below, or `doctor` found a problem
  2  the command line is wrong
  3  a daemon is not running or does not answer
  4  the vault is locked or was not made yet
  5  the passphrase is wrong, missing or too short
  6  refused: a guard, a policy or a suspension says no
  7  there is no such wallet, session or transaction
  8  the time to wait ran out
  9  it runs already";

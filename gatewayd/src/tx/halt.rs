//! Why a transaction does not go on now, and what is stored then.

use std::time::Duration;

use serde_json::{Map, Value};

use super::{Problem, Progress, Status, Tier, Transaction, UnitsError, refusal, sequence};
use crate::app::App;
use crate::chains::{Category, ChainError};
use crate::clock::UnixSeconds;
use crate::signer::SignerError;
use crate::store::audit::{Actor, AuditEntry, Severity};
use crate::store::reservations::Settlement;
use crate::store::{StoreError, TransactionId, Writing};

/// Why a step of the pipeline is the last one for now.
#[derive(Debug)]
pub(super) enum Halt {
    /// It is stored where it stands, and nothing more is to be done now.
    Stored,
    /// It is tried again from what is stored, later.
    Again(Pace, Option<Problem>),
    /// It is signed, and not sent now, because its wallet or everything is stopped.
    Withheld(Problem),
    /// It will surely never be paid.
    Failed(Problem),
    /// The database fails: nothing can be stored, and everything stands as before.
    Store(StoreError),
}

/// How long is waited before the next attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// Something does not work: longer each time.
    BackOff,
    /// The network works on it: as long as a block takes.
    Block,
    /// As long as was said.
    After(Duration),
}

/// Attempts at one step before anything was signed; after them it fails.
const MOST_ATTEMPTS: u32 = 1_000;

/// Attempts to have the signer forget what was announced: more than it remembers by itself, which
/// is a day.
const LAST_REMINDER: u32 = 3_000;

impl Halt {
    /// What a chain's error means while nothing is signed.
    pub(super) fn unsigned(error: ChainError) -> Self {
        let problem = Problem::of_chain(&error);
        match error.category() {
            Category::Permanent => Self::Failed(problem),
            Category::Transient | Category::Stale => Self::Again(Pace::BackOff, Some(problem)),
        }
    }
}

impl From<UnitsError> for Halt {
    fn from(error: UnitsError) -> Self {
        match error {
            UnitsError::Chain(error) => Self::unsigned(error),
            UnitsError::Store(error) => Self::Store(error),
        }
    }
}

impl From<StoreError> for Halt {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Problem {
    /// A problem with its code.
    pub(crate) fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into() }
    }

    /// Its session was revoked, or lost the wallet.
    pub(super) fn disowned() -> Self {
        let message =
            "the session that asked for it was revoked, or may not use the wallet any more";
        Self::new("SESSION_REVOKED", message)
    }

    /// What a chain said.
    pub(super) fn of_chain(error: &ChainError) -> Self {
        Self::new(error.code(), error.to_string())
    }

    /// What the signer said, or why it said nothing.
    pub(super) fn of_signer(error: &SignerError) -> Self {
        match error {
            SignerError::Unavailable { .. } | SignerError::NoAnswer { .. } => {
                Self::new("ADAPTER_NOT_AVAILABLE", error.to_string())
            }
            SignerError::Locked => Self::new("KEYSTORE_LOCKED", error.to_string()),
            SignerError::Refused(refusal) => refusal::problem(refusal),
        }
    }
}

impl Pace {
    /// As long as was said; longer each time where nothing was.
    pub(super) fn after(wait: Duration) -> Self {
        if wait.is_zero() { Self::BackOff } else { Self::After(wait) }
    }

    fn wait(self, attempts: u32) -> Duration {
        let seconds = match self {
            Self::After(wait) => return wait,
            Self::BackOff => 1_u64.checked_shl(attempts.min(5)).unwrap_or(32).min(30),
            Self::Block => u64::from(attempts / 8).clamp(1, 15),
        };
        Duration::from_secs(seconds)
    }
}

/// Stores why a transaction halted.
pub(super) async fn store(app: &App, id: TransactionId, halt: Halt) -> Result<(), StoreError> {
    let now = app.clock.now();
    match halt {
        Halt::Stored => return Ok(()),
        Halt::Store(error) => return Err(error),
        Halt::Again(pace, problem) => {
            app.store.write(move |db| postpone(db, id, (pace, problem), now)).await?;
        }
        Halt::Withheld(problem) => {
            let halt = (Pace::BackOff, Some(problem));
            app.store.write(move |db| postpone(db, id, halt, now)).await?;
        }
        Halt::Failed(problem) => {
            app.store.write(move |db| fail(db, id, problem, Settlement::Release, now)).await?;
        }
    }
    app.signals.changed(id);
    Ok(())
}

fn postpone(
    db: &Writing<'_>,
    id: TransactionId,
    (pace, problem): (Pace, Option<Problem>),
    now: UnixSeconds,
) -> Result<(), StoreError> {
    // What is over is due again only for the signer to forget it.
    let due = db.transaction(id)?.filter(|found| found.next_attempt_at.is_some());
    let Some(mut transaction) = due else { return Ok(()) };
    if transaction.status.is_final() && transaction.attempts >= LAST_REMINDER {
        transaction.next_attempt_at = None;
        db.forget_announcement(id)?;
        return db.update_transaction(&transaction);
    }
    if transaction.status.is_final() {
        transaction.next_attempt_at = Some(now.plus(pace.wait(transaction.attempts)));
        transaction.attempts = transaction.attempts.saturating_add(1);
        return db.update_transaction(&transaction);
    }
    let signed = matches!(transaction.progress, Progress::Signed(..));
    if transaction.attempts >= MOST_ATTEMPTS && !signed {
        let given_up = Problem::new("TRANSACTION_TIMEOUT", "gave up after too many attempts");
        return fail(db, id, problem.unwrap_or(given_up), Settlement::Release, now);
    }
    let code = |problem: &Option<Problem>| problem.as_ref().map(|it| it.code.clone());
    if signed && code(&problem) != code(&transaction.problem) {
        // What is signed is over when the network says the same often enough in a row.
        transaction.attempts = 0;
    }
    transaction.next_attempt_at = Some(now.plus(pace.wait(transaction.attempts)));
    transaction.attempts = transaction.attempts.saturating_add(1);
    transaction.problem = problem;
    transaction.updated_at = now;
    db.update_transaction(&transaction)
}

/// Ends a transaction that did not do what it should. A nonce that nothing on the network can have
/// used is given back.
pub(super) fn fail(
    db: &Writing<'_>,
    id: TransactionId,
    problem: Problem,
    settlement: Settlement,
    now: UnixSeconds,
) -> Result<(), StoreError> {
    let Some(mut transaction) = unfinished(db, id)? else { return Ok(()) };
    return_unused_nonce(db, &mut transaction)?;
    transaction.problem = Some(problem);
    finish(db, transaction, Status::Failed, settlement, now)
}

/// Calls off a transaction that was never signed, on somebody's behalf.
pub(crate) fn call_off(
    db: &Writing<'_>,
    mut transaction: Transaction,
    problem: Problem,
    now: UnixSeconds,
) -> Result<(), StoreError> {
    return_unused_nonce(db, &mut transaction)?;
    transaction.problem = Some(problem);
    finish(db, transaction, Status::Cancelled, Settlement::Release, now)
}

/// Gives back the nonce of a transaction that was never signed.
pub(super) fn return_unused_nonce(
    db: &Writing<'_>,
    transaction: &mut Transaction,
) -> Result<(), StoreError> {
    let Progress::Drafted(drafted) = &mut transaction.progress else { return Ok(()) };
    match drafted.nonce.take().zip(transaction.intent.network()) {
        Some((nonce, network)) => db.return_nonce(transaction.wallet, network, nonce),
        None => Ok(()),
    }
}

/// Ends a transaction and what is reserved for it, in the caller's database transaction.
pub(crate) fn finish(
    db: &Writing<'_>,
    mut transaction: Transaction,
    status: Status,
    settlement: Settlement,
    now: UnixSeconds,
) -> Result<(), StoreError> {
    // A signature may have used it up, or the same bytes were signed before and it is still there.
    let announced = db.call_off_announcement(transaction.id)?;
    transaction.status = status;
    transaction.next_attempt_at = announced.then_some(now);
    transaction.attempts = 0;
    transaction.waits_until = None;
    transaction.updated_at = now;
    db.settle(transaction.id, settlement, now)?;
    db.update_transaction(&transaction)?;
    audit(db, &transaction, Actor::System, now)?;
    sequence::part_ended(db, &transaction, now)
}

/// The transaction, if there is something to be done about it.
pub(super) fn unfinished(
    db: &Writing<'_>,
    id: TransactionId,
) -> Result<Option<Transaction>, StoreError> {
    let found = db.transaction(id)?;
    Ok(found.filter(|transaction| !transaction.status.is_final()))
}

/// Writes down how a transaction stands now.
pub(crate) fn audit(
    db: &Writing<'_>,
    transaction: &Transaction,
    actor: Actor,
    now: UnixSeconds,
) -> Result<(), StoreError> {
    let (event, severity) = match transaction.status {
        Status::Pending | Status::Executing => ("TX_REQUESTED", Severity::Info),
        Status::Queued | Status::GasWaiting => ("TX_QUEUED", Severity::Info),
        Status::Submitted => ("TX_SUBMITTED", Severity::Info),
        Status::Confirmed => ("TX_CONFIRMED", Severity::Info),
        Status::Signed => ("ACTION_SIGNED", Severity::Info),
        Status::Failed | Status::PartialFailure => ("TX_FAILED", Severity::Warning),
        Status::Expired if transaction.tier < Some(Tier::Approval) => {
            ("TX_EXPIRED", Severity::Info)
        }
        Status::Expired => ("TX_APPROVAL_EXPIRED", Severity::Info),
        Status::Cancelled if denied(transaction) => ("POLICY_DENIED", Severity::Warning),
        Status::Cancelled => ("TX_CANCELLED", Severity::Info),
    };
    let mut details = Map::new();
    let mut put = |name: &str, value: Option<String>| {
        details.extend(value.map(|value| (name.to_owned(), Value::from(value))));
    };
    let shown = transaction.intent.shown();
    put("type", Some(transaction.intent.kind().as_str().to_owned()));
    put("tier", transaction.tier.map(|tier| tier.to_string()));
    put("to", shown.to.map(|to| to.to_string()));
    put("amount", shown.amount.map(|shown| shown.amount.to_string()));
    put("txHash", transaction.hash().map(str::to_owned));
    put("error", transaction.problem.as_ref().map(ToString::to_string));
    db.audit(&AuditEntry {
        at: now,
        event,
        actor,
        wallet: Some(transaction.wallet),
        transaction: Some(transaction.id),
        details,
        severity,
    })
}

fn denied(transaction: &Transaction) -> bool {
    transaction.problem.as_ref().is_some_and(|problem| {
        [POLICY_DENIED, sequence::BATCH_POLICY_VIOLATION].contains(&problem.code.as_str())
    })
}

/// The code of a transaction that a policy does not allow.
pub(crate) const POLICY_DENIED: &str = "POLICY_DENIED";

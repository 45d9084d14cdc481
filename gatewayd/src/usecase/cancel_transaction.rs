//! A payment is called off: at once where nothing was signed, else by a transaction that uses up its
//! nonce. Which of the two the network carries out decides.

use super::read_transactions::sees;
use crate::app::App;
use crate::clock::UnixSeconds;
use crate::owner::Action;
use crate::session::{Caller, OwnerError};
use crate::store::audit::{Actor, AuditEntry};
use crate::store::{StoreError, TransactionId, Writing};
use crate::tx::{self, Drafted, Intent, Problem, Progress, Status, Transaction, Wish};

/// Why a payment is not called off.
#[derive(Debug, thiserror::Error)]
pub enum CancelError {
    /// There is none, or the caller may not see it.
    #[error("there is no transaction {0}")]
    NotFound(TransactionId),
    /// An agent asked, and the operator had ordered it.
    #[error("the operator ordered it: only the operator or the wallet's owner calls it off")]
    NotTheirs,
    /// It is over, or on its way on a network that replaces nothing.
    #[error("the transaction is {0} and cannot be called off any more")]
    TooLate(Status),
    /// The owner signed for something else.
    #[error(transparent)]
    Owner(#[from] OwnerError),
    /// The database fails.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Calls a payment off, and releases what was reserved for it; what the network may have already is
/// replaced, and stands as before until the network has carried out the one or the other.
///
/// # Errors
/// When there is none that the caller may see, it is over or cannot be replaced, or the owner signed
/// for something else.
pub async fn cancel_transaction(
    app: &App,
    caller: &Caller,
    id: TransactionId,
) -> Result<Transaction, CancelError> {
    if let Caller::Owner(owner) = caller {
        owner.wants(Action::Cancel(id))?;
    }
    let (caller, now) = (caller.clone(), app.clock.now());
    let cancelled = app.store.write(move |db: &Writing<'_>| {
        let found = db.transaction(id)?.filter(|found| sees(&caller, found.wallet));
        let found = found.ok_or(CancelError::NotFound(id))?;
        if found.session.is_none() && matches!(caller, Caller::Agent(_)) {
            return Err(CancelError::NotTheirs);
        }
        let mut transaction = tx::first_to_call_off(db, found)?;
        let actor = actor(&caller);
        let problem = Problem::new("CANCELLED", format!("called off by {actor}"));
        if is_unsigned(&transaction) {
            tx::call_off(db, transaction, problem, now)?;
        } else if is_replaceable(&transaction) {
            let wish = Wish::CallOff { ends: Status::Cancelled, problem };
            db.make_wish(transaction.id, &wish, now)?;
            transaction.next_attempt_at = Some(now);
            db.update_transaction(&transaction)?;
            note(db, &transaction, "TX_CANCEL_REQUESTED", (actor, now))?;
        } else {
            return Err(CancelError::TooLate(transaction.status));
        }
        db.transaction(id)?.ok_or(CancelError::NotFound(id))
    });
    let cancelled = cancelled.await?;
    app.signals.changed(id);
    Ok(cancelled)
}

/// Who called.
pub(super) fn actor(caller: &Caller) -> Actor {
    match caller {
        Caller::Agent(agent) => Actor::Session(agent.session_id()),
        Caller::Master(_) => Actor::Operator,
        Caller::Owner(owner) => Actor::Owner(owner.address()),
    }
}

/// Writes down that somebody wants another version of a transaction.
pub(super) fn note(
    db: &Writing<'_>,
    transaction: &Transaction,
    event: &'static str,
    (actor, now): (Actor, UnixSeconds),
) -> Result<(), StoreError> {
    let entry = AuditEntry::new(now, event, actor).wallet(transaction.wallet);
    db.audit(&AuditEntry { transaction: Some(transaction.id), ..entry })
}

/// Whether the network cannot have it: what a signer has signed and nobody stored is never sent.
pub(super) fn is_unsigned(transaction: &Transaction) -> bool {
    let signed = matches!(transaction.progress, Progress::Signed(..));
    !signed && matches!(transaction.intent, Intent::Send(_)) && !transaction.status.is_final()
}

/// Whether the network may have it, and would take another one in its place.
pub(super) fn is_replaceable(transaction: &Transaction) -> bool {
    let numbered =
        matches!(transaction.progress, Progress::Signed(Drafted { nonce: Some(_), .. }, _));
    numbered && !transaction.restored && !transaction.status.is_final()
}

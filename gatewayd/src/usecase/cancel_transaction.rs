//! A payment that nothing was signed for is called off.

use super::read_transactions::sees;
use crate::app::App;
use crate::session::Caller;
use crate::store::audit::Actor;
use crate::store::reservations::Settlement;
use crate::store::{StoreError, TransactionId, Writing};
use crate::tx::{self, Problem, Status, Transaction};

/// Why a payment is not called off.
#[derive(Debug, thiserror::Error)]
pub enum CancelError {
    /// There is none, or the caller may not see it.
    #[error("there is no transaction {0}")]
    NotFound(TransactionId),
    /// It is under way or over.
    #[error("the transaction is {0} and cannot be called off any more")]
    TooLate(Status),
    /// The database fails.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Calls a payment off, and releases what was reserved for it.
///
/// # Errors
/// When there is none that the caller may see, or it is under way or over.
pub async fn cancel_transaction(
    app: &App,
    caller: &Caller,
    id: TransactionId,
) -> Result<Transaction, CancelError> {
    let (caller, now) = (caller.clone(), app.clock.now());
    let cancelled = app.store.write(move |db: &Writing<'_>| {
        let found = db.transaction(id)?.filter(|found| sees(&caller, found.wallet));
        let mut transaction = found.ok_or(CancelError::NotFound(id))?;
        if !transaction.status.may_become(Status::Cancelled) {
            return Err(CancelError::TooLate(transaction.status));
        }
        let actor = match &caller {
            Caller::Agent(agent) => Actor::Session(agent.session_id()),
            Caller::Master(_) => Actor::Operator,
        };
        transaction.problem = Some(Problem::new("CANCELLED", format!("called off by {actor}")));
        tx::finish(db, transaction, Status::Cancelled, Settlement::Release, now)?;
        db.transaction(id)?.ok_or(CancelError::NotFound(id))
    });
    let cancelled = cancelled.await?;
    app.signals.changed(id);
    Ok(cancelled)
}

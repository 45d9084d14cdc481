//! A transaction that waits is refused by the operator.

use super::show_approval::ApprovalError;
use crate::app::App;
use crate::clock::UnixSeconds;
use crate::session::Master;
use crate::store::audit::{Actor, AuditEntry};
use crate::store::reservations::Settlement;
use crate::store::{TransactionId, Writing};
use crate::tx::{self, Problem, Status, Transaction};

/// Ends a transaction that waits for its delay or its owners. What it is now, and since when.
///
/// # Errors
/// When there is none, or it does not wait.
pub async fn reject_transaction(
    app: &App,
    _master: &Master,
    id: TransactionId,
) -> Result<(Transaction, UnixSeconds), ApprovalError> {
    let now = app.clock.now();
    let rejected = app.store.write(move |db: &Writing<'_>| {
        let mut transaction = db.transaction(id)?.ok_or(ApprovalError::NotFound(id))?;
        if transaction.status != Status::Queued {
            return Err(ApprovalError::NotWaiting(transaction.status));
        }
        transaction.problem = Some(Problem::new("REJECTED", "the operator refused it"));
        let entry = AuditEntry::new(now, "TX_REJECTED", Actor::Operator).wallet(transaction.wallet);
        db.audit(&AuditEntry { transaction: Some(id), ..entry })?;
        tx::finish(db, transaction, Status::Cancelled, Settlement::Release, now)?;
        db.transaction(id)?.ok_or(ApprovalError::NotFound(id))
    });
    let rejected = rejected.await?;
    app.signals.changed(id);
    Ok((rejected, now))
}

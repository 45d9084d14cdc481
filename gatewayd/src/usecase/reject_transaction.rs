//! A transaction that waits is refused by the operator or by the wallet's owner.

use super::cancel_transaction::{actor, is_unsigned};
use super::read_transactions::sees;
use super::show_approval::ApprovalError;
use crate::app::App;
use crate::clock::UnixSeconds;
use crate::owner::Action;
use crate::session::Caller;
use crate::store::audit::AuditEntry;
use crate::store::reservations::Settlement;
use crate::store::{TransactionId, Writing};
use crate::tx::{self, Problem, Status, Transaction};

/// Ends a transaction that waits for its delay or its owners. What it is now, and since when.
///
/// # Errors
/// When the caller sees none, it does not wait, or the owner signed for something else.
pub async fn reject_transaction(
    app: &App,
    caller: &Caller,
    id: TransactionId,
) -> Result<(Transaction, UnixSeconds), ApprovalError> {
    if let Caller::Owner(owner) = caller {
        owner.wants(Action::Reject(id))?;
    }
    let (caller, now) = (caller.clone(), app.clock.now());
    let rejected = app.store.write(move |db: &Writing<'_>| {
        let found = db.transaction(id)?.filter(|found| sees(&caller, found.wallet));
        let asked = found.ok_or(ApprovalError::NotFound(id))?;
        if asked.status != Status::Queued {
            return Err(ApprovalError::NotWaiting(asked.status));
        }
        // Of a sequence the first part, which takes those after it and the whole along.
        let mut transaction = tx::first_to_call_off(db, asked)?;
        if !is_unsigned(&transaction) {
            return Err(ApprovalError::NotWaiting(transaction.status));
        }
        let who = match &caller {
            Caller::Owner(_) => "the wallet's owner",
            Caller::Master(_) | Caller::Agent(_) => "the operator",
        };
        transaction.problem = Some(Problem::new("REJECTED", format!("{who} refused it")));
        let entry = AuditEntry::new(now, "TX_REJECTED", actor(&caller)).wallet(transaction.wallet);
        db.audit(&AuditEntry { transaction: Some(id), ..entry })?;
        tx::finish(db, transaction, Status::Cancelled, Settlement::Release, now)?;
        db.transaction(id)?.ok_or(ApprovalError::NotFound(id))
    });
    let rejected = rejected.await?;
    app.signals.changed(id);
    Ok((rejected, now))
}

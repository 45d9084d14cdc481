//! A payment that waits at the nodes is sent again with a higher fee, because somebody wants it.

use super::cancel_transaction::{actor, is_replaceable, note};
use super::read_transactions::sees;
use crate::app::App;
use crate::session::Caller;
use crate::store::{StoreError, TransactionId, Writing};
use crate::tx::{MOST_VERSIONS, Status, Transaction, Wish, signed_count};

/// Why a payment is not sent again with a higher fee.
#[derive(Debug, thiserror::Error)]
pub enum SpeedUpError {
    /// There is none, or the caller may not see it.
    #[error("there is no transaction {0}")]
    NotFound(TransactionId),
    /// No network has it yet, it is over, or its network knows nothing of the kind.
    #[error(
        "the transaction is {0}; only one that waits on an EVM network can be sent again with a \
         higher fee"
    )]
    NotWaiting(Status),
    /// It was sent often enough.
    #[error(
        "the transaction was sent {0} times already, each time with a higher fee; wait, or cancel it"
    )]
    TooOften(usize),
    /// The database fails.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Has a payment sent again with a higher fee. It stands as before until the network has carried out
/// one of its versions.
///
/// # Errors
/// When there is none that the caller may see, it does not wait at a node, or it was sent too often.
pub async fn speed_up_transaction(
    app: &App,
    caller: &Caller,
    id: TransactionId,
) -> Result<Transaction, SpeedUpError> {
    let (caller, now) = (caller.clone(), app.clock.now());
    let wished = app.store.write(move |db: &Writing<'_>| {
        let found = db.transaction(id)?.filter(|found| sees(&caller, found.wallet));
        let mut transaction = found.ok_or(SpeedUpError::NotFound(id))?;
        if !is_replaceable(&transaction) {
            return Err(SpeedUpError::NotWaiting(transaction.status));
        }
        let versions = signed_count(&db.versions(id)?);
        if versions >= MOST_VERSIONS {
            return Err(SpeedUpError::TooOften(versions));
        }
        db.make_wish(id, &Wish::SpeedUp, now)?;
        transaction.next_attempt_at = Some(now);
        db.update_transaction(&transaction)?;
        note(db, &transaction, "TX_SPEED_UP_REQUESTED", (actor(&caller), now))?;
        Ok(transaction)
    });
    let wished = wished.await?;
    app.signals.changed(id);
    Ok(wished)
}

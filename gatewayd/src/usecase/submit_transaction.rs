//! An agent asks for a payment: it is stored, and the work goes on without the asker.

use std::time::Duration;

use super::payment::{Payment, PaymentError, PaymentRequest};
use crate::app::App;
use crate::clock::UnixSeconds;
use crate::session::Agent;
use crate::store::audit::Actor;
use crate::store::idempotency::{IdempotencyKey, Remembered};
use crate::store::{SessionId, StoreError, TransactionId, Writing};
use crate::tx::{self, Intent, Status, Transaction};

/// A payment that is asked for.
#[derive(Clone, Debug)]
pub struct Submission {
    /// What is to be paid.
    pub payment: PaymentRequest,
    /// What the agent calls this request, so that it may repeat it.
    pub idempotency_key: Option<IdempotencyKey>,
    /// How long to wait for a final state; longer than [`LONGEST_WAIT`] is that.
    pub wait: Option<Duration>,
}

/// Why a payment is not taken on.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// It is not understood, or not possible.
    #[error(transparent)]
    Payment(#[from] PaymentError),
    /// The key was used for something else.
    #[error("this idempotency key was used for another request; use a new key for a new payment")]
    KeyReused,
    /// The wallet has too many payments under way.
    #[error("the wallet has {MOST_OPEN} payments under way; wait until some are over")]
    TooManyOpen,
    /// The database fails.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The longest that a request waits for a final state.
pub const LONGEST_WAIT: Duration = Duration::from_mins(2);
/// How long an agent's key stands for its payment.
const KEY_LIFETIME: Duration = Duration::from_hours(24);
/// How long the same payment without a key is taken for a repetition.
const REPETITION_WINDOW: Duration = Duration::from_secs(10);
/// Payments of one wallet that may be under way.
const MOST_OPEN: u64 = 10_000;

/// Stores a payment and returns it as it stands. The same request again returns what became of the
/// first one.
///
/// # Errors
/// When it is not understood, the key was used for something else, or too much is under way.
pub async fn submit_transaction(
    app: &App,
    agent: &Agent,
    submission: Submission,
) -> Result<Transaction, SubmitError> {
    let Submission { payment, idempotency_key, wait } = submission;
    let payment = Payment::resolve(app, agent, payment).await?;
    let request = Request {
        session: agent.session_id(),
        digest: payment.digest(),
        key: idempotency_key,
        now: app.clock.now(),
    };
    let transaction = Transaction::new(
        TransactionId::new(&app.clock),
        payment.wallet.id,
        Some(request.session),
        Intent::Transfer(payment.transfer),
        request.now,
    );
    let stored = app.store.write(move |db| take_on(db, transaction, &request)).await?;
    app.signals.changed(stored.id);
    match wait {
        Some(wait) if !stored.status.is_final() => {
            let patience = wait.min(LONGEST_WAIT);
            let found = tx::wait_until_final(app, stored.id, patience).await?;
            Ok(found.unwrap_or(stored))
        }
        Some(_) | None => Ok(stored),
    }
}

struct Request {
    session: SessionId,
    digest: [u8; 32],
    key: Option<IdempotencyKey>,
    now: UnixSeconds,
}

fn take_on(
    db: &Writing<'_>,
    transaction: Transaction,
    request: &Request,
) -> Result<Transaction, SubmitError> {
    let (key, lifetime) = match &request.key {
        Some(key) => (key.clone(), KEY_LIFETIME),
        None => (IdempotencyKey::from_request(request.digest), REPETITION_WINDOW),
    };
    if let Some(found) = db.remembered(request.session, &key, request.now)? {
        if found.request_digest != request.digest {
            return Err(SubmitError::KeyReused);
        }
        let first = db.transaction(found.transaction)?;
        if let Some(first) = first.filter(|first| request.key.is_some() || may_be_paid(first)) {
            return Ok(first);
        }
    }
    if db.open_transactions(transaction.wallet)? >= MOST_OPEN {
        return Err(SubmitError::TooManyOpen);
    }
    db.insert_transaction(&transaction)?;
    let remembered = Remembered { request_digest: request.digest, transaction: transaction.id };
    let times = (request.now, request.now.plus(lifetime));
    db.remember(request.session, &key, remembered, times)?;
    tx::audit(db, &transaction, Actor::Session(request.session), request.now)?;
    Ok(transaction)
}

/// Whether a payment was made, or still may be. One that ended otherwise may be asked for again.
fn may_be_paid(transaction: &Transaction) -> bool {
    match transaction.status {
        Status::Pending
        | Status::Queued
        | Status::GasWaiting
        | Status::Executing
        | Status::Submitted
        | Status::Confirmed
        | Status::PartialFailure
        | Status::Signed => true,
        Status::Failed | Status::Cancelled | Status::Expired => false,
    }
}

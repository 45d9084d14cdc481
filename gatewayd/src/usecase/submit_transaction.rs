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
        Intent::Send(Box::new(payment.order())),
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::payment::{AmountRequest, AssetRequest};
    use super::*;
    use crate::scheduler;
    use crate::store::wallets::sample;
    use crate::tx::testing::{NodeMood, Scene, SignerMood};

    const SECOND: Duration = Duration::from_secs(1);

    fn submission(amount: &str, key: Option<&str>) -> Submission {
        Submission {
            payment: PaymentRequest {
                wallet: None,
                network: Some("ethereum-sepolia".to_owned()),
                to: "0x2222222222222222222222222222222222222222".to_owned(),
                asset: AssetRequest::Native,
                amount: AmountRequest::BaseUnits(amount.to_owned()),
                memo: None,
            },
            idempotency_key: key.map(|key| IdempotencyKey::from_client(key).unwrap()),
            wait: None,
        }
    }

    async fn submit(
        scene: &Scene,
        agent: &Agent,
        amount: &str,
        key: Option<&str>,
    ) -> Result<TransactionId, SubmitError> {
        let stored = submit_transaction(&scene.app, agent, submission(amount, key)).await;
        stored.map(|stored| stored.id)
    }

    #[tokio::test]
    async fn a_key_stands_for_one_payment_of_one_session_until_it_is_forgotten() {
        let scene = Scene::start().await;
        let agents = [scene.agent().await, scene.agent().await];
        let first = submit(&scene, &agents[0], "5", Some("a")).await.unwrap();
        assert_eq!(submit(&scene, &agents[0], "5", Some("a")).await.unwrap(), first);
        let reused = submit(&scene, &agents[0], "6", Some("a")).await;
        assert!(matches!(reused, Err(SubmitError::KeyReused)));
        assert_ne!(submit(&scene, &agents[0], "5", Some("b")).await.unwrap(), first);
        assert_ne!(submit(&scene, &agents[1], "5", Some("a")).await.unwrap(), first);
        scene.clock.advance(KEY_LIFETIME.saturating_sub(SECOND));
        assert_eq!(submit(&scene, &agents[0], "5", Some("a")).await.unwrap(), first);
        scene.clock.advance(SECOND);
        assert_ne!(submit(&scene, &agents[0], "5", Some("a")).await.unwrap(), first);
    }

    #[tokio::test]
    async fn a_repetition_without_a_key_is_the_same_payment_for_ten_seconds() {
        let scene = Scene::start().await;
        let agent = scene.agent().await;
        let first = submit(&scene, &agent, "5", None).await.unwrap();
        assert_ne!(submit(&scene, &agent, "6", None).await.unwrap(), first);
        scene.clock.advance(REPETITION_WINDOW.saturating_sub(SECOND));
        assert_eq!(submit(&scene, &agent, "5", None).await.unwrap(), first);
        scene.clock.advance(SECOND);
        assert_ne!(submit(&scene, &agent, "5", None).await.unwrap(), first);
    }

    #[tokio::test]
    async fn what_surely_was_not_paid_may_be_asked_for_again_at_once() {
        let scene = Scene::start().await;
        let agent = scene.agent().await;
        scene.feel(NodeMood::Good, SignerMood::Refuses);
        let first = submit(&scene, &agent, "5", None).await.unwrap();
        assert_eq!(scene.advance(first).await.status, Status::Failed);
        assert_ne!(submit(&scene, &agent, "5", None).await.unwrap(), first);
        let keyed = submit(&scene, &agent, "5", Some("key")).await.unwrap();
        scene.advance(keyed).await;
        let again = submit(&scene, &agent, "5", Some("key")).await.unwrap();
        assert_eq!(again, keyed, "a key has one answer for good");
    }

    #[tokio::test]
    async fn twenty_retries_at_once_are_one_payment() {
        let scene = Scene::start().await;
        let agent = scene.agent().await;
        let mut retries = tokio::task::JoinSet::new();
        for _number in 0..20 {
            let (app, agent) = (Arc::clone(&scene.app), agent.clone());
            retries.spawn(async move {
                submit_transaction(&app, &agent, submission("5", None)).await.unwrap().id
            });
        }
        let ids: std::collections::BTreeSet<_> = retries.join_all().await.into_iter().collect();
        assert_eq!(ids.len(), 1);
    }

    #[tokio::test]
    async fn who_waits_hears_the_final_state() {
        let scene = Scene::start().await;
        let agent = scene.agent().await;
        let scheduler = tokio::spawn(scheduler::run(Arc::clone(&scene.app)));
        let patient = Submission { wait: Some(LONGEST_WAIT), ..submission("5", None) };
        let done = submit_transaction(&scene.app, &agent, patient).await.unwrap();
        assert_eq!(done.status, Status::Confirmed);
        scene.app.ending.send_replace(true);
        scheduler.await.unwrap();
    }

    #[tokio::test]
    async fn a_payment_of_a_session_that_was_revoked_is_not_signed_any_more() {
        let scene = Scene::start().await;
        let agent = scene.agent().await;
        let id = submit(&scene, &agent, "5", None).await.unwrap();
        let (session, now) = (agent.session_id(), scene.app.clock.now());
        scene.write(move |db| db.revoke_session(session, now).map(|_found| ())).await;
        let found = scene.advance(id).await;
        assert_eq!(found.status, Status::Cancelled);
        assert_eq!(found.problem.unwrap().code, "SESSION_REVOKED");
        assert!(scene.mined().is_empty());
    }

    #[tokio::test]
    async fn what_is_not_understood_is_not_stored() {
        let scene = Scene::start().await;
        let agent = scene.agent().await;
        let spoil: [fn(&mut PaymentRequest); 9] = [
            |payment| payment.amount = AmountRequest::BaseUnits("0".to_owned()),
            |payment| payment.amount = AmountRequest::BaseUnits("-1".to_owned()),
            |payment| payment.amount = AmountRequest::BaseUnits("1.5".to_owned()),
            |payment| payment.amount = AmountRequest::Units("0.0000000000000000001".to_owned()),
            |payment| payment.to = "0x22".to_owned(),
            |payment| payment.to = "11111111111111111111111111111111".to_owned(),
            |payment| payment.network = Some("ethereum-mainnet".to_owned()),
            |payment| payment.network = None,
            |payment| payment.memo = Some("m".repeat(257)),
        ];
        for (number, spoil) in spoil.into_iter().enumerate() {
            let mut submission = submission("5", None);
            spoil(&mut submission.payment);
            let refused = submit_transaction(&scene.app, &agent, submission).await;
            assert!(matches!(refused, Err(SubmitError::Payment(_))), "{number}");
        }
        let open = scene.app.store.read(|db| db.open_transactions(sample(1).id)).await.unwrap();
        assert_eq!(open, 0);
    }
}

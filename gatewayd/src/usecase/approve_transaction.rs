//! Owners approve a transaction: each signature is its giver's own credential. With enough of them
//! it goes on.

use protocol::{OwnerSignature, Owners};

use super::show_approval::{ApprovalError, Asked, Waiting, waits_for_owners};
use crate::app::App;
use crate::clock::UnixSeconds;
use crate::owner;
use crate::store::audit::{Actor, AuditEntry};
use crate::store::{TransactionId, Writing};
use crate::tx::{Asker, Question};

/// Takes owners' signatures over the question as it stands, and keeps them until there are enough.
///
/// # Errors
/// When the transaction waits for no owner, or one of the signatures is not an owner's for just this
/// question; none of them counts then.
pub async fn approve_transaction(
    app: &App,
    id: TransactionId,
    signatures: Vec<OwnerSignature>,
) -> Result<Asked, ApprovalError> {
    if signatures.is_empty() {
        return Err(ApprovalError::NothingSigned);
    }
    let waiting = Waiting::find(app, id).await?;
    let asker = Asker::ask(app, &waiting.wallet).await?;
    if asker.owners == Owners::NONE {
        return Err(ApprovalError::NoOwners);
    }
    let question = waiting.up_to_date(app, &asker).await?;
    if question != waiting.question {
        app.signals.changed(id);
        return Err(ApprovalError::Changed);
    }
    let rendered = question.rendered(&waiting.wallet)?;
    for signature in &signatures {
        if !asker.owners.members.contains(&signature.owner) {
            return Err(ApprovalError::NotAnOwner(signature.owner));
        }
        if !owner::is_valid(&rendered, signature) {
            return Err(ApprovalError::BadSignature(signature.owner));
        }
    }
    let answers =
        Answers { id, nonce: question.terms.nonce, owners: asker.owners.clone(), signatures };
    let now = app.clock.now();
    let question = app.store.write(move |db| answers.take(db, now)).await?;
    app.signals.changed(id);
    waiting.asked(question, asker.owners)
}

/// Signatures that were checked against a question.
struct Answers {
    id: TransactionId,
    /// Which question.
    nonce: [u8; 16],
    owners: Owners,
    signatures: Vec<OwnerSignature>,
}

impl Answers {
    fn take(self, db: &Writing<'_>, now: UnixSeconds) -> Result<Question, ApprovalError> {
        let Self { id, nonce, owners, signatures } = self;
        let mut transaction = db.transaction(id)?.ok_or(ApprovalError::NotFound(id))?;
        if !waits_for_owners(&transaction) {
            return Err(ApprovalError::NotWaiting(transaction.status));
        }
        let mut question = db.question(id)?.ok_or(ApprovalError::NotAsked)?;
        if question.terms.nonce != nonce {
            return Err(ApprovalError::Changed);
        }
        if question.approved_at.is_some() {
            return Ok(question);
        }
        for signature in signatures {
            let entry = AuditEntry::new(now, "TX_APPROVED", Actor::System);
            let entry = entry.wallet(transaction.wallet).detail("owner", signature.owner);
            db.audit(&AuditEntry { transaction: Some(id), ..entry })?;
            question.answer(signature);
        }
        // Somebody may have signed who is no owner any more.
        question.signatures.retain(|given| owners.members.contains(&given.owner));
        if question.signatures.len() >= usize::from(owners.threshold.max(1)) {
            question.approved_at = Some(now);
            transaction.next_attempt_at = Some(now);
            transaction.attempts = 0;
            transaction.updated_at = now;
            db.update_transaction(&transaction)?;
        }
        db.put_question(id, &question)?;
        Ok(question)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use primitives::Address;
    use protocol::SignedForm;

    use super::super::reject_transaction::reject_transaction;
    use super::super::show_approval::show_approval;
    use super::*;
    use crate::owner::testing::TestOwner;
    use crate::session::{Caller, Master};
    use crate::tx::testing::{FIRST_NONCE, NodeMood, Scene, SignerMood, word};
    use crate::tx::{Status, Tier, Transaction};

    const WEI: u64 = 1_000;

    /// A wallet of whose three owners two have to sign, and a guard that lets nothing go without
    /// them.
    async fn scene() -> (Scene, [TestOwner; 3]) {
        let scene = Scene::start().await;
        let owners = [1, 2, 3].map(TestOwner::evm);
        let mut members: Vec<Address> = owners.iter().map(TestOwner::address).collect();
        members.sort_unstable();
        let mut world = scene.world.lock().unwrap();
        (world.guard.at_once, world.guard.after_wait) = (0, 0);
        world.guard.owners = Owners { threshold: 2, members };
        drop(world);
        (scene, owners)
    }

    async fn waiting(scene: &Scene) -> TransactionId {
        let id = scene.ask(WEI).await;
        let queued = scene.rest(id).await;
        assert_eq!((queued.status, queued.tier), (Status::Queued, Some(Tier::Approval)));
        id
    }

    fn operator() -> Master {
        Master::operator()
    }

    async fn asked(scene: &Scene, id: TransactionId) -> Asked {
        show_approval(&scene.app, &Caller::Master(operator()), id).await.unwrap()
    }

    async fn approve(
        scene: &Scene,
        id: TransactionId,
        signatures: Vec<OwnerSignature>,
    ) -> Result<bool, ApprovalError> {
        let asked = approve_transaction(&scene.app, id, signatures).await?;
        Ok(asked.question.approved_at.is_some())
    }

    /// Both owners sign, and it goes on as far as it does now.
    async fn approved(scene: &Scene, id: TransactionId, owners: &[TestOwner]) -> Transaction {
        let Asked { rendered, .. } = asked(scene, id).await;
        let both = [&owners[0], &owners[1]].map(|owner| owner.sign(&rendered, SignedForm::Text));
        assert!(approve(scene, id, both.to_vec()).await.unwrap());
        scene.rest(id).await
    }

    #[tokio::test]
    async fn with_the_signatures_of_enough_owners_it_is_paid_once() {
        let (scene, owners) = scene().await;
        let id = waiting(&scene).await;
        let Asked { rendered, intent, owners: known, .. } = asked(&scene, id).await;
        assert!(rendered.text().contains("send 0.000000000000001 ETH (1000 base units)"));
        assert_eq!((known.threshold, known.members.len(), intent.len()), (2, 3, 32));
        let first = owners[0].sign(&rendered, SignedForm::Text);
        assert!(!approve(&scene, id, vec![first.clone()]).await.unwrap());
        assert!(!approve(&scene, id, vec![first]).await.unwrap(), "one owner counts once");
        assert_eq!(scene.rest(id).await.status, Status::Queued);
        let scene = scene.restart().await;
        let second = owners[2].sign(&rendered, SignedForm::TypedData);
        assert!(approve(&scene, id, vec![second.clone()]).await.unwrap());
        assert_eq!(word(&scene.rest(id).await), (Status::Confirmed, None));
        assert_eq!(scene.mined(), [FIRST_NONCE]);
        let late = approve(&scene, id, vec![second]).await;
        assert!(matches!(late, Err(ApprovalError::NotWaiting(Status::Confirmed))));
    }

    #[tokio::test]
    async fn what_is_not_an_owners_signature_over_this_question_does_not_count() {
        let (scene, owners) = scene().await;
        let (id, other) = (waiting(&scene).await, waiting(&scene).await);
        let of_this = asked(&scene, id).await.rendered;
        let of_other = asked(&scene, other).await.rendered;
        let right = owners[0].sign(&of_this, SignedForm::Text);
        let stranger = TestOwner::evm(9).sign(&of_this, SignedForm::Text);
        let named = OwnerSignature { owner: owners[1].address(), ..stranger.clone() };
        let for_other = owners[1].sign(&of_other, SignedForm::Text);
        let refused = |given: Vec<OwnerSignature>| approve(&scene, id, given);
        assert!(matches!(refused(vec![]).await, Err(ApprovalError::NothingSigned)));
        let no_owner = refused(vec![right.clone(), stranger]).await;
        assert!(matches!(no_owner, Err(ApprovalError::NotAnOwner(_))));
        for wrong in [named, for_other] {
            let bad = refused(vec![right.clone(), wrong]).await;
            assert!(matches!(bad, Err(ApprovalError::BadSignature(_))));
        }
        assert!(asked(&scene, id).await.answers().is_empty(), "none of them counts");
        assert!(!refused(vec![right]).await.unwrap());
    }

    #[tokio::test]
    async fn another_guard_is_another_question() {
        let (scene, owners) = scene().await;
        let id = waiting(&scene).await;
        let before = asked(&scene, id).await.rendered;
        let first = owners[0].sign(&before, SignedForm::Text);
        approve(&scene, id, vec![first.clone()]).await.unwrap();
        scene.world.lock().unwrap().guard.version = 2;
        let changed = approve(&scene, id, vec![first.clone()]).await;
        assert!(matches!(changed, Err(ApprovalError::Changed)));
        let old = approve(&scene, id, vec![first]).await;
        assert!(matches!(old, Err(ApprovalError::BadSignature(_))));
        assert!(asked(&scene, id).await.answers().is_empty());
        assert_eq!(approved(&scene, id, &owners).await.status, Status::Confirmed);
    }

    #[tokio::test]
    async fn what_the_signer_does_not_take_is_asked_anew_with_its_reason() {
        let (scene, owners) = scene().await;
        let id = waiting(&scene).await;
        let before = asked(&scene, id).await;
        let both =
            [&owners[0], &owners[1]].map(|owner| owner.sign(&before.rendered, SignedForm::Text));
        approve(&scene, id, both.to_vec()).await.unwrap();
        scene.world.lock().unwrap().guard.version = 2;
        let queued = scene.rest(id).await;
        assert_eq!((queued.status, queued.tier), (Status::Queued, Some(Tier::Approval)));
        assert!(queued.problem.unwrap().to_string().contains("GUARD_CHANGED"));
        let after = asked(&scene, id).await;
        assert_ne!(after.question.terms.nonce, before.question.terms.nonce);
        assert_eq!((after.intent, after.answers().len()), (before.intent, 0));
        assert_eq!(approved(&scene, id, &owners).await.status, Status::Confirmed);
        assert_eq!(scene.mined(), [FIRST_NONCE]);
    }

    #[tokio::test]
    async fn an_approved_payment_waits_for_a_signer_that_is_locked_and_never_goes_without_owners() {
        let (scene, owners) = scene().await;
        let id = waiting(&scene).await;
        let Asked { rendered, .. } = asked(&scene, id).await;
        let both = [&owners[0], &owners[1]].map(|owner| owner.sign(&rendered, SignedForm::Text));
        approve(&scene, id, both.to_vec()).await.unwrap();
        scene.feel(NodeMood::Good, SignerMood::Locked);
        assert_eq!(word(&scene.rest(id).await), (Status::Executing, Some("KEYSTORE_LOCKED")));
        let scene = scene.restart().await;
        scene.feel(NodeMood::Good, SignerMood::Good);
        assert_eq!(word(&scene.settle(id).await), (Status::Confirmed, None));
        assert_eq!(scene.mined(), [FIRST_NONCE]);
    }

    #[tokio::test]
    async fn nobody_approves_where_there_are_no_owners_and_what_is_late_is_too_late() {
        let (scene, owners) = scene().await;
        let id = waiting(&scene).await;
        let signed = owners[0].sign(&asked(&scene, id).await.rendered, SignedForm::Text);
        scene.world.lock().unwrap().guard.owners = Owners::NONE;
        let nobody = approve(&scene, id, vec![signed.clone()]).await;
        assert!(matches!(nobody, Err(ApprovalError::NoOwners)));
        scene.clock.advance(Duration::from_hours(1));
        let late = approve(&scene, id, vec![signed]).await;
        assert!(matches!(late, Err(ApprovalError::TimeOver)));
        assert_eq!(scene.rest(id).await.status, Status::Expired);
    }

    #[tokio::test]
    async fn what_the_operator_refuses_is_over_for_good() {
        let (scene, owners) = scene().await;
        let id = waiting(&scene).await;
        let signed = owners[0].sign(&asked(&scene, id).await.rendered, SignedForm::Text);
        let (rejected, _at) =
            reject_transaction(&scene.app, &Caller::Master(operator()), id).await.unwrap();
        assert_eq!(word(&rejected), (Status::Cancelled, Some("REJECTED")));
        let late = approve(&scene, id, vec![signed]).await;
        assert!(matches!(late, Err(ApprovalError::NotWaiting(Status::Cancelled))));
        let again = reject_transaction(&scene.app, &Caller::Master(operator()), id).await;
        assert!(matches!(again, Err(ApprovalError::NotWaiting(Status::Cancelled))));
        assert!(scene.mined().is_empty());
    }
}

//! What was under way when a backup was made. Nobody knows what became of it since: the gateway that
//! went on may have had it signed, sent it, or told its agent that it failed. So what has no
//! signature in the backup ends here, and what has one is looked for on the network, never sent.

use super::halt::{self, Halt, Pace};
use super::pipeline::Road;
use super::{Drafted, Problem, Progress, Status, Transaction};
use crate::clock::UnixSeconds;
use crate::store::reservations::Settlement;
use crate::store::{StoreError, Writing};

/// How often in a row the network says that it has never seen what came signed, before it counts as
/// not sent: some eight minutes.
const LOOKS: u32 = 20;
/// The code of both.
const RESTORED: &str = "RESTORED_FROM_BACKUP";

/// Ends what was under way, and leaves what was signed to be looked for. What was reserved counts as
/// spent. Says how many ended, and how many are looked for.
pub(crate) fn settle(db: &Writing<'_>, now: UnixSeconds) -> Result<(usize, usize), StoreError> {
    let (mut ended, mut looked_for) = (0_usize, 0_usize);
    let mut under_way = db.transactions_under_way()?;
    // A sequence before its parts, which would end each other otherwise.
    under_way.sort_by_key(|transaction| transaction.part_of.is_some());
    for transaction in under_way {
        // The signer that takes over knows of no announcement.
        db.forget_announcement(transaction.id)?;
        db.forget_question(transaction.id)?;
        if transaction.status.is_final() {
            db.update_transaction(&Transaction { next_attempt_at: None, ..transaction })?;
        } else if matches!(transaction.progress, Progress::Signed(..)) {
            look_for(db, transaction, now)?;
            looked_for = looked_for.saturating_add(1);
        } else {
            halt::fail(db, transaction.id, unknown(), Settlement::Post, now)?;
            ended = ended.saturating_add(1);
        }
    }
    Ok((ended, looked_for))
}

fn look_for(db: &Writing<'_>, found: Transaction, now: UnixSeconds) -> Result<(), StoreError> {
    db.update_transaction(&Transaction {
        status: Status::Submitted,
        restored: true,
        next_attempt_at: Some(now),
        attempts: 0,
        problem: None,
        updated_at: now,
        ..found
    })
}

impl Road<'_> {
    /// The network has not seen what came signed with a backup.
    pub(super) async fn unseen(&self, drafted: &Drafted) -> Result<(), Halt> {
        let before = self.transaction.problem.as_ref().map(|problem| problem.code.as_str());
        // What expires is waited for; the network says when it is over.
        let expires = drafted.last_valid_block_height.is_some();
        if expires || self.transaction.attempts < LOOKS || before != Some(RESTORED) {
            return Err(Halt::Again(Pace::BackOff, Some(unseen())));
        }
        let (id, now) = (self.transaction.id, self.app.clock.now());
        let nonce = drafted.nonce.map(|nonce| (self.wallet.id, self.network.chain_id, nonce));
        let end = move |db: &Writing<'_>| {
            if let Some((wallet, network, nonce)) = nonce {
                // The next payment takes it, and then this one is impossible.
                db.return_nonce(wallet, network, nonce)?;
            }
            halt::fail(db, id, never_seen(), Settlement::Post, now)
        };
        self.app.store.write(end).await?;
        self.app.signals.changed(id);
        Ok(())
    }
}

fn unknown() -> Problem {
    Problem::new(
        RESTORED,
        "it was under way when the backup was made that this gateway was restored from; whether it \
         was paid since is not known here: look for it on the chain before asking again",
    )
}

fn unseen() -> Problem {
    let message = "it came signed with a backup, and the network has not seen it; it is looked for, \
                   and not sent";
    Problem::new(RESTORED, message)
}

fn never_seen() -> Problem {
    let message = "it came signed with a backup, and the network never saw it; it was not sent from \
                   here: look for it on the chain before asking again";
    Problem::new(RESTORED, message)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use primitives::Amount;

    use super::super::testing::{NodeMood, Scene, SignerMood};
    use super::*;
    use crate::store::TransactionId;

    /// What a takeover does to the database, done to the one that is there.
    async fn restored(scene: &Scene) -> (usize, usize) {
        let now = scene.app.clock.now();
        scene.app.store.write(move |db| settle(db, now)).await.unwrap()
    }

    async fn code(scene: &Scene, id: TransactionId) -> (Status, Option<String>) {
        let found = scene.show(id).await;
        (found.status, found.problem.map(|problem| problem.code))
    }

    #[tokio::test]
    async fn what_had_no_signature_ends_counts_as_spent_and_is_never_signed() {
        let scene = Scene::start().await;
        let asked = scene.ask(1_000).await;
        let drafted = scene.ask(2_000).await;
        scene.feel(NodeMood::Good, SignerMood::CountsAndBreaks);
        let before = scene.advance(drafted).await;
        assert!(matches!(before.progress, Progress::Drafted(_)), "{before:?}");
        scene.feel(NodeMood::Good, SignerMood::Good);
        let counted = scene.world.lock().unwrap().counted.len();
        assert_eq!(restored(&scene).await, (2, 0));
        for id in [asked, drafted] {
            assert_eq!(code(&scene, id).await, (Status::Failed, Some(RESTORED.to_owned())));
            scene.advance(id).await;
            assert_eq!(scene.show(id).await.status, Status::Failed);
        }
        assert_eq!(scene.world.lock().unwrap().counted.len(), counted);
        assert!(scene.mined().is_empty());
        assert!(scene.spent().await >= Amount::from(2_000_u64));
    }

    #[tokio::test]
    async fn what_was_signed_and_is_on_the_chain_is_confirmed_without_being_sent() {
        let scene = Scene::start().await;
        let id = scene.ask(1_000).await;
        // The other gateway sends it after the backup was made.
        scene.feel(NodeMood::KeepsAndFails, SignerMood::Good);
        scene.advance(id).await;
        scene.feel(NodeMood::Refuses, SignerMood::Refuses);
        assert_eq!(restored(&scene).await, (0, 1));
        assert_eq!(scene.settle(id).await.status, Status::Confirmed);
        assert_eq!(scene.mined().len(), 1);
    }

    #[tokio::test]
    async fn what_was_signed_and_never_appears_ends_and_its_number_is_used_by_the_next() {
        let scene = Scene::start().await;
        let id = scene.ask(1_000).await;
        scene.feel(NodeMood::Refuses, SignerMood::Good);
        let signed = scene.advance(id).await;
        assert!(matches!(signed.progress, Progress::Signed(..)), "{signed:?}");
        scene.feel(NodeMood::Good, SignerMood::Good);
        assert_eq!(restored(&scene).await, (0, 1));
        let ended = scene.settle(id).await;
        assert_eq!(ended.status, Status::Failed);
        assert_eq!(ended.problem.map(|problem| problem.code).as_deref(), Some(RESTORED));
        assert!(scene.mined().is_empty(), "it was not sent");
        let next = scene.ask(5).await;
        let next = scene.settle(next).await;
        assert_eq!(next.status, Status::Confirmed);
        assert_eq!(nonce(&next), nonce(&signed));
    }

    #[tokio::test]
    async fn a_network_that_fails_in_between_has_not_said_so_in_a_row() {
        let scene = Scene::start().await;
        let id = scene.ask(1_000).await;
        scene.feel(NodeMood::Refuses, SignerMood::Good);
        scene.advance(id).await;
        scene.feel(NodeMood::Good, SignerMood::Good);
        assert_eq!(restored(&scene).await, (0, 1));
        let look = async |mood, times: u32| {
            scene.feel(mood, SignerMood::Good);
            let mut status = Status::Submitted;
            for _look in 0..times {
                scene.clock.advance(Duration::from_mins(1));
                status = scene.advance(id).await.status;
            }
            status
        };
        assert_eq!(look(NodeMood::Good, LOOKS).await, Status::Submitted);
        assert_eq!(look(NodeMood::Down, 1).await, Status::Submitted);
        assert_eq!(look(NodeMood::Good, LOOKS).await, Status::Submitted, "it begins to count anew");
        assert_eq!(look(NodeMood::Good, 1).await, Status::Failed);
    }

    fn nonce(transaction: &Transaction) -> Option<u64> {
        match &transaction.progress {
            Progress::Asked => None,
            Progress::Drafted(drafted) | Progress::Signed(drafted, _) => drafted.nonce,
        }
    }
}

//! Step 9: the signer signs, or says why not.

use std::time::Duration;

use protocol::{Payload, Refusal, Warrant};

use super::announce::{self, announcement_id};
use super::halt::{self, Halt, Pace};
use super::pipeline::Road;
use super::refusal::{self, Course};
use super::{
    Announced, Drafted, Problem, Progress, Question, Signed, Stage, Status, Tier, Transaction,
    codec,
};
use crate::chains::Age;
use crate::clock::UnixSeconds;
use crate::signer::SignerError;
use crate::store::{StoreError, Writing};

/// Attempts with the same bytes while the signer gives no answer; then others are drafted, as fees
/// age. What names a blockhash is drafted anew when that is over.
const ATTEMPTS_WITH_SAME_BYTES: u32 = 4;

impl Road<'_> {
    /// Has the stored bytes signed, and stores the signature before the network sees it.
    pub(super) async fn sign(&self, drafted: &Drafted) -> Result<Signed, Halt> {
        let payload = Payload::Transaction(drafted.unsigned.clone());
        let signature = match self.app.signer.sign(self.wallet.id, payload, self.warrant()).await {
            Ok(signature) => signature,
            Err(error) => return Err(self.unsigned(drafted, error).await?),
        };
        let signed = codec::signed_transaction(&drafted.unsigned, &signature, self.wallet.address);
        let signed = signed.map_err(|error| {
            Halt::Failed(Problem::new("INVALID_TRANSACTION", error.to_string()))
        })?;
        self.keep(drafted, &signed).await?;
        Ok(signed)
    }

    /// Has a draft that nobody has signed made anew once the network cannot take it any more. Until
    /// then one that has too little time left is not signed, and no other is made: the signer may have
    /// signed it, and the answer was lost.
    pub(super) async fn check_age(&self, drafted: &Drafted) -> Result<(), Halt> {
        let age = self.client.age(drafted.last_valid_block_height).await;
        let age =
            age.map_err(|error| Halt::Again(Pace::BackOff, Some(Problem::of_chain(&error))))?;
        match age {
            Age::Fresh => Ok(()),
            Age::Old => Err(Halt::Again(Pace::Block, Some(outdated()))),
            // What was announced may be used up by that signature. If not, it has waited already.
            Age::Over if self.is_announced() => {
                Err(self.drop_draft(drafted, Next::Announce(outdated())).await?)
            }
            Age::Over => {
                Err(self.drop_draft(drafted, Next::Again(Pace::Block, outdated())).await?)
            }
        }
    }

    /// Why the signer may sign what its guard alone does not let go.
    fn warrant(&self) -> Warrant {
        if let Some(approval) = self.question.as_ref().and_then(Question::approval) {
            return Warrant::Approved(approval);
        }
        match &self.announced {
            Some(Announced { stage: Stage::Made { .. }, .. }) => {
                Warrant::Announced(announcement_id(self.transaction.id))
            }
            Some(Announced { stage: Stage::Wanted | Stage::CalledOff, .. }) | None => Warrant::None,
        }
    }

    async fn keep(&self, drafted: &Drafted, signed: &Signed) -> Result<(), Halt> {
        let (id, now) = (self.transaction.id, self.app.clock.now());
        let (drafted, signed) = (drafted.clone(), signed.clone());
        let kept = self.app.store.write(move |db| {
            let before = Progress::Drafted(drafted.clone());
            let found = halt::unfinished(db, id)?.filter(|found| found.progress == before);
            let mut transaction = found.ok_or(Halt::Stored)?;
            transaction.progress = Progress::Signed(drafted, signed);
            (transaction.problem, transaction.attempts) = (None, 0);
            transaction.updated_at = now;
            Ok(db.update_transaction(&transaction)?)
        });
        kept.await
    }

    /// What is to be done without a signature.
    async fn unsigned(&self, drafted: &Drafted, error: SignerError) -> Result<Halt, StoreError> {
        let problem = Problem::of_signer(&error);
        match error {
            SignerError::Refused(refusal) => self.refused(drafted, &refusal, problem).await,
            SignerError::NoAnswer { .. }
                if self.transaction.attempts < ATTEMPTS_WITH_SAME_BYTES =>
            {
                Ok(Halt::Again(Pace::BackOff, Some(problem)))
            }
            // Others would count beside these, if they were signed. Their age ends them.
            SignerError::NoAnswer { .. } if drafted.last_valid_block_height.is_some() => {
                Ok(Halt::Again(Pace::BackOff, Some(problem)))
            }
            SignerError::Unavailable { .. } | SignerError::Locked
                if self.may_be_signed(drafted) =>
            {
                Ok(Halt::Again(Pace::BackOff, Some(problem)))
            }
            // The signer may have signed, and what was announced may be used up: it is told again.
            SignerError::NoAnswer { .. } if self.is_announced() => {
                self.drop_draft(drafted, Next::Announce(problem)).await
            }
            SignerError::NoAnswer { .. }
            | SignerError::Unavailable { .. }
            | SignerError::Locked => {
                self.drop_draft(drafted, Next::Again(Pace::BackOff, problem)).await
            }
        }
    }

    async fn refused(
        &self,
        drafted: &Drafted,
        refusal: &Refusal,
        problem: Problem,
    ) -> Result<Halt, StoreError> {
        match refusal::course(refusal) {
            Course::Demand(tier) => self.drop_draft(drafted, Next::Judge(tier, problem)).await,
            Course::Unapproved => {
                self.drop_draft(drafted, Next::Judge(Tier::Approval, problem)).await
            }
            Course::Wait(wait) => self.drop_draft(drafted, Next::Wait(wait, problem)).await,
            Course::Unannounced if self.has_lapsed() => {
                self.drop_draft(drafted, Next::Announce(problem)).await
            }
            Course::Unannounced => Ok(Halt::Failed(called_off())),
            Course::Again => Ok(Halt::Again(Pace::BackOff, Some(problem))),
            Course::Later(wait) if self.may_be_signed(drafted) => {
                Ok(Halt::Again(Pace::after(wait), Some(problem)))
            }
            Course::Later(wait) => {
                self.drop_draft(drafted, Next::Again(Pace::after(wait), problem)).await
            }
            Course::Never => Ok(Halt::Failed(problem)),
        }
    }

    /// Whether the signer may have been asked before, and these bytes count by their blockhash alone: no
    /// nonce keeps others from counting beside them.
    fn may_be_signed(&self, drafted: &Drafted) -> bool {
        drafted.last_valid_block_height.is_some() && self.known_draft().is_some()
    }

    pub(super) fn is_announced(&self) -> bool {
        matches!(self.announced, Some(Announced { stage: Stage::Made { .. }, .. }))
    }

    /// Whether the signer has forgotten by itself what it was told.
    fn has_lapsed(&self) -> bool {
        let now = self.app.clock.now();
        matches!(
            self.announced,
            Some(Announced { stage: Stage::Made { known_until }, .. }) if known_until <= now
        )
    }

    /// Forgets bytes that have no signature, so that others of the wallet need not wait for them,
    /// and stores what comes next. A signature that was made and not heard of is never sent; the
    /// signer has counted it.
    async fn drop_draft(&self, drafted: &Drafted, next: Next) -> Result<Halt, StoreError> {
        let (id, now) = (self.transaction.id, self.app.clock.now());
        let unsigned = drafted.unsigned.clone();
        let before = Progress::Drafted(drafted.clone());
        let dropped = self.app.store.write(move |db| {
            let found = halt::unfinished(db, id)?.filter(|found| found.progress == before);
            let Some(mut transaction) = found else { return Ok(Halt::Stored) };
            halt::return_unused_nonce(db, &mut transaction)?;
            transaction.progress = Progress::Asked;
            next.store(db, transaction, &unsigned, now)
        });
        let halt = dropped.await?;
        self.app.signals.changed(id);
        Ok(halt)
    }
}

/// What becomes of a transaction whose bytes were not signed.
enum Next {
    /// Others are drafted and signed.
    Again(Pace, Problem),
    /// It is queued, and judged anew with at least that tier.
    Judge(Tier, Problem),
    /// It is queued until the signer's wait is over.
    Wait(Duration, Problem),
    /// It is queued, and the signer is told again.
    Announce(Problem),
}

impl Next {
    fn store(
        self,
        db: &Writing<'_>,
        mut transaction: Transaction,
        unsigned: &[u8],
        now: UnixSeconds,
    ) -> Result<Halt, StoreError> {
        let (until, problem) = match self {
            Self::Again(pace, problem) => {
                transaction.updated_at = now;
                db.update_transaction(&transaction)?;
                return Ok(Halt::Again(pace, Some(problem)));
            }
            Self::Judge(tier, problem) => {
                announce::send_back(db, transaction, (tier, problem), now)?;
                return Ok(Halt::Stored);
            }
            Self::Wait(wait, problem) => (now.plus(wait), problem),
            Self::Announce(problem) => {
                db.want_announcement(transaction.id, unsigned)?;
                (now, problem)
            }
        };
        transaction.status = Status::Queued;
        transaction.tier = transaction.tier.max(Some(Tier::Delay));
        (transaction.waits_until, transaction.next_attempt_at) = (Some(until), Some(until));
        (transaction.problem, transaction.attempts) = (Some(problem), 0);
        transaction.updated_at = now;
        db.update_transaction(&transaction)?;
        Ok(Halt::Stored)
    }
}

fn outdated() -> Problem {
    Problem::new(
        "BLOCKHASH_EXPIRED",
        "it was not signed in time: it is made anew once the network cannot take it any more",
    )
}

/// Somebody at the signer did not want it; that is not the gateway's to overrule.
fn called_off() -> Problem {
    Problem::new(
        "CANCELLED",
        "it was called off at the signer, or the signer has lost what was announced: nothing was \
         paid; ask again",
    )
}

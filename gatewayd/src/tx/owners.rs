//! What waits for a wallet's owners: they are asked, and what they approved is what is signed.

use primitives::Amount;
use txcodec::Decoded;

use super::announce::send_back;
use super::halt::{self, Halt, Pace};
use super::layer_1;
use super::pipeline::Road;
use super::question::{Asker, LONGEST_QUESTION, Question};
use super::refusal::{self, Course};
use super::{Problem, Progress, Status, Tier};
use crate::clock::UnixSeconds;
use crate::signer::SignerError;
use crate::store::Writing;
use crate::store::audit::{Actor, AuditEntry};
use crate::store::reservations::Settlement;

impl Road<'_> {
    /// Lets pass what the owners have approved. The others are asked about it, until its time is
    /// over.
    pub(super) async fn wait_for_owners(&self) -> Result<(), Halt> {
        let now = self.app.clock.now();
        // It was sent back to be judged anew.
        let Some(until) = self.transaction.waits_until else { return Ok(()) };
        if until <= now {
            return self.expire(now).await;
        }
        match &self.question {
            Some(question) if question.is_approved(now) => Ok(()),
            Some(question) if question.expires_at() <= now => self.ask_owners(until).await,
            Some(question) => self.rest_until(until.min(question.expires_at())).await,
            None => self.ask_owners(until).await,
        }
    }

    /// Puts the question, for the time that is left.
    async fn ask_owners(&self, until: UnixSeconds) -> Result<(), Halt> {
        let draft = self.draft().await?;
        let asker = Asker::ask(self.app, &self.wallet).await;
        let asker = asker.map_err(|error| unasked(&error))?;
        let now = self.app.clock.now();
        let until = until.min(now.plus(LONGEST_QUESTION));
        let per_byte = layer_1::fee_per_byte(&asker.guard, self.network.chain_id);
        let layer_1 = draft.decoded.layer_1_fee(per_byte);
        let ceiling = layer_1.and_then(|layer_1| draft.approvable_fee.checked_add(layer_1));
        let ceiling = ceiling.unwrap_or(Amount::MAX);
        let question = Question::new(draft.drafted.unsigned, &asker, ceiling, until);
        if let Err(error) = question.rendered(&self.wallet) {
            return Err(Halt::Failed(Problem::new("INVALID_TRANSACTION", error.to_string())));
        }
        let (id, wallet) = (self.transaction.id, self.wallet.id);
        let asked = self.app.store.write(move |db| {
            let found = halt::unfinished(db, id)?.filter(|found| found.status == Status::Queued);
            let Some(mut transaction) = found else { return Err(Halt::Stored) };
            db.put_question(id, &question)?;
            transaction.next_attempt_at = Some(until);
            transaction.attempts = 0;
            transaction.updated_at = now;
            db.update_transaction(&transaction)?;
            let entry = AuditEntry::new(now, "TX_APPROVAL_REQUIRED", Actor::System).wallet(wallet);
            Ok(db.audit(&AuditEntry { transaction: Some(id), ..entry })?)
        });
        asked.await?;
        self.app.signals.changed(id);
        Err(Halt::Stored)
    }

    async fn expire(&self, now: UnixSeconds) -> Result<(), Halt> {
        let id = self.transaction.id;
        let expire = move |db: &Writing<'_>| {
            let Some(mut expired) = halt::unfinished(db, id)? else { return Ok(()) };
            expired.problem =
                Some(Problem::new("APPROVAL_TIMEOUT", "the owner did not approve it in time"));
            halt::finish(db, expired, Status::Expired, Settlement::Release, now)
        };
        self.app.store.write(expire).await?;
        self.app.signals.changed(id);
        Err(Halt::Stored)
    }

    /// Checks that a new draft is covered by what the owners approved, or the signer was told.
    pub(super) async fn check_promise(&self, decoded: &Decoded) -> Result<(), Halt> {
        let now = self.app.clock.now();
        let approved = self.question.as_ref().filter(|question| question.is_approved(now));
        let Some(question) = approved else { return self.check_announced(decoded).await };
        if self.does_other(&question.unsigned, decoded) {
            return Err(self.send_anew(Tier::Approval, changed()).await);
        }
        let ceiling = question.terms.fee_ceiling;
        if decoded.network_takes().is_some_and(|takes| takes <= ceiling) {
            return Ok(());
        }
        let message = format!("the network takes more now than the {ceiling} that were approved");
        Err(Halt::Again(Pace::BackOff, Some(Problem::new("FEE_ABOVE_APPROVAL", message))))
    }

    async fn check_announced(&self, decoded: &Decoded) -> Result<(), Halt> {
        match &self.announced {
            Some(announced)
                if self.is_announced() && self.does_other(&announced.unsigned, decoded) =>
            {
                Err(self.send_anew(Tier::Delay, changed()).await)
            }
            Some(_) | None => Ok(()),
        }
    }

    fn does_other(&self, promised: &[u8], decoded: &Decoded) -> bool {
        let promised = super::decode(promised, self.wallet.address);
        promised.map_or(true, |promised| promised.intent() != decoded.intent())
    }

    /// Sends a transaction without bytes back to the verdict, with at least that tier from now on.
    pub(super) async fn send_anew(&self, tier: Tier, problem: Problem) -> Halt {
        let (id, now) = (self.transaction.id, self.app.clock.now());
        let sent_back = self.app.store.write(move |db| {
            let unsent = |found: &super::Transaction| found.progress == Progress::Asked;
            match halt::unfinished(db, id)?.filter(unsent) {
                Some(transaction) => send_back(db, transaction, (tier, problem), now),
                None => Ok(()),
            }
        });
        match sent_back.await {
            Ok(()) => {
                self.app.signals.changed(id);
                Halt::Stored
            }
            Err(error) => Halt::Store(error),
        }
    }
}

/// The signer cannot be asked who the owners are.
fn unasked(error: &SignerError) -> Halt {
    let problem = Problem::of_signer(error);
    match error {
        SignerError::Refused(refusal) => match refusal::course(refusal) {
            Course::Later(wait) => Halt::Again(Pace::after(wait), Some(problem)),
            Course::Demand(_)
            | Course::Wait(_)
            | Course::Unannounced
            | Course::Unapproved
            | Course::Again
            | Course::Never => Halt::Again(Pace::BackOff, Some(problem)),
        },
        SignerError::Unavailable { .. } | SignerError::NoAnswer { .. } | SignerError::Locked => {
            Halt::Again(Pace::BackOff, Some(problem))
        }
    }
}

fn changed() -> Problem {
    let message = "the accounts on the chain changed, so that it would do something else by now";
    Problem::new("INTENT_CHANGED", message)
}

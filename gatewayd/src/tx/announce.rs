//! The signer is told beforehand of what waits, so that its wait and the gateway's run at the same
//! time, and is told again when nothing comes of it.

use std::time::Duration;

use protocol::{AnnouncementId, Payload, RefusalCode};

use super::halt::{self, Halt, Pace};
use super::pipeline::Road;
use super::refusal::{self, Course};
use super::{Announced, Problem, Stage, Status, Tier, Transaction};
use crate::app::App;
use crate::clock::UnixSeconds;
use crate::signer::SignerError;
use crate::store::{StoreError, TransactionId, Writing};

/// How the signer took it, in spans of time: its clock may show another time than the gateway's.
struct Made {
    /// How long it waits before it signs.
    wait: Duration,
    /// How long it remembers.
    lifetime: Duration,
}

/// What an announcement of a transaction is called: the transaction's own id.
pub(super) fn announcement_id(id: TransactionId) -> AnnouncementId {
    AnnouncementId(id.to_bytes())
}

impl Road<'_> {
    /// Lets what waits for its delay pass once the delay is over, the signer's and the gateway's.
    pub(super) async fn wait_for_delay(&self) -> Result<(), Halt> {
        // It was sent back to be judged anew.
        let Some(until) = self.transaction.waits_until else { return Ok(()) };
        match &self.announced {
            Some(Announced { unsigned, stage: Stage::Wanted }) => {
                let made = match self.tell(unsigned.clone()).await {
                    Ok(made) => made,
                    Err(error) => return Err(self.untold(error).await),
                };
                self.told(made).await
            }
            Some(Announced { stage: Stage::Made { .. } | Stage::CalledOff, .. }) | None => {
                self.rest_until(until).await
            }
        }
    }

    async fn tell(&self, unsigned: Vec<u8>) -> Result<Made, SignerError> {
        let (signer, id) = (&self.app.signer, announcement_id(self.transaction.id));
        let payload = Payload::Transaction(unsigned);
        let announced = signer.announce(self.wallet.id, id, payload).await?;
        let now = signer.status().await?.now;
        let span = |until: u64| Duration::from_secs(until.saturating_sub(now));
        Ok(Made { wait: span(announced.ready_at), lifetime: span(announced.expires_at) })
    }

    /// Waits on: until the later of both waits is over.
    async fn told(&self, made: Made) -> Result<(), Halt> {
        let (id, now) = (self.transaction.id, self.app.clock.now());
        let told = self.app.store.write(move |db| {
            db.keep_announcement(id, now.plus(made.lifetime))?;
            let found = halt::unfinished(db, id)?.filter(|found| found.status == Status::Queued);
            let Some(mut transaction) = found else { return Err(Halt::Stored) };
            let until = transaction.waits_until.max(Some(now.plus(made.wait)));
            (transaction.waits_until, transaction.next_attempt_at) = (until, until);
            transaction.attempts = 0;
            transaction.updated_at = now;
            db.update_transaction(&transaction)?;
            Ok(())
        });
        told.await?;
        self.app.signals.changed(id);
        Err(Halt::Stored)
    }

    /// What is to be done when the signer does not take an announcement.
    async fn untold(&self, error: SignerError) -> Halt {
        let SignerError::Refused(refusal) = error else {
            return Halt::Again(Pace::BackOff, Some(Problem::of_signer(&error)));
        };
        let problem = refusal::problem(&refusal);
        match refusal::course(&refusal) {
            Course::Demand(Tier::Approval) => self.send_anew(Tier::Approval, problem).await,
            Course::Again | Course::Demand(_) => Halt::Again(Pace::BackOff, Some(problem)),
            Course::Later(wait) => Halt::Again(Pace::after(wait), Some(problem)),
            Course::Wait(_) | Course::Unannounced | Course::Unapproved | Course::Never => {
                Halt::Failed(problem)
            }
        }
    }
}

/// Queues a transaction that has no bytes, to be judged anew with at least that tier.
pub(super) fn send_back(
    db: &Writing<'_>,
    mut transaction: Transaction,
    (tier, problem): (Tier, Problem),
    now: UnixSeconds,
) -> Result<(), StoreError> {
    db.call_off_announcement(transaction.id)?;
    db.forget_question(transaction.id)?;
    transaction.status = Status::Queued;
    transaction.demanded = transaction.demanded.max(Some(tier));
    transaction.tier = transaction.tier.max(Some(tier));
    transaction.waits_until = None;
    transaction.next_attempt_at = Some(now);
    transaction.attempts = 0;
    transaction.problem = Some(problem);
    transaction.updated_at = now;
    db.update_transaction(&transaction)
}

/// Has the signer forget what it was told of a transaction, as long as it takes.
pub(super) async fn call_off(app: &App, transaction: &Transaction) -> Result<(), Halt> {
    let (id, wallet) = (transaction.id, transaction.wallet);
    match app.signer.cancel(wallet, announcement_id(id)).await {
        Ok(()) => {}
        Err(SignerError::Refused(refusal)) if refusal.code == RefusalCode::UnknownAnnouncement => {}
        // A wallet that the signer does not have any more has no announcements either.
        Err(SignerError::Refused(refusal)) if refusal.code == RefusalCode::UnknownWallet => {}
        Err(error) => return Err(Halt::Again(Pace::BackOff, Some(Problem::of_signer(&error)))),
    }
    let forgotten = app.store.write(move |db| {
        db.forget_announcement(id)?;
        let over = db.transaction(id)?.filter(|found| found.status.is_final());
        let Some(mut transaction) = over else { return Ok(()) };
        transaction.next_attempt_at = None;
        db.update_transaction(&transaction)
    });
    Ok(forgotten.await?)
}

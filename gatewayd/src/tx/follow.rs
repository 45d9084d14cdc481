//! Step 11: how it ended on the chain.

use super::halt::{self, Halt, Pace};
use super::pipeline::Road;
use super::send::expired;
use super::{Drafted, Problem, Progress, Purpose, Signed, Status, Version, Wish};
use crate::chains::Outcome;
use crate::store::reservations::Settlement;

impl Road<'_> {
    /// Asks the network once for every version, and stores what it says.
    pub(super) async fn follow(&self, drafted: &Drafted, signed: &Signed) -> Result<(), Halt> {
        let versions = self.versions_with(drafted, signed);
        let mut waits = false;
        for version in versions.iter().rev() {
            let Some(signed) = version.signed() else { continue };
            match self.outcome(drafted, signed).await? {
                Outcome::Unknown => {}
                Outcome::Pending => waits = true,
                Outcome::Included => return Err(Halt::Again(Pace::Block, None)),
                Outcome::Expired => return self.lapsed(expired()).await,
                Outcome::Confirmed => return self.over(version, drafted, None).await,
                Outcome::Failed { reason } => {
                    return self.over(version, drafted, Some(reason)).await;
                }
            }
        }
        match drafted.nonce {
            _ if self.transaction.restored && !waits => self.unseen(drafted).await,
            Some(nonce) if !self.transaction.restored => {
                self.see_to((drafted, &versions), nonce, waits).await
            }
            // What is to be called off is left alone until it has expired.
            None if !waits && !self.is_called_off() => {
                self.send(drafted, signed).await?;
                Err(Halt::Again(Pace::Block, None))
            }
            Some(_) | None => Err(Halt::Again(Pace::Block, None)),
        }
    }

    /// All versions, the first one first; there is always one that is signed.
    fn versions_with(&self, drafted: &Drafted, signed: &Signed) -> Vec<Version> {
        if self.versions.is_empty() {
            // It was sent by a program that kept no versions.
            return vec![Version::first(drafted, signed, self.transaction.created_at)];
        }
        self.versions.clone()
    }

    /// Ends a transaction of which the chain has carried out a version, well or, for `reason`, not.
    async fn over(
        &self,
        version: &Version,
        drafted: &Drafted,
        reason: Option<String>,
    ) -> Result<(), Halt> {
        let fee = Settlement::PostFee(version.fee_ceiling);
        let (status, settlement, problem) = match (version.purpose, reason) {
            (Purpose::Pay, None) => (Status::Confirmed, Settlement::Post, None),
            (Purpose::Pay, Some(reason)) => {
                (Status::Failed, fee, Some(Problem::new("TRANSACTION_REVERTED", reason)))
            }
            (Purpose::CallOff, _) => {
                let (status, problem) = self.called_off();
                (status, fee, Some(problem))
            }
        };
        let progress = version
            .signed()
            .map(|signed| Progress::Signed(version.drafted(drafted), signed.clone()));
        let (id, now) = (self.transaction.id, self.app.clock.now());
        let finished = self.app.store.write(move |db| {
            let Some(mut transaction) = halt::unfinished(db, id)? else { return Ok(()) };
            transaction.problem = problem;
            transaction.progress = progress.unwrap_or(transaction.progress);
            db.forget_wish(id, Purpose::Pay)?;
            db.forget_wish(id, Purpose::CallOff)?;
            halt::finish(db, transaction, status, settlement, now)
        });
        finished.await?;
        self.app.signals.changed(id);
        Ok(())
    }

    /// What a transaction is that was called off, and why it was.
    fn called_off(&self) -> (Status, Problem) {
        match &self.wish {
            Some(Wish::CallOff { ends, problem }) => (*ends, problem.clone()),
            Some(Wish::SpeedUp) | None => {
                (Status::Cancelled, Problem::new("CANCELLED", "called off; nothing was paid"))
            }
        }
    }
}

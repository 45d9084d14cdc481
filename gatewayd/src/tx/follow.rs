//! Step 11: how it ended on the chain.

use super::halt::{self, Halt, Pace};
use super::pipeline::Road;
use super::send::expired;
use super::{Drafted, Problem, Signed, Status};
use crate::chains::Outcome;
use crate::store::reservations::Settlement;

impl Road<'_> {
    /// Asks the network once, and stores what it says.
    pub(super) async fn follow(&self, drafted: &Drafted, signed: &Signed) -> Result<(), Halt> {
        match self.outcome(drafted, signed).await? {
            Outcome::Pending => Err(Halt::Again(Pace::Block, None)),
            Outcome::Unknown if self.transaction.restored => self.unseen(drafted).await,
            Outcome::Unknown => {
                self.send(drafted, signed).await?;
                Err(Halt::Again(Pace::Block, None))
            }
            Outcome::Expired => Err(Halt::Failed(expired())),
            Outcome::Confirmed => self.over(Status::Confirmed, Settlement::Post, None).await,
            Outcome::Failed { reason } => {
                let fee = Settlement::PostFee(drafted.fee_ceiling);
                let problem = Problem::new("TRANSACTION_REVERTED", reason);
                self.over(Status::Failed, fee, Some(problem)).await
            }
        }
    }

    async fn over(
        &self,
        status: Status,
        settlement: Settlement,
        problem: Option<Problem>,
    ) -> Result<(), Halt> {
        let (id, now) = (self.transaction.id, self.app.clock.now());
        let finished = self.app.store.write(move |db| {
            let Some(mut transaction) = halt::unfinished(db, id)? else { return Ok(()) };
            transaction.problem = problem;
            halt::finish(db, transaction, status, settlement, now)
        });
        finished.await?;
        self.app.signals.changed(id);
        Ok(())
    }
}

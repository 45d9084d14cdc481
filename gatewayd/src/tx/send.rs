//! Step 10: the network gets the signed bytes, as often as it takes.

use super::halt::{self, Halt, Pace};
use super::pipeline::Road;
use super::{Drafted, Problem, Signed, Status, Version};
use crate::chains::{Category, ChainError, Outcome};
use crate::clock::UnixSeconds;
use crate::store::audit::Actor;
use crate::store::{TransactionId, Writing};

impl Road<'_> {
    /// Sends the bytes. From the first time on the network may have them, whatever a node says.
    pub(super) async fn send(&self, drafted: &Drafted, signed: &Signed) -> Result<(), Halt> {
        match self.send_bytes(signed).await? {
            Ok(()) => self.submitted(drafted, signed).await,
            Err(error) => self.not_sent((drafted, signed), &error).await,
        }
    }

    async fn submitted(&self, drafted: &Drafted, signed: &Signed) -> Result<(), Halt> {
        let (id, now) = (self.transaction.id, self.app.clock.now());
        let is_first = self.versions.is_empty() && drafted.nonce.is_some();
        let first = is_first.then(|| Version::first(drafted, signed, now));
        let submit = move |db: &Writing<'_>| {
            first.iter().try_for_each(|first| db.keep_version(id, first))?;
            submit(db, id, now)
        };
        self.app.store.write(submit).await?;
        self.app.signals.changed(id);
        Ok(())
    }

    async fn not_sent(
        &self,
        (drafted, signed): (&Drafted, &Signed),
        error: &ChainError,
    ) -> Result<(), Halt> {
        let problem = Problem::of_chain(error);
        let passes = error.category() == Category::Transient;
        // A node that does not find a blockhash says only that it may be behind: what expires has to
        // be asked for, or it would be sent forever.
        if passes && drafted.last_valid_block_height.is_none() {
            return Err(Halt::Again(Pace::BackOff, Some(problem)));
        }
        match self.outcome(drafted, signed).await? {
            Outcome::Pending | Outcome::Included | Outcome::Confirmed | Outcome::Failed { .. } => {
                self.submitted(drafted, signed).await
            }
            Outcome::Expired => Err(Halt::Failed(expired())),
            Outcome::Unknown => {
                if !passes {
                    self.overcome(drafted, error).await?;
                }
                Err(Halt::Again(Pace::BackOff, Some(problem)))
            }
        }
    }

    /// Where the network has the transaction.
    pub(super) async fn outcome(
        &self,
        drafted: &Drafted,
        signed: &Signed,
    ) -> Result<Outcome, Halt> {
        let outcome = self.client.outcome(&signed.hash, drafted.last_valid_block_height).await;
        outcome.map_err(|error| Halt::Again(Pace::BackOff, Some(Problem::of_chain(&error))))
    }
}

fn submit(db: &Writing<'_>, id: TransactionId, now: UnixSeconds) -> Result<(), Halt> {
    let Some(mut transaction) = halt::unfinished(db, id)? else { return Err(Halt::Stored) };
    (transaction.problem, transaction.attempts) = (None, 0);
    transaction.next_attempt_at = Some(now);
    transaction.updated_at = now;
    let first = transaction.status != Status::Submitted;
    transaction.status = Status::Submitted;
    db.update_transaction(&transaction)?;
    if first {
        halt::audit(db, &transaction, Actor::System, now)?;
    }
    Ok(())
}

pub(super) fn expired() -> Problem {
    Problem::new(
        "BLOCKHASH_EXPIRED",
        "the network did not take it in time, and cannot take it any more: nothing was paid; ask \
         again",
    )
}

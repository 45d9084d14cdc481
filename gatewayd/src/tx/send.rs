//! Step 10: the network gets the signed bytes, as often as it takes.

use super::halt::{self, Halt, Pace};
use super::pipeline::Road;
use super::{Drafted, Problem, Signed, Status};
use crate::chains::{Category, ChainError, Outcome};
use crate::clock::UnixSeconds;
use crate::store::audit::Actor;
use crate::store::{TransactionId, Writing};

/// Refusals of the same kind, one after the other, before a node is believed that it has not kept
/// the bytes.
const REFUSALS: u32 = 6;

impl Road<'_> {
    /// Sends the bytes. From the first time on the network may have them, whatever a node says.
    pub(super) async fn send(&self, drafted: &Drafted, signed: &Signed) -> Result<(), Halt> {
        match self.client.broadcast(&signed.bytes, &signed.hash).await {
            Ok(()) => self.submitted().await,
            Err(error) => self.not_sent((drafted, signed), &error).await,
        }
    }

    async fn submitted(&self) -> Result<(), Halt> {
        let (id, now) = (self.transaction.id, self.app.clock.now());
        self.app.store.write(move |db| submit(db, id, now)).await?;
        self.app.signals.changed(id);
        Ok(())
    }

    async fn not_sent(
        &self,
        (drafted, signed): (&Drafted, &Signed),
        error: &ChainError,
    ) -> Result<(), Halt> {
        let problem = Problem::of_chain(error);
        if error.category() == Category::Transient {
            return Err(Halt::Again(Pace::BackOff, Some(problem)));
        }
        match self.outcome(drafted, signed).await? {
            Outcome::Pending | Outcome::Confirmed | Outcome::Failed { .. } => {
                self.submitted().await
            }
            Outcome::Expired => Err(Halt::Failed(expired())),
            Outcome::Unknown if self.never_will_be(drafted, error) => {
                self.give_nonce_back(drafted, error).await?;
                Err(Halt::Failed(problem))
            }
            Outcome::Unknown => Err(Halt::Again(Pace::BackOff, Some(problem))),
        }
    }

    /// Whether enough was heard to say that the bytes will never be on the chain. What expires is
    /// waited for; what was accepted once stays possible until its nonce is used.
    fn never_will_be(&self, drafted: &Drafted, error: &ChainError) -> bool {
        let code = error.code();
        let before = self.transaction.problem.as_ref().map(|problem| problem.code.as_str());
        let insisted = self.transaction.attempts >= REFUSALS && before == Some(code);
        let accepted_once = self.transaction.status == Status::Submitted;
        let expires = drafted.last_valid_block_height.is_some();
        insisted && !expires && (is_nonce_used(error) || !accepted_once)
    }

    /// A number that nobody used is given out again, or those after it would wait for it forever.
    async fn give_nonce_back(&self, drafted: &Drafted, error: &ChainError) -> Result<(), Halt> {
        let (wallet, network) = (self.wallet.id, self.network.chain_id);
        if let Some(nonce) = drafted.nonce.filter(|_nonce| !is_nonce_used(error)) {
            self.app.store.write(move |db| db.return_nonce(wallet, network, nonce)).await?;
        }
        Ok(())
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

fn is_nonce_used(error: &ChainError) -> bool {
    matches!(error, ChainError::NonceUsed(_))
}

pub(super) fn expired() -> Problem {
    Problem::new(
        "BLOCKHASH_EXPIRED",
        "the network did not take it in time, and cannot take it any more: nothing was paid; ask \
         again",
    )
}

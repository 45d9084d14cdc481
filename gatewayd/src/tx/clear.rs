//! Step 8: the verdict, the reserved spend and the row become durable together.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use primitives::{Amount, Asset, Network};

use super::draft::Draft;
use super::gap::{self, Filling};
use super::gas::{self, Gas};
use super::halt::{self, Halt, POLICY_DENIED, Pace};
use super::judgement::{Known, judged};
use super::pipeline::Road;
use super::sequence;
use super::session_limits::{AskedBy, reserve};
use super::withdrawal;
use super::{Asking, Drafted, Problem, Progress, Status, Tier, Transaction};
use crate::clock::UnixSeconds;
use crate::metrics::Decisions;
use crate::policy::{Allowed, Verdict};
use crate::store::audit::Actor;
use crate::store::reservations::Settlement;
use crate::store::{StoreError, TransactionId, Writing};

/// What happens to a transaction that is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
enum Course {
    /// It goes on now; this is the tier to show.
    GoOn(Tier),
    /// It waits in the queue until then.
    Wait(Tier, UnixSeconds),
}

/// How the step ended, durably.
enum Ended {
    Cleared,
    Halted,
    /// The nonce of the draft is no longer the next one, or another transaction is the same to the
    /// last byte: another draft will differ.
    Stale,
}

/// What the closure that runs in the database needs.
struct Clearing {
    transaction: Transaction,
    network: Network,
    draft: Draft,
    gas: Gas,
    known: Known,
    decisions: Arc<Decisions>,
}

impl Road<'_> {
    /// Lets the draft pass if the policies allow it now, with its nonce taken and its spend
    /// reserved.
    pub(super) async fn clear(&self, draft: Draft, gas: Gas) -> Result<Drafted, Halt> {
        let drafted = draft.drafted.clone();
        let known = self.asking().known(&draft.decoded).await?;
        let (transaction, network) = (self.transaction.clone(), self.network.clone());
        let decisions = Arc::clone(&self.app.metrics.decisions);
        let clearing = Clearing { transaction, network, draft, gas, known, decisions };
        let ended = self.app.store.write(move |db| clearing.run(db)).await?;
        self.app.signals.changed(self.transaction.id);
        match ended {
            Ended::Cleared => Ok(drafted),
            Ended::Halted => Err(Halt::Stored),
            Ended::Stale => Err(Halt::Again(Pace::Block, None)),
        }
    }

    /// What is known besides the bytes, or asked for.
    pub(super) fn asking(&self) -> Asking<'_> {
        Asking {
            app: self.app,
            wallet: &self.wallet,
            network: Some(self.network),
            deed: Some(&self.order.deed),
            transaction: Some(self.transaction.id),
            asked_by: AskedBy::of(&self.transaction),
        }
    }
}

/// Whether a transaction is what it was when its bytes were made.
pub(super) enum Still {
    Wanted,
    /// Called off, suspended or let pass meanwhile; the next look at it says so.
    Moved,
    /// Its asker has no say any more.
    Disowned(Problem),
}

/// Looks whether a transaction without bytes still stands as it did.
pub(super) fn still(db: &Writing<'_>, transaction: &Transaction) -> Result<Still, StoreError> {
    let found = db.transaction(transaction.id)?;
    let wallet = db.wallet(transaction.wallet)?;
    let wallet =
        wallet.map(|wallet| withdrawal::is_let_go(db, &wallet, transaction)).transpose()?;
    let active = wallet.unwrap_or(false);
    let unmoved = found.is_some_and(|found| {
        found.status == transaction.status && found.progress == Progress::Asked
    });
    if !active || !unmoved {
        return Ok(Still::Moved);
    }
    let Some(session) = transaction.session else { return Ok(Still::Wanted) };
    if db.stands_by(session, transaction.wallet)? {
        return Ok(Still::Wanted);
    }
    Ok(Still::Disowned(Problem::disowned()))
}

impl Clearing {
    fn run(self, db: &Writing<'_>) -> Result<Ended, StoreError> {
        match still(db, &self.transaction)? {
            Still::Wanted => {}
            Still::Moved => return Ok(Ended::Halted),
            Still::Disowned(problem) => return self.end(db, Status::Cancelled, problem),
        }
        let bytes = (&self.draft.drafted, &self.draft.decoded);
        let verdict = match gap::filling(db, self.transaction.id, bytes)? {
            Filling::Closed(problem) => return self.end(db, Status::Cancelled, problem),
            Filling::Allowed(verdict) => verdict,
            Filling::None => self.judged(db)?,
        };
        match verdict {
            Verdict::Deny(denial) => {
                self.decisions.denied(denial.rule);
                let message = format!("{} ({})", denial.message(), denial.rule);
                self.end(db, Status::Cancelled, Problem::new(POLICY_DENIED, message))
            }
            Verdict::Allow(allowed) => {
                let Some(spend) = self.draft.decoded.spend() else {
                    let message = "the amounts do not fit in 256 bits";
                    let problem = Problem::new("INVALID_TRANSACTION", message);
                    return self.end(db, Status::Failed, problem);
                };
                self.allow(db, allowed, &spend)
            }
        }
    }

    fn judged(&self, db: &Writing<'_>) -> Result<Verdict, StoreError> {
        match withdrawal::verdict(db, &self.transaction, &self.draft.decoded)? {
            Some(verdict) => Ok(verdict),
            None => judged(db, &self.draft.decoded, &self.known),
        }
    }

    fn allow(
        self,
        db: &Writing<'_>,
        allowed: Allowed,
        spend: &BTreeMap<Asset, Amount>,
    ) -> Result<Ended, StoreError> {
        let Self { mut transaction, network, draft, gas, known, decisions } = self;
        let before = transaction.tier;
        let allowed = stricter(allowed, transaction.demanded);
        let asked = transaction.tier == Some(Tier::Approval);
        let question = if asked { db.question(transaction.id)? } else { None };
        let approved = question.is_some_and(|question| question.is_approved(known.now));
        let course = course(&transaction, approved, allowed, known.now);
        if db.has_twin(transaction.id, &draft.drafted)? {
            return Ok(Ended::Stale);
        }
        if let (Course::GoOn(_), Gas::CheapEnough) = (course, gas)
            && let Some((nonce, chain_next)) = draft.drafted.nonce.zip(draft.chain_next)
            && !db.claim_nonce(transaction.wallet, network.chain_id, nonce, chain_next)?
        {
            return Ok(Ended::Stale);
        }
        let named = (transaction.id, transaction.wallet, Some(network.chain_id));
        reserve(db, named, (&draft.decoded, spend), known.worths.into(), &known)?;
        db.keep_worth(transaction.id, known.worths.amount)?;
        transaction.attempts = 0;
        transaction.updated_at = known.now;
        let ended = match (course, gas) {
            (Course::GoOn(tier), Gas::TooDear(timeout)) => {
                transaction.tier = Some(tier);
                gas::wait(&mut transaction, timeout, known.now);
                Ended::Halted
            }
            (Course::GoOn(tier), Gas::CheapEnough) => {
                transaction.status = Status::Executing;
                transaction.tier = Some(tier);
                transaction.waits_until = None;
                transaction.next_attempt_at = Some(known.now);
                transaction.problem = None;
                transaction.progress = Progress::Drafted(draft.drafted);
                Ended::Cleared
            }
            (Course::Wait(tier, until), _) => {
                transaction.status = Status::Queued;
                transaction.tier = Some(tier);
                transaction.waits_until = Some(until);
                transaction.next_attempt_at = Some(known.now);
                // Why the signer sent it back is why it waits.
                transaction.problem =
                    transaction.problem.filter(|_| transaction.demanded.is_some());
                prepare(db, transaction.id, tier, &draft.drafted)?;
                Ended::Halted
            }
        };
        // It is judged again when its time has come.
        if let Some(tier) = transaction.tier.filter(|tier| before != Some(*tier)) {
            decisions.allowed(tier);
        }
        db.update_transaction(&transaction)?;
        halt::audit(db, &transaction, Actor::System, known.now)?;
        sequence::part_began(db, &transaction, known.now)?;
        Ok(ended)
    }

    fn end(self, db: &Writing<'_>, status: Status, problem: Problem) -> Result<Ended, StoreError> {
        let transaction = Transaction { problem: Some(problem), ..self.transaction };
        // A transaction that was let pass before fails; one that never was is called off.
        let status = if transaction.status.may_become(status) { status } else { Status::Failed };
        halt::finish(db, transaction, status, Settlement::Release, self.known.now)?;
        Ok(Ended::Halted)
    }
}

/// Stores what the signer is to be told of a transaction that waits.
fn prepare(
    db: &Writing<'_>,
    id: TransactionId,
    tier: Tier,
    drafted: &Drafted,
) -> Result<(), StoreError> {
    match tier {
        Tier::Delay => db.want_announcement(id, &drafted.unsigned),
        Tier::Approval => {
            db.forget_question(id)?;
            db.call_off_announcement(id).map(|_was_announced| ())
        }
        Tier::Instant | Tier::Notify => Ok(()),
    }
}

/// The stricter of what the policies say and what the signer has asked for wins. The signer's wait
/// is the signer's: it is not added to by that of a policy that does not speak of it.
fn stricter(allowed: Allowed, demanded: Option<Tier>) -> Allowed {
    match demanded {
        Some(tier) if tier > allowed.tier => Allowed { tier, delay: Duration::ZERO, ..allowed },
        Some(_) | None => allowed,
    }
}

/// Where an allowed transaction goes, given how far it was let pass before.
fn course(transaction: &Transaction, approved: bool, allowed: Allowed, now: UnixSeconds) -> Course {
    let waited = transaction.tier == Some(Tier::Delay)
        && transaction.waits_until.is_some_and(|until| until <= now);
    let passed =
        waited || approved || matches!(transaction.status, Status::Executing | Status::GasWaiting);
    let before = transaction.tier.filter(|_tier| passed);
    let shown = before.map_or(allowed.tier, |before| before.max(allowed.tier));
    match allowed.tier {
        Tier::Instant | Tier::Notify => Course::GoOn(shown),
        Tier::Delay | Tier::Approval if before.is_some_and(|before| before >= allowed.tier) => {
            Course::GoOn(shown)
        }
        Tier::Delay => Course::Wait(Tier::Delay, now.plus(allowed.delay)),
        Tier::Approval => Course::Wait(Tier::Approval, now.plus(allowed.approval_timeout)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::payment;
    use super::*;
    use crate::clock::Clock;
    use crate::store::wallets::sample;

    const NOW: UnixSeconds = UnixSeconds::new(10_000);
    const DELAY: Duration = Duration::from_mins(1);
    const APPROVAL: Duration = Duration::from_secs(90);

    fn stored(status: Status, tier: Option<Tier>, waited_until: i64) -> Transaction {
        let (clock, _setter) = Clock::settable(NOW);
        let intent = payment(1_u64.into());
        let id = TransactionId::new(&clock);
        Transaction {
            status,
            tier,
            waits_until: (status == Status::Queued).then_some(UnixSeconds::new(waited_until)),
            ..Transaction::new(id, sample(1).id, None, intent, NOW)
        }
    }

    #[test]
    fn a_payment_goes_on_only_as_far_as_it_was_let_pass() {
        use Course::{GoOn, Wait};
        use Status::{Executing, GasWaiting, Pending, Queued};
        use Tier::{Approval, Delay, Instant, Notify};
        let delayed = Wait(Delay, NOW.plus(DELAY));
        let unapproved = Wait(Approval, NOW.plus(APPROVAL));
        let rows = [
            // as it was stored, and until when it waited; what the policies say now
            (Pending, None, 0, Instant, GoOn(Instant)),
            (Pending, None, 0, Notify, GoOn(Notify)),
            (Pending, None, 0, Delay, delayed),
            (Pending, None, 0, Approval, unapproved),
            (Queued, Some(Delay), 10_000, Delay, GoOn(Delay)),
            (Queued, Some(Delay), 10_001, Delay, delayed),
            (Queued, Some(Delay), 10_000, Instant, GoOn(Delay)),
            (Queued, Some(Delay), 10_000, Approval, unapproved),
            (Queued, Some(Approval), 9_000, Approval, unapproved),
            (Queued, Some(Approval), 9_000, Delay, delayed),
            (GasWaiting, Some(Instant), 0, Notify, GoOn(Notify)),
            (GasWaiting, Some(Instant), 0, Delay, delayed),
            (GasWaiting, Some(Delay), 0, Delay, GoOn(Delay)),
            (Executing, Some(Instant), 0, Notify, GoOn(Notify)),
            (Executing, Some(Instant), 0, Delay, delayed),
            (Executing, Some(Delay), 0, Delay, GoOn(Delay)),
            (Executing, Some(Delay), 0, Approval, unapproved),
        ];
        for (status, tier, until, now, expected) in rows {
            let allowed = Allowed { tier: now, delay: DELAY, approval_timeout: APPROVAL };
            let found = course(&stored(status, tier, until), false, allowed, NOW);
            assert_eq!(found, expected, "{status} {tier:?} {until}, now {now}");
        }
        for now in Tier::ALL {
            let allowed = Allowed { tier: *now, delay: DELAY, approval_timeout: APPROVAL };
            let waiting = stored(Queued, Some(Approval), 10_500);
            assert_eq!(course(&waiting, true, allowed, NOW), GoOn(Approval), "now {now}");
        }
    }
    #[test]
    fn the_stricter_of_policy_and_signer_wins_always() {
        use Tier::{Approval, Delay, Instant, Notify};
        let rows = [
            // what the policies say, what the signer has asked for, what counts
            (Instant, None, Instant, DELAY),
            (Notify, None, Notify, DELAY),
            (Delay, None, Delay, DELAY),
            (Approval, None, Approval, DELAY),
            (Instant, Some(Delay), Delay, Duration::ZERO),
            (Notify, Some(Delay), Delay, Duration::ZERO),
            (Delay, Some(Delay), Delay, DELAY),
            (Approval, Some(Delay), Approval, DELAY),
            (Instant, Some(Approval), Approval, Duration::ZERO),
            (Notify, Some(Approval), Approval, Duration::ZERO),
            (Delay, Some(Approval), Approval, Duration::ZERO),
            (Approval, Some(Approval), Approval, DELAY),
        ];
        for (tier, demanded, counts, delay) in rows {
            let allowed = Allowed { tier, delay: DELAY, approval_timeout: APPROVAL };
            let found = stricter(allowed, demanded);
            let expected = Allowed { tier: counts, delay, approval_timeout: APPROVAL };
            assert_eq!(found, expected, "{tier} {demanded:?}");
        }
    }
}

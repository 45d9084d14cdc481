//! A sequence: several deeds of a plain account on an EVM chain, one after the other, each by a
//! transaction of its own.
//!
//! It is judged as a whole before anything is sent, and everything that it may spend is reserved
//! then, part by part. Its parts are ordinary transactions that go the ordinary road; a part's turn
//! comes when those before it are confirmed. The sequence itself only stands for them: it has no
//! bytes, and ends with the last of its parts.

use std::sync::Arc;

use super::clear::{Still, still};
use super::divided::{Divided, Part};
use super::halt::{self, Halt};
use super::judgement::{Known, judged};
use super::pipeline::Road;
use super::{Deed, PartOf, Problem, Progress, Status, Tier, Transaction, Wish, look_back};
use crate::chains::DraftRequest;
use crate::clock::UnixSeconds;
use crate::metrics::Decisions;
use crate::policy::{Allowed, Denial, Verdict};
use crate::store::audit::Actor;
use crate::store::reservations::Settlement;
use crate::store::{StoreError, TransactionId, Writing};

/// The code of a sequence that a policy does not allow.
pub(crate) const BATCH_POLICY_VIOLATION: &str = "BATCH_POLICY_VIOLATION";

impl Road<'_> {
    /// Divides a sequence into parts that go on by themselves. What is none just goes on.
    pub(super) async fn lead(&self) -> Result<(), Halt> {
        let Some(deeds) = self.order.sequence() else { return Ok(()) };
        if self.transaction.status != Status::Pending {
            return Err(Halt::Stored);
        }
        // Parts are numbered for good when it is their turn.
        let next = self.client.next_nonce(self.wallet.address, u64::MAX).await;
        let next = next.map_err(Halt::unsigned)?;
        if deeds.iter().any(|deed| matches!(deed, Deed::Batch(_))) {
            return Err(Halt::Failed(malformed()));
        }
        let mut parts = Vec::with_capacity(deeds.len());
        for (place, deed) in (0..=u8::MAX).zip(deeds) {
            parts.push(self.part(place, deed, next).await?);
        }
        let ids: Vec<_> = parts.iter().map(|part| part.transaction.id).collect();
        let known = self.asking().together(parts.iter().map(|part| &part.known));
        let whole = self.transaction.clone();
        let divided = Divided { whole, parts, known };
        let decisions = Arc::clone(&self.app.metrics.decisions);
        self.app.store.write(move |db| divided.store(db, &decisions)).await?;
        for id in ids.into_iter().chain([self.transaction.id]) {
            self.app.signals.changed(id);
        }
        Err(Halt::Stored)
    }

    async fn part(&self, place: u8, deed: &Deed, next: Option<u64>) -> Result<Part, Halt> {
        let nonce = next.and_then(|next| next.checked_add(place.into()));
        let request = DraftRequest { from: self.wallet.address, deed: deed.clone(), nonce };
        // The first one has nothing before it that could change what is on the chain.
        let unsigned = match place {
            0 => self.client.draft(&request).await.map(|draft| draft.unsigned),
            _ => self.client.preview(&request).await.map(|preview| preview.unsigned),
        };
        let unsigned = unsigned.map_err(Halt::unsigned)?;
        let decoded = self.decode(&unsigned)?;
        let id = TransactionId::new(&self.app.clock);
        let transaction = self.transaction.part(id, &self.order, place, deed);
        let known = self.asking().known(&decoded).await?;
        Ok(Part { transaction, unsigned, decoded, known })
    }

    /// Lets a part pass when those before it are confirmed. The last of them has it looked at again.
    pub(super) async fn wait_for_turn(&self) -> Result<(), Halt> {
        let Some(PartOf { whole, place }) = self.transaction.part_of else { return Ok(()) };
        if place == 0 || self.transaction.progress != Progress::Asked {
            return Ok(());
        }
        let id = self.transaction.id;
        let look = move |db: &Writing<'_>| {
            let parts = db.parts(whole)?;
            let mut before = parts.iter().filter(|part| part.place() < Some(place));
            if before.all(|part| part.status == Status::Confirmed) {
                return Ok(true);
            }
            if let Some(mut resting) = halt::unfinished(db, id)? {
                resting.next_attempt_at = None;
                db.update_transaction(&resting)?;
            }
            Ok::<_, StoreError>(false)
        };
        if self.app.store.write(look).await? { Ok(()) } else { Err(Halt::Stored) }
    }
}

impl Divided {
    /// Stores the parts if everything of it is allowed now.
    fn store(self, db: &Writing<'_>, decisions: &Decisions) -> Result<(), StoreError> {
        match still(db, &self.whole)? {
            Still::Wanted => {}
            Still::Moved => return Ok(()),
            Still::Disowned(problem) => return self.end(db, Status::Cancelled, problem),
        }
        let Some(together) = self.together() else {
            return self.end(db, Status::Failed, malformed());
        };
        let mut allowed = match judged(db, &together, &self.known)? {
            Verdict::Allow(allowed) => allowed,
            Verdict::Deny(denial) => {
                decisions.denied(denial.rule);
                return self.end(db, Status::Cancelled, denied(&denial));
            }
        };
        let verdicts = self.judge_parts(db)?;
        for (part, verdict) in self.parts.iter().zip(verdicts) {
            match verdict {
                Verdict::Allow(other) => allowed = allowed.stricter(other),
                Verdict::Deny(denial) => {
                    decisions.denied(denial.rule);
                    let problem = denied(&denial).of_part(&part.transaction);
                    return self.end(db, Status::Cancelled, problem);
                }
            }
        }
        decisions.allowed(allowed.tier);
        self.begin(db, allowed)
    }

    /// Lets the parts go, or wait, with the care that the strictest of all verdicts asks for. It stays
    /// with each of them, whatever is said of that one alone later.
    fn begin(self, db: &Writing<'_>, allowed: Allowed) -> Result<(), StoreError> {
        let Self { mut whole, parts, known: Known { now, .. } } = self;
        let tier = allowed.tier;
        for Part { mut transaction, unsigned, .. } in parts {
            (transaction.tier, transaction.demanded) = (Some(tier), Some(tier));
            match tier {
                // All wait at the same time, here and at the signer.
                Tier::Delay => {
                    transaction.status = Status::Queued;
                    transaction.waits_until = Some(now.plus(allowed.delay));
                    transaction.next_attempt_at = Some(now);
                    db.want_announcement(transaction.id, &unsigned)?;
                }
                // The owners are asked about each when its turn has come.
                Tier::Instant | Tier::Notify | Tier::Approval => {
                    let first = transaction.place() == Some(0);
                    transaction.next_attempt_at = first.then_some(now);
                }
            }
            db.update_transaction(&transaction)?;
            halt::audit(db, &transaction, Actor::System, now)?;
        }
        whole.tier = Some(tier);
        whole.status = match tier {
            Tier::Instant | Tier::Notify => Status::Executing,
            Tier::Delay | Tier::Approval => Status::Queued,
        };
        whole.waits_until = (tier == Tier::Delay).then(|| now.plus(allowed.delay));
        (whole.problem, whole.attempts, whole.next_attempt_at) = (None, 0, None);
        whole.updated_at = now;
        db.update_transaction(&whole)?;
        halt::audit(db, &whole, Actor::System, now)
    }

    /// Ends the whole, and those parts that were stored already.
    fn end(self, db: &Writing<'_>, status: Status, problem: Problem) -> Result<(), StoreError> {
        let now = self.known.now;
        let whole = self.whole.id;
        let ended = Transaction { problem: Some(problem.clone()), ..self.whole };
        halt::finish(db, ended, status, Settlement::Release, now)?;
        for part in db.parts(whole)? {
            let ended = Transaction { problem: Some(problem.clone()), ..part };
            halt::finish(db, ended, status, Settlement::Release, now)?;
        }
        Ok(())
    }
}

fn malformed() -> Problem {
    let message = "a sequence has at least one part, none of them a sequence, and amounts that fit \
                   in 256 bits";
    Problem::new("INVALID_TRANSACTION", message)
}

fn denied(denial: &Denial) -> Problem {
    let message = format!("{} ({})", denial.message(), denial.rule);
    Problem::new(BATCH_POLICY_VIOLATION, message)
}

/// Shows with the whole that one of its parts is on its way.
pub(super) fn part_began(
    db: &Writing<'_>,
    part: &Transaction,
    now: UnixSeconds,
) -> Result<(), StoreError> {
    if part.status != Status::Executing {
        return Ok(());
    }
    lead_on(db, part, &[Status::Executing], now)
}

/// Takes the whole through those of `steps` that it has not taken.
fn lead_on(
    db: &Writing<'_>,
    part: &Transaction,
    steps: &[Status],
    now: UnixSeconds,
) -> Result<(), StoreError> {
    let Some(PartOf { whole, .. }) = part.part_of else { return Ok(()) };
    let Some(mut whole) = halt::unfinished(db, whole)? else { return Ok(()) };
    for step in steps {
        if whole.status.may_become(*step) {
            whole.status = *step;
            whole.waits_until = None;
            whole.updated_at = now;
            db.update_transaction(&whole)?;
            halt::audit(db, &whole, Actor::System, now)?;
        }
    }
    Ok(())
}

/// Has the next part looked at when one is confirmed, calls those after it off when it ended
/// otherwise, and ends the whole with the last one.
pub(super) fn part_ended(
    db: &Writing<'_>,
    part: &Transaction,
    now: UnixSeconds,
) -> Result<(), StoreError> {
    let Some(PartOf { whole, .. }) = part.part_of else { return Ok(()) };
    if halt::unfinished(db, whole)?.is_none() {
        return Ok(());
    }
    if part.status == Status::Confirmed {
        lead_on(db, part, &[Status::Executing, Status::Submitted], now)?;
    } else {
        // The last one first, so that none of them has any after it. The turn of none had come, but
        // where the chain has taken this one back: what is signed may be on its way, and is called off.
        let later = db.parts(whole)?.into_iter().filter(|later| later.place() > part.place());
        let unfinished: Vec<_> = later.filter(|later| !later.status.is_final()).collect();
        for mut later in unfinished.into_iter().rev() {
            let problem = skipped(part);
            if matches!(later.progress, Progress::Signed(..)) {
                let wish = Wish::CallOff { ends: Status::Cancelled, problem };
                db.make_wish(later.id, &wish, now)?;
                later.next_attempt_at = Some(now);
                db.update_transaction(&later)?;
                continue;
            }
            later.problem = Some(problem);
            halt::finish(db, later, Status::Cancelled, Settlement::Release, now)?;
        }
    }
    // What was called off may have ended the whole.
    let Some(whole) = halt::unfinished(db, whole)? else { return Ok(()) };
    let parts = db.parts(whole.id)?;
    match parts.iter().find(|part| !part.status.is_final()) {
        None => end_whole(db, whole, &parts, now),
        Some(next) if part.status == Status::Confirmed => {
            let next = Transaction { next_attempt_at: Some(now), ..next.clone() };
            db.update_transaction(&next)
        }
        Some(_before) => Ok(()),
    }
}

/// Has the whole followed again when the chain has taken back one of its parts: it ends once more, with
/// the last of those that are on their way.
pub(super) fn part_reopened(
    db: &Writing<'_>,
    part: &Transaction,
    now: UnixSeconds,
) -> Result<(), StoreError> {
    let Some(PartOf { whole, .. }) = part.part_of else { return Ok(()) };
    let Some(ended) = db.transaction(whole)?.filter(|whole| whole.status.is_final()) else {
        return Ok(());
    };
    let (status, problem, updated_at) = (Status::Submitted, None, now);
    db.reopen_transaction(&Transaction { status, problem, updated_at, ..ended.clone() })?;
    look_back::note(db, &ended, now)
}

fn end_whole(
    db: &Writing<'_>,
    mut whole: Transaction,
    parts: &[Transaction],
    now: UnixSeconds,
) -> Result<(), StoreError> {
    let confirmed = parts.iter().any(|part| part.status == Status::Confirmed);
    let broken = parts.iter().find(|part| part.status != Status::Confirmed);
    let status = match broken {
        None => Status::Confirmed,
        Some(_broken) if confirmed => Status::PartialFailure,
        // What was let pass before fails.
        Some(broken) if whole.status.may_become(broken.status) => broken.status,
        Some(_broken) => Status::Failed,
    };
    whole.problem = broken.and_then(|part| Some(part.problem.clone()?.of_part(part)));
    halt::finish(db, whole, status, Settlement::Release, now)
}

/// What is called off when a transaction is: of a sequence the first part that is not signed, which
/// takes those after it along; where all that is left is signed, the one that is on its way.
///
/// # Errors
/// When the database cannot be read.
pub(crate) fn first_to_call_off(
    db: &Writing<'_>,
    asked: Transaction,
) -> Result<Transaction, StoreError> {
    let mut parts = db.parts(asked.id)?;
    parts.retain(|part| !part.status.is_final());
    let is_signed = |part: &Transaction| matches!(part.progress, Progress::Signed(..));
    let unsigned = parts.iter().position(|part| !is_signed(part));
    let first = unsigned.unwrap_or_default();
    Ok(if first < parts.len() { parts.swap_remove(first) } else { asked })
}

fn skipped(broken: &Transaction) -> Problem {
    Problem::new("CANCELLED", "not sent, because what comes before it was not carried out")
        .of_part(broken)
}

impl Problem {
    /// Names the part that has it.
    fn of_part(self, part: &Transaction) -> Self {
        let number = part.place().unwrap_or_default().saturating_add(1);
        Self { message: format!("{} (part {number})", self.message), ..self }
    }
}

impl Transaction {
    /// Its place in its sequence, from zero.
    fn place(&self) -> Option<u8> {
        self.part_of.map(|part_of| part_of.place)
    }
}

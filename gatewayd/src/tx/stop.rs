//! What the kill switch does to transactions: what is not signed is called off at once, what is signed
//! and has not left is called off where it is, and what the network may have is not sent again, and
//! called off there once the switch is lifted.

use super::halt::{self, Halt, Pace};
use super::pipeline::Road;
use super::{Drafted, Intent, Problem, Progress, Purpose, Signed, Status, Transaction, Wish};
use crate::app::App;
use crate::chains::ChainError;
use crate::clock::UnixSeconds;
use crate::store::reservations::Settlement;
use crate::store::wallets::WalletStatus;
use crate::store::{Reading, SessionId, StoreError, TransactionId, Writing};
use crate::switch::Stopped;

/// How many transactions were called off, and how many are to be once the switch is lifted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Nothing of them was paid, and nothing will be.
    pub called_off: u64,
    /// The network may have them.
    pub may_have_left: u64,
}

/// Transactions that are called off in one transaction of the database.
const AT_ONCE: u16 = 200;

impl Road<'_> {
    /// Sends the bytes after a last look at the switch and at the wallet.
    pub(super) async fn send_bytes(&self, signed: &Signed) -> Result<Result<(), ChainError>, Halt> {
        let wallet = self.wallet.id;
        let suspended = move |db: &Reading<'_>| {
            let wallet = db.wallet(wallet)?;
            Ok::<_, StoreError>(wallet.is_some_and(|it| it.status == WalletStatus::Suspended))
        };
        if self.app.store.read(suspended).await? {
            let message = "the wallet is suspended: what is signed is not sent until it is resumed";
            return Err(Halt::Withheld(Problem::new("WALLET_SUSPENDED", message)));
        }
        let leave = self.app.switch.last_look(self.falls);
        let leave = leave.map_err(|stopped| Halt::Withheld(stopped.problem()))?;
        let sent = leave.send(self.client.broadcast(&signed.bytes, &signed.hash)).await;
        // Some of the bytes may have left.
        sent.map_err(again)
    }

    /// Calls off what was signed just now and has surely not left.
    pub(super) async fn withhold(
        &self,
        drafted: &Drafted,
        signed: &Signed,
        problem: Problem,
    ) -> Result<Halt, StoreError> {
        let (id, now) = (self.transaction.id, self.app.clock.now());
        let before = Progress::Signed(drafted.clone(), signed.clone());
        let drafted = drafted.clone();
        let withheld = self.app.store.write(move |db| {
            let found = halt::unfinished(db, id)?.filter(|found| found.progress == before);
            let Some(mut transaction) = found else { return Ok(()) };
            if !db.versions(id)?.is_empty() {
                return Ok(());
            }
            transaction.progress = Progress::Drafted(drafted);
            db.forget_wish(id, Purpose::Pay)?;
            db.forget_wish(id, Purpose::CallOff)?;
            halt::call_off(db, transaction, problem, now)
        });
        withheld.await?;
        self.app.signals.changed(id);
        Ok(Halt::Stored)
    }

    /// While the switch has fallen no other version of a transaction is made.
    pub(super) fn check_switch(&self) -> Result<(), Halt> {
        self.app.switch.check().map_err(again)
    }

    /// Ends what was to be called off, and what the network did not take in time.
    pub(super) async fn lapsed(&self, expired: Problem) -> Result<(), Halt> {
        let Some(Wish::CallOff { ends, problem }) = self.wish.clone() else {
            return Err(Halt::Failed(expired));
        };
        let (id, now) = (self.transaction.id, self.app.clock.now());
        let ended = self.app.store.write(move |db| {
            let Some(mut transaction) = halt::unfinished(db, id)? else { return Ok(()) };
            transaction.problem = Some(problem);
            db.forget_wish(id, Purpose::CallOff)?;
            halt::finish(db, transaction, ends, Settlement::Release, now)
        });
        ended.await?;
        self.app.signals.changed(id);
        Err(Halt::Stored)
    }
}

pub(super) fn again(stopped: Stopped) -> Halt {
    Halt::Again(Pace::BackOff, Some(stopped.problem()))
}

/// Calls off everything that is under way, of one session or of all.
///
/// # Errors
/// When the database fails; what was called off stays so.
pub(crate) async fn call_off_all(
    app: &App,
    whose: Whose,
    problem: &Problem,
) -> Result<Swept, StoreError> {
    let (mut swept, mut after) = (Swept::default(), None);
    loop {
        let (problem, now) = (problem.clone(), app.clock.now());
        let some = app.store.write(move |db| call_off_some(db, (whose, after), &problem, now));
        let Looked { called_off, may_have_left, last } = some.await?;
        for id in &called_off {
            app.signals.changed(*id);
        }
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        swept.called_off = swept.called_off.saturating_add(count(called_off.len()));
        swept.may_have_left = swept.may_have_left.saturating_add(count(may_have_left));
        match last {
            Some(last) => after = Some(last),
            None => return Ok(swept),
        }
    }
}

/// Whose transactions are called off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    /// Everybody's.
    All,
    /// A session's.
    Session(SessionId),
}

impl Whose {
    fn has(self, transaction: &Transaction) -> bool {
        match self {
            Self::All => true,
            Self::Session(session) => transaction.session == Some(session),
        }
    }
}

/// What a look at some of them came to.
struct Looked {
    called_off: Vec<TransactionId>,
    /// How many the network may have.
    may_have_left: usize,
    last: Option<TransactionId>,
}

fn call_off_some(
    db: &Writing<'_>,
    (whose, after): (Whose, Option<TransactionId>),
    problem: &Problem,
    now: UnixSeconds,
) -> Result<Looked, StoreError> {
    let ids = db.unfinished_after(after, AT_ONCE)?;
    let (mut called_off, mut may_have_left) = (Vec::new(), 0_usize);
    for id in &ids {
        // One that was called off may have ended others of its sequence.
        let found = halt::unfinished(db, *id)?.filter(|found| whose.has(found));
        let Some(transaction) = found else { continue };
        match course(db, &transaction)? {
            Course::CallOff => {
                halt::call_off(db, transaction, problem.clone(), now)?;
                called_off.push(*id);
            }
            Course::Wish => {
                let (ends, problem) = (Status::Cancelled, problem.clone());
                db.make_wish(*id, &Wish::CallOff { ends, problem }, now)?;
                may_have_left = may_have_left.saturating_add(1);
            }
            Course::Leave => {}
        }
    }
    Ok(Looked { called_off, may_have_left, last: ids.last().copied() })
}

enum Course {
    CallOff,
    /// The network may have it.
    Wish,
    /// It ends by itself: with its parts, with its asker, or by what the chain says.
    Leave,
}

fn course(db: &Writing<'_>, transaction: &Transaction) -> Result<Course, StoreError> {
    let sends = matches!(transaction.intent, Intent::Send(_));
    if !sends || transaction.restored {
        return Ok(Course::Leave);
    }
    if matches!(transaction.progress, Progress::Signed(..)) {
        return Ok(Course::Wish);
    }
    let parts = db.parts(transaction.id)?;
    Ok(if parts.is_empty() { Course::CallOff } else { Course::Leave })
}

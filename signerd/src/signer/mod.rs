//! The signer's core: what is decided for a batch of requests, without a socket in sight.

use protocol::{Latch, Refusal, RefusalCode, Reply, Request};

use crate::clock::{Clock, TimeSource, UnixSeconds};
use crate::config::Settings;
use crate::dispatch::{Role, permit};
use crate::handlers::{self, refusals::Refusals};
use crate::journal::{Committed, Event, Journal, JournalError, Noted, Recorded};
use crate::log;
use crate::vault::Vault;

/// A request, and the socket that it came in by.
#[derive(Debug)]
pub struct Incoming {
    /// The listener's role.
    pub role: Role,
    /// What is asked.
    pub request: Request,
}

/// Vault, journal and clock, and what the operator set.
#[derive(Debug)]
pub struct Signer {
    pub(crate) vault: Vault,
    pub(crate) journal: Journal,
    pub(crate) clock: Clock,
    pub(crate) settings: Settings,
    pub(crate) sandbox: Vec<&'static str>,
    refusals: Refusals,
    last_signed_at: u64,
}

/// What one request of a batch came to, before the batch is on the disk.
pub(crate) enum Step {
    /// Nothing was changed.
    Answer(Reply),
    /// True once the batch is on the disk.
    AfterCommit(Reply),
    /// To be signed once the batch is on the disk.
    Sign(Noted),
}

impl Step {
    /// Whether it has to be on the disk first.
    fn waits(&self) -> bool {
        match self {
            Self::Answer(_) | Self::Sign(Noted::Leased(_)) => false,
            Self::AfterCommit(_) | Self::Sign(Noted::Waiting(_)) => true,
        }
    }
}

impl Signer {
    /// Puts the parts together and notes the start in the journal.
    pub fn start(
        vault: Vault,
        mut journal: Journal,
        time: Box<dyn TimeSource>,
        settings: Settings,
        sandbox: Vec<&'static str>,
    ) -> Self {
        let clock = Clock::start(time, journal.state().seen());
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let (boot, uptime_ms) = clock.boot();
        journal.append(clock.moment(), Event::Started { version, boot, uptime_ms });
        if let Some(reason) = journal.put_back().map(str::to_owned) {
            log::error(format_args!("signing is suspended: {reason}"));
            let latch = journal.state().latches().latch().max(Latch::Suspended);
            journal.append(clock.moment(), Event::LatchSet { wallet: None, latch, reason });
        }
        let seconds = settings.dead_man_seconds;
        if seconds != journal.state().latches().dead_man_seconds() {
            journal.append(clock.moment(), Event::DeadManSet { seconds });
        }
        let last_signed_at = clock.now();
        let refusals = Refusals::default();
        Self { vault, journal, clock, settings, sandbox, refusals, last_signed_at }
    }

    /// Puts the start on the disk, and has the counter in the TPM count it, where there is one.
    ///
    /// # Errors
    /// Why the TPM does not count.
    pub fn begin(&mut self) -> Result<(), String> {
        if let Err(error) = self.journal.commit() {
            log_failure(&error);
        }
        self.journal.counter_failure().map_or(Ok(()), |failure| Err(failure.to_owned()))
    }

    /// Decides a batch, writes what it decided with one `fdatasync`, and only then signs. There are
    /// as many replies as requests, in the same order.
    pub fn handle(&mut self, batch: Vec<Incoming>) -> Vec<Reply> {
        let moment = self.clock.moment();
        self.journal.end_leases(moment, moment.now);
        let steps: Vec<Step> = batch.into_iter().map(|incoming| self.decide(incoming)).collect();
        self.note_refusals(self.clock.now());
        match self.put_down(&steps) {
            Ok(committed) => {
                steps.into_iter().map(|step| self.carry_out(step, committed.as_ref())).collect()
            }
            Err(error) => {
                log_failure(&error);
                steps.into_iter().map(unwritten).collect()
            }
        }
    }

    /// Writes what was decided: on the disk, unless all of it was paid from leases, or is no more
    /// than an answer.
    fn put_down(&mut self, steps: &[Step]) -> Result<Option<Committed>, JournalError> {
        if steps.iter().any(Step::waits) {
            self.journal.commit().map(Some)
        } else {
            self.journal.write().map(|()| None)
        }
    }

    fn carry_out(&mut self, step: Step, committed: Option<&Committed>) -> Reply {
        match (step, committed) {
            (Step::Answer(reply), _) | (Step::AfterCommit(reply), Some(_)) => reply,
            (Step::Sign(Noted::Waiting(unsynced)), Some(committed)) => {
                self.sign(unsynced.recorded(committed))
            }
            (Step::Sign(Noted::Leased(recorded)), _) => self.sign(recorded),
            (step @ (Step::AfterCommit(_) | Step::Sign(Noted::Waiting(_))), None) => {
                unwritten(step)
            }
        }
    }

    fn decide(&mut self, incoming: Incoming) -> Step {
        let Incoming { role, request } = incoming;
        handlers::latch::judge_switch(self);
        match permit(request.kind(), role, self.vault.phase()) {
            Ok(()) => handlers::handle(self, request)
                .unwrap_or_else(|refusal| Step::Answer(Reply::Refused(refusal))),
            Err(refusal) => Step::Answer(Reply::Refused(refusal)),
        }
    }

    /// Keeps a refusal to sign or to announce for the journal.
    pub(crate) fn refused(&mut self, wallet: primitives::WalletId, code: RefusalCode) {
        self.refusals.count(wallet, code);
    }

    /// Writes the refusals that are due by `now`.
    fn note_refusals(&mut self, now: UnixSeconds) {
        for event in self.refusals.due(now) {
            self.note(event);
        }
    }

    /// Appends an event to the journal; it is on the disk when the batch is.
    pub(crate) fn note(&mut self, event: Event) {
        self.journal.append(self.clock.moment(), event);
    }

    fn sign(&mut self, recorded: Recorded) -> Reply {
        self.last_signed_at = self.clock.now();
        self.vault.mark_used(recorded.wallet(), self.last_signed_at);
        match self.vault.sign(recorded) {
            Ok(signature) => Reply::Signature(signature),
            Err(error) => Reply::Refused(handlers::vault_refusal(error)),
        }
    }

    /// What happens by the clock alone: the vault locks itself when nobody used it, signing is
    /// suspended when no operator was there, and refusals that were held back are written.
    pub fn tick(&mut self) {
        self.lock_when_idle();
        handlers::latch::judge_switch(self);
        self.note_refusals(self.clock.now());
        if let Err(error) = self.journal.tick(self.clock.moment()) {
            log_failure(&error);
        }
    }

    /// A lock of which the disk did not take the note is tried again until it does: a credential would
    /// open the vault at the next start. That is said once.
    fn lock_when_idle(&mut self) {
        let idle_lock = u64::from(self.settings.idle_lock_seconds);
        let idle = self.clock.now().saturating_sub(self.last_signed_at);
        let is_open = self.vault.phase() == protocol::VaultPhase::Open;
        let is_due = idle_lock > 0 && idle >= idle_lock && is_open;
        if is_due {
            log::notice(format_args!("nothing was signed for {idle} s: the vault locks itself"));
        }
        if (is_due || self.vault.is_lock_unnoted())
            && let Err(error) = self.vault.lock()
            && is_due
        {
            log::warning(format_args!("{error}; this is tried again every second"));
        }
    }

    /// What is left to do when no more requests come.
    pub fn stop(&mut self) {
        self.tick();
        self.note_refusals(UnixSeconds::MAX);
        if let Err(error) = self.journal.stop() {
            log_failure(&error);
        }
    }

    /// Using the vault is a reason not to lock it yet.
    pub(crate) fn touched(&mut self) {
        self.last_signed_at = self.clock.now();
    }

    /// Whether anything may be signed, as far as it is not about one wallet.
    pub(crate) fn latch(&self) -> (Latch, &str) {
        let latches = self.journal.state().latches();
        match self.journal.damage() {
            Some(damage) => (latches.latch().max(Latch::Suspended), damage),
            None => (latches.latch(), latches.reason()),
        }
    }
}

/// One line for one failure, however often somebody asks for what cannot be done any more.
fn log_failure(error: &JournalError) {
    if !matches!(error, JournalError::Broken { .. }) {
        log::error(format_args!("nothing is signed: {error}"));
    }
}

/// The disk did not take the batch: nothing in it happened, as far as anybody may rely on.
fn unwritten(step: Step) -> Reply {
    match step {
        Step::Answer(reply) => reply,
        Step::AfterCommit(_) | Step::Sign(_) => Reply::Refused(Refusal::new(
            RefusalCode::JournalFailed,
            "the journal could not be written, so nothing was signed or changed; \
             see the signer's log, mend the disk and restart the signer",
        )),
    }
}

#[cfg(test)]
mod tests;

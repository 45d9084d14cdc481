//! Everything is stopped: the signer first, then the gateway, which calls off what is under way.
//!
//! In memory the gateway's own switch falls at once, so that nothing leaves meanwhile. Then the signer
//! is told, then the database. A crash in between leaves the signer stopped, and the next start takes
//! up from it what was not stored.

use std::sync::Arc;
use std::time::Duration;

use protocol::{KILL_SWITCH, Latch};
use tracing::{error, warn};

use crate::app::App;
use crate::asker::Asker;
use crate::clock::UnixSeconds;
use crate::store::audit::{Actor, AuditEntry, Severity};
use crate::store::kill_switch::{KillSwitch, SignerKnows};
use crate::store::{StoreError, Writing};
use crate::switch::Change;
use crate::tx::{self, Problem, Swept, Whose};

/// Who stops everything, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// Who.
    pub actor: Actor,
    /// Why; at most [`MOST_REASON`] printable characters.
    pub reason: String,
}

/// What was stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stopping {
    /// The switch, as it is stored.
    pub switch: KillSwitch,
    /// What became of what was under way.
    pub swept: Swept,
}

/// Why the switch was not moved.
#[derive(Debug, thiserror::Error)]
pub enum KillSwitchError {
    /// It has fallen already.
    #[error("the kill switch is {0} already")]
    Already(Latch),
    /// It has not fallen.
    #[error("the kill switch is not active: nothing is stopped")]
    NotActive,
    /// The reason is endless or cannot be printed.
    #[error("a reason is at most {MOST_REASON} printable characters")]
    Reason,
    /// The database fails. In memory the switch has fallen, and it is stored as soon as that works.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Characters.
pub const MOST_REASON: usize = 200;
/// How long the signer may take before the gateway goes on without its answer; it is told again.
const HEAD_START: Duration = Duration::from_secs(1);

/// Where the switch is, as it is stored; `None` where nothing is stopped.
///
/// # Errors
/// When the database fails.
pub async fn show_kill_switch(app: &App) -> Result<Option<KillSwitch>, StoreError> {
    app.store.read(|db| Ok::<_, StoreError>(db.kill_switch()?.filter(KillSwitch::has_fallen))).await
}

/// Stops everything. Once begun it is done to the end, whether or not somebody waits for it. When this
/// returns, nothing is signed and nothing sent any more, and what was under way is called off.
///
/// # Errors
/// When it was stopped before, or the database fails.
pub async fn activate(app: &Arc<App>, stop: Stop) -> Result<Stopping, KillSwitchError> {
    check_reason(&stop.reason)?;
    let app = Arc::clone(app);
    let stopping = tokio::spawn(Asker::carried(async move { carry_out(&app, stop).await }));
    stopping.await.map_err(|_ended| StoreError::Closed)?
}

pub(crate) async fn carry_out(app: &App, stop: Stop) -> Result<Stopping, KillSwitchError> {
    let _falling = app.switch.falling();
    app.switch.fall(Latch::Suspended).await;
    let signer = tell_signer(app, Latch::Suspended, &stop.reason).await;
    let change = app.switch.change().await;
    store_fall(app, &change, (Latch::Suspended, signer), stop).await
}

/// Locks what is suspended: from then on sessions are refused too, and it takes the owners as well as
/// an operator to let a wallet with owners sign again.
///
/// # Errors
/// When nothing was stopped, it is locked already, or the database fails.
pub async fn escalate(app: &Arc<App>, stop: Stop) -> Result<Stopping, KillSwitchError> {
    check_reason(&stop.reason)?;
    let app = Arc::clone(app);
    let escalating = tokio::spawn(Asker::carried(async move {
        // Nobody lifts it meanwhile.
        let change = app.switch.change().await;
        match app.switch.latch() {
            Latch::Active => return Err(KillSwitchError::NotActive),
            latch @ Latch::Locked => return Err(KillSwitchError::Already(latch)),
            Latch::Suspended => {}
        }
        app.switch.fall(Latch::Locked).await;
        let signer = tell_signer(&app, Latch::Locked, &stop.reason).await;
        store_fall(&app, &change, (Latch::Locked, signer), stop).await
    }));
    escalating.await.map_err(|_ended| StoreError::Closed)?
}

/// Whether people can read the reason, and a log.
fn check_reason(reason: &str) -> Result<(), KillSwitchError> {
    let is_short = reason.chars().count() <= MOST_REASON;
    let is_plain = !reason.chars().any(char::is_control);
    if is_short && is_plain { Ok(()) } else { Err(KillSwitchError::Reason) }
}

/// Stops the signer. One that does not answer does not keep the gateway from stopping.
pub(crate) async fn tell_signer(app: &App, to: Latch, reason: &str) -> SignerKnows {
    let halt = app.signer.halt(to, format!("{KILL_SWITCH}{reason}"));
    match tokio::time::timeout(HEAD_START, halt).await {
        Ok(Ok(())) => SignerKnows::Yes,
        Ok(Err(error)) => {
            warn!(%error, "the signer was not stopped yet, and is told again");
            SignerKnows::NotYet
        }
        Err(_elapsed) => {
            warn!("the signer has not said that it stopped, and is told again");
            SignerKnows::NotYet
        }
    }
}

/// Stores that the switch fell, and calls off what is under way.
pub(crate) async fn store_fall(
    app: &App,
    _change: &Change<'_>,
    (to, signer): (Latch, SignerKnows),
    stop: Stop,
) -> Result<Stopping, KillSwitchError> {
    let now = app.clock.now();
    let because = format!("the kill switch was activated: {}", stop.reason);
    let stored = app.store.write(move |db| fall(db, (to, signer), &stop, now)).await;
    let switch = stored?;
    error!(latch = %switch.latch, actor = switch.actor, reason = switch.reason, "everything is stopped");
    let problem = Problem::new(crate::switch::KILL_SWITCH_ACTIVE, because);
    let swept = tx::call_off_all(app, Whose::All, &problem).await?;
    Ok(Stopping { switch, swept })
}

fn fall(
    db: &Writing<'_>,
    (to, signer): (Latch, SignerKnows),
    stop: &Stop,
    now: UnixSeconds,
) -> Result<KillSwitch, KillSwitchError> {
    let stored = db.kill_switch()?.filter(KillSwitch::has_fallen);
    let (switch, event) = match stored {
        None => {
            let fallen = KillSwitch::fallen(to, stop.reason.clone(), stop.actor, now);
            (fallen, "KILL_SWITCH_ACTIVATED")
        }
        Some(stored) if stored.latch < to => {
            let escalated = KillSwitch { latch: to, escalated_at: Some(now), ..stored };
            (escalated, "KILL_SWITCH_ESCALATED")
        }
        Some(stored) => return Err(KillSwitchError::Already(stored.latch)),
    };
    let switch = KillSwitch { signer, ..switch };
    db.keep_kill_switch(&switch)?;
    let entry = AuditEntry::new(now, event, stop.actor).detail("reason", &stop.reason);
    let knows = match signer {
        SignerKnows::Yes => "stopped",
        SignerKnows::NotYet => "did not answer",
    };
    let entry = entry.detail("latch", to).detail("signer", knows);
    db.audit(&AuditEntry { severity: Severity::Critical, ..entry })?;
    Ok(switch)
}

//! The switch and the signer are kept together: what the signer was not told it is told, and what was
//! asked for at the signer, or was not stored before a crash, the gateway takes up from there.

use std::time::Duration;

use protocol::{KILL_SWITCH, Latch, Status};
use tracing::error;

use super::KILL_SWITCH_ACTIVE;
use crate::app::App;
use crate::store::audit::Actor;
use crate::store::kill_switch::{KillSwitch, SignerKnows};
use crate::store::{StoreError, Writing};
use crate::tx::{self, Problem, Whose};
use crate::usecase::kill_switch::{KillSwitchError, Stop, store_fall, tell_signer};

/// Between two looks at the signer.
const BETWEEN_LOOKS: Duration = Duration::from_secs(5);
/// Between two attempts to tell the signer, or to store what could not be stored.
const AFTER_FAILURE: Duration = Duration::from_secs(1);
/// How long the signer may take to say how it is.
const PATIENCE: Duration = Duration::from_secs(1);

/// How things stand after a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Gateway, signer and database agree, as far as the signer answers.
    Settled,
    /// The signer has to be told again, or the database to be written.
    Unsettled,
}

/// Looks now and again; never ends.
pub async fn run(app: &App) {
    while let Err(error) = finish(app).await {
        error!(%error, "what is under way was not called off, and will be");
        app.clock.sleep(AFTER_FAILURE).await;
    }
    loop {
        let wait = match look(app).await {
            Ok(Look::Settled) => BETWEEN_LOOKS,
            Ok(Look::Unsettled) => AFTER_FAILURE,
            Err(error) => {
                error!(%error, "the kill switch was not compared with the signer's latch");
                AFTER_FAILURE
            }
        };
        app.clock.sleep(wait).await;
    }
}

/// Looks once. Before anything is sent after a start, this has been done.
///
/// # Errors
/// When the database fails.
pub async fn look(app: &App) -> Result<Look, StoreError> {
    // Held from before the signer is asked: nobody lifts the switch between its answer and what is
    // made of it.
    let change = app.switch.change().await;
    let status = tokio::time::timeout(PATIENCE, app.signer.status()).await;
    let status = status.ok().and_then(Result::ok);
    let stored = app
        .store
        .read(|db| Ok::<_, StoreError>(db.kill_switch()?.filter(KillSwitch::has_fallen)))
        .await?;
    let latch = stored.as_ref().map_or(Latch::Active, |stored| stored.latch);
    let wanted = app.switch.latch().max(asked_at_signer(status.as_ref(), latch));
    if app.switch.is_falling() {
        // It waits for its turn to store what it has told the signer.
        return Ok(Look::Unsettled);
    }
    if wanted > latch {
        app.switch.fall(wanted).await;
        let reason = reason(status.as_ref());
        let signer = tell_signer(app, wanted, &reason).await;
        let stop = Stop { actor: Actor::System, reason };
        return match store_fall(app, &change, (wanted, signer), stop).await {
            Ok(stopping) => Ok(settled(stopping.switch.signer)),
            Err(KillSwitchError::Store(error)) => Err(error),
            Err(_fell_before) => Ok(Look::Unsettled),
        };
    }
    let Some(stored) = stored else { return Ok(Look::Settled) };
    if stored.signer == SignerKnows::Yes {
        return Ok(Look::Settled);
    }
    let signer = tell_signer(app, stored.latch, &stored.reason).await;
    if signer == SignerKnows::Yes {
        let stored = KillSwitch { signer, ..stored };
        app.store.write(move |db: &Writing<'_>| db.keep_kill_switch(&stored)).await?;
    }
    Ok(settled(signer))
}

/// Calls off what a program that ended before had not called off yet.
///
/// # Errors
/// When the database fails.
pub(super) async fn finish(app: &App) -> Result<(), StoreError> {
    if app.switch.latch() == Latch::Active {
        return Ok(());
    }
    let problem = Problem::new(KILL_SWITCH_ACTIVE, "the kill switch was activated");
    tx::call_off_all(app, Whose::All, &problem).await.map(|_swept| ())
}

/// Where the gateway's switch is to be by what the signer says, when it is at `latch`.
fn asked_at_signer(status: Option<&Status>, latch: Latch) -> Latch {
    let Some(status) = status else { return latch };
    let is_kill_switch = status.latch_reason.starts_with(KILL_SWITCH);
    // What is stopped already follows the signer whatever its reason: locked there, locked here.
    if is_kill_switch || latch != Latch::Active { status.latch.max(latch) } else { latch }
}

/// Why, in the words of whoever stopped the signer.
fn reason(status: Option<&Status>) -> String {
    let given = status.map(|status| status.latch_reason.as_str()).unwrap_or_default();
    given.strip_prefix(KILL_SWITCH).unwrap_or("stopped at the signer").to_owned()
}

fn settled(signer: SignerKnows) -> Look {
    match signer {
        SignerKnows::Yes => Look::Settled,
        SignerKnows::NotYet => Look::Unsettled,
    }
}

//! What was stopped goes on again, once the signer signs again: there an operator resumes it, with the
//! vault's passphrase, and where it was locked each wallet's owners agree for their wallet. The gateway
//! can loosen none of it.

use std::sync::Arc;

use protocol::Latch;
use tracing::warn;

use super::kill_switch::tell_signer;
use crate::app::App;
use crate::asker::Asker;
use crate::clock::UnixSeconds;
use crate::session::Master;
use crate::signer::SignerError;
use crate::store::audit::{Actor, AuditEntry, Severity};
use crate::store::kill_switch::{KillSwitch, SignerKnows};
use crate::store::{StoreError, Writing};
use crate::switch::KILL_SWITCH_ACTIVE;
use crate::tx::{self, Problem, Whose};

/// Why everything stays stopped.
#[derive(Debug, thiserror::Error)]
pub enum RecoverError {
    /// Nothing is stopped.
    #[error("the kill switch is not active: nothing is stopped")]
    NotActive,
    /// The signer does not sign.
    #[error("the signer is {0}, and only an operator resumes it there")]
    SignerStopped(Latch),
    /// The signer cannot be asked.
    #[error(transparent)]
    Signer(#[from] SignerError),
    /// The database fails.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Lets everything go on. Sessions and wallets are as they were before; what was under way was called
/// off and stays so. Since when.
///
/// # Errors
/// When nothing is stopped, the signer does not sign or cannot be asked, or the database fails.
pub async fn recover(app: &Arc<App>, _master: &Master) -> Result<UnixSeconds, RecoverError> {
    let app = Arc::clone(app);
    let recovering = tokio::spawn(Asker::carried(async move { lift(&app).await }));
    recovering.await.map_err(|_ended| StoreError::Closed)?
}

async fn lift(app: &App) -> Result<UnixSeconds, RecoverError> {
    let change = app.switch.change().await;
    let stored = app
        .store
        .read(|db| Ok::<_, StoreError>(db.kill_switch()?.filter(KillSwitch::has_fallen)))
        .await?;
    if stored.is_none() && app.switch.latch() == Latch::Active {
        return Err(RecoverError::NotActive);
    }
    // A signer that was never stopped was never resumed by those who have to agree.
    if let Some(untold) = stored.clone().filter(|stored| stored.signer == SignerKnows::NotYet) {
        return Err(tell(app, untold).await?);
    }
    let status = app.signer.status().await?;
    if status.latch != Latch::Active {
        return Err(RecoverError::SignerStopped(status.latch));
    }
    let problem = Problem::new(KILL_SWITCH_ACTIVE, "the kill switch was activated");
    tx::call_off_all(app, Whose::All, &problem).await?;
    let now = app.clock.now();
    let lifted = app.store.write(move |db| {
        if let Some(stored) = stored {
            let recovered_at = Some(now);
            db.keep_kill_switch(&KillSwitch { latch: Latch::Active, recovered_at, ..stored })?;
        }
        let entry = AuditEntry::new(now, "KILL_SWITCH_RECOVERED", Actor::Operator);
        db.audit(&AuditEntry { severity: Severity::Critical, ..entry })
    });
    lifted.await?;
    change.set(Latch::Active);
    warn!("the kill switch is lifted");
    Ok(now)
}

/// Tells the signer what it was not told, and why everything stays stopped then.
async fn tell(app: &App, untold: KillSwitch) -> Result<RecoverError, RecoverError> {
    let latch = untold.latch;
    match tell_signer(app, latch, &untold.reason).await {
        SignerKnows::Yes => {
            let told = KillSwitch { signer: SignerKnows::Yes, ..untold };
            app.store.write(move |db: &Writing<'_>| db.keep_kill_switch(&told)).await?;
        }
        SignerKnows::NotYet => {
            app.signer.status().await?;
        }
    }
    Ok(RecoverError::SignerStopped(latch))
}

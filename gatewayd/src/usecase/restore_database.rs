//! Takes over the database of a backup.

use std::sync::Arc;

use crate::app::App;
use crate::asker::Asker;
use crate::session::Master;
use crate::store::audit::{Actor, AuditEntry, Severity};
use crate::store::kill_switch::KillSwitch;
use crate::store::{Incoming, StoreError, TakenOver, Writing};
use crate::tx;

/// Takes over the database that arrived, of the backup of that name. What was under way in it ends,
/// or is looked for on the network; nothing of it is signed or sent again. Once begun it is done to the
/// end, whether or not somebody waits for it.
///
/// # Errors
/// When it is no database of this program, the gateway has wallets already, or the disk fails.
pub async fn restore_database(
    app: &Arc<App>,
    _master: &Master,
    incoming: Incoming,
    backup: String,
) -> Result<TakenOver, StoreError> {
    let now = app.clock.now();
    let name = backup.clone();
    let stands = app
        .store
        .read(|db| Ok::<_, StoreError>(db.kill_switch()?.filter(KillSwitch::has_fallen)))
        .await?;
    let change = move |db: &Writing<'_>| {
        // A backup does not lift what has fallen here.
        let arrived = db.latch()?;
        if let Some(stands) = stands.filter(|stands| stands.latch > arrived) {
            db.keep_kill_switch(&stands)?;
        }
        let (ended, looked_for) = tx::settle_restored(db, now)?;
        let entry = AuditEntry::new(now, "BACKUP_RESTORED", Actor::Operator);
        let entry = AuditEntry { severity: Severity::Warning, ..entry };
        let entry = entry.detail("backup", &name).detail("ended", ended);
        db.audit(&entry.detail("lookedFor", looked_for))
    };
    let app = Arc::clone(app);
    let restoring = async move {
        let taken = app.store.take_over(incoming, (backup, now), change).await?;
        app.read_again().await?;
        Ok(taken)
    };
    // Whoever asked may hang up: the old passwords and tokens do not outlive the old database.
    let restoring = match Asker::current() {
        Some(asker) => tokio::spawn(asker.carry(restoring)),
        None => tokio::spawn(restoring),
    };
    restoring.await.map_err(|_ended| StoreError::Closed)?
}

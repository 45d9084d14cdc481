//! What the audit trail tells of by itself, now and again: how far the signer's journal came, and
//! refusals that were counted.

use std::sync::Arc;
use std::time::Duration;

use crate::app::App;
use crate::store::StoreError;
use crate::store::audit::{Actor, AuditEntry};
use crate::usecase::record_refusal::{record_repeated, record_rest};
use crate::usecase::tie_to_journal::{TieError, tie_to_journal};

/// How often is looked.
const PAUSE: Duration = Duration::from_secs(10);

/// Runs until the program shall end, and looks once more then.
pub async fn run(app: Arc<App>) {
    let mut ending = app.ending.subscribe();
    let mut signer_answers = true;
    if let Err(error) = record_start(&app).await {
        tracing::error!(%error, "the start was not written down");
    }
    loop {
        if let Err(error) = record_repeated(&app).await {
            tracing::error!(%error, "refusals were not written down");
        }
        match tie_to_journal(&app).await {
            Ok(()) => signer_answers = true,
            Err(TieError::Store(error)) => {
                tracing::error!(%error, "the audit trail is not tied to the signer's journal");
            }
            Err(TieError::Signer(error)) => {
                if std::mem::replace(&mut signer_answers, false) {
                    tracing::info!(%error, "the audit trail is tied when the signer answers");
                }
            }
        }
        if *ending.borrow() {
            if let Err(error) = record_rest(&app).await {
                tracing::error!(%error, "refusals were not written down");
            }
            return;
        }
        tokio::select! {
            _ended = ending.wait_for(|ending| *ending) => {}
            () = app.clock.sleep(PAUSE) => {}
        }
    }
}

/// Between a start and the entry before it nothing was decided.
async fn record_start(app: &App) -> Result<(), StoreError> {
    let entry = AuditEntry::new(app.started_at, "GATEWAY_STARTED", Actor::System);
    let entry = entry.detail("version", env!("CARGO_PKG_VERSION"));
    app.store.write(move |db| db.audit(&entry)).await
}

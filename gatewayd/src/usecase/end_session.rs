//! Who holds a session's token ends that session, such as when the token may be known to others: it is
//! revoked, and what it asked for and is under way is called off.

use crate::app::App;
use crate::clock::UnixSeconds;
use crate::session::Agent;
use crate::store::StoreError;
use crate::store::audit::{Actor, AuditEntry, Severity};
use crate::tx::{self, Problem, Swept, Whose};

/// Ends the session that asks, for good. Since when, and what became of what it had asked for.
///
/// # Errors
/// When the database fails.
pub async fn end_session(app: &App, agent: &Agent) -> Result<(UnixSeconds, Swept), StoreError> {
    let (id, now) = (agent.session_id(), app.clock.now());
    let revoked = app.store.write(move |db| {
        if db.revoke_session(id, now)? {
            let entry = AuditEntry::new(now, "SESSION_REVOKED", Actor::Session(id));
            let entry = entry.detail("reason", "ended by its holder");
            db.audit_session(id, AuditEntry { severity: Severity::Warning, ..entry })?;
        }
        Ok::<_, StoreError>(())
    });
    revoked.await?;
    let problem = Problem::new("SESSION_REVOKED", "whoever held the session has ended it");
    let swept = tx::call_off_all(app, Whose::Session(id), &problem).await?;
    Ok((now, swept))
}

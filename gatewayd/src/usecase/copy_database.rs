//! The operator takes a copy of the database, for a backup.

use crate::app::App;
use crate::session::Master;
use crate::store::audit::{Actor, AuditEntry};
use crate::store::{DatabaseCopy, StoreError};

/// A copy of the database, which tells of itself.
///
/// # Errors
/// When the database fails, or is being copied already.
pub async fn copy_database(app: &App, _master: &Master) -> Result<DatabaseCopy, StoreError> {
    let entry = AuditEntry::new(app.clock.now(), "DATABASE_COPIED", Actor::Operator);
    let _written: () = app.store.write(move |db| db.audit(&entry)).await?;
    app.store.copy().await
}

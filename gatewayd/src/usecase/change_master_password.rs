//! A new master password.

use std::sync::Arc;

use crate::app::App;
use crate::asker::Asker;
use crate::session::Master;
use crate::session::password::{Cost, PasswordError, PasswordHash};
use crate::store::StoreError;
use crate::store::audit::{Actor, AuditEntry};
use crate::store::settings::Setting;

/// Why the password is still the old one.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// The new one cannot be one.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The database fails.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Keeps a new master password, as `_master` asks. The old one is nothing afterwards. Once begun it is
/// done to the end, whether or not somebody waits for it.
///
/// # Errors
/// When the new one is too short, or the database fails.
pub async fn change_master_password(
    app: &Arc<App>,
    _master: &Master,
    new: String,
) -> Result<(), ChangeError> {
    let derive = move || PasswordHash::derive(&new, Cost::DEFAULT);
    let hash = tokio::task::spawn_blocking(derive).await.map_err(|_ended| StoreError::Closed)??;
    let kept = serde_json::to_string(&hash).expect("numbers and texts are JSON");
    let now = app.clock.now();
    let app = Arc::clone(app);
    // Whoever asked may hang up: the old one does not outlive its end in the database.
    let changing = tokio::spawn(Asker::carried(async move {
        let keep = app.store.write(move |db| {
            db.keep_setting(Setting::MasterPassword, &kept, now)?;
            db.audit(&AuditEntry::new(now, "MASTER_PASSWORD_CHANGED", Actor::Operator))
        });
        keep.await?;
        app.master_password.replace(Some(hash)).await;
        Ok(())
    }));
    changing.await.map_err(|_ended| StoreError::Closed)?
}

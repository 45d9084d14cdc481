//! Another secret that session tokens are made with.

use std::sync::Arc;

use primitives::encode_hex;

use crate::app::App;
use crate::asker::Asker;
use crate::clock::UnixSeconds;
use crate::config::Keeping;
use crate::session::token::{GRACE, Secret, is_graced};
use crate::session::{Master, random_bytes};
use crate::store::audit::{Actor, AuditEntry};
use crate::store::settings::Setting;
use crate::store::{StoreError, Writing};

/// Why the secret is still the old one.
#[derive(Debug, thiserror::Error)]
pub enum RotationError {
    /// Tokens of the one before are still taken, and only one old secret is kept.
    #[error(
        "the secret was replaced just now: tokens of the one before it count for another {retry_after_seconds} s"
    )]
    TooRecent {
        /// Until then.
        retry_after_seconds: u64,
    },
    /// The database fails.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes tokens with another secret from now on, as `_master` asks; returns when that was. Those made
/// until now are taken for [`GRACE`]. Once begun it is done to the end, whether or not somebody waits
/// for it.
///
/// # Errors
/// When the last time was less than [`GRACE`] ago, or the database fails.
pub async fn rotate_secret(app: &Arc<App>, _master: &Master) -> Result<UnixSeconds, RotationError> {
    let (app, keeping, now) =
        (Arc::clone(app), app.settings.sessions.token_secret, app.clock.now());
    let rotating = tokio::spawn(Asker::carried(async move {
        let fresh: Secret = random_bytes();
        app.store.write(move |db| keep(db, &encode_hex(&fresh), keeping, now)).await?;
        app.token_key.rotate(&fresh, now);
        Ok(now)
    }));
    rotating.await.map_err(|_ended| StoreError::Closed)?
}

fn keep(
    db: &Writing<'_>,
    fresh: &str,
    keeping: Keeping,
    now: UnixSeconds,
) -> Result<(), RotationError> {
    if let Some(last) = db.token_key_rotated_at()?.filter(|last| is_graced(*last, now)) {
        let retry_after_seconds = last.plus(GRACE).since(now).as_secs();
        return Err(RotationError::TooRecent { retry_after_seconds });
    }
    if keeping == Keeping::Persistent {
        if let Some(old) = db.setting(Setting::TokenKey)? {
            db.keep_setting(Setting::OldTokenKey, &old, now)?;
        }
        db.keep_setting(Setting::TokenKey, fresh, now)?;
    }
    db.keep_setting(Setting::TokenKeyRotatedAt, &now.to_string(), now)?;
    let rotated = AuditEntry::new(now, "TOKEN_SECRET_ROTATED", Actor::Operator);
    Ok(db.audit(&rotated.detail("oldUntil", now.plus(GRACE)))?)
}

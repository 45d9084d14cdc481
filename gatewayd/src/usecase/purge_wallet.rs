//! What is known of a wallet that was given up is deleted.

use primitives::WalletId;

use super::wallets::WalletError;
use crate::app::App;
use crate::session::Master;
use crate::store::audit::{Actor, AuditEntry, Severity};
use crate::store::wallets::WalletStatus;

/// Deletes a terminated wallet with its transactions and policies. The audit trail and the signer's key
/// stay.
///
/// # Errors
/// When there is no such wallet, it is not terminated, or the network may still carry out something
/// that it signed.
pub async fn purge_wallet(app: &App, _master: &Master, id: WalletId) -> Result<(), WalletError> {
    let now = app.clock.now();
    let purged = app.store.write(move |db| {
        let wallet = db.wallet(id)?.ok_or(WalletError::Unknown(id))?;
        if wallet.status != WalletStatus::Terminated {
            return Err(WalletError::NotTerminated(id, wallet.status));
        }
        if db.open_transactions(id)? > 0 {
            return Err(WalletError::StillUnderWay(id));
        }
        db.purge_wallet(id, now)?;
        let entry = AuditEntry::new(now, "WALLET_PURGED", Actor::Operator).wallet(id);
        let entry = entry.detail("name", &wallet.name).detail("address", wallet.address);
        Ok(db.audit(&AuditEntry { severity: Severity::Warning, ..entry })?)
    });
    purged.await
}

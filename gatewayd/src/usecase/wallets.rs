//! Wallets as they stand: list them, show one, rename it, stop using it.

use primitives::WalletId;
use protocol::Latch;

use super::create_wallet::adopt_keys;
use crate::app::App;
use crate::session::{Caller, Master};
use crate::store::audit::{Actor, AuditEntry, Severity};
use crate::store::wallets::{Suspension, Wallet, WalletStatus};
use crate::store::{StoreError, Writing};

/// Why a wallet is not what was asked for.
#[derive(Debug, thiserror::Error)]
pub enum WalletError {
    /// There is no such wallet.
    #[error("there is no wallet {0}")]
    Unknown(WalletId),
    /// The session may not use that wallet, or there is none.
    #[error("this session may not use wallet {0}")]
    AccessDenied(WalletId),
    /// The wallet is not used any more.
    #[error("wallet {0} is terminated")]
    Terminated(WalletId),
    /// Only what is given up is purged.
    #[error("wallet {0} is {1}, and only a terminated one is purged")]
    NotTerminated(WalletId, WalletStatus),
    /// A network may still carry out what it signed.
    #[error("transactions of wallet {0} are not over yet")]
    StillUnderWay(WalletId),
    /// The wallet is not in the state that this needs.
    #[error("wallet {0} is {1}")]
    WrongState(WalletId, WalletStatus),
    /// The signer does not sign for it either, and the gateway cannot change that.
    #[error("the signer has wallet {0} suspended or locked, and only an operator resumes it there")]
    HeldBySigner(WalletId),
    /// The reason is endless or cannot be printed.
    #[error("a reason is at most 256 printable characters")]
    Reason,
    /// The name is empty, endless or cannot be printed.
    #[error("a wallet's name is 1 to 100 printable characters")]
    Name,
    /// The database fails.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The wallets that the caller may see, oldest first: every one for the master, the session's for
/// an agent.
///
/// # Errors
/// When the database fails.
pub async fn list_wallets(app: &App, caller: &Caller) -> Result<Vec<Wallet>, WalletError> {
    match caller {
        Caller::Master(_) => {
            if let Err(error) = adopt_keys(app).await {
                tracing::debug!(%error, "the signer's keys were not compared");
            }
            app.store.read(|db| Ok(db.wallets()?)).await
        }
        Caller::Agent(agent) => Ok(agent.wallets().to_vec()),
        Caller::Owner(owner) => Ok(owner.wallets().to_vec()),
    }
}

/// One wallet, if the caller may see it.
///
/// # Errors
/// When there is no such wallet, or it is none of the session's.
pub async fn show_wallet(app: &App, caller: &Caller, id: WalletId) -> Result<Wallet, WalletError> {
    match caller {
        Caller::Master(_) => {
            let wallet = app.store.read(move |db| db.wallet(id)).await?;
            wallet.ok_or(WalletError::Unknown(id))
        }
        Caller::Agent(agent) => agent.wallet(id).cloned().ok_or(WalletError::AccessDenied(id)),
        Caller::Owner(owner) => owner.wallet(id).cloned().ok_or(WalletError::AccessDenied(id)),
    }
}

/// Gives a wallet another name.
///
/// # Errors
/// When there is no such wallet, or the name is none.
pub async fn rename_wallet(
    app: &App,
    _master: &Master,
    id: WalletId,
    name: String,
) -> Result<Wallet, WalletError> {
    check_name(&name)?;
    let now = app.clock.now();
    let renamed = app.store.write(move |db| {
        db.rename_wallet(id, &name, now)?;
        db.wallet(id)?.ok_or(WalletError::Unknown(id))
    });
    renamed.await
}

/// Stops using a wallet until it is resumed, at the signer first: what is stopped there stays stopped
/// whoever has the gateway. A signer that cannot be asked does not keep the gateway from stopping.
/// What is under way is not called off.
///
/// # Errors
/// When there is no such wallet, or it is not active.
pub async fn suspend_wallet(
    app: &App,
    _master: &Master,
    id: WalletId,
    reason: String,
) -> Result<Suspension, WalletError> {
    if reason.chars().count() > 256 || reason.chars().any(char::is_control) {
        return Err(WalletError::Reason);
    }
    if let Err(error) = app.signer.suspend(id, reason.clone()).await {
        tracing::warn!(%error, wallet = %id, "suspended at the gateway alone");
    }
    let suspension = Suspension { at: app.clock.now(), reason };
    let suspended = app.store.write(move |db| {
        let wallet = in_use(db, id)?;
        if wallet.status != WalletStatus::Active {
            return Err(WalletError::WrongState(id, wallet.status));
        }
        db.suspend_wallet(id, &suspension)?;
        let entry = AuditEntry::new(suspension.at, "WALLET_SUSPENDED", Actor::Operator).wallet(id);
        let entry = entry.detail("reason", &suspension.reason);
        db.audit(&AuditEntry { severity: Severity::Warning, ..entry })?;
        Ok(suspension)
    });
    suspended.await
}

/// Uses a suspended wallet again, once the signer does: there an operator resumes it, with the
/// vault's passphrase.
///
/// # Errors
/// When there is no such wallet, it is not suspended, or the signer does not sign for it.
pub async fn resume_wallet(app: &App, _master: &Master, id: WalletId) -> Result<(), WalletError> {
    // A signer that cannot be asked signs nothing now, and says no itself later.
    let keys = app.signer.keys().await.unwrap_or_default();
    if keys.iter().any(|key| key.wallet == id && key.latch != Latch::Active) {
        return Err(WalletError::HeldBySigner(id));
    }
    let now = app.clock.now();
    let resumed = app.store.write(move |db| {
        let wallet = in_use(db, id)?;
        if wallet.status != WalletStatus::Suspended {
            return Err(WalletError::WrongState(id, wallet.status));
        }
        db.set_wallet_status(id, WalletStatus::Active, now)?;
        Ok(db.audit(&AuditEntry::new(now, "WALLET_RESUMED", Actor::Operator).wallet(id))?)
    });
    resumed.await
}

/// The wallet, unless it is terminated.
fn in_use(db: &Writing<'_>, id: WalletId) -> Result<Wallet, WalletError> {
    let wallet = db.wallet(id)?.ok_or(WalletError::Unknown(id))?;
    match wallet.status {
        WalletStatus::Terminated => Err(WalletError::Terminated(id)),
        WalletStatus::Creating
        | WalletStatus::Active
        | WalletStatus::Suspended
        | WalletStatus::Terminating => Ok(wallet),
    }
}

/// Whether people can read the name, and a log.
///
/// # Errors
/// When they cannot.
pub(super) fn check_name(name: &str) -> Result<(), WalletError> {
    let length = name.trim().chars().count();
    if (1..=100).contains(&length) && !name.chars().any(char::is_control) {
        Ok(())
    } else {
        Err(WalletError::Name)
    }
}

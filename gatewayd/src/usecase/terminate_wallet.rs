//! A wallet is given up: nothing new leaves it, what waits is called off, and what it holds stays or
//! goes to its owner. Then the signer suspends it, too; its key stays there until an operator destroys
//! it.

use std::sync::Arc;
use std::time::Duration;

use primitives::WalletId;

use super::wallets::WalletError;
use super::withdraw::{WithdrawError, Withdrawn, withdraw};
use crate::app::App;
use crate::clock::UnixSeconds;
use crate::session::Master;
use crate::store::audit::{Actor, AuditEntry, Severity};
use crate::store::transactions::Page;
use crate::store::wallets::{OwnerState, Wallet, WalletStatus};
use crate::store::{StoreError, TransactionId, Writing};
use crate::tx::{self, Intent, Problem, Progress};

/// What becomes of what the wallet holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leftovers {
    /// It stays where it is.
    Stay,
    /// It goes to the owner first.
    ToOwner,
}

/// How far a termination got.
#[derive(Clone, Debug)]
pub struct Termination {
    /// TERMINATED, or TERMINATING while something is on its way to the owner.
    pub status: WalletStatus,
    /// What became of what it held.
    pub withdrawn: Vec<Withdrawn>,
}

/// How often wallets that are being given up are looked at.
const PACE: Duration = Duration::from_secs(5);
/// The most transactions of one wallet that are called off at once.
const AT_ONCE: Page = Page { before: None, limit: 500 };

/// Gives a wallet up. Again with [`Leftovers::Stay`], what did not reach the owner stays.
///
/// # Errors
/// When there is no such wallet, it is given up already, nobody is locked in as its owner to whom it
/// could go, or nothing could be sent: it is TERMINATING then.
pub async fn terminate_wallet(
    app: &App,
    master: &Master,
    id: WalletId,
    leftovers: Leftovers,
) -> Result<Termination, WithdrawError> {
    let now = app.clock.now();
    for called_off in app.store.write(move |db| begin(db, id, leftovers, now)).await? {
        app.signals.changed(called_off);
    }
    let withdrawn = match leftovers {
        Leftovers::Stay => Vec::new(),
        Leftovers::ToOwner => withdraw(app, master, id).await?,
    };
    finish(app, id).await?;
    let found = app.store.read(move |db| db.wallet(id)).await?;
    let status = found.map_or(WalletStatus::Terminated, |found| found.status);
    Ok(Termination { status, withdrawn })
}

/// Ends the terminations whose last payment was carried out, until the program ends.
pub async fn run(app: Arc<App>) {
    let mut ending = app.ending.subscribe();
    loop {
        if let Err(error) = finish_all(&app).await {
            tracing::warn!(%error, "wallets that are given up were not looked at");
        }
        tokio::select! {
            biased;
            _ended = ending.wait_for(|ending| *ending) => break,
            () = app.clock.sleep(PACE) => {}
        }
    }
}

pub(super) async fn finish_all(app: &App) -> Result<(), StoreError> {
    let terminating = app.store.read(|db| {
        let mut wallets: Vec<Wallet> = db.wallets()?;
        wallets.retain(|wallet| wallet.status == WalletStatus::Terminating);
        Ok::<_, StoreError>(wallets)
    });
    for wallet in terminating.await? {
        finish(app, wallet.id).await?;
    }
    Ok(())
}

fn begin(
    db: &Writing<'_>,
    id: WalletId,
    leftovers: Leftovers,
    now: UnixSeconds,
) -> Result<Vec<TransactionId>, WithdrawError> {
    let wallet = db.wallet(id)?.ok_or(WalletError::Unknown(id))?;
    if wallet.status == WalletStatus::Terminated {
        return Err(WalletError::Terminated(id).into());
    }
    if leftovers == Leftovers::ToOwner {
        match (wallet.owner, wallet.owner_state()) {
            (Some(_), OwnerState::Locked) => {}
            (Some(owner), _) => return Err(WithdrawError::NotLocked(owner.address)),
            (None, _) => return Err(WithdrawError::NoOwner),
        }
        if wallet.status == WalletStatus::Suspended {
            return Err(WalletError::WrongState(id, wallet.status).into());
        }
    }
    if leftovers == Leftovers::Stay {
        db.forget_withdrawals(id)?;
        db.set_unswept(id, false)?;
    }
    if wallet.status != WalletStatus::Terminating {
        db.set_wallet_status(id, WalletStatus::Terminating, now)?;
        let entry = AuditEntry::new(now, "WALLET_TERMINATING", Actor::Operator).wallet(id);
        db.audit(&AuditEntry { severity: Severity::Warning, ..entry })?;
    }
    Ok(call_off_unsigned(db, id, leftovers, now)?)
}

/// What the network may have is followed to its end; what nobody has signed ends now.
fn call_off_unsigned(
    db: &Writing<'_>,
    id: WalletId,
    leftovers: Leftovers,
    now: UnixSeconds,
) -> Result<Vec<TransactionId>, StoreError> {
    let mut called_off = Vec::new();
    for transaction in db.unfinished_transactions_of(&[id], AT_ONCE)? {
        let unsigned = !matches!(transaction.progress, Progress::Signed(..))
            && matches!(transaction.intent, Intent::Send(_));
        // Of a sequence the parts are called off, and with the last of them the whole is over.
        let led = !db.parts(transaction.id)?.is_empty();
        let kept = leftovers == Leftovers::ToOwner && db.is_withdrawal(transaction.id)?;
        let open = db.transaction(transaction.id)?.is_some_and(|found| !found.status.is_final());
        if unsigned && !led && !kept && open {
            let problem = Problem::new("WALLET_TERMINATED", "the wallet is given up");
            called_off.push(transaction.id);
            tx::call_off(db, transaction, problem, now)?;
        }
    }
    Ok(called_off)
}

/// Ends a termination, unless something is still on its way to the owner, or did not get there.
async fn finish(app: &App, id: WalletId) -> Result<(), StoreError> {
    let now = app.clock.now();
    let ended = app.store.write(move |db| {
        let terminating =
            db.wallet(id)?.is_some_and(|wallet| wallet.status == WalletStatus::Terminating);
        if !terminating || db.has_open_withdrawal(id)? || db.is_unswept(id)? {
            return Ok(false);
        }
        db.set_wallet_status(id, WalletStatus::Terminated, now)?;
        let entry = AuditEntry::new(now, "WALLET_TERMINATED", Actor::Operator).wallet(id);
        db.audit(&AuditEntry { severity: Severity::Warning, ..entry })?;
        Ok::<_, StoreError>(true)
    });
    if ended.await?
        && let Err(error) = app.signer.suspend(id, "the wallet is terminated".to_owned()).await
    {
        tracing::warn!(%error, wallet = %id, "terminated at the gateway alone");
    }
    Ok(())
}

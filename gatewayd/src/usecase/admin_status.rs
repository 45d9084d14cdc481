//! How the gateway is, for the operator.

use std::time::Duration;

use primitives::WalletId;
use protocol::{Latch, VaultPhase};

use crate::app::App;
use crate::session::Master;
use crate::store::StoreError;
use crate::store::transactions::{Page, Tally};
use crate::store::wallets::WalletStatus;
use crate::tx::Transaction;

/// What counts as recent.
const DAY: Duration = Duration::from_hours(24);

/// The transactions that are shown.
const NEWEST: Page = Page { before: None, limit: 10 };

/// How it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overview {
    /// Wallets that are not terminated.
    pub wallets: usize,
    /// Sessions that are neither revoked nor over.
    pub active_sessions: u64,
    /// Policies, disabled ones too.
    pub policies: u64,
    /// The newest transactions, with the names of their wallets.
    pub newest: Vec<(Transaction, Option<String>)>,
    /// Transactions of the last day.
    pub recent: Tally,
    /// How the signer is; `None` where it does not say.
    pub signer: Option<SignerState>,
}

/// How the signer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignerState {
    /// Whether it can use its keys.
    pub vault: VaultPhase,
    /// Whether it may sign.
    pub latch: Latch,
}

/// Counts what there is and asks the signer how it is.
///
/// # Errors
/// When the database fails.
pub async fn admin_status(app: &App, _master: &Master) -> Result<Overview, StoreError> {
    let now = app.clock.now();
    let status = app.signer.status().await.ok();
    let signer = status.map(|status| SignerState { vault: status.vault, latch: status.latch });
    let read = app.store.read(move |db| {
        let wallets = db.wallets()?;
        let used = |status| status != WalletStatus::Terminated;
        let ids: Vec<WalletId> = wallets.iter().map(|wallet| wallet.id).collect();
        let name =
            |id| wallets.iter().find(|wallet| wallet.id == id).map(|found| found.name.clone());
        let newest = db.transactions_of(&ids, NEWEST)?;
        Ok::<_, StoreError>(Overview {
            newest: newest.into_iter().map(|found| (found.clone(), name(found.wallet))).collect(),
            wallets: wallets.iter().filter(|wallet| used(wallet.status)).count(),
            active_sessions: db.active_session_count(now)?,
            policies: db.policy_count(None)?,
            recent: db.tally_since(now.minus(DAY))?,
            signer,
        })
    });
    read.await
}

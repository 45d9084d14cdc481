//! Transactions as they stand. An agent sees those of its own wallets.

use std::time::Duration;

use primitives::WalletId;

use crate::app::App;
use crate::session::Caller;
use crate::store::transactions::Page;
use crate::store::{Reading, StoreError, TransactionId};
use crate::tx::{self, Transaction};

/// Why a transaction is not shown.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// There is none, or the caller may not see it.
    #[error("there is no transaction {0}")]
    NotFound(TransactionId),
    /// The database fails.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A part of the list of transactions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransactionList {
    /// Newest first.
    pub items: Vec<Transaction>,
    /// Whether there are more before the last one.
    pub has_more: bool,
}

/// The most that [`list_pending`] shows.
const MOST_PENDING: u16 = 500;

/// Transactions that the caller may see, newest first; of `wallet` alone if given.
///
/// # Errors
/// When the database fails.
pub async fn list_transactions(
    app: &App,
    caller: &Caller,
    wallet: Option<WalletId>,
    page: Page,
) -> Result<TransactionList, StoreError> {
    let caller = caller.clone();
    // One more than is wanted says whether there are more.
    let wider = Page { limit: page.limit.saturating_add(1), ..page };
    let read = app.store.read(move |db| {
        let mut wallets = wallets(db, &caller)?;
        wallets.retain(|id| wallet.is_none_or(|wanted| wanted == *id));
        db.transactions_of(&wallets, wider)
    });
    let mut items: Vec<Transaction> = read.await?;
    let has_more = items.len() > usize::from(page.limit);
    items.truncate(usize::from(page.limit));
    Ok(TransactionList { items, has_more })
}

/// Transactions that are not over, newest first, as far as the caller may see them.
///
/// # Errors
/// When the database fails.
pub async fn list_pending(app: &App, caller: &Caller) -> Result<Vec<Transaction>, StoreError> {
    let caller = caller.clone();
    let page = Page { before: None, limit: MOST_PENDING };
    let read =
        app.store.read(move |db| db.unfinished_transactions_of(&wallets(db, &caller)?, page));
    read.await
}

/// One transaction.
///
/// # Errors
/// When there is none that the caller may see.
pub async fn show_transaction(
    app: &App,
    caller: &Caller,
    id: TransactionId,
) -> Result<Transaction, ReadError> {
    let found = app.store.read(move |db| db.transaction(id)).await?;
    visible(found, caller, id)
}

/// One transaction, once it is over or `patience` has passed.
///
/// # Errors
/// When there is none that the caller may see.
pub async fn await_transaction(
    app: &App,
    caller: &Caller,
    id: TransactionId,
    patience: Duration,
) -> Result<Transaction, ReadError> {
    show_transaction(app, caller, id).await?;
    visible(tx::wait_until_final(app, id, patience).await?, caller, id)
}

/// Whether the caller may see a wallet's transactions.
pub(super) fn sees(caller: &Caller, wallet: WalletId) -> bool {
    match caller {
        Caller::Agent(agent) => agent.wallet(wallet).is_some(),
        Caller::Master(_) => true,
        Caller::Owner(owner) => owner.wallet(wallet).is_some(),
    }
}

fn visible(
    found: Option<Transaction>,
    caller: &Caller,
    id: TransactionId,
) -> Result<Transaction, ReadError> {
    found.filter(|found| sees(caller, found.wallet)).ok_or(ReadError::NotFound(id))
}

fn wallets(db: &Reading<'_>, caller: &Caller) -> Result<Vec<WalletId>, StoreError> {
    match caller {
        Caller::Agent(agent) => Ok(agent.wallets().iter().map(|wallet| wallet.id).collect()),
        Caller::Owner(owner) => Ok(owner.wallets().iter().map(|wallet| wallet.id).collect()),
        Caller::Master(_) => Ok(db.wallets()?.into_iter().map(|wallet| wallet.id).collect()),
    }
}

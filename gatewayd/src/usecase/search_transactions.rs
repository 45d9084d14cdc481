//! The operator looks for transactions, of wallets that were terminated too.

use std::collections::BTreeMap;

use primitives::WalletId;

use crate::app::App;
use crate::session::Master;
use crate::store::StoreError;
use crate::store::search::Search;
use crate::store::sessions::Page;
use crate::store::wallets::Wallet;
use crate::tx::Transaction;

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// A part of it, newest first.
    pub items: Vec<Transaction>,
    /// How many fit.
    pub total: u64,
    /// The wallets, by id.
    pub wallets: BTreeMap<WalletId, Wallet>,
}

/// Transactions that fit, newest first.
///
/// # Errors
/// When the database fails.
pub async fn search_transactions(
    app: &App,
    _master: &Master,
    search: Search,
    page: Page,
) -> Result<Found, StoreError> {
    let read = app.store.read(move |db| {
        let (items, total) = db.search_transactions(&search, page)?;
        let wallets = db.wallets()?.into_iter().map(|wallet| (wallet.id, wallet)).collect();
        Ok::<_, StoreError>(Found { items, total, wallets })
    });
    read.await
}

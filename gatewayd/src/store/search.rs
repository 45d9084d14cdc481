//! Looks for transactions, as operators do.

use primitives::{ChainId, WalletId};
use rusqlite::named_params;

use super::column::{count, position};
use super::sessions::Page;
use super::transactions::from_row;
use super::{Reading, StoreError};
use crate::clock::UnixSeconds;
use crate::tx::{Kind, Status, Transaction};

/// Which transactions are looked for; what is `None` does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// Whose.
    pub wallet: Option<WalletId>,
    /// What they do.
    pub kind: Option<Kind>,
    /// Where they stand.
    pub status: Option<Status>,
    /// On which network.
    pub network: Option<ChainId>,
    /// Asked for then or later.
    pub since: Option<UnixSeconds>,
    /// Asked for then or earlier.
    pub until: Option<UnixSeconds>,
    /// In the id, the address that something goes to, or the hash, whatever the case.
    pub text: Option<String>,
}

const MATCHES: &str = "
    (:wallet IS NULL OR wallet_id = :wallet) AND (:type IS NULL OR type = :type)
    AND (:status IS NULL OR status = :status) AND (:network IS NULL OR network = :network)
    AND (:since IS NULL OR created_at >= :since) AND (:until IS NULL OR created_at <= :until)
    AND (:text IS NULL OR instr(lower(id), :text) OR instr(lower(to_address), :text)
         OR instr(lower(hash), :text))";

impl Reading<'_> {
    /// A part of the transactions that fit, newest first, and how many fit.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn search_transactions(
        &self,
        search: &Search,
        page: Page,
    ) -> Result<(Vec<Transaction>, u64), StoreError> {
        let (wallet, network) =
            (search.wallet.map(|id| id.to_string()), search.network.map(|id| id.to_string()));
        let status = search.status.map(|status| status.to_string());
        let text = search.text.as_ref().map(|text| text.to_lowercase());
        let parameters = named_params! {
            ":wallet": wallet,
            ":type": search.kind.map(Kind::as_str),
            ":status": status,
            ":network": network,
            ":since": search.since.map(UnixSeconds::get),
            ":until": search.until.map(UnixSeconds::get),
            ":text": text,
        };
        let sql = format!("SELECT count(*) FROM transactions WHERE {MATCHES}");
        let total = self.0.prepare_cached(&sql)?.query_row(parameters, |row| Ok(count(row)))??;
        let sql = format!(
            "SELECT * FROM transactions WHERE {MATCHES} ORDER BY id DESC LIMIT {} OFFSET {}",
            position(page.limit),
            position(page.offset),
        );
        let mut statement = self.0.prepare(&sql)?;
        let found: Result<_, StoreError> =
            statement.query_and_then(parameters, from_row)?.collect();
        Ok((found?, total))
    }
}

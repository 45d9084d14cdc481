//! `GET /v1/admin/transactions`, and those of one wallet.

use std::sync::Arc;

use api::{AdminTransaction, AdminTransactionPage, AdminWalletTransactions};
use axum::extract::State;
use serde::Deserialize;

use super::body::{Done, Path, Query};
use super::display;
use super::problem::Problem;
use super::words::{number, seconds, word};
use crate::app::App;
use crate::clock::UnixSeconds;
use crate::session::{Caller, Master};
use crate::store::search::Search;
use crate::store::sessions::Page;
use crate::tx::{Kind, Transaction};
use crate::usecase::search_transactions::{Found, search_transactions};
use crate::usecase::wallets::show_wallet;

/// Transactions shown where nothing is said.
const USUAL: u64 = 20;
/// The most that are shown at once.
const MOST: u64 = 100;

#[derive(Debug, Default, Deserialize)]
pub(super) struct SearchQuery {
    #[serde(default, alias = "walletId")]
    wallet_id: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    status: Option<String>,
    network: Option<String>,
    since: Option<String>,
    until: Option<String>,
    search: Option<String>,
    limit: Option<String>,
    offset: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct PageQuery {
    limit: Option<String>,
    offset: Option<String>,
}

pub(super) async fn list(
    State(app): State<Arc<App>>,
    master: Master,
    Query(query): Query<SearchQuery>,
) -> Result<Done<AdminTransactionPage>, Problem> {
    let page = page(query.limit.as_deref(), query.offset.as_deref())?;
    let found = search_transactions(&app, &master, search(&app, &query)?, page).await?;
    Ok(Done(AdminTransactionPage {
        items: items(&app, &found).await?,
        total: found.total,
        offset: page.offset,
        limit: page.limit,
    }))
}

pub(super) async fn of_wallet(
    State(app): State<Arc<App>>,
    master: Master,
    path: Path,
    Query(query): Query<PageQuery>,
) -> Result<Done<AdminWalletTransactions>, Problem> {
    let page = page(query.limit.as_deref(), query.offset.as_deref())?;
    let wallet = show_wallet(&app, &Caller::Master(master), path.read("id")?).await?;
    let search = Search { wallet: Some(wallet.id), ..Search::default() };
    let found = search_transactions(&app, &master, search, page).await?;
    Ok(Done(AdminWalletTransactions { items: items(&app, &found).await?, total: found.total }))
}

async fn items(app: &App, found: &Found) -> Result<Vec<AdminTransaction>, Problem> {
    let ids = found.items.iter().map(|one| one.id.to_string()).collect();
    let worths = display::kept(app, ids).await?;
    let items = found.items.iter().map(|one| AdminTransaction {
        amount_usd: worths.get(&one.id.to_string()).copied().and_then(display::dollars),
        ..item(app, one, found)
    });
    Ok(items.collect())
}

fn page(limit: Option<&str>, offset: Option<&str>) -> Result<Page, Problem> {
    let limit = number("limit", limit)?.unwrap_or(USUAL);
    let offset = number("offset", offset)?.unwrap_or(0);
    if (1..=MOST).contains(&limit) {
        Ok(Page { limit, offset })
    } else {
        Err(Problem::invalid(format!("limit is 1 to {MOST}")))
    }
}

fn search(app: &App, query: &SearchQuery) -> Result<Search, Problem> {
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let kind = given(&query.kind).map(|text| {
        let known = Kind::ALL.iter().copied().find(|kind| kind.as_str() == text);
        known.ok_or_else(|| Problem::invalid(format!("type: {text} is none")))
    });
    let network = given(&query.network).map(|name| {
        let network = app.networks.find(&name).map(|network| network.chain_id);
        network.ok_or_else(|| Problem::invalid(format!("unknown network {name:?}")))
    });
    let time = |name, text: &Option<String>| -> Result<Option<UnixSeconds>, Problem> {
        let time = number(name, text.as_deref())?;
        let time = time.map(|time| UnixSeconds::new(i64::try_from(time).unwrap_or(i64::MAX)));
        Ok(time)
    };
    Ok(Search {
        wallet: given(&query.wallet_id).map(|text| word("wallet_id", &text)).transpose()?,
        kind: kind.transpose()?,
        status: given(&query.status).map(|text| word("status", &text)).transpose()?,
        network: network.transpose()?,
        since: time("since", &query.since)?,
        until: time("until", &query.until)?,
        text: given(&query.search),
    })
}

fn item(app: &App, one: &Transaction, found: &Found) -> AdminTransaction {
    let wallet = found.wallets.get(&one.wallet);
    let chain_id = one.intent.network();
    let network = chain_id.and_then(|id| app.networks.by_chain_id(id));
    let chain = chain_id.map(primitives::ChainId::chain).or(wallet.map(|wallet| wallet.chain));
    let shown = one.intent.shown();
    let amount = shown.amount.map(|shown| shown.amount);
    let unit = shown.amount.and_then(|shown| shown.unit(network.map(|network| &network.native)));
    AdminTransaction {
        id: one.id.to_string(),
        wallet_id: one.wallet.to_string(),
        wallet_name: wallet.map(|wallet| wallet.name.clone()),
        kind: one.intent.kind().as_str().to_owned(),
        status: one.status.to_string(),
        tier: one.tier.map(|tier| tier.to_string()),
        to_address: shown.to.map(|to| to.to_string()),
        amount: amount.map(|amount| amount.to_string()),
        formatted_amount: amount.zip(unit).map(|(amount, (decimals, symbol))| {
            format!("{} {}", amount.to_units(decimals), symbol.unwrap_or_default())
        }),
        amount_usd: None,
        network: network.map(|network| network.name.to_string()),
        tx_hash: one.hash().map(str::to_owned),
        chain: chain.map_or_else(String::new, |chain| chain.to_string()),
        created_at: Some(seconds(one.created_at)),
        error: one.problem.as_ref().map(ToString::to_string),
    }
}

//! `/v1/wallet`: what an agent asks about its wallet.

use std::sync::Arc;

use api::{
    AllAssets, AllBalances, AssetBalance, ErrorCode, NetworkAssets, NetworkBalance, WalletAddress,
    WalletAssets, WalletBalance,
};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use primitives::{Amount, Asset, Network};
use serde::Deserialize;

use super::body::{Done, Query};
use super::display::{self, Valued};
use super::problem::Problem;
use super::tokens::asset_id;
use super::words::uuid;
use crate::app::App;
use crate::chains::{Category, ChainError};
use crate::session::Agent;
use crate::store::wallets::Wallet;
use crate::usecase::balances::{
    BalanceError, Holding, at_once, every_asset, every_balance, held_assets, held_balance,
};
use crate::usecase::choice::{ChoiceError, choose_network, choose_wallet, shown_network};

/// Stands for every network of the wallet.
const ALL: &str = "all";

#[derive(Debug, Deserialize)]
pub(super) struct WalletQuery {
    #[serde(default, rename = "walletId", alias = "wallet_id")]
    wallet_id: Option<String>,
    network: Option<String>,
    display_currency: Option<String>,
}

impl WalletQuery {
    fn wallet<'a>(&self, agent: &'a Agent) -> Result<&'a Wallet, ChoiceError> {
        choose_wallet(agent, self.wallet_id.as_deref())
    }

    fn network<'a>(&self, app: &'a App, wallet: &Wallet) -> Result<&'a Network, ChoiceError> {
        choose_network(&app.networks, wallet, self.network.as_deref())
    }

    fn currency<'a>(&'a self, app: &'a App) -> Result<&'a str, Problem> {
        display::currency(app, self.display_currency.as_deref())
    }

    fn means_all(&self) -> bool {
        self.network.as_deref() == Some(ALL)
    }
}

pub(super) async fn address(
    State(app): State<Arc<App>>,
    agent: Agent,
    Query(query): Query<WalletQuery>,
) -> Result<Done<WalletAddress>, Problem> {
    let wallet = query.wallet(&agent)?;
    let network = match query.network.as_deref() {
        Some(_) => Some(query.network(&app, wallet)?),
        None => shown_network(&app.networks, wallet),
    };
    Ok(Done(WalletAddress {
        wallet_id: uuid(wallet.id),
        chain: wallet.chain.to_string(),
        network: network.map_or_else(String::new, |network| network.name.to_string()),
        environment: wallet.environment.to_string(),
        address: wallet.address.to_string(),
    }))
}

pub(super) async fn balance(
    State(app): State<Arc<App>>,
    agent: Agent,
    Query(query): Query<WalletQuery>,
) -> Result<Response, Problem> {
    let wallet = query.wallet(&agent)?;
    let currency = query.currency(&app)?;
    if query.means_all() {
        let found = every_balance(&app, wallet).await.into_iter();
        let lines = found.map(|(network, found)| balance_line(&app, network, found, currency));
        let balances = at_once(lines).await;
        let (wallet_id, chain) = (uuid(wallet.id), wallet.chain.to_string());
        let environment = wallet.environment.to_string();
        return Ok(Done(AllBalances { wallet_id, chain, environment, balances }).into_response());
    }
    let network = query.network(&app, wallet)?;
    let amount = held_balance(&app, wallet, network).await?;
    let coin = (Asset::Native, amount, network.native.decimals);
    let valued = display::value_one(&app, network, coin, currency).await;
    let body = WalletBalance {
        wallet_id: uuid(wallet.id),
        chain: wallet.chain.to_string(),
        network: network.name.to_string(),
        address: wallet.address.to_string(),
        balance: amount.to_string(),
        decimals: network.native.decimals,
        symbol: network.native.symbol.to_string(),
        balance_formatted: amount.to_units(network.native.decimals),
        display_currency: shown_in(&valued, currency),
        display_balance: valued.shown,
        worth_unknown: valued.unknown,
        chain_id: network.chain_id.to_string(),
    };
    Ok(Done(body).into_response())
}

pub(super) async fn assets(
    State(app): State<Arc<App>>,
    agent: Agent,
    Query(query): Query<WalletQuery>,
) -> Result<Response, Problem> {
    let wallet = query.wallet(&agent)?;
    let currency = query.currency(&app)?;
    let display_currency = Some(currency.to_owned());
    if query.means_all() {
        let found = every_asset(&app, wallet).await.into_iter();
        let lines = found.map(|(network, found)| assets_line(&app, network, found, currency));
        let network_assets = at_once(lines).await;
        let (wallet_id, chain) = (uuid(wallet.id), wallet.chain.to_string());
        let environment = wallet.environment.to_string();
        let body = AllAssets { wallet_id, chain, environment, network_assets, display_currency };
        return Ok(Done(body).into_response());
    }
    let network = query.network(&app, wallet)?;
    let holdings = held_assets(&app, wallet, network).await?;
    let body = WalletAssets {
        wallet_id: uuid(wallet.id),
        chain: wallet.chain.to_string(),
        network: network.name.to_string(),
        assets: valued(&app, network, holdings, currency).await,
        display_currency,
        chain_id: network.chain_id.to_string(),
    };
    Ok(Done(body).into_response())
}

async fn balance_line(
    app: &App,
    network: &Network,
    found: Result<Amount, BalanceError>,
    currency: &str,
) -> NetworkBalance {
    let decimals = network.native.decimals;
    let (amount, valued, error) = match found {
        Ok(amount) => {
            let coin = (Asset::Native, amount, decimals);
            (Some(amount), display::value_one(app, network, coin, currency).await, None)
        }
        Err(error) => (None, Valued::default(), Some(error.to_string())),
    };
    NetworkBalance {
        network: network.name.to_string(),
        balance: amount.map(|amount| amount.to_string()),
        decimals: amount.map(|_| decimals),
        symbol: amount.map(|_| network.native.symbol.to_string()),
        display_currency: shown_in(&valued, currency),
        display_balance: valued.shown,
        worth_unknown: valued.unknown,
        error,
    }
}

async fn assets_line(
    app: &App,
    network: &Network,
    found: Result<Vec<Holding>, BalanceError>,
    currency: &str,
) -> NetworkAssets {
    let (assets, error) = match found {
        Ok(holdings) => (Some(valued(app, network, holdings, currency).await), None),
        Err(error) => (None, Some(error.to_string())),
    };
    NetworkAssets { network: network.name.to_string(), assets, error }
}

fn shown_in(valued: &Valued, currency: &str) -> Option<String> {
    valued.shown.is_some().then(|| currency.to_owned())
}

async fn valued(
    app: &App,
    network: &Network,
    holdings: Vec<Holding>,
    currency: &str,
) -> Vec<AssetBalance> {
    let counted: Vec<_> = holdings.iter().map(Holding::counted).collect();
    let worths = display::value(app, network, &counted, currency).await;
    let pairs = holdings.into_iter().zip(worths);
    pairs.map(|(holding, worth)| asset(network, holding, worth)).collect()
}

fn asset(network: &Network, holding: Holding, worth: Valued) -> AssetBalance {
    let (mint, asset_id) = match holding.asset {
        Asset::Native => ("native".to_owned(), None),
        Asset::Token(address) => (address.to_string(), Some(asset_id(network.chain_id, address))),
    };
    AssetBalance {
        mint,
        symbol: holding.symbol,
        name: holding.name,
        balance: holding.amount.to_string(),
        decimals: holding.decimals,
        is_native: holding.asset == Asset::Native,
        balance_formatted: holding.amount.to_units(holding.decimals),
        usd_value: worth.usd,
        display_value: worth.shown,
        worth_unknown: worth.unknown,
        asset_id,
    }
}

impl From<BalanceError> for Problem {
    fn from(error: BalanceError) -> Self {
        match error {
            BalanceError::Chain(error) => error.into(),
            BalanceError::Store(error) => error.into(),
        }
    }
}

impl From<ChainError> for Problem {
    fn from(error: ChainError) -> Self {
        let message = error.to_string();
        let category = match error.category() {
            Category::Permanent => "PERMANENT",
            Category::Transient => "TRANSIENT",
            Category::Stale => "STALE",
        };
        let problem = Self::new(chain_code(&error), message);
        problem.details(serde_json::json!({ "category": category }))
    }
}

/// What the contract calls an error of a chain.
pub(super) fn chain_code(error: &ChainError) -> ErrorCode {
    match error {
        ChainError::InsufficientBalance { .. } | ChainError::Unaffordable(_) => {
            ErrorCode::InsufficientBalance
        }
        ChainError::InsufficientTokenBalance { .. } => ErrorCode::InsufficientTokenBalance,
        ChainError::InsufficientForFee { .. } => ErrorCode::InsufficientForFee,
        ChainError::ExecutionFailed { .. } => ErrorCode::SimulationFailed,
        ChainError::NotAToken { .. } => ErrorCode::TokenNotFound,
        ChainError::NotACollection { .. } => ErrorCode::UnsupportedNftStandard,
        ChainError::NotAContract { .. } => ErrorCode::InvalidAddress,
        ChainError::NotALookupTable { .. } | ChainError::Invalid(_) => {
            ErrorCode::InvalidTransaction
        }
        ChainError::Rejected(_)
        | ChainError::Timeout { .. }
        | ChainError::Unreachable { .. }
        | ChainError::WrongChain { .. }
        | ChainError::RateLimited { .. }
        | ChainError::NodeBehind
        | ChainError::BadAnswer { .. }
        | ChainError::Node { .. }
        | ChainError::NodesDisagree { .. }
        | ChainError::NonceUsed(_)
        | ChainError::NonceTaken(_)
        | ChainError::FeeTooLow(_)
        | ChainError::BlockhashExpired
        | ChainError::HistoryTooShort => ErrorCode::ChainError,
    }
}

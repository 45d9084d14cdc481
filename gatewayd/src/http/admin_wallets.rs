//! `GET /v1/admin/wallets/{id}/balance`.

use std::sync::Arc;

use api::{AdminHolding, AdminNetworkBalance, AdminWalletBalance};
use axum::extract::State;
use primitives::{Asset, Network};

use super::body::{Done, Path};
use super::display::{self, Valued};
use super::problem::Problem;
use crate::app::App;
use crate::session::{Caller, Master};
use crate::usecase::balances::{BalanceError, Holding, at_once, every_asset};
use crate::usecase::wallets::show_wallet;

/// What operators see of worth.
const DOLLARS: &str = "USD";

pub(super) async fn balance(
    State(app): State<Arc<App>>,
    master: Master,
    path: Path,
) -> Result<Done<AdminWalletBalance>, Problem> {
    let wallet = show_wallet(&app, &Caller::Master(master), path.read("id")?).await?;
    let found = every_asset(&app, &wallet).await.into_iter();
    let lines = found.map(|(network, found)| line(&app, network, found));
    Ok(Done(AdminWalletBalance { balances: at_once(lines).await }))
}

async fn line(
    app: &App,
    network: &Network,
    found: Result<Vec<Holding>, BalanceError>,
) -> AdminNetworkBalance {
    let (holdings, error) = match found {
        Ok(holdings) => (holdings, None),
        Err(error) => (Vec::new(), Some(error.to_string())),
    };
    let counted: Vec<_> = holdings.iter().map(Holding::counted).collect();
    let worths = display::value(app, network, &counted, DOLLARS).await;
    let (mut native, mut tokens) = (None, Vec::new());
    for (holding, worth) in holdings.into_iter().zip(worths) {
        let asset = holding.asset;
        let shown = shown(holding, worth);
        match asset {
            Asset::Native => native = Some(shown),
            Asset::Token(_) => tokens.push(shown),
        }
    }
    AdminNetworkBalance { network: network.name.to_string(), native, tokens, error }
}

fn shown(holding: Holding, worth: Valued) -> AdminHolding {
    let address = match holding.asset {
        Asset::Native => None,
        Asset::Token(address) => Some(address.to_string()),
    };
    AdminHolding {
        balance: holding.amount.to_string(),
        decimals: holding.decimals,
        balance_formatted: holding.amount.to_units(holding.decimals),
        symbol: holding.symbol,
        address,
        usd: worth.usd,
        worth_unknown: worth.unknown,
    }
}

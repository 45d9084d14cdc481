//! How amounts of what a transaction takes are written: as what was ordered says, the registry, the
//! table of what prices are asked for, or the chain, in this order. None of them is what an agent
//! claims.

use std::collections::BTreeMap;

use primitives::{Address, Asset, Network};
use txcodec::Decoded;

use super::Deed;
use crate::app::App;
use crate::chains::{ChainClient, ChainError};
use crate::prices;
use crate::store::StoreError;

/// How amounts of a token are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// Decimals of one unit.
    pub decimals: u8,
    /// Such as `USDC`; `None` where nobody says.
    pub symbol: Option<String>,
}

/// Why it is not known.
#[derive(Debug, thiserror::Error)]
pub enum UnitsError {
    /// The chain does not answer.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The database fails.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The units of every token that leaves, or that somebody may take, because of what was decoded.
/// What is no token, such as a contract of collectibles that is called like one, has none; neither
/// has what somebody says of a token that the program knows better.
///
/// # Errors
/// When the registry or the chain does not answer.
pub async fn units(
    app: &App,
    network: &Network,
    decoded: &Decoded,
    deed: Option<&Deed>,
) -> Result<BTreeMap<Asset, Unit>, UnitsError> {
    let mut units = deed.map(Deed::units).unwrap_or_default();
    if let Some(client) = app.chains.client(&network.name) {
        for asset in decoded.spend().unwrap_or_default().into_keys() {
            let Asset::Token(token) = asset else { continue };
            if units.contains_key(&asset) {
                continue;
            }
            match unit(app, (network, client), token).await {
                Ok(unit) => units.insert(asset, unit),
                Err(UnitsError::Chain(ChainError::NotAToken { .. })) => continue,
                Err(error) => return Err(error),
            };
        }
    }
    units.retain(|asset, unit| {
        prices::listed(network, *asset).is_none_or(|(decimals, _symbol)| decimals == unit.decimals)
    });
    Ok(units)
}

/// How amounts of a token are written.
///
/// # Errors
/// When the registry or the chain does not answer, or the address is no token.
pub async fn unit(
    app: &App,
    (network, client): (&Network, &ChainClient),
    token: Address,
) -> Result<Unit, UnitsError> {
    let chain_id = network.chain_id;
    if let Some(listed) = app.store.read(move |db| db.token(chain_id, token)).await? {
        return Ok(Unit { decimals: listed.decimals, symbol: Some(listed.symbol) });
    }
    if let Some((decimals, symbol)) = prices::listed(network, Asset::Token(token)) {
        return Ok(Unit { decimals, symbol: Some(symbol.to_owned()) });
    }
    let found = client.token_metadata(token).await?;
    Ok(Unit { decimals: found.decimals, symbol: found.symbol })
}

/// The decimals alone.
pub fn decimals(units: &BTreeMap<Asset, Unit>) -> BTreeMap<Asset, u8> {
    units.iter().map(|(asset, unit)| (*asset, unit.decimals)).collect()
}

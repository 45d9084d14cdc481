//! How amounts of what a transaction takes are written: as what was ordered says, the registry, or
//! the chain, in this order. None of them is what an agent claims.

use std::collections::BTreeMap;

use primitives::{Asset, Network};
use txcodec::Decoded;

use super::Deed;
use crate::app::App;
use crate::chains::ChainError;
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
/// What is no token, such as a contract of collectibles that is called like one, has none.
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
    let Some(client) = app.chains.client(&network.name) else { return Ok(units) };
    for asset in decoded.spend().unwrap_or_default().into_keys() {
        let Asset::Token(token) = asset else { continue };
        if units.contains_key(&asset) {
            continue;
        }
        let chain_id = network.chain_id;
        let unit = match app.store.read(move |db| db.token(chain_id, token)).await? {
            Some(listed) => Unit { decimals: listed.decimals, symbol: Some(listed.symbol) },
            None => match client.token_metadata(token).await {
                Ok(found) => Unit { decimals: found.decimals, symbol: found.symbol },
                Err(ChainError::NotAToken { .. }) => continue,
                Err(error) => return Err(error.into()),
            },
        };
        units.insert(asset, unit);
    }
    Ok(units)
}

/// The decimals alone.
pub fn decimals(units: &BTreeMap<Asset, Unit>) -> BTreeMap<Asset, u8> {
    units.iter().map(|(asset, unit)| (*asset, unit.decimals)).collect()
}

//! How amounts of what a transaction takes are written: as what was ordered says, the registry, the
//! table of what prices are asked for, or the chain, in this order. None of them is what an agent
//! claims.

use std::collections::BTreeMap;

use primitives::{Address, Asset, Network};
use tokio::task::JoinSet;
use txcodec::Decoded;

use super::Deed;
use crate::app::App;
use crate::chains::{ChainClient, ChainError, TokenMetadata};
use crate::prices;
use crate::store::{Reading, StoreError};

/// Tokens that a chain is asked for because of one transaction. Nobody sends more of them at once; a
/// message can name thousands.
const MOST_ASKED: usize = 16;

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
/// has what somebody says of a token that the program knows better, nor any of so many that no chain
/// should be asked for all of them.
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
    let tokens = decoded.spend().unwrap_or_default().into_keys().filter_map(|asset| match asset {
        Asset::Token(token) if !units.contains_key(&asset) => Some(token),
        Asset::Token(_) | Asset::Native => None,
    });
    let (found, unknown) = listed(app, network, tokens.collect()).await?;
    units.extend(found);
    if let Some(client) = app.chains.client(&network.name) {
        let mut asked = JoinSet::new();
        for token in unknown.into_iter().take(MOST_ASKED) {
            let client = client.clone();
            asked.spawn(async move { (token, client.token_metadata(token).await) });
        }
        for (token, found) in asked.join_all().await {
            match found {
                Ok(found) => units.insert(Asset::Token(token), found.into()),
                Err(ChainError::NotAToken { .. }) => continue,
                Err(error) => return Err(error.into()),
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
    let (mut found, _unknown) = listed(app, network, vec![token]).await?;
    match found.remove(&Asset::Token(token)) {
        Some(unit) => Ok(unit),
        None => Ok(client.token_metadata(token).await?.into()),
    }
}

/// What the registry and the table of prices say of tokens, and of which they say nothing.
///
/// # Errors
/// When the registry does not answer.
pub async fn listed(
    app: &App,
    network: &Network,
    tokens: Vec<Address>,
) -> Result<(BTreeMap<Asset, Unit>, Vec<Address>), StoreError> {
    if tokens.is_empty() {
        return Ok((BTreeMap::new(), tokens));
    }
    let chain_id = network.chain_id;
    let read = move |db: &Reading<'_>| {
        let tokens = tokens.into_iter().map(|token| Ok((token, db.token(chain_id, token)?)));
        tokens.collect::<Result<Vec<_>, StoreError>>()
    };
    let (mut units, mut unknown) = (BTreeMap::new(), Vec::new());
    for (token, listed) in app.store.read(read).await? {
        let asset = Asset::Token(token);
        let by_registry = listed.map(|it| Unit { decimals: it.decimals, symbol: Some(it.symbol) });
        let by_table = || {
            let (decimals, symbol) = prices::listed(network, asset)?;
            Some(Unit { decimals, symbol: Some(symbol.to_owned()) })
        };
        match by_registry.or_else(by_table) {
            Some(unit) => drop(units.insert(asset, unit)),
            None => unknown.push(token),
        }
    }
    Ok((units, unknown))
}

impl From<TokenMetadata> for Unit {
    fn from(found: TokenMetadata) -> Self {
        Self { decimals: found.decimals, symbol: found.symbol }
    }
}

/// The decimals alone.
pub fn decimals(units: &BTreeMap<Asset, Unit>) -> BTreeMap<Asset, u8> {
    units.iter().map(|(asset, unit)| (*asset, unit.decimals)).collect()
}

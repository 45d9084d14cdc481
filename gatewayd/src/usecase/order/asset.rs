//! Which coin or token, and how its amounts are written.

use primitives::{Address, Asset};
use serde::Serialize;

use super::{OrderError, Reader};
use crate::tx;

/// A coin or token, as an agent names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum AssetRequest {
    /// The network's own coin.
    Native,
    /// A token.
    Token {
        /// Contract or mint; may be left out with `asset_id`.
        address: Option<String>,
        /// CAIP-19.
        asset_id: Option<String>,
        /// What the agent believes; refused where the chain says otherwise.
        decimals: Option<u8>,
    },
}

/// An asset and how its amounts are written.
pub(super) struct Unit {
    pub(super) asset: Asset,
    pub(super) decimals: u8,
    pub(super) symbol: Option<String>,
}

/// The parts of a CAIP-19 identifier.
pub(super) struct AssetId<'a> {
    pub(super) network: &'a str,
    pub(super) address: &'a str,
    /// Of a collectible.
    pub(super) token_id: Option<&'a str>,
}

impl AssetRequest {
    /// The network that a CAIP-19 identifier names.
    pub(super) fn network(&self) -> Option<&str> {
        self.asset_id().map(|id| id.network)
    }

    /// The parts of its CAIP-19 identifier, if it has one that is one.
    pub(super) fn asset_id(&self) -> Option<AssetId<'_>> {
        let Self::Token { asset_id: Some(asset_id), .. } = self else { return None };
        let (network, asset) = asset_id.split_once('/')?;
        let (_namespace, token) = asset.split_once(':')?;
        let (address, token_id) = match token.split_once('/') {
            Some((address, token_id)) => (address, Some(token_id)),
            None => (token, None),
        };
        Some(AssetId { network, address, token_id })
    }
}

impl Reader<'_> {
    /// The token that is named; `None` for the native coin.
    pub(super) fn token(self, request: &AssetRequest) -> Result<Option<Address>, OrderError> {
        let AssetRequest::Token { address, asset_id, .. } = request else { return Ok(None) };
        let parse = |text: &str| self.address("token.address", text);
        let address = address.as_deref().map(parse).transpose()?;
        let by_id = match (asset_id, request.asset_id()) {
            (None, _) => None,
            (Some(_), Some(id)) if id.network.parse() == Ok(self.network.chain_id) => {
                Some(parse(id.address)?)
            }
            (Some(_), _) => return Err(OrderError::TokenUnclear),
        };
        match (address, by_id) {
            (Some(address), Some(by_id)) if address != by_id => Err(OrderError::TokenUnclear),
            (Some(token), _) | (None, Some(token)) => Ok(Some(token)),
            (None, None) => Err(OrderError::TokenUnclear),
        }
    }

    /// How amounts of an asset are written, as the registry or the chain says.
    pub(super) async fn unit(self, request: &AssetRequest) -> Result<Unit, OrderError> {
        let native = &self.network.native;
        let Some(token) = self.token(request)? else {
            let (decimals, symbol) = (native.decimals, native.symbol.to_string());
            return Ok(Unit { asset: Asset::Native, decimals, symbol: Some(symbol) });
        };
        let unit = self.token_unit(token).await?;
        match request {
            AssetRequest::Token { decimals: Some(claimed), .. } if *claimed != unit.decimals => {
                Err(OrderError::Decimals { claimed: *claimed, actual: unit.decimals })
            }
            AssetRequest::Token { .. } | AssetRequest::Native => Ok(unit),
        }
    }

    async fn token_unit(self, token: Address) -> Result<Unit, OrderError> {
        let tx::Unit { decimals, symbol } =
            tx::unit(self.app, (self.network, self.client()?), token).await?;
        Ok(Unit { asset: Asset::Token(token), decimals, symbol })
    }
}

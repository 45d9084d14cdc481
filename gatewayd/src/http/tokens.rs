//! `/v1/tokens`.

use std::sync::Arc;

use api::{
    AddToken, ErrorCode, RemoveToken, ResolvedToken, Token, TokenAdded, TokenList, TokenRemoved,
};
use axum::extract::State;
use primitives::{Address, ChainId};
use serde::Deserialize;

use super::body::{Created, Done, Json, Query};
use super::problem::Problem;
use crate::app::App;
use crate::session::{Caller, Master};
use crate::usecase::tokens::{
    NewToken, TokenError, add_token, list_tokens, remove_token, resolve_token,
};

#[derive(Debug, Deserialize)]
pub(super) struct ListQuery {
    network: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct ResolveQuery {
    network: String,
    address: String,
}

pub(super) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Done<TokenList>, Problem> {
    let (network, tokens) = list_tokens(&app, &caller, &query.network).await?;
    let tokens = tokens.into_iter().map(|token| Token {
        address: token.address.to_string(),
        symbol: token.symbol,
        name: token.name,
        decimals: token.decimals,
        source: "custom".to_owned(),
        asset_id: Some(asset_id(token.network, token.address)),
        chain_id: Some(token.network.to_string()),
    });
    Ok(Done(TokenList { network: network.name.to_string(), tokens: tokens.collect() }))
}

pub(super) async fn add(
    State(app): State<Arc<App>>,
    master: Master,
    Json(asked): Json<AddToken>,
) -> Result<Created<TokenAdded>, Problem> {
    let AddToken { network, address, symbol, name, decimals } = asked;
    let new = NewToken { network, address, symbol, name, decimals };
    let (network, token) = add_token(&app, &master, new).await?;
    Ok(Created(TokenAdded {
        id: asset_id(token.network, token.address),
        network: network.name.to_string(),
        address: token.address.to_string(),
        symbol: token.symbol,
    }))
}

pub(super) async fn remove(
    State(app): State<Arc<App>>,
    master: Master,
    Json(asked): Json<RemoveToken>,
) -> Result<Done<TokenRemoved>, Problem> {
    let (network, address, removed) =
        remove_token(&app, &master, &asked.network, &asked.address).await?;
    let (network, address) = (network.name.to_string(), address.to_string());
    Ok(Done(TokenRemoved { removed, network, address }))
}

pub(super) async fn resolve(
    State(app): State<Arc<App>>,
    master: Master,
    Query(query): Query<ResolveQuery>,
) -> Result<Done<ResolvedToken>, Problem> {
    let (network, token) = resolve_token(&app, &master, &query.network, &query.address).await?;
    Ok(Done(ResolvedToken {
        symbol: token.symbol.unwrap_or_default(),
        name: token.name.unwrap_or_default(),
        decimals: token.decimals,
        address: token.address.to_string(),
        network: network.name.to_string(),
    }))
}

/// CAIP-19: the network, the kind of token, its address.
pub(super) fn asset_id(network: ChainId, address: Address) -> String {
    match address {
        Address::Evm(address) => format!("{network}/erc20:{address}"),
        Address::Solana(address) => format!("{network}/token:{address}"),
    }
}

impl From<TokenError> for Problem {
    fn from(error: TokenError) -> Self {
        let message = error.to_string();
        match error {
            TokenError::UnknownNetwork(name) if name.starts_with("xrpl") => {
                Self::new(ErrorCode::UnsupportedChain, "the XRP Ledger is not served")
            }
            TokenError::UnknownNetwork(_)
            | TokenError::Words
            | TokenError::TooMany
            | TokenError::Decimals { .. } => Self::invalid(message),
            TokenError::Address(_) => Self::new(ErrorCode::InvalidAddress, message),
            TokenError::Chain(error) => error.into(),
            TokenError::Store(error) => error.into(),
        }
    }
}

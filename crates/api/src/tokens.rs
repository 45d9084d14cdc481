//! `/v1/tokens`: the registry of tokens.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A network's tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TokenList {
    /// The network's name.
    pub network: String,
    /// By symbol.
    pub tokens: Vec<Token>,
}

/// A token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Token {
    /// Contract or mint.
    pub address: String,
    /// Such as `USDC`.
    pub symbol: String,
    /// Such as `USD Coin`.
    pub name: String,
    /// Decimals of one unit.
    pub decimals: u8,
    /// `builtin` or `custom`.
    pub source: String,
    /// CAIP-19.
    pub asset_id: Option<String>,
    /// CAIP-2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain_id: Option<String>,
}

/// A token to be listed. Its decimals must be those of the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AddToken {
    /// Name or CAIP-2.
    pub network: String,
    /// Contract or mint.
    pub address: String,
    /// 1 to 32 characters.
    pub symbol: String,
    /// 1 to 64 characters.
    pub name: String,
    /// Decimals of one unit.
    #[schema(maximum = 18)]
    pub decimals: u8,
}

/// A token is listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TokenAdded {
    /// CAIP-19.
    pub id: String,
    /// The network's name.
    pub network: String,
    /// Contract or mint.
    pub address: String,
    /// Its symbol.
    pub symbol: String,
}

/// A token to be taken off the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RemoveToken {
    /// Name or CAIP-2.
    pub network: String,
    /// Contract or mint.
    pub address: String,
}

/// A token is not listed any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TokenRemoved {
    /// Whether it was listed before.
    pub removed: bool,
    /// The network's name.
    pub network: String,
    /// Contract or mint.
    pub address: String,
}

/// What the chain says of a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResolvedToken {
    /// Its symbol.
    pub symbol: String,
    /// Its name.
    pub name: String,
    /// Decimals of one unit.
    pub decimals: u8,
    /// Contract or mint.
    pub address: String,
    /// The network's name.
    pub network: String,
}

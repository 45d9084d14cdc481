//! `GET /v1/admin/wallets/{id}/…`: what an operator asks about one wallet.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{AdminTransaction, Decimal};

/// What a wallet holds on each of its networks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AdminWalletBalance {
    /// A line for each network of the wallet.
    pub balances: Vec<AdminNetworkBalance>,
}

/// What a wallet holds on one network, or why that is not known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AdminNetworkBalance {
    /// The network's name.
    pub network: String,
    /// The network's coin; `null` where the chain does not say.
    pub native: Option<AdminHolding>,
    /// Tokens that the registry names, or the chain lists.
    pub tokens: Vec<AdminHolding>,
    /// Why it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// What a wallet holds of a coin or token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AdminHolding {
    /// In base units.
    pub balance: String,
    /// Decimals of one unit.
    pub decimals: u8,
    /// In whole units.
    pub balance_formatted: String,
    /// Such as `ETH`.
    pub symbol: String,
    /// The token's contract or mint; absent for the coin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// In US dollars; `null` where that is not known.
    #[schema(value_type = Option<f64>)]
    pub usd: Option<Decimal>,
    /// Why that is not known: it is never taken for nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worth_unknown: Option<String>,
}

/// Transactions of one wallet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AdminWalletTransactions {
    /// Newest first.
    pub items: Vec<AdminTransaction>,
    /// How many there are.
    pub total: u64,
}

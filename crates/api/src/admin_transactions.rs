//! `GET /v1/admin/transactions`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Transactions that fit what was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AdminTransactionPage {
    /// Newest first.
    pub items: Vec<AdminTransaction>,
    /// How many fit.
    pub total: u64,
    /// How many were left out before.
    pub offset: u64,
    /// How many were asked for.
    pub limit: u64,
}

/// A transaction, as operators see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AdminTransaction {
    /// Its id.
    pub id: String,
    /// Whose.
    pub wallet_id: String,
    /// What the wallet is called.
    pub wallet_name: Option<String>,
    /// Such as `TRANSFER`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Such as `CONFIRMED`.
    pub status: String,
    /// Such as `INSTANT`.
    pub tier: Option<String>,
    /// Who gets it, may take it, or is called.
    pub to_address: Option<String>,
    /// In base units.
    pub amount: Option<String>,
    /// In whole units with the symbol.
    pub formatted_amount: Option<String>,
    /// In US dollars, as it was when it was let pass; `null` where it is not known.
    #[schema(value_type = Option<f64>)]
    pub amount_usd: Option<crate::Decimal>,
    /// On which network.
    pub network: Option<String>,
    /// On its chain.
    pub tx_hash: Option<String>,
    /// `ethereum` or `solana`.
    pub chain: String,
    /// Unix seconds.
    pub created_at: Option<u64>,
    /// Why it stands or failed.
    pub error: Option<String>,
}

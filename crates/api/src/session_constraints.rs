//! What a session is limited to, besides the policies of its wallets.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Decimal;

/// Limits of one session. They hold besides the policies, and loosen none of them; what is absent is
/// not limited by the session.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SessionConstraints {
    /// `agent` (as if absent), or `viewer` or `auditor`, which only read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Types of transactions that it may ask for, such as `TRANSFER`. What the bytes do counts too: a
    /// call that moves a token needs `TOKEN_TRANSFER`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_operations: Option<Vec<String>>,
    /// Networks by name or CAIP-2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_networks: Option<Vec<String>>,
    /// Addresses that may get something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_recipients: Option<Vec<String>>,
    /// What it may spend, asset by asset, the network's fee with the native coin. An asset that is not
    /// listed may not be spent at all.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "crate::object::optional_list"
    )]
    pub limits: Option<Vec<AssetConstraint>>,
    /// US dollars that one transaction may be worth, with its fee.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    pub per_transaction_usd: Option<Decimal>,
    /// US dollars that all its transactions may be worth together, with their fees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    pub total_usd: Option<Decimal>,
    /// How many transactions and signatures it may have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_transactions: Option<u64>,
}

/// How much of one asset a session may spend; at least one of the two amounts is given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AssetConstraint {
    /// The network by name or CAIP-2.
    pub network: String,
    /// `native`, or the token's contract or mint.
    pub asset: String,
    /// Base units in one transaction, decimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_transaction: Option<String>,
    /// Base units in the session's whole life, decimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<String>,
}

//! `/v1/wallet`: what an agent asks about its wallet.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::Decimal;

/// Where to send something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WalletAddress {
    /// The wallet.
    pub wallet_id: Uuid,
    /// `ethereum` or `solana`.
    pub chain: String,
    /// The network that is meant where none is named.
    pub network: String,
    /// `mainnet` or `testnet`.
    pub environment: String,
    /// Its address.
    pub address: String,
}

/// How much of the native coin there is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WalletBalance {
    /// The wallet.
    pub wallet_id: Uuid,
    /// `ethereum` or `solana`.
    pub chain: String,
    /// The network's name.
    pub network: String,
    /// The wallet's address.
    pub address: String,
    /// In base units.
    pub balance: String,
    /// Decimals of the coin.
    pub decimals: u8,
    /// Such as `SOL`.
    pub symbol: String,
    /// In whole units.
    pub balance_formatted: String,
    /// What it is worth in `displayCurrency`; `null` where that is not known.
    #[serde(default)]
    pub display_balance: Option<String>,
    /// Such as `USD`; `null` where nothing is shown in it.
    #[serde(default)]
    pub display_currency: Option<String>,
    /// Why nobody knows what it is worth: it is never taken for nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worth_unknown: Option<String>,
    /// CAIP-2.
    pub chain_id: String,
}

/// How much of the native coin there is on each network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AllBalances {
    /// The wallet.
    pub wallet_id: Uuid,
    /// `ethereum` or `solana`.
    pub chain: String,
    /// `mainnet` or `testnet`.
    pub environment: String,
    /// A line for each network of the wallet.
    pub balances: Vec<NetworkBalance>,
}

/// How much there is on one network, or why that is not known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NetworkBalance {
    /// The network's name.
    pub network: String,
    /// In base units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub balance: Option<String>,
    /// Decimals of the coin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decimals: Option<u8>,
    /// Such as `ETH`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub symbol: Option<String>,
    /// What it is worth in `displayCurrency`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_balance: Option<String>,
    /// Such as `USD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_currency: Option<String>,
    /// Why nobody knows what it is worth: it is never taken for nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worth_unknown: Option<String>,
    /// Why the balance is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// What the wallet holds on a network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WalletAssets {
    /// The wallet.
    pub wallet_id: Uuid,
    /// `ethereum` or `solana`.
    pub chain: String,
    /// The network's name.
    pub network: String,
    /// The native coin first.
    pub assets: Vec<AssetBalance>,
    /// Of `displayValue`, such as `USD`.
    #[serde(default)]
    pub display_currency: Option<String>,
    /// CAIP-2.
    pub chain_id: String,
}

/// What the wallet holds of one asset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AssetBalance {
    /// Contract or mint; `native` for the native coin.
    pub mint: String,
    /// Such as `USDC`.
    pub symbol: String,
    /// Such as `USD Coin`.
    pub name: String,
    /// In base units.
    pub balance: String,
    /// Decimals of one unit.
    pub decimals: u8,
    /// Whether it is the native coin.
    pub is_native: bool,
    /// In whole units.
    pub balance_formatted: String,
    /// What it is worth in US dollars; absent where that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    pub usd_value: Option<Decimal>,
    /// The same in the currency that is shown; `null` where that is not known.
    #[serde(default)]
    pub display_value: Option<String>,
    /// Why nobody knows what it is worth: it is never taken for nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worth_unknown: Option<String>,
    /// CAIP-19.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asset_id: Option<String>,
}

/// What the wallet holds on each network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AllAssets {
    /// The wallet.
    pub wallet_id: Uuid,
    /// `ethereum` or `solana`.
    pub chain: String,
    /// `mainnet` or `testnet`.
    pub environment: String,
    /// A line for each network of the wallet.
    pub network_assets: Vec<NetworkAssets>,
    /// Of `displayValue`, such as `USD`.
    #[serde(default)]
    pub display_currency: Option<String>,
}

/// What the wallet holds on one network, or why that is not known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NetworkAssets {
    /// The network's name.
    pub network: String,
    /// The native coin first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assets: Option<Vec<AssetBalance>>,
    /// Why the assets are not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

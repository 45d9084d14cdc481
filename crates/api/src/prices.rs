//! `/v1/admin/oracle-status`, `/v1/admin/forex/rates` and `/v1/admin/prices`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Decimal;

/// How the sources of prices are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OracleStatus {
    /// How what is kept was used since the start.
    pub cache: PriceCache,
    /// Who is asked.
    pub sources: PriceSources,
    /// How sources are compared.
    pub cross_validation: CrossValidation,
}

/// How prices that are kept were used since the start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PriceCache {
    /// Prices that were there.
    pub hits: u64,
    /// Prices that had to be asked for.
    pub misses: u64,
    /// Older prices that were used, or refused as too old, because no source had a new one.
    pub stale_hits: u64,
    /// Assets that are kept.
    pub size: u64,
    /// Assets that made room for others.
    pub evictions: u64,
}

/// Who is asked for prices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PriceSources {
    /// Feeds on EVM networks.
    pub chainlink: PriceSource,
    /// Hermes.
    pub pyth: PriceSource,
    /// CoinGecko.
    pub coingecko: PriceSource,
}

/// One source of prices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PriceSource {
    /// `off` by the settings, `resting` after a failure, or `ready`.
    pub state: String,
    /// Whether it is ready.
    pub available: bool,
    /// Scheme, host and port; empty where it is off, or has none.
    pub base_url: String,
    /// Whether there is a key for it.
    pub api_key_configured: bool,
}

/// How sources are compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CrossValidation {
    /// Whether two or more sources are on.
    pub enabled: bool,
    /// How far apart they may be, in percent of the lowest.
    pub threshold: u32,
}

/// What a dollar is in other currencies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ForexRates {
    /// By code; what is not known is left out.
    pub rates: BTreeMap<String, ForexRate>,
}

/// What a dollar is in another currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ForexRate {
    /// Units for one dollar.
    #[schema(value_type = f64)]
    pub rate: Decimal,
    /// The same in words.
    pub preview: String,
}

/// What one unit of an asset is worth.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AssetPrice {
    /// The network's name.
    pub network: String,
    /// `native`, or contract or mint.
    pub asset: String,
    /// In US dollars; `null` where there is no price that can be believed.
    #[schema(value_type = Option<f64>)]
    pub price: Option<Decimal>,
    /// Why there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown: Option<String>,
    /// How old it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_seconds: Option<u64>,
    /// Until when it may be used, in Unix seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub good_until: Option<u64>,
    /// What each source said that knows the asset.
    pub sources: Vec<QuotedPrice>,
}

/// What a source said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct QuotedPrice {
    /// `chainlink`, `coingecko` or `pyth`.
    pub source: String,
    /// In US dollars.
    #[schema(value_type = Option<f64>)]
    pub price: Option<Decimal>,
    /// On both sides of the price, in US dollars; only Pyth says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    pub confidence: Option<Decimal>,
    /// How old it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_seconds: Option<u64>,
    /// Why it is not used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

//! Transfers of coins, tokens and collectibles, and leave to take them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::GasCondition;

/// A transfer of the native coin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Transfer {
    /// `TRANSFER`; may be left out.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    #[schema(example = "TRANSFER")]
    pub kind: Option<String>,
    /// Who gets it.
    pub to: String,
    /// In base units. Either this or `humanAmount`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = r"^\d+$")]
    pub amount: Option<String>,
    /// In whole units, such as `0.5`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub human_amount: Option<String>,
    /// At most 256 bytes, for the record on the chain where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memo: Option<String>,
    /// Name or CAIP-2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
    /// Which wallet; may be left out by a session of one wallet.
    #[serde(default, alias = "wallet_id", skip_serializing_if = "Option::is_none")]
    pub wallet_id: Option<String>,
    /// Prices of gas that are waited for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gas_condition: Option<GasCondition>,
}

/// A transfer of a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TokenTransfer {
    /// `TOKEN_TRANSFER`.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    #[schema(example = "TOKEN_TRANSFER")]
    pub kind: Option<String>,
    /// Who gets it.
    pub to: String,
    /// In base units. Either this or `humanAmount`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = r"^\d+$")]
    pub amount: Option<String>,
    /// In whole units, such as `0.5`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub human_amount: Option<String>,
    /// Which token.
    pub token: TokenReference,
    /// At most 256 bytes, for the record on the chain where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memo: Option<String>,
    /// Name or CAIP-2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
    /// Which wallet; may be left out by a session of one wallet.
    #[serde(default, alias = "wallet_id", skip_serializing_if = "Option::is_none")]
    pub wallet_id: Option<String>,
    /// Prices of gas that are waited for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gas_condition: Option<GasCondition>,
}

/// Which token. Decimals and symbol are only compared: the chain or the registry says what they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TokenReference {
    /// Contract or mint. Either this or `assetId`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// What the caller believes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(maximum = 18)]
    pub decimals: Option<u8>,
    /// What the caller believes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub symbol: Option<String>,
    /// CAIP-19.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asset_id: Option<String>,
}

/// Somebody may take tokens, or a collectible, later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ApproveSpender {
    /// `APPROVE`.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    #[schema(example = "APPROVE")]
    pub kind: Option<String>,
    /// Who may take them.
    pub spender: String,
    /// Which token, or which contract keeps the collectible.
    pub token: TokenReference,
    /// In base units; nothing takes an allowance back. Either this or `humanAmount`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = r"^\d+$")]
    pub amount: Option<String>,
    /// In whole units, such as `0.5`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub human_amount: Option<String>,
    /// A collectible in place of an amount.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nft: Option<NftItem>,
    /// Name or CAIP-2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
    /// Which wallet; may be left out by a session of one wallet.
    #[serde(default, alias = "wallet_id", skip_serializing_if = "Option::is_none")]
    pub wallet_id: Option<String>,
    /// Prices of gas that are waited for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gas_condition: Option<GasCondition>,
}

/// A collectible of the contract in `token`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NftItem {
    /// Which one, in decimal digits; by `ERC-1155` all of the contract are meant.
    pub token_id: String,
    /// `ERC-721`, `ERC-1155` or `METAPLEX`.
    pub standard: String,
}

/// A transfer of a collectible.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NftTransfer {
    /// `NFT_TRANSFER`.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    #[schema(example = "NFT_TRANSFER")]
    pub kind: Option<String>,
    /// Who gets it.
    pub to: String,
    /// Which one.
    pub token: NftReference,
    /// How many of it, for `ERC-1155`; one if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = r"^\d+$")]
    pub amount: Option<String>,
    /// Name or CAIP-2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
    /// Which wallet; may be left out by a session of one wallet.
    #[serde(default, alias = "wallet_id", skip_serializing_if = "Option::is_none")]
    pub wallet_id: Option<String>,
    /// Prices of gas that are waited for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gas_condition: Option<GasCondition>,
}

/// Which collectible.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NftReference {
    /// The contract, or the mint.
    pub address: String,
    /// Which one, in decimal digits; of `METAPLEX` the mint again, or 0.
    pub token_id: String,
    /// `ERC-721`, `ERC-1155` or `METAPLEX`; `erc721` and the like too.
    pub standard: String,
    /// CAIP-19; must say the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asset_id: Option<String>,
}

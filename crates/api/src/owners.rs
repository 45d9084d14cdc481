//! What owners sign to say who they are, and `/v1/wallets/{id}/owner`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::WalletDetail;

/// What an owner wants to sign.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WriteOwnerMessage {
    /// Who signs it: an EVM or a Solana address.
    pub address: String,
    /// `verify`, `replace` or `remove` (an owner), `reject` or `cancel` (a transaction), `revoke` (a
    /// session), `sessions` (to see them), `kill-switch` or `escalate`.
    pub action: String,
    /// The wallet, transaction or session that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Uuid>,
    /// `replace`: the new owner's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_owner: Option<String>,
    /// Which network the message names; one of the wallet's if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
}

/// A message that an owner can sign: of EIP-4361 for an EVM address, of Sign-In-With-Solana for a
/// Solana address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OwnerMessage {
    /// The text that is signed, by `personal_sign` or `signMessage`.
    pub message: String,
    /// The same in base64, as `X-Owner-Message` takes it.
    pub header: String,
    /// The sentence in it that says what is wanted.
    pub statement: String,
    /// Sixty-four hexadecimal digits that are used once.
    pub nonce: String,
    /// Unix seconds.
    pub expires_at: u64,
}

/// Who shall own a wallet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetOwner {
    /// An address with a key, on the wallet's kind of chain.
    #[serde(alias = "ownerAddress")]
    pub owner_address: String,
    /// How the owner likes to approve: `sdk_push`, `sdk_telegram`, `walletconnect`, `telegram_bot` or
    /// `rest`.
    #[serde(default, alias = "approvalMethod", skip_serializing_if = "Option::is_none")]
    pub approval_method: Option<String>,
    /// Which program the owner approves with: `dcent`.
    #[serde(default, alias = "walletType", skip_serializing_if = "Option::is_none")]
    pub wallet_type: Option<String>,
}

/// A wallet whose owner was set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OwnerSet {
    /// The wallet.
    #[serde(flatten)]
    pub wallet: WalletDetail,
    /// What an operator has to know or do.
    pub warning: Option<String>,
}

/// How firmly a wallet is its owner's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OwnerVerified {
    /// `NONE`, `GRACE` or `LOCKED`.
    pub owner_state: String,
    /// Who owns it.
    pub owner_address: Option<String>,
    /// Whether the owner has proved to hold the key.
    pub owner_verified: bool,
}

//! `/v1/wallets`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A wallet to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateWallet {
    /// 1 to 100 characters.
    pub name: String,
    /// `ethereum` or `solana` (as if absent).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain: Option<String>,
    /// `mainnet` (as if absent) or `testnet`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Whether to open a session for it, too; as if `true` where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub create_session: Option<bool>,
    /// Only `eoa`, an account with a key of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_type: Option<String>,
}

/// A wallet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Wallet {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// `ethereum` or `solana`.
    pub chain: String,
    /// The network that is meant where none is named.
    pub network: String,
    /// `mainnet` or `testnet`.
    pub environment: String,
    /// Its address.
    pub public_key: String,
    /// `CREATING`, `ACTIVE`, `SUSPENDED`, `TERMINATING` or `TERMINATED`.
    pub status: String,
    /// Who approves; nobody yet if `null`.
    pub owner_address: Option<String>,
    /// `NONE`, `GRACE` or `LOCKED`.
    pub owner_state: String,
    /// Whether incoming payments are watched.
    pub monitor_incoming: bool,
    /// `eoa`.
    pub account_type: String,
    /// The key behind a smart account; `null`.
    pub signer_key: Option<String>,
    /// Whether the account exists on its chain; an `eoa` always does.
    pub deployed: bool,
    /// Unix seconds.
    pub created_at: u64,
}

/// All wallets that the caller may see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WalletList {
    /// Oldest first.
    pub items: Vec<Wallet>,
}

/// A wallet was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreatedWallet {
    /// The wallet.
    #[serde(flatten)]
    pub wallet: Wallet,
    /// Its first session, if one was asked for.
    pub session: Option<FirstSession>,
}

/// The session that was opened with a wallet. The token is told once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FirstSession {
    /// Its id.
    pub id: Uuid,
    /// `wai_sess_` and a JWT.
    pub token: String,
    /// Unix seconds; 0 for no end.
    pub expires_at: u64,
}

/// Everything about a wallet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WalletDetail {
    /// What a list says of it.
    #[serde(flatten)]
    pub wallet: Wallet,
    /// Whether the owner has proved to hold the key; `null` without an owner.
    pub owner_verified: Option<bool>,
    /// How the owner approves.
    pub approval_method: Option<String>,
    /// Which program the owner approves with.
    pub wallet_type: Option<String>,
    /// Unix seconds.
    pub suspended_at: Option<u64>,
    /// Why it is suspended.
    pub suspension_reason: Option<String>,
    /// Unix seconds.
    pub updated_at: Option<u64>,
}

/// A new name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RenameWallet {
    /// 1 to 100 characters.
    pub name: String,
}

/// Where a wallet can be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WalletNetworks {
    /// The wallet.
    pub id: Uuid,
    /// `ethereum` or `solana`.
    pub chain: String,
    /// `mainnet` or `testnet`.
    pub environment: String,
    /// Its networks.
    pub available_networks: Vec<AvailableNetwork>,
    /// The same again: clients differ in which of the two they read.
    pub networks: Vec<AvailableNetwork>,
}

/// A network of a wallet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AvailableNetwork {
    /// Its name.
    pub network: String,
    /// CAIP-2.
    pub chain_id: String,
    /// Of its native coin.
    pub native_symbol: String,
    /// Whether it is meant where none is named.
    pub is_default: bool,
}

/// A wallet that is not to be used for now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SuspendWallet {
    /// Why; at most 256 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A wallet is not used for now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WalletSuspended {
    /// Its id.
    pub id: Uuid,
    /// `SUSPENDED`.
    pub status: String,
    /// Unix seconds.
    pub suspended_at: u64,
    /// Why.
    pub suspension_reason: String,
}

/// A wallet is used again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WalletResumed {
    /// Its id.
    pub id: Uuid,
    /// `ACTIVE`.
    pub status: String,
}

/// What of a wallet goes to its owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Withdrawal {
    /// How many assets there are.
    pub total: usize,
    /// How many have left, or wait to.
    pub succeeded: usize,
    /// How many do not leave.
    pub failed: usize,
    /// One each.
    pub results: Vec<WithdrawalResult>,
}

/// One asset that goes to a wallet's owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WithdrawalResult {
    /// The network's name.
    pub network: String,
    /// `native`, or the token's address.
    pub asset: String,
    /// In base units; 0 where what the wallet holds is not known.
    pub amount: String,
    /// What the network calls the payment, once it is signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tx_hash: Option<String>,
    /// Why it does not leave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// `success` where it has left, or waits: for a delay, or for the owner; or `failed`.
    pub status: String,
    /// The payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction_id: Option<Uuid>,
    /// Where the payment stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction_status: Option<String>,
}

/// A wallet was deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WalletPurged {
    /// Its id.
    pub id: Uuid,
    /// `PURGED`.
    pub status: String,
}

/// A wallet is not used any more. Its key stays with the signer until an operator destroys it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WalletTerminated {
    /// Its id.
    pub id: Uuid,
    /// `TERMINATED`; or `TERMINATING` until what it holds has reached its owner.
    pub status: String,
    /// What of it goes to its owner, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub swept: Option<Withdrawal>,
}

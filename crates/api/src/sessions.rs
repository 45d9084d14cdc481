//! `/v1/sessions`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::SessionConstraints;

/// A session to be opened, for `walletId`, `walletIds`, or both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateSession {
    /// For one wallet.
    #[serde(default, alias = "wallet_id", skip_serializing_if = "Option::is_none")]
    pub wallet_id: Option<Uuid>,
    /// For several; the first is the session's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wallet_ids: Option<Vec<Uuid>>,
    /// Seconds; without end if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 300, maximum = 31_536_000)]
    pub ttl: Option<u64>,
    /// How often it can be renewed; 0 or absent: as often as it likes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_renewals: Option<u32>,
    /// Seconds after which no renewal helps; 0 or absent: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub absolute_lifetime: Option<u64>,
    /// Limits of this session alone, besides the policies of its wallets.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "crate::object::optional"
    )]
    pub constraints: Option<SessionConstraints>,
    /// `api` (as if absent) or `mcp`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// A wallet by id and name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WalletName {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
}

/// A session was opened. The token is told once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionCreated {
    /// Its id.
    pub id: Uuid,
    /// `wai_sess_` and a JWT.
    pub token: String,
    /// Unix seconds; 0 for no end.
    pub expires_at: u64,
    /// Its first wallet.
    pub wallet_id: Uuid,
    /// All its wallets.
    pub wallets: Vec<WalletName>,
}

/// A session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionItem {
    /// Its id.
    pub id: Uuid,
    /// Its first wallet.
    pub wallet_id: Uuid,
    /// That wallet's name.
    pub wallet_name: Option<String>,
    /// All its wallets.
    pub wallets: Vec<WalletName>,
    /// `ACTIVE`, `EXPIRED` or `REVOKED`.
    pub status: String,
    /// How often it was renewed.
    pub renewal_count: u32,
    /// How often it can be; 0 for no limit.
    pub max_renewals: u32,
    /// Unix seconds; 0 for no end.
    pub expires_at: u64,
    /// Unix seconds after which no renewal helps; 0 for never.
    pub absolute_expires_at: u64,
    /// Unix seconds.
    pub created_at: u64,
    /// Unix seconds.
    pub last_renewed_at: Option<u64>,
    /// `api` or `mcp`.
    pub source: String,
    /// What it is limited to, besides the policies; empty for nothing.
    #[serde(default)]
    pub constraints: SessionConstraints,
}

/// Some of the sessions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionPage {
    /// Newest first.
    pub data: Vec<SessionItem>,
    /// How many there are.
    pub total: u64,
    /// How many were asked for.
    pub limit: u64,
    /// How many were left out before.
    pub offset: u64,
}

/// A session is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionRevoked {
    /// Its id.
    pub id: Uuid,
    /// `REVOKED`.
    pub status: String,
    /// Said when it was over before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// A session goes on with another token; the old one is dead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionRenewed {
    /// Its id.
    pub id: Uuid,
    /// The new token.
    pub token: String,
    /// Unix seconds; 0 for no end.
    pub expires_at: u64,
    /// How often it was renewed.
    pub renewal_count: u32,
    /// How often it can be; 0 for no limit.
    pub max_renewals: u32,
}

/// A session has another token; the old one is dead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionRotated {
    /// Its id.
    pub id: Uuid,
    /// The new token.
    pub token: String,
    /// Unix seconds; 0 for no end.
    pub expires_at: u64,
    /// How many tokens it has had.
    pub token_issued_count: u32,
}

/// A session has another token; the old one is dead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionReissued {
    /// The new token.
    pub token: String,
    /// The session.
    pub session_id: Uuid,
    /// How many tokens it has had.
    pub token_issued_count: u32,
    /// Unix seconds; 0 for no end.
    pub expires_at: u64,
}

/// A wallet that a session may use from now on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AddSessionWallet {
    /// Which one.
    #[serde(alias = "wallet_id")]
    pub wallet_id: Uuid,
}

/// A session may use another wallet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionWalletAdded {
    /// The session.
    pub session_id: Uuid,
    /// The wallet.
    pub wallet_id: Uuid,
    /// Unix seconds.
    pub created_at: u64,
}

/// A session's wallets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionWallets {
    /// In the order in which they were added.
    pub wallets: Vec<SessionWallet>,
}

/// A wallet of a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionWallet {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// `ethereum` or `solana`.
    pub chain: String,
    /// Unix seconds, of the link between the two.
    pub created_at: u64,
}

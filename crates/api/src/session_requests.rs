//! `/v1/sessions/requests`: an agent asks for a session, somebody grants it, the agent collects it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{SessionConstraints, WalletName};

/// A session that an agent asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RequestSession {
    /// What the agent is called: 1 to 64 letters, digits, spaces, dots, hyphens and underscores.
    pub agent: String,
    /// The wallets that it wants to use.
    pub wallet_ids: Vec<Uuid>,
    /// Seconds from now on that the token is valid; without end if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 300, maximum = 31_536_000)]
    pub ttl: Option<u64>,
    /// How often it can be renewed; 0 or absent: as often as it likes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_renewals: Option<u32>,
    /// Seconds from now on after which no renewal helps; 0 or absent: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub absolute_lifetime: Option<u64>,
    /// What it shall be limited to.
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

/// A session was asked for. The secret is told once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionRequested {
    /// The request's id, for those who decide.
    pub id: Uuid,
    /// What the agent collects the token with.
    pub secret: String,
    /// The sentence that the owner signs.
    pub statement: String,
    /// Unix seconds until which it can be decided.
    pub expires_at: u64,
    /// Where the owner reads it and decides, in a browser of this machine, such as
    /// `http://127.0.0.1:3100/sessions#…`. Who has it may read this, and do nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
}

/// A request for a session, as those who decide see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionRequest {
    /// Its id.
    pub id: Uuid,
    /// What the agent calls itself; nobody has checked it.
    pub agent: String,
    /// `PENDING`, `GRANTED`, `COLLECTED`, `REJECTED` or `EXPIRED`.
    pub status: String,
    /// The wallets that it wants to use.
    pub wallets: Vec<WalletName>,
    /// Unix seconds until which the token is valid; 0 for no end.
    pub session_expires_at: u64,
    /// Unix seconds after which no renewal helps; 0 for never.
    pub absolute_expires_at: u64,
    /// How often it can be renewed; 0 for no limit.
    pub max_renewals: u32,
    /// What it is limited to.
    pub constraints: SessionConstraints,
    /// All of it in the sentence that the owner signs.
    pub statement: String,
    /// Unix seconds.
    pub created_at: u64,
    /// Unix seconds until which it can be decided, or collected once it was granted.
    pub expires_at: u64,
    /// The session, once it was collected.
    pub session_id: Option<Uuid>,
    /// Where the owner reads it and decides, for operators: see [`SessionRequested::page`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
}

/// A request for a session, as its owner's link shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LinkedSessionRequest {
    /// What is asked for, and where that stands.
    pub request: SessionRequest,
    /// The wallets that it is about.
    pub wallets: Vec<LinkedWallet>,
    /// The limits of its constraints in the same order, as people read them.
    pub limits: Vec<LinkedLimit>,
    /// Who can decide by a signature: the verified owner of all its wallets. `null` where there is
    /// none, and operators decide alone.
    pub owner: Option<String>,
    /// `ACTIVE`, `EXPIRED` or `REVOKED`: of the session, once it was collected.
    pub session_status: Option<String>,
    /// The gateway's time, Unix seconds.
    pub now: u64,
}

/// A wallet that an agent wants to use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LinkedWallet {
    /// Its id.
    pub id: Uuid,
    /// People's name for it.
    pub name: String,
    /// What it is known by on its chain.
    pub address: String,
    /// `ethereum` or `solana`.
    pub chain: String,
    /// `mainnet` or `testnet`: whether its coins are of worth.
    pub environment: String,
}

/// What a session may spend of one asset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LinkedLimit {
    /// The network's name.
    pub network: String,
    /// The token's contract or mint; `null` for the network's coin.
    pub token: Option<String>,
    /// Such as `ETH`; `null` where nobody says.
    pub symbol: Option<String>,
    /// Base units at once.
    pub per_transaction: Option<String>,
    /// The same in whole coins, where the decimals are known.
    pub per_transaction_formatted: Option<String>,
    /// Base units in all.
    pub total: Option<String>,
    /// The same in whole coins, where the decimals are known.
    pub total_formatted: Option<String>,
}

/// The requests that wait for somebody to decide, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionRequestList {
    /// All of them.
    pub requests: Vec<SessionRequest>,
}

/// Who wants to sign for a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WriteGrantMessage {
    /// The owner's address.
    pub address: String,
    /// `approve` (as if absent) or `reject`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<String>,
}

/// A request was decided about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionRequestDecided {
    /// Its id.
    pub id: Uuid,
    /// `GRANTED` or `REJECTED`.
    pub status: String,
}

/// What the agent proves to be the one who asked with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CollectSession {
    /// As it was told when the session was asked for.
    pub secret: String,
}

/// What became of a request. The token is told once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionCollected {
    /// `PENDING`: ask again. `COLLECTED`: here is the token.
    pub status: String,
    /// The session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<Uuid>,
    /// Its token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Unix seconds; 0 for no end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<u64>,
    /// The session's wallets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub wallets: Vec<WalletName>,
}

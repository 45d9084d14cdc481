//! What a client asks first: is anybody there, and what may I do.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{Policy, SessionConstraints};

/// The gateway answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// `ok`.
    pub status: String,
    /// Of the program.
    pub version: String,
    /// Newest version that is known of; there is no look-up, so `null`.
    pub latest_version: Option<String>,
    /// Whether a newer version is known of.
    pub update_available: bool,
    /// Of the database.
    pub schema_version: u32,
    /// Seconds since the start.
    pub uptime: u64,
    /// Now.
    pub timestamp: u64,
}

/// Something that an owner signs, once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Nonce {
    /// 64 hexadecimal digits.
    pub nonce: String,
    /// Unix seconds.
    pub expires_at: u64,
}

/// What a session may do, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConnectInfo {
    /// Which session asks.
    pub session: ConnectedSession,
    /// Its wallets.
    pub wallets: Vec<ConnectedWallet>,
    /// The policies that bind each wallet, by wallet id.
    pub policies: BTreeMap<String, Vec<Policy>>,
    /// What can be asked: `transfer`, `token_transfer`, `sign`.
    pub capabilities: Vec<String>,
    /// What is refused unless a policy lists it.
    pub default_deny: DefaultDeny,
    /// Who answers.
    pub daemon: Daemon,
    /// CAIP-2 identifiers of the networks on which the session's wallets can be used.
    pub supported_chain_ids: Vec<String>,
    /// The same in words, for a language model.
    pub prompt: String,
}

/// The session that asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConnectedSession {
    /// Its id.
    pub id: Uuid,
    /// Unix seconds; 0 for no end.
    pub expires_at: u64,
    /// `api` or `mcp`.
    pub source: String,
    /// What it is limited to, besides the policies; empty for nothing.
    #[serde(default)]
    pub constraints: SessionConstraints,
}

/// A wallet of the session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConnectedWallet {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// `ethereum` or `solana`.
    pub chain: String,
    /// `mainnet` or `testnet`.
    pub environment: String,
    /// Its address.
    pub address: String,
    /// `NONE`, `GRACE` or `LOCKED`.
    pub owner_state: String,
    /// Names of its networks.
    pub available_networks: Vec<String>,
}

/// What is refused unless a policy lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "the contract's shape")]
pub struct DefaultDeny {
    /// Transfers of tokens.
    pub token_transfers: bool,
    /// Calls of contracts.
    pub contract_calls: bool,
    /// Allowances.
    pub token_approvals: bool,
    /// Payments to HTTP servers.
    pub x402_domains: bool,
}

/// Who answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Daemon {
    /// Of the program.
    pub version: String,
    /// Where it listens.
    pub base_url: String,
}

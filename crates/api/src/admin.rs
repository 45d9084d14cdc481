//! `/v1/admin`: what only the master asks.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How the gateway is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AdminStatus {
    /// `running`.
    pub status: String,
    /// Of the program.
    pub version: String,
    /// Newest version that is known of; there is no look-up, so `null`.
    pub latest_version: Option<String>,
    /// Whether a newer version is known of.
    pub update_available: bool,
    /// Seconds since the start.
    pub uptime: u64,
    /// Wallets that are not terminated.
    pub wallet_count: u64,
    /// Sessions that are neither revoked nor expired.
    pub active_session_count: u64,
    /// `ACTIVE`, `SUSPENDED` or `LOCKED`: the stricter of the kill switch and of the signer's latch.
    pub kill_switch_state: String,
    /// Seconds after which an operator interface logs out.
    pub admin_timeout: u64,
    /// Now.
    pub timestamp: u64,
    /// Policies, disabled ones too.
    pub policy_count: u64,
    /// Transactions of the last 24 hours.
    pub recent_tx_count: u64,
    /// Those of them that failed.
    pub failed_tx_count: u64,
    /// Whether nobody has set a master password yet.
    pub auto_provisioned: bool,
    /// The newest transactions.
    pub recent_transactions: Vec<RecentTransaction>,
    /// How the signer is: `open`, `locked`, `uninitialised` or `unreachable`.
    pub signer: String,
    /// What confines the gateway, a word a layer: `landlock_partial` on a kernel that has a part of
    /// it, and no word for what the kernel does not have.
    #[serde(default)]
    pub sandbox: Vec<String>,
}

/// A transaction in the status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecentTransaction {
    /// Its id.
    pub id: String,
    /// Whose.
    pub wallet_id: String,
    /// The wallet's name, if the wallet still has a row.
    pub wallet_name: Option<String>,
    /// Such as `TRANSFER`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Such as `CONFIRMED`.
    pub status: String,
    /// Who gets it.
    pub to_address: Option<String>,
    /// In base units.
    pub amount: Option<String>,
    /// In whole units with the symbol.
    pub formatted_amount: Option<String>,
    /// In US dollars; `null` without a price.
    #[schema(value_type = Option<f64>)]
    pub amount_usd: Option<crate::Decimal>,
    /// On which network.
    pub network: Option<String>,
    /// On its chain.
    pub tx_hash: Option<String>,
    /// Unix seconds.
    pub created_at: Option<u64>,
}

/// A new master password.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangeMasterPassword {
    /// At least twelve characters.
    #[schema(min_length = 12)]
    pub new_password: String,
}

/// The master password was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MasterPasswordChanged {
    /// What happened.
    pub message: String,
    /// Always 0: no key is encrypted with this password.
    pub wallets_re_encrypted: u64,
    /// Always 0: no setting is encrypted with this password.
    pub settings_re_encrypted: u64,
}

/// Session tokens are made with another secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretRotated {
    /// Unix seconds.
    pub rotated_at: u64,
    /// What happened, and how long tokens of the old secret are taken.
    pub message: String,
}

/// The database of a backup is the gateway's now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DatabaseTakenOver {
    /// Whether it was before, so that nothing was changed.
    pub already: bool,
}

/// The gateway ends as soon as what it is doing is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ShuttingDown {
    /// What happens.
    pub message: String,
}

impl std::fmt::Debug for ChangeMasterPassword {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("ChangeMasterPassword")
    }
}

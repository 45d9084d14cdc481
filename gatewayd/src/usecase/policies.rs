//! Policies: written, read, changed, deleted. What they mean is `policy`'s.

use primitives::WalletId;
use serde_json::Value;

use crate::app::App;
use crate::networks::Networks;
use crate::policy::{self, RulesError};
use crate::session::{Caller, Master};
use crate::store::audit::{Actor, AuditEntry};
use crate::store::policies::StoredPolicy;
use crate::store::sessions::Page;
use crate::store::{PolicyId, StoreError};

/// The longest rules, as JSON.
const MAX_RULES: usize = 64 << 10;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct NewPolicy {
    /// Whom it binds; every wallet if `None`.
    pub wallet: Option<WalletId>,
    /// On which network, by name or CAIP-2; on every one if `None`.
    pub network: Option<String>,
    /// Its type.
    pub kind: String,
    /// What it says.
    pub rules: Value,
    /// Among policies of one scope the highest counts.
    pub priority: i64,
    /// Whether it counts at all.
    pub enabled: bool,
}

/// What is to be changed; `None` stays.
#[derive(Clone, Debug)]
pub struct PolicyChange {
    /// New rules, as a whole.
    pub rules: Option<Value>,
    /// A new priority.
    pub priority: Option<i64>,
    /// Whether it counts.
    pub enabled: Option<bool>,
}

/// Why a policy is not what was asked for.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// There is no such policy.
    #[error("there is no policy {0}")]
    Unknown(PolicyId),
    /// There is no such wallet.
    #[error("there is no wallet {0}")]
    UnknownWallet(WalletId),
    /// An agent sees the policies of its own wallets only.
    #[error("this session may not use wallet {0}")]
    AccessDenied(WalletId),
    /// There is no such network.
    #[error("unknown network {0:?}")]
    UnknownNetwork(String),
    /// The rules cannot be read.
    #[error(transparent)]
    Rules(#[from] RulesError),
    /// The rules are endless.
    #[error("the rules are longer than {MAX_RULES} bytes")]
    TooLong,
    /// The database fails.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Writes a policy, as `_master` asks.
///
/// # Errors
/// When the type is unknown, the rules are not what it wants, or the wallet or network is unknown.
pub async fn create_policy(
    app: &App,
    _master: &Master,
    new: NewPolicy,
) -> Result<StoredPolicy, PolicyError> {
    check(&app.networks, &new.kind, &new.rules)?;
    let network = new.network.map(|given| {
        let network = app.networks.find(&given).map(|network| network.chain_id);
        network.ok_or(PolicyError::UnknownNetwork(given))
    });
    let now = app.clock.now();
    let policy = StoredPolicy {
        id: PolicyId::new(&app.clock),
        wallet: new.wallet,
        network: network.transpose()?,
        kind: new.kind,
        rules: new.rules,
        priority: new.priority,
        enabled: new.enabled,
        created_at: now,
        updated_at: now,
    };
    let kept = policy.clone();
    let write = app.store.write(move |db| {
        if let Some(id) = kept.wallet {
            db.wallet(id)?.ok_or(PolicyError::UnknownWallet(id))?;
        }
        db.insert_policy(&kept)?;
        Ok::<_, PolicyError>(db.audit(&entry("POLICY_CREATED", &kept))?)
    });
    write.await?;
    Ok(policy)
}

/// Policies that the caller may see, newest first, and how many there are: those that bind `wallet`,
/// or all for the master, and for an agent those that bind any of its wallets.
///
/// # Errors
/// When an agent may not use the wallet, or the database fails.
pub async fn list_policies(
    app: &App,
    caller: &Caller,
    wallet: Option<WalletId>,
    page: Page,
) -> Result<(Vec<StoredPolicy>, u64), PolicyError> {
    let wallets = match (caller, wallet) {
        (Caller::Agent(agent), Some(id)) if agent.wallet(id).is_none() => {
            return Err(PolicyError::AccessDenied(id));
        }
        (Caller::Owner(owner), Some(id)) if owner.wallet(id).is_none() => {
            return Err(PolicyError::AccessDenied(id));
        }
        (Caller::Agent(_) | Caller::Owner(_) | Caller::Master(_), Some(id)) => Some(vec![id]),
        (Caller::Agent(agent), None) => {
            Some(agent.wallets().iter().map(|wallet| wallet.id).collect())
        }
        (Caller::Owner(owner), None) => {
            Some(owner.wallets().iter().map(|wallet| wallet.id).collect())
        }
        (Caller::Master(_), None) => None,
    };
    let read = app.store.read(move |db| {
        let wallets = wallets.as_deref();
        Ok::<_, PolicyError>((db.policies(wallets, page)?, db.policy_count(wallets)?))
    });
    read.await
}

/// One policy.
///
/// # Errors
/// When there is no such policy.
pub async fn show_policy(
    app: &App,
    _master: &Master,
    id: PolicyId,
) -> Result<StoredPolicy, PolicyError> {
    let policy = app.store.read(move |db| db.policy(id)).await?;
    policy.ok_or(PolicyError::Unknown(id))
}

/// Changes a policy, as `_master` asks.
///
/// # Errors
/// When there is no such policy, or the rules are not what its type wants.
pub async fn change_policy(
    app: &App,
    _master: &Master,
    id: PolicyId,
    change: PolicyChange,
) -> Result<StoredPolicy, PolicyError> {
    let now = app.clock.now();
    let networks = app.networks.clone();
    let write = app.store.write(move |db| {
        let mut policy = db.policy(id)?.ok_or(PolicyError::Unknown(id))?;
        if let Some(rules) = change.rules {
            check(&networks, &policy.kind, &rules)?;
            policy.rules = rules;
        }
        policy.priority = change.priority.unwrap_or(policy.priority);
        policy.enabled = change.enabled.unwrap_or(policy.enabled);
        policy.updated_at = now;
        db.update_policy(&policy)?;
        db.audit(&entry("POLICY_CHANGED", &policy))?;
        Ok(policy)
    });
    write.await
}

/// Deletes a policy, as `_master` asks.
///
/// # Errors
/// When there is no such policy.
pub async fn delete_policy(app: &App, _master: &Master, id: PolicyId) -> Result<(), PolicyError> {
    let now = app.clock.now();
    let write = app.store.write(move |db| {
        let policy = db.policy(id)?.ok_or(PolicyError::Unknown(id))?;
        db.delete_policy(id)?;
        let deleted = StoredPolicy { updated_at: now, ..policy };
        Ok(db.audit(&entry("POLICY_DELETED", &deleted))?)
    });
    write.await
}

fn entry(event: &'static str, policy: &StoredPolicy) -> AuditEntry {
    let entry = AuditEntry::new(policy.updated_at, event, Actor::Operator);
    let entry = entry.detail("policyId", policy.id).detail("type", &policy.kind);
    let entry = entry.detail("rules", &policy.rules).detail("enabled", policy.enabled);
    AuditEntry { wallet: policy.wallet, ..entry }
}

/// Checks what is to be written.
pub(super) fn check(networks: &Networks, kind: &str, rules: &Value) -> Result<(), PolicyError> {
    if rules.to_string().len() > MAX_RULES {
        return Err(PolicyError::TooLong);
    }
    Ok(policy::check(kind, rules, |name| networks.find(name).is_some())?)
}

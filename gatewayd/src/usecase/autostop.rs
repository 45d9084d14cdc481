//! The rules that suspend wallets: list them, and change one while the program runs.

use serde_json::Value;

use crate::app::App;
use crate::autostop::{LimitError, Rule, RuleId};
use crate::session::Master;
use crate::store::StoreError;
use crate::store::audit::{Actor, AuditEntry, Severity};

/// What is changed of a rule; what is absent stays as it is.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Whether it counts.
    pub enabled: Option<bool>,
    /// From where on it fires.
    pub config: Option<Value>,
}

/// Why a rule is not changed.
#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    /// There is no wallet for it.
    #[error("there is no rule {0}: there is no such wallet")]
    Unknown(RuleId),
    /// The limit is none of that rule.
    #[error(transparent)]
    Limit(#[from] LimitError),
    /// The database fails.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Every rule, everybody's first.
///
/// # Errors
/// When the database fails.
pub async fn list_rules(app: &App, _master: &Master) -> Result<Vec<Rule>, StoreError> {
    let rules = app.store.read(|db| {
        let rules = db.autostop_rules()?;
        Ok(rules)
    });
    rules.await
}

/// Changes a rule; a wallet's own begins as everybody's is. What was before counts no more.
///
/// # Errors
/// When there is no such wallet, or the limit is not right.
pub async fn set_rule(
    app: &App,
    _master: &Master,
    id: RuleId,
    change: Change,
) -> Result<Rule, RuleError> {
    let limit = change.config.map(|config| id.kind.limit(&config)).transpose()?;
    let now = app.clock.now();
    let set = app.store.write(move |db| {
        if let Some(wallet) = id.wallet {
            db.wallet(wallet)?.ok_or(RuleError::Unknown(id))?;
        }
        let rules = db.autostop_rules()?;
        let everybody = RuleId { wallet: None, ..id };
        let found = rules.iter().find(|rule| rule.id == id);
        let before = found.or_else(|| rules.iter().find(|rule| rule.id == everybody));
        let before = before.ok_or(RuleError::Unknown(id))?;
        let rule = Rule {
            id,
            enabled: change.enabled.unwrap_or(before.enabled),
            limit: limit.unwrap_or(before.limit),
            changed_at: now,
        };
        db.keep_autostop_rule(&rule)?;
        let entry = AuditEntry::new(now, "AUTO_STOP_RULE_CHANGED", Actor::Operator);
        let entry = AuditEntry { wallet: id.wallet, severity: Severity::Warning, ..entry };
        let entry = entry.detail("rule", id).detail("enabled", rule.enabled);
        let config = serde_json::to_string(&rule.limit).unwrap_or_default();
        db.audit(&entry.detail("config", config))?;
        Ok(rule)
    });
    set.await
}

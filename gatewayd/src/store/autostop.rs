//! The table `autostop_rules`, and what the rules look at.

use primitives::WalletId;
use rusqlite::{Row, named_params, params};

use super::column::{json, optional_json, time, word};
use super::{Reading, StoreError, Writing};
use crate::autostop::{Kind, MOST_LOOKED_AT, Rule, RuleId};
use crate::clock::UnixSeconds;
use crate::tx::Status;

/// What the column of the wallet holds where a rule is every wallet's.
const EVERYBODY: &str = "";

impl Reading<'_> {
    /// Every rule: those of all wallets, as they are usually or were changed, and those of one.
    ///
    /// # Errors
    /// When the database fails.
    pub fn autostop_rules(&self) -> Result<Vec<Rule>, StoreError> {
        let mut statement = self.0.prepare_cached("SELECT * FROM autostop_rules")?;
        let mut rules: Vec<Rule> =
            statement.query_and_then([], from_row)?.collect::<Result<_, StoreError>>()?;
        for kind in Kind::ALL {
            let id = RuleId { kind: *kind, wallet: None };
            if !rules.iter().any(|rule| rule.id == id) {
                let changed_at = UnixSeconds::new(0);
                rules.push(Rule { id, enabled: false, limit: kind.usual(), changed_at });
            }
        }
        rules.sort_by_key(|rule| rule.id);
        Ok(rules)
    }

    /// When a wallet's transactions were asked for after `since`, the newest first; parts of others
    /// are not among them.
    ///
    /// # Errors
    /// When the database fails.
    pub fn asked_after(
        &self,
        wallet: WalletId,
        since: UnixSeconds,
    ) -> Result<Vec<UnixSeconds>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT created_at FROM transactions
             WHERE wallet_id = ? AND parent_id IS NULL ORDER BY id DESC LIMIT ?",
        )?;
        let newest = statement
            .query_and_then(params![wallet.to_string(), MOST_LOOKED_AT], |row| {
                time(row, "created_at")
            })?
            .collect::<Result<Vec<_>, StoreError>>()?;
        Ok(newest.into_iter().take_while(|at| *at > since).collect())
    }

    /// How a wallet's transactions ended that were asked for after `since` and were carried out or
    /// failed, the newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub fn ended_after(
        &self,
        wallet: WalletId,
        since: UnixSeconds,
    ) -> Result<Vec<Status>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT status FROM (
                 SELECT status, created_at FROM transactions
                 WHERE wallet_id = ?1 AND parent_id IS NULL ORDER BY id DESC LIMIT ?2
             ) WHERE created_at > ?3
             AND status IN ('CONFIRMED', 'SIGNED', 'FAILED', 'PARTIAL_FAILURE')",
        )?;
        let values = params![wallet.to_string(), MOST_LOOKED_AT, since.get()];
        statement.query_and_then(values, |row| word(row, "status"))?.collect()
    }
}

impl Writing<'_> {
    /// Stores a rule.
    ///
    /// # Errors
    /// When the database fails.
    pub fn keep_autostop_rule(&self, rule: &Rule) -> Result<(), StoreError> {
        let mut statement = self.0.0.prepare_cached(
            "INSERT OR REPLACE INTO autostop_rules VALUES (
                 :kind, :wallet, :enabled, :config, :changed_at
             )",
        )?;
        statement.execute(named_params! {
            ":kind": rule.id.kind.as_str(),
            ":wallet": rule.id.wallet.map_or_else(|| EVERYBODY.to_owned(), |id| id.to_string()),
            ":enabled": rule.enabled,
            ":config": json("config", &rule.limit)?,
            ":changed_at": rule.changed_at.get(),
        })?;
        Ok(())
    }
}

fn from_row(row: &Row<'_>) -> Result<Rule, StoreError> {
    const CORRUPT: StoreError = StoreError::Corrupt { what: "autostop rule" };
    let kind: String = row.get("kind")?;
    let kind = Kind::ALL.iter().copied().find(|known| known.as_str() == kind).ok_or(CORRUPT)?;
    let wallet: String = row.get("wallet_id")?;
    let wallet = match wallet.as_str() {
        EVERYBODY => None,
        wallet => Some(wallet.parse().map_err(|_none| CORRUPT)?),
    };
    let config: serde_json::Value = optional_json(row, "config")?.ok_or(CORRUPT)?;
    Ok(Rule {
        id: RuleId { kind, wallet },
        enabled: row.get("enabled")?,
        limit: kind.limit(&config).map_err(|_wrong| CORRUPT)?,
        changed_at: time(row, "changed_at")?,
    })
}

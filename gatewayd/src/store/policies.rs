//! Policies as they were written. What they mean is `policy`'s.

use primitives::{ChainId, WalletId};
use rusqlite::{OptionalExtension, Row, named_params, params};

use super::column::{count, optional_word, position, time, word};
use super::sessions::Page;
use super::{PolicyId, Reading, StoreError, Writing};
use crate::clock::UnixSeconds;

/// A policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredPolicy {
    /// Its id.
    pub id: PolicyId,
    /// Whom it binds; every wallet if `None`.
    pub wallet: Option<WalletId>,
    /// On which network; on every one if `None`.
    pub network: Option<ChainId>,
    /// The name of its type, such as `SPENDING_LIMIT`.
    pub kind: String,
    /// What it says; checked when it was written.
    pub rules: serde_json::Value,
    /// Among policies of one scope the highest counts.
    pub priority: i64,
    /// Whether it counts at all.
    pub enabled: bool,
    /// When it was made.
    pub created_at: UnixSeconds,
    /// When it was changed last.
    pub updated_at: UnixSeconds,
}

impl Reading<'_> {
    /// The policy with that id.
    ///
    /// # Errors
    /// When the database fails.
    pub fn policy(&self, id: PolicyId) -> Result<Option<StoredPolicy>, StoreError> {
        let mut statement = self.0.prepare_cached("SELECT * FROM policies WHERE id = ?")?;
        statement.query_row([id.to_string()], |row| Ok(from_row(row))).optional()?.transpose()
    }

    /// Policies, newest first; with `wallets` those that bind any of them, the ones for every
    /// wallet too.
    ///
    /// # Errors
    /// When the database fails.
    pub fn policies(
        &self,
        wallets: Option<&[WalletId]>,
        page: Page,
    ) -> Result<Vec<StoredPolicy>, StoreError> {
        let sql = "SELECT * FROM policies WHERE ?1 IS NULL OR wallet_id IS NULL \
                   OR wallet_id IN (SELECT value FROM json_each(?1)) \
                   ORDER BY id DESC LIMIT ?2 OFFSET ?3";
        let mut statement = self.0.prepare_cached(sql)?;
        let page = params![wallets.map(json), position(page.limit), position(page.offset)];
        statement.query_and_then(page, from_row)?.collect()
    }

    /// How many policies there are; with `wallets` how many of them bind any of those.
    ///
    /// # Errors
    /// When the database fails.
    pub fn policy_count(&self, wallets: Option<&[WalletId]>) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM policies WHERE ?1 IS NULL OR wallet_id IS NULL \
                   OR wallet_id IN (SELECT value FROM json_each(?1))";
        self.0.prepare_cached(sql)?.query_row([wallets.map(json)], |row| Ok(count(row)))?
    }

    /// The enabled policies that bind a wallet on a network, in no order that matters; without a
    /// network those that hold on every one.
    ///
    /// # Errors
    /// When the database fails.
    pub fn policies_for(
        &self,
        wallet: WalletId,
        network: Option<ChainId>,
    ) -> Result<Vec<StoredPolicy>, StoreError> {
        let sql = "SELECT * FROM policies WHERE enabled \
                   AND (wallet_id IS NULL OR wallet_id = ?1) \
                   AND (network IS NULL OR network = ?2) ORDER BY id";
        let mut statement = self.0.prepare_cached(sql)?;
        let network = network.map(|network| network.to_string());
        statement.query_and_then(params![wallet.to_string(), network], from_row)?.collect()
    }
}

impl Writing<'_> {
    /// Adds a policy.
    ///
    /// # Errors
    /// When its wallet does not exist, or the database fails.
    pub fn insert_policy(&self, policy: &StoredPolicy) -> Result<(), StoreError> {
        let sql = "INSERT INTO policies (id, wallet_id, network, type, rules, priority, enabled, \
                   created_at, updated_at) VALUES (:id, :wallet, :network, :type, :rules, \
                   :priority, :enabled, :created_at, :updated_at)";
        self.0.0.prepare_cached(sql)?.execute(named_params! {
            ":id": policy.id.to_string(),
            ":wallet": policy.wallet.map(|id| id.to_string()),
            ":network": policy.network.map(|id| id.to_string()),
            ":type": policy.kind,
            ":rules": policy.rules.to_string(),
            ":priority": policy.priority,
            ":enabled": policy.enabled,
            ":created_at": policy.created_at.get(),
            ":updated_at": policy.updated_at.get(),
        })?;
        Ok(())
    }

    /// Writes a policy's rules, priority and whether it counts. Whether there is one with that id.
    ///
    /// # Errors
    /// When the database fails.
    pub fn update_policy(&self, policy: &StoredPolicy) -> Result<bool, StoreError> {
        let sql = "UPDATE policies SET rules = ?2, priority = ?3, enabled = ?4, updated_at = ?5 \
                   WHERE id = ?1";
        let values = params![
            policy.id.to_string(),
            policy.rules.to_string(),
            policy.priority,
            policy.enabled,
            policy.updated_at.get(),
        ];
        Ok(self.0.0.execute(sql, values)? == 1)
    }

    /// Deletes a policy. Whether there was one with that id.
    ///
    /// # Errors
    /// When the database fails.
    pub fn delete_policy(&self, id: PolicyId) -> Result<bool, StoreError> {
        Ok(self.0.0.execute("DELETE FROM policies WHERE id = ?", [id.to_string()])? == 1)
    }
}

/// Ids as a list that SQLite reads.
fn json(wallets: &[WalletId]) -> String {
    let ids: Vec<String> = wallets.iter().map(ToString::to_string).collect();
    serde_json::Value::from(ids).to_string()
}

fn from_row(row: &Row<'_>) -> Result<StoredPolicy, StoreError> {
    Ok(StoredPolicy {
        id: word(row, "id")?,
        wallet: optional_word(row, "wallet_id")?,
        network: optional_word(row, "network")?,
        kind: row.get("type")?,
        rules: word(row, "rules")?,
        priority: row.get("priority")?,
        enabled: row.get("enabled")?,
        created_at: time(row, "created_at")?,
        updated_at: time(row, "updated_at")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::store::Store;
    use crate::store::wallets::sample;

    fn policy(wallet: Option<WalletId>, network: Option<&str>) -> StoredPolicy {
        StoredPolicy {
            id: PolicyId::new(&Clock::system()),
            wallet,
            network: network.map(|id| id.parse().unwrap()),
            kind: "SPENDING_LIMIT".to_owned(),
            rules: serde_json::json!({ "instant_max": "10" }),
            priority: 3,
            enabled: true,
            created_at: UnixSeconds::new(5),
            updated_at: UnixSeconds::new(5),
        }
    }

    #[tokio::test]
    async fn the_policies_of_a_wallet_are_its_own_and_those_for_all() {
        let store = Store::open_in_memory().unwrap();
        store
            .write(|db| {
                let (one, other) = (sample(1), sample(2));
                db.insert_wallet(&one)?;
                db.insert_wallet(&other)?;
                let everywhere = policy(None, None);
                let here = policy(Some(one.id), Some("eip155:1"));
                let elsewhere = policy(Some(other.id), None);
                let off = StoredPolicy { enabled: false, ..policy(Some(one.id), None) };
                for policy in [&everywhere, &here, &elsewhere, &off] {
                    db.insert_policy(policy)?;
                }
                let network = "eip155:1".parse().unwrap();
                assert_eq!(db.policies_for(one.id, Some(network))?.len(), 2);
                assert_eq!(db.policies_for(one.id, "eip155:10".parse().ok())?, [everywhere]);
                let page = Page { limit: 10, offset: 0 };
                assert_eq!(db.policies(Some(&[one.id]), page)?.len(), 3);
                assert_eq!((db.policy_count(Some(&[one.id]))?, db.policy_count(None)?), (3, 4));
                assert!(db.insert_policy(&policy(Some(sample(3).id), None)).is_err());
                Ok::<_, StoreError>(())
            })
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn a_policy_is_changed_and_deleted_by_its_id() {
        let store = Store::open_in_memory().unwrap();
        store
            .write(|db| {
                let mut policy = policy(None, None);
                assert!(!db.update_policy(&policy)?);
                db.insert_policy(&policy)?;
                policy.rules = serde_json::json!({ "instant_max": "11" });
                policy.enabled = false;
                policy.updated_at = UnixSeconds::new(9);
                assert!(db.update_policy(&policy)?);
                assert_eq!(db.policy(policy.id)?, Some(policy.clone()));
                assert!(db.delete_policy(policy.id)?);
                assert!(!db.delete_policy(policy.id)?);
                Ok::<_, StoreError>(())
            })
            .await
            .unwrap();
    }
}

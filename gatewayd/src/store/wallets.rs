//! Wallets: what the gateway knows of the signer's keys, and their names.

use std::fmt;
use std::str::FromStr;

use primitives::{Address, Chain, Environment, UnknownWord, WalletId};
use rusqlite::{OptionalExtension, Row, named_params, params};

use super::column::{optional_time, optional_word, time, word};
use super::{Reading, StoreError, Writing};
use crate::clock::UnixSeconds;

/// A wallet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wallet {
    /// The signer's name for its key.
    pub id: WalletId,
    /// People's name for it.
    pub name: String,
    /// Which kind of chain it is for.
    pub chain: Chain,
    /// Which networks it is for.
    pub environment: Environment,
    /// What it is known by on its chain.
    pub address: Address,
    /// secp256k1: 33 bytes, compressed. Ed25519: 32 bytes.
    pub public_key: Vec<u8>,
    /// Whether it is used.
    pub status: WalletStatus,
    /// Since when and why it is not used for now.
    pub suspension: Option<Suspension>,
    /// Who owns it.
    pub owner: Option<WalletOwner>,
    /// How the owner likes to approve, in the words of the HTTP contract.
    pub approval_method: Option<String>,
    /// Which program the owner approves with, in the words of the HTTP contract.
    pub wallet_type: Option<String>,
    /// When it was made.
    pub created_at: UnixSeconds,
    /// When something of it was changed last.
    pub updated_at: Option<UnixSeconds>,
}

/// Whether a wallet is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WalletStatus {
    /// It is about to be: its key is there, and not all that goes with it.
    Creating,
    /// It is.
    Active,
    /// Not for now.
    Suspended,
    /// Only to take what it holds to its owner.
    Terminating,
    /// Never again.
    Terminated,
}

/// Since when and why a wallet is not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspension {
    /// Since when.
    pub at: UnixSeconds,
    /// Why, in an operator's words.
    pub reason: String,
}

/// Who owns a wallet, as the gateway knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WalletOwner {
    /// By what key.
    pub address: Address,
    /// Since when it is known that somebody holds that key.
    pub verified_at: Option<UnixSeconds>,
}

/// How firmly a wallet is its owner's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnerState {
    /// Nobody owns it.
    None,
    /// Somebody was named and did not prove to hold the key: the master may still name another.
    Grace,
    /// The owner has proved it: only the owner's signature changes the owner.
    Locked,
}

impl Wallet {
    /// How firmly it is its owner's.
    pub const fn owner_state(&self) -> OwnerState {
        match self.owner {
            None => OwnerState::None,
            Some(WalletOwner { verified_at: None, .. }) => OwnerState::Grace,
            Some(WalletOwner { verified_at: Some(_), .. }) => OwnerState::Locked,
        }
    }
}

impl fmt::Display for OwnerState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::None => "NONE",
            Self::Grace => "GRACE",
            Self::Locked => "LOCKED",
        })
    }
}

impl WalletStatus {
    /// Whether agents use it never again.
    pub const fn is_over(self) -> bool {
        match self {
            Self::Terminating | Self::Terminated => true,
            Self::Creating | Self::Active | Self::Suspended => false,
        }
    }
}

impl fmt::Display for WalletStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Creating => "CREATING",
            Self::Active => "ACTIVE",
            Self::Suspended => "SUSPENDED",
            Self::Terminating => "TERMINATING",
            Self::Terminated => "TERMINATED",
        })
    }
}

impl FromStr for WalletStatus {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let all =
            [Self::Creating, Self::Active, Self::Suspended, Self::Terminating, Self::Terminated];
        let expected = "CREATING, ACTIVE, SUSPENDED, TERMINATING or TERMINATED";
        all.into_iter().find(|word| word.to_string() == text).ok_or(UnknownWord { expected })
    }
}

impl Reading<'_> {
    /// Every wallet, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub fn wallets(&self) -> Result<Vec<Wallet>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT * FROM wallets WHERE status <> 'PURGED' ORDER BY created_at, id",
        )?;
        statement.query_and_then([], from_row)?.collect()
    }

    /// The wallet with that id.
    ///
    /// # Errors
    /// When the database fails.
    pub fn wallet(&self, id: WalletId) -> Result<Option<Wallet>, StoreError> {
        let mut statement =
            self.0.prepare_cached("SELECT * FROM wallets WHERE id = ? AND status <> 'PURGED'")?;
        statement.query_row([id.to_string()], |row| Ok(from_row(row))).optional()?.transpose()
    }
}

impl Writing<'_> {
    /// Adds a wallet.
    ///
    /// # Errors
    /// When there is one with that id, or the database fails.
    pub fn insert_wallet(&self, wallet: &Wallet) -> Result<(), StoreError> {
        let sql = "INSERT INTO wallets (id, name, chain, environment, address, public_key, status, \
                   created_at) VALUES (:id, :name, :chain, :environment, :address, :public_key, \
                   :status, :created_at)";
        self.0.0.prepare_cached(sql)?.execute(named_params! {
            ":id": wallet.id.to_string(),
            ":name": wallet.name,
            ":chain": wallet.chain.to_string(),
            ":environment": wallet.environment.to_string(),
            ":address": wallet.address.to_string(),
            ":public_key": wallet.public_key,
            ":status": wallet.status.to_string(),
            ":created_at": wallet.created_at.get(),
        })?;
        Ok(())
    }

    /// Renames a wallet. Whether there is one with that id.
    ///
    /// # Errors
    /// When the database fails.
    pub fn rename_wallet(
        &self,
        id: WalletId,
        name: &str,
        now: UnixSeconds,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE wallets SET name = ?2, updated_at = ?3 WHERE id = ?1";
        let rows = self.0.0.execute(sql, params![id.to_string(), name, now.get()])?;
        Ok(rows == 1)
    }

    /// Sets a wallet's status; a suspension before ends with it. Whether there is one with that id.
    ///
    /// # Errors
    /// When the database fails.
    pub fn set_wallet_status(
        &self,
        id: WalletId,
        status: WalletStatus,
        now: UnixSeconds,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE wallets SET status = ?2, updated_at = ?3, suspended_at = NULL, \
                   suspension_reason = NULL WHERE id = ?1";
        let rows = self.0.0.execute(sql, params![id.to_string(), status.to_string(), now.get()])?;
        Ok(rows == 1)
    }

    /// Suspends a wallet. Whether there is one with that id.
    ///
    /// # Errors
    /// When the database fails.
    pub fn suspend_wallet(
        &self,
        id: WalletId,
        suspension: &Suspension,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE wallets SET status = 'SUSPENDED', updated_at = ?2, suspended_at = ?2, \
                   suspension_reason = ?3 WHERE id = ?1";
        let values = params![id.to_string(), suspension.at.get(), suspension.reason];
        Ok(self.0.0.execute(sql, values)? == 1)
    }
}

/// The wallet in a row with this table's columns.
pub(super) fn from_row(row: &Row<'_>) -> Result<Wallet, StoreError> {
    Ok(Wallet {
        id: word(row, "id")?,
        name: row.get("name")?,
        chain: word(row, "chain")?,
        environment: word(row, "environment")?,
        address: word(row, "address")?,
        public_key: row.get("public_key")?,
        status: word(row, "status")?,
        suspension: suspension(row)?,
        owner: owner(row)?,
        approval_method: row.get("approval_method")?,
        wallet_type: row.get("wallet_type")?,
        created_at: time(row, "created_at")?,
        updated_at: optional_time(row, "updated_at")?,
    })
}

fn owner(row: &Row<'_>) -> Result<Option<WalletOwner>, StoreError> {
    let Some(address) = optional_word(row, "owner_address")? else { return Ok(None) };
    let verified_at = optional_time(row, "owner_verified_at")?;
    Ok(Some(WalletOwner { address, verified_at }))
}

fn suspension(row: &Row<'_>) -> Result<Option<Suspension>, StoreError> {
    let reason: Option<String> = row.get("suspension_reason")?;
    let at = optional_time(row, "suspended_at")?;
    Ok(at.zip(reason).map(|(at, reason)| Suspension { at, reason }))
}

/// A wallet for tests, the `number`th of its kind.
#[cfg(test)]
pub(crate) fn sample(number: u8) -> Wallet {
    Wallet {
        id: WalletId::new_v7(u64::from(number), [number; 10]),
        name: format!("wallet {number}"),
        chain: Chain::Evm,
        environment: Environment::Testnet,
        address: Address::Evm(primitives::EvmAddress([number; 20])),
        public_key: vec![number; 33],
        status: WalletStatus::Active,
        suspension: None,
        owner: None,
        approval_method: None,
        wallet_type: None,
        created_at: UnixSeconds::new(i64::from(number)),
        updated_at: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    #[tokio::test]
    async fn a_suspension_is_kept_until_the_status_changes() {
        let store = Store::open_in_memory().unwrap();
        store
            .write(|db| {
                let id = sample(1).id;
                let suspension =
                    Suspension { at: UnixSeconds::new(9), reason: "odd payments".to_owned() };
                assert!(!db.suspend_wallet(id, &suspension)?);
                db.insert_wallet(&sample(1))?;
                assert!(db.suspend_wallet(id, &suspension)?);
                let found = db.wallet(id)?.unwrap();
                assert_eq!(found.status, WalletStatus::Suspended);
                assert_eq!(found.suspension, Some(suspension));
                db.set_wallet_status(id, WalletStatus::Active, UnixSeconds::new(10))?;
                assert_eq!(db.wallet(id)?.unwrap().suspension, None);
                Ok::<_, StoreError>(())
            })
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn a_wallet_comes_back_as_it_was_stored_and_changed() {
        let store = Store::open_in_memory().unwrap();
        let now = UnixSeconds::new(99);
        let found = store
            .write(move |db| {
                db.insert_wallet(&sample(2))?;
                db.insert_wallet(&sample(1))?;
                assert!(db.insert_wallet(&sample(1)).is_err());
                assert!(db.rename_wallet(sample(1).id, "renamed", now)?);
                assert!(db.set_wallet_status(sample(2).id, WalletStatus::Terminated, now)?);
                assert!(!db.rename_wallet(sample(3).id, "nobody", now)?);
                assert_eq!(db.wallet(sample(3).id)?, None);
                db.wallets()
            })
            .await
            .unwrap();
        let updated_at = Some(now);
        let first = Wallet { name: "renamed".to_owned(), updated_at, ..sample(1) };
        let second = Wallet { status: WalletStatus::Terminated, updated_at, ..sample(2) };
        assert_eq!(found, [first, second]);
    }
}

//! Who owns a wallet.

use primitives::{Address, WalletId};
use rusqlite::params;

use super::wallets::{Wallet, WalletOwner, from_row};
use super::{Reading, StoreError, Writing};
use crate::clock::UnixSeconds;

impl Reading<'_> {
    /// The wallets of that owner that are not given up, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub fn wallets_of_owner(&self, owner: Address) -> Result<Vec<Wallet>, StoreError> {
        let sql = "SELECT * FROM wallets
                   WHERE owner_address = ? AND status NOT IN ('TERMINATED', 'PURGED')
                   ORDER BY created_at, id";
        let mut statement = self.0.prepare_cached(sql)?;
        statement.query_and_then([owner.to_string()], from_row)?.collect()
    }
}

impl Writing<'_> {
    /// Keeps how a wallet's owner likes to approve.
    ///
    /// # Errors
    /// When the database fails.
    pub fn set_approval_method(
        &self,
        id: WalletId,
        method: Option<&str>,
        wallet_type: Option<&str>,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE wallets SET approval_method = ?2, wallet_type = ?3 WHERE id = ?1";
        self.0.0.execute(sql, params![id.to_string(), method, wallet_type])?;
        Ok(())
    }

    /// Says who owns a wallet. Whether there is one with that id.
    ///
    /// # Errors
    /// When the database fails.
    pub fn set_owner(
        &self,
        id: WalletId,
        owner: Option<WalletOwner>,
        now: UnixSeconds,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE wallets SET owner_address = ?2, owner_verified_at = ?3, updated_at = ?4 \
                   WHERE id = ?1";
        let address = owner.map(|owner| owner.address.to_string());
        let verified_at = owner.and_then(|owner| owner.verified_at).map(UnixSeconds::get);
        let values = params![id.to_string(), address, verified_at, now.get()];
        Ok(self.0.0.execute(sql, values)? == 1)
    }
}

#[cfg(test)]
mod tests {
    use primitives::EvmAddress;

    use super::super::wallets::{OwnerState, sample};
    use super::*;
    use crate::store::Store;

    #[tokio::test]
    async fn an_owner_is_kept_with_what_is_known_of_the_key_and_found_by_it() {
        let store = Store::open_in_memory().unwrap();
        store
            .write(|db| {
                let (id, now) = (sample(1).id, UnixSeconds::new(9));
                let address = EvmAddress([7; 20]).into();
                let mut owner = WalletOwner { address, verified_at: None };
                assert!(!db.set_owner(id, Some(owner), now)?);
                db.insert_wallet(&sample(1))?;
                db.insert_wallet(&sample(2))?;
                assert_eq!(db.wallet(id)?.unwrap().owner_state(), OwnerState::None);
                assert!(db.set_owner(id, Some(owner), now)?);
                assert_eq!(db.wallet(id)?.unwrap().owner_state(), OwnerState::Grace);
                owner.verified_at = Some(now);
                assert!(db.set_owner(id, Some(owner), now)?);
                let found = db.wallets_of_owner(address)?;
                assert_eq!(found.iter().map(|found| found.id).collect::<Vec<_>>(), [id]);
                assert_eq!(found[0].owner, Some(owner));
                assert_eq!(found[0].owner_state(), OwnerState::Locked);
                assert!(db.set_owner(id, None, now)?);
                assert!(db.wallets_of_owner(address)?.is_empty());
                Ok::<_, StoreError>(())
            })
            .await
            .unwrap();
    }
}

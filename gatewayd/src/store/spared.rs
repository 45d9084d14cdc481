//! Of the table `reservations`: what of a fee that was reserved the network did not take.

use primitives::Amount;
use rusqlite::named_params;

use super::accounts::Unit;
use super::{StoreError, TransactionId, Writing};

/// A part of a fee that was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spared {
    /// That part, in the native coin.
    pub part: Amount,
    /// All of the fee that was reserved.
    pub fee: Amount,
}

impl Writing<'_> {
    /// Takes from what is reserved for a transaction what it did not cost. What was settled before stays
    /// as it is.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn spare(&self, transaction: TransactionId, spared: Spared) -> Result<(), StoreError> {
        for reserved in self.reservations(transaction)? {
            let less = match reserved.unit {
                Unit::Native => spared.part,
                Unit::Dollars => reserved.fee.and_then(|fee| spared.share(fee)).unwrap_or_default(),
                Unit::Token => Amount::ZERO,
            };
            let lower = |charge: Option<Amount>| charge.map(|charge| charge.saturating_sub(less));
            let (charge, fee) = (lower(reserved.charge), lower(reserved.fee));
            self.let_go(reserved.account, reserved.charge)?;
            self.hold(reserved.account, charge)?;
            let mut statement = self.0.0.prepare_cached(
                "UPDATE reservations SET amount = :amount, fee = :fee
                 WHERE transaction_id = :transaction AND account_id = :account",
            )?;
            statement.execute(named_params! {
                ":amount": charge.map(Amount::to_be_bytes),
                ":fee": fee.map(Amount::to_be_bytes),
                ":transaction": transaction.to_string(),
                ":account": reserved.account.number(),
            })?;
        }
        Ok(())
    }
}

impl Spared {
    /// As much of `worth` as was spared of the fee, rounded down; `None` where that has no number.
    fn share(self, worth: Amount) -> Option<Amount> {
        worth.checked_mul(self.part.min(self.fee))?.checked_div(self.fee)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use primitives::{Address, Asset, EvmAddress};

    use super::*;
    use crate::clock::{Clock, UnixSeconds};
    use crate::policy::UsdMicros;
    use crate::store::Store;
    use crate::store::reservations::{Settlement, Worth};
    use crate::store::wallets::sample;
    use crate::tx::Transaction;
    use crate::tx::testing::{payment, sepolia};

    const NOW: UnixSeconds = UnixSeconds::new(1_000);
    const BEFORE: UnixSeconds = UnixSeconds::new(0);
    const TOKEN: Asset = Asset::Token(Address::Evm(EvmAddress([9; 20])));

    /// What counts as spent of coin, token and dollars once the reserved 100 wei, of which 40 were the
    /// fee, and 10 dollars, of which `fee_usd` were the fee, are settled.
    async fn counted(
        part: u64,
        fee_usd: Option<u64>,
        settlement: Settlement,
    ) -> (u64, u64, Option<u64>) {
        let store = Store::open_in_memory().unwrap();
        let (clock, _setter) = Clock::settable(NOW);
        let (id, wallet, network) = (TransactionId::new(&clock), sample(1).id, sepolia().chain_id);
        let spared = Spared { part: part.into(), fee: 40_u64.into() };
        let write = move |db: &Writing<'_>| {
            db.insert_wallet(&sample(1))?;
            let intent = payment(Amount::ZERO);
            db.insert_transaction(&Transaction::new(id, wallet, None, intent, NOW))?;
            let spend =
                BTreeMap::from([(Asset::Native, 100_u64.into()), (TOKEN, Amount::from(7_u64))]);
            let whole = fee_usd.map(|_known| UsdMicros::new(10));
            let worth = Worth { whole, fee: fee_usd.map(UsdMicros::new) };
            db.reserve((id, wallet, Some(network)), &spend, worth, NOW)?;
            db.spare(id, spared)?;
            db.settle(id, settlement, NOW)?;
            // Afterwards it is too late.
            db.spare(id, spared)
        };
        store.write(write).await.unwrap();
        let read = store.read(move |db| {
            let spent = |asset| db.spent((wallet, network, asset), BEFORE, None);
            let usd = db.spent_usd(wallet, BEFORE, None)?;
            Ok::<_, StoreError>((spent(Asset::Native)?, spent(TOKEN)?, usd))
        });
        let (native, token, usd) = read.await.unwrap();
        (native.to_u64().unwrap(), token.to_u64().unwrap(), usd.map(UsdMicros::get))
    }

    #[tokio::test]
    async fn what_was_not_taken_does_not_count_in_coins_and_in_dollars_rounded_up() {
        let fee = |fee: u64| Settlement::PostFee(fee.into());
        for (part, fee_usd, settlement, expected) in [
            (0, Some(4), Settlement::Post, (100, 7, Some(10))),
            (30, Some(4), Settlement::Post, (70, 7, Some(7))),
            (39, Some(4), Settlement::Post, (61, 7, Some(7))),
            (40, Some(4), Settlement::Post, (60, 7, Some(6))),
            (30, Some(4), fee(10), (10, 0, Some(1))),
            (30, Some(4), Settlement::Release, (0, 0, Some(0))),
            (30, None, Settlement::Post, (70, 7, None)),
        ] {
            let found = counted(part, fee_usd, settlement).await;
            assert_eq!(found, expected, "{part} of 40, {fee_usd:?} dollars, {settlement:?}");
        }
    }
}

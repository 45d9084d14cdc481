//! The table `reservations`: what transactions may spend, and what they have spent.
//!
//! Spend is reserved in the database transaction that lets a transaction go on, counts from then
//! on, and is settled once: posted when it was spent, released when it surely was not.

use std::collections::BTreeMap;

use primitives::{Amount, Asset, ChainId, WalletId};
use rusqlite::named_params;

use super::column::amount;
use super::{Reading, StoreError, TransactionId, Writing};
use crate::clock::UnixSeconds;
use crate::policy::UsdMicros;

/// How reserved spend ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// It was spent, or may be at any time.
    Post,
    /// It was not spent and never will be.
    Release,
    /// The transaction did nothing but cost its fee, at most this, in the native coin.
    PostFee(Amount),
}

const NATIVE: &str = "native";

impl Reading<'_> {
    /// What a wallet has spent of an asset since a time, everything that is still under way
    /// included, but for the transaction `except`.
    ///
    /// # Errors
    /// When the database cannot be read, or the sum does not fit in 256 bits.
    pub fn spent(
        &self,
        (wallet, network, asset): (WalletId, ChainId, Asset),
        since: UnixSeconds,
        except: Option<TransactionId>,
    ) -> Result<Amount, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT amount FROM reservations
             WHERE wallet_id = :wallet AND network = :network AND asset = :asset
             AND (state = 'RESERVED' OR (state = 'POSTED' AND settled_at > :since))
             AND transaction_id IS NOT :except",
        )?;
        let found = statement.query_map(
            named_params! {
                ":wallet": wallet.to_string(),
                ":network": network.to_string(),
                ":asset": asset_column(asset),
                ":since": since.get(),
                ":except": except.map(|except| except.to_string()),
            },
            |row| Ok(amount(row, "amount")),
        )?;
        let amounts: Vec<Amount> = found.map(|amount| amount?).collect::<Result<_, _>>()?;
        Amount::sum(amounts).ok_or(StoreError::Overflow)
    }

    /// What a wallet has spent on all networks since a time, in dollars, everything that is still
    /// under way included, but for the transaction `except`; `None` when something had no price.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn spent_usd(
        &self,
        wallet: WalletId,
        since: UnixSeconds,
        except: Option<TransactionId>,
    ) -> Result<Option<UsdMicros>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT usd_micros FROM reservations
             WHERE wallet_id = :wallet
             AND (state = 'RESERVED' OR (state = 'POSTED' AND settled_at > :since))
             AND transaction_id IS NOT :except",
        )?;
        let found = statement.query_map(
            named_params! {
                ":wallet": wallet.to_string(),
                ":since": since.get(),
                ":except": except.map(|except| except.to_string()),
            },
            |row| row.get::<_, Option<i64>>(0),
        )?;
        let mut sum = Some(UsdMicros::ZERO);
        for worth in found {
            let worth = worth?.and_then(|worth| u64::try_from(worth).ok()).map(UsdMicros::new);
            sum = sum.zip(worth).and_then(|(sum, worth)| sum.checked_add(worth));
        }
        Ok(sum)
    }
}

impl Writing<'_> {
    /// Reserves what a transaction may spend, in place of what was reserved for it before. `worth`
    /// is that of everything together.
    ///
    /// # Errors
    /// When the database cannot be written, or what was reserved is settled already.
    pub fn reserve(
        &self,
        (transaction, wallet, network): (TransactionId, WalletId, ChainId),
        spend: &BTreeMap<Asset, Amount>,
        worth: Option<UsdMicros>,
        now: UnixSeconds,
    ) -> Result<(), StoreError> {
        self.0.0.execute(
            "DELETE FROM reservations WHERE transaction_id = ? AND state = 'RESERVED'",
            [transaction.to_string()],
        )?;
        let mut worth = worth.map(|worth| i64::try_from(worth.get()).unwrap_or(i64::MAX));
        for (asset, amount) in spend {
            self.0.0.execute(
                "INSERT INTO reservations VALUES (?, ?, ?, ?, ?, ?, 'RESERVED', ?, NULL)",
                (
                    transaction.to_string(),
                    wallet.to_string(),
                    network.to_string(),
                    asset_column(*asset),
                    amount.to_be_bytes(),
                    worth,
                    now.get(),
                ),
            )?;
            // The worth of the whole stands in the first row.
            worth = worth.map(|_counted| 0);
        }
        Ok(())
    }

    /// Ends what is reserved for a transaction. What was settled before stays as it is.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn settle(
        &self,
        transaction: TransactionId,
        settlement: Settlement,
        now: UnixSeconds,
    ) -> Result<(), StoreError> {
        if let Settlement::PostFee(fee) = settlement {
            self.0.0.execute(
                "UPDATE reservations SET amount = ?
                 WHERE transaction_id = ? AND asset = ? AND state = 'RESERVED'",
                (fee.to_be_bytes(), transaction.to_string(), NATIVE),
            )?;
        }
        self.0.0.execute(
            "UPDATE reservations SET settled_at = :now, state = CASE
                 WHEN :settlement = 'POST' THEN 'POSTED'
                 WHEN :settlement = 'POST_FEE' AND asset = 'native' THEN 'POSTED'
                 ELSE 'RELEASED' END
             WHERE transaction_id = :transaction AND state = 'RESERVED'",
            named_params! {
                ":now": now.get(),
                ":settlement": settlement.as_str(),
                ":transaction": transaction.to_string(),
            },
        )?;
        Ok(())
    }
}

impl Settlement {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Post => "POST",
            Self::Release => "RELEASE",
            Self::PostFee(_) => "POST_FEE",
        }
    }
}

fn asset_column(asset: Asset) -> String {
    match asset {
        Asset::Native => NATIVE.to_owned(),
        Asset::Token(token) => token.to_string(),
    }
}

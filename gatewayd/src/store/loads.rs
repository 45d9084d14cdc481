//! Of the table `transactions`: how much is under way.

use primitives::WalletId;
use rusqlite::{Row, named_params};

use super::column::optional_number;
use super::{Reading, SessionId, StoreError};

/// What is under way of a wallet's transactions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// How many were asked for; a sequence is one.
    pub transactions: u64,
    /// What their deeds take, as they are stored.
    pub bytes: u64,
}

/// What is under way of a wallet, and of a session on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loads {
    /// Whoever asked for it.
    pub wallet: Load,
    /// What the session asked for.
    pub session: Load,
}

impl Reading<'_> {
    /// What is under way of a wallet's transactions, and what of that a session asked for. A sequence
    /// is as long as one of its parts is.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn loads(&self, wallet: WalletId, session: SessionId) -> Result<Loads, StoreError> {
        let mut statement = self.0.prepare_cached(
            "WITH asked (id) AS (SELECT DISTINCT coalesce(parent_id, id)
                                 FROM transactions INDEXED BY transactions_open
                                 WHERE wallet_id = :wallet AND next_attempt_at IS NOT NULL)
             SELECT count(*) AS all_count, sum(octet_length(deed)) AS all_bytes,
                    count(*) FILTER (WHERE session_id = :session) AS session_count,
                    sum(octet_length(deed)) FILTER (WHERE session_id = :session) AS session_bytes
             FROM asked JOIN transactions USING (id)",
        )?;
        let of = named_params! { ":wallet": wallet.to_string(), ":session": session.to_string() };
        statement.query_row(of, |row| Ok(loads(row)))?
    }
}

fn loads(row: &Row<'_>) -> Result<Loads, StoreError> {
    let number = |column| Ok::<_, StoreError>(optional_number(row, column)?.unwrap_or_default());
    Ok(Loads {
        wallet: Load { transactions: number("all_count")?, bytes: number("all_bytes")? },
        session: Load { transactions: number("session_count")?, bytes: number("session_bytes")? },
    })
}

#[cfg(test)]
mod tests {
    use primitives::Amount;

    use super::*;
    use crate::clock::{Clock, UnixSeconds};
    use crate::store::column::json;
    use crate::store::wallets::sample;
    use crate::store::{Store, TransactionId, Writing};
    use crate::tx::testing::payment;
    use crate::tx::{PartOf, Transaction};

    #[tokio::test]
    async fn what_is_under_way_is_counted_by_what_was_asked_for() {
        let store = Store::open_in_memory().unwrap();
        let [mine, others, nobody] = [(); 3].map(|()| SessionId::new(&Clock::system()));
        let asked = |wallet| {
            let id = TransactionId::new(&Clock::system());
            let intent = payment(Amount::from(1_u64));
            Transaction::new(id, sample(wallet).id, None, intent, UnixSeconds::new(1_000))
        };
        let mut all = [1, 1, 1, 1, 2].map(asked);
        (all[0].session, all[1].session, all[2].session) = (Some(mine), Some(mine), Some(others));
        // The first is a sequence, of which one part goes and one rests.
        let order = all[0].intent.order().unwrap().clone();
        let whole = all[0].id;
        let mut parts =
            [0, 1].map(|place| Transaction { part_of: Some(PartOf { whole, place }), ..asked(1) });
        all[0].next_attempt_at = None;
        parts[1].next_attempt_at = None;
        all[3].next_attempt_at = None;
        let bytes = u64::try_from(json("deed", &order.deed).unwrap().len()).unwrap();
        let write = move |db: &Writing<'_>| {
            [1, 2].into_iter().try_for_each(|wallet| db.insert_wallet(&sample(wallet)))?;
            all.iter().chain(&parts).try_for_each(|asked| db.insert_transaction(asked))
        };
        store.write(write).await.unwrap();
        let load = |transactions| Load { transactions, bytes: transactions * bytes };
        for (session, expected) in [(mine, 2), (others, 1), (nobody, 0)] {
            let found = store.read(move |db| db.loads(sample(1).id, session)).await.unwrap();
            assert_eq!(found, Loads { wallet: load(3), session: load(expected) });
        }
    }
}

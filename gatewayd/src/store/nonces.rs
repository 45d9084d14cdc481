//! The tables `nonces`, `returned_nonces` and `passed_nonces`: which number a wallet's next EVM transaction has.
//!
//! Numbers are given out without gaps: one that was given back unused is given out again before a
//! new one, and none is given out while another transaction of the wallet holds one unsigned.

use primitives::{ChainId, WalletId};
use rusqlite::{OptionalExtension, named_params};

use super::column::integer;
use super::{Reading, StoreError, Writing};

/// What is known of a wallet's numbers without asking a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbers {
    /// The one after all that were given out; `None` where none was.
    pub next: Option<u64>,
    /// Whether some were given back.
    pub returned: bool,
    /// Whether a transaction is on its way that no node has found fault with.
    pub under_way: bool,
}

/// How many numbers that were passed over are given back at a time; the rest when those are used.
const GIVEN_BACK_AT_ONCE: u64 = 64;

impl Reading<'_> {
    /// What is known of a wallet's numbers.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn numbers(&self, wallet: WalletId, network: ChainId) -> Result<Numbers, StoreError> {
        let sql = "WITH signed AS (
                       SELECT error_code FROM transactions INDEXED BY transactions_open
                       WHERE wallet_id = :wallet AND network = :network
                       AND next_attempt_at IS NOT NULL AND nonce IS NOT NULL
                       AND signed IS NOT NULL AND NOT restored
                   ) SELECT
                       (SELECT next FROM nonces WHERE wallet_id = :wallet AND network = :network),
                       EXISTS (SELECT 1 FROM returned_nonces
                               WHERE wallet_id = :wallet AND network = :network),
                       EXISTS (SELECT 1 FROM signed)
                       AND NOT EXISTS (SELECT 1 FROM signed
                           WHERE error_code IN ('NONCE_TOO_LOW', 'NONCE_USED_ELSEWHERE'))";
        let (wallet, network) = (wallet.to_string(), network.to_string());
        let mut statement = self.0.prepare_cached(sql)?;
        let (next, returned, under_way): (Option<i64>, bool, bool) = statement
            .query_row(named_params! { ":wallet": wallet, ":network": network }, |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })?;
        Ok(Numbers { next: next.map(number).transpose()?, returned, under_way })
    }

    /// The number that [`Writing::claim_nonce`] would take: the smallest that was given back, or
    /// the one after all others. `chain_next` is the first number that the network has not seen.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn next_nonce(
        &self,
        wallet: WalletId,
        network: ChainId,
        chain_next: u64,
    ) -> Result<u64, StoreError> {
        let (wallet, network) = (wallet.to_string(), network.to_string());
        let returned: Option<i64> = self.0.query_row(
            "SELECT min(nonce) FROM returned_nonces
             WHERE wallet_id = ? AND network = ? AND nonce >= ?",
            (&wallet, &network, integer(chain_next)?),
            |row| row.get(0),
        )?;
        let known = match returned.map(number).transpose()? {
            Some(returned) => Some(returned),
            None => self.unused(&wallet, &network)?,
        };
        Ok(known.map_or(chain_next, |known| known.max(chain_next)))
    }

    /// The number after all that were given out.
    fn unused(&self, wallet: &str, network: &str) -> Result<Option<u64>, StoreError> {
        let next: Option<i64> = self
            .0
            .query_row(
                "SELECT next FROM nonces WHERE wallet_id = ? AND network = ?",
                (wallet, network),
                |row| row.get(0),
            )
            .optional()?;
        next.map(number).transpose()
    }

    /// Whether a transaction of the wallet has a number there, and no signature yet.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn holds_unsigned_nonce(
        &self,
        wallet: WalletId,
        network: ChainId,
    ) -> Result<bool, StoreError> {
        let held = self.0.query_row(
            "SELECT EXISTS (SELECT 1 FROM transactions WHERE wallet_id = ? AND network = ?
                            AND nonce IS NOT NULL AND signed IS NULL)",
            (wallet.to_string(), network.to_string()),
            |row| row.get(0),
        )?;
        Ok(held)
    }
}

impl Writing<'_> {
    /// Takes the number that [`Reading::next_nonce`] told. `false` when it is no longer the next
    /// one, or another transaction of the wallet holds one unsigned: look again then.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn claim_nonce(
        &self,
        wallet: WalletId,
        network: ChainId,
        nonce: u64,
        chain_next: u64,
    ) -> Result<bool, StoreError> {
        if self.holds_unsigned_nonce(wallet, network)?
            || self.next_nonce(wallet, network, chain_next)? != nonce
        {
            return Ok(false);
        }
        let (wallet, network) = (wallet.to_string(), network.to_string());
        // Somebody else is said to have used those before it; whoever waits for them says if not.
        self.0.0.execute(
            "INSERT OR IGNORE INTO passed_nonces (wallet_id, network, first, past)
             SELECT wallet_id, network, nonce, nonce + 1 FROM returned_nonces
             WHERE wallet_id = ? AND network = ? AND nonce < ?",
            (&wallet, &network, integer(nonce)?),
        )?;
        self.0.0.execute(
            "DELETE FROM returned_nonces WHERE wallet_id = ? AND network = ? AND nonce <= ?",
            (&wallet, &network, integer(nonce)?),
        )?;
        let unused = self.unused(&wallet, &network)?.unwrap_or(nonce);
        self.pass_over((&wallet, &network), (unused, nonce))?;
        let after = nonce.checked_add(1).ok_or(StoreError::Overflow)?;
        self.0.0.execute(
            "INSERT INTO nonces (wallet_id, network, next) VALUES (:wallet, :network, :next)
             ON CONFLICT DO UPDATE SET next = max(next, :next)",
            named_params! { ":wallet": wallet, ":network": network, ":next": integer(after)? },
        )?;
        Ok(true)
    }

    /// Keeps the numbers from `first` on that are below `past` as passed over.
    fn pass_over(
        &self,
        (wallet, network): (&str, &str),
        (first, past): (u64, u64),
    ) -> Result<(), StoreError> {
        if first < past {
            self.0.0.execute(
                "INSERT INTO passed_nonces (wallet_id, network, first, past) VALUES (?, ?, ?, ?)
                 ON CONFLICT DO UPDATE SET past = max(past, excluded.past)",
                (wallet, network, integer(first)?, integer(past)?),
            )?;
        }
        Ok(())
    }

    /// Gives numbers back that were passed over because somebody else had used them, by a node that
    /// was wrong: the network has not seen those from `first` on, and waits for them before `nonce`.
    /// At most [`GIVEN_BACK_AT_ONCE`], the lowest first.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn return_passed_nonces(
        &self,
        wallet: WalletId,
        network: ChainId,
        (first, nonce): (u64, u64),
    ) -> Result<(), StoreError> {
        let (wallet_text, network_text) = (wallet.to_string(), network.to_string());
        let named = (wallet_text.as_str(), network_text.as_str());
        let mut statement = self.0.0.prepare_cached(
            "SELECT first, past FROM passed_nonces
             WHERE wallet_id = ? AND network = ? AND past > ? AND first < ? ORDER BY first",
        )?;
        let key = (named.0, named.1, integer(first)?, integer(nonce)?);
        let found = statement.query_map(key, |row| Ok((row.get(0)?, row.get(1)?)))?;
        let ranges: Vec<(i64, i64)> = found.collect::<Result<_, _>>()?;
        let mut left = GIVEN_BACK_AT_ONCE;
        for (from, past) in ranges {
            let (from, past) = (number(from)?, number(past)?);
            let begin = from.max(first);
            let end = past.min(nonce).min(begin.saturating_add(left));
            self.0.0.execute(
                "DELETE FROM passed_nonces WHERE wallet_id = ? AND network = ? AND first = ?",
                (named.0, named.1, integer(from)?),
            )?;
            self.pass_over(named, (from, begin))?;
            self.pass_over(named, (end, past))?;
            for given_back in begin..end {
                self.return_nonce(wallet, network, given_back)?;
            }
            left = left.saturating_sub(end.saturating_sub(begin));
        }
        Ok(())
    }

    /// Gives a number back whose transaction can never reach the network.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn return_nonce(
        &self,
        wallet: WalletId,
        network: ChainId,
        nonce: u64,
    ) -> Result<(), StoreError> {
        self.0.0.execute(
            "INSERT OR IGNORE INTO returned_nonces (wallet_id, network, nonce) VALUES (?, ?, ?)",
            (wallet.to_string(), network.to_string(), integer(nonce)?),
        )?;
        Ok(())
    }
}

fn number(stored: i64) -> Result<u64, StoreError> {
    u64::try_from(stored).map_err(|_negative| StoreError::Corrupt { what: "nonce" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    const WALLET: WalletId = WalletId::from_bytes([1; 16]);

    fn network() -> ChainId {
        "eip155:1".parse().unwrap()
    }

    /// Takes the next number, as long as it takes.
    async fn take(store: &Store, chain_next: u64) -> u64 {
        loop {
            let next = store.read(move |db| db.next_nonce(WALLET, network(), chain_next));
            let next = next.await.unwrap();
            let claim = store.write(move |db| db.claim_nonce(WALLET, network(), next, chain_next));
            if claim.await.unwrap() {
                return next;
            }
        }
    }

    async fn give_back(store: &Store, nonce: u64) {
        store.write(move |db| db.return_nonce(WALLET, network(), nonce)).await.unwrap();
    }

    #[tokio::test]
    async fn fifty_at_once_get_fifty_numbers_without_a_gap() {
        let store = Store::open_in_memory().unwrap();
        let tasks: Vec<_> = (0..50)
            .map(|_number| {
                let store = store.clone();
                tokio::spawn(async move { take(&store, 7).await })
            })
            .collect();
        let mut taken = Vec::new();
        for task in tasks {
            taken.push(task.await.unwrap());
        }
        taken.sort_unstable();
        assert!(taken.into_iter().eq(7..57));
    }

    #[tokio::test]
    async fn a_number_that_was_given_back_is_given_out_before_a_new_one() {
        let store = Store::open_in_memory().unwrap();
        for expected in 0..5 {
            assert_eq!(take(&store, 0).await, expected);
        }
        give_back(&store, 3).await;
        give_back(&store, 1).await;
        give_back(&store, 1).await;
        let mut taken = Vec::new();
        for _number in 0..4 {
            taken.push(take(&store, 0).await);
        }
        assert_eq!(taken, [1, 3, 5, 6]);
    }

    #[tokio::test]
    async fn numbers_that_the_network_has_seen_are_passed_over() {
        let store = Store::open_in_memory().unwrap();
        assert_eq!(take(&store, 0).await, 0);
        give_back(&store, 0).await;
        assert_eq!(take(&store, 4).await, 4, "somebody else used the key");
        assert_eq!(take(&store, 4).await, 5, "the network has not seen it yet");
        assert_eq!(take(&store, 2).await, 6, "a node that lags does not lead back");
        let returned = |first, nonce| {
            let of = (first, nonce);
            store.write(move |db| db.return_passed_nonces(WALLET, network(), of))
        };
        returned(3, 4).await.unwrap();
        assert_eq!(take(&store, 3).await, 3, "nobody had used it");
        returned(3, 4).await.unwrap();
        assert_eq!(take(&store, 3).await, 7, "each is tried once");
        let other = store.read(|db| db.next_nonce(WALLET, "eip155:2".parse().unwrap(), 9));
        assert_eq!(other.await.unwrap(), 9, "each network has its own numbers");
    }

    #[tokio::test]
    async fn what_a_lie_has_passed_over_comes_back_however_much_and_how_often() {
        let store = Store::open_in_memory().unwrap();
        assert_eq!(take(&store, 5).await, 5);
        let returned = |first, nonce| {
            let of = (first, nonce);
            store.write(move |db| db.return_passed_nonces(WALLET, network(), of))
        };
        assert_eq!(take(&store, 1_000_000).await, 1_000_000, "a lie");
        returned(6, 1_000_000).await.unwrap();
        assert_eq!(take(&store, 6).await, 6);
        // The same lie, while 7 to 69 are given back.
        assert_eq!(take(&store, 1_000_000).await, 1_000_001);
        returned(7, 1_000_000).await.unwrap();
        for expected in 7..300 {
            assert_eq!(take(&store, expected).await, expected);
            returned(expected + 1, 1_000_000).await.unwrap();
        }
    }
}

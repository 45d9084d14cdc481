//! One withdrawal of a wallet at a time: what it orders is in the database only once it was looked for.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use primitives::WalletId;

/// Wallets that are being emptied.
#[derive(Debug, Default)]
pub struct Turns(Mutex<BTreeSet<WalletId>>);

/// The right to empty a wallet, until it is dropped.
#[derive(Debug)]
pub struct Turn<'t> {
    turns: &'t Turns,
    wallet: WalletId,
}

impl Turns {
    /// The right to empty that wallet, unless somebody has it.
    pub fn enter(&self, wallet: WalletId) -> Option<Turn<'_>> {
        let mut wallets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Not `then_some`: a right that nobody gets would be given back.
        wallets.insert(wallet).then(|| Turn { turns: self, wallet })
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.turns.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.wallet);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_empties_a_wallet_at_a_time() {
        let turns = Turns::default();
        let [one, other] = [1, 2].map(|number| WalletId::from_bytes([number; 16]));
        let turn = turns.enter(one);
        assert!(turn.is_some() && turns.enter(one).is_none() && turns.enter(other).is_some());
        drop(turn);
        assert!(turns.enter(one).is_some());
    }
}

//! What left a wallet lately: the rolling day that ceilings are compared with.

use std::collections::{BTreeMap, VecDeque};

use primitives::{Amount, Asset};

use crate::clock::UnixSeconds;
use primitives::Scope;

/// The length of the window.
pub const DAY_SECONDS: u64 = 24 * 60 * 60;
const MINUTE_SECONDS: u64 = 60;

/// Spend of one wallet, per scope and asset.
///
/// Spend is kept by the minute, so that a busy wallet needs at most 1,441 sums for each asset. A
/// minute leaves the window when its last second does: never early.
#[derive(Clone, Debug, Default)]
pub struct Windows {
    spent: BTreeMap<(Scope, Asset), VecDeque<Minute>>,
    full_until: UnixSeconds,
    /// When assets of which nothing counts any more were last dropped.
    swept_at: UnixSeconds,
}

#[derive(Clone, Copy, Debug)]
struct Minute {
    number: u64,
    amount: Amount,
}

impl Windows {
    /// Nothing left.
    pub const EMPTY: &Self = &Self { spent: BTreeMap::new(), full_until: 0, swept_at: 0 };

    /// Counts `amount` as spent at `at`.
    pub fn add(&mut self, scope: Scope, asset: Asset, amount: Amount, at: UnixSeconds) {
        if at >= self.swept_at.saturating_add(DAY_SECONDS) {
            self.spent.retain(|_, minutes| minutes.iter().any(|minute| minute.counts_at(at)));
            self.swept_at = at;
        }
        let minutes = self.spent.entry((scope, asset)).or_default();
        minutes.retain(|minute| minute.counts_at(at));
        let number = at / MINUTE_SECONDS;
        match minutes.back_mut() {
            Some(last) if last.number >= number => {
                // A sum that does not fit cannot come from amounts under ceilings; it counts as all.
                last.amount = last.amount.checked_add(amount).unwrap_or(Amount::MAX);
            }
            Some(_) | None => minutes.push_back(Minute { number, amount }),
        }
    }

    /// Counts every ceiling as used up until `until`: after a restore nobody knows what left since
    /// the backup was made.
    pub fn fill_until(&mut self, until: UnixSeconds) {
        self.full_until = self.full_until.max(until);
    }

    /// What left in the day before `now`; `None` where everything counts as spent.
    pub fn spent(&self, scope: Scope, asset: Asset, now: UnixSeconds) -> Option<Amount> {
        if now < self.full_until {
            return None;
        }
        let minutes = self.spent.get(&(scope, asset));
        Amount::sum(
            minutes
                .into_iter()
                .flatten()
                .filter(|minute| minute.counts_at(now))
                .map(|minute| minute.amount),
        )
    }
}

impl Minute {
    fn counts_at(&self, now: UnixSeconds) -> bool {
        let end = self.number.saturating_add(1).saturating_mul(MINUTE_SECONDS);
        now < end.saturating_add(DAY_SECONDS)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: UnixSeconds = 1_800_000_000;

    fn amount(value: u64) -> Amount {
        Amount::from(value)
    }

    fn spent(windows: &Windows, at: UnixSeconds) -> Option<Amount> {
        windows.spent(Scope::Solana, Asset::Native, at)
    }

    #[test]
    fn spend_counts_for_a_day_and_never_a_second_less() {
        let mut windows = Windows::default();
        windows.add(Scope::Solana, Asset::Native, amount(5), NOW);
        for (at, expected) in [
            (NOW, 5),
            (NOW + DAY_SECONDS - 1, 5),
            (NOW + DAY_SECONDS, 5),
            (NOW + DAY_SECONDS + MINUTE_SECONDS, 0),
        ] {
            assert_eq!(spent(&windows, at), Some(amount(expected)), "{} s later", at - NOW);
        }
    }

    #[test]
    fn assets_and_networks_are_counted_apart() {
        let mut windows = Windows::default();
        windows.add(Scope::Solana, Asset::Native, amount(5), NOW);
        let mainnet = Scope::Evm("eip155:1".parse().unwrap());
        assert_eq!(windows.spent(mainnet, Asset::Native, NOW), Some(Amount::ZERO));
    }

    #[test]
    fn tokens_of_which_nothing_counts_any_more_are_forgotten() {
        let mut windows = Windows::default();
        for number in 0..100_u8 {
            let token = Asset::Token(primitives::EvmAddress([number; 20]).into());
            windows.add(Scope::Solana, token, amount(1), NOW);
        }
        assert_eq!(windows.spent.len(), 100);
        windows.add(Scope::Solana, Asset::Native, amount(1), NOW + 2 * DAY_SECONDS);
        assert_eq!(windows.spent.len(), 1);
    }

    #[test]
    fn a_filled_window_is_full_until_its_time() {
        let mut windows = Windows::default();
        windows.fill_until(NOW + 10);
        assert_eq!(spent(&windows, NOW + 9), None);
        assert_eq!(spent(&windows, NOW + 10), Some(Amount::ZERO));
    }

    proptest! {
        /// Against a model that keeps every single spend.
        #[test]
        fn the_window_never_counts_less_than_a_list_of_all_spends(
            steps in proptest::collection::vec((0_u64..4 * 3600, 0_u64..1000), 0..200),
        ) {
            let mut windows = Windows::default();
            let mut list = Vec::new();
            let mut now = NOW;
            for (wait, value) in steps {
                now += wait;
                windows.add(Scope::Solana, Asset::Native, amount(value), now);
                list.push((now, value));
                let sum_since = |oldest: u64| -> u64 {
                    list.iter().filter(|(at, _)| *at > oldest).map(|(_, value)| value).sum()
                };
                let counted = spent(&windows, now).unwrap();
                prop_assert!(counted >= amount(sum_since(now - DAY_SECONDS)));
                prop_assert!(counted <= amount(sum_since(now - DAY_SECONDS - MINUTE_SECONDS)));
            }
        }
    }
}

//! How much may be taken ahead: a slice of what leaves at once.

use std::collections::BTreeMap;

use primitives::{Amount, Asset, Scope, WalletId};
use protocol::{Ceiling, Demand, ExposureLine};

use super::{Guard, Judged, Ledger, NetworkRule, Span, Windows};
use crate::clock::UnixSeconds;

/// How much of what.
type Spend = BTreeMap<Asset, Amount>;

impl Guard {
    /// What a lease takes from the windows so that `spend` and more like it can be paid from it:
    /// `lease_percent` of what leaves at once in a day, at least the spend, at most what is left.
    /// `None` where the guard has no leases, nothing is limited, or a lease would hold no more than
    /// the spend itself.
    pub fn lease(
        &self,
        windows: &Windows,
        scope: Scope,
        spend: &BTreeMap<Asset, Amount>,
        now: UnixSeconds,
    ) -> Option<BTreeMap<Asset, Amount>> {
        let percent = Amount::from(u64::from(self.lease_percent()?));
        let Some(NetworkRule::Limited(limits)) = self.networks.get(&scope) else { return None };
        let ahead = |asset: &Asset, amount: Amount| {
            let immediate = &limits.assets.get(asset)?.immediate;
            let left = |span| {
                let spent = windows.spent(Ledger::Alone, span, (scope, *asset), now);
                let ceiling = immediate.of(span)?;
                Some(spent.map_or(Amount::ZERO, |spent| ceiling.saturating_sub(spent)))
            };
            let left = Span::ALL.into_iter().filter_map(left).min()?;
            let slice = immediate.day?.checked_mul(percent)?.checked_div(Amount::from(100_u64))?;
            Some(slice.max(amount).min(left)).filter(|ahead| *ahead >= amount)
        };
        let lease: BTreeMap<_, _> = spend
            .iter()
            .map(|(asset, amount)| Some((*asset, ahead(asset, *amount)?)))
            .collect::<Option<_>>()?;
        (lease != *spend).then_some(lease)
    }
}

/// What was taken ahead counts as spent, and can still leave.
pub fn add_leased(lines: &mut [ExposureLine], (scope, asset): (Scope, Asset), amount: Amount) {
    let of_it = |line: &&mut ExposureLine| line.network == scope.network() && line.asset == asset;
    for line in lines.iter_mut().filter(of_it) {
        let ExposureLine { network: _, asset: _, at_once, per_hour, per_day, per_month } = line;
        for most in [at_once, per_hour, per_day, per_month] {
            if let Ceiling::AtMost(left) = *most {
                *most = left.checked_add(amount).map_or(Ceiling::Unlimited, Ceiling::AtMost);
            }
        }
    }
}

impl Judged {
    /// Whose lease would pay for it, and how much; `None` where something else is asked of it than
    /// room in the windows, which a lease has.
    pub(crate) fn leasable(&self) -> Option<((WalletId, Scope), &Spend)> {
        let scope = self.scope.filter(|_| self.leased == Demand::Immediate)?;
        Some(((self.wallet, scope), &self.spend))
    }
}

#[cfg(test)]
mod tests {
    use primitives::Chain;

    use super::*;

    const NOW: UnixSeconds = 1_800_000_000;

    #[test]
    fn what_was_taken_ahead_is_added_to_its_own_line_alone() {
        let token = Asset::Token(primitives::SolanaAddress([7; 32]).into());
        let network = Scope::Solana.network();
        let line = |network, asset| {
            let five = Ceiling::AtMost(Amount::from(5_u64));
            let [at_once, per_hour, per_day, per_month] = [five, five, five, Ceiling::Unlimited];
            ExposureLine { network, asset, at_once, per_hour, per_day, per_month }
        };
        let elsewhere = Scope::Evm("eip155:1".parse().unwrap()).network();
        let others = [line(network, token), line(elsewhere, Asset::Native)];
        let mut lines = vec![line(network, Asset::Native)];
        lines.extend(others);
        add_leased(&mut lines, (Scope::Solana, Asset::Native), Amount::from(2_u64));
        let seven = Ceiling::AtMost(Amount::from(7_u64));
        let ExposureLine { at_once, per_hour, per_day, per_month, .. } = lines[0];
        assert_eq!(
            [at_once, per_hour, per_day, per_month],
            [seven, seven, seven, Ceiling::Unlimited]
        );
        assert_eq!(lines[1..], others);
    }

    #[test]
    fn a_lease_is_a_slice_of_the_day_at_least_the_spend_and_at_most_what_is_left() {
        let network = "[network.solana.native]\nimmediate = { per_day = \"1000\" }\n";
        let guard = |percent: &str| {
            Guard::from_toml(&format!("{percent}\n{network}"), Chain::Solana).unwrap()
        };
        let leased = |percent: &str, spend: u64, spent: u64| {
            let mut windows = Windows::default();
            let sol = (Scope::Solana, Asset::Native);
            windows.add(Ledger::Alone, sol, Amount::from(spent), NOW);
            let spend = BTreeMap::from([(Asset::Native, Amount::from(spend))]);
            let lease = guard(percent).lease(&windows, Scope::Solana, &spend, NOW)?;
            lease.get(&Asset::Native)?.to_u64()
        };
        let five = "lease_percent = 5";
        for (percent, spend, spent, ahead) in [
            ("", 1, 0, None),
            (five, 1, 0, Some(50)),
            (five, 49, 0, Some(50)),
            (five, 50, 0, None),
            (five, 51, 0, None),
            (five, 10, 980, Some(20)),
            (five, 20, 980, None),
            (five, 21, 980, None),
        ] {
            assert_eq!(leased(percent, spend, spent), ahead, "{percent}: {spend} after {spent}");
        }
        let token = Asset::Token(primitives::SolanaAddress([7; 32]).into());
        let spend = BTreeMap::from([(token, Amount::from(1_u64))]);
        let windows = Windows::default();
        assert_eq!(guard(five).lease(&windows, Scope::Solana, &spend, NOW), None);
    }
}

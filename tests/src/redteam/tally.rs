//! What was signed, refused and taken, and whether that is more than was printed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use primitives::{Amount, Asset, ChainId, Scope, WalletId};
use protocol::{Ceiling, Exposure, ExposureLine, RefusalCode};
use serde_json::{Value, json};

use super::rules::{Feature, Rules};
use super::{Taken, Target};

/// Something of a wallet.
type Place = (WalletId, Scope, Asset);

/// Mistakes that are kept; the first ones say enough.
const MOST_MISTAKES: usize = 20;
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);
const MONTH: Duration = Duration::from_hours(30 * 24);
/// How much later than it was made a signature may reach us.
const ON_ITS_WAY: Duration = Duration::from_mins(5);

/// Everything that is counted in a run. Times are those that passed for the signer since its start.
#[derive(Debug, Default)]
pub struct Tally {
    /// Requests that were answered.
    pub requests: u64,
    /// Requests that nobody answered, because the signer was killed.
    pub lost: u64,
    /// Signatures, each as often as it came.
    pub signed: u64,
    /// Refusals by reason.
    pub refused: BTreeMap<RefusalCode, u64>,
    /// How often each class was signed and refused.
    pub classes: BTreeMap<&'static str, [u64; 2]>,
    /// How often the signer was killed, and when it was started again so much later.
    pub kills: Vec<Duration>,
    /// Signatures that came of approvals.
    pub approvals_used: u64,
    /// What went otherwise than it has to, a sentence each.
    pub mistakes: Vec<String>,
    signatures: BTreeSet<Vec<u8>>,
    alone: Outflow,
    approved: Outflow,
    printed: Vec<Printed>,
    /// When for the first time more time passed for the signer than for us.
    jumped_at: Option<Duration>,
}

/// What left of each asset, in the order of time: when, and how much until then.
#[derive(Debug, Default)]
struct Outflow(BTreeMap<Place, Vec<(Duration, Amount)>>);

/// What was printed at one moment.
#[derive(Debug)]
struct Printed {
    at: Duration,
    target: Target,
    exposure: Exposure,
}

/// A number that was printed, and until when it holds.
struct Bound {
    name: &'static str,
    until: Duration,
    most: Ceiling,
}

impl Outflow {
    fn add(&mut self, wallet: WalletId, takes: &[Taken], at: Duration) {
        for Taken { scope, asset, amount } in takes {
            let left = self.0.entry((wallet, *scope, *asset)).or_default();
            let until_now = left.last().map_or(Amount::ZERO, |(_, sum)| *sum);
            left.push((at, until_now.checked_add(*amount).unwrap_or(Amount::MAX)));
        }
    }

    /// What left after `from` and not after `until`.
    fn between(&self, place: Place, from: Duration, until: Duration) -> Amount {
        let Some(left) = self.0.get(&place) else { return Amount::ZERO };
        let sum = |until: Duration| match left.partition_point(|(at, _)| *at <= until) {
            0 => Amount::ZERO,
            count => left[count - 1].1,
        };
        sum(until).saturating_sub(sum(from))
    }

    fn of(&self, wallet: WalletId) -> impl Iterator<Item = Place> {
        self.0.keys().copied().filter(move |(whose, ..)| *whose == wallet)
    }
}

impl Printed {
    /// What may leave from then on. What has no line must not leave at all.
    ///
    /// What is printed for now is compared where it is as good for an hour: as long as nothing that
    /// left before the run grows old, and where nothing is announced, which leaves later than at once.
    fn bounds(&self, (_, scope, asset): Place, jumped_at: Option<Duration>) -> Vec<Bound> {
        let is_it = |line: &&ExposureLine| (scope_of(line.network), line.asset) == (scope, asset);
        let Some(line) = self.exposure.lines.iter().find(is_it) else {
            let most = Ceiling::AtMost(Amount::ZERO);
            return vec![Bound { name: "ever", until: Duration::MAX, most }];
        };
        let later = [
            ("an hour", HOUR, line.per_hour),
            ("a day", DAY, line.per_day),
            ("30 days", MONTH, line.per_month),
        ];
        let bound = |name, after, most| Bound { name, until: self.at + after, most };
        let mut bounds: Vec<_> =
            later.into_iter().map(|(name, after, most)| bound(name, after, most)).collect();
        let nothing_grew_old = self.at < jumped_at.unwrap_or(HOUR);
        if nothing_grew_old && !self.target.rules.has(Feature::Delay) {
            let until = jumped_at.unwrap_or(HOUR).min(HOUR);
            bounds.push(Bound { name: "at once", until, most: line.at_once });
        }
        bounds
    }
}

impl Tally {
    /// Counts a signature that no owner allowed, and once what it takes.
    pub fn signed(&mut self, wallet: WalletId, signature: Vec<u8>, takes: &[Taken], at: Duration) {
        if self.is_new(signature) {
            self.alone.add(wallet, takes, at);
        }
    }

    /// Counts a signature that owners allowed. Whether it is one that was not there before.
    pub fn approved(
        &mut self,
        wallet: WalletId,
        signature: Vec<u8>,
        takes: &[Taken],
        at: Duration,
    ) -> bool {
        let is_new = self.is_new(signature);
        if is_new {
            self.approvals_used += 1;
            self.approved.add(wallet, takes, at);
        }
        is_new
    }

    fn is_new(&mut self, signature: Vec<u8>) -> bool {
        self.signed += 1;
        self.signatures.insert(signature)
    }

    /// Counts a refusal.
    pub fn refused(&mut self, code: RefusalCode) {
        *self.refused.entry(code).or_default() += 1;
    }

    /// Counts that the signer was killed at `at`, and started again so much later.
    pub fn killed(&mut self, at: Duration, later: Duration) {
        self.kills.push(later);
        if !later.is_zero() {
            self.jumped_at.get_or_insert(at);
        }
    }

    /// Notes something that must not be.
    pub fn mistake(&mut self, what: String) {
        if self.mistakes.len() < MOST_MISTAKES {
            self.mistakes.push(what);
        }
    }

    /// Signatures that differ from each other.
    pub fn distinct(&self) -> usize {
        self.signatures.len()
    }

    /// Keeps what the signer prints, asked at `at`: no more may leave from here on.
    pub fn print(&mut self, target: Target, exposure: Exposure, at: Duration) {
        self.printed.push(Printed { at, target, exposure });
    }

    /// Compares what left with every number that was printed: a line for each wallet and asset of the
    /// first prints.
    pub fn compare(&mut self) -> Vec<Value> {
        let over = self.printed.iter().flat_map(|printed| self.over(printed));
        let approved = self.printed.iter().flat_map(|printed| self.over_approved(printed.target));
        for what in over.chain(approved).collect::<BTreeSet<_>>() {
            self.mistake(what);
        }
        let mut shown = BTreeSet::new();
        let first = self.printed.iter().filter(|printed| shown.insert(printed.target.wallet));
        first.flat_map(|printed| self.lines(printed)).collect()
    }

    /// What left alone although it was not printed.
    fn over(&self, printed: &Printed) -> Vec<String> {
        let mut over = Vec::new();
        for place in self.alone.of(printed.target.wallet) {
            for Bound { name, until, most } in printed.bounds(place, self.jumped_at) {
                let taken = self.alone.between(place, printed.at, until);
                if let Ceiling::AtMost(most) = most
                    && taken > most
                {
                    over.push(format!(
                        "{}: {taken} of {} on {} left, where {most} were printed for {name}",
                        printed.target.rules.name,
                        asset_name(place.2),
                        place.1
                    ));
                }
            }
        }
        over
    }

    /// What left with the owners' word in some day, although the guard has it that not even they let
    /// go so much.
    fn over_approved(&self, target: Target) -> Vec<String> {
        let day = DAY.saturating_sub(ON_ITS_WAY);
        let mut over = Vec::new();
        for place in self.approved.of(target.wallet).filter(|(.., asset)| target.has_line(*asset)) {
            let most = Rules::approved_in_a_day(place.2);
            for (at, _) in &self.approved.0[&place] {
                let from = at.saturating_sub(day);
                let taken = self.approved.between(place, from, *at);
                if taken > most {
                    over.push(format!(
                        "{}: {taken} of {} left with the owners' word in a day, where {most} may",
                        target.rules.name,
                        asset_name(place.2),
                    ));
                }
            }
        }
        over
    }

    fn lines(&self, printed: &Printed) -> Vec<Value> {
        let of_line = |line: &ExposureLine| {
            let place = (printed.target.wallet, scope_of(line.network), line.asset);
            let mut shown = json!({
                "guard": printed.target.rules.name,
                "network": place.1.to_string(),
                "asset": asset_name(line.asset),
                "taken": self.alone.between(place, printed.at, Duration::MAX),
                "taken_with_owners": self.approved.between(place, Duration::ZERO, Duration::MAX),
            });
            for Bound { name, until, most } in printed.bounds(place, self.jumped_at) {
                shown[name] = json!({
                    "taken": self.alone.between(place, printed.at, until),
                    "exposure": match most {
                        Ceiling::AtMost(most) => json!(most),
                        Ceiling::Unlimited => json!("unlimited"),
                    },
                });
            }
            shown
        };
        printed.exposure.lines.iter().map(of_line).collect()
    }
}

fn scope_of(network: Option<ChainId>) -> Scope {
    network.map_or(Scope::Solana, Scope::of)
}

fn asset_name(asset: Asset) -> String {
    match asset {
        Asset::Native => "native".to_owned(),
        Asset::Token(token) => token.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use primitives::{Chain, EvmAddress};

    use super::super::rules::RULES;
    use super::*;

    const WALLET: WalletId = WalletId::from_bytes([1; 16]);

    fn target() -> Target {
        let rules = *RULES.iter().find(|rules| rules.chain == Chain::Evm).unwrap();
        Target { wallet: WALLET, address: EvmAddress([1; 20]).into(), rules }
    }

    fn taken(amount: u64) -> Taken {
        Taken::native(super::super::evm_scope(1), Amount::from(amount))
    }

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// The same number for all spans.
    fn printed(most: u64) -> Exposure {
        let all = Ceiling::AtMost(Amount::from(most));
        let network = Some("eip155:1".parse().unwrap());
        let line = ExposureLine {
            network,
            asset: Asset::Native,
            at_once: all,
            per_hour: all,
            per_day: Ceiling::AtMost(Amount::from(most * 2)),
            per_month: Ceiling::Unlimited,
        };
        Exposure { wallet: WALLET, lines: vec![line], remarks: vec![] }
    }

    /// What came of taking these amounts, at these times, where 100 were printed for an hour and 200
    /// for a day.
    fn mistakes(taken_at: &[(u64, u64)], jumped_at: Option<u64>) -> Vec<String> {
        let mut tally = Tally::default();
        tally.print(target(), printed(100), at(1));
        if let Some(jumped_at) = jumped_at {
            tally.killed(at(jumped_at), HOUR);
        }
        for (number, (seconds, amount)) in (0..).zip(taken_at) {
            tally.signed(WALLET, vec![number], &[taken(*amount)], at(*seconds));
            tally.signed(WALLET, vec![number], &[taken(*amount)], at(*seconds));
        }
        tally.compare();
        tally.mistakes
    }

    #[test]
    fn one_more_than_was_printed_is_a_mistake_and_the_last_unit_is_none() {
        let late = 3602;
        for (taken_at, jumped_at, over) in [
            (&[(2, 40), (3, 60)][..], None, vec![]),
            (&[(2, 40), (3, 61)], None, vec!["an hour", "at once"]),
            (&[(2, 100), (late - 1, 1)], None, vec!["an hour"]),
            (&[(2, 100), (late, 100)], Some(3), vec![]),
            (&[(2, 101), (late, 1)], Some(3), vec!["an hour", "at once"]),
            (&[(2, 100), (late, 101)], Some(3), vec!["a day"]),
            (&[(2, 100), (late + 86_400, 1000)], Some(3), vec![]),
        ] {
            let found = mistakes(taken_at, jumped_at);
            assert_eq!(found.len(), over.len(), "{taken_at:?}: {found:?}");
            for (name, mistake) in over.iter().zip(&found) {
                assert!(mistake.ends_with(name), "{mistake}");
            }
        }
    }

    #[test]
    fn a_later_print_binds_what_leaves_after_it() {
        let mut tally = Tally::default();
        tally.print(target(), printed(100), at(1));
        tally.signed(WALLET, vec![1], &[taken(60)], at(2));
        tally.print(target(), printed(10), at(3));
        tally.signed(WALLET, vec![2], &[taken(11)], at(4));
        tally.compare();
        assert_eq!(tally.mistakes.len(), 2, "for an hour and at once: {:?}", tally.mistakes);
    }

    #[test]
    fn what_was_not_printed_must_not_leave_at_all() {
        let mut tally = Tally::default();
        tally.print(target(), printed(100), at(1));
        let token = Taken::token(super::super::evm_scope(1), EvmAddress([9; 20]), 1_u64.into());
        tally.signed(WALLET, vec![1], &[token], at(2));
        tally.compare();
        assert_eq!(tally.mistakes.len(), 1, "{:?}", tally.mistakes);
    }

    #[test]
    fn what_owners_let_go_is_counted_apart_and_up_to_their_own_ceiling() {
        let owned = *RULES.iter().find(|rules| rules.has(Feature::Owned)).unwrap();
        let most = Rules::approved_in_a_day(Asset::Native);
        let more = most.checked_add(Amount::from(1_u64)).unwrap();
        for (amount, mistakes) in [(most, 0), (more, 1)] {
            let mut tally = Tally::default();
            let target = Target { rules: owned, ..target() };
            tally.print(target, printed(100), at(1));
            let takes = [Taken::native(super::super::evm_scope(1), amount)];
            assert!(tally.approved(WALLET, vec![1], &takes, at(2)));
            assert!(!tally.approved(WALLET, vec![1], &takes, at(3)));
            tally.signed(WALLET, vec![2], &[taken(100)], at(4));
            tally.compare();
            assert_eq!(tally.mistakes.len(), mistakes, "{:?}", tally.mistakes);
        }
    }
}

//! What was signed, refused and taken, and whether that is more than was printed.

use std::collections::{BTreeMap, BTreeSet};

use primitives::{Amount, Asset, ChainId, Scope, WalletId};
use protocol::{Ceiling, Exposure, ExposureLine, RefusalCode};
use serde_json::{Value, json};

use super::rules::Feature;
use super::{Taken, Target};

/// Something of a wallet.
type Place = (WalletId, Scope, Asset);

/// Mistakes that are kept; the first ones say enough.
const MOST_MISTAKES: usize = 20;

/// Everything that is counted in a run.
#[derive(Debug, Default)]
pub struct Tally {
    /// Requests that were answered.
    pub requests: u64,
    /// Signatures, each as often as it came.
    pub signed: u64,
    /// Refusals by reason.
    pub refused: BTreeMap<RefusalCode, u64>,
    /// How often each class was signed and refused.
    pub classes: BTreeMap<&'static str, [u64; 2]>,
    /// What went otherwise than it has to, a sentence each.
    pub mistakes: Vec<String>,
    signatures: BTreeSet<Vec<u8>>,
    taken: BTreeMap<Place, Amount>,
    printed: Vec<Printed>,
}

/// What was printed at one moment, and what had left until then.
#[derive(Debug)]
struct Printed {
    target: Target,
    exposure: Exposure,
    taken_before: BTreeMap<Place, Amount>,
}

impl Printed {
    /// The most that may leave from then on in less than an hour: what waits in an announcement
    /// leaves later than at once. What has no line must not leave at all.
    fn bound(&self, (_, scope, asset): Place) -> Ceiling {
        let is_it = |line: &&ExposureLine| (scope_of(line.network), line.asset) == (scope, asset);
        let Some(line) = self.exposure.lines.iter().find(is_it) else {
            return Ceiling::AtMost(Amount::ZERO);
        };
        if self.target.rules.has(Feature::Delay) { line.per_hour } else { line.at_once }
    }
}

impl Tally {
    /// Counts a signature, and once what it takes.
    pub fn signed(&mut self, wallet: WalletId, signature: Vec<u8>, takes: &[Taken]) {
        self.signed += 1;
        if !self.signatures.insert(signature) {
            return;
        }
        for Taken { scope, asset, amount } in takes {
            let taken = self.taken.entry((wallet, *scope, *asset)).or_default();
            *taken = taken.checked_add(*amount).unwrap_or(Amount::MAX);
        }
    }

    /// Counts a refusal.
    pub fn refused(&mut self, code: RefusalCode) {
        *self.refused.entry(code).or_default() += 1;
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

    /// Keeps what the signer prints now: no more may leave from here on.
    pub fn print(&mut self, target: Target, exposure: Exposure) {
        let taken_before = self.taken.clone();
        self.printed.push(Printed { target, exposure, taken_before });
    }

    /// Compares what left with every number that was printed, for a run of less than an hour: a line
    /// for each wallet and asset of the first prints.
    pub fn compare(&mut self) -> Vec<Value> {
        let over: Vec<_> = self.printed.iter().flat_map(|printed| self.over(printed)).collect();
        for what in over {
            self.mistake(what);
        }
        let mut shown = BTreeSet::new();
        let first = self.printed.iter().filter(|printed| shown.insert(printed.target.wallet));
        first.flat_map(|printed| self.lines(printed)).collect()
    }

    /// What left although it was not printed.
    fn over(&self, printed: &Printed) -> Vec<String> {
        let guard = printed.target.rules.name;
        let wallet = printed.target.wallet;
        let places = self.taken.keys().filter(|(whose, ..)| *whose == wallet);
        places
            .filter_map(|place| {
                let taken = self.taken_since(printed, *place);
                match printed.bound(*place) {
                    Ceiling::AtMost(most) if taken > most => Some(format!(
                        "{guard}: {taken} of {} on {} left, where {most} were printed",
                        asset_name(place.2),
                        place.1
                    )),
                    Ceiling::AtMost(_) | Ceiling::Unlimited => None,
                }
            })
            .collect()
    }

    fn lines(&self, printed: &Printed) -> Vec<Value> {
        let of_line = |line: &ExposureLine| {
            let place = (printed.target.wallet, scope_of(line.network), line.asset);
            json!({
                "guard": printed.target.rules.name,
                "network": place.1.to_string(),
                "asset": asset_name(line.asset),
                "taken": self.taken_since(printed, place),
                "exposure": match printed.bound(place) {
                    Ceiling::AtMost(most) => json!(most),
                    Ceiling::Unlimited => json!("unlimited"),
                },
            })
        };
        printed.exposure.lines.iter().map(of_line).collect()
    }

    fn taken_since(&self, printed: &Printed, place: Place) -> Amount {
        let of = |taken: &BTreeMap<Place, Amount>| taken.get(&place).copied().unwrap_or_default();
        of(&self.taken).saturating_sub(of(&printed.taken_before))
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

    fn printed(at_once: u64) -> Exposure {
        let all = Ceiling::AtMost(Amount::from(at_once));
        let network = Some("eip155:1".parse().unwrap());
        let line = ExposureLine {
            network,
            asset: Asset::Native,
            at_once: all,
            per_hour: Ceiling::Unlimited,
            per_day: Ceiling::Unlimited,
            per_month: Ceiling::Unlimited,
        };
        Exposure { wallet: WALLET, lines: vec![line], remarks: vec![] }
    }

    #[test]
    fn one_more_than_was_printed_is_a_mistake_and_the_last_unit_is_none() {
        for (amount, mistakes) in [(100, 0), (101, 1)] {
            let mut tally = Tally::default();
            tally.print(target(), printed(100));
            tally.signed(WALLET, vec![1], &[taken(40)]);
            tally.signed(WALLET, vec![1], &[taken(40)]);
            tally.signed(WALLET, vec![2], &[taken(amount - 40)]);
            tally.compare();
            assert_eq!(tally.mistakes.len(), mistakes, "{amount}: {:?}", tally.mistakes);
        }
    }

    #[test]
    fn a_later_print_binds_what_leaves_after_it() {
        let mut tally = Tally::default();
        tally.print(target(), printed(100));
        tally.signed(WALLET, vec![1], &[taken(60)]);
        tally.print(target(), printed(10));
        tally.signed(WALLET, vec![2], &[taken(11)]);
        tally.compare();
        assert_eq!(tally.mistakes.len(), 1, "{:?}", tally.mistakes);
    }

    #[test]
    fn what_was_not_printed_must_not_leave_at_all() {
        let mut tally = Tally::default();
        tally.print(target(), printed(100));
        let token = Taken::token(super::super::evm_scope(1), EvmAddress([9; 20]), 1_u64.into());
        tally.signed(WALLET, vec![1], &[token]);
        tally.compare();
        assert_eq!(tally.mistakes.len(), 1, "{:?}", tally.mistakes);
    }
}

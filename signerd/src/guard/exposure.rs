//! The number that is printed beforehand: what could leave a wallet without its owners.

use primitives::{Amount, Asset, ChainId, Scope};
use protocol::{Announcement, Ceiling, ExposureLine};

use super::ceilings::Ceilings;
use super::{AssetRule, Enrolment, Guard, Ledger, NetworkRule, Span, Windows};
use crate::clock::UnixSeconds;

/// What decides, besides a guard, what could leave from now on.
#[derive(Clone, Copy, Debug)]
pub struct Outlook<'a> {
    /// What left lately.
    pub windows: &'a Windows,
    /// What waits, and from when on it may be signed.
    pub announced: &'a [Announcement],
    /// Whether owners are confirmed.
    pub owners: Confirmed,
    /// By the signer's clock.
    pub now: UnixSeconds,
}

/// Whether a wallet's owners are confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmed {
    /// They are.
    Yes,
    /// It has none, or they were only proposed.
    No,
}

/// A line for each scope and asset that the guard lets go; what has no line cannot leave. An open
/// network has one line, of its native coin, and stands for all of its assets; so has every network
/// while the first who signs becomes an owner, who may then let everything go.
pub fn exposure(guard: &Guard, outlook: &Outlook<'_>) -> Vec<ExposureLine> {
    let mut lines = Vec::new();
    for (scope, rule) in &guard.networks {
        match rule {
            NetworkRule::Open => lines.push(unlimited(scope.network())),
            NetworkRule::Limited(_) if guard.makes_owners_of_anybody(outlook.owners) => {
                lines.push(unlimited(scope.network()));
            }
            NetworkRule::Limited(limits) => {
                lines.extend(limits.assets.iter().map(|(asset, rule)| {
                    let spent =
                        |span, at| outlook.windows.spent(Ledger::Alone, span, (*scope, *asset), at);
                    Drain { guard, outlook, rule, spent }.line(scope.network(), *asset)
                }));
            }
        }
    }
    lines
}

impl Guard {
    pub(super) fn makes_owners_of_anybody(&self, owners: Confirmed) -> bool {
        (self.owner_enrolment, owners) == (Enrolment::FirstUse, Confirmed::No)
    }
}

/// Somebody who takes what he gets of one asset.
struct Drain<'a, S> {
    guard: &'a Guard,
    outlook: &'a Outlook<'a>,
    rule: &'a AssetRule,
    /// What left before and still counts in a window at some time to come.
    spent: S,
}

impl<S: Fn(Span, UnixSeconds) -> Option<Amount>> Drain<'_, S> {
    fn line(&self, network: Option<ChainId>, asset: Asset) -> ExposureLine {
        let within = |seconds| self.within(seconds).map_or(Ceiling::Unlimited, Ceiling::AtMost);
        ExposureLine {
            network,
            asset,
            at_once: within(0),
            per_hour: within(Span::Hour.seconds()),
            per_day: within(Span::Day.seconds()),
            per_month: within(Span::Month.seconds()),
        }
    }

    /// The most in so many seconds from now; `None` where there is no bound.
    ///
    /// What leaves at once is under the ceilings of that, and what waited is under those of waits,
    /// together with what left at once. Where no announcement made from now on is ready in time, only
    /// what waits already adds to what leaves at once, each by one transaction at most.
    fn within(&self, seconds: u64) -> Option<Amount> {
        let at_once = self.under(&self.rule.immediate, seconds);
        let Some(delay) = &self.rule.delay else { return at_once };
        let waited = self.under(delay, seconds);
        if u64::from(self.guard.delay_seconds) <= seconds {
            return waited;
        }
        let then = self.outlook.now.saturating_add(seconds);
        let ready = self.outlook.announced.iter().filter(|it| it.ready_at <= then).count();
        let each = delay.effective().transaction;
        let announced = each
            .zip(u64::try_from(ready).ok())
            .and_then(|(each, ready)| at_once?.checked_add(each.checked_mul(Amount::from(ready))?));
        match (ready, announced) {
            (0, _) => at_once,
            (_, announced) => waited.into_iter().chain(announced).min(),
        }
    }

    /// The most that leaves under these ceilings in so many seconds from now.
    ///
    /// In a window that is as long or longer, what left before and still counts at the end leaves
    /// only the rest. A shorter window is filled as often as it fits in: what left in its first
    /// second still counts in its last, so that no more than that many fit.
    fn under(&self, ceilings: &Ceilings, seconds: u64) -> Option<Amount> {
        let then = self.outlook.now.saturating_add(seconds);
        let bound = |span: Span| {
            let ceiling = ceilings.of(span)?;
            if span.seconds() >= seconds {
                let spent = (self.spent)(span, then);
                Some(spent.map_or(Amount::ZERO, |spent| ceiling.saturating_sub(spent)))
            } else {
                let times = seconds.div_ceil(span.seconds());
                Some(ceiling.checked_mul(Amount::from(times)).unwrap_or(Amount::MAX))
            }
        };
        let nothing = ceilings.transaction.filter(|most| most.is_zero());
        Span::ALL.into_iter().filter_map(bound).chain(nothing).min()
    }
}

fn unlimited(network: Option<ChainId>) -> ExposureLine {
    let (asset, all) = (Asset::Native, Ceiling::Unlimited);
    ExposureLine { network, asset, at_once: all, per_hour: all, per_day: all, per_month: all }
}

/// What no number says, a sentence each.
pub fn remarks(guard: &Guard, owners: Confirmed) -> Vec<String> {
    let mut remarks = Vec::new();
    if guard.makes_owners_of_anybody(owners) {
        remarks.push(
            "no owner is confirmed, and whoever is proposed and signs first becomes one: nothing \
             is limited"
                .to_owned(),
        );
    }
    if guard.messages == super::Messages::Text {
        remarks.push(
            "texts are signed without owners: what a service does for a signed text is in no number"
                .to_owned(),
        );
    }
    for (scope, rule) in &guard.networks {
        match rule {
            NetworkRule::Open => remarks
                .push(format!("on {scope} everything that can be read is signed without owners")),
            NetworkRule::Limited(limits) => remarks.extend(limits.remarks(*scope)),
        }
    }
    remarks
}

impl super::Limits {
    fn remarks(&self, scope: Scope) -> impl Iterator<Item = String> {
        let calls = self.contracts.iter().map(move |(contract, selectors)| {
            let which = selectors.count("every function", "functions");
            format!(
                "on {scope}, calls of {contract} ({which}) are signed without owners: what they do \
                 besides the coins sent along is in no number"
            )
        });
        let typed_data = self.typed_data.iter().map(move |(contract, types)| {
            let which = types.count("every type", "types");
            format!(
                "on {scope}, typed data for {contract} ({which}) is signed without owners: what it \
                 allows beyond what can be read is in no number"
            )
        });
        calls.chain(typed_data)
    }
}

impl<T> super::Listed<T> {
    fn count(&self, any: &str, some: &str) -> String {
        match self {
            Self::Any => any.to_owned(),
            Self::These(items) => format!("{} {some}", items.len()),
        }
    }
}

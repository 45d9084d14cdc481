//! The number that is printed beforehand: what could leave a wallet without its owners.

use primitives::{Amount, Asset, ChainId, Scope};
use protocol::{Ceiling, ExposureLine};

use super::{AssetRule, Guard, Ledger, NetworkRule, Span, Windows};
use crate::clock::UnixSeconds;

/// A line for each scope and asset that the guard lets go; what has no line cannot leave. An open
/// network has one line, of its native coin, and stands for all of its assets.
pub fn exposure(guard: &Guard, windows: &Windows, now: UnixSeconds) -> Vec<ExposureLine> {
    let mut lines = Vec::new();
    for (scope, rule) in &guard.networks {
        match rule {
            NetworkRule::Open => lines.push(unlimited(scope.network())),
            NetworkRule::Limited(limits) => lines.extend(
                limits.assets.iter().map(|(asset, rule)| line(*scope, *asset, rule, windows, now)),
            ),
        }
    }
    lines
}

fn line(
    scope: Scope,
    asset: Asset,
    rule: &AssetRule,
    windows: &Windows,
    now: UnixSeconds,
) -> ExposureLine {
    let spent = |span| windows.spent(Ledger::Alone, span, (scope, asset), now);
    let all = rule.delay.as_ref().unwrap_or(&rule.immediate);
    let within = |span| {
        at_most(Span::ALL.into_iter().filter(|s| *s >= span).filter_map(|s| all.of(s)).min())
    };
    ExposureLine {
        network: scope.network(),
        asset,
        at_once: at_most(rule.immediate.left(spent)),
        per_hour: within(Span::Hour),
        per_day: within(Span::Day),
        per_month: within(Span::Month),
    }
}

fn at_most(amount: Option<Amount>) -> Ceiling {
    amount.map_or(Ceiling::Unlimited, Ceiling::AtMost)
}

fn unlimited(network: Option<ChainId>) -> ExposureLine {
    let (asset, all) = (Asset::Native, Ceiling::Unlimited);
    ExposureLine { network, asset, at_once: all, per_hour: all, per_day: all, per_month: all }
}

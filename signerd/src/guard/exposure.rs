//! The number that is printed beforehand: what could leave a wallet without anybody being asked.

use primitives::{Asset, ChainId};
use protocol::{Ceiling, ExposureLine};

use super::{Guard, NetworkRule, Windows};
use crate::clock::UnixSeconds;

/// A line for each scope and asset that the guard lets go; what has no line cannot leave. An open
/// network has one line, of its native coin, and stands for all of its assets; so has every EVM
/// network where all typed data is signed, as what it lets go cannot be counted.
pub fn exposure(guard: &Guard, windows: &Windows, now: UnixSeconds) -> Vec<ExposureLine> {
    let mut lines = Vec::new();
    for (scope, rule) in &guard.networks {
        let network = scope.network();
        match rule {
            NetworkRule::Open => lines.push(unlimited(network)),
            NetworkRule::Limited(_) if guard.signs_all_typed_data(*scope) => {
                lines.push(unlimited(network));
            }
            NetworkRule::Limited(ceilings) => {
                lines.extend(ceilings.iter().map(|(asset, ceilings)| {
                    let left =
                        windows.spent(*scope, *asset, now).map_or_else(Default::default, |spent| {
                            ceilings.per_day.saturating_sub(spent)
                        });
                    ExposureLine {
                        network,
                        asset: *asset,
                        at_once: Ceiling::AtMost(ceilings.per_transaction.min(left)),
                        per_hour: Ceiling::AtMost(ceilings.per_day),
                        per_day: Ceiling::AtMost(ceilings.per_day),
                        per_month: Ceiling::Unlimited,
                    }
                }));
            }
        }
    }
    lines
}

fn unlimited(network: Option<ChainId>) -> ExposureLine {
    let (asset, all) = (Asset::Native, Ceiling::Unlimited);
    ExposureLine { network, asset, at_once: all, per_hour: all, per_day: all, per_month: all }
}

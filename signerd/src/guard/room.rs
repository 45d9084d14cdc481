//! What is left for amounts on a network, and what they demand.

use std::collections::BTreeMap;

use primitives::{Amount, Asset, Scope};
use protocol::{Demand, Refusal, RefusalCode};

use super::ceilings::Excess;
use super::demand::OwnerCeilings;
use super::window::MAX_APPROVED;
use super::{Ledger, Limits, Span, Windows};
use crate::clock::UnixSeconds;

/// The limits of a network, and what left it.
pub(super) struct Room<'a> {
    pub(super) limits: &'a Limits,
    pub(super) windows: &'a Windows,
    pub(super) scope: Scope,
    pub(super) delay_seconds: u32,
    pub(super) now: UnixSeconds,
}

impl Room<'_> {
    /// What spending all of this demands.
    pub(super) fn demand(&self, spend: &BTreeMap<Asset, Amount>) -> Demand {
        let demands = spend.iter().map(|(asset, amount)| self.demand_for(*asset, *amount));
        demands.max().unwrap_or(Demand::Immediate)
    }

    /// What a fee demands by itself, besides being spent.
    pub(super) fn demand_for_fee(&self, fee: Amount) -> Demand {
        match self.limits.fee {
            Some(most) if fee > most => {
                Demand::Owner(format!("fee and rent are {fee}, where one may take {most}"))
            }
            Some(_) | None => Demand::Immediate,
        }
    }

    fn demand_for(&self, asset: Asset, amount: Amount) -> Demand {
        let (name, scope) = (asset_name(asset), self.scope);
        let Some(rule) = self.limits.assets.get(&asset) else {
            return Demand::Owner(format!("the guard has no ceilings for {name} on {scope}"));
        };
        let spent = |span| self.spent(Ledger::Alone, span, asset);
        let Err(excess) = rule.immediate.check(amount, spent) else { return Demand::Immediate };
        let excess = match &rule.delay {
            None => excess,
            Some(delay) => match delay.check(amount, spent) {
                Ok(()) => return Demand::Delay(self.delay_seconds),
                Err(excess) => excess,
            },
        };
        Demand::Owner(format!("{amount} of {name}, fee included, where {excess}"))
    }

    /// Whether owners may let all of this go.
    pub(super) fn owner_ceilings(&self, spend: &BTreeMap<Asset, Amount>) -> OwnerCeilings {
        let check = |adds: fn(Amount) -> Amount| {
            spend.iter().try_for_each(|(asset, amount)| {
                let Some(rule) = self.limits.assets.get(asset) else { return Ok(()) };
                let spent = |span| self.spent(Ledger::Approved, span, *asset);
                rule.owner
                    .check_windows(adds(*amount), spent)
                    .and_then(|()| rule.owner.check_transaction(*amount))
                    .map_err(|excess| over_owner_ceiling(*asset, *amount, excess))
            })
        };
        OwnerCeilings { approved: check(|amount| amount), again: check(|_amount| Amount::ZERO) }
    }

    fn spent(&self, ledger: Ledger, span: Span, asset: Asset) -> Option<Amount> {
        self.windows.spent(ledger, span, (self.scope, asset), self.now)
    }
}

/// Whether the sums of what owners let go can be kept.
pub(super) fn check_room_for_approved(
    windows: &Windows,
    scope: Option<Scope>,
    spend: &BTreeMap<Asset, Amount>,
    now: UnixSeconds,
) -> Result<(), Refusal> {
    if scope.is_none_or(|scope| windows.has_room_for_approved(scope, spend.keys(), now)) {
        return Ok(());
    }
    let message = format!(
        "{MAX_APPROVED} assets left with the owners' approval in the last 30 days; those can leave, and \
         others when one of them did not for 30 days"
    );
    Err(Refusal::new(RefusalCode::LimitReached, message))
}

fn over_owner_ceiling(asset: Asset, amount: Amount, excess: Excess) -> Refusal {
    let name = asset_name(asset);
    Refusal::new(
        RefusalCode::OverOwnerCeiling,
        format!("{amount} of {name}, fee included, where {excess} even with the owners' approval"),
    )
}

fn asset_name(asset: Asset) -> String {
    match asset {
        Asset::Native => "the native coin".to_owned(),
        Asset::Token(token) => token.to_string(),
    }
}

//! What something demands: the guard's rules, applied to what was read.

use std::collections::BTreeMap;

use primitives::{Amount, Asset, Scope, WalletId};
use protocol::{Demand, Refusal, RefusalCode};
use txcodec::{Decoded, Subject};

use super::demand::OwnerCeilings;
use super::effects::{not_allowed, owner};
use super::room::{Room, check_room_for_approved};
use super::{Guard, Judged, NetworkRule, Windows};
use crate::clock::Moment;

/// The most assets that one signature may move: its record names each, and has to stay short.
pub(super) const MAX_ASSETS: usize = 128;

/// Decides what has to happen before `decoded` may be signed for `wallet`, given what left it
/// already.
///
/// # Errors
/// A refusal, where it is never signed: it names the rule and what would satisfy it.
pub fn judge(
    guard: &Guard,
    windows: &Windows,
    decoded: Decoded,
    wallet: WalletId,
    moment: Moment,
) -> Result<Judged, Refusal> {
    let scope = scope_of(&decoded);
    let rule = scope.map(|scope| guard.rule_for(scope)).transpose()?;
    let effects = decoded.effects().iter();
    let demand = effects
        .map(|effect| guard.demand_of(rule, effect))
        .try_fold(guard.demand_at(moment.wall), |most, demand| {
            Ok::<_, Refusal>(most.max(demand?))
        })?;
    let spend = spend_of(&decoded, scope, rule).ok_or_else(too_much)?;
    if spend.len() > MAX_ASSETS {
        return Err(not_allowed(&format!("it moves more than {MAX_ASSETS} assets")));
    }
    let (demand, leased, owners, fee) = match (scope, rule) {
        (Some(scope), Some(NetworkRule::Limited(limits))) => {
            let delay_seconds = guard.delay_seconds;
            let room = Room { limits, windows, scope, delay_seconds, now: moment.now };
            let fee = fee_of(&decoded, limits.fee_per_byte(scope)).ok_or_else(too_much)?;
            let demand = demand.max(limits.demand_for_allowances(&decoded));
            let demand = demand.max(room.demand_for_fee(fee));
            let leased = Room { windows: &Windows::default(), ..room }.demand(&spend);
            let leased = demand.clone().max(leased);
            (demand.max(room.demand(&spend)), leased, room.owner_ceilings(&spend), fee)
        }
        (_, Some(NetworkRule::Open | NetworkRule::Limited(_)) | None) => {
            let fee = decoded.network_takes().ok_or_else(too_much)?;
            (demand.clone(), demand, OwnerCeilings::NONE, fee)
        }
    };
    let room = || check_room_for_approved(windows, scope, &spend, moment.now);
    let owners = OwnerCeilings { approved: owners.approved.and_then(|()| room()), ..owners };
    Ok(Judged { wallet, decoded, scope, spend, fee, demand, leased, owners })
}

impl Guard {
    fn rule_for(&self, scope: Scope) -> Result<&NetworkRule, Refusal> {
        self.networks.get(&scope).ok_or_else(|| {
            Refusal::new(
                RefusalCode::NetworkNotAllowed,
                format!("the guard has no entry for {scope}; add one with `waiaasctl guard set`"),
            )
        })
    }

    fn demand_at(&self, wall: crate::clock::UnixSeconds) -> Demand {
        if self.schedule.is_open(wall) {
            Demand::Immediate
        } else {
            owner("it is outside of the hours of the guard")
        }
    }
}

/// Where it is valid, and so where it counts; `None` where the bytes name no network.
fn scope_of(decoded: &Decoded) -> Option<Scope> {
    match decoded.subject() {
        Subject::SolanaTransaction { .. } => Some(Scope::Solana),
        Subject::EvmTransaction { .. } | Subject::EvmMessage | Subject::SolanaMessage => {
            decoded.chain_id().map(Scope::of)
        }
    }
}

/// What leaves at most, with what the network takes for the bytes.
fn spend_of(
    decoded: &Decoded,
    scope: Option<Scope>,
    rule: Option<&NetworkRule>,
) -> Option<BTreeMap<Asset, Amount>> {
    let mut spend = decoded.spend()?;
    if let (Some(scope), Some(NetworkRule::Limited(limits))) = (scope, rule) {
        let on_top = decoded.layer_1_fee(limits.fee_per_byte(scope))?;
        if !on_top.is_zero() {
            let native = spend.entry(Asset::Native).or_default();
            *native = native.checked_add(on_top)?;
        }
    }
    Some(spend)
}

/// The fee, with what the network takes for the bytes and the rent of new accounts.
fn fee_of(decoded: &Decoded, per_byte: Amount) -> Option<Amount> {
    decoded.network_takes()?.checked_add(decoded.layer_1_fee(per_byte)?)
}

fn too_much() -> Refusal {
    not_allowed("the sum of what it spends has no number")
}

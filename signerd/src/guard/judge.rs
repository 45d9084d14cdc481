//! What something demands: the guard's rules, applied to what was read.

use std::collections::BTreeMap;

use primitives::{Amount, Asset, Scope, WalletId};
use protocol::{Demand, Refusal, RefusalCode};
use txcodec::{Decoded, Effect, Subject};

use super::ceilings::Excess;
use super::demand::OwnerCeilings;
use super::{Guard, Judged, Ledger, Limits, Messages, NetworkRule, Span, Windows};
use crate::clock::{Moment, UnixSeconds};

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
    let spend =
        decoded.spend().ok_or_else(|| not_allowed("the sum of what it spends overflows"))?;
    let mut demands = decoded
        .effects()
        .iter()
        .map(|effect| demand_of(guard, rule, effect))
        .collect::<Result<Vec<_>, _>>()?;
    let mut owners = OwnerCeilings { approved: Ok(()), again: Ok(()) };
    if let (Some(scope), Some(NetworkRule::Limited(limits))) = (scope, rule) {
        let delay_seconds = guard.delay_seconds;
        let room = Room { limits, windows, scope, delay_seconds, now: moment.now };
        demands.extend(spend.iter().map(|(asset, amount)| room.demand(*asset, *amount)));
        owners = room.owner_ceilings(&spend);
    }
    let demand = demands.into_iter().max().unwrap_or(Demand::Immediate);
    Ok(Judged { wallet, decoded, scope, spend, demand, owners })
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

/// What an effect demands by itself, whatever its amount. `rule` is `None` where the bytes name no
/// network.
fn demand_of(
    guard: &Guard,
    rule: Option<&NetworkRule>,
    effect: &Effect,
) -> Result<Demand, Refusal> {
    match effect {
        Effect::Text { .. } => match guard.messages {
            Messages::Text => Ok(Demand::Immediate),
            Messages::Owner => Ok(owner("it is a text")),
            Messages::None => Err(not_allowed("the guard does not allow messages")),
        },
        Effect::TypedData { .. } if guard.messages == Messages::None => {
            Err(not_allowed("the guard does not allow messages"))
        }
        Effect::Opaque(reason) if reason.is_approvable() => {
            Ok(owner(&format!("it cannot be read what this does: {reason:?}")))
        }
        Effect::Opaque(reason) => {
            Err(not_allowed(&format!("the bytes leave open what this does: {reason:?}")))
        }
        Effect::NativeOut { .. }
        | Effect::TokenOut { .. }
        | Effect::CollectibleOut { .. }
        | Effect::Allowance { .. }
        | Effect::Rent { .. }
        | Effect::AuthorityChange { .. }
        | Effect::Call { .. }
        | Effect::Deploy
        | Effect::TypedData { .. }
        | Effect::Memo { .. } => Ok(match rule {
            Some(NetworkRule::Open) => Demand::Immediate,
            Some(NetworkRule::Limited(_)) => limited(effect),
            None => owner("it names no network"),
        }),
    }
}

/// On a network that is not open.
fn limited(effect: &Effect) -> Demand {
    match effect {
        Effect::NativeOut { .. }
        | Effect::TokenOut { .. }
        | Effect::Allowance { .. }
        | Effect::Rent { .. }
        | Effect::Memo { .. }
        | Effect::Text { .. } => Demand::Immediate,
        Effect::CollectibleOut { contract, .. } => {
            owner(&format!("a collectible of {contract} leaves"))
        }
        Effect::AuthorityChange { subject, .. } => {
            owner(&format!("control over {subject} changes hands"))
        }
        Effect::Call { contract, .. } => owner(&format!("it calls {contract}")),
        Effect::Deploy => owner("it creates a contract"),
        Effect::TypedData { primary_type, .. } => {
            owner(&format!("it is typed data, {primary_type:?}"))
        }
        Effect::Opaque(reason) => owner(&format!("it cannot be read what this does: {reason:?}")),
    }
}

/// What is left for amounts on a network.
struct Room<'a> {
    limits: &'a Limits,
    windows: &'a Windows,
    scope: Scope,
    delay_seconds: u32,
    now: UnixSeconds,
}

impl Room<'_> {
    fn demand(&self, asset: Asset, amount: Amount) -> Demand {
        let (name, scope) = (asset_name(asset), self.scope);
        let Some(rule) = self.limits.assets.get(&asset) else {
            return owner(&format!("the guard has no ceilings for {name} on {scope}"));
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
        owner(&format!("{amount} of {name}, fee included, where {excess}"))
    }

    fn owner_ceilings(&self, spend: &BTreeMap<Asset, Amount>) -> OwnerCeilings {
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

fn over_owner_ceiling(asset: Asset, amount: Amount, excess: Excess) -> Refusal {
    let name = asset_name(asset);
    Refusal::new(
        RefusalCode::OverOwnerCeiling,
        format!("{amount} of {name}, fee included, where {excess} even with the owners' approval"),
    )
}

fn owner(why: &str) -> Demand {
    Demand::Owner(why.to_owned())
}

fn not_allowed(message: &str) -> Refusal {
    Refusal::new(RefusalCode::EffectNotAllowed, message)
}

fn asset_name(asset: Asset) -> String {
    match asset {
        Asset::Native => "the native coin".to_owned(),
        Asset::Token(token) => token.to_string(),
    }
}

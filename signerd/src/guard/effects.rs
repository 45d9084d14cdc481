//! What effects demand by themselves, whatever left before.

use std::collections::BTreeMap;

use primitives::{Address, Amount, Asset};
use protocol::{Demand, Refusal, RefusalCode};
use txcodec::{Decoded, Effect, Recipient};

use super::{Guard, Limits, Listed, Messages, NetworkRule};

impl Guard {
    /// What `effect` demands; `rule` is `None` where the bytes name no network.
    pub(super) fn demand_of(
        &self,
        rule: Option<&NetworkRule>,
        effect: &Effect,
    ) -> Result<Demand, Refusal> {
        match effect {
            Effect::Text { .. } => match self.messages {
                Messages::Text => Ok(Demand::Immediate),
                Messages::Owner => Ok(owner("it is a text")),
                Messages::None => Err(not_allowed("the guard does not allow messages")),
            },
            Effect::TypedData { .. } if self.messages == Messages::None => {
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
                Some(NetworkRule::Limited(limits)) => limits.demand_of(effect),
                None => owner("it names no network"),
            }),
        }
    }
}

impl Limits {
    fn demand_of(&self, effect: &Effect) -> Demand {
        match effect {
            Effect::NativeOut { .. } | Effect::TokenOut { .. } | Effect::Rent { .. } => {
                effect.recipient().map_or(Demand::Immediate, |to| self.demand_to(to))
            }
            // All allowances are judged together.
            Effect::Allowance { .. } | Effect::Memo { .. } | Effect::Text { .. } => {
                Demand::Immediate
            }
            Effect::CollectibleOut { contract, .. } => {
                owner(&format!("a collectible of {contract} leaves"))
            }
            Effect::AuthorityChange { subject, .. } => {
                owner(&format!("control over {subject} changes hands"))
            }
            Effect::Call { contract, selector } => {
                let listed = self.contracts.get(contract).is_some_and(|listed| match selector {
                    Some(selector) => listed.has(selector),
                    None => *listed == Listed::Any,
                });
                demand(listed, || format!("the guard lists no such call of {contract}"))
            }
            Effect::Deploy => owner("it creates a contract"),
            Effect::TypedData { verifying_contract, primary_type, .. } => {
                let listed = verifying_contract
                    .and_then(|contract| self.typed_data.get(&contract))
                    .is_some_and(|listed| listed.has(primary_type));
                demand(listed, || format!("the guard lists no such typed data: {primary_type:?}"))
            }
            Effect::Opaque(reason) => {
                owner(&format!("it cannot be read what this does: {reason:?}"))
            }
        }
    }

    fn demand_to(&self, to: Recipient) -> Demand {
        let listed = self.recipients.as_ref().is_none_or(|recipients| to.is_one_of(recipients));
        demand(listed, || {
            format!("{} is none of the recipients that the guard lists", to.address())
        })
    }

    /// What the allowances that are given demand, those of a token for a spender added up. One that is
    /// added to what stands may come to any sum, as nobody tells the signer what stands.
    pub(super) fn demand_for_allowances(&self, decoded: &Decoded) -> Demand {
        let mut given = BTreeMap::<(Address, Address), Amount>::new();
        for effect in decoded.effects() {
            let Effect::Allowance { token, spender, amount } = effect else { continue };
            let sum = given.entry((*token, *spender)).or_default();
            *sum = sum.checked_add(*amount).unwrap_or(Amount::MAX);
        }
        given.retain(|_pair, sum| !sum.is_zero());
        let raised = decoded.raised_allowances();
        let demands = given.into_iter().map(|(pair @ (token, spender), sum)| {
            let is_raised = raised.contains(&pair);
            let within = |most| sum <= most && !is_raised;
            demand(self.allowance(Asset::Token(token), spender).is_none_or(within), || {
                let unknown = if is_raised { ", added to what stands" } else { "" };
                format!("the guard lists no such allowance of {token} for {spender}{unknown}")
            })
        });
        demands.max().unwrap_or(Demand::Immediate)
    }

    /// The most that `spender` may be allowed at once; `None` where there is no limit. An allowance
    /// for somebody who may not be paid would be a way round the recipients.
    fn allowance(&self, asset: Asset, spender: Address) -> Option<Amount> {
        let spenders = self.assets.get(&asset).and_then(|rule| rule.spenders.as_ref());
        match (spenders, &self.recipients) {
            (Some(spenders), _) => Some(spenders.get(&spender).copied().unwrap_or_default())
                .filter(|most| *most < Amount::MAX),
            (None, Some(recipients)) if !recipients.contains(&spender) => Some(Amount::ZERO),
            (None, Some(_) | None) => None,
        }
    }
}

fn demand(listed: bool, why: impl FnOnce() -> String) -> Demand {
    if listed { Demand::Immediate } else { Demand::Owner(why()) }
}

pub(super) fn owner(why: &str) -> Demand {
    Demand::Owner(why.to_owned())
}

pub(super) fn not_allowed(message: &str) -> Refusal {
    Refusal::new(RefusalCode::EffectNotAllowed, message)
}

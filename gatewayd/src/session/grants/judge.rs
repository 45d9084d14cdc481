//! What a session's grants say to one transaction or message.

use std::collections::{BTreeMap, BTreeSet};

use api::ErrorCode;
use primitives::{Address, Amount, Asset, ChainId, EvmAddress};
use txcodec::{Decoded, Effect, Recipient};

use super::{Grants, Role};
use crate::policy::{Denial, UsdMicros};
use crate::tx::{Kind, Order};

/// What is asked for, as far as a session's grants go by it.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// What the bytes do.
    pub decoded: &'a Decoded,
    /// What it was asked for as.
    pub kind: Kind,
    /// Where; `None` for a message that belongs to no network.
    pub network: Option<ChainId>,
    /// What it is worth, with its fee; `None` when nobody knows.
    pub worth: Option<UsdMicros>,
}

/// What a session has spent before, everything that is under way included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spent {
    /// Base units of each asset whose total is limited, on the network of what is asked for.
    pub assets: BTreeMap<Asset, Amount>,
    /// Dollars; `None` when something had no price.
    pub usd: Option<UsdMicros>,
    /// How many transactions and signatures.
    pub transactions: u64,
}

/// What a denial by a session's grants is called where a policy's type stands otherwise.
const RULE: &str = "SESSION";

impl Grants {
    /// Why this may not be done at this session's word, if it may not.
    pub fn denial(&self, asked: &Asked<'_>, spent: &Spent) -> Option<Denial> {
        let operations = operations(asked.decoded, asked.kind);
        let network = asked.network.or_else(|| asked.decoded.chain_id());
        self.of_role()
            .or_else(|| operations.iter().find_map(|kind| self.of_operation(*kind)))
            .or_else(|| network.and_then(|network| self.of_network(network)))
            .or_else(|| asked.decoded.recipients().find_map(|to| self.of_recipient(to)))
            .or_else(|| self.of_takers(asked.decoded))
            .or_else(|| self.of_uncounted(asked))
            .or_else(|| self.of_assets(asked.decoded, network, &spent.assets))
            .or_else(|| self.of_dollars(asked.worth, spent.usd))
            .or_else(|| self.of_count(spent.transactions))
    }

    /// Why an order will be denied whatever its bytes are, if that is known before they are made.
    pub fn denial_of_order(&self, order: &Order) -> Option<Denial> {
        self.of_role()
            .or_else(|| self.of_operation(order.deed.kind()))
            .or_else(|| self.of_network(order.network))
    }

    /// Why the session may not act at all, if it may not.
    pub fn of_role(&self) -> Option<Denial> {
        let role = self.role;
        (role != Role::Agent).then(|| {
            denied(
                format!("the session is a {role}'s, which only reads"),
                "ask for a session of the role agent",
            )
        })
    }

    /// Whether the session's role keeps it from the audit trail.
    pub fn of_auditor(&self) -> Option<Denial> {
        let role = self.role;
        (role != Role::Auditor).then(|| {
            denied(
                format!(
                    "the session is of the role {role}, and auditors alone read the audit trail"
                ),
                "ask for a session of the role auditor",
            )
        })
    }

    fn of_operation(&self, kind: Kind) -> Option<Denial> {
        let allowed = self.operations.as_ref()?;
        (!allowed.contains(&kind)).then(|| {
            denied(
                format!(
                    "the session may not do a {}, only {}",
                    kind.as_str(),
                    list(allowed.iter().map(|kind| kind.as_str()))
                ),
                "ask for a session with that operation",
            )
        })
    }

    fn of_network(&self, network: ChainId) -> Option<Denial> {
        let allowed = self.networks.as_ref()?;
        (!allowed.contains(&network)).then(|| {
            denied(
                format!("the session may not be used on {network}, only on {}", list(allowed)),
                "ask for a session on that network",
            )
        })
    }

    fn of_recipient(&self, to: Recipient) -> Option<Denial> {
        let allowed = self.recipients.as_ref()?;
        (!to.is_one_of(allowed)).then(|| {
            let to = to.address();
            let reason = format!("the session may pay {} only, not {to}", list(allowed));
            denied(reason, "ask for a session with that recipient")
        })
    }

    /// Those who may take something later get it, too.
    fn of_takers(&self, decoded: &Decoded) -> Option<Denial> {
        decoded.effects().iter().find_map(|effect| match effect {
            Effect::Allowance { spender, amount, .. } if !amount.is_zero() => {
                self.of_recipient((*spender).into())
            }
            Effect::AuthorityChange { to: Some(to), .. } => self.of_recipient((*to).into()),
            Effect::Allowance { .. }
            | Effect::AuthorityChange { to: None, .. }
            | Effect::NativeOut { .. }
            | Effect::TokenOut { .. }
            | Effect::CollectibleOut { .. }
            | Effect::Rent { .. }
            | Effect::Call { .. }
            | Effect::Deploy
            | Effect::Text { .. }
            | Effect::TypedData { .. }
            | Effect::Memo { .. }
            | Effect::Opaque(_) => None,
        })
    }

    /// Of what no amount or recipient says anything is not within a limit of them, unless the session
    /// names it as allowed.
    fn of_uncounted(&self, asked: &Asked<'_>) -> Option<Denial> {
        let limits_amounts =
            self.limits.is_some() || self.per_transaction_usd.is_some() || self.total_usd.is_some();
        if !limits_amounts && self.recipients.is_none() {
            return None;
        }
        let named = |kind| self.operations.as_ref().is_some_and(|named| named.contains(&kind));
        let uncounted = asked.decoded.effects().iter().filter_map(uncounted);
        uncounted.into_iter().find(|kind| !named(*kind)).map(|kind| {
            let kind = kind.as_str();
            denied(
                format!(
                    "the session's amounts or recipients are limited, and nothing says what a \
                     {kind} costs, or who gets it"
                ),
                "ask for a session whose allowedOperations name it",
            )
        })
    }

    fn of_assets(
        &self,
        decoded: &Decoded,
        network: Option<ChainId>,
        spent: &BTreeMap<Asset, Amount>,
    ) -> Option<Denial> {
        self.limits.as_ref()?;
        let Some(spend) = decoded.spend() else {
            let reason = "the amounts add up to more than 256 bits".to_owned();
            return Some(denied(reason, "ask for less at once"));
        };
        let mut spend = spend.into_iter().filter(|(_asset, amount)| !amount.is_zero());
        spend.find_map(|(asset, amount)| {
            let Some(network) = network else {
                let reason = "it spends something on a network that it does not name".to_owned();
                return Some(denied(reason, "name the network"));
            };
            self.of_asset((network, asset), amount, spent.get(&asset).copied())
        })
    }

    fn of_asset(
        &self,
        (network, asset): (ChainId, Asset),
        amount: Amount,
        spent: Option<Amount>,
    ) -> Option<Denial> {
        let more = "ask for a session with a higher limit";
        let what = match asset {
            Asset::Native => format!("the native coin of {network}, its fees included"),
            Asset::Token(token) => format!("{token} on {network}"),
        };
        let Some(limit) = self.limit(network, asset) else {
            let reason = format!("the session may not spend {what}");
            return Some(denied(reason, "ask for a session whose limits list it"));
        };
        if let Some(most) = limit.per_transaction.filter(|most| amount > *most) {
            return Some(denied(
                format!("the session may spend {most} of {what} in one transaction, not {amount}"),
                more,
            ));
        }
        let most = limit.total?;
        let spent = spent.unwrap_or_default();
        let within = spent.checked_add(amount).is_some_and(|sum| sum <= most);
        (!within).then(|| {
            let left = most.saturating_sub(spent);
            denied(
                format!("the session has {left} left of {most} of {what}, and this takes {amount}"),
                more,
            )
        })
    }

    fn of_dollars(&self, worth: Option<UsdMicros>, spent: Option<UsdMicros>) -> Option<Denial> {
        let (one, all) = (self.per_transaction_usd, self.total_usd);
        if one.is_none() && all.is_none() {
            return None;
        }
        let Some(worth) = worth else {
            let reason = "the session is limited in dollars, and nobody knows what this is worth";
            let remedy = "ask for a session that is limited in the asset itself";
            return Some(denied(reason.to_owned(), remedy));
        };
        let more = "ask for a session with a higher limit";
        if let Some(most) = one.filter(|most| worth > *most) {
            return Some(denied(
                format!("the session may spend {most} in one transaction, and this is {worth}"),
                more,
            ));
        }
        let most = all?;
        let Some(spent) = spent else {
            let reason = "nobody knows what the session has spent in dollars".to_owned();
            return Some(denied(reason, more));
        };
        let within = spent.checked_add(worth).is_some_and(|sum| sum <= most);
        (!within).then(|| {
            let left = UsdMicros::new(most.get().saturating_sub(spent.get()));
            denied(format!("the session has {left} left of {most}, and this is {worth}"), more)
        })
    }

    fn of_count(&self, before: u64) -> Option<Denial> {
        let most = self.max_transactions?;
        (before >= most).then(|| {
            denied(
                format!("the session has had {before} of its {most} transactions"),
                "ask for another session",
            )
        })
    }
}

/// Every operation that the session has to be allowed: what it was asked for as, and what the bytes
/// do besides.
fn operations(decoded: &Decoded, kind: Kind) -> BTreeSet<Kind> {
    let effects = decoded.effects();
    let done = effects.iter().filter_map(|effect| operation(effect, kind, effects));
    done.chain([kind]).collect()
}

fn operation(effect: &Effect, kind: Kind, all: &[Effect]) -> Option<Kind> {
    match effect {
        Effect::NativeOut { to, .. } if goes_with_call(*to, all) => None,
        Effect::NativeOut { .. } => Some(Kind::Transfer),
        // A collectible of Solana is a token of which there is one.
        Effect::TokenOut { token: Address::Solana(_), .. } if kind == Kind::NftTransfer => None,
        Effect::TokenOut { .. } => Some(Kind::TokenTransfer),
        Effect::CollectibleOut { .. } => Some(Kind::NftTransfer),
        Effect::Allowance { .. } | Effect::AuthorityChange { .. } => Some(Kind::Approve),
        Effect::Call { .. } | Effect::Opaque(_) => Some(Kind::ContractCall),
        Effect::Deploy => Some(Kind::ContractDeploy),
        Effect::Text { .. } | Effect::TypedData { .. } => Some(Kind::SignMessage),
        Effect::Rent { .. } | Effect::Memo { .. } => None,
    }
}

/// Whether coins for `to` are the value of a call or of a deployment beside them.
fn goes_with_call(to: Address, all: &[Effect]) -> bool {
    all.iter().any(|effect| match effect {
        Effect::Call { contract, .. } => to == Address::Evm(*contract),
        Effect::Deploy => to == Address::Evm(EvmAddress::ZERO),
        Effect::NativeOut { .. }
        | Effect::TokenOut { .. }
        | Effect::CollectibleOut { .. }
        | Effect::Allowance { .. }
        | Effect::Rent { .. }
        | Effect::AuthorityChange { .. }
        | Effect::Text { .. }
        | Effect::TypedData { .. }
        | Effect::Memo { .. }
        | Effect::Opaque(_) => false,
    })
}

/// The operation that would have to be allowed by name where amounts are limited, for an effect whose
/// cost is in no amount.
fn uncounted(effect: &Effect) -> Option<Kind> {
    match effect {
        Effect::CollectibleOut { .. } => Some(Kind::NftTransfer),
        Effect::AuthorityChange { to: Some(_), .. } => Some(Kind::Approve),
        Effect::Call { .. } | Effect::Opaque(_) => Some(Kind::ContractCall),
        Effect::Deploy => Some(Kind::ContractDeploy),
        Effect::TypedData { .. } => Some(Kind::SignMessage),
        Effect::NativeOut { .. }
        | Effect::TokenOut { .. }
        | Effect::Allowance { .. }
        | Effect::Rent { .. }
        | Effect::AuthorityChange { to: None, .. }
        | Effect::Text { .. }
        | Effect::Memo { .. } => None,
    }
}

fn list<T: ToString>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    items.join(", ")
}

fn denied(reason: String, remedy: &str) -> Denial {
    Denial { rule: RULE, code: ErrorCode::ConstraintViolated, reason, remedy: remedy.to_owned() }
}

//! What leaves a wallet, in dollars: the sum over all that leaves, rounded up, or nothing known.

use std::collections::BTreeMap;

use primitives::{Amount, Asset, Environment, Network};
use tokio::task::JoinSet;
use txcodec::{Decoded, Effect};

use super::question::Question;
use super::{Prices, Unknown, listed};
use crate::policy::{UsdMicros, is_worthless, outflow};

/// Assets of which the worth is asked at once: more than anybody sends.
const MOST_ASSETS: usize = 24;

/// What a transaction or message lets go, in dollars; `None` where a part of it has no price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Worths {
    /// All of it: what leaves, the most that the network takes, allowances as if they were used.
    pub whole: Option<UsdMicros>,
    /// The most that the network takes.
    pub fee: Option<UsdMicros>,
    /// Without that; also `None` where there is nothing to show.
    pub amount: Option<UsdMicros>,
}

impl Worths {
    /// On a test network.
    pub const NOTHING: Self =
        Self { whole: Some(UsdMicros::ZERO), fee: Some(UsdMicros::ZERO), amount: None };

    /// Nobody was asked.
    pub const UNKNOWN: Self = Self { whole: None, fee: None, amount: None };

    /// What several are worth together.
    pub fn together(parts: impl IntoIterator<Item = Self>) -> Self {
        let sum = |one: Option<UsdMicros>, other: Option<UsdMicros>| {
            one.zip(other).and_then(|(one, other)| one.checked_add(other))
        };
        let zero = Some(UsdMicros::ZERO);
        let nothing = Self { whole: zero, fee: zero, amount: zero };
        parts.into_iter().fold(nothing, |all, part| Self {
            whole: sum(all.whole, part.whole),
            fee: sum(all.fee, part.fee),
            amount: sum(all.amount, part.amount),
        })
    }

    /// What the dearer of two is worth of which one is paid.
    #[must_use]
    pub fn dearest(self, other: Self) -> Self {
        let dearest = |one: Option<UsdMicros>, other: Option<UsdMicros>| {
            one.zip(other).map(|(a, b)| a.max(b))
        };
        let (fee, amount) = (dearest(self.fee, other.fee), dearest(self.amount, other.amount));
        let sum = amount.zip(fee).and_then(|(amount, fee)| amount.checked_add(fee));
        let whole = if self == Self::NOTHING { self.whole } else { sum };
        Self { whole, fee, amount }
    }
}

impl Prices {
    /// What is let go by a wallet of that environment. A message is on no network: what it lets go has
    /// no price.
    ///
    /// On a test network nothing is worth anything. `decimals` are those of the chain.
    pub async fn worths(
        &self,
        decoded: &Decoded,
        (environment, network): (Environment, Option<&Network>),
        decimals: &BTreeMap<Asset, u8>,
    ) -> Worths {
        if is_worthless(decoded, (environment, network)) {
            return Worths::NOTHING;
        }
        let fee = BTreeMap::from([(Asset::Native, decoded.fee_ceiling())]);
        let leaving = outflow(decoded).filter(|_| !decoded.effects().iter().any(has_no_price));
        let amount = async {
            match &leaving {
                Some(leaving) => self.worth_of(leaving, network, decimals).await,
                None => None,
            }
        };
        let (fee, amount) = tokio::join!(self.worth_of(&fee, network, decimals), amount);
        let whole = amount.zip(fee).and_then(|(amount, fee)| amount.checked_add(fee));
        Worths { whole, fee, amount }
    }

    /// What a fee is worth, for showing; `None` on a test network too.
    pub async fn fee(&self, network: &Network, fee: Amount) -> Option<UsdMicros> {
        let known = self.find(network, Asset::Native).await.price.ok()?;
        known.price.worth(fee, network.native.decimals)
    }

    /// What these amounts are worth together: all prices are asked for at once, so that many take no
    /// longer than one.
    pub async fn worth_of(
        &self,
        amounts: &BTreeMap<Asset, Amount>,
        network: Option<&Network>,
        decimals: &BTreeMap<Asset, u8>,
    ) -> Option<UsdMicros> {
        let mut asked = JoinSet::new();
        for (asset, amount) in amounts.iter().filter(|(_asset, amount)| !amount.is_zero()) {
            let network = network?;
            let (amount, decimals) = (*amount, decimals_of(network, *asset, decimals)?);
            if network.environment == Environment::Testnet {
                continue;
            }
            if asked.len() >= MOST_ASSETS {
                return None;
            }
            let (oracle, question) = (self.oracle.clone(), Question::of(network, *asset)?);
            asked.spawn(async move {
                let known = oracle.find(question).await.price.ok()?;
                known.price.worth(amount, decimals)
            });
        }
        let mut worths = asked.join_all().await.into_iter();
        worths.try_fold(UsdMicros::ZERO, |sum, worth| sum.checked_add(worth?))
    }
}

impl Prices {
    /// What each of several holdings on a network is worth, for showing: all prices are asked for at
    /// once, those of what is known by a name first. `decimals` as the chain says them.
    pub async fn worth_of_each(
        &self,
        network: &Network,
        held: &[(Asset, Amount, u8)],
    ) -> Vec<Result<UsdMicros, Unknown>> {
        if network.environment == Environment::Testnet {
            return vec![Err(Unknown::TestNetwork); held.len()];
        }
        let mut worths = vec![Err(Unknown::TooMany); held.len()];
        let mut order: Vec<usize> = (0..held.len()).collect();
        let is_listed = |place: &usize| {
            held.get(*place).is_some_and(|(asset, ..)| listed(network, *asset).is_some())
        };
        order.sort_by_key(|place| !is_listed(place));
        let mut asked = JoinSet::new();
        for place in order.into_iter().take(MOST_ASSETS) {
            let Some((asset, amount, said)) = held.get(place).copied() else { continue };
            let decimals = decimals_of(network, asset, &BTreeMap::from([(asset, said)]));
            let question = Question::of(network, asset);
            let oracle = self.oracle.clone();
            asked.spawn(async move {
                let worth = async {
                    let known = oracle.find(question.ok_or(Unknown::NotListed)?).await.price?;
                    let worth = decimals.and_then(|decimals| known.price.worth(amount, decimals));
                    worth.ok_or(Unknown::Uncounted)
                };
                (place, worth.await)
            });
        }
        for (place, worth) in asked.join_all().await {
            if let Some(slot) = worths.get_mut(place) {
                *slot = worth;
            }
        }
        worths
    }
}

/// Decimals of an asset; `None` where nobody says, or somebody says what is wrong.
fn decimals_of(network: &Network, asset: Asset, said: &BTreeMap<Asset, u8>) -> Option<u8> {
    if asset == Asset::Native {
        return Some(network.native.decimals);
    }
    let listed = listed(network, asset).map(|(decimals, _symbol)| decimals);
    match (said.get(&asset).copied(), listed) {
        (Some(said), Some(listed)) => (said == listed).then_some(said),
        (said, listed) => said.or(listed),
    }
}

/// Whether it lets go something whose worth no sum of amounts says.
fn has_no_price(effect: &Effect) -> bool {
    match effect {
        Effect::NativeOut { .. }
        | Effect::TokenOut { .. }
        | Effect::Allowance { .. }
        | Effect::Rent { .. }
        | Effect::Call { .. }
        | Effect::Deploy
        | Effect::Text { .. }
        | Effect::Memo { .. } => false,
        Effect::CollectibleOut { .. }
        | Effect::AuthorityChange { .. }
        | Effect::TypedData { .. }
        | Effect::Opaque(_) => true,
    }
}

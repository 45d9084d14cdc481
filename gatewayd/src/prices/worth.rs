//! What leaves a wallet, in dollars: the sum over all that leaves, rounded up, or nothing known.

use std::collections::BTreeMap;

use primitives::{Amount, Asset, Environment, Network};
use txcodec::{Decoded, Effect};

use super::{Prices, Unknown, listed};
use crate::policy::{UsdMicros, is_worthless, outflow};

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
        let fee = self.worth_of(&fee, network, decimals).await;
        let amount = match outflow(decoded) {
            Some(leaving) if !decoded.effects().iter().any(has_no_price) => {
                self.worth_of(&leaving, network, decimals).await
            }
            Some(_) | None => None,
        };
        let whole = amount.zip(fee).and_then(|(amount, fee)| amount.checked_add(fee));
        Worths { whole, fee, amount }
    }

    /// What a fee is worth, for showing; `None` on a test network too.
    pub async fn fee(&self, network: &Network, fee: Amount) -> Option<UsdMicros> {
        let known = self.find(network, Asset::Native).await.price.ok()?;
        known.price.worth(fee, network.native.decimals)
    }

    /// What these amounts are worth together.
    pub async fn worth_of(
        &self,
        amounts: &BTreeMap<Asset, Amount>,
        network: Option<&Network>,
        decimals: &BTreeMap<Asset, u8>,
    ) -> Option<UsdMicros> {
        let mut sum = UsdMicros::ZERO;
        for (asset, amount) in amounts {
            if amount.is_zero() {
                continue;
            }
            let network = network?;
            let listed = listed(network, *asset).map(|(decimals, _symbol)| decimals);
            let decimals = match (asset, decimals.get(asset).copied()) {
                (Asset::Native, _) => network.native.decimals,
                // Whoever says otherwise is wrong, and so may be how much of it there is.
                (Asset::Token(_), Some(said)) if listed.is_some_and(|known| known != said) => {
                    return None;
                }
                (Asset::Token(_), said) => said.or(listed)?,
            };
            let worth = match self.find(network, *asset).await.price {
                Ok(known) => known.price.worth(*amount, decimals)?,
                Err(Unknown::TestNetwork) => UsdMicros::ZERO,
                Err(_unknown) => return None,
            };
            sum = sum.checked_add(worth)?;
        }
        Some(sum)
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

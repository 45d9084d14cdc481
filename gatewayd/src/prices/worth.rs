//! What leaves a wallet, in dollars: the sum over all that leaves, rounded up, or nothing known.

use std::collections::BTreeMap;

use primitives::{Amount, Asset, Environment, Network};
use txcodec::{Decoded, Effect};

use super::{Prices, Unknown};
use crate::policy::UsdMicros;

impl Prices {
    /// What everything is worth that a transaction or message lets go: what leaves, the most that the
    /// network takes, and allowances as if they were used. `None` when a part of it has no price.
    ///
    /// On a test network nothing is worth anything. `decimals` are those of the chain.
    pub async fn worth(
        &self,
        decoded: &Decoded,
        network: Option<&Network>,
        decimals: &BTreeMap<Asset, u8>,
    ) -> Option<UsdMicros> {
        if network.is_some_and(|network| network.environment == Environment::Testnet) {
            return Some(UsdMicros::ZERO);
        }
        if decoded.effects().iter().any(has_no_price) {
            return None;
        }
        let spend = decoded.spend()?;
        if spend.values().all(|amount| amount.is_zero()) {
            return Some(UsdMicros::ZERO);
        }
        self.worth_of(&spend, network?, decimals).await
    }

    /// What these amounts are worth together.
    pub async fn worth_of(
        &self,
        amounts: &BTreeMap<Asset, Amount>,
        network: &Network,
        decimals: &BTreeMap<Asset, u8>,
    ) -> Option<UsdMicros> {
        let mut sum = UsdMicros::ZERO;
        for (asset, amount) in amounts {
            if amount.is_zero() {
                continue;
            }
            let decimals = match asset {
                Asset::Native => network.native.decimals,
                Asset::Token(_) => *decimals.get(asset)?,
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

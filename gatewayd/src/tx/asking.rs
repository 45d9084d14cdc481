//! What a verdict needs that is not in the database, asked of chains and of sources of prices: of
//! nobody where a policy denies it whatever they would say.

use std::collections::BTreeMap;

use primitives::{Asset, Network};
use txcodec::Decoded;

use super::judgement::{Known, is_denied_unpriced};
use super::standing::Standing;
use super::units::{UnitsError, decimals, units};
use super::{AskedBy, Deed};
use crate::app::App;
use crate::prices::Worths;
use crate::store::wallets::Wallet;
use crate::store::{StoreError, TransactionId};

/// What is judged, besides what it does.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    /// The gateway.
    pub app: &'a App,
    /// Whose key shall sign.
    pub wallet: &'a Wallet,
    /// Where; `None` for messages.
    pub network: Option<&'a Network>,
    /// What was ordered, where something was.
    pub deed: Option<&'a Deed>,
    /// The transaction, if it is stored.
    pub transaction: Option<TransactionId>,
    /// On behalf of which session, if on that of one.
    pub asked_by: Option<AskedBy>,
}

impl Asking<'_> {
    /// What the verdict on `decoded` needs. Where a policy denies it by what it names, the worth stays
    /// unknown, which is the stricter one should the policies change meanwhile.
    ///
    /// # Errors
    /// When the database, the registry or the chain does not answer.
    pub async fn known(self, decoded: &Decoded) -> Result<Known, UnitsError> {
        if self.is_denied(decoded).await? {
            return Ok(self.unpriced());
        }
        self.priced(decoded).await
    }

    /// As [`Self::known`], where the decimals are known already.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn known_with(
        self,
        decoded: &Decoded,
        decimals: BTreeMap<Asset, u8>,
    ) -> Result<Known, StoreError> {
        if self.is_denied(decoded).await? {
            return Ok(self.of(decimals, Worths::UNKNOWN));
        }
        Ok(self.priced_with(decoded, decimals).await)
    }

    /// As [`Self::known`], whatever the policies say.
    ///
    /// # Errors
    /// As there.
    pub(super) async fn priced(self, decoded: &Decoded) -> Result<Known, UnitsError> {
        let decimals = match self.network {
            Some(network) => decimals(&units(self.app, network, decoded, self.deed).await?),
            None => BTreeMap::new(),
        };
        Ok(self.priced_with(decoded, decimals).await)
    }

    /// As [`Self::known_with`], whatever the policies say.
    pub async fn priced_with(self, decoded: &Decoded, decimals: BTreeMap<Asset, u8>) -> Known {
        let (worths, standing) =
            tokio::join!(self.worths(decoded, &decimals), self.standing(decoded));
        Known { standing, ..self.of(decimals, worths) }
    }

    /// What is known where nobody can be asked: it is worth more than any line.
    pub(super) fn unpriced(self) -> Known {
        self.of(BTreeMap::new(), Worths::UNKNOWN)
    }

    /// What the dearest is worth of these and of what is known.
    pub(super) async fn dearest(self, known: &Known, versions: &[Decoded]) -> Worths {
        let mut worths = known.worths;
        for version in versions {
            worths = worths.dearest(self.worths(version, &known.decimals).await);
        }
        worths
    }

    /// What is known of all of several.
    pub fn together<'k>(self, parts: impl Iterator<Item = &'k Known> + Clone) -> Known {
        let decimals = parts.clone().flat_map(|part| part.decimals.clone()).collect();
        let standing = Standing::together(parts.clone().map(|part| &part.standing));
        Known { standing, ..self.of(decimals, Worths::together(parts.map(|part| part.worths))) }
    }

    async fn is_denied(self, decoded: &Decoded) -> Result<bool, StoreError> {
        let (decoded, known) = (decoded.clone(), self.of(BTreeMap::new(), Worths::UNKNOWN));
        self.app.store.read(move |db| is_denied_unpriced(db, &decoded, &known)).await
    }

    async fn worths(self, decoded: &Decoded, decimals: &BTreeMap<Asset, u8>) -> Worths {
        let place = (self.wallet.environment, self.network);
        self.app.prices.worths(decoded, place, decimals).await
    }

    fn of(self, decimals: BTreeMap<Asset, u8>, worths: Worths) -> Known {
        Known {
            wallet: self.wallet.id,
            environment: self.wallet.environment,
            network: self.network.cloned(),
            decimals,
            worths,
            standing: Standing::default(),
            transaction: self.transaction,
            asked_by: self.asked_by,
            now: self.app.clock.now(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use primitives::{Amount, EvmAddress};
    use serde_json::json;
    use txcodec::evm::{self, Kind, erc20};

    use super::super::testing::{Scene, sepolia};
    use super::super::tests::set_policy;
    use super::*;
    use crate::chains::testing::{FakeNode, Reaction};
    use crate::store::wallets::sample;

    const TOKENS: std::ops::Range<u8> = 100..140;

    fn token(number: u8) -> EvmAddress {
        EvmAddress([number; 20])
    }

    /// One of each of many tokens.
    fn payment_of_many() -> Decoded {
        let parts: Vec<_> = TOKENS
            .map(|number| {
                let transaction = evm::Transaction {
                    kind: Kind::Legacy { gas_price: 1_u64.into() },
                    chain_id: NonZeroU64::new(11_155_111).unwrap(),
                    nonce: 0,
                    gas_limit: 1,
                    to: Some(token(number)),
                    value: Amount::ZERO,
                    data: erc20::transfer(EvmAddress([7; 20]), 1_u64.into()),
                };
                evm::decode(&transaction.to_unsigned_bytes(), EvmAddress([1; 20])).unwrap()
            })
            .collect();
        Decoded::together(&parts).unwrap()
    }

    #[tokio::test]
    async fn nobody_is_asked_about_what_is_denied_and_no_chain_about_everything() {
        let scene = Scene::start().await;
        let node = FakeNode::start(|method, _params| {
            Reaction::Result(match method {
                "eth_chainId" => json!("0xaa36a7"),
                _ => json!(format!("{:#066x}", 6)),
            })
        })
        .await;
        scene.ask_nodes(&[node.endpoint()]);
        let calls = || node.methods().iter().filter(|method| *method == "eth_call").count();
        let (wallet, decoded) = (sample(1), payment_of_many());
        let asking = Asking {
            app: &scene.app,
            wallet: &wallet,
            network: Some(sepolia()),
            deed: None,
            transaction: None,
            asked_by: None,
        };
        let known = asking.known(&decoded).await.unwrap();
        assert_eq!(
            (known.decimals.len(), known.worths),
            (0, Worths::UNKNOWN),
            "no token is listed"
        );
        assert_eq!(calls(), 0);
        let tokens: Vec<_> = TOKENS.map(|it| json!({ "address": token(it).to_string() })).collect();
        set_policy(&scene, "ALLOWED_TOKENS", json!({ "tokens": tokens })).await;
        let known = asking.known(&decoded).await.unwrap();
        assert_eq!(known.decimals.len(), 16);
        assert_eq!(calls(), 5 * 16, "two standards, decimals, symbol and name");
    }
}

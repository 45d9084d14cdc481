//! What spenders may take already, where leave is given to take more than that: as the chain says, and
//! what is under way besides.

use std::collections::BTreeMap;
use std::time::Duration;

use primitives::{Address, Amount, Asset};
use txcodec::Decoded;

use super::{Asking, Known};
use crate::clock::UnixSeconds;
use crate::store::{Reading, StoreError};

/// Allowances that a chain is asked for because of one transaction; the others stay unknown.
const MOST_ASKED: usize = 16;

/// What spenders may take of tokens, by token and spender. What nobody could find out is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// In base units.
    pub amounts: BTreeMap<(Address, Address), Amount>,
    /// Before the chain was asked.
    pub asked_at: Option<UnixSeconds>,
}

impl Asking<'_> {
    /// What stands of the allowances that are added to. Two endpoints have to say so, where there are two.
    pub(crate) async fn standing(self, decoded: &Decoded) -> Standing {
        let mut standing = Standing::default();
        let client = self.network.and_then(|network| self.app.chains.client(&network.name));
        let Some(client) = client else { return standing };
        for (token, spender) in decoded.raised_allowances().iter().take(MOST_ASKED) {
            let now = self.app.clock.now();
            let found = client.allowance(self.wallet.address, *token, *spender).await;
            if let Ok(amount) = found {
                standing.amounts.insert((*token, *spender), amount);
                standing.asked_at.get_or_insert(now);
            }
        }
        standing
    }
}

impl Standing {
    /// What is known of all of several.
    pub(super) fn together<'k>(parts: impl Iterator<Item = &'k Self> + Clone) -> Self {
        Self {
            amounts: parts.clone().flat_map(|part| part.amounts.clone()).collect(),
            asked_at: parts.filter_map(|part| part.asked_at).min(),
        }
    }
}

/// What stands, with everything of the token that others of the wallet's transactions may have added
/// since the chain was asked. Whatever else of the token is under way counts too, which is the stricter
/// reading.
pub(super) fn with_what_is_under_way(
    db: &Reading<'_>,
    known: &Known,
) -> Result<BTreeMap<(Address, Address), Amount>, StoreError> {
    let Standing { amounts, asked_at } = &known.standing;
    let (Some(network), Some(asked_at)) = (&known.network, asked_at) else {
        return Ok(BTreeMap::new());
    };
    let since = asked_at.minus(Duration::from_secs(1));
    let with = |((token, spender), amount): (&(Address, Address), &Amount)| {
        let of = (known.wallet, network.chain_id, Asset::Token(*token));
        let added = match db.spent(of, since, known.transaction) {
            Ok(added) => added,
            Err(StoreError::Overflow) => Amount::MAX,
            Err(error) => return Err(error),
        };
        Ok(((*token, *spender), amount.checked_add(added).unwrap_or(Amount::MAX)))
    };
    amounts.iter().map(with).collect()
}

#[cfg(test)]
mod tests {
    use primitives::EvmAddress;
    use serde_json::json;
    use txcodec::evm::{Transaction, erc20};

    use super::super::testing::{Scene, sepolia, word};
    use super::super::tests::set_policy;
    use super::super::{Call, Deed, Intent, Order, Status};
    use super::*;
    use crate::chains::testing::{FakeNode, Reaction};
    use crate::store::TransactionId;
    use crate::store::wallets::sample;

    const TOKEN: EvmAddress = EvmAddress([0x99; 20]);
    const SPENDER: EvmAddress = EvmAddress([0x77; 20]);

    fn increase(by: u64) -> Vec<u8> {
        erc20::Call::IncreaseAllowance { spender: SPENDER, amount: by.into() }.to_data()
    }

    /// A node of which contracts say that `allowed` may be taken already, and that they have 6 decimals.
    async fn node(scene: &Scene, allowed: Option<u64>) -> FakeNode {
        let question = erc20::allowance(address(), SPENDER);
        let asked = json!(format!("0x{}", primitives::encode_hex(&question)));
        let decimals = json!(format!("0x{}", primitives::encode_hex(&erc20::decimals())));
        let answers = move |method: &str, params: &serde_json::Value| {
            if method == "eth_getCode" {
                return Some(Reaction::Result(json!("0x00")));
            }
            (method == "eth_call").then(|| match allowed {
                Some(allowed) if params[0]["data"] == asked => {
                    Reaction::Result(json!(format!("{allowed:#066x}")))
                }
                _ if params[0]["data"] == decimals => {
                    Reaction::Result(json!(format!("{:#066x}", 6)))
                }
                _ => Reaction::Error(3, "execution reverted"),
            })
        };
        scene.node(answers).await
    }

    fn address() -> EvmAddress {
        match sample(1).address {
            Address::Evm(address) => address,
            Address::Solana(_) => panic!("an EVM wallet"),
        }
    }

    async fn ask(scene: &Scene, by: u64) -> TransactionId {
        let deed = Deed::Call(Call { to: TOKEN, value: Amount::ZERO, data: increase(by) });
        let network = sepolia().chain_id;
        let intent = Intent::Send(Box::new(Order { network, deed, gas_condition: None }));
        let id = TransactionId::new(&scene.app.clock);
        let now = scene.app.clock.now();
        let asked = super::super::Transaction::new(id, sample(1).id, None, intent, now);
        scene.write(move |db| db.insert_transaction(&asked)).await;
        id
    }

    async fn scene() -> Scene {
        let scene = Scene::start().await;
        let spenders = json!([{ "address": SPENDER.to_string(), "maxAmount": "500" }]);
        set_policy(&scene, "APPROVED_SPENDERS", json!({ "spenders": spenders })).await;
        set_policy(&scene, "APPROVE_TIER_OVERRIDE", json!({ "tier": "INSTANT" })).await;
        scene
    }

    #[tokio::test]
    async fn the_sum_of_what_stands_and_what_is_added_is_judged_and_what_is_unknown_waits() {
        for (allowed, by, expected) in [
            (Some(0), 500, (Status::Confirmed, None)),
            (Some(0), 501, (Status::Cancelled, Some("POLICY_DENIED"))),
            (Some(499), 1, (Status::Confirmed, None)),
            (Some(499), 2, (Status::Cancelled, Some("POLICY_DENIED"))),
            (Some(u64::MAX), 1, (Status::Cancelled, Some("POLICY_DENIED"))),
            (None, 1, (Status::Queued, None)),
            (None, 501, (Status::Cancelled, Some("POLICY_DENIED"))),
        ] {
            let scene = scene().await;
            let node = node(&scene, allowed).await;
            scene.ask_nodes(&[node.endpoint()]);
            let id = ask(&scene, by).await;
            let found = scene.advance(id).await;
            assert_eq!(word(&found), expected, "{allowed:?} and {by}: {:?}", found.problem);
        }
    }

    #[tokio::test]
    async fn what_is_under_way_counts_as_allowed_already() {
        for (second, expected) in [(100, Status::Confirmed), (101, Status::Cancelled)] {
            let scene = scene().await;
            let node = node(&scene, Some(200)).await;
            scene.ask_nodes(&[node.endpoint()]);
            let id = ask(&scene, 200).await;
            assert_eq!(scene.advance(id).await.status, Status::Confirmed);
            let id = ask(&scene, second).await;
            assert_eq!(scene.advance(id).await.status, expected, "400 and {second}");
        }
    }

    #[tokio::test]
    async fn two_endpoints_that_contradict_each_other_say_nothing() {
        let scene = scene().await;
        let (low, high) = (node(&scene, Some(0)).await, node(&scene, Some(499)).await);
        scene.ask_nodes(&[low.endpoint(), high.endpoint()]);
        let unsigned = Transaction {
            kind: txcodec::evm::Kind::Legacy { gas_price: 1_u64.into() },
            chain_id: 11_155_111.try_into().unwrap(),
            nonce: 0,
            gas_limit: 1,
            to: Some(TOKEN),
            value: Amount::ZERO,
            data: increase(1),
        };
        let decoded = txcodec::evm::decode(&unsigned.to_unsigned_bytes(), address()).unwrap();
        let wallet = sample(1);
        let asking = Asking {
            app: &scene.app,
            wallet: &wallet,
            network: Some(sepolia()),
            deed: None,
            transaction: None,
            asked_by: None,
        };
        assert_eq!(asking.standing(&decoded).await.amounts, BTreeMap::new());
        scene.ask_nodes(&[low.endpoint()]);
        assert_eq!(asking.standing(&decoded).await.amounts.len(), 1);
    }
}

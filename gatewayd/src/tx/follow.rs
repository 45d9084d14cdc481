//! Step 11: how it ended on the chain.

use super::halt::{self, Halt, Pace};
use super::look_back;
use super::pipeline::Road;
use super::send::expired;
use super::{Drafted, Problem, Progress, Purpose, Signed, Status, Version, Wish};
use crate::chains::Outcome;
use crate::store::reservations::Settlement;
use crate::store::spared::Spared;

/// The code of what the chain has carried out and did nothing.
pub(super) const REVERTED: &str = "TRANSACTION_REVERTED";

impl Road<'_> {
    /// Asks the network once for every version, and stores what it says.
    pub(super) async fn follow(&self, drafted: &Drafted, signed: &Signed) -> Result<(), Halt> {
        let versions = self.versions_with(drafted, signed);
        let mut waits = false;
        for version in versions.iter().rev() {
            let Some(signed) = version.signed() else { continue };
            match self.outcome(drafted, signed).await? {
                Outcome::Unknown => {}
                Outcome::Pending => waits = true,
                Outcome::Included => return Err(Halt::Again(Pace::Block, None)),
                Outcome::Expired => return self.lapsed(expired()).await,
                Outcome::Confirmed => return self.over(version, drafted, None).await,
                Outcome::Failed { reason } => {
                    return self.over(version, drafted, Some(reason)).await;
                }
            }
        }
        match drafted.nonce {
            _ if self.transaction.restored && !waits => self.unseen(drafted).await,
            Some(nonce) if !self.transaction.restored => {
                self.see_to((drafted, &versions), nonce, waits).await
            }
            // What is to be called off is left alone until it has expired.
            None if !waits && !self.is_called_off() => {
                self.send(drafted, signed).await?;
                Err(Halt::Again(Pace::Block, None))
            }
            Some(_) | None => Err(Halt::Again(Pace::Block, None)),
        }
    }

    /// All versions, the first one first; there is always one that is signed.
    fn versions_with(&self, drafted: &Drafted, signed: &Signed) -> Vec<Version> {
        if self.versions.is_empty() {
            // It was sent by a program that kept no versions.
            return vec![Version::first(drafted, signed, self.transaction.created_at)];
        }
        self.versions.clone()
    }

    /// Ends a transaction of which the chain has carried out a version, well or, for `reason`, not.
    async fn over(
        &self,
        version: &Version,
        drafted: &Drafted,
        reason: Option<String>,
    ) -> Result<(), Halt> {
        let spared = self.spared(version).await;
        let taken = spared
            .map_or(version.fee_ceiling, |spared| version.fee_ceiling.saturating_sub(spared.part));
        let fee = Settlement::PostFee(taken);
        let (status, settlement, problem) = match (version.purpose, reason) {
            (Purpose::Pay, None) => (Status::Confirmed, Settlement::Post, None),
            (Purpose::Pay, Some(reason)) => {
                (Status::Failed, fee, Some(Problem::new(REVERTED, reason)))
            }
            (Purpose::CallOff, _) => {
                let (status, problem) = self.called_off();
                (status, fee, Some(problem))
            }
        };
        let progress = version
            .signed()
            .map(|signed| Progress::Signed(version.drafted(drafted), signed.clone()));
        let (id, now) = (self.transaction.id, self.app.clock.now());
        let first_look = drafted.nonce.map(|_numbered| look_back::first(id, now));
        let finished = self.app.store.write(move |db| {
            let Some(mut transaction) = halt::unfinished(db, id)? else { return Ok(()) };
            transaction.problem = problem;
            transaction.progress = progress.unwrap_or(transaction.progress);
            db.forget_wish(id, Purpose::Pay)?;
            db.forget_wish(id, Purpose::CallOff)?;
            spared.iter().try_for_each(|spared| db.spare(id, *spared))?;
            halt::finish(db, transaction, status, settlement, now)?;
            first_look.iter().try_for_each(|look| db.keep_look_back(look))
        });
        finished.await?;
        self.app.signals.changed(id);
        Ok(())
    }

    /// What a rollup took less for its layer 1 than was reserved for that, by the receipt. Where no
    /// receipt says, or one says more, what was reserved counts.
    async fn spared(&self, version: &Version) -> Option<Spared> {
        let decoded = self.decode(&version.unsigned).ok()?;
        let most = decoded.layer_1_fee(self.network.chain_id.layer_1_fee_per_byte())?;
        // One that was sent by a program that did not count it has nothing reserved for it.
        if most.is_zero() || decoded.fee_ceiling() != version.fee_ceiling {
            return None;
        }
        let paid = self.client.layer_1_paid(&version.signed()?.hash).await.ok()??;
        let part = most.checked_sub(paid)?;
        Some(Spared { part, fee: version.fee_ceiling })
    }

    /// What a transaction is that was called off, and why it was.
    fn called_off(&self) -> (Status, Problem) {
        match &self.wish {
            Some(Wish::CallOff { ends, problem }) => (*ends, problem.clone()),
            Some(Wish::SpeedUp) | None => {
                (Status::Cancelled, Problem::new("CANCELLED", "called off; nothing was paid"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use primitives::{Address, Amount, Asset, ChainId, builtin_by_name};
    use serde_json::json;
    use txcodec::evm;

    use super::super::testing::{Scene, transfer, word};
    use super::super::tests::set_policy_on;
    use super::super::{Deed, Intent, Order, Transaction};
    use super::*;
    use crate::chains::testing::Reaction;
    use crate::clock::UnixSeconds;
    use crate::networks::Networks;
    use crate::store::TransactionId;
    use crate::store::wallets::sample;

    const WEI: u64 = 1_000;

    fn rollup() -> ChainId {
        builtin_by_name("optimism-sepolia").unwrap().chain_id
    }

    /// A payment on a rollup whose receipts say that its layer 1 took so much.
    async fn on_rollup(layer_1_paid: Option<u64>) -> (Scene, TransactionId) {
        let scene = Scene::start().await;
        let node = scene.node(move |method, params| {
            Some(Reaction::Result(match method {
                "eth_chainId" => json!("0xaa37dc"),
                "eth_call" => json!(format!("{:#066x}", 5)),
                "eth_getTransactionReceipt" => json!({
                    "transactionHash": params[0], "blockNumber": "0x64", "status": "0x1",
                    "l1Fee": layer_1_paid.map(|paid| format!("{paid:#x}")),
                }),
                _ => return None,
            }))
        });
        let mut networks = Networks::builtin();
        let endpoints = vec![node.await.endpoint()];
        networks.set_endpoints("evm_optimism_sepolia", endpoints).unwrap();
        scene.app.chains.set_endpoints(&networks);
        let deed = Deed::Transfer(transfer(WEI.into()));
        let intent = Intent::Send(Box::new(Order { network: rollup(), deed, gas_condition: None }));
        let id = TransactionId::new(&scene.app.clock);
        let now = scene.app.clock.now();
        let asked = Transaction::new(id, sample(1).id, None, intent, now);
        scene.write(move |db| db.insert_transaction(&asked)).await;
        (scene, id)
    }

    async fn spent(scene: &Scene) -> Amount {
        let of = (sample(1).id, rollup(), Asset::Native);
        let spent = scene.app.store.read(move |db| db.spent(of, UnixSeconds::new(0), None));
        spent.await.unwrap()
    }

    /// What gas costs it at most, and what layer 1 does.
    fn fees(transaction: &Transaction) -> [Amount; 2] {
        let Progress::Signed(drafted, _) = &transaction.progress else { panic!("it is signed") };
        let Address::Evm(wallet) = sample(1).address else { panic!("it is an EVM wallet") };
        let bytes = evm::decode(&drafted.unsigned, wallet).unwrap();
        let layer_1 = bytes.layer_1_fee(rollup().layer_1_fee_per_byte()).unwrap();
        assert_eq!(Some(drafted.fee_ceiling), bytes.fee_ceiling().checked_add(layer_1));
        [bytes.fee_ceiling(), layer_1]
    }

    #[tokio::test]
    async fn what_layer_1_may_take_is_reserved_and_what_it_took_is_spent() {
        for paid in [None, Some(0), Some(7)] {
            let (scene, id) = on_rollup(paid).await;
            let [gas, layer_1] = fees(&scene.advance(id).await);
            assert!(layer_1 > Amount::from(u64::from(u32::MAX)), "it is worth being counted");
            let sum = |layer_1| Amount::sum([WEI.into(), gas, layer_1]).unwrap();
            let confirmed = scene.settle(id).await;
            assert_eq!(word(&confirmed), (Status::Confirmed, None));
            let layer_1 = paid.map_or(layer_1, Amount::from);
            assert_eq!(spent(&scene).await, sum(layer_1), "{paid:?}");
        }
        // A receipt that says more than layer 1 ever took is not believed.
        let (scene, id) = on_rollup(Some(u64::MAX)).await;
        let [gas, layer_1] = fees(&scene.settle(id).await);
        assert_eq!(spent(&scene).await, Amount::sum([WEI.into(), gas, layer_1]).unwrap());
    }

    #[tokio::test]
    async fn a_policy_for_fees_judges_what_layer_1_may_take() {
        let (scene, id) = on_rollup(None).await;
        let [gas, layer_1] = fees(&scene.settle(id).await);
        let all = gas.checked_add(layer_1).unwrap();
        for (most, expected) in [
            (all, (Status::Confirmed, None)),
            (all.saturating_sub(1_u64.into()), (Status::Cancelled, Some("POLICY_DENIED"))),
        ] {
            let (scene, id) = on_rollup(None).await;
            let rules = json!({ "max_fee": most.to_string() });
            set_policy_on(&scene, rollup(), "MAX_GAS", rules).await;
            let ended = scene.settle(id).await;
            assert_eq!(word(&ended), expected, "{most} where it takes {gas} and {layer_1}");
        }
    }
}

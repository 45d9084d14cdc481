//! What waits until gas is as cheap as was asked, and is judged anew when it is.

use std::time::Duration;

use super::halt::{self, Halt, Pace};
use super::pipeline::Road;
use super::{GasCondition, Problem, Status, Transaction};
use crate::chains::GasPrice;
use crate::clock::UnixSeconds;
use crate::store::Writing;
use crate::store::reservations::Settlement;

/// How often the price is looked at: about once in a block of Ethereum.
const LOOK: Duration = Duration::from_secs(10);

/// Whether gas is cheap enough for a transaction now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gas {
    /// It is, or does not matter.
    CheapEnough,
    /// It is not: the transaction waits that long for it.
    TooDear(Duration),
}

impl GasCondition {
    /// Whether a transaction with this condition goes on at that price.
    pub fn is_met(&self, price: &GasPrice) -> bool {
        self.max_gas_price.is_none_or(|most| price.gas <= most)
            && self.max_priority_fee.is_none_or(|most| price.priority <= most)
    }
}

impl Road<'_> {
    /// Whether gas is as cheap as was asked.
    pub(super) async fn gas(&self) -> Result<Gas, Halt> {
        let Some(condition) = &self.order.gas_condition else { return Ok(Gas::CheapEnough) };
        let price = self.client.gas_price(self.wallet.address).await;
        let price =
            price.map_err(|error| Halt::Again(Pace::BackOff, Some(Problem::of_chain(&error))))?;
        Ok(if condition.is_met(&price) {
            Gas::CheapEnough
        } else {
            Gas::TooDear(condition.timeout)
        })
    }

    /// As [`Self::gas`], for what has not waited for it just now.
    pub(super) async fn gas_before(&self) -> Result<Gas, Halt> {
        if self.transaction.status == Status::GasWaiting {
            return Ok(Gas::CheapEnough);
        }
        self.gas().await
    }

    /// Lets pass what waits for gas once it is cheap enough; ends it when its time is over.
    pub(super) async fn wait_for_gas(&self) -> Result<(), Halt> {
        let now = self.app.clock.now();
        let until = self.transaction.waits_until.unwrap_or(now);
        // A node that does not answer has not said that gas is cheap, and cheap gas comes too late
        // for an asker who was told that it would be over by then.
        let problem = match self.gas().await {
            Ok(Gas::CheapEnough) if now < until => return Ok(()),
            Ok(Gas::CheapEnough | Gas::TooDear(_)) => None,
            Err(Halt::Again(_, problem)) => problem,
            Err(halt) => return Err(halt),
        };
        let id = self.transaction.id;
        let rest = move |db: &Writing<'_>| {
            let found = halt::unfinished(db, id)?;
            let Some(mut waiting) = found.filter(|it| it.status == Status::GasWaiting) else {
                return Ok(());
            };
            if until <= now {
                waiting.problem = Some(too_dear());
                return halt::finish(db, waiting, Status::Expired, Settlement::Release, now);
            }
            (waiting.problem, waiting.next_attempt_at) = (problem, Some(now.plus(LOOK).min(until)));
            db.update_transaction(&waiting)
        };
        self.app.store.write(rest).await?;
        self.app.signals.changed(id);
        Err(Halt::Stored)
    }
}

/// Has a transaction that was let pass wait for gas.
pub(super) fn wait(transaction: &mut Transaction, timeout: Duration, now: UnixSeconds) {
    let until = now.plus(timeout);
    transaction.status = Status::GasWaiting;
    transaction.waits_until = Some(until);
    transaction.next_attempt_at = Some(now.plus(LOOK).min(until));
    transaction.problem = None;
}

fn too_dear() -> Problem {
    Problem::new(
        "TX_EXPIRED",
        "gas did not become as cheap as its gasCondition asks for in time: nothing was paid; ask \
         again, with more for gas or more time",
    )
}

#[cfg(test)]
mod tests {
    use primitives::Amount;

    use super::super::testing::{NodeMood, Scene, SignerMood, word};
    use super::super::torture::chain::TestChain;
    use super::super::{Deed, Intent, Order, Tier};
    use super::*;
    use crate::session::{Caller, Master};
    use crate::store::TransactionId;
    use crate::store::wallets::sample;
    use crate::tx::testing::{sepolia, transfer};
    use crate::usecase::cancel_transaction::cancel_transaction;

    const GWEI: u64 = 1_000_000_000;

    fn at_most(gwei: u64) -> GasCondition {
        let max_gas_price = Some(Amount::from(gwei * GWEI));
        GasCondition { max_gas_price, max_priority_fee: None, timeout: Duration::from_mins(5) }
    }

    /// On a network whose gas costs so many gwei, one for the proposer counted.
    async fn scene(gwei: u64) -> Scene {
        let scene = Scene::on_blocks(TestChain::new(0), 1).await;
        price(&scene, gwei);
        scene
    }

    fn price(scene: &Scene, gwei: u64) {
        let mut world = scene.world.lock().unwrap();
        world.chain_of_blocks.as_mut().unwrap().base_fee = (gwei - 1) * GWEI;
    }

    async fn ask(scene: &Scene, condition: GasCondition) -> TransactionId {
        let order = Order {
            network: sepolia().chain_id,
            deed: Deed::Transfer(transfer(1_000_u64.into())),
            gas_condition: Some(condition),
        };
        let (id, now) = (TransactionId::new(&scene.app.clock), scene.app.clock.now());
        let asked = Transaction::new(id, sample(1).id, None, Intent::Send(Box::new(order)), now);
        scene.write(move |db| db.insert_transaction(&asked)).await;
        id
    }

    #[test]
    fn a_condition_is_met_at_its_prices_and_below() {
        let price =
            |gas: u64, priority: u64| GasPrice { gas: gas.into(), priority: priority.into() };
        let condition = |gas: Option<u64>, priority: Option<u64>| GasCondition {
            max_gas_price: gas.map(Amount::from),
            max_priority_fee: priority.map(Amount::from),
            timeout: Duration::from_mins(1),
        };
        for (condition, price, met) in [
            (condition(Some(10), None), price(10, 99), true),
            (condition(Some(10), None), price(11, 0), false),
            (condition(None, Some(2)), price(99, 2), true),
            (condition(None, Some(2)), price(0, 3), false),
            (condition(Some(10), Some(2)), price(10, 2), true),
            (condition(Some(10), Some(2)), price(10, 3), false),
            (condition(Some(10), Some(2)), price(11, 2), false),
            (condition(Some(0), None), price(0, 0), true),
        ] {
            assert_eq!(condition.is_met(&price), met, "{condition:?} {price:?}");
        }
    }

    #[tokio::test]
    async fn a_payment_waits_for_cheap_gas_counts_meanwhile_and_holds_no_nonce() {
        let scene = scene(31).await;
        let id = ask(&scene, at_most(30)).await;
        let waiting = scene.rest(id).await;
        assert_eq!((waiting.status, waiting.tier), (Status::GasWaiting, Some(Tier::Instant)));
        assert!(scene.spent().await > Amount::from(1_000_u64), "what waits counts");
        let other = scene.ask(5).await;
        assert_eq!(scene.advance(other).await.status, Status::Submitted, "others go on");
        let scene = scene.restart().await;
        scene.clock.advance(LOOK);
        assert_eq!(scene.rest(id).await.status, Status::GasWaiting);
        price(&scene, 30);
        scene.clock.advance(LOOK);
        assert_eq!(scene.advance(id).await.status, Status::Submitted);
    }

    #[tokio::test]
    async fn what_is_cheap_enough_goes_on_at_once() {
        let scene = scene(30).await;
        let id = ask(&scene, at_most(30)).await;
        assert_eq!(scene.advance(id).await.status, Status::Submitted);
    }

    #[tokio::test]
    async fn it_expires_when_its_time_is_over_and_not_before() {
        let scene = scene(31).await;
        let id = ask(&scene, at_most(30)).await;
        let until = scene.rest(id).await.waits_until.unwrap();
        assert_eq!(until, scene.app.clock.now().plus(Duration::from_mins(5)));
        scene.clock.advance(Duration::from_secs(299));
        assert_eq!(scene.rest(id).await.status, Status::GasWaiting);
        scene.clock.set(until);
        assert_eq!(word(&scene.rest(id).await), (Status::Expired, Some("TX_EXPIRED")));
        assert_eq!(scene.spent().await, Amount::ZERO);
    }

    #[tokio::test]
    async fn gas_that_is_cheap_too_late_pays_nothing() {
        let scene = scene(31).await;
        let id = ask(&scene, at_most(30)).await;
        let until = scene.rest(id).await.waits_until.unwrap();
        price(&scene, 30);
        scene.clock.set(until);
        assert_eq!(word(&scene.rest(id).await), (Status::Expired, Some("TX_EXPIRED")));
        assert_eq!(scene.spent().await, Amount::ZERO);
    }

    #[tokio::test]
    async fn a_node_that_says_nothing_has_not_said_that_gas_is_cheap() {
        let scene = Scene::start().await;
        let id = ask(&scene, at_most(1)).await;
        assert_eq!(scene.rest(id).await.status, Status::GasWaiting);
        scene.feel(NodeMood::Down, SignerMood::Good);
        scene.clock.advance(LOOK);
        let waiting = scene.rest(id).await;
        assert_eq!(waiting.status, Status::GasWaiting);
        assert!(waiting.problem.is_some());
        scene.clock.set(waiting.waits_until.unwrap());
        assert_eq!(scene.rest(id).await.status, Status::Expired);
    }

    #[tokio::test]
    async fn it_is_called_off_like_anything_that_waits() {
        let scene = scene(31).await;
        let id = ask(&scene, at_most(30)).await;
        scene.rest(id).await;
        let master = Caller::Master(Master::operator());
        let called_off = cancel_transaction(&scene.app, &master, id).await.unwrap();
        assert_eq!(called_off.status, Status::Cancelled);
        assert_eq!(scene.spent().await, Amount::ZERO);
    }

    #[tokio::test]
    async fn it_is_judged_by_the_policies_of_the_moment_when_it_goes_on() {
        let scene = scene(31).await;
        let id = ask(&scene, at_most(30)).await;
        assert_eq!(scene.rest(id).await.tier, Some(Tier::Instant));
        super::super::tests::set_lines(&scene, 1_000_000_000_000_000_000).await;
        price(&scene, 30);
        scene.clock.advance(LOOK);
        let queued = scene.rest(id).await;
        assert_eq!((queued.status, queued.tier), (Status::Queued, Some(Tier::Delay)));
        // Its wait is over, and gas is dear again.
        price(&scene, 31);
        scene.clock.set(queued.waits_until.unwrap());
        let waiting = scene.rest(id).await;
        assert_eq!((waiting.status, waiting.tier), (Status::GasWaiting, Some(Tier::Delay)));
        price(&scene, 30);
        scene.clock.advance(LOOK);
        assert_eq!(scene.advance(id).await.status, Status::Submitted);
    }
}

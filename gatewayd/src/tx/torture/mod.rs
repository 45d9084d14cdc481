//! Many payments through a node that drops, repeats, forgets and lies, on a chain that reorganises,
//! by a gateway that is killed now and then: whatever was asked for ends as it is told, once, and no
//! nonce is left out.

pub(crate) mod chain;
mod dice;

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use primitives::Amount;

use self::chain::TestChain;
use self::dice::Dice;
use super::testing::{FIRST_NONCE, Scene, sepolia};
use super::{Status, Transaction, advance};
use crate::session::{Caller, Master};
use crate::store::due::Due;
use crate::store::wallets::sample;
use crate::store::{StoreError, TransactionId, Writing};
use crate::usecase::cancel_transaction::cancel_transaction;
use crate::usecase::speed_up_transaction::speed_up_transaction;

/// Confirmations of the torture: more than a reorganisation takes back.
const CONFIRMATIONS: u32 = 3;
/// Each payment is of so many wei, and one more for each one before it.
const FIRST_AMOUNT: u64 = 1_000;
/// Rounds after which everything must be over once the node is a good one.
const LAST_ROUNDS: u32 = 600;

/// A torture under way.
struct Torture {
    scene: Scene,
    dice: Dice,
    asked: Vec<TransactionId>,
}

impl Torture {
    async fn start(seed: u64) -> Self {
        let scene = Scene::on_blocks(TestChain::new(seed), CONFIRMATIONS).await;
        Self { scene, dice: Dice::new(!seed), asked: Vec::new() }
    }

    async fn run(mut self, payments: usize) -> Self {
        self.chain(|chain| chain.bad = true);
        while self.asked.len() < payments {
            for _new in 0..self.dice.below(4) {
                let amount = FIRST_AMOUNT + u64::try_from(self.asked.len()).unwrap();
                self.asked.push(self.scene.ask(amount).await);
            }
            self.meddle().await;
            self = self.round().await;
        }
        self.chain(|chain| (chain.bad, chain.base_fee) = (false, 1_000_000_000));
        for _round in 0..LAST_ROUNDS {
            self = self.round().await;
            if self.open().await.is_empty() {
                return self;
            }
        }
        let open = self.open().await;
        panic!("{} do not end, the first is {:?}", open.len(), open.first());
    }

    /// What is not over.
    async fn open(&self) -> Vec<Transaction> {
        let read = self.scene.app.store.read(|db| {
            let open = db.transactions_under_way()?;
            Ok::<_, StoreError>(open)
        });
        read.await.unwrap()
    }

    /// Somebody wants one of them faster, or not at all.
    async fn meddle(&mut self) {
        let master = Caller::Master(Master::operator());
        let back = self.dice.below(12) + 1;
        let place = u64::try_from(self.asked.len()).unwrap().checked_sub(back);
        let Some(place) = place.map(|place| usize::try_from(place).unwrap()) else { return };
        let id = self.asked[place];
        match self.dice.below(20) {
            0 => drop(cancel_transaction(&self.scene.app, &master, id).await),
            1 => drop(speed_up_transaction(&self.scene.app, &master, id).await),
            2 => self.lose_number().await,
            _ => {}
        }
    }

    /// A number is given to something that is never heard of again.
    async fn lose_number(&self) {
        let (wallet, network) = (sample(1).id, sepolia().chain_id);
        let lose = move |db: &Writing<'_>| {
            let next = db.next_nonce(wallet, network, 0)?;
            db.claim_nonce(wallet, network, next, 0)
        };
        self.scene.app.store.write(lose).await.unwrap();
    }

    /// Takes everything that is due on, as the scheduler does; sometimes the gateway is killed.
    async fn round(mut self) -> Self {
        let now = self.scene.app.clock.now();
        self.scene.world.lock().unwrap().guard.now = now.get();
        let due = self.scene.app.store.read(move |db| db.due_transactions(now, 200));
        let mut due: Vec<Due> = due.await.unwrap();
        while !due.is_empty() {
            let place = self.dice.below(u64::try_from(due.len()).unwrap());
            let one = due.swap_remove(usize::try_from(place).unwrap());
            let bad = self.chain(|chain| chain.bad);
            if bad && self.dice.in_hundred(2) {
                killed_at(&self.scene, one.id, self.dice.below(60)).await;
                self.scene = self.scene.restart().await;
            } else {
                advance(&self.scene.app, one.id).await.unwrap();
            }
        }
        self.chain(TestChain::tick);
        self.scene.clock.advance(Duration::from_secs(1 + self.dice.below(8)));
        self
    }

    fn chain<T>(&self, with: impl FnOnce(&mut TestChain) -> T) -> T {
        with(self.scene.world.lock().unwrap().chain_of_blocks.as_mut().unwrap())
    }

    /// How each payment ended by the gateway, and how often the chain has it.
    async fn check(&self) -> BTreeMap<Status, usize> {
        let mut ended = BTreeMap::new();
        let mut paid: BTreeMap<Amount, usize> = BTreeMap::new();
        self.chain(|chain| {
            for (nonce, sent) in (FIRST_NONCE..).zip(chain.carried_out()) {
                assert_eq!(sent.transaction.nonce, nonce, "the chain has them in order");
                *paid.entry(sent.transaction.value).or_default() += 1;
            }
        });
        for (amount, id) in (FIRST_AMOUNT..).zip(&self.asked) {
            let found = self.scene.show(*id).await;
            let times = paid.get(&Amount::from(amount)).copied().unwrap_or_default();
            let expected = usize::from(found.status == Status::Confirmed);
            assert_eq!(times, expected, "on the chain {times} times: {found:?}");
            *ended.entry(found.status).or_default() += 1;
        }
        ended
    }
}

/// Lets the work drop where it would be polled the next time, as a `kill -9` does.
async fn killed_at(scene: &Scene, id: TransactionId, breaks: u64) {
    let mut road = pin!(advance(&scene.app, id));
    let mut polls = 0;
    poll_fn(|context| {
        if polls == breaks {
            return Poll::Ready(());
        }
        polls += 1;
        road.as_mut().poll(context).map(|result| result.unwrap())
    })
    .await;
}

async fn torture(seed: u64, payments: usize) -> BTreeMap<Status, usize> {
    let torture = Torture::start(seed).await;
    let torture = Box::pin(torture.run(payments)).await;
    let ended = torture.check().await;
    // The wallet is not jammed: what comes next is paid.
    let mut torture = Torture { asked: torture.asked.clone(), ..torture };
    let last = torture.scene.ask(FIRST_AMOUNT * 1_000_000).await;
    for _round in 0..LAST_ROUNDS {
        torture = torture.round().await;
    }
    let last: Transaction = torture.scene.show(last).await;
    assert_eq!(last.status, Status::Confirmed, "{last:?}");
    ended
}

/// What the environment says, or what is usual.
#[expect(
    clippy::disallowed_methods,
    reason = "a long run is asked for, and a seed repeated, by hand"
)]
pub(crate) fn asked_for(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |value| value.parse().unwrap())
}

/// `WAIAAS_TORTURE_PAYMENTS=10000` asks for a long run; `WAIAAS_TORTURE_SEED=N` repeats a seed.
#[tokio::test]
async fn payments_through_a_bad_node_end_once_each_as_told() {
    const AT_ONCE: u64 = 150;
    let first = asked_for("WAIAAS_TORTURE_SEED", 1);
    let mut left = asked_for("WAIAAS_TORTURE_PAYMENTS", 300);
    for seed in first.. {
        let payments = left.min(AT_ONCE);
        let ended = tokio::spawn(torture(seed, usize::try_from(payments).unwrap())).await;
        let ended = ended.unwrap_or_else(|error| {
            panic!("WAIAAS_TORTURE_SEED={seed} WAIAAS_TORTURE_PAYMENTS={payments}: {error}")
        });
        assert!(ended.get(&Status::Confirmed) > Some(&0), "seed {seed}: {ended:?}");
        left -= payments;
        if left == 0 {
            break;
        }
    }
}

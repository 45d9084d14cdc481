//! The road as a whole, and every place where it may break off.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use primitives::{Amount, ChainId};
use serde_json::{Value, json};

use super::testing::{FIRST_NONCE, NodeMood, Scene, SignerMood, sepolia, word};
use super::{Progress, Purpose, Status, Tier, advance};
use crate::scheduler;
use crate::store::policies::StoredPolicy;
use crate::store::wallets::{WalletStatus, sample};
use crate::store::{PolicyId, TransactionId};

const WEI: u64 = 1_000;

/// The fee of a plain transfer at the node's price, as it is reserved.
fn with_fee(transaction: &super::Transaction, wei: u64) -> Amount {
    let (Progress::Drafted(drafted) | Progress::Signed(drafted, _)) = &transaction.progress else {
        panic!("nothing was drafted")
    };
    drafted.fee_ceiling.checked_add(wei.into()).unwrap()
}

#[tokio::test]
async fn a_small_payment_is_made_at_once_and_its_spend_is_posted() {
    let scene = Scene::start().await;
    let id = scene.ask(WEI).await;
    let done = scene.advance(id).await;
    assert_eq!(word(&done), (Status::Confirmed, None));
    assert_eq!((done.tier, done.next_attempt_at), (Some(Tier::Instant), None));
    assert_eq!(scene.mined(), [FIRST_NONCE]);
    assert_eq!(scene.spent().await, with_fee(&done, WEI));
    assert_eq!(scene.advance(id).await, done, "what is over stays as it is");
}

#[tokio::test]
async fn a_payment_goes_on_once_wherever_the_gateway_was_killed() {
    let mut breaks = 0_usize;
    loop {
        let scene = Scene::start().await;
        let id = scene.ask(WEI).await;
        let finished = {
            let mut road = pin!(advance(&scene.app, id));
            let mut polls = 0;
            poll_fn(|context| {
                if polls == breaks {
                    return Poll::Ready(false);
                }
                polls += 1;
                road.as_mut().poll(context).map(|result| result.is_ok())
            })
            .await
        };
        let scene = scene.restart().await;
        let done = scene.settle(id).await;
        assert_eq!(word(&done), (Status::Confirmed, None), "killed at {breaks}");
        assert_eq!(scene.mined(), [FIRST_NONCE], "killed at {breaks}");
        assert_eq!(scene.spent().await, with_fee(&done, WEI), "killed at {breaks}");
        assert_eq!(scene.world.lock().unwrap().counted.len(), 1, "killed at {breaks}");
        if finished {
            break;
        }
        breaks += 1;
    }
    assert!(breaks > 10, "the road has many places to break off, and {breaks} were found");
}

#[tokio::test]
async fn a_signature_that_was_made_and_not_heard_of_is_asked_for_again_with_the_same_bytes() {
    let scene = Scene::start().await;
    let id = scene.ask(WEI).await;
    scene.feel(NodeMood::Good, SignerMood::CountsAndBreaks);
    let waiting = scene.advance(id).await;
    assert_eq!(word(&waiting), (Status::Executing, Some("ADAPTER_NOT_AVAILABLE")));
    scene.feel(NodeMood::Good, SignerMood::Good);
    let scene = scene.restart().await;
    assert_eq!(scene.settle(id).await.status, Status::Confirmed);
    assert_eq!(scene.world.lock().unwrap().counted.len(), 1);
}

#[tokio::test]
async fn a_payment_that_a_node_kept_in_silence_is_found_and_not_sent_as_another() {
    let scene = Scene::start().await;
    let id = scene.ask(WEI).await;
    scene.feel(NodeMood::KeepsAndFails, SignerMood::Good);
    let waiting = scene.advance(id).await;
    assert_eq!(waiting.status, Status::Executing);
    scene.feel(NodeMood::Good, SignerMood::Good);
    let scene = scene.restart().await;
    assert_eq!(word(&scene.settle(id).await), (Status::Confirmed, None));
    assert_eq!(scene.mined(), [FIRST_NONCE]);
}

#[tokio::test]
async fn a_locked_signer_is_waited_for_without_holding_a_nonce() {
    let scene = Scene::start().await;
    scene.feel(NodeMood::Good, SignerMood::Locked);
    let ids = [scene.ask(WEI).await, scene.ask(WEI).await];
    for id in ids {
        let waiting = scene.advance(id).await;
        assert_eq!(word(&waiting), (Status::Executing, Some("KEYSTORE_LOCKED")));
        assert_eq!(waiting.progress, Progress::Asked);
    }
    scene.feel(NodeMood::Good, SignerMood::Good);
    for id in ids {
        assert_eq!(scene.settle(id).await.status, Status::Confirmed);
    }
    assert_eq!(scene.mined(), [FIRST_NONCE, FIRST_NONCE + 1]);
}

#[tokio::test]
async fn a_refusal_of_the_signer_ends_it_and_gives_nonce_and_spend_back() {
    let scene = Scene::start().await;
    scene.feel(NodeMood::Good, SignerMood::Refuses);
    let refused = scene.ask(WEI).await;
    let refused = scene.advance(refused).await;
    assert_eq!(word(&refused), (Status::Failed, Some("SIGNER_REFUSED")));
    assert_eq!(refused.problem.unwrap().message, "OVER_OWNER_CEILING: not today");
    assert_eq!(scene.spent().await, Amount::ZERO);
    scene.feel(NodeMood::Good, SignerMood::Good);
    let next = scene.ask(WEI).await;
    assert_eq!(scene.advance(next).await.status, Status::Confirmed);
    assert_eq!(scene.mined(), [FIRST_NONCE]);
}

#[tokio::test]
async fn what_a_node_refuses_for_good_is_called_off_with_its_nonce_and_nothing_waits_for_it() {
    let scene = Scene::start().await;
    scene.feel(NodeMood::Refuses, SignerMood::Good);
    let id = scene.ask(WEI).await;
    for _attempt in 0..12 {
        assert_eq!(scene.advance(id).await.status, Status::Executing, "it may still happen");
        scene.clock.advance(Duration::from_secs(30));
    }
    let versions = scene.app.store.read(move |db| db.versions(id)).await.unwrap();
    assert_eq!(versions.last().map(|last| last.purpose), Some(Purpose::CallOff));
    scene.feel(NodeMood::Good, SignerMood::Good);
    let failed = scene.settle(id).await;
    assert_eq!(word(&failed), (Status::Failed, Some("INSUFFICIENT_BALANCE")));
    assert_eq!(scene.spent().await, versions.last().unwrap().fee_ceiling);
    let next = scene.ask(WEI).await;
    assert_eq!(scene.settle(next).await.status, Status::Confirmed);
    assert_eq!(scene.mined(), [FIRST_NONCE, FIRST_NONCE + 1]);
}

#[tokio::test]
async fn a_payment_that_fails_on_the_chain_has_cost_its_fee() {
    let scene = Scene::start().await;
    scene.feel(NodeMood::Reverts, SignerMood::Good);
    let id = scene.ask(WEI).await;
    let failed = scene.settle(id).await;
    assert_eq!(word(&failed), (Status::Failed, Some("TRANSACTION_REVERTED")));
    assert_eq!(scene.spent().await, with_fee(&failed, 0));
}

#[tokio::test]
async fn a_node_that_is_down_is_waited_for() {
    let scene = Scene::start().await;
    scene.feel(NodeMood::Down, SignerMood::Good);
    let id = scene.ask(WEI).await;
    let waiting = scene.advance(id).await;
    assert_eq!(waiting.status, Status::Pending);
    assert!(waiting.problem.is_some());
    assert!(waiting.next_attempt_at > Some(scene.app.clock.now()));
    scene.feel(NodeMood::Good, SignerMood::Good);
    // The endpoint that failed is left alone for a while.
    assert_eq!(scene.settle(id).await.status, Status::Confirmed);
}

/// Sets lines of 10 and 20 wei and one more for the native coin.
pub(super) async fn set_lines(scene: &Scene, delay_max: u64) {
    set_limits(scene, [10, 20, delay_max]).await;
}

/// Sets the lines of the native coin, in wei.
pub(super) async fn set_limits(scene: &Scene, [instant, notify, delay]: [u64; 3]) {
    let rules = json!({
        "instant_max": instant.to_string(), "notify_max": notify.to_string(),
        "delay_max": delay.to_string(), "delay_seconds": 60, "approval_timeout": 120,
    });
    set_policy(scene, "SPENDING_LIMIT", rules).await;
}

/// Writes a policy for the wallet that counts before those that were written earlier.
pub(super) async fn set_policy(scene: &Scene, kind: &str, rules: Value) {
    set_policy_on(scene, sepolia().chain_id, kind, rules).await;
}

pub(super) async fn set_policy_on(scene: &Scene, network: ChainId, kind: &str, rules: Value) {
    let policy = StoredPolicy {
        id: PolicyId::new(&scene.app.clock),
        wallet: Some(sample(1).id),
        network: Some(network),
        kind: kind.to_owned(),
        rules,
        priority: scene.app.clock.now().get(),
        enabled: true,
        created_at: scene.app.clock.now(),
        updated_at: scene.app.clock.now(),
    };
    scene.write(move |db| db.insert_policy(&policy)).await;
    scene.clock.advance(Duration::from_secs(1));
}

/// More than any fee of the node, in wei.
pub(super) const ABOVE_FEE: u64 = 1_000_000_000_000_000;

#[tokio::test]
async fn a_delayed_payment_waits_counts_and_then_goes_on() {
    let scene = Scene::start().await;
    set_lines(&scene, ABOVE_FEE).await;
    let id = scene.ask(30).await;
    let queued = scene.rest(id).await;
    assert_eq!((queued.status, queued.tier), (Status::Queued, Some(Tier::Delay)));
    let due = queued.waits_until.unwrap();
    assert_eq!(due.since(scene.app.clock.now()), Duration::from_mins(1));
    assert!(scene.spent().await > Amount::from(30_u64), "what waits counts");
    let scene = scene.restart().await;
    scene.clock.set(due);
    assert_eq!(scene.advance(id).await.status, Status::Confirmed);
}

#[tokio::test]
async fn a_delayed_payment_is_judged_again_by_the_policies_of_then() {
    let scene = Scene::start().await;
    set_lines(&scene, ABOVE_FEE).await;
    let id = scene.ask(30).await;
    let due = scene.rest(id).await.waits_until.unwrap();
    scene.clock.set(due);
    set_lines(&scene, 20).await;
    let queued = scene.rest(id).await;
    assert_eq!((queued.status, queued.tier), (Status::Queued, Some(Tier::Approval)));
    let expires = queued.waits_until.unwrap();
    assert_eq!(scene.advance(id).await, queued, "nothing but the owner moves it");
    scene.clock.set(expires);
    assert_eq!(word(&scene.advance(id).await), (Status::Expired, Some("APPROVAL_TIMEOUT")));
    assert_eq!(scene.spent().await, Amount::ZERO);
    assert!(scene.mined().is_empty());
}

#[tokio::test]
async fn a_policy_that_cannot_be_read_denies() {
    let scene = Scene::start().await;
    set_policy(&scene, "SPENDING_LIMIT", json!("corrupt")).await;
    let id = scene.ask(WEI).await;
    let denied = scene.advance(id).await;
    assert_eq!(word(&denied), (Status::Cancelled, Some("POLICY_DENIED")));
    assert!(denied.problem.unwrap().to_string().starts_with("POLICY_DENIED: "));
}

#[tokio::test]
async fn a_suspended_wallet_signs_nothing_that_was_asked_before() {
    let scene = Scene::start().await;
    scene.feel(NodeMood::Good, SignerMood::Locked);
    let id = scene.ask(WEI).await;
    scene.advance(id).await;
    scene.feel(NodeMood::Good, SignerMood::Good);
    let (suspended, now) = (WalletStatus::Suspended, scene.app.clock.now());
    scene
        .write(move |db| db.set_wallet_status(sample(1).id, suspended, now).map(|_found| ()))
        .await;
    assert_eq!(word(&scene.advance(id).await), (Status::Failed, Some("WALLET_SUSPENDED")));
    assert_eq!(scene.spent().await, Amount::ZERO);
}

#[tokio::test]
async fn the_scheduler_pays_many_at_once_without_a_gap_in_their_nonces() {
    const COUNT: usize = 30;
    let scene = Scene::start().await;
    let scheduler = tokio::spawn(scheduler::run(Arc::clone(&scene.app)));
    let mut asked: Vec<TransactionId> = Vec::new();
    for _number in 0..COUNT {
        let id = scene.ask(WEI).await;
        scene.app.signals.changed(id);
        asked.push(id);
    }
    for id in asked {
        let done = super::wait_until_final(&scene.app, id, Duration::from_secs(1_000)).await;
        assert_eq!(done.unwrap().unwrap().status, Status::Confirmed);
    }
    let last = FIRST_NONCE + u64::try_from(COUNT).unwrap();
    assert!(scene.mined().into_iter().eq(FIRST_NONCE..last));
    scene.app.ending.send_replace(true);
    scheduler.await.unwrap();
}

#[tokio::test]
async fn two_gateways_at_once_pay_once() {
    for _round in 0..10 {
        let scene = Scene::start().await;
        let second = scene.second_gateway().await;
        let ids = [scene.ask(WEI).await, scene.ask(WEI).await];
        for _attempt in 0..5 {
            let (one, other) = tokio::join!(
                async { (advance(&scene.app, ids[0]).await, advance(&scene.app, ids[1]).await) },
                async { (advance(&second, ids[1]).await, advance(&second, ids[0]).await) },
            );
            // One of them may find that the other was faster.
            drop((one, other));
        }
        for id in ids {
            assert_eq!(scene.settle(id).await.status, Status::Confirmed);
        }
        assert_eq!(scene.mined(), [FIRST_NONCE, FIRST_NONCE + 1]);
    }
}

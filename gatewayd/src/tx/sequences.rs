//! Sequences: what becomes of the parts, and of the whole with them.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use primitives::Amount;
use serde_json::json;

use super::testing::{FIRST_NONCE, NodeMood, Scene, SignerMood, word};
use super::tests::{ABOVE_FEE, set_limits, set_lines, set_policy};
use super::torture::chain::TestChain;
use super::{Status, Tier, Transaction, Wish, replacing, sequence};
use crate::session::{Caller, Master};
use crate::store::TransactionId;
use crate::usecase::cancel_transaction::{CancelError, cancel_transaction};
use crate::usecase::reject_transaction::reject_transaction;

/// What the fake node's prices make of a plain transfer, in wei.
const FEE: u64 = 75_600_000_000_000;
const VIOLATION: (Status, Option<&str>) = (Status::Cancelled, Some("BATCH_POLICY_VIOLATION"));
const CALLED_OFF: (Status, Option<&str>) = (Status::Cancelled, Some("CANCELLED"));
const CONFIRMED: (Status, Option<&str>) = (Status::Confirmed, None);

async fn parts(scene: &Scene, whole: TransactionId) -> Vec<Transaction> {
    scene.app.store.read(move |db| db.parts(whole)).await.unwrap()
}

async fn places(scene: &Scene, whole: TransactionId) -> Vec<(Status, Option<Tier>)> {
    parts(scene, whole).await.iter().map(|part| (part.status, part.tier)).collect()
}

async fn words(scene: &Scene, whole: TransactionId) -> Vec<(Status, Option<String>)> {
    let word = |part: &Transaction| {
        let (status, code) = word(part);
        (status, code.map(str::to_owned))
    };
    parts(scene, whole).await.iter().map(word).collect()
}

fn owned(word: (Status, Option<&str>)) -> (Status, Option<String>) {
    (word.0, word.1.map(str::to_owned))
}

/// Goes on until the whole is over, some seconds at a time.
async fn over(scene: &Scene, whole: TransactionId) -> Transaction {
    for _round in 0..100 {
        scene.drive().await;
        let found = scene.show(whole).await;
        if found.status.is_final() {
            return found;
        }
        scene.clock.advance(Duration::from_secs(30));
    }
    panic!("it does not end: {:?}", parts(scene, whole).await);
}

async fn cancel(scene: &Scene, id: TransactionId) -> Result<Transaction, CancelError> {
    let master = Caller::Master(Master::operator());
    cancel_transaction(&scene.app, &master, id).await
}

fn sum(wei: u64, fees: u64) -> Amount {
    Amount::from(wei + fees * FEE)
}

#[tokio::test]
async fn the_parts_go_in_order_and_the_whole_counts_from_the_beginning_on() {
    let scene = Scene::start().await;
    let whole = scene.ask_sequence(&[1, 20, 300]).await;
    for turn in 0..3_usize {
        // The first look divides it, the next ones carry out one part each.
        scene.drive().await;
        assert_eq!(scene.spent().await, sum(321, 3), "turn {turn}");
    }
    let found = over(&scene, whole).await;
    assert_eq!((word(&found), found.tier), (CONFIRMED, Some(Tier::Instant)));
    assert_eq!(scene.mined(), [FIRST_NONCE, FIRST_NONCE + 1, FIRST_NONCE + 2]);
    let amounts: Vec<_> = parts(&scene, whole)
        .await
        .iter()
        .map(|part| (word(part).0, part.intent.shown().amount.unwrap().amount))
        .collect();
    let expected = [1_u64, 20, 300].map(|wei| (Status::Confirmed, Amount::from(wei)));
    assert_eq!(amounts, expected);
    assert_eq!(scene.spent().await, sum(321, 3));
}

#[tokio::test]
async fn after_a_part_that_fails_on_the_chain_nothing_more_is_sent() {
    let scene = Scene::start().await;
    let whole = scene.ask_sequence(&[1, 20, 300, 4_000]).await;
    scene.advance(whole).await;
    let ids: Vec<_> = parts(&scene, whole).await.iter().map(|part| part.id).collect();
    assert_eq!(scene.advance(ids[0]).await.status, Status::Confirmed);
    assert_eq!(scene.show(whole).await.status, Status::Submitted);
    scene.feel(NodeMood::Reverts, SignerMood::Good);
    let found = over(&scene, whole).await;
    assert_eq!(word(&found), (Status::PartialFailure, Some("TRANSACTION_REVERTED")));
    let expected =
        [CONFIRMED, (Status::Failed, Some("TRANSACTION_REVERTED")), CALLED_OFF, CALLED_OFF];
    assert_eq!(words(&scene, whole).await, expected.map(owned));
    assert_eq!(scene.mined(), [FIRST_NONCE, FIRST_NONCE + 1]);
    assert_eq!(scene.spent().await, sum(1, 2));
}

#[tokio::test]
async fn a_sequence_of_which_nothing_was_carried_out_has_failed() {
    let scene = Scene::start().await;
    let whole = scene.ask_sequence(&[1, 20]).await;
    scene.feel(NodeMood::Good, SignerMood::Refuses);
    let found = over(&scene, whole).await;
    assert_eq!(word(&found), (Status::Failed, Some("SIGNER_REFUSED")));
    let expected = [(Status::Failed, Some("SIGNER_REFUSED")), CALLED_OFF];
    assert_eq!(words(&scene, whole).await, expected.map(owned));
    assert_eq!((scene.mined(), scene.spent().await), (vec![], Amount::ZERO));
}

#[tokio::test]
async fn a_denial_is_one_of_the_whole_before_anything_is_sent() {
    for (kind, rules, denies) in [
        // The whole, one part, and one part when it is counted with the others.
        ("MAX_GAS", json!({ "max_fee": FEE.to_string() }), true),
        ("MAX_GAS", json!({ "max_fee": (3 * FEE).to_string() }), false),
        ("WHITELIST", json!({ "allowed_addresses": [format!("0x{}", "33".repeat(20))] }), true),
        ("WHITELIST", json!({ "allowed_addresses": [format!("0x{}", "22".repeat(20))] }), false),
        ("RATE_LIMIT", json!({ "max_requests": 2, "window_seconds": 60 }), true),
        ("RATE_LIMIT", json!({ "max_requests": 3, "window_seconds": 60 }), false),
        ("SPENDING_LIMIT", json!("corrupt"), true),
    ] {
        let scene = Scene::start().await;
        set_policy(&scene, kind, rules.clone()).await;
        let whole = scene.ask_sequence(&[1, 20, 300]).await;
        let found = over(&scene, whole).await;
        let (expected, sent) = if denies { (VIOLATION, 0) } else { (CONFIRMED, 3) };
        assert_eq!(word(&found), expected, "{kind} {rules}");
        assert_eq!(scene.mined().len(), sent, "{kind} {rules}");
        let spent = if denies { Amount::ZERO } else { sum(321, 3) };
        assert_eq!(scene.spent().await, spent, "{kind} {rules}");
        assert!(parts(&scene, whole).await.iter().all(|part| part.status == found.status));
    }
}

#[tokio::test]
async fn amounts_that_cannot_be_added_up_are_not_sent() {
    let scene = Scene::start().await;
    let id = scene.ask_sequence(&[]).await;
    assert_eq!(word(&over(&scene, id).await), (Status::Failed, Some("INVALID_TRANSACTION")));
    assert!(parts(&scene, id).await.is_empty());
}

#[tokio::test]
async fn the_tier_is_that_of_the_sum_and_holds_for_every_part() {
    let scene = Scene::start().await;
    let line = 16 + 2 * FEE;
    set_limits(&scene, [line, line, ABOVE_FEE]).await;
    // At the line the sum goes at once; above it everything waits, at the same time.
    let at_line = scene.ask_sequence(&[8, 8]).await;
    assert_eq!(over(&scene, at_line).await.tier, Some(Tier::Instant));
    let whole = scene.ask_sequence(&[1, 1, 1]).await;
    scene.drive().await;
    let found = scene.show(whole).await;
    assert_eq!((found.status, found.tier), (Status::Queued, Some(Tier::Delay)));
    assert_eq!(places(&scene, whole).await, [(Status::Queued, Some(Tier::Delay)); 3]);
    assert_eq!(scene.world.lock().unwrap().guard.announced.len(), 3);
    assert_eq!(scene.spent().await, sum(19, 5));
    scene.clock.set(found.waits_until.unwrap());
    scene.drive().await;
    assert_eq!(word(&scene.show(whole).await), CONFIRMED);
    assert_eq!(places(&scene, whole).await, [(Status::Confirmed, Some(Tier::Delay)); 3]);
    assert_eq!(scene.mined().len(), 5);
    assert!(scene.world.lock().unwrap().guard.announced.is_empty());
}

#[tokio::test]
async fn owners_are_asked_about_each_part_in_its_turn_and_their_silence_ends_the_whole() {
    let scene = Scene::start().await;
    set_lines(&scene, 21).await;
    let whole = scene.ask_sequence(&[8, 8, 8]).await;
    scene.drive().await;
    let found = scene.show(whole).await;
    assert_eq!((found.status, found.tier), (Status::Queued, Some(Tier::Approval)));
    let expected = [
        (Status::Queued, Some(Tier::Approval)),
        (Status::Pending, Some(Tier::Approval)),
        (Status::Pending, Some(Tier::Approval)),
    ];
    assert_eq!(places(&scene, whole).await, expected);
    assert_eq!(scene.spent().await, sum(24, 3));
    let found = over(&scene, whole).await;
    assert_eq!(word(&found), (Status::Expired, Some("APPROVAL_TIMEOUT")));
    assert_eq!((scene.mined(), scene.spent().await), (vec![], Amount::ZERO));
}

#[tokio::test]
async fn a_sequence_that_waits_is_called_off_as_a_whole() {
    let scene = Scene::start().await;
    set_lines(&scene, ABOVE_FEE).await;
    let whole = scene.ask_sequence(&[8, 8, 8]).await;
    scene.drive().await;
    assert_eq!(cancel(&scene, whole).await.unwrap().status, Status::Cancelled);
    assert_eq!(words(&scene, whole).await, [CALLED_OFF; 3].map(owned));
    assert_eq!(scene.spent().await, Amount::ZERO);
    scene.clock.advance(Duration::from_hours(1));
    scene.drive().await;
    assert!(scene.mined().is_empty());
    assert!(scene.world.lock().unwrap().guard.announced.is_empty());
    assert!(matches!(cancel(&scene, whole).await, Err(CancelError::TooLate(Status::Cancelled))));
}

#[tokio::test]
async fn a_sequence_that_is_rejected_while_it_waits_is_rejected_as_a_whole() {
    const REJECTED: (Status, Option<&str>) = (Status::Cancelled, Some("REJECTED"));
    for (lines, tier) in [(ABOVE_FEE, Tier::Delay), (21, Tier::Approval)] {
        let scene = Scene::start().await;
        set_lines(&scene, lines).await;
        let whole = scene.ask_sequence(&[8, 8, 8]).await;
        scene.drive().await;
        assert_eq!(scene.show(whole).await.tier, Some(tier));
        let master = Caller::Master(Master::operator());
        let (rejected, _at) = reject_transaction(&scene.app, &master, whole).await.unwrap();
        assert_eq!(word(&rejected), REJECTED);
        let cancelled = (Status::Cancelled, Some("CANCELLED"));
        assert_eq!(words(&scene, whole).await, [REJECTED, cancelled, cancelled].map(owned));
        scene.clock.advance(Duration::from_hours(1));
        scene.drive().await;
        assert_eq!((scene.mined(), scene.spent().await), (vec![], Amount::ZERO));
        assert!(scene.world.lock().unwrap().guard.announced.is_empty());
    }
}

#[tokio::test]
async fn what_is_signed_stays_and_what_comes_after_it_is_called_off() {
    let scene = Scene::start().await;
    {
        let guard = &mut scene.world.lock().unwrap().guard;
        (guard.at_once, guard.after_wait, guard.wait) = (10, u64::MAX, 600);
    }
    let whole = scene.ask_sequence(&[1, 20, 3]).await;
    scene.drive().await;
    // The signer wants to wait for the second one.
    let expected = [
        (Status::Confirmed, Some(Tier::Instant)),
        (Status::Queued, Some(Tier::Delay)),
        (Status::Pending, Some(Tier::Instant)),
    ];
    assert_eq!(places(&scene, whole).await, expected);
    let found = cancel(&scene, whole).await.unwrap();
    assert_eq!(word(&found), (Status::PartialFailure, Some("CANCELLED")));
    assert_eq!(words(&scene, whole).await, [CONFIRMED, CALLED_OFF, CALLED_OFF].map(owned));
    assert_eq!(scene.spent().await, sum(1, 1));
    scene.clock.advance(Duration::from_hours(1));
    scene.drive().await;
    assert_eq!(scene.mined(), [FIRST_NONCE]);
}

#[tokio::test]
async fn a_part_can_be_called_off_by_itself_and_takes_those_after_it_along() {
    let scene = Scene::start().await;
    scene.feel(NodeMood::Refuses, SignerMood::Good);
    let whole = scene.ask_sequence(&[1, 20, 3]).await;
    scene.advance(whole).await;
    let ids: Vec<_> = parts(&scene, whole).await.iter().map(|part| part.id).collect();
    // The first one is signed, and no node takes it.
    scene.advance(ids[0]).await;
    assert_eq!(cancel(&scene, ids[1]).await.unwrap().status, Status::Cancelled);
    assert_eq!(scene.show(ids[2]).await.status, Status::Cancelled);
    assert_eq!(scene.show(whole).await.status, Status::Executing);
    scene.feel(NodeMood::Good, SignerMood::Good);
    assert_eq!(word(&over(&scene, whole).await), (Status::PartialFailure, Some("CANCELLED")));
    assert_eq!((scene.mined(), scene.spent().await), (vec![FIRST_NONCE], sum(1, 1)));
}

#[tokio::test]
async fn a_sequence_is_carried_out_once_wherever_the_gateway_was_killed() {
    let mut breaks = 0_usize;
    loop {
        let scene = Scene::start().await;
        let whole = scene.ask_sequence(&[1, 20]).await;
        let finished = {
            let mut driving = pin!(scene.drive());
            let mut polls = 0;
            poll_fn(|context| {
                if polls == breaks {
                    return Poll::Ready(false);
                }
                polls += 1;
                driving.as_mut().poll(context).map(|()| true)
            })
            .await
        };
        let scene = scene.restart().await;
        let found = over(&scene, whole).await;
        assert_eq!(word(&found), CONFIRMED, "killed at {breaks}");
        assert_eq!(parts(&scene, whole).await.len(), 2, "killed at {breaks}");
        assert_eq!(scene.mined(), [FIRST_NONCE, FIRST_NONCE + 1], "killed at {breaks}");
        assert_eq!(scene.spent().await, sum(21, 2), "killed at {breaks}");
        if finished {
            break;
        }
        breaks += 1;
    }
    assert!(breaks > 20, "the road has many places to break off, and {breaks} were found");
}

#[tokio::test]
async fn a_signed_part_after_one_that_came_to_nothing_is_called_off_and_goes_on_counting() {
    let scene = replacing::scene().await;
    let whole = scene.ask_sequence(&[1, 20, 300]).await;
    scene.drive().await;
    replacing::chain(&scene, TestChain::tick);
    scene.clock.advance(Duration::from_secs(15));
    scene.drive().await;
    let [first, second, third] = parts(&scene, whole).await.try_into().unwrap();
    assert_eq!(
        places(&scene, whole).await.iter().map(|part| part.0).collect::<Vec<_>>(),
        [Status::Confirmed, Status::Submitted, Status::Pending,]
    );
    // The chain has taken the first back, and then it did nothing.
    let (failed, now) = (Transaction { status: Status::Failed, ..first }, scene.app.clock.now());
    scene.write(move |db| sequence::part_ended(db, &failed, now)).await;
    assert_eq!(scene.show(second.id).await.status, Status::Submitted);
    assert_eq!(scene.show(third.id).await.status, Status::Cancelled);
    let wish = |id| scene.app.store.read(move |db| db.wish(id));
    assert!(matches!(wish(second.id).await.unwrap(), Some(Wish::CallOff { .. })));
    assert!(wish(third.id).await.unwrap().is_none());
}

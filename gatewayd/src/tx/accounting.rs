//! Whatever happens in whatever order: what counts as spent is what was paid or still may be, and
//! nothing is paid twice.

use std::collections::BTreeSet;
use std::time::Duration;

use primitives::Amount;
use proptest::prelude::*;

use super::testing::{FIRST_NONCE, NodeMood, Scene, SignerMood};
use super::{Status, Transaction};
use crate::session::{Caller, Master};
use crate::store::TransactionId;
use crate::usecase::cancel_transaction::cancel_transaction;

/// Minutes after which everything is over once the world is good again: the owner's time is.
const MOST_ROUNDS: u32 = 70;

/// Something that happens to a gateway.
#[derive(Clone, Copy, Debug)]
enum Event {
    Asked(u64),
    Advanced(usize),
    Cancelled(usize),
    Restarted,
    TimePassed(u64),
    Moods(NodeMood, SignerMood),
}

/// Wei below and above the lines of the network and the signer, so that some payments wait.
const AMOUNTS: [u64; 4] = [1_000, 2_000, 60_000_000_000_000_000, 2_000_000_000_000_000_000];

fn events() -> impl Strategy<Value = Event> {
    let node = prop::sample::select(vec![
        NodeMood::Good,
        NodeMood::Good,
        NodeMood::Down,
        NodeMood::KeepsAndFails,
        NodeMood::Refuses,
    ]);
    let signer = prop::sample::select(vec![
        SignerMood::Good,
        SignerMood::Good,
        SignerMood::Locked,
        SignerMood::Refuses,
        SignerMood::CountsAndBreaks,
    ]);
    prop_oneof![
        3 => prop::sample::select(AMOUNTS.to_vec()).prop_map(Event::Asked),
        6 => (0..8_usize).prop_map(Event::Advanced),
        1 => (0..8_usize).prop_map(Event::Cancelled),
        1 => Just(Event::Restarted),
        2 => (1..900_u64).prop_map(Event::TimePassed),
        2 => (node, signer).prop_map(|(node, signer)| Event::Moods(node, signer)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 24,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn what_counts_as_spent_is_what_was_paid_or_may_be(
        events in prop::collection::vec(events(), 1..40),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(live(events));
    }
}

async fn live(events: Vec<Event>) {
    let mut scene = Scene::start().await;
    {
        // The signer lets less go than the policies do, and more after its wait.
        let guard = &mut scene.world.lock().unwrap().guard;
        (guard.at_once, guard.after_wait, guard.wait) = (1_000, 100_000_000_000_000_000, 300);
    }
    let mut asked = Vec::new();
    for event in events {
        scene = happen(scene, &mut asked, event).await;
        check(&scene, &asked).await;
    }
    scene.feel(NodeMood::Good, SignerMood::Good);
    let mut open = asked.clone();
    for _round in 0..MOST_ROUNDS {
        for id in open.clone() {
            let found = scene.advance(id).await;
            open.retain(|open| *open != id || !found.status.is_final());
        }
        check(&scene, &asked).await;
        scene.clock.advance(Duration::from_mins(1));
    }
    assert!(open.is_empty(), "does not end: {:?}", scene.show(open[0]).await);
    for id in asked {
        scene.rest(id).await;
    }
    assert!(scene.world.lock().unwrap().guard.announced.is_empty(), "something stays announced");
}

async fn happen(scene: Scene, asked: &mut Vec<TransactionId>, event: Event) -> Scene {
    match event {
        Event::Asked(wei) => asked.push(scene.ask(wei).await),
        Event::Advanced(which) => {
            if let Some(id) = asked.get(which) {
                scene.advance(*id).await;
            }
        }
        Event::Cancelled(which) => {
            if let Some(id) = asked.get(which) {
                let master = Caller::Master(Master::operator());
                // One that is under way cannot be called off, which is fine.
                drop(cancel_transaction(&scene.app, &master, *id).await);
            }
        }
        Event::Restarted => return scene.restart().await,
        Event::TimePassed(seconds) => scene.clock.advance(Duration::from_secs(seconds)),
        Event::Moods(node, signer) => scene.feel(node, signer),
    }
    scene
}

async fn check(scene: &Scene, asked: &[TransactionId]) {
    let mut spent = Amount::ZERO;
    let mut on_chain = BTreeSet::new();
    for id in asked {
        let found = scene.show(*id).await;
        spent = spent.checked_add(counted(&found)).unwrap();
        let paid = found.hash().is_some_and(|hash| scene.has(hash));
        match found.status {
            Status::Confirmed => assert!(paid, "confirmed and not paid"),
            Status::Failed | Status::Cancelled | Status::Expired | Status::Pending => {
                assert!(!paid, "{} and paid", found.status);
            }
            Status::Queued
            | Status::GasWaiting
            | Status::Executing
            | Status::Submitted
            | Status::PartialFailure
            | Status::Signed => {}
        }
        if paid {
            assert!(on_chain.insert(found.hash().map(str::to_owned)), "two with one hash");
        }
    }
    assert_eq!(scene.spent().await, spent);
    let mined = scene.mined();
    assert_eq!(mined.len(), on_chain.len(), "something was paid that nobody asked for");
    assert!(mined.into_iter().zip(FIRST_NONCE..).all(|(nonce, expected)| nonce == expected));
}

/// What a payment counts as: everything from the verdict on, until it surely was not made.
fn counted(transaction: &Transaction) -> Amount {
    let amount = transaction.intent.shown().amount.unwrap().amount;
    match transaction.status {
        Status::Queued
        | Status::GasWaiting
        | Status::Executing
        | Status::Submitted
        | Status::Confirmed
        | Status::PartialFailure
        | Status::Signed => amount.checked_add(FEE.into()).unwrap(),
        Status::Pending | Status::Failed | Status::Cancelled | Status::Expired => Amount::ZERO,
    }
}

/// What the fake node's prices make of a plain transfer, in wei.
const FEE: u64 = 75_600_000_000_000;

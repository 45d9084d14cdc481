//! Whatever happens in whatever order: what counts as spent is what was paid or still may be, and
//! nothing is paid twice.
//!
//! The model is [`counted`]: what each payment counts as by where it stands, and since when. A failure
//! names the seed that makes the same events again.

use std::collections::BTreeSet;
use std::time::Duration;

use primitives::{Amount, Asset};
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};

use super::testing::{FIRST_NONCE, NodeMood, Scene, SignerMood, sepolia, word};
use super::waiting::killed_at;
use super::{Status, Transaction};
use crate::clock::UnixSeconds;
use crate::policy::UsdMicros;
use crate::session::{Caller, Master};
use crate::store::wallets::sample;
use crate::store::{Reading, StoreError, TransactionId};
use crate::usecase::cancel_transaction::cancel_transaction;

/// Minutes after which everything is over once the world is good again: the owner's time is.
const MOST_ROUNDS: u32 = 70;

/// Something that happens to a gateway.
#[derive(Clone, Copy, Debug)]
enum Event {
    Asked(u64),
    Advanced(usize),
    /// A `kill -9` in the middle of the work, where it is polled for the given time.
    Killed(usize, usize),
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
        NodeMood::Reverts,
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
        3 => (0..8_usize, 0..40_usize).prop_map(|(which, polls)| Event::Killed(which, polls)),
        1 => (0..8_usize).prop_map(Event::Cancelled),
        1 => Just(Event::Restarted),
        2 => (1..900_u64).prop_map(Event::TimePassed),
        1 => (3_600..90_000_u64).prop_map(Event::TimePassed),
        2 => (node, signer).prop_map(|(node, signer)| Event::Moods(node, signer)),
    ]
}

#[test]
fn what_counts_as_spent_is_what_was_paid_or_may_be() {
    let mut config = ProptestConfig { cases: 48, failure_persistence: None, ..Default::default() };
    if config.rng_seed == RngSeed::Random {
        config.rng_seed = RngSeed::Fixed(uuid::Uuid::new_v4().as_u64_pair().0);
    }
    let seed = config.rng_seed;
    let lived = TestRunner::new(config).run(&prop::collection::vec(events(), 1..40), |events| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(live(events));
        Ok(())
    });
    if let Err(error) = lived {
        panic!("{error}; the same again: PROPTEST_RNG_SEED={seed}");
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
        Event::Killed(which, polls) => {
            let Some(id) = asked.get(which) else { return scene };
            scene.world.lock().unwrap().guard.now = scene.app.clock.now().get();
            killed_at(&scene, *id, polls).await;
            return scene.restart().await;
        }
        Event::Cancelled(which) => {
            if let Some(id) = asked.get(which) {
                // What is signed is called off by another version, which the torture has.
                if scene.show(*id).await.hash().is_some() {
                    return scene;
                }
                let master = Caller::Master(Master::operator());
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
    let mut counts = Vec::new();
    let mut on_chain = BTreeSet::new();
    for id in asked {
        let found = scene.show(*id).await;
        counts.extend(counted(&found));
        let paid = found.hash().is_some_and(|hash| scene.has(hash));
        match found.status {
            Status::Confirmed => assert!(paid, "confirmed and not paid"),
            Status::Failed if word(&found).1 == Some(REVERTED) => assert!(paid, "where is it?"),
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
    check_windows(scene, &counts).await;
    let mined = scene.mined();
    assert_eq!(mined.len(), on_chain.len(), "something was paid that nobody asked for");
    assert!(mined.into_iter().zip(FIRST_NONCE..).all(|(nonce, expected)| nonce == expected));
}

/// Every window that begins or ends where something was posted, and a few others.
async fn check_windows(scene: &Scene, counts: &[(Counts, Amount)]) {
    let (wallet, now) = (sample(1).id, scene.app.clock.now());
    let posted = counts.iter().filter_map(|(counts, _amount)| match counts {
        Counts::Always => None,
        Counts::From(at) => Some(*at),
    });
    let edges = posted.flat_map(|at| [at.minus(Duration::from_secs(1)), at]);
    let windows = [Duration::ZERO, Duration::from_hours(24), Duration::from_hours(24 * 30)];
    let begin: BTreeSet<_> = edges.chain(windows.map(|window| now.minus(window))).collect();
    let counts = counts.to_vec();
    let compare = move |db: &Reading<'_>| {
        for since in begin {
            let within = |(counts, _amount): &&(Counts, Amount)| match counts {
                Counts::Always => true,
                Counts::From(at) => *at > since,
            };
            let amounts: Vec<Amount> =
                counts.iter().filter(within).map(|(_counts, amount)| *amount).collect();
            let of = (wallet, sepolia().chain_id, Asset::Native);
            assert_eq!(Some(db.spent(of, since, None)?), Amount::sum(amounts.clone()));
            let transactions = db.transactions_since(wallet, since, None)?;
            assert_eq!(transactions, u64::try_from(amounts.len()).unwrap());
            let worth = db.spent_usd(wallet, since, None)?;
            // What is on a test network is worth nothing.
            assert_eq!(worth, Some(UsdMicros::ZERO));
        }
        Ok::<_, StoreError>(())
    };
    scene.app.store.read(compare).await.unwrap();
}

/// In which windows something counts.
#[derive(Clone, Copy, Debug)]
enum Counts {
    /// It is under way.
    Always,
    /// It was posted then.
    From(UnixSeconds),
}

/// What a payment counts as: everything from the verdict on, until it surely was not made.
fn counted(transaction: &Transaction) -> Option<(Counts, Amount)> {
    let amount = transaction.intent.shown().amount.unwrap().amount;
    let with_fee = amount.checked_add(FEE.into()).unwrap();
    let posted = Counts::From(transaction.updated_at);
    match transaction.status {
        Status::Queued | Status::GasWaiting | Status::Executing | Status::Submitted => {
            Some((Counts::Always, with_fee))
        }
        Status::Confirmed | Status::PartialFailure | Status::Signed => Some((posted, with_fee)),
        Status::Failed if word(transaction).1 == Some(REVERTED) => Some((posted, FEE.into())),
        Status::Pending | Status::Failed | Status::Cancelled | Status::Expired => None,
    }
}

/// The code of what was carried out and did nothing.
const REVERTED: &str = "TRANSACTION_REVERTED";
/// What the fake node's prices make of a plain transfer, in wei.
const FEE: u64 = 75_600_000_000_000;

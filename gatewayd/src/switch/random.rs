//! The switch falls at random moments on a gateway under load: nothing is sent afterwards, and each
//! payment ends as it is told.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use protocol::Latch;

use crate::scheduler;
use crate::session::Master;
use crate::store::audit::Actor;
use crate::store::{StoreError, TransactionId};
use crate::tx::Status;
use crate::tx::testing::Scene;
use crate::tx::torture::asked_for;
use crate::usecase::kill_switch::{Stop, activate};
use crate::usecase::recover::recover;

/// Payments that are asked for before each fall.
const PAYMENTS: u64 = 8;
/// The longest that the gateway works before the switch falls: some of a run's payments are through then,
/// and some are not begun.
const LONGEST_MICROS: u64 = 40_000;
/// What was sent before the fall has arrived after this: it goes through this machine alone.
const ARRIVAL: Duration = Duration::from_millis(25);

/// Chance that a seed repeats.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        // Knuth's constants of MMIX; the high bits are the good ones.
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// What came of all runs.
#[derive(Debug, Default)]
struct Ended {
    confirmed: usize,
    called_off: usize,
    may_have_left: u64,
}

/// `WAIAAS_KILL_SWITCH_ROUNDS=1000` asks for a long run; `WAIAAS_KILL_SWITCH_SEED=N` repeats a seed.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_sent_after_the_switch_fell_whenever_that_was() {
    let seed = asked_for("WAIAAS_KILL_SWITCH_SEED", 1);
    let runs = asked_for("WAIAAS_KILL_SWITCH_ROUNDS", 40);
    let (mut dice, mut ended) = (Dice(seed), Ended::default());
    let scene = Scene::start().await;
    let scheduler = tokio::spawn(scheduler::run(Arc::clone(&scene.app)));
    let mut amount = 1_000;
    for run in 0..runs {
        let first = amount;
        let mut ids = Vec::new();
        for _payment in 0..PAYMENTS {
            let id = scene.ask(amount).await;
            scene.app.signals.changed(id);
            ids.push(id);
            amount += 1;
        }
        tokio::time::sleep(Duration::from_micros(dice.below(LONGEST_MICROS))).await;
        let stop = Stop { actor: Actor::Operator, reason: format!("run {run}") };
        let stopped = activate(&scene.app, stop).await.unwrap();
        ended.may_have_left += stopped.swept.may_have_left;
        tokio::time::sleep(ARRIVAL).await;
        let then = scene.mined();
        // Whatever is due meanwhile is looked at.
        scene.clock.advance(Duration::from_mins(1));
        tokio::time::sleep(ARRIVAL).await;
        assert_eq!(scene.mined(), then, "sent after the fall: seed {seed}, run {run}");

        scene.world.lock().unwrap().guard.latch = (Latch::Active, "resumed".to_owned());
        recover(&scene.app, &Master::operator()).await.unwrap();
        settle(&scene, &ids).await;
        let confirmed = check(&scene, first, &ids, &mut ended).await;
        let paid: BTreeSet<u64> = scene.paid().into_iter().filter(|wei| *wei >= first).collect();
        assert_eq!(paid, confirmed, "seed {seed}, run {run}");
    }
    scene.app.ending.send_replace(true);
    scheduler.await.unwrap();
    assert!(ended.confirmed > 0 && ended.called_off > 0, "it fell too early or late: {ended:?}");
}

/// Waits until all of them are over.
async fn settle(scene: &Scene, ids: &[TransactionId]) {
    for _round in 0..400 {
        let open =
            scene.app.store.read(|db| Ok::<_, StoreError>(db.transactions_under_way()?.len()));
        if open.await.unwrap() == 0 {
            return;
        }
        scene.clock.advance(Duration::from_secs(30));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("they do not end: {:?}", scene.show(ids[0]).await);
}

/// Which amounts were paid by what the gateway says. Each payment was made, or surely never will be.
async fn check(
    scene: &Scene,
    first: u64,
    ids: &[TransactionId],
    ended: &mut Ended,
) -> BTreeSet<u64> {
    let mut confirmed = BTreeSet::new();
    for (amount, id) in (first..).zip(ids) {
        let found = scene.show(*id).await;
        if found.status == Status::Confirmed {
            confirmed.insert(amount);
            ended.confirmed += 1;
        } else {
            let code = found.problem.as_ref().map(|problem| problem.code.as_str());
            assert_eq!(
                (found.status, code),
                (Status::Cancelled, Some("KILL_SWITCH_ACTIVE")),
                "{found:?}"
            );
            ended.called_off += 1;
        }
    }
    confirmed
}

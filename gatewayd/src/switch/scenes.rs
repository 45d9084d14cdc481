//! The switch falls on payments wherever they are, and is lifted.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use protocol::{KILL_SWITCH, Latch};

use super::watch::{self, Look};
use crate::session::Master;
use crate::store::audit::Actor;
use crate::store::kill_switch::SignerKnows;
use crate::store::wallets::{Suspension, sample};
use crate::store::{Reading, StoreError, TransactionId};
use crate::tx::testing::{FIRST_NONCE, NodeMood, Scene, SignerMood, word};
use crate::tx::{Progress, Status, Tier};
use crate::usecase::cancel_transaction::cancel_transaction;
use crate::usecase::kill_switch::{KillSwitchError, Stop, Stopping, activate, escalate};
use crate::usecase::recover::{RecoverError, recover};

const WEI: u64 = 1_000;
const CALLED_OFF: (Status, Option<&str>) = (Status::Cancelled, Some("KILL_SWITCH_ACTIVE"));

fn drill() -> Stop {
    Stop { actor: Actor::Operator, reason: "a drill".to_owned() }
}

async fn stop(scene: &Scene) -> Stopping {
    activate(&scene.app, drill()).await.unwrap()
}

/// What an operator does at the signer, with the passphrase.
fn resume_signer(scene: &Scene) {
    scene.world.lock().unwrap().guard.latch = (Latch::Active, "resumed".to_owned());
}

fn signers(scene: &Scene) -> (Latch, String) {
    scene.world.lock().unwrap().guard.latch.clone()
}

async fn lift(scene: &Scene) -> Result<(), RecoverError> {
    recover(&scene.app, &Master::operator()).await.map(|_since| ())
}

async fn stored(scene: &Scene) -> Latch {
    let latch = |db: &Reading<'_>| Ok::<_, StoreError>(db.kill_switch()?.map(|it| it.latch));
    scene.app.store.read(latch).await.unwrap().unwrap_or(Latch::Active)
}

#[tokio::test]
async fn what_waits_is_called_off_and_its_spend_released() {
    let scene = Scene::start().await;
    {
        let mut world = scene.world.lock().unwrap();
        (world.guard.at_once, world.guard.wait) = (0, 600);
    }
    let waits = scene.ask(WEI).await;
    assert_eq!(scene.rest(waits).await.tier, Some(Tier::Delay));
    let new = scene.ask(WEI).await;
    let stopped = stop(&scene).await;
    assert_eq!((stopped.switch.latch, stopped.switch.signer), (Latch::Suspended, SignerKnows::Yes));
    assert_eq!((stopped.swept.called_off, stopped.swept.may_have_left), (2, 0));
    assert_eq!(signers(&scene), (Latch::Suspended, format!("{KILL_SWITCH}a drill")));
    for id in [waits, new] {
        assert_eq!(word(&scene.rest(id).await), CALLED_OFF);
    }
    assert!(scene.world.lock().unwrap().guard.announced.is_empty(), "forgotten at the signer too");
    assert_eq!(scene.spent().await, primitives::Amount::ZERO);
    resume_signer(&scene);
    lift(&scene).await.unwrap();
    scene.clock.advance(Duration::from_mins(10));
    for id in [waits, new] {
        assert_eq!(word(&scene.rest(id).await), CALLED_OFF, "for good");
    }
    assert!(scene.mined().is_empty());
}

#[tokio::test]
async fn what_is_signed_at_that_moment_is_not_sent_and_gives_its_nonce_back() {
    let scene = Scene::start().await;
    // The node is slow to be asked: the switch falls between the signature and the last look.
    let mut breaks = 0;
    let (mut withheld, mut paid) = (0, 0);
    loop {
        let id = scene.ask(WEI).await;
        let before = scene.mined().len();
        let finished = stopped_at(&scene, id, breaks).await;
        let mined_then = scene.mined().len();
        resume_signer(&scene);
        scene.settle(id).await;
        assert_eq!(scene.mined().len(), mined_then, "sent after the fall, {breaks}");
        lift(&scene).await.unwrap();
        let done = scene.settle(id).await;
        match done.status {
            Status::Cancelled => {
                assert_eq!(word(&done), CALLED_OFF, "{breaks}");
                withheld += 1;
            }
            Status::Confirmed => paid += 1,
            Status::Pending
            | Status::Queued
            | Status::GasWaiting
            | Status::Executing
            | Status::Submitted
            | Status::Failed
            | Status::Expired
            | Status::PartialFailure
            | Status::Signed => panic!("{done:?} at {breaks}"),
        }
        assert_eq!(scene.mined().len() > before, done.status == Status::Confirmed, "{breaks}");
        if finished {
            break;
        }
        breaks += 1;
    }
    assert!(withheld > 0 && paid > 0, "{withheld} {paid}");
    let next = scene.ask(WEI).await;
    assert_eq!(scene.settle(next).await.status, Status::Confirmed, "no number is missing");
    let nonces: Vec<u64> = (FIRST_NONCE..).take(scene.mined().len()).collect();
    assert_eq!(scene.mined(), nonces);
}

/// Advances until the work would be polled for the `breaks`th time, lets the switch fall there, and
/// goes on. Whether it was finished before that.
async fn stopped_at(scene: &Scene, id: TransactionId, breaks: usize) -> bool {
    let mut road = pin!(crate::tx::advance(&scene.app, id));
    let mut polls = 0;
    let finished = poll_fn(|context| {
        if polls == breaks {
            return Poll::Ready(false);
        }
        polls += 1;
        road.as_mut().poll(context).map(|result| result.is_ok())
    })
    .await;
    if finished {
        stop(scene).await;
        return true;
    }
    // The road is polled on beside it: one that has taken its last look is broken off.
    let (stopped, result) = tokio::join!(stop(scene), road);
    result.unwrap();
    assert_eq!(stopped.switch.signer, SignerKnows::Yes);
    false
}

#[tokio::test]
async fn what_the_network_may_have_is_not_sent_again_and_is_called_off_when_the_switch_is_lifted() {
    let scene = Scene::start().await;
    scene.feel(NodeMood::Refuses, SignerMood::Good);
    let id = scene.ask(WEI).await;
    let sent = scene.advance(id).await;
    assert!(matches!(sent.progress, Progress::Signed(..)), "{sent:?}");
    let stopped = stop(&scene).await;
    assert_eq!((stopped.swept.called_off, stopped.swept.may_have_left), (0, 1));
    scene.feel(NodeMood::Good, SignerMood::Good);
    for _look in 0..5 {
        scene.clock.advance(Duration::from_mins(1));
        let held = scene.advance(id).await;
        assert_eq!(word(&held).1, Some("KILL_SWITCH_ACTIVE"));
    }
    assert!(scene.mined().is_empty());
    resume_signer(&scene);
    lift(&scene).await.unwrap();
    assert_eq!(word(&scene.settle(id).await), CALLED_OFF);
    assert_eq!(scene.mined(), [FIRST_NONCE], "by a transaction that pays nobody");
    assert!(scene.world.lock().unwrap().counted.len() == 2);
}

#[tokio::test]
async fn what_the_chain_has_carried_out_meanwhile_is_confirmed_and_counted() {
    let scene = Scene::start().await;
    scene.feel(NodeMood::KeepsAndFails, SignerMood::Good);
    let id = scene.ask(WEI).await;
    scene.advance(id).await;
    stop(&scene).await;
    scene.feel(NodeMood::Good, SignerMood::Good);
    assert_eq!(word(&scene.settle(id).await), (Status::Confirmed, None));
    assert_eq!(scene.mined(), [FIRST_NONCE]);
}

#[tokio::test]
async fn each_step_is_refused_out_of_its_turn_and_its_neighbour_passes() {
    let scene = Scene::start().await;
    let early = escalate(&scene.app, drill()).await;
    assert!(matches!(early, Err(KillSwitchError::NotActive)), "{early:?}");
    assert!(matches!(lift(&scene).await, Err(RecoverError::NotActive)));
    assert_eq!(scene.app.switch.latch(), Latch::Active);
    let endless = Stop { reason: "x".repeat(201), ..drill() };
    assert!(matches!(activate(&scene.app, endless).await, Err(KillSwitchError::Reason)));
    assert_eq!(scene.app.switch.latch(), Latch::Active, "and nothing fell");

    stop(&scene).await;
    let again = activate(&scene.app, drill()).await;
    assert!(matches!(again, Err(KillSwitchError::Already(Latch::Suspended))), "{again:?}");
    let stays = lift(&scene).await;
    assert!(matches!(stays, Err(RecoverError::SignerStopped(Latch::Suspended))), "{stays:?}");
    let locked = escalate(&scene.app, drill()).await.unwrap();
    assert_eq!((locked.switch.latch, signers(&scene).0), (Latch::Locked, Latch::Locked));
    let again = escalate(&scene.app, drill()).await;
    assert!(matches!(again, Err(KillSwitchError::Already(Latch::Locked))), "{again:?}");
    resume_signer(&scene);
    lift(&scene).await.unwrap();
    assert_eq!((stored(&scene).await, scene.app.switch.latch()), (Latch::Active, Latch::Active));
    assert!(matches!(lift(&scene).await, Err(RecoverError::NotActive)));
}

#[tokio::test]
async fn of_many_who_stop_everything_at_once_one_does() {
    let scene = Scene::start().await;
    let mut stops = tokio::task::JoinSet::new();
    for _number in 0..20 {
        let app = Arc::clone(&scene.app);
        stops.spawn(async move { activate(&app, drill()).await.is_ok() });
    }
    let done = stops.join_all().await;
    assert_eq!(done.iter().filter(|done| **done).count(), 1);
    assert_eq!(stored(&scene).await, Latch::Suspended);
}

#[tokio::test]
async fn a_kill_at_any_moment_leaves_everything_stopped_or_nothing() {
    let mut breaks = 0;
    loop {
        let scene = Scene::start().await;
        let id = scene.ask(WEI).await;
        scene.feel(NodeMood::Refuses, SignerMood::Good);
        let signed = scene.ask(WEI).await;
        scene.advance(signed).await;
        scene.feel(NodeMood::Good, SignerMood::Good);
        let finished = killed_at(&scene, breaks).await;
        let scene = scene.restart().await;
        watch::look(&scene.app).await.unwrap();
        let stopped = signers(&scene).0 != Latch::Active;
        assert_eq!(scene.app.switch.latch() != Latch::Active, stopped, "{breaks}");
        assert_eq!(stored(&scene).await != Latch::Active, stopped, "{breaks}");
        if stopped {
            watch::finish(&scene.app).await.unwrap();
            assert_eq!(word(&scene.rest(id).await), CALLED_OFF, "{breaks}");
            scene.clock.advance(Duration::from_mins(1));
            scene.advance(signed).await;
            assert!(scene.mined().is_empty(), "{breaks}");
        }
        if finished {
            assert!(stopped);
            break;
        }
        breaks += 1;
    }
    assert!(breaks > 2, "there is something to break off");
}

/// Lets the switch fall and drops everything at the `breaks`th poll.
async fn killed_at(scene: &Scene, breaks: usize) -> bool {
    let runtime_of_its_own = {
        let app = Arc::clone(&scene.app);
        async move { crate::usecase::kill_switch::carry_out(&app, drill()).await }
    };
    let mut falling = pin!(runtime_of_its_own);
    let mut polls = 0;
    poll_fn(|context| {
        if polls == breaks {
            return Poll::Ready(false);
        }
        polls += 1;
        falling.as_mut().poll(context).map(|result| result.is_ok())
    })
    .await
}

#[tokio::test]
async fn a_signer_that_cannot_be_asked_is_told_as_soon_as_it_can() {
    let scene = Scene::start().await;
    let app = scene.app.clone();
    let id = scene.ask(WEI).await;
    scene.world.lock().unwrap().guard.is_deaf = true;
    let stopped = stop(&scene).await;
    assert_eq!(stopped.switch.signer, SignerKnows::NotYet);
    assert_eq!(word(&scene.rest(id).await), CALLED_OFF);
    assert!(matches!(watch::look(&app).await, Ok(Look::Unsettled)));
    assert!(lift(&scene).await.is_err(), "nobody has agreed at the signer");
    scene.world.lock().unwrap().guard.is_deaf = false;
    assert!(matches!(watch::look(&app).await, Ok(Look::Settled)));
    assert_eq!(signers(&scene).0, Latch::Suspended);
    let stays = lift(&scene).await;
    assert!(matches!(stays, Err(RecoverError::SignerStopped(Latch::Suspended))), "{stays:?}");
    resume_signer(&scene);
    lift(&scene).await.unwrap();
}

#[tokio::test]
async fn what_is_asked_for_at_the_signer_is_taken_up_and_a_plain_suspension_is_not() {
    let scene = Scene::start().await;
    let id = scene.ask(WEI).await;
    let at = |latch, reason: &str| {
        scene.world.lock().unwrap().guard.latch = (latch, reason.to_owned());
    };
    at(Latch::Suspended, "the dead man's switch");
    watch::look(&scene.app).await.unwrap();
    assert_eq!(scene.app.switch.latch(), Latch::Active, "what waits goes on when it is resumed");
    at(Latch::Suspended, "kill switch: a drill");
    watch::look(&scene.app).await.unwrap();
    assert_eq!(
        (stored(&scene).await, scene.app.switch.latch()),
        (Latch::Suspended, Latch::Suspended)
    );
    assert_eq!(word(&scene.rest(id).await), CALLED_OFF);
    at(Latch::Locked, "whatever");
    watch::look(&scene.app).await.unwrap();
    assert_eq!(stored(&scene).await, Latch::Locked, "stricter at the signer, stricter here");
    resume_signer(&scene);
    watch::look(&scene.app).await.unwrap();
    assert_eq!(stored(&scene).await, Latch::Locked, "it is lifted by who is asked to");
    lift(&scene).await.unwrap();
}

#[tokio::test]
async fn a_suspended_wallet_sends_nothing_that_was_signed_before() {
    let scene = Scene::start().await;
    scene.feel(NodeMood::Refuses, SignerMood::Good);
    let id = scene.ask(WEI).await;
    scene.advance(id).await;
    let suspension = Suspension { at: scene.app.clock.now(), reason: "odd".to_owned() };
    scene.write(move |db| db.suspend_wallet(sample(1).id, &suspension).map(|_found| ())).await;
    scene.feel(NodeMood::Good, SignerMood::Good);
    scene.clock.advance(Duration::from_mins(1));
    assert_eq!(word(&scene.advance(id).await).1, Some("WALLET_SUSPENDED"));
    assert!(scene.mined().is_empty());
    let now = scene.app.clock.now();
    let active = crate::store::wallets::WalletStatus::Active;
    scene.write(move |db| db.set_wallet_status(sample(1).id, active, now).map(|_found| ())).await;
    assert_eq!(scene.settle(id).await.status, Status::Confirmed);
}

#[tokio::test]
async fn what_is_called_off_can_be_called_off_by_people_too() {
    let scene = Scene::start().await;
    scene.feel(NodeMood::Refuses, SignerMood::Good);
    let id = scene.ask(WEI).await;
    scene.advance(id).await;
    stop(&scene).await;
    let master = crate::session::Caller::Master(Master::operator());
    cancel_transaction(&scene.app, &master, id).await.unwrap();
}

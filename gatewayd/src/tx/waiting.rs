//! What waits for the signer: moved to the tier that it asks for, announced, paid once or not at all.

use std::pin::pin;
use std::task::Poll;
use std::time::Duration;
use std::{future::Future, future::poll_fn};

use primitives::Amount;
use protocol::RefusalCode;

use super::fake_signer::LIFETIME;
use super::testing::{FIRST_NONCE, NodeMood, Scene, SignerMood, word};
use super::tests::{ABOVE_FEE, set_lines};
use super::{Progress, Status, Tier, Transaction, advance};
use crate::session::{Caller, Master};
use crate::store::TransactionId;
use crate::usecase::cancel_transaction::cancel_transaction;

const WEI: u64 = 1_000;
const WAIT: Duration = Duration::from_mins(10);

/// A signer that lets this much go at once, and this much after ten minutes.
fn set_guard(scene: &Scene, at_once: u64, after_wait: u64) {
    let mut world = scene.world.lock().unwrap();
    (world.guard.at_once, world.guard.after_wait) = (at_once, after_wait);
    world.guard.wait = 600;
}

fn announced(scene: &Scene) -> usize {
    scene.world.lock().unwrap().guard.announced.len()
}

async fn cancel(scene: &Scene, id: TransactionId) {
    let master = Caller::Master(Master::operator());
    cancel_transaction(&scene.app, &master, id).await.unwrap();
}

fn place(found: &Transaction) -> (Status, Option<Tier>) {
    (found.status, found.tier)
}

const QUEUED_DELAY: (Status, Option<Tier>) = (Status::Queued, Some(Tier::Delay));
const QUEUED_APPROVAL: (Status, Option<Tier>) = (Status::Queued, Some(Tier::Approval));

#[tokio::test]
async fn what_the_signer_wants_to_wait_for_is_announced_waits_and_is_paid_once() {
    let scene = Scene::start().await;
    set_guard(&scene, 0, u64::MAX);
    let id = scene.ask(WEI).await;
    let queued = scene.rest(id).await;
    assert_eq!((place(&queued), announced(&scene)), (QUEUED_DELAY, 1));
    assert_eq!(queued.progress, Progress::Asked, "its nonce is free for others");
    assert_eq!(queued.waits_until, Some(scene.app.clock.now().plus(WAIT)));
    assert!(queued.problem.unwrap().to_string().contains("NEEDS_DELAY"));
    scene.clock.advance(WAIT.saturating_sub(Duration::from_secs(1)));
    assert_eq!(place(&scene.rest(id).await), QUEUED_DELAY);
    scene.clock.advance(Duration::from_secs(1));
    let done = scene.rest(id).await;
    assert_eq!((word(&done), done.tier), ((Status::Confirmed, None), Some(Tier::Delay)));
    assert_eq!((scene.mined(), announced(&scene)), (vec![FIRST_NONCE], 0));
}

#[tokio::test]
async fn others_go_on_while_one_waits() {
    let scene = Scene::start().await;
    set_guard(&scene, WEI, u64::MAX);
    let waiting = scene.ask(WEI + 1).await;
    scene.rest(waiting).await;
    let small = scene.ask(WEI).await;
    assert_eq!(scene.rest(small).await.status, Status::Confirmed);
    assert_eq!(scene.mined(), [FIRST_NONCE]);
    scene.clock.advance(WAIT);
    assert_eq!(scene.rest(waiting).await.status, Status::Confirmed);
    assert_eq!(scene.mined(), [FIRST_NONCE, FIRST_NONCE + 1]);
}

#[tokio::test]
async fn a_payment_that_a_policy_delays_is_announced_at_once_and_waits_for_the_longer_wait() {
    for (signer_wait, expected) in [(30, 60), (60, 60), (600, 600)] {
        let scene = Scene::start().await;
        set_lines(&scene, ABOVE_FEE).await;
        set_guard(&scene, 0, u64::MAX);
        scene.world.lock().unwrap().guard.wait = signer_wait;
        let id = scene.ask(30).await;
        let queued = scene.rest(id).await;
        assert_eq!((place(&queued), announced(&scene)), (QUEUED_DELAY, 1));
        let until = scene.app.clock.now().plus(Duration::from_secs(expected));
        assert_eq!(queued.waits_until, Some(until), "{signer_wait}");
        scene.clock.set(until);
        assert_eq!(scene.rest(id).await.status, Status::Confirmed, "{signer_wait}");
    }
}

#[tokio::test]
async fn what_needs_the_owners_waits_for_them_with_the_signers_reason() {
    let scene = Scene::start().await;
    set_guard(&scene, 0, 0);
    let id = scene.ask(WEI).await;
    let queued = scene.rest(id).await;
    assert_eq!((place(&queued), announced(&scene)), (QUEUED_APPROVAL, 0));
    assert!(queued.problem.as_ref().unwrap().to_string().contains("NEEDS_OWNER"));
    scene.clock.set(queued.waits_until.unwrap());
    assert_eq!(word(&scene.rest(id).await), (Status::Expired, Some("APPROVAL_TIMEOUT")));
    assert_eq!(scene.spent().await, Amount::ZERO);
    assert!(scene.mined().is_empty());
}

#[tokio::test]
async fn a_delay_becomes_an_approval_when_the_signer_says_so_and_nothing_stays_announced() {
    let scene = Scene::start().await;
    set_guard(&scene, 0, u64::MAX);
    let id = scene.ask(WEI).await;
    assert_eq!(place(&scene.rest(id).await), QUEUED_DELAY);
    set_guard(&scene, 0, 0);
    scene.clock.advance(WAIT);
    assert_eq!((place(&scene.rest(id).await), announced(&scene)), (QUEUED_APPROVAL, 0));
    assert!(scene.mined().is_empty());

    // The signer says so when it is told, too.
    set_lines(&scene, ABOVE_FEE).await;
    let told = scene.ask(30).await;
    assert_eq!((place(&scene.rest(told).await), announced(&scene)), (QUEUED_APPROVAL, 0));
}

#[tokio::test]
async fn a_cancelled_wait_is_called_off_at_the_signer_however_long_that_takes() {
    let scene = Scene::start().await;
    set_guard(&scene, 0, u64::MAX);
    let id = scene.ask(WEI).await;
    scene.rest(id).await;
    scene.feel(NodeMood::Good, SignerMood::Locked);
    cancel(&scene, id).await;
    let cancelled = scene.rest(id).await;
    assert_eq!((cancelled.status, announced(&scene)), (Status::Cancelled, 1));
    let scene = scene.restart().await;
    scene.feel(NodeMood::Good, SignerMood::Good);
    scene.clock.advance(Duration::from_mins(1));
    let forgotten = scene.rest(id).await;
    assert_eq!((forgotten.status, forgotten.next_attempt_at), (Status::Cancelled, None));
    assert_eq!(word(&forgotten).1, Some("CANCELLED"));
    assert_eq!(announced(&scene), 0);
    scene.clock.advance(WAIT);
    scene.rest(id).await;
    assert!(scene.mined().is_empty() && scene.world.lock().unwrap().counted.is_empty());
}

#[tokio::test]
async fn what_an_operator_calls_off_at_the_signer_is_not_announced_again() {
    let scene = Scene::start().await;
    set_guard(&scene, 0, u64::MAX);
    let id = scene.ask(WEI).await;
    scene.rest(id).await;
    scene.world.lock().unwrap().guard.announced.clear();
    scene.clock.advance(WAIT);
    assert_eq!(word(&scene.rest(id).await), (Status::Failed, Some("CANCELLED")));
    assert_eq!((scene.spent().await, announced(&scene)), (Amount::ZERO, 0));
}

#[tokio::test]
async fn what_the_signer_has_forgotten_by_itself_is_announced_again() {
    let scene = Scene::start().await;
    set_guard(&scene, 0, u64::MAX);
    let id = scene.ask(WEI).await;
    scene.rest(id).await;
    scene.clock.advance(Duration::from_secs(LIFETIME.unsigned_abs()));
    scene.world.lock().unwrap().guard.announced.clear();
    assert_eq!((place(&scene.rest(id).await), announced(&scene)), (QUEUED_DELAY, 1));
    scene.clock.advance(WAIT);
    assert_eq!(scene.rest(id).await.status, Status::Confirmed);
}

#[tokio::test]
async fn a_signer_whose_clock_is_behind_is_waited_for() {
    let scene = Scene::start().await;
    set_guard(&scene, 0, u64::MAX);
    let id = scene.ask(WEI).await;
    let until = scene.rest(id).await.waits_until.unwrap();
    for found in scene.world.lock().unwrap().guard.announced.values_mut() {
        found.1 += 3;
    }
    scene.clock.set(until);
    let queued = scene.rest(id).await;
    assert_eq!((place(&queued), queued.progress), (QUEUED_DELAY, Progress::Asked));
    scene.clock.advance(Duration::from_secs(3));
    assert_eq!(scene.rest(id).await.status, Status::Confirmed);
}

#[tokio::test]
async fn a_no_that_passes_is_waited_for_without_holding_a_nonce() {
    for (code, shown) in [
        (RefusalCode::Suspended, "KILL_SWITCH_ACTIVE"),
        (RefusalCode::Locked, "KILL_SWITCH_ACTIVE"),
        (RefusalCode::TooManyRequests, "RATE_LIMITED"),
    ] {
        let scene = Scene::start().await;
        scene.feel(NodeMood::Good, SignerMood::Says(code));
        let id = scene.ask(WEI).await;
        let waiting = scene.rest(id).await;
        assert_eq!(word(&waiting), (Status::Executing, Some(shown)));
        assert_eq!(waiting.progress, Progress::Asked);
        scene.feel(NodeMood::Good, SignerMood::Good);
        assert_eq!(scene.settle(id).await.status, Status::Confirmed);
    }
}

#[tokio::test]
async fn a_signature_that_was_made_and_never_heard_of_uses_up_what_was_announced() {
    let scene = Scene::start().await;
    set_guard(&scene, 0, u64::MAX);
    let id = scene.ask(WEI).await;
    scene.rest(id).await;
    scene.clock.advance(WAIT);
    scene.feel(NodeMood::Good, SignerMood::CountsAndBreaks);
    for _attempt in 0..10 {
        scene.advance(id).await;
        scene.clock.advance(Duration::from_secs(30));
    }
    assert_eq!(scene.show(id).await.status, Status::Queued);
    scene.feel(NodeMood::Good, SignerMood::Good);
    assert_eq!(scene.settle(id).await.status, Status::Confirmed);
    scene.rest(id).await;
    assert_eq!((scene.mined(), announced(&scene)), (vec![FIRST_NONCE], 0));
}

/// Advances until the work would be polled for the `breaks`th time, and lets it drop there, as a
/// `kill -9` does. Whether it was finished before that.
pub(super) async fn killed_at(scene: &Scene, id: TransactionId, breaks: usize) -> bool {
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
}

#[tokio::test]
async fn a_payment_that_waits_is_made_once_wherever_the_gateway_was_killed() {
    // How many times it was looked at before: until it is refused, sent back, announced, signed.
    for steps in 0..4 {
        let mut breaks = 0;
        loop {
            let scene = Scene::start().await;
            set_guard(&scene, 0, u64::MAX);
            let id = scene.ask(WEI).await;
            for _step in 0..steps {
                scene.advance(id).await;
            }
            if steps == 3 {
                scene.clock.advance(WAIT);
                scene.world.lock().unwrap().guard.now = scene.app.clock.now().get();
            }
            let finished = killed_at(&scene, id, breaks).await;
            let scene = scene.restart().await;
            scene.settle(id).await;
            let done = scene.rest(id).await;
            assert_eq!(word(&done), (Status::Confirmed, None), "killed at {steps}, {breaks}");
            assert_eq!(scene.mined(), [FIRST_NONCE], "killed at {steps}, {breaks}");
            assert_eq!(announced(&scene), 0, "killed at {steps}, {breaks}");
            if finished {
                break;
            }
            breaks += 1;
        }
        assert!(breaks > 0, "there is something to break off at {steps}");
    }
}

#[tokio::test]
async fn a_payment_cancelled_after_a_kill_is_never_made_and_leaves_nothing_announced() {
    for breaks in 0..30 {
        let scene = Scene::start().await;
        set_guard(&scene, 0, u64::MAX);
        let id = scene.ask(WEI).await;
        scene.advance(id).await;
        scene.advance(id).await;
        killed_at(&scene, id, breaks).await;
        let scene = scene.restart().await;
        cancel(&scene, id).await;
        let cancelled = scene.rest(id).await;
        assert_eq!((cancelled.status, announced(&scene)), (Status::Cancelled, 0), "{breaks}");
        scene.clock.advance(WAIT);
        scene.rest(id).await;
        assert!(scene.mined().is_empty(), "{breaks}");
    }
}

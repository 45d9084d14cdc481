//! What waits at a node: replaced, sped up, called off, lost, taken back, or made impossible.

use std::time::Duration;

use primitives::Amount;

use super::testing::{FIRST_NONCE, NodeMood, Scene, SignerMood, word};
use super::torture::chain::TestChain;
use super::{Progress, Purpose, Status, Transaction, Version};
use crate::session::{Caller, Master};
use crate::store::TransactionId;
use crate::usecase::cancel_transaction::{CancelError, cancel_transaction};
use crate::usecase::speed_up_transaction::{SpeedUpError, speed_up_transaction};

pub(super) const WEI: u64 = 1_000;
pub(super) const GWEI: u64 = 1_000_000_000;
/// As the settings have it.
pub(super) const PATIENCE: Duration = Duration::from_mins(3);

pub(super) async fn scene() -> Scene {
    Scene::on_blocks(TestChain::new(0), 1).await
}

pub(super) fn chain<T>(scene: &Scene, with: impl FnOnce(&mut TestChain) -> T) -> T {
    with(scene.world.lock().unwrap().chain_of_blocks.as_mut().unwrap())
}

/// What the chain has paid, in wei.
pub(super) fn paid(scene: &Scene) -> Vec<Amount> {
    chain(scene, |chain| chain.carried_out().map(|sent| sent.transaction.value).collect())
}

pub(super) async fn versions(scene: &Scene, id: TransactionId) -> Vec<Version> {
    scene.app.store.read(move |db| db.versions(id)).await.unwrap()
}

/// A payment that a node has, on a network that has become dearer than it offers.
pub(super) async fn stuck(scene: &Scene) -> TransactionId {
    let id = scene.ask(WEI).await;
    assert_eq!(scene.advance(id).await.status, Status::Submitted);
    chain(scene, |chain| chain.base_fee = 40 * GWEI);
    id
}

pub(super) async fn mine(scene: &Scene, id: TransactionId) -> Transaction {
    chain(scene, TestChain::tick);
    scene.clock.advance(Duration::from_secs(15));
    scene.advance(id).await
}

pub(super) async fn cancel(scene: &Scene, id: TransactionId) -> Result<Transaction, CancelError> {
    cancel_transaction(&scene.app, &Caller::Master(Master::operator()), id).await
}

pub(super) async fn speed_up(
    scene: &Scene,
    id: TransactionId,
) -> Result<Transaction, SpeedUpError> {
    speed_up_transaction(&scene.app, &Caller::Master(Master::operator()), id).await
}

#[tokio::test]
async fn what_waits_for_too_long_is_replaced_at_the_price_of_now_and_paid_once() {
    let scene = scene().await;
    let id = stuck(&scene).await;
    let first = scene.show(id).await;
    assert_eq!(mine(&scene, id).await.status, Status::Submitted);
    assert_eq!(versions(&scene, id).await.len(), 1, "it is not replaced before its time");
    scene.clock.advance(PATIENCE);
    scene.advance(id).await;
    let both = versions(&scene, id).await;
    assert_eq!(both.len(), 2);
    assert!(both[1].fee_ceiling > both[0].fee_ceiling);
    assert!(scene.spent().await > both[1].fee_ceiling, "the dearer one is reserved");
    let done = mine(&scene, id).await;
    assert_eq!((done.status, paid(&scene)), (Status::Confirmed, vec![WEI.into()]));
    assert_ne!(done.hash(), first.hash());
    assert_eq!(done.hash(), both[1].signed().map(|signed| signed.hash.as_str()));
}

#[tokio::test]
async fn the_first_version_counts_if_it_is_the_one_that_is_mined() {
    let scene = scene().await;
    let id = stuck(&scene).await;
    let first = scene.show(id).await;
    speed_up(&scene, id).await.unwrap();
    scene.advance(id).await;
    assert_eq!(versions(&scene, id).await.len(), 2);
    chain(&scene, |chain| {
        chain.base_fee = GWEI;
        chain.remember_first(FIRST_NONCE);
    });
    let done = mine(&scene, id).await;
    assert_eq!((done.status, paid(&scene)), (Status::Confirmed, vec![WEI.into()]));
    assert_eq!(done.hash(), first.hash());
}

#[tokio::test]
async fn what_is_called_off_in_time_pays_nothing_but_a_fee() {
    let scene = scene().await;
    let id = stuck(&scene).await;
    assert_eq!(cancel(&scene, id).await.unwrap().status, Status::Submitted);
    scene.advance(id).await;
    let both = versions(&scene, id).await;
    assert_eq!(both.last().map(|last| last.purpose), Some(Purpose::CallOff));
    let done = mine(&scene, id).await;
    assert_eq!(word(&done), (Status::Cancelled, Some("CANCELLED")));
    assert_eq!(paid(&scene), [Amount::ZERO]);
    assert_eq!(scene.spent().await, both[1].fee_ceiling);
    assert!(matches!(cancel(&scene, id).await, Err(CancelError::TooLate(Status::Cancelled))));
}

#[tokio::test]
async fn what_is_called_off_too_late_is_confirmed() {
    let scene = scene().await;
    let id = stuck(&scene).await;
    cancel(&scene, id).await.unwrap();
    scene.advance(id).await;
    chain(&scene, |chain| {
        chain.base_fee = GWEI;
        chain.remember_first(FIRST_NONCE);
    });
    let done = mine(&scene, id).await;
    assert_eq!((word(&done), paid(&scene)), ((Status::Confirmed, None), vec![WEI.into()]));
}

#[tokio::test]
async fn what_was_never_signed_is_called_off_at_once_and_its_nonce_is_free() {
    let scene = scene().await;
    scene.feel(NodeMood::Good, SignerMood::CountsAndBreaks);
    let id = scene.ask(WEI).await;
    assert!(matches!(scene.advance(id).await.progress, Progress::Drafted(_)));
    assert_eq!(cancel(&scene, id).await.unwrap().status, Status::Cancelled);
    assert_eq!(scene.spent().await, Amount::ZERO);
    scene.feel(NodeMood::Good, SignerMood::Good);
    let next = scene.ask(WEI + 1).await;
    scene.advance(next).await;
    assert_eq!(mine(&scene, next).await.status, Status::Confirmed);
    assert_eq!(paid(&scene), [Amount::from(WEI + 1)]);
}

#[tokio::test]
async fn a_refused_replacement_leaves_the_first_version_as_it_was() {
    let scene = scene().await;
    let id = stuck(&scene).await;
    scene.feel(NodeMood::Good, SignerMood::Refuses);
    speed_up(&scene, id).await.unwrap();
    let waiting = scene.advance(id).await;
    assert_eq!(word(&waiting), (Status::Submitted, Some("SIGNER_REFUSED")));
    chain(&scene, |chain| chain.base_fee = GWEI);
    assert_eq!(mine(&scene, id).await.status, Status::Confirmed);
    assert_eq!(paid(&scene), [Amount::from(WEI)]);
}

#[tokio::test]
async fn only_what_waits_is_sped_up_and_not_without_end() {
    let scene = scene().await;
    let id = scene.ask(WEI).await;
    let early = speed_up(&scene, id).await;
    assert!(matches!(early, Err(SpeedUpError::NotWaiting(Status::Pending))), "{early:?}");
    scene.advance(id).await;
    chain(&scene, |chain| chain.base_fee = 4 * GWEI);
    let mut refused = None;
    for _time in 0..20 {
        refused = speed_up(&scene, id).await.err();
        scene.advance(id).await;
    }
    assert!(matches!(refused, Some(SpeedUpError::TooOften(_))), "{refused:?}");
    chain(&scene, |chain| chain.base_fee = GWEI);
    assert_eq!(mine(&scene, id).await.status, Status::Confirmed);
    let late = speed_up(&scene, id).await;
    assert!(matches!(late, Err(SpeedUpError::NotWaiting(Status::Confirmed))), "{late:?}");
    assert_eq!(paid(&scene), [Amount::from(WEI)]);
}

#[tokio::test]
async fn a_nonce_that_somebody_else_used_ends_it_once_that_is_final() {
    let scene = scene().await;
    let id = stuck(&scene).await;
    chain(&scene, TestChain::used_elsewhere);
    for _look in 0..20 {
        scene.clock.advance(Duration::from_mins(1));
        assert_eq!(scene.advance(id).await.status, Status::Submitted, "it may be taken back");
    }
    for _block in 0..64 {
        chain(&scene, TestChain::tick);
    }
    let failed = scene.settle(id).await;
    assert_eq!(word(&failed), (Status::Failed, Some("NONCE_ALREADY_USED")));
    assert_eq!(scene.spent().await, Amount::ZERO);
    chain(&scene, |chain| chain.base_fee = GWEI);
    let next = scene.ask(WEI + 1).await;
    scene.advance(next).await;
    assert_eq!(mine(&scene, next).await.status, Status::Confirmed);
}

#[tokio::test]
async fn what_was_on_the_chain_and_is_taken_back_is_sent_again_and_paid_once() {
    let scene = Scene::on_blocks(TestChain::new(0), 3).await;
    let id = scene.ask(WEI).await;
    scene.advance(id).await;
    assert_eq!(mine(&scene, id).await.status, Status::Submitted);
    assert_eq!(paid(&scene).len(), 1);
    chain(&scene, |chain| drop(chain.blocks.pop()));
    assert_eq!(paid(&scene).len(), 0);
    scene.clock.advance(Duration::from_secs(15));
    scene.advance(id).await;
    let mut done = mine(&scene, id).await;
    for _block in 0..2 {
        assert_eq!(done.status, Status::Submitted);
        done = mine(&scene, id).await;
    }
    assert_eq!((done.status, paid(&scene)), (Status::Confirmed, vec![WEI.into()]));
}

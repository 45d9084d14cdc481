//! A wallet is emptied to its owner, given up and purged.

use std::sync::Arc;
use std::time::Duration;

use primitives::{BUILTIN, ChainId};
use protocol::Owners;
use serde_json::json;

use super::*;
use crate::chains::testing::Reaction;
use crate::networks::Networks;
use crate::owner::testing::TestOwner;
use crate::scheduler;
use crate::session::Caller;
use crate::store::wallets::sample;
use crate::tx::Tier;
use crate::tx::testing::{FIRST_NONCE, NodeMood, Scene, SignerMood, word};
use crate::usecase::cancel_transaction::{CancelError, cancel_transaction};
use crate::usecase::purge_wallet::purge_wallet;
use crate::usecase::terminate_wallet::{Leftovers, Termination, finish_all, terminate_wallet};

/// What the node says that the wallet holds: ten coins.
const HELD: u64 = 10_000_000_000_000_000_000;

fn wallet() -> WalletId {
    sample(1).id
}

fn operator() -> Master {
    Master::operator()
}

/// With ten coins on ethereum-sepolia and nothing elsewhere.
async fn scene() -> Scene {
    let scene = Scene::start().await;
    reach(&scene, None).await;
    tokio::spawn(scheduler::run(Arc::clone(&scene.app)));
    scene
}

/// Has every network answer but one.
async fn reach(scene: &Scene, dark: Option<&str>) {
    let mut networks = Networks::builtin();
    for network in BUILTIN {
        let ChainId::Eip155(id) = network.chain_id else { continue };
        let node = scene.node(move |method, _params| match method {
            _ if id.get() == 11_155_111 => None,
            "eth_chainId" => Some(Reaction::Result(json!(format!("{id:#x}")))),
            "eth_getBalance" => Some(Reaction::Result(json!("0x0"))),
            _ => None,
        });
        let node = node.await;
        let nowhere = "http://127.0.0.1:1".parse().unwrap();
        let is_dark = dark == Some(network.name.as_ref());
        let endpoint = if is_dark { nowhere } else { node.endpoint() };
        networks.set_endpoints(&network.rpc_key(), vec![endpoint]).unwrap();
        // It answers as long as it is there.
        Box::leak(Box::new(node));
    }
    scene.app.chains.set_endpoints(&networks);
}

async fn own(scene: &Scene, verified: bool) -> Address {
    let (address, now) = (TestOwner::evm(5).address(), scene.app.clock.now());
    let owner = WalletOwner { address, verified_at: verified.then_some(now) };
    scene.write(move |db| db.set_owner(wallet(), Some(owner), now).map(drop)).await;
    address
}

async fn withdraw_all(scene: &Scene) -> Result<Vec<Withdrawn>, WithdrawError> {
    withdraw(&scene.app, &operator(), wallet()).await
}

async fn terminate(scene: &Scene, leftovers: Leftovers) -> Result<Termination, WithdrawError> {
    terminate_wallet(&scene.app, &operator(), wallet(), leftovers).await
}

async fn status(scene: &Scene) -> WalletStatus {
    let found = scene.app.store.read(|db| db.wallet(wallet())).await;
    found.unwrap().unwrap().status
}

/// The one payment of a network that answers.
fn paid(withdrawn: &[Withdrawn]) -> &Transaction {
    let mut payments = withdrawn.iter().filter_map(|one| one.payment.as_ref().ok());
    let first = payments.next().unwrap();
    assert!(payments.next().is_none());
    first
}

/// Lets the withdrawal run out of patience, once its payment waits for the owners.
async fn impatient<T>(scene: &Scene, work: impl Future<Output = T>) -> T {
    let wait = async {
        loop {
            let open = scene.app.store.read(|db| {
                let page = crate::store::transactions::Page { before: None, limit: 9 };
                db.unfinished_transactions_of(&[wallet()], page)
            });
            let open: Vec<Transaction> = open.await.unwrap();
            if open.iter().any(|found| found.tier == Some(Tier::Approval)) {
                return scene.clock.advance(PATIENCE);
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::join!(work, wait).0
}

#[tokio::test]
async fn everything_goes_to_the_owner_who_is_locked_in_whatever_the_policies_say() {
    let scene = scene().await;
    assert!(matches!(withdraw_all(&scene).await, Err(WithdrawError::NoOwner)));
    own(&scene, false).await;
    assert!(matches!(withdraw_all(&scene).await, Err(WithdrawError::NotLocked(_))));
    assert!(scene.mined().is_empty());
    let owner = own(&scene, true).await;
    let withdrawn = withdraw_all(&scene).await.unwrap();
    let payment = paid(&withdrawn);
    assert_eq!((word(payment), payment.tier), ((Status::Confirmed, None), Some(Tier::Instant)));
    assert_eq!(payment.intent.shown().to, Some(owner));
    let sent = payment.intent.shown().amount.unwrap().amount;
    assert!(sent < Amount::from(HELD) && sent > Amount::from(HELD / 100 * 99), "{sent}");
    assert_eq!(scene.mined(), [FIRST_NONCE]);
    assert_eq!(withdrawn.len(), 1, "elsewhere there is nothing");
}

#[tokio::test]
async fn of_two_withdrawals_at_once_one_hears_that_the_other_is_under_way() {
    let scene = scene().await;
    own(&scene, true).await;
    let (one, other) = tokio::join!(withdraw_all(&scene), withdraw_all(&scene));
    assert!(matches!(other, Err(WithdrawError::UnderWay)), "{other:?}");
    assert_eq!(word(paid(&one.unwrap())), (Status::Confirmed, None));
    assert_eq!(scene.mined(), [FIRST_NONCE]);
    let again = withdraw_all(&scene).await;
    assert!(!matches!(again, Err(WithdrawError::UnderWay)), "{again:?}");
}

/// A token of which the transfer takes so much of the coin.
fn token(number: u8, cost: u128) -> (Amount, Transfer) {
    let asset = Asset::Token(primitives::EvmAddress([number; 20]).into());
    let to = TestOwner::evm(5).address();
    let transfer = Transfer { asset, to, amount: LEAST, decimals: 0, symbol: None, memo: None };
    (Amount::from_u128(cost), transfer)
}

#[test]
fn tokens_leave_as_far_as_the_coin_pays_for_them_the_cheapest_first() {
    let tokens = || vec![token(1, 2_000), token(2, 5), token(3, 2_000), token(4, 5)];
    let [dear, cheap, too, also] = [0, 1, 2, 3].map(|at| tokens().remove(at));
    for (spare, paid, cost, unpaid) in [
        (0, vec![], 0, vec![cheap.clone(), also.clone(), dear.clone(), too.clone()]),
        (9, vec![&cheap], 5, vec![also.clone(), dear.clone(), too.clone()]),
        (2_009, vec![&cheap, &also], 10, vec![dear.clone(), too.clone()]),
        (2_010, vec![&cheap, &also, &dear], 2_010, vec![too.clone()]),
        (u128::MAX, vec![&cheap, &also, &dear, &too], 4_010, vec![]),
    ] {
        let paid = paid.into_iter().map(|(_, transfer): &(_, Transfer)| transfer.clone());
        let expected = Shared { paid: paid.collect(), cost: Amount::from_u128(cost), unpaid };
        assert_eq!(share(Amount::from_u128(spare), tokens()), expected, "{spare}");
    }
}

#[tokio::test]
async fn what_the_guard_does_not_let_go_is_put_to_the_owner() {
    let scene = scene().await;
    let owner = own(&scene, true).await;
    {
        let mut world = scene.world.lock().unwrap();
        (world.guard.at_once, world.guard.after_wait) = (0, 0);
        world.guard.owners = Owners { threshold: 1, members: vec![owner] };
    }
    let withdrawn = Box::pin(impatient(&scene, withdraw_all(&scene))).await.unwrap();
    let payment = paid(&withdrawn);
    assert_eq!((payment.status, payment.tier), (Status::Queued, Some(Tier::Approval)));
    assert!(matches!(withdraw_all(&scene).await, Err(WithdrawError::UnderWay)));
    let agent = Caller::Agent(scene.agent().await);
    let theirs = cancel_transaction(&scene.app, &agent, payment.id).await;
    assert!(matches!(theirs, Err(CancelError::NotTheirs)), "{theirs:?}");
    let ours = cancel_transaction(&scene.app, &Caller::Master(operator()), payment.id).await;
    assert_eq!(ours.unwrap().status, Status::Cancelled);
    assert!(scene.mined().is_empty());
}

#[tokio::test]
async fn a_suspended_wallet_is_not_emptied() {
    let scene = scene().await;
    own(&scene, true).await;
    let now = scene.app.clock.now();
    scene
        .write(move |db| {
            db.set_wallet_status(wallet(), WalletStatus::Suspended, now).map(|_found| ())
        })
        .await;
    for refused in [
        withdraw_all(&scene).await.map(drop),
        terminate(&scene, Leftovers::ToOwner).await.map(drop),
    ] {
        let state = WalletStatus::Suspended;
        assert!(
            matches!(&refused, Err(WithdrawError::Wallet(WalletError::WrongState(_, found))) if *found == state),
            "{refused:?}"
        );
    }
}

#[tokio::test]
async fn a_wallet_that_is_given_up_goes_to_its_owner_and_then_nothing_leaves_it() {
    let scene = scene().await;
    let owned = terminate(&scene, Leftovers::ToOwner).await;
    assert!(matches!(owned, Err(WithdrawError::NoOwner)));
    assert_eq!(status(&scene).await, WalletStatus::Active, "nothing was changed");
    let owner = own(&scene, true).await;
    assert_eq!(scene.app.store.read(move |db| db.wallets_of_owner(owner)).await.unwrap().len(), 1);
    let done = terminate(&scene, Leftovers::ToOwner).await.unwrap();
    assert_eq!(done.status, WalletStatus::Terminated);
    assert_eq!(word(paid(&done.withdrawn)), (Status::Confirmed, None));
    assert!(scene.world.lock().unwrap().guard.suspended.contains(&wallet()));
    let left = scene.app.store.read(move |db| db.wallets_of_owner(owner)).await.unwrap();
    assert!(left.is_empty(), "who has no wallet any more stops nothing");
    for refused in
        [withdraw_all(&scene).await.map(drop), terminate(&scene, Leftovers::Stay).await.map(drop)]
    {
        assert!(matches!(refused, Err(WithdrawError::Wallet(WalletError::Terminated(_)))));
    }
}

#[tokio::test]
async fn it_is_terminating_until_its_owner_has_everything_or_the_operator_gives_up() {
    let scene = scene().await;
    own(&scene, true).await;
    scene.feel(NodeMood::Good, SignerMood::Refuses);
    let failed = terminate(&scene, Leftovers::ToOwner).await;
    assert!(matches!(failed, Err(WithdrawError::Failed(_))), "{failed:?}");
    finish_all(&scene.app).await.unwrap();
    assert_eq!(status(&scene).await, WalletStatus::Terminating);
    let own_order = scene.ask(1_000).await;
    let refused = scene.rest(own_order).await;
    assert_eq!(word(&refused), (Status::Failed, Some("WALLET_SUSPENDED")));
    scene.feel(NodeMood::Good, SignerMood::Good);
    reach(&scene, Some("base-sepolia")).await;
    let done = withdraw_all(&scene).await.unwrap();
    assert_eq!(word(paid(&done)), (Status::Confirmed, None));
    assert_eq!(done.iter().filter(|one| one.failure().is_some()).count(), 1);
    finish_all(&scene.app).await.unwrap();
    assert_eq!(status(&scene).await, WalletStatus::Terminating, "one network is not known");
    let done = terminate(&scene, Leftovers::Stay).await.unwrap();
    assert_eq!(done.status, WalletStatus::Terminated);
}

#[tokio::test]
async fn what_waits_is_called_off_and_what_is_purged_is_forgotten_but_for_its_key() {
    let scene = scene().await;
    {
        let mut world = scene.world.lock().unwrap();
        (world.guard.at_once, world.guard.after_wait) = (0, 0);
        world.guard.owners = Owners { threshold: 1, members: vec![TestOwner::evm(5).address()] };
    }
    let waiting = scene.ask(1_000).await;
    assert_eq!(scene.rest(waiting).await.status, Status::Queued);
    let (early, master) = (wallet(), operator());
    let kept = purge_wallet(&scene.app, &master, early).await;
    assert!(matches!(kept, Err(WalletError::NotTerminated(_, WalletStatus::Active))));
    assert_eq!(terminate(&scene, Leftovers::Stay).await.unwrap().status, WalletStatus::Terminated);
    let called_off = scene.app.store.read(move |db| db.transaction(waiting)).await;
    assert_eq!(word(&called_off.unwrap().unwrap()), (Status::Cancelled, Some("WALLET_TERMINATED")));
    purge_wallet(&scene.app, &master, wallet()).await.unwrap();
    let left = scene.app.store.write(move |db| {
        assert!(db.wallets()?.is_empty());
        assert_eq!(db.transaction(waiting)?, None);
        Ok::<_, StoreError>((db.wallet(wallet())?, db.knows_key(wallet())?))
    });
    assert_eq!(left.await.unwrap(), (None, true));
    let again = purge_wallet(&scene.app, &master, wallet()).await;
    assert!(matches!(again, Err(WalletError::Unknown(_))));
    scene.clock.advance(Duration::from_hours(1));
}

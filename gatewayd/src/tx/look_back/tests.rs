//! What a chain takes back, and what nodes only say that it did.

use primitives::{Amount, EvmAddress};
use serde_json::json;
use txcodec::evm::erc20;

use super::super::replacing::{GWEI, PATIENCE, WEI, cancel, chain, mine, paid, scene, stuck};
use super::super::testing::{FIRST_NONCE, Scene, payment, sepolia, word};
use super::super::tests::set_policy;
use super::super::torture::chain::TestChain;
use super::super::{Call, Deed, Intent};
use super::*;
use crate::chains::testing::Reaction;
use crate::store::wallets::{WalletStatus, sample};

async fn confirmed(scene: &Scene) -> TransactionId {
    let id = scene.ask(WEI).await;
    scene.advance(id).await;
    assert_eq!(mine(scene, id).await.status, Status::Confirmed);
    id
}

/// As many looks as it takes.
async fn looks(scene: &Scene) {
    for _look in 0..=LOOKS {
        scene.clock.advance(FIRST);
        look(&scene.app).await.unwrap();
    }
}

async fn is_watched(scene: &Scene, id: TransactionId) -> bool {
    scene.app.store.read(move |db| db.look_back(id)).await.unwrap().is_some()
}

/// As what it ends, where it is to be called off.
async fn called_off_as(scene: &Scene, id: TransactionId) -> Option<Status> {
    match scene.app.store.read(move |db| db.wish(id)).await.unwrap() {
        Some(Wish::CallOff { ends, .. }) => Some(ends),
        Some(Wish::SpeedUp) | None => None,
    }
}

fn take_back(scene: &Scene) {
    chain(scene, |chain| drop(chain.blocks.pop()));
}

#[tokio::test]
async fn what_was_confirmed_and_is_taken_back_is_on_its_way_again_and_paid_once() {
    let scene = scene().await;
    let other = confirmed(&scene).await;
    let id = confirmed(&scene).await;
    let (spent, hash) = (scene.spent().await, scene.show(id).await.hash().map(str::to_owned));
    take_back(&scene);
    assert_eq!(paid(&scene), [Amount::from(WEI)]);
    scene.clock.advance(FIRST);
    for _missed in 1..LOOKS {
        look(&scene.app).await.unwrap();
        assert_eq!(scene.show(id).await.status, Status::Confirmed, "missed once is not gone");
        scene.clock.advance(MISSED);
    }
    look(&scene.app).await.unwrap();
    let back = scene.show(id).await;
    assert_eq!((word(&back), back.hash()), ((Status::Submitted, None), hash.as_deref()));
    assert_eq!(called_off_as(&scene, id).await, None);
    assert_eq!(scene.spent().await, spent, "it may be paid, as it was");
    assert_eq!(scene.show(other).await.status, Status::Confirmed);
    scene.advance(id).await;
    let done = mine(&scene, id).await;
    assert_eq!((done.status, done.hash()), (Status::Confirmed, hash.as_deref()));
    assert_eq!((scene.spent().await, paid(&scene).len()), (spent, 2));
    assert!(is_watched(&scene, id).await);
}

#[tokio::test]
async fn what_stays_is_looked_for_until_its_time_is_over() {
    let scene = scene().await;
    let id = confirmed(&scene).await;
    let window = scene.app.settings.transactions.look_back_seconds.get();
    let end = scene.app.clock.now().plus(Duration::from_secs(window.into()));
    let mut looked = 0;
    while is_watched(&scene, id).await {
        let next = scene.app.store.read(move |db| db.look_back(id)).await.unwrap().unwrap();
        assert!(next.next_look_at <= end, "{next:?}");
        scene.clock.set(next.next_look_at);
        look(&scene.app).await.unwrap();
        looked += 1;
    }
    assert_eq!(looked, 8, "each twice as long after the end as the one before");
    assert_eq!(scene.app.clock.now(), end);
    assert_eq!(scene.show(id).await.status, Status::Confirmed);
}

type Answer = fn(&str, &serde_json::Value) -> Option<Reaction>;

fn down(method: &str, _params: &serde_json::Value) -> Option<Reaction> {
    method.starts_with("eth_").then(|| Reaction::Raw(503, String::new()))
}

/// Has no receipts any more.
fn forgets(method: &str, _params: &serde_json::Value) -> Option<Reaction> {
    (method == "eth_getTransactionReceipt").then_some(Reaction::Result(().into()))
}

/// Says that there was nothing.
fn hides(method: &str, params: &serde_json::Value) -> Option<Reaction> {
    let unused = Reaction::Result(format!("{FIRST_NONCE:#x}").into());
    let is_count = method == "eth_getTransactionCount";
    is_count.then_some(unused).or_else(|| forgets(method, params))
}

#[tokio::test]
async fn a_node_that_hides_it_brings_nothing_back_while_another_has_it_or_does_not_answer() {
    let rows: [(Answer, Status); 3] =
        [(down, Status::Confirmed), (forgets, Status::Confirmed), (hides, Status::Submitted)];
    for (other, expected) in rows {
        let scene = scene().await;
        let id = confirmed(&scene).await;
        let liar = scene.node(hides).await;
        let honest = scene.node(|_, _| None).await;
        scene.ask_nodes(&[liar.endpoint(), honest.endpoint()]);
        looks(&scene).await;
        assert_eq!(scene.show(id).await.status, Status::Confirmed, "one has it");
        let other = scene.node(other).await;
        scene.ask_nodes(&[liar.endpoint(), other.endpoint()]);
        for _more in 0..4 {
            looks(&scene).await;
        }
        assert_eq!(scene.show(id).await.status, expected);
    }
}

#[tokio::test]
async fn what_was_called_off_and_is_paid_after_all_counts() {
    let scene = scene().await;
    let id = stuck(&scene).await;
    cancel(&scene, id).await.unwrap();
    scene.advance(id).await;
    assert_eq!(mine(&scene, id).await.status, Status::Cancelled);
    let fee = scene.spent().await;
    take_back(&scene);
    chain(&scene, |chain| {
        chain.base_fee = GWEI;
        chain.remember_first(FIRST_NONCE);
    });
    chain(&scene, TestChain::tick);
    looks(&scene).await;
    assert_eq!(scene.show(id).await.status, Status::Submitted);
    assert_eq!(called_off_as(&scene, id).await, Some(Status::Cancelled));
    assert_eq!(scene.spent().await, fee, "the dearer of both may be it");
    let done = mine(&scene, id).await;
    assert_eq!((word(&done), paid(&scene)), ((Status::Confirmed, None), vec![WEI.into()]));
}

#[tokio::test]
async fn what_is_taken_back_later_is_found_by_what_waits_after_it() {
    let scene = scene().await;
    let first = confirmed(&scene).await;
    scene.clock.advance(Duration::from_hours(24));
    look(&scene.app).await.unwrap();
    assert!(!is_watched(&scene, first).await);
    take_back(&scene);
    let id = scene.ask(7).await;
    scene.advance(id).await;
    scene.clock.advance(PATIENCE);
    scene.advance(id).await;
    assert!(is_watched(&scene, first).await);
    looks(&scene).await;
    assert_eq!(scene.advance(first).await.status, Status::Submitted);
    assert_eq!(mine(&scene, first).await.status, Status::Confirmed);
    assert_eq!(scene.rest(id).await.status, Status::Confirmed);
    assert_eq!(paid(&scene), [WEI.into(), Amount::from(7_u64)]);
}

#[tokio::test]
async fn what_nobody_stands_by_any_more_is_called_off_and_not_paid_again() {
    let scene = scene().await;
    let id = confirmed(&scene).await;
    let (suspended, now) = (WalletStatus::Suspended, scene.app.clock.now());
    let suspend =
        scene.write(move |db| db.set_wallet_status(sample(1).id, suspended, now).map(|_found| ()));
    suspend.await;
    take_back(&scene);
    looks(&scene).await;
    assert_eq!(scene.show(id).await.status, Status::Submitted);
    assert_eq!(called_off_as(&scene, id).await, Some(Status::Cancelled));
}

#[tokio::test]
async fn what_a_session_asked_for_that_was_revoked_since_is_called_off() {
    for is_revoked in [true, false] {
        let scene = scene().await;
        let session = scene.agent().await.session_id();
        let (id, now) = (TransactionId::new(&scene.app.clock), scene.app.clock.now());
        let asked = Transaction::new(id, sample(1).id, Some(session), payment(WEI.into()), now);
        scene.write(move |db| db.insert_transaction(&asked)).await;
        scene.advance(id).await;
        assert_eq!(mine(&scene, id).await.status, Status::Confirmed);
        if is_revoked {
            scene.write(move |db| db.revoke_session(session, now).map(drop)).await;
        }
        take_back(&scene);
        looks(&scene).await;
        assert_eq!(scene.show(id).await.status, Status::Submitted);
        let called_off = is_revoked.then_some(Status::Cancelled);
        assert_eq!(called_off_as(&scene, id).await, called_off);
    }
}

#[tokio::test]
async fn a_sequence_stands_as_its_parts_do() {
    let scene = scene().await;
    let whole = scene.ask_sequence(&[WEI, 7]).await;
    for _round in 0..10 {
        scene.drive().await;
        if scene.show(whole).await.status.is_final() {
            break;
        }
        chain(&scene, TestChain::tick);
        scene.clock.advance(Duration::from_secs(15));
    }
    let parts = || async { scene.app.store.read(move |db| db.parts(whole)).await.unwrap() };
    let states = || async { [parts().await[0].status, parts().await[1].status] };
    assert_eq!(word(&scene.show(whole).await), (Status::Confirmed, None));
    take_back(&scene);
    looks(&scene).await;
    assert_eq!(states().await, [Status::Confirmed, Status::Submitted]);
    assert_eq!(word(&scene.show(whole).await), (Status::Submitted, None));
    let second = parts().await[1].id;
    scene.advance(second).await;
    assert_eq!(mine(&scene, second).await.status, Status::Confirmed);
    assert_eq!(word(&scene.show(whole).await), (Status::Confirmed, None));
    assert_eq!(paid(&scene), [WEI.into(), Amount::from(7_u64)]);
}

const TOKEN: EvmAddress = EvmAddress([0x99; 20]);

/// Asks for one of TOKEN to be sent.
async fn ask_token(scene: &Scene) -> TransactionId {
    let data = erc20::transfer(EvmAddress([0x22; 20]), Amount::from(1_u64));
    let deed = Deed::Call(Call { to: TOKEN, value: Amount::ZERO, data });
    let order = Order { network: sepolia().chain_id, deed, gas_condition: None };
    let id = TransactionId::new(&scene.app.clock);
    let now = scene.app.clock.now();
    let asked = Transaction::new(id, sample(1).id, None, Intent::Send(Box::new(order)), now);
    scene.write(move |db| db.insert_transaction(&asked)).await;
    id
}

#[tokio::test]
async fn what_nobody_can_price_now_is_sent_again_and_counts_as_worth_more_than_any_line() {
    let scene = scene().await;
    let tokens = json!([{ "address": TOKEN.to_string() }]);
    set_policy(&scene, "ALLOWED_TOKENS", json!({ "tokens": tokens })).await;
    let asked = json!(format!("0x{}", primitives::encode_hex(&erc20::decimals())));
    let counts = move |method: &str, params: &serde_json::Value| match method {
        "eth_getCode" => Some(Reaction::Result(json!("0x00"))),
        "eth_call" if params[0]["data"] == asked => {
            Some(Reaction::Result(json!(format!("{:#066x}", 6))))
        }
        "eth_call" => Some(Reaction::Error(3, "execution reverted")),
        _ => None,
    };
    let node = scene.node(counts).await;
    scene.ask_nodes(&[node.endpoint()]);
    let id = ask_token(&scene).await;
    scene.advance(id).await;
    assert_eq!(word(&mine(&scene, id).await), (Status::Confirmed, None));
    let since = scene.app.clock.now().minus(Duration::from_hours(1));
    let usd = || scene.app.store.read(move |db| db.spent_usd(sample(1).id, since, None));
    assert!(usd().await.unwrap().is_some());
    take_back(&scene);
    let silent = |method: &str, _params: &serde_json::Value| {
        (method == "eth_call").then(|| Reaction::Raw(503, String::new()))
    };
    let node = scene.node(silent).await;
    scene.ask_nodes(&[node.endpoint()]);
    looks(&scene).await;
    assert_eq!(scene.show(id).await.status, Status::Submitted);
    assert_eq!(usd().await.unwrap(), None);
    scene.advance(id).await;
    assert_eq!(mine(&scene, id).await.status, Status::Confirmed);
}

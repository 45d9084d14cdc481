//! What a payment that is called off or sped up may cost, and who can still have it signed.

use std::time::Duration;

use primitives::Amount;
use protocol::RefusalCode;
use serde_json::json;

use super::replacing::{GWEI, PATIENCE, WEI, cancel, chain, mine, paid, speed_up, stuck, versions};
use super::testing::{FIRST_NONCE, NodeMood, Scene, SignerMood, payment, sepolia, word};
use super::torture::chain::TestChain;
use super::{Form, Purpose, Status, Transaction};
use crate::chains::testing::Reaction;
use crate::store::policies::StoredPolicy;
use crate::store::wallets::{WalletStatus, sample};
use crate::store::{PolicyId, TransactionId};

/// More than any fee of these tests, in wei.
const MUCH: u64 = 1_000_000_000_000_000_000;

/// More than the fees of these tests, and less than waits by itself.
const VALUE: u64 = 5_000_000_000_000_000;

async fn scene() -> Scene {
    Scene::on_blocks(TestChain::new(0), 1).await
}

/// What the signed versions do, the first one first.
async fn signed(scene: &Scene, id: TransactionId) -> Vec<Purpose> {
    let all = versions(scene, id).await;
    all.iter().filter(|it| it.signed().is_some()).map(|it| it.purpose).collect()
}

/// Looks once patience is over.
async fn later(scene: &Scene, id: TransactionId) -> Transaction {
    scene.clock.advance(PATIENCE);
    scene.advance(id).await
}

async fn suspend(scene: &Scene) {
    let (suspended, now) = (WalletStatus::Suspended, scene.app.clock.now());
    let suspend =
        scene.write(move |db| db.set_wallet_status(sample(1).id, suspended, now).map(|_found| ()));
    suspend.await;
}

/// Lets at most `wei` leave, the fee counted.
async fn limit(scene: &Scene, wei: u64) {
    let (line, now) = (wei.to_string(), scene.app.clock.now());
    let rules = json!({
        "instant_max": line, "notify_max": line, "delay_max": MUCH.to_string(),
        "delay_seconds": 60, "approval_timeout": 120,
    });
    let policy = StoredPolicy {
        id: PolicyId::new(&scene.app.clock),
        wallet: Some(sample(1).id),
        network: Some(sepolia().chain_id),
        kind: "SPENDING_LIMIT".to_owned(),
        rules,
        priority: 1,
        enabled: true,
        created_at: now,
        updated_at: now,
    };
    scene.write(move |db| db.insert_policy(&policy)).await;
}

#[tokio::test]
async fn a_payment_counts_as_spent_however_often_it_is_called_off() {
    let scene = scene().await;
    let id = scene.ask(VALUE).await;
    scene.advance(id).await;
    cancel(&scene, id).await.unwrap();
    scene.advance(id).await;
    for _time in 0..3 {
        later(&scene, id).await;
        assert!(scene.spent().await > Amount::from(VALUE), "it can still be paid");
    }
    assert!(signed(&scene, id).await.len() > 2);
    chain(&scene, |chain| chain.remember_first(FIRST_NONCE));
    assert_eq!(mine(&scene, id).await.status, Status::Confirmed);
    assert!(scene.spent().await > Amount::from(VALUE));
}

#[tokio::test]
async fn nothing_dearer_is_signed_of_a_suspended_wallet() {
    let scene = scene().await;
    let id = stuck(&scene).await;
    suspend(&scene).await;
    let refused = later(&scene, id).await;
    assert_eq!(word(&refused), (Status::Submitted, Some("WALLET_SUSPENDED")));
    assert_eq!(scene.world.lock().unwrap().counted.len(), 1);
    cancel(&scene, id).await.unwrap();
    scene.advance(id).await;
    assert_eq!(signed(&scene, id).await, [Purpose::Pay, Purpose::CallOff]);
}

#[tokio::test]
async fn nothing_dearer_is_signed_of_a_wallet_that_is_suspended_before_the_signer_answers() {
    let scene = scene().await;
    let id = stuck(&scene).await;
    scene.feel(NodeMood::Good, SignerMood::Locked);
    speed_up(&scene, id).await.unwrap();
    scene.advance(id).await;
    suspend(&scene).await;
    scene.feel(NodeMood::Good, SignerMood::Good);
    let refused = later(&scene, id).await;
    assert_eq!(word(&refused), (Status::Submitted, Some("WALLET_SUSPENDED")));
    assert_eq!(scene.world.lock().unwrap().counted.len(), 1);
}

#[tokio::test]
async fn nothing_dearer_is_signed_for_a_session_that_was_revoked_or_lost_the_wallet() {
    for what in ["revoked", "unlinked", "neither"] {
        let scene = scene().await;
        let session = scene.agent().await.session_id();
        let (id, now) = (TransactionId::new(&scene.app.clock), scene.app.clock.now());
        let asked = Transaction::new(id, sample(1).id, Some(session), payment(WEI.into()), now);
        scene.write(move |db| db.insert_transaction(&asked)).await;
        scene.advance(id).await;
        chain(&scene, |chain| chain.base_fee = 40 * GWEI);
        match what {
            "revoked" => {
                scene.write(move |db| db.revoke_session(session, now).map(|_found| ())).await;
            }
            "unlinked" => {
                scene.write(move |db| db.unlink_wallet(session, sample(1).id).map(drop)).await;
            }
            _neither => {}
        }
        let found = later(&scene, id).await;
        let is_over = what != "neither";
        let problem = is_over.then_some("SESSION_REVOKED");
        assert_eq!(word(&found), (Status::Submitted, problem));
        let counted = scene.world.lock().unwrap().counted.len();
        assert_eq!(counted, if is_over { 1 } else { 2 }, "{what}");
    }
}

/// The signer could not be asked for so long.
#[tokio::test]
async fn what_was_drafted_for_a_session_that_was_revoked_is_not_signed() {
    for is_revoked in [true, false] {
        let scene = scene().await;
        let session = scene.agent().await.session_id();
        let (id, now) = (TransactionId::new(&scene.app.clock), scene.app.clock.now());
        let asked = Transaction::new(id, sample(1).id, Some(session), payment(WEI.into()), now);
        scene.write(move |db| db.insert_transaction(&asked)).await;
        scene.feel(NodeMood::Good, SignerMood::Says(RefusalCode::JournalFailed));
        scene.advance(id).await;
        assert_eq!(word(&scene.show(id).await), (Status::Executing, Some("SIGNER_REFUSED")));
        if is_revoked {
            scene.write(move |db| db.revoke_session(session, now).map(|_found| ())).await;
        }
        scene.feel(NodeMood::Good, SignerMood::Good);
        let found = later(&scene, id).await;
        let counted = scene.world.lock().unwrap().counted.len();
        if is_revoked {
            let failed = (Status::Failed, Some("SESSION_REVOKED"));
            assert_eq!((word(&found), counted), (failed, 0));
        } else {
            assert_eq!((word(&found), counted), ((Status::Submitted, None), 1));
        }
    }
}

#[tokio::test]
async fn what_is_called_off_is_not_sped_up_any_more() {
    let scene = scene().await;
    let id = stuck(&scene).await;
    scene.feel(NodeMood::Good, SignerMood::Locked);
    speed_up(&scene, id).await.unwrap();
    scene.advance(id).await;
    let asked = versions(&scene, id).await;
    assert_eq!(asked.last().map(|it| (it.purpose, &it.form)), Some((Purpose::Pay, &Form::Asked)));
    cancel(&scene, id).await.unwrap();
    scene.feel(NodeMood::Good, SignerMood::Good);
    scene.advance(id).await;
    scene.clock.advance(Duration::from_secs(15));
    scene.advance(id).await;
    assert_eq!(signed(&scene, id).await, [Purpose::Pay, Purpose::CallOff]);
    assert_eq!(word(&mine(&scene, id).await), (Status::Cancelled, Some("CANCELLED")));
    assert_eq!(paid(&scene), [Amount::ZERO]);
}

#[tokio::test]
async fn what_a_node_has_lost_is_sent_again_while_the_signer_is_locked() {
    let scene = scene().await;
    let id = stuck(&scene).await;
    scene.feel(NodeMood::Good, SignerMood::Locked);
    speed_up(&scene, id).await.unwrap();
    scene.advance(id).await;
    chain(&scene, |chain| {
        chain.lose(FIRST_NONCE);
        chain.base_fee = GWEI;
    });
    scene.clock.advance(Duration::from_mins(1));
    scene.advance(id).await;
    assert_eq!(mine(&scene, id).await.status, Status::Confirmed);
    assert_eq!(paid(&scene), [WEI.into()]);
}

#[tokio::test]
async fn to_call_off_costs_no_more_than_the_policies_allow_or_a_multiple_of_what_was_allowed() {
    for (base_fee, is_signed) in [(40 * GWEI, true), (4_000 * GWEI, false)] {
        let scene = scene().await;
        limit(&scene, 1_000_000_000_000_000).await;
        let id = stuck(&scene).await;
        chain(&scene, |chain| chain.base_fee = base_fee);
        cancel(&scene, id).await.unwrap();
        let found = scene.advance(id).await;
        assert_eq!(signed(&scene, id).await.len(), 1 + usize::from(is_signed), "{base_fee}");
        if is_signed {
            continue;
        }
        assert_eq!(word(&found), (Status::Submitted, Some("POLICY_DENIED")));
        chain(&scene, |chain| chain.base_fee = 10 * GWEI);
        later(&scene, id).await;
        assert_eq!(signed(&scene, id).await, [Purpose::Pay, Purpose::CallOff], "it is cheaper");
        assert_eq!(mine(&scene, id).await.status, Status::Cancelled);
    }
}

#[tokio::test]
async fn a_call_off_is_sped_up_by_a_dearer_one() {
    let scene = scene().await;
    let id = stuck(&scene).await;
    cancel(&scene, id).await.unwrap();
    scene.advance(id).await;
    chain(&scene, |chain| chain.base_fee = 100 * GWEI);
    speed_up(&scene, id).await.unwrap();
    scene.advance(id).await;
    assert_eq!(signed(&scene, id).await, [Purpose::Pay, Purpose::CallOff, Purpose::CallOff]);
    scene.advance(id).await;
    assert_eq!(signed(&scene, id).await.len(), 3, "once");
    assert_eq!(mine(&scene, id).await.status, Status::Cancelled);
}

#[tokio::test]
async fn a_call_off_that_the_signer_refuses_is_asked_for_again_and_no_payment_in_its_place() {
    let scene = scene().await;
    let id = stuck(&scene).await;
    scene.feel(NodeMood::Good, SignerMood::Refuses);
    for _time in 0..20 {
        cancel(&scene, id).await.unwrap();
        later(&scene, id).await;
    }
    let all = versions(&scene, id).await;
    assert_eq!(all.len(), 2, "one refusal is kept");
    assert_eq!((all[1].purpose, &all[1].form), (Purpose::CallOff, &Form::Refused));
    scene.feel(NodeMood::Good, SignerMood::Good);
    later(&scene, id).await;
    assert_eq!(signed(&scene, id).await, [Purpose::Pay, Purpose::CallOff]);
    assert_eq!(mine(&scene, id).await.status, Status::Cancelled);
}

#[tokio::test]
async fn refusals_use_up_no_attempts() {
    let scene = scene().await;
    let id = stuck(&scene).await;
    scene.feel(NodeMood::Good, SignerMood::Refuses);
    for _time in 0..20 {
        later(&scene, id).await;
    }
    assert_eq!(versions(&scene, id).await.len(), 2, "one refusal is kept");
    scene.feel(NodeMood::Good, SignerMood::Good);
    later(&scene, id).await;
    assert_eq!(signed(&scene, id).await, [Purpose::Pay, Purpose::Pay]);
    assert_eq!(mine(&scene, id).await.status, Status::Confirmed);
}

#[tokio::test]
async fn when_the_dearer_version_is_too_dear_for_the_wallet_the_one_before_is_paid() {
    let scene = scene().await;
    let id = stuck(&scene).await;
    let first = scene.show(id).await.hash().unwrap().to_owned();
    let world = scene.world.clone();
    let poor = scene.node(move |method, params| {
        if method != "eth_sendRawTransaction" {
            return None;
        }
        let raw = params[0].as_str().unwrap().trim_start_matches("0x");
        let bytes = primitives::decode_hex(raw).unwrap();
        let is_first = world.lock().unwrap().signed[&bytes].0 == first;
        let words = "insufficient funds for gas * price + value";
        (!is_first).then_some(Reaction::Error(-32000, words))
    });
    scene.ask_nodes(&[poor.await.endpoint()]);
    speed_up(&scene, id).await.unwrap();
    scene.advance(id).await;
    chain(&scene, |chain| {
        chain.lose(FIRST_NONCE);
        chain.base_fee = GWEI;
    });
    for _look in 0..4 {
        scene.clock.advance(Duration::from_mins(1));
        scene.advance(id).await;
    }
    assert_eq!(mine(&scene, id).await.status, Status::Confirmed);
    assert_eq!(paid(&scene), [WEI.into()]);
}

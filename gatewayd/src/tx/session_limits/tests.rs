//! A session's totals against real databases, with payments at once, sequences, messages and the fee
//! that is left when nothing else was spent.

use std::sync::Arc;

use primitives::Asset;
use tokio::task::JoinSet;

use crate::policy::UsdMicros;
use crate::session::grants::{AssetLimit, Grants, Role};
use crate::session::{Agent, Master};
use crate::store::sessions::Source;
use crate::store::wallets::sample;
use crate::store::{StoreError, TransactionId};
use crate::tx::testing::{NodeMood, Scene, SignerMood, payment, sepolia, word};
use crate::tx::{Intent, Kind, Status, Transaction, advance};
use crate::usecase::create_session::{NewSession, create_session};
use crate::usecase::sign_message::{Message, SignMessageError, SignMessageRequest, sign_message};
use crate::usecase::sign_transaction::{
    SignRequest, SignTransactionError, SigningError, sign_transaction,
};

/// What a payment of the scene costs at most besides its amount, in wei.
const FEE: u64 = 75_600_000_000_000;

async fn agent(scene: &Scene, grants: Grants) -> Agent {
    let new = NewSession {
        wallets: vec![sample(1).id],
        lifetime: None,
        max_renewals: None,
        absolute_lifetime: None,
        source: Source::Api,
        grants,
    };
    let opened = create_session(&scene.app, &Master::operator(), new).await.unwrap();
    Agent::from_token(&scene.app, &opened.token).await.unwrap()
}

fn total(wei: u64) -> Grants {
    let limit = AssetLimit {
        network: sepolia().chain_id,
        asset: Asset::Native,
        per_transaction: None,
        total: Some(wei.into()),
    };
    Grants { limits: Some(vec![limit]), ..Grants::default() }
}

async fn ask(scene: &Scene, agent: &Agent, intent: Intent) -> TransactionId {
    let id = TransactionId::new(&scene.app.clock);
    let now = scene.app.clock.now();
    let asked = Transaction::new(id, sample(1).id, Some(agent.session_id()), intent, now);
    scene.write(move |db| db.insert_transaction(&asked)).await;
    id
}

async fn spent(scene: &Scene, agent: &Agent) -> (u64, u64) {
    let of = (agent.session_id(), sepolia().chain_id, Asset::Native);
    let read = scene.app.store.read(move |db| {
        Ok::<_, StoreError>((db.spent_by_session(of, None)?, db.had_by_session(of.0, None)?.0))
    });
    let (spent, had) = read.await.unwrap();
    (spent.to_u64().unwrap(), had)
}

/// What the session has spent stays, so that deleting a wallet gives nothing back.
#[tokio::test]
async fn a_wallet_that_a_limited_session_used_is_purged_and_counts_for_it_still() {
    let scene = Scene::start().await;
    let agent = agent(&scene, total(10 * (1_000 + FEE))).await;
    let id = ask(&scene, &agent, payment(1_000_u64.into())).await;
    assert_eq!(scene.settle(id).await.status, Status::Confirmed);
    let before = spent(&scene, &agent).await;
    assert!(before.0 >= 1_000, "{before:?}");
    let now = scene.app.clock.now();
    scene.write(move |db| db.purge_wallet(sample(1).id, now)).await;
    assert_eq!(scene.app.store.read(move |db| db.transaction(id)).await.unwrap(), None);
    assert_eq!(spent(&scene, &agent).await, before);
}

#[tokio::test]
async fn of_payments_at_once_no_more_pass_than_fit() {
    let scene = Scene::start().await;
    let agent = agent(&scene, total(3 * (1_000 + FEE))).await;
    let mut ids = Vec::new();
    for _payment in 0..8 {
        ids.push(ask(&scene, &agent, payment(1_000_u64.into())).await);
    }
    let mut at_once = JoinSet::new();
    for id in ids.clone() {
        let app = Arc::clone(&scene.app);
        at_once.spawn(async move { advance(&app, id).await.unwrap() });
    }
    at_once.join_all().await;
    let mut confirmed = 0;
    for id in ids {
        let found = scene.settle(id).await;
        match word(&found) {
            (Status::Confirmed, None) => confirmed += 1,
            (Status::Cancelled, Some("POLICY_DENIED")) => {
                let said = found.problem.unwrap().message;
                assert!(said.contains("the session has"), "{said}");
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(confirmed, 3);
    assert_eq!(spent(&scene, &agent).await, (3 * (1_000 + FEE), 3));
}

#[tokio::test]
async fn what_was_not_paid_is_given_back_and_what_failed_costs_its_fee() {
    let scene = Scene::start().await;
    let agent = agent(&scene, total(2_000 + 2 * FEE)).await;
    scene.feel(NodeMood::Good, SignerMood::Refuses);
    let refused = ask(&scene, &agent, payment(2_000_u64.into())).await;
    assert_eq!(scene.settle(refused).await.status, Status::Failed);
    assert_eq!(spent(&scene, &agent).await, (0, 0));
    scene.feel(NodeMood::Reverts, SignerMood::Good);
    let reverted = ask(&scene, &agent, payment(2_000_u64.into())).await;
    assert_eq!(word(&scene.settle(reverted).await).1, Some("TRANSACTION_REVERTED"));
    assert_eq!(spent(&scene, &agent).await, (FEE, 1));
    scene.feel(NodeMood::Good, SignerMood::Good);
    let more = ask(&scene, &agent, payment(2_001_u64.into())).await;
    assert_eq!(scene.settle(more).await.status, Status::Cancelled);
    let fits = ask(&scene, &agent, payment(2_000_u64.into())).await;
    assert_eq!(scene.settle(fits).await.status, Status::Confirmed);
}

#[tokio::test]
async fn limits_survive_a_restart_and_bind_one_session_only() {
    let scene = Scene::start().await;
    let one = agent(&scene, total(1_000 + FEE)).await;
    let other = agent(&scene, total(1_000 + FEE)).await;
    let first = ask(&scene, &one, payment(1_000_u64.into())).await;
    assert_eq!(scene.settle(first).await.status, Status::Confirmed);
    let scene = scene.restart().await;
    let again = ask(&scene, &one, payment(1_u64.into())).await;
    assert_eq!(word(&scene.settle(again).await).0, Status::Cancelled);
    let theirs = ask(&scene, &other, payment(1_000_u64.into())).await;
    assert_eq!(scene.settle(theirs).await.status, Status::Confirmed);
    let operators = scene.ask(1_000).await;
    assert_eq!(scene.settle(operators).await.status, Status::Confirmed);
}

#[tokio::test]
async fn a_payment_that_waits_keeps_its_place_in_the_total() {
    let scene = Scene::start().await;
    let waits = 60_000_000_000_000_000;
    let agent = agent(&scene, total(waits + FEE)).await;
    let first = ask(&scene, &agent, payment(waits.into())).await;
    assert_eq!(scene.advance(first).await.status, Status::Queued);
    let second = ask(&scene, &agent, payment(1_u64.into())).await;
    assert_eq!(scene.settle(second).await.status, Status::Cancelled);
    assert_eq!(spent(&scene, &agent).await, (waits + FEE, 1));
    assert_eq!(scene.settle(first).await.status, Status::Confirmed);
}

#[tokio::test]
async fn the_parts_of_a_sequence_count_each() {
    let scene = Scene::start().await;
    let sequence = |wei: &[u64]| {
        let deeds = wei.iter().map(|wei| {
            let transfer = crate::tx::testing::transfer((*wei).into());
            crate::tx::Deed::Transfer(transfer)
        });
        let deed = crate::tx::Deed::Batch(deeds.collect());
        let network = sepolia().chain_id;
        Intent::Send(Box::new(crate::tx::Order { network, deed, gas_condition: None }))
    };
    let exact = agent(&scene, total(600 + 3 * FEE)).await;
    let all = ask(&scene, &exact, sequence(&[100, 200, 300])).await;
    for _round in 0..20 {
        scene.drive().await;
        scene.clock.advance(std::time::Duration::from_secs(30));
    }
    assert_eq!(scene.show(all).await.status, Status::Confirmed);
    assert_eq!(spent(&scene, &exact).await, (600 + 3 * FEE, 3));
    let short = agent(&scene, total(599 + 3 * FEE)).await;
    let denied = ask(&scene, &short, sequence(&[100, 200, 300])).await;
    scene.drive().await;
    assert_eq!(word(&scene.show(denied).await).1, Some("BATCH_POLICY_VIOLATION"));
    assert_eq!(spent(&scene, &short).await, (0, 0));
    let two = Grants { max_transactions: Some(2), ..Grants::default() };
    let two = agent(&scene, two).await;
    let denied = ask(&scene, &two, sequence(&[100, 200, 300])).await;
    scene.drive().await;
    assert_eq!(word(&scene.show(denied).await).1, Some("BATCH_POLICY_VIOLATION"));
}

#[tokio::test]
async fn messages_need_their_operation() {
    let scene = Scene::start().await;
    let sign = async |agent: &Agent| {
        let message = Message::Text(b"hello".to_vec());
        let request = SignMessageRequest { wallet: None, network: None, message };
        sign_message(&scene.app, agent, request).await
    };
    let denied = |result| {
        matches!(result, Err(SignMessageError::Signing(SigningError::Denied(denial)))
            if denial.rule == "SESSION")
    };
    let kinds = |kind| Grants {
        operations: Some(std::collections::BTreeSet::from([kind])),
        ..Grants::default()
    };
    let transfers = agent(&scene, kinds(Kind::Transfer)).await;
    assert!(denied(sign(&transfers).await));
    let messages = agent(&scene, kinds(Kind::SignMessage)).await;
    assert!(!denied(sign(&messages).await));
}

#[tokio::test]
async fn what_is_signed_and_handed_back_counts() {
    let scene = Scene::start().await;
    let transaction = txcodec::evm::Transaction {
        kind: txcodec::evm::Kind::Legacy { gas_price: 1_u64.into() },
        chain_id: 11_155_111.try_into().unwrap(),
        nonce: 77,
        gas_limit: 1,
        to: Some(primitives::EvmAddress([9; 20])),
        value: 5_u64.into(),
        data: Vec::new(),
    };
    let once = agent(&scene, Grants { max_transactions: Some(1), ..total(12) }).await;
    let short = agent(&scene, total(5)).await;
    let sign = async |agent: &Agent| {
        let unsigned = transaction.to_unsigned_bytes();
        let request = SignRequest { wallet: None, network: None, unsigned };
        sign_transaction(&scene.app, agent, request).await
    };
    assert!(sign(&once).await.is_ok());
    assert_eq!(spent(&scene, &once).await, (6, 1));
    for session in [&once, &short] {
        assert!(matches!(
            sign(session).await,
            Err(SignTransactionError::Signing(SigningError::Denied(denial)))
                if denial.rule == "SESSION"
        ));
    }
}

#[tokio::test]
async fn a_session_that_reads_moves_nothing_even_if_a_payment_of_it_is_stored() {
    let scene = Scene::start().await;
    for role in [Role::Viewer, Role::Auditor] {
        let reads = agent(&scene, Grants { role, ..Grants::default() }).await;
        let id = ask(&scene, &reads, payment(1_u64.into())).await;
        assert_eq!(word(&scene.settle(id).await), (Status::Cancelled, Some("POLICY_DENIED")));
    }
    assert!(scene.mined().is_empty());
}

#[tokio::test]
async fn dollars_of_test_networks_are_none_and_fit_in_the_smallest_total() {
    let scene = Scene::start().await;
    let grants = Grants { total_usd: Some(UsdMicros::ZERO), ..Grants::default() };
    let agent = agent(&scene, grants).await;
    let id = ask(&scene, &agent, payment(1_000_u64.into())).await;
    assert_eq!(scene.settle(id).await.status, Status::Confirmed);
}

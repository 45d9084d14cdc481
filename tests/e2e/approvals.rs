//! What waits for owners: asked in the signer's words, signed with real keys, verified by the signer.

use primitives::{Amount, Asset, Chain};
use serde_json::{Value, json};
use tests::agent::Agent;
use tests::http::Answer;
use tests::owner::{Form, Owner};
use tests::stage::Stage;
use tests::wait;

use crate::payments::{BOB, bob, transfer};

/// More than the default guard ever lets go without owners.
fn to_be_approved(chain: Chain) -> &'static str {
    match chain {
        Chain::Evm => "1000000000000000000",
        Chain::Solana => "10000000000",
    }
}

/// What the owners are asked, once they are.
fn asked(agent: &Agent, id: &str) -> Value {
    wait::until("a question to the owners", || {
        let answer = agent.http().get(&format!("/v1/transactions/{id}/approval"));
        (answer.status == 200).then(|| answer.expect(200))
    })
}

fn approve(stage: &Stage, id: &str, body: &Value) -> Answer {
    stage.stranger().post(&format!("/v1/transactions/{id}/approve"), body)
}

fn line<'a>(shown: &'a Value, label: &str) -> &'a str {
    let lines = shown["lines"].as_array().unwrap();
    lines.iter().find(|line| line["label"] == label).unwrap()["value"].as_str().unwrap()
}

#[test]
fn an_owner_of_each_kind_approves_in_each_form_and_it_is_paid() {
    let stage = Stage::start();
    for (chain, form) in
        [(Chain::Evm, Form::Text), (Chain::Evm, Form::TypedData), (Chain::Solana, Form::Text)]
    {
        let wallet = stage.funded_wallet(chain);
        stage.trust_policies(&wallet);
        let owner = Owner::new(chain, 1, &stage.evm);
        stage.confirm_owner(&wallet, owner.address());
        let agent = stage.agent(&[&wallet]);
        let before = stage.balance(bob(chain), Asset::Native);
        let id = agent.send(&transfer(chain, to_be_approved(chain)));
        let queued = agent.wait_until(&id, |found| found["tier"] == "APPROVAL");
        assert!(queued["error"].as_str().unwrap().contains("NEEDS_OWNER"), "{queued}");
        let shown = asked(&agent, &id);
        assert!(line(&shown, "Effect").contains(&bob(chain).to_string()), "{shown}");
        assert!(line(&shown, "Effect").contains(to_be_approved(chain)), "{shown}");
        assert_eq!(shown["owners"], json!([owner.address()]));
        let approved = approve(&stage, &id, &owner.approve(&shown, form)).expect(200);
        assert!(approved["approvedAt"].is_number(), "{approved}");
        let paid = agent.wait_for(&id, "CONFIRMED");
        assert_eq!(paid["tier"], "APPROVAL", "{paid}");
        let arrived = stage.balance(bob(chain), Asset::Native).checked_sub(before).unwrap();
        assert_eq!(arrived.to_string(), to_be_approved(chain), "{chain} {form:?}");
    }
}

#[test]
fn what_is_no_approval_of_this_by_its_owner_moves_nothing() {
    let stage = Stage::start();
    let wallet = stage.funded_wallet(Chain::Evm);
    stage.trust_policies(&wallet);
    let owner = Owner::new(Chain::Evm, 1, &stage.evm);
    stage.confirm_owner(&wallet, owner.address());
    let agent = stage.agent(&[&wallet]);
    let [id, other] = [to_be_approved(Chain::Evm), "2000000000000000000"].map(|amount| {
        let id = agent.send(&transfer(Chain::Evm, amount));
        agent.wait_until(&id, |found| found["tier"] == "APPROVAL");
        id
    });
    let (shown, of_other) = (asked(&agent, &id), asked(&agent, &other));
    let stranger = Owner::new(Chain::Evm, 2, &stage.evm);
    let mut pretended = stranger.approve(&shown, Form::Text);
    pretended["signatures"][0]["owner"] = json!(owner.address());
    for (what, body, expected) in [
        ("nothing", json!({}), (401, "INVALID_SIGNATURE")),
        ("a stranger's", stranger.approve(&shown, Form::Text), (403, "OWNER_ADDRESS_MISMATCH")),
        ("a stranger's as the owner's", pretended, (401, "INVALID_SIGNATURE")),
        ("of another", owner.approve(&of_other, Form::Text), (401, "INVALID_SIGNATURE")),
        ("of another", owner.approve(&of_other, Form::TypedData), (401, "INVALID_SIGNATURE")),
    ] {
        let answer = approve(&stage, &id, &body);
        assert_eq!((answer.status, answer.code().as_str()), expected, "{what}");
    }
    assert_eq!(stage.evm.balance(BOB), Amount::ZERO);

    let rejected = stage.operator().post(&format!("/v1/transactions/{other}/reject"), &json!({}));
    assert_eq!(rejected.expect(200)["status"], "CANCELLED");
    let late = approve(&stage, &other, &owner.approve(&of_other, Form::Text));
    assert_eq!((late.status, late.code().as_str()), (409, "TX_ALREADY_PROCESSED"));
    approve(&stage, &id, &owner.approve(&shown, Form::Text)).expect(200);
    agent.wait_for(&id, "CONFIRMED");
    assert_eq!(stage.evm.balance(BOB).to_string(), to_be_approved(Chain::Evm));
}

#[test]
fn a_policy_that_wants_the_owners_wins_over_a_guard_that_does_not() {
    let stage = Stage::start();
    let wallet = stage.funded_wallet(Chain::Evm);
    let none = json!({ "instant_max": "0", "notify_max": "0", "delay_max": "0" });
    stage.set_policy(&wallet, "SPENDING_LIMIT", &json!({ "token_limits": { "native": none } }));
    let owner = Owner::new(Chain::Evm, 1, &stage.evm);
    stage.confirm_owner(&wallet, owner.address());
    let agent = stage.agent(&[&wallet]);
    let id = agent.send(&transfer(Chain::Evm, "1000"));
    let queued = agent.wait_for(&id, "QUEUED");
    assert_eq!((&queued["tier"], &queued["error"]), (&json!("APPROVAL"), &Value::Null));
    let shown = asked(&agent, &id);
    approve(&stage, &id, &owner.approve(&shown, Form::TypedData)).expect(200);
    agent.wait_for(&id, "CONFIRMED");
    assert_eq!(stage.evm.balance(BOB), Amount::from(1_000_u64));
}

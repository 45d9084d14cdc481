//! What waits: for its delay, for an owner.

use primitives::{Amount, Chain};
use serde_json::json;
use tests::agent::Agent;
use tests::stage::Stage;

use crate::payments::{BOB, transfer};

/// 0.1 ETH: more than NOTIFY's 0.05, within DELAY's 0.25.
const TO_BE_DELAYED: &str = "100000000000000000";
/// 1 ETH.
const TO_BE_APPROVED: &str = "1000000000000000000";

fn cancel(agent: &Agent, id: &str) -> tests::http::Answer {
    agent.http().post(&format!("/v1/transactions/{id}/cancel"), &json!({}))
}

#[test]
fn a_delayed_payment_waits_and_can_be_cancelled_once() {
    let stage = Stage::start();
    let wallet = stage.funded_wallet(Chain::Evm);
    let agent = stage.agent(&[&wallet]);
    let id = agent.send(&transfer(Chain::Evm, TO_BE_DELAYED));
    let queued = agent.wait_for(&id, "QUEUED");
    assert_eq!(queued["tier"], "DELAY");
    let pending = agent.http().get("/v1/transactions/pending").expect(200);
    assert_eq!(pending["items"][0]["id"], id.as_str());
    assert_eq!(cancel(&agent, &id).expect(200)["status"], "CANCELLED");
    let again = cancel(&agent, &id);
    assert_eq!((again.status, again.code().as_str()), (409, "TX_ALREADY_PROCESSED"));
    let pending = agent.http().get("/v1/transactions/pending").expect(200);
    assert_eq!(pending["items"], json!([]));
    assert_eq!(stage.evm.balance(BOB), Amount::ZERO);
}

#[test]
fn what_needs_an_owner_waits_over_a_restart_and_never_goes_by_itself() {
    let mut stage = Stage::start();
    let wallet = stage.funded_wallet(Chain::Evm);
    let agent = stage.agent(&[&wallet]);
    let id = agent.send(&transfer(Chain::Evm, TO_BE_APPROVED));
    assert_eq!(agent.wait_for(&id, "QUEUED")["tier"], "APPROVAL");
    stage.gatewayd.process().kill();
    stage.gatewayd.start_again(&stage.place);
    let small = agent.send(&transfer(Chain::Evm, "1"));
    agent.wait_for(&small, "CONFIRMED");
    assert_eq!(agent.transaction(&id)["status"], "QUEUED");
    assert_eq!(stage.evm.balance(BOB), Amount::from(1_u64));
}

#[test]
fn a_tier_is_chosen_by_the_line_that_the_amount_is_under() {
    let stage = Stage::start();
    let wallet = stage.funded_wallet(Chain::Evm);
    let agent = stage.agent(&[&wallet]);
    for (amount, tier) in [
        ("5000000000000000", "INSTANT"),
        ("5000000000000001", "NOTIFY"),
        ("50000000000000000", "NOTIFY"),
        ("50000000000000001", "DELAY"),
        ("250000000000000000", "DELAY"),
        ("250000000000000001", "APPROVAL"),
    ] {
        let plan = agent.http().post("/v1/transactions/simulate", &transfer(Chain::Evm, amount));
        assert_eq!(plan.expect(200)["policy"]["tier"], tier, "{amount}: {plan}");
    }
}

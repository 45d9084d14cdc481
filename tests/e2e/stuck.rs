//! What waits at a node that makes no blocks: sped up, called off, and no number left out.

use primitives::{Amount, Chain};
use serde_json::{Value, json};
use tests::agent::Agent;
use tests::stage::{Stage, Wallet, World};
use tests::tool;

use crate::payments::{BOB, transfer};

/// A wallet and its agent, on a chain that makes no blocks by itself. Nothing is replaced unasked.
fn stage() -> (Stage, Wallet, Agent) {
    on_hold(Stage::start())
}

fn on_hold(stage: Stage) -> (Stage, Wallet, Agent) {
    let wallet = stage.funded_wallet(Chain::Evm);
    let agent = stage.agent(&[&wallet]);
    stage.evm.hold_blocks();
    (stage, wallet, agent)
}

/// The hash of what is `SUBMITTED` once it is another than `before`.
fn other_hash(agent: &Agent, id: &str, before: &Value) -> Value {
    let found = agent.wait_until(id, |found| found["txHash"] != *before);
    assert_eq!(found["status"], "SUBMITTED", "{found}");
    found["txHash"].clone()
}

#[test]
fn what_waits_is_sped_up_by_the_operator_and_paid_once_by_one_of_its_versions() {
    let (stage, wallet, agent) = stage();
    let id = agent.send(&transfer(Chain::Evm, "7"));
    let first = agent.wait_for(&id, "SUBMITTED")["txHash"].clone();
    tool::done(&stage.place, &["tx", "speed-up", &id]);
    let second = other_hash(&agent, &id, &first);
    assert!(stage.evm.waits(second.as_str().unwrap()), "the node has the dearer one");
    assert!(!stage.evm.waits(first.as_str().unwrap()), "in place of the first one");
    stage.evm.mine();
    stage.evm.make_blocks();
    let paid = agent.wait_for(&id, "CONFIRMED");
    assert_eq!(stage.evm.receipt(paid["txHash"].as_str().unwrap())["status"], "0x1", "{paid}");
    assert_eq!(stage.evm.balance(BOB), Amount::from(7_u64));
    assert_eq!(stage.nonce(&wallet), Amount::from(1_u64));
    let (code, said) = tool::refused(&stage.place, &["tx", "speed-up", &id]);
    assert!(code.is_some() && said.contains("CONFIRMED"), "{said}");
}

#[test]
fn what_waits_is_called_off_by_a_transfer_of_nothing_with_its_number() {
    let (stage, wallet, agent) = stage();
    let id = agent.send(&transfer(Chain::Evm, "7"));
    let first = agent.wait_for(&id, "SUBMITTED")["txHash"].clone();
    tool::done(&stage.place, &["tx", "cancel", &id]);
    tests::wait::until("another transaction with its number", || {
        (!stage.evm.waits(first.as_str().unwrap())).then_some(())
    });
    assert_eq!(agent.transaction(&id)["status"], "SUBMITTED", "the chain decides");
    stage.evm.mine();
    stage.evm.make_blocks();
    let off = agent.wait_for(&id, "CANCELLED");
    assert!(off["error"].as_str().unwrap().contains("called off"), "{off}");
    assert_eq!(stage.evm.balance(BOB), Amount::ZERO);
    assert_eq!(stage.nonce(&wallet), Amount::from(1_u64), "its number is used up");
    // What comes after it does not wait for it.
    agent.pay(&transfer(Chain::Evm, "5"));
    assert_eq!(stage.evm.balance(BOB), Amount::from(5_u64));
}

#[test]
fn a_number_that_was_given_to_nothing_is_used_up_and_what_waits_after_it_is_paid() {
    let world = World::start();
    let settings = format!("{}[transactions]\nreplace_after_seconds = 2\n", world.settings());
    let (mut stage, wallet, agent) = on_hold(Stage::start_in(world, &settings));
    stage.evm.make_blocks();
    agent.pay(&transfer(Chain::Evm, "1"));
    stage.gatewayd.process().kill();
    stage.place.change_database("UPDATE nonces SET next = next + 1");
    stage.gatewayd.start_again(&stage.place);
    let id = agent.send(&transfer(Chain::Evm, "7"));
    agent.wait_for(&id, "CONFIRMED");
    assert_eq!(stage.evm.balance(BOB), Amount::from(8_u64));
    assert_eq!(stage.nonce(&wallet), Amount::from(3_u64));
    let trail = stage.operator().get("/v1/audit-logs?event_type=NONCE_GAP_FOUND").expect(200);
    assert_eq!(trail["data"].as_array().map(Vec::len), Some(1), "{trail}");
    assert_eq!(trail["data"][0]["details"]["nonce"], json!(1), "{trail}");
}

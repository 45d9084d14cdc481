//! Clients repeat what they are not sure of: nobody is paid twice.

use primitives::{Amount, Chain};
use serde_json::Value;
use tests::agent::Agent;
use tests::http::Answer;
use tests::stage::Stage;

use crate::payments::{BOB, transfer};

fn send_with_key(agent: &Agent, key: &str, body: &Value) -> Answer {
    let body = body.to_string().into_bytes();
    agent.http().send("POST", "/v1/transactions/send", &[("idempotency-key", key)], body)
}

#[test]
fn the_same_key_is_the_same_payment_for_ever_and_another_body_is_refused() {
    let mut stage = Stage::start();
    let wallet = stage.funded_wallet(Chain::Evm);
    let agent = stage.agent(&[&wallet]);
    let body = transfer(Chain::Evm, "7");
    let first = send_with_key(&agent, "order-1", &body).expect(201);
    let id = first["id"].as_str().unwrap();
    agent.wait_for(id, "CONFIRMED");
    assert_eq!(send_with_key(&agent, "order-1", &body).json()["id"], id);
    stage.gatewayd.process().kill();
    stage.gatewayd.start_again(&stage.place);
    assert_eq!(send_with_key(&agent, "order-1", &body).json()["id"], id);

    let other = send_with_key(&agent, "order-1", &transfer(Chain::Evm, "8"));
    assert_eq!(other.code(), "IDEMPOTENCY_KEY_REUSED", "{other}");
    let second = send_with_key(&agent, "order-2", &body).expect(201);
    assert_ne!(second["id"], id);
    agent.wait_for(second["id"].as_str().unwrap(), "CONFIRMED");
    assert_eq!(stage.evm.balance(BOB), Amount::from(14_u64));
}

#[test]
fn a_repetition_without_a_key_is_the_same_payment_for_its_session_alone() {
    let stage = Stage::start();
    let wallet = stage.funded_wallet(Chain::Evm);
    let (one, other) = (stage.agent(&[&wallet]), stage.agent(&[&wallet]));
    let body = transfer(Chain::Evm, "7");
    let ids = [one.send(&body), one.send(&body), other.send(&body)];
    assert_eq!(ids[0], ids[1]);
    assert_ne!(ids[0], ids[2]);
    for id in &ids {
        one.wait_for(id, "CONFIRMED");
    }
    assert_eq!(stage.evm.balance(BOB), Amount::from(14_u64));
}

//! kill -9 in the middle of payments: each of them arrives once.

use std::time::Duration;

use primitives::{Address, Amount, Chain};
use tests::agent::Agent;
use tests::stage::{Stage, Wallet};

use crate::payments::{BOB, SOLANA_BOB, transfer};

/// How long after the request the gateway dies: before, in and after each step of the road.
const MOMENTS_MS: &[u64] = &[0, 3, 10, 20, 40, 80, 200, 600];

fn let_pass(time: Duration) {
    tests::wait::within(time, || None::<()>);
}

/// Sends a different amount each time and kills the gateway a moment later. The sum of all.
fn pay_and_crash(stage: &mut Stage, agent: &Agent, chain: Chain) -> Amount {
    let mut ids = Vec::new();
    let mut sum = Amount::ZERO;
    for (round, moment) in (1_u64..).zip(MOMENTS_MS) {
        let amount = Amount::from(1_000_000 + round);
        ids.push(agent.send(&transfer(chain, &amount.to_string())));
        sum = sum.checked_add(amount).unwrap();
        let_pass(Duration::from_millis(*moment));
        stage.gatewayd.process().kill();
        stage.gatewayd.start_again(&stage.place);
    }
    for id in &ids {
        agent.wait_for(id, "CONFIRMED");
    }
    sum
}

fn start(chain: Chain) -> (Stage, Agent, Wallet) {
    let stage = Stage::start();
    let wallet = stage.funded_wallet(chain);
    let agent = stage.agent(&[&wallet]);
    (stage, agent, wallet)
}

#[test]
fn on_an_evm_network_every_payment_arrives_once_and_no_nonce_is_left_out() {
    let (mut stage, agent, wallet) = start(Chain::Evm);
    let sum = pay_and_crash(&mut stage, &agent, Chain::Evm);
    assert_eq!(stage.evm.balance(BOB), sum);
    let Address::Evm(address) = wallet.address else { return };
    assert_eq!(stage.evm.nonce(address).to_string(), MOMENTS_MS.len().to_string());
}

#[test]
fn on_solana_every_payment_arrives_once() {
    let (mut stage, agent, _wallet) = start(Chain::Solana);
    let sum = pay_and_crash(&mut stage, &agent, Chain::Solana);
    assert_eq!(stage.solana.balance(SOLANA_BOB), sum);
}

#[test]
fn a_gateway_that_is_asked_to_end_ends_in_time_and_says_so() {
    let (mut stage, agent, _wallet) = start(Chain::Evm);
    let id = agent.send(&transfer(Chain::Evm, "5"));
    assert!(stage.gatewayd.process().stop().success());
    assert!(stage.signerd.process().stop().success());
    stage.signerd.start_again(&stage.place);
    tests::daemons::unlock(&stage.place);
    stage.gatewayd.start_again(&stage.place);
    agent.wait_for(&id, "CONFIRMED");
    assert_eq!(stage.evm.balance(BOB), Amount::from(5_u64));
}

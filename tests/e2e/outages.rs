//! What the gateway depends on is locked, missing, down or lying: an honest status, nothing lost,
//! nothing twice.

use primitives::{Amount, Chain};
use protocol::{Reply, Request};
use tests::daemons::{operator, unlock};
use tests::evm::Evm;
use tests::stage::{Stage, World};
use tests::wait;

use crate::payments::{BOB, transfer};

/// A port of this machine where nobody listens.
const NOBODY: &str = "http://127.0.0.1:9";

fn settings(evm: &[&str], world: &World) -> String {
    let solana = world.solana.node.url();
    format!("[rpc]\nevm_ethereum_mainnet = {evm:?}\nsolana_mainnet = \"{solana}\"\n")
}

/// The transaction's `error` once it says something.
fn complaint(agent: &tests::agent::Agent, id: &str) -> String {
    wait::until("a reason", || agent.transaction(id)["error"].as_str().map(str::to_owned))
}

#[test]
fn a_locked_signer_keeps_payments_waiting_until_it_is_unlocked() {
    let stage = Stage::start();
    let wallet = stage.funded_wallet(Chain::Evm);
    let agent = stage.agent(&[&wallet]);
    assert_eq!(operator(&stage.place).ask(Request::Lock), Reply::Done);
    let id = agent.send(&transfer(Chain::Evm, "5"));
    let why = complaint(&agent, &id);
    assert!(why.contains("lock"), "{why}");
    assert_eq!(stage.evm.balance(BOB), Amount::ZERO);
    unlock(&stage.place);
    agent.wait_for(&id, "CONFIRMED");
    assert_eq!(stage.evm.balance(BOB), Amount::from(5_u64));
}

#[test]
fn a_missing_signer_keeps_payments_waiting_until_it_is_there() {
    let mut stage = Stage::start();
    let wallet = stage.funded_wallet(Chain::Evm);
    let agent = stage.agent(&[&wallet]);
    stage.signerd.process().kill();
    let id = agent.send(&transfer(Chain::Evm, "5"));
    complaint(&agent, &id);
    assert_eq!(stage.stranger().get("/health").status, 200);
    stage.signerd.start_again(&stage.place);
    unlock(&stage.place);
    agent.wait_for(&id, "CONFIRMED");
    assert_eq!(stage.evm.balance(BOB), Amount::from(5_u64));
}

#[test]
fn an_endpoint_that_is_dead_or_lies_about_its_chain_is_passed_over() {
    let world = World::start();
    let liar = Evm::start(5);
    let endpoints = [NOBODY, &liar.node.url(), &world.evm.node.url()];
    let settings = settings(&endpoints, &world);
    let stage = Stage::start_in(world, &settings);
    let wallet = stage.funded_wallet(Chain::Evm);
    let agent = stage.agent(&[&wallet]);
    agent.pay(&transfer(Chain::Evm, "5"));
    assert_eq!(stage.evm.balance(BOB), Amount::from(5_u64));
    assert_eq!(liar.balance(BOB), Amount::ZERO);
}

#[test]
fn without_an_honest_endpoint_nothing_is_signed_and_reads_say_why() {
    let world = World::start();
    let liar = Evm::start(5);
    let settings = settings(&[&liar.node.url()], &world);
    let stage = Stage::start_in(world, &settings);
    let wallet = stage.funded_wallet(Chain::Evm);
    let agent = stage.agent(&[&wallet]);
    let balance = agent.http().get("/v1/wallet/balance?network=ethereum-mainnet");
    assert!(balance.status >= 500, "{balance}");
    balance.code();
    let before =
        operator(&stage.place).ask(Request::Exposure { wallet: wallet.id.parse().unwrap() });
    let answer = agent.try_send(&transfer(Chain::Evm, "5"));
    if answer.status == 201 {
        complaint(&agent, answer.json()["id"].as_str().unwrap());
    } else {
        assert!(answer.status >= 500, "{answer}");
    }
    let after =
        operator(&stage.place).ask(Request::Exposure { wallet: wallet.id.parse().unwrap() });
    assert_eq!(before, after);
}

#[test]
fn a_node_that_answers_nonsense_is_not_believed() {
    let world = World::start();
    // The Solana node speaks JSON-RPC, and knows no method of an EVM node.
    let settings = settings(&[&world.solana.node.url()], &world);
    let stage = Stage::start_in(world, &settings);
    let wallet = stage.funded_wallet(Chain::Evm);
    let agent = stage.agent(&[&wallet]);
    let balance = agent.http().get("/v1/wallet/balance?network=ethereum-mainnet");
    assert!(balance.status >= 500, "{balance}");
}

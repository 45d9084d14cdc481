//! A blockhash counts for a short time: what is not taken until then is over, and what was taken in
//! silence is not made again.

use nix::sys::signal::Signal;
use primitives::{Amount, Asset, Chain};
use tests::agent::Agent;
use tests::solana::Mood;
use tests::stage::{Stage, World};

use crate::payments::{SOLANA_BOB, transfer};

/// More slots than a blockhash counts for, and than it takes until nobody doubts it.
const LONG: u32 = 400;
/// 2 SOL: more than the guard lets go at once, within what it lets go after a wait.
const DELAYED: &str = "2000000000";

#[test]
fn what_no_node_takes_in_time_is_over_and_another_one_is_paid() {
    let stage = Stage::start();
    let wallet = stage.funded_wallet(Chain::Solana);
    let agent = stage.agent(&[&wallet]);
    let had = stage.balance(wallet.address, Asset::Native);
    stage.solana.feel(Mood::Refuses);
    let id = agent.send(&transfer(Chain::Solana, "50000000"));
    agent.wait_until(&id, |sent| sent["txHash"].is_string() && sent["error"].is_string());
    stage.solana.feel(Mood::Good);
    stage.solana.advance_slots(LONG);
    let over = agent.wait_for(&id, "FAILED");
    assert!(over["error"].as_str().unwrap().starts_with("BLOCKHASH_EXPIRED"), "{over}");
    assert_eq!(stage.balance(wallet.address, Asset::Native), had);
    agent.pay(&transfer(Chain::Solana, "50000001"));
    let paid = stage.balance(SOLANA_BOB.into(), Asset::Native);
    assert_eq!(paid, Amount::from(50_000_001_u64));
}

#[test]
fn what_a_node_took_in_silence_is_found_however_long_it_takes() {
    let stage = Stage::start();
    let wallet = stage.funded_wallet(Chain::Solana);
    let agent = stage.agent(&[&wallet]);
    stage.solana.feel(Mood::KeepsAndFails);
    let id = agent.send(&transfer(Chain::Solana, "50000000"));
    agent.wait_until(&id, |sent| sent["txHash"].is_string());
    stage.solana.advance_slots(LONG);
    agent.wait_for(&id, "CONFIRMED");
    let paid = stage.balance(SOLANA_BOB.into(), Asset::Native);
    assert_eq!(paid, Amount::from(50_000_000_u64));
}

/// Has the gateway die while the signer is asked, and start again when the blockhash is over. The
/// signer signs what it was asked for, and nobody hears of it.
fn outlive_the_draft(stage: &mut Stage, agent: &Agent, id: &str) {
    agent.wait_until(id, |sent| sent["status"] == "EXECUTING");
    stage.gatewayd.process().kill();
    stage.solana.advance_slots(LONG);
    stage.signerd.process().signal(Signal::SIGCONT);
    stage.gatewayd.start_again(&stage.place);
}

#[test]
fn what_was_not_signed_before_its_blockhash_was_over_is_made_anew_and_paid_once() {
    let mut stage = Stage::start();
    let wallet = stage.funded_wallet(Chain::Solana);
    let agent = stage.agent(&[&wallet]);
    stage.signerd.process().signal(Signal::SIGSTOP);
    let id = agent.send(&transfer(Chain::Solana, "50000000"));
    outlive_the_draft(&mut stage, &agent, &id);
    agent.wait_for(&id, "CONFIRMED");
    let paid = stage.balance(SOLANA_BOB.into(), Asset::Native);
    assert_eq!(paid, Amount::from(50_000_000_u64));
}

#[test]
fn what_has_waited_is_made_anew_too_and_paid_once() {
    let mut stage = Stage::start();
    let wallet = stage.funded_wallet(Chain::Solana);
    let agent = stage.agent(&[&wallet]);
    stage.trust_policies(&wallet);
    stage.set_delay(&wallet, 2);
    let id = agent.send(&transfer(Chain::Solana, DELAYED));
    agent.wait_for(&id, "QUEUED");
    stage.wait_until_announced(&wallet, 1);
    stage.signerd.process().signal(Signal::SIGSTOP);
    outlive_the_draft(&mut stage, &agent, &id);
    agent.wait_for(&id, "CONFIRMED");
    let paid = stage.balance(SOLANA_BOB.into(), Asset::Native);
    assert_eq!(paid, DELAYED.parse().unwrap());
}

#[test]
fn with_finalized_a_payment_is_confirmed_when_its_block_is_final() {
    let world = World::start();
    let settings = format!("{}[commitment]\nsolana_mainnet = \"finalized\"\n", world.settings());
    let stage = Stage::start_in(world, &settings);
    let wallet = stage.funded_wallet(Chain::Solana);
    let agent = stage.agent(&[&wallet]);
    let paid = agent.pay(&transfer(Chain::Solana, "50000000"));
    assert_eq!(stage.solana.commitment(paid["txHash"].as_str().unwrap()), "finalized");
}

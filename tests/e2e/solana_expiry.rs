//! A blockhash counts for a short time: what is not taken until then is over, and what was taken in
//! silence is not made again.

use primitives::{Amount, Asset, Chain};
use tests::solana::Mood;
use tests::stage::Stage;

use crate::payments::{SOLANA_BOB, transfer};

/// More slots than a blockhash counts for, and than it takes until nobody doubts it.
const LONG: u32 = 400;

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

//! Very many payments from one Solana wallet, many of them alike: each is made once.

use std::collections::BTreeSet;

use primitives::{Amount, Asset, Chain};
use tests::stage::Stage;

use crate::payments::{SOLANA_BOB, transfer};

/// How many.
const PAYMENTS: u64 = 500;
/// What the recipient has before, so that small payments can reach it.
const BEFORE: u64 = 1_000_000_000;

#[test]
fn very_many_payments_from_one_solana_wallet_are_each_made_once() {
    let stage = Stage::start();
    let wallet = stage.funded_wallet(Chain::Solana);
    stage.solana.fund(SOLANA_BOB, BEFORE);
    let agent = stage.agent(&[&wallet]);
    let amounts = (0..PAYMENTS).map(|place| place % 5 + 1);
    let send = |(amount, place): (u64, u64)| {
        // What is alike and asked for again within a moment would be taken for the same request.
        let key = format!("payment-{place}");
        let body = transfer(Chain::Solana, &amount.to_string()).to_string().into_bytes();
        let headers = [("idempotency-key", key.as_str())];
        let answer = agent.http().send("POST", "/v1/transactions/send", &headers, body);
        answer.expect(201)["id"].as_str().unwrap().to_owned()
    };
    let ids: Vec<_> = amounts.clone().zip(0..).map(send).collect();
    let mut hashes = BTreeSet::new();
    for id in &ids {
        let paid = agent.wait_for(id, "CONFIRMED");
        hashes.insert(paid["txHash"].as_str().unwrap().to_owned());
    }
    assert_eq!(hashes.len(), ids.len(), "two payments are one on the chain");
    let expected = amounts.sum::<u64>() + BEFORE;
    assert_eq!(stage.balance(SOLANA_BOB.into(), Asset::Native), Amount::from(expected));
}

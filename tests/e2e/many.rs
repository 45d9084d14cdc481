//! Many payments at once, of one wallet and of many: each is confirmed once, and no nonce is left out.

use std::thread;
use std::time::Duration;

use primitives::{Address, Amount, Chain};
use serde_json::Value;
use tests::agent::Agent;
use tests::stage::{Stage, Wallet};
use tests::wait;

use crate::payments::{BOB, transfer};

/// Connections of one agent that ask at the same time.
const AT_ONCE: usize = 8;

/// How long all of them may take.
const LONGEST: Duration = Duration::from_mins(15);

/// Whether `WAIAAS_MANY` asks for the whole number, which takes minutes.
#[expect(clippy::disallowed_methods, reason = "a long run is asked for by hand")]
fn is_long() -> bool {
    std::env::var_os("WAIAAS_MANY").is_some()
}

/// Asks for so many payments of 1, 2, 3 … wei, on several connections. What they add up to.
fn ask(agent: &Agent, payments: usize) -> Amount {
    thread::scope(|scope| {
        for first in 1..=AT_ONCE {
            scope.spawn(move || {
                for wei in (first..=payments).step_by(AT_ONCE) {
                    agent.send(&transfer(Chain::Evm, &wei.to_string()));
                }
            });
        }
    });
    Amount::from(u64::try_from(payments * (payments + 1) / 2).unwrap())
}

/// Waits until nothing of the agent is under way. Of very many only the newest are listed, so that
/// their number says nothing before the end.
fn settle(agent: &Agent) {
    let mut first = Value::Null;
    let over = wait::within(LONGEST, || {
        let pending = agent.http().get("/v1/transactions/pending").expect(200);
        first = pending["items"].get(0).cloned().unwrap_or_default();
        first.is_null().then_some(())
    });
    assert!(over.is_some(), "some stay as they are, such as {first}");
}

fn pay(wallets: usize, each: usize) {
    let stage = Stage::start();
    let made: Vec<(Wallet, Agent)> = (0..wallets)
        .map(|_wallet| {
            let wallet = stage.funded_wallet(Chain::Evm);
            let agent = stage.agent(&[&wallet]);
            (wallet, agent)
        })
        .collect();
    let sums: Vec<Amount> = thread::scope(|scope| {
        let askers: Vec<_> =
            made.iter().map(|(_wallet, agent)| scope.spawn(move || ask(agent, each))).collect();
        askers.into_iter().map(|asker| asker.join().unwrap()).collect()
    });
    for (wallet, agent) in &made {
        settle(agent);
        let Address::Evm(address) = wallet.address else { continue };
        assert_eq!(stage.evm.nonce(address).to_string(), each.to_string());
    }
    assert_eq!(stage.evm.balance(BOB), Amount::sum(sums).unwrap());
}

#[test]
fn parallel_payments_of_one_wallet_are_each_confirmed_once() {
    pay(1, if is_long() { 1_000 } else { 100 });
}

#[test]
fn payments_of_many_wallets_at_once_are_each_confirmed_once() {
    let (wallets, each) = if is_long() { (50, 100) } else { (5, 20) };
    pay(wallets, each);
}

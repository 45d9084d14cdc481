//! The running program, killed in the middle of its work again and again.

use std::collections::BTreeSet;

use primitives::{Chain, Environment};
use protocol::{Reply, Request};

use crate::harness::{Signer, passphrase};

/// Requests that are under way when the program is killed.
const PIPELINED: usize = 12;

#[test]
fn a_wallet_that_was_answered_survives_every_kill() {
    let mut signer = Signer::start();
    let mut control = signer.connect("control.sock");
    assert_eq!(control.ask(Request::InitVault { passphrase: passphrase() }), Reply::Done);
    let (chain, environment) = (Chain::Solana, Environment::Testnet);
    let mut answered = BTreeSet::new();
    for answers in 0..6 {
        for _request in 0..PIPELINED {
            control.send(Request::CreateKey { chain, environment, agent_id: None });
        }
        for _answer in 0..answers {
            let reply = control.receive();
            let Reply::Key(key) = reply else { panic!("{reply:?}") };
            answered.insert(key.wallet);
        }
        signer.kill_and_restart();
        control = signer.connect("control.sock");
        assert_eq!(control.ask(Request::Unlock { passphrase: passphrase() }), Reply::Done);
        let reply = control.ask(Request::ListKeys { after: None, limit: 1_000 });
        let Reply::Keys(keys) = reply else { panic!("{reply:?}") };
        let listed: BTreeSet<_> = keys.iter().map(|key| key.wallet).collect();
        assert!(listed.is_superset(&answered), "after {answers} answers");
    }
}

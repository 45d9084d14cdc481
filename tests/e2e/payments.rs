//! Coins and tokens on both chains, from a request to the recipient's balance.

use primitives::{Address, Amount, Asset, Chain, EvmAddress, SolanaAddress};
use serde_json::{Value, json};
use tests::stage::Stage;

/// Who is paid on an EVM network.
pub(crate) const BOB: EvmAddress = EvmAddress([0xb0; 20]);
/// Who is paid on Solana.
pub(crate) const SOLANA_BOB: SolanaAddress = SolanaAddress([0xb0; 32]);

/// A transfer of coins to Bob.
pub(crate) fn transfer(chain: Chain, amount: &str) -> Value {
    json!({ "type": "TRANSFER", "to": bob(chain), "amount": amount, "network": network(chain) })
}

fn token_transfer(chain: Chain, token: Address, amount: &str) -> Value {
    let mut body = transfer(chain, amount);
    body["type"] = json!("TOKEN_TRANSFER");
    body["token"] = json!({ "address": token });
    body
}

fn network(chain: Chain) -> &'static str {
    match chain {
        Chain::Evm => "ethereum-mainnet",
        Chain::Solana => "solana-mainnet",
    }
}

/// Bob on a kind of chain.
pub(crate) fn bob(chain: Chain) -> Address {
    match chain {
        Chain::Evm => BOB.into(),
        Chain::Solana => SOLANA_BOB.into(),
    }
}

#[test]
fn coins_and_tokens_arrive_on_both_chains_and_nothing_else_leaves_but_the_fee() {
    let stage = Stage::start();
    for (chain, coins) in [(Chain::Evm, "1000000000000000"), (Chain::Solana, "50000000")] {
        let wallet = stage.funded_wallet(chain);
        let agent = stage.agent(&[&wallet]);
        let had = stage.balance(wallet.address, Asset::Native);
        let paid = agent.pay(&transfer(chain, coins));
        assert_eq!(paid["tier"], "INSTANT", "{paid}");
        assert!(paid["txHash"].is_string(), "{paid}");
        let amount: Amount = coins.parse().unwrap();
        assert_eq!(stage.balance(bob(chain), Asset::Native), amount);
        let has = stage.balance(wallet.address, Asset::Native);
        let fee = had.checked_sub(has).and_then(|left| left.checked_sub(amount)).unwrap();
        assert!(fee < amount, "{fee}");

        let token = stage.give_token(&wallet);
        stage.allow_token(&wallet, token);
        agent.pay(&token_transfer(chain, token, "25000000"));
        let of_bob = stage.balance(bob(chain), Asset::Token(token));
        assert_eq!(of_bob, Amount::from(25_000_000_u64), "{chain}");
    }
    // Every signature stands in the journal, and the journal holds.
    tests::daemons::operator(&stage.place).read_journal().unwrap();
}

#[test]
fn many_payments_at_once_all_arrive() {
    let stage = Stage::start();
    let wallet = stage.funded_wallet(Chain::Evm);
    let agent = stage.agent(&[&wallet]);
    let ids: Vec<String> = (1..=20)
        .map(|amount: u64| agent.send(&transfer(Chain::Evm, &amount.to_string())))
        .collect();
    for id in &ids {
        agent.wait_for(id, "CONFIRMED");
    }
    assert_eq!(stage.evm.balance(BOB), Amount::from(210_u64));
    let Address::Evm(address) = wallet.address else { return };
    assert_eq!(stage.evm.nonce(address), Amount::from(20_u64));
}

#[test]
fn what_no_policy_and_no_guard_lets_through_stays() {
    let stage = Stage::start();
    let wallet = stage.funded_wallet(Chain::Evm);
    let token = stage.give_token(&wallet);
    let agent = stage.agent(&[&wallet]);

    let denied = agent.send(&token_transfer(Chain::Evm, token, "1"));
    let denied = agent.wait_for(&denied, "CANCELLED");
    assert!(denied["error"].as_str().unwrap().starts_with("POLICY_DENIED"), "{denied}");

    stage.allow_token(&wallet, token);
    let held = agent.send(&token_transfer(Chain::Evm, token, "100000001"));
    let held = agent.wait_until(&held, |held| held["tier"] == "APPROVAL");
    assert!(held["error"].as_str().unwrap().contains("NEEDS_OWNER"), "{held}");
    assert_eq!(held["status"], "QUEUED", "{held}");

    let Address::Evm(address) = wallet.address else { return };
    assert_eq!(stage.evm.nonce(address), Amount::ZERO);
    agent.pay(&token_transfer(Chain::Evm, token, "100000000"));
    assert_eq!(stage.evm.nonce(address), Amount::from(1_u64));
}

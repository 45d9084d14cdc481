//! What the signer asks for beyond the policies: its wait, which nobody gets round.

use primitives::{Amount, Asset, Chain};
use protocol::{AnnouncementId, Payload, RefusalCode, Request, Warrant};
use serde_json::json;
use tests::daemons::{hostile_gateway, unlock};
use tests::stage::{Stage, Wallet};
use txcodec::evm::{Kind, Transaction};

use crate::payments::{BOB, bob, transfer};

/// More than the default guard lets go at once, and not more than it lets go after its wait.
fn to_be_delayed(chain: Chain) -> &'static str {
    match chain {
        Chain::Evm => "100000000000000000",
        Chain::Solana => "3000000000",
    }
}

/// A wallet of whose payments the guard alone decides, with this wait in seconds.
fn wallet(stage: &Stage, chain: Chain, delay: u32) -> Wallet {
    let wallet = stage.funded_wallet(chain);
    stage.trust_policies(&wallet);
    stage.set_delay(&wallet, delay);
    wallet
}

/// A payment to Bob as the gateway would have it signed.
fn payment(wei: &str, nonce: u64) -> Payload {
    let transaction = Transaction {
        kind: Kind::DynamicFee {
            max_fee_per_gas: Amount::from(3_000_000_000_u64),
            max_priority_fee_per_gas: Amount::from(1_000_000_000_u64),
            access_list: Vec::new(),
        },
        chain_id: 1.try_into().unwrap(),
        nonce,
        gas_limit: 21_000,
        to: Some(BOB),
        value: wei.parse().unwrap(),
        data: Vec::new(),
    };
    Payload::Transaction(transaction.to_unsigned_bytes())
}

#[test]
fn what_the_signer_waits_for_arrives_after_its_wait_on_both_chains() {
    let stage = Stage::start();
    for chain in [Chain::Evm, Chain::Solana] {
        let wallet = wallet(&stage, chain, 2);
        let agent = stage.agent(&[&wallet]);
        let id = agent.send(&transfer(chain, to_be_delayed(chain)));
        let queued = agent.wait_until(&id, |found| found["tier"] == "DELAY");
        assert!(queued["error"].as_str().unwrap().contains("NEEDS_DELAY"), "{queued}");
        assert_eq!(stage.balance(bob(chain), Asset::Native), Amount::ZERO, "{chain}");
        let paid = agent.wait_for(&id, "CONFIRMED");
        assert_eq!(paid["tier"], "DELAY", "the stricter of both: {paid}");
        assert_eq!(stage.balance(bob(chain), Asset::Native).to_string(), to_be_delayed(chain));
        stage.wait_until_announced(&wallet, 0);
    }
}

#[test]
fn what_is_cancelled_in_its_wait_is_never_paid_and_never_signed() {
    let stage = Stage::start();
    // The policies delay it too, and for longer.
    let wallet = stage.funded_wallet(Chain::Evm);
    stage.set_delay(&wallet, 1);
    let agent = stage.agent(&[&wallet]);
    let amount = to_be_delayed(Chain::Evm);
    let id = agent.send(&transfer(Chain::Evm, amount));
    agent.wait_for(&id, "QUEUED");
    stage.wait_until_announced(&wallet, 1);
    let announced = stage.announced(&wallet)[0].id;
    let uuid: primitives::WalletId = id.parse().unwrap();
    assert_eq!(announced, AnnouncementId(uuid.to_bytes()), "its own id");

    let cancel = agent.http().post(&format!("/v1/transactions/{id}/cancel"), &json!({}));
    assert_eq!(cancel.expect(200)["status"], "CANCELLED");
    stage.wait_until_announced(&wallet, 0);
    let late = Request::Sign {
        wallet: wallet.id.parse().unwrap(),
        payload: payment(amount, 0),
        warrant: Warrant::Announced(announced),
    };
    let refused = hostile_gateway(&stage.place).signature(late);
    assert_eq!(refused, Err(RefusalCode::UnknownAnnouncement));
    assert_eq!((stage.evm.balance(BOB), stage.nonce(&wallet)), (Amount::ZERO, Amount::ZERO));
}

#[test]
fn a_wait_outlasts_a_kill_of_the_gateway_and_of_the_signer_and_is_paid_once() {
    let mut stage = Stage::start();
    let wallet = wallet(&stage, Chain::Evm, 3);
    let agent = stage.agent(&[&wallet]);
    let amount = to_be_delayed(Chain::Evm);
    let id = agent.send(&transfer(Chain::Evm, amount));
    agent.wait_until(&id, |found| found["tier"] == "DELAY");
    stage.wait_until_announced(&wallet, 1);
    stage.gatewayd.process().kill();
    stage.signerd.process().kill();
    stage.signerd.start_again(&stage.place);
    unlock(&stage.place);
    assert_eq!(stage.announced(&wallet).len(), 1, "it stands in the signer's journal");
    stage.gatewayd.start_again(&stage.place);
    agent.wait_for(&id, "CONFIRMED");
    assert_eq!(stage.evm.balance(BOB).to_string(), amount);
    assert_eq!(stage.nonce(&wallet), Amount::from(1_u64));
    stage.wait_until_announced(&wallet, 0);
}

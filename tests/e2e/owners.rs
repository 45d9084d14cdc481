//! Owners with real keys: named, locked in by what they sign, able to stop things, and given what a
//! wallet holds when it is given up.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use primitives::{Amount, Asset, BUILTIN, Chain, Environment};
use serde_json::{Value, json};
use tests::http::Answer;
use tests::owner::Owner;
use tests::stage::{Stage, Wallet, World};
use tests::wait;

use crate::payments::{bob, transfer};

/// Two nodes, and nobody who answers for the other networks of worth.
fn stage() -> Stage {
    let world = World::start();
    let others = BUILTIN.iter().filter(|network| {
        network.environment == Environment::Mainnet
            && !["ethereum-mainnet", "solana-mainnet"].contains(&network.name.as_ref())
    });
    let others = others.map(|network| format!("{} = \"http://127.0.0.1:1\"\n", network.rpc_key()));
    let settings = format!("{}{}", world.settings(), others.collect::<String>());
    Stage::start_in(world, &settings)
}

/// Names the owner of a wallet at the gateway.
fn name(stage: &Stage, wallet: &Wallet, owner: &Owner<'_>) -> Answer {
    let body = json!({ "owner_address": owner.address() });
    stage.operator().put(&format!("/v1/wallets/{}/owner", wallet.id), &body)
}

/// Names the owner and has them locked in.
fn lock_in(stage: &Stage, wallet: &Wallet, owner: &Owner<'_>) {
    let named = name(stage, wallet, owner).expect(200);
    assert_eq!(named["ownerState"], "GRACE", "{named}");
    let path = format!("/v1/wallets/{}/owner/verify", wallet.id);
    let as_owner = stage.as_owner(owner, "verify", &wallet.id);
    assert_eq!(as_owner.post(&path, &json!({})).expect(200)["ownerState"], "LOCKED");
    let again = as_owner.post(&path, &json!({}));
    assert_eq!((again.status, again.code()), (401, "INVALID_NONCE".to_owned()));
}

/// What goes to the owner of a wallet, once the owner has approved it where the guard asks.
fn approve(stage: &Stage, owner: &Owner<'_>, id: &str) {
    let path = format!("/v1/transactions/{id}/approval");
    let shown = wait::until("a question to the owner", || {
        let answer = stage.operator().get(&path);
        (answer.status == 200).then(|| answer.expect(200))
    });
    let text = shown["text"].as_str().unwrap();
    let approved = stage
        .stranger()
        .with_header("x-owner-address", &owner.address().to_string())
        .with_header("x-owner-message", &BASE64.encode(text))
        .with_header("x-owner-signature", &owner.sign(text))
        .post(&format!("/v1/transactions/{id}/approve"), &json!({}));
    assert!(approved.expect(200)["approvedAt"].is_number());
}

fn to_be_approved(chain: Chain) -> &'static str {
    match chain {
        Chain::Evm => "1000000000000000000",
        Chain::Solana => "10000000000",
    }
}

#[test]
fn an_owner_of_each_kind_is_locked_in_by_a_signature_and_refuses_a_payment() {
    let stage = stage();
    for chain in [Chain::Evm, Chain::Solana] {
        let wallet = stage.funded_wallet(chain);
        stage.trust_policies(&wallet);
        let (owner, other) = (Owner::new(chain, 1, &stage.evm), Owner::new(chain, 2, &stage.evm));
        lock_in(&stage, &wallet, &owner);
        stage.confirm_owner(&wallet, owner.address());
        let changed = name(&stage, &wallet, &other);
        assert_eq!((changed.status, changed.code()), (409, "OWNER_ALREADY_CONNECTED".to_owned()));
        let agent = stage.agent(&[&wallet]);
        let id = agent.send(&transfer(chain, to_be_approved(chain)));
        agent.wait_until(&id, |found| found["tier"] == "APPROVAL");
        let path = format!("/v1/transactions/{id}/reject");
        let stranger = stage.as_owner(&other, "reject", &id).post(&path, &json!({}));
        assert_eq!((stranger.status, stranger.code()), (403, "OWNER_ADDRESS_MISMATCH".to_owned()));
        let wrong = stage.as_owner(&owner, "cancel", &id).post(&path, &json!({}));
        assert_eq!((wrong.status, wrong.code()), (401, "INVALID_SIGNATURE".to_owned()));
        let rejected = stage.as_owner(&owner, "reject", &id).post(&path, &json!({})).expect(200);
        assert_eq!(rejected["status"], "CANCELLED");
        assert_eq!(stage.balance(bob(chain), Asset::Native), Amount::ZERO);
    }
}

#[test]
fn a_wallet_is_emptied_to_its_owner_by_what_the_owner_approves_then_given_up_and_purged() {
    let stage = stage();
    for chain in [Chain::Evm, Chain::Solana] {
        let wallet = stage.funded_wallet(chain);
        let path = |rest: &str| format!("/v1/wallets/{}{rest}", wallet.id);
        let early = stage.operator().post(&path("/withdraw"), &json!({}));
        assert_eq!((early.status, early.code()), (404, "NO_OWNER".to_owned()));
        let owner = Owner::new(chain, 3, &stage.evm);
        lock_in(&stage, &wallet, &owner);
        stage.confirm_owner(&wallet, owner.address());
        let held = stage.balance(wallet.address, Asset::Native);
        let before = stage.balance(owner.address(), Asset::Native);
        let withdrawn = stage.operator().post(&path("/withdraw"), &json!({})).expect(200);
        let result = paid(&withdrawn);
        assert_eq!(result["transactionStatus"], "QUEUED", "the guard asks: {withdrawn}");
        let id = result["transactionId"].as_str().unwrap();
        approve(&stage, &owner, id);
        wait::until("everything at the owner's", || {
            let came = stage.balance(owner.address(), Asset::Native).checked_sub(before)?;
            // Fees and rent are less than a hundredth.
            let most = held.checked_sub(held.checked_div(Amount::from(100_u64))?)?;
            (came > most).then_some(())
        });
        let again = stage.operator().delete(&path("/purge"));
        assert_eq!((again.status, again.code()), (409, "WALLET_NOT_TERMINATED".to_owned()));
        assert_eq!(stage.operator().delete(&path("")).expect(200)["status"], "TERMINATED");
        wait::until("the end of what is under way", || {
            (stage.operator().delete(&path("/purge")).status == 200).then_some(())
        });
        let wallets = stage.operator().get("/v1/wallets").expect(200);
        let left = wallets["items"].as_array().unwrap();
        assert!(left.iter().all(|found| found["id"] != wallet.id.as_str()), "{wallets}");
    }
}

/// The one payment that was ordered.
fn paid(withdrawn: &Value) -> &Value {
    let results = withdrawn["results"].as_array().unwrap();
    let mut paid = results.iter().filter(|result| result["status"] == "success");
    let (first, second) = (paid.next(), paid.next());
    assert!(first.is_some() && second.is_none(), "{withdrawn}");
    first.unwrap()
}

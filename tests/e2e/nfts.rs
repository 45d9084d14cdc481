//! Collectibles on an EVM chain, by both standards: given away and lent, each refused where it should be,
//! and its neighbour carried out.

use primitives::{Amount, Chain, EvmAddress};
use serde_json::{Value, json};
use tests::agent::Agent;
use tests::owner::{Form, Owner};
use tests::stage::{Stage, Wallet};
use tests::wait;

use crate::payments::BOB;

const NETWORK: &str = "ethereum-mainnet";

struct Scene {
    stage: Stage,
    wallet: Wallet,
    agent: Agent,
    of_wallet: EvmAddress,
}

impl Scene {
    fn start() -> Self {
        let stage = Stage::start();
        let wallet = stage.funded_wallet(Chain::Evm);
        let primitives::Address::Evm(of_wallet) = wallet.address else { panic!("an EVM wallet") };
        let agent = stage.agent(&[&wallet]);
        Self { stage, wallet, agent, of_wallet }
    }

    /// Why it is called off.
    #[track_caller]
    fn denied(&self, body: &Value) -> String {
        let ended = self.agent.wait_for(&self.agent.send(body), "CANCELLED");
        ended["error"].as_str().unwrap_or_default().to_owned()
    }

    /// Asks, and has the owner agree: the signer lets no collectible go without them.
    #[track_caller]
    fn with_owner(&self, owner: &Owner<'_>, body: &Value) -> Value {
        let id = self.agent.send(body);
        let path = format!("/v1/transactions/{id}/approval");
        let shown = wait::until("a question to the owner", || {
            let answer = self.agent.http().get(&path);
            (answer.status == 200).then(|| answer.expect(200))
        });
        let approve = format!("/v1/transactions/{id}/approve");
        self.stage.stranger().post(&approve, &owner.approve(&shown, Form::Text)).expect(200);
        self.agent.wait_for(&id, "CONFIRMED")
    }

    fn allow(&self, contract: EvmAddress) {
        let tokens = json!({ "tokens": [{ "address": contract }] });
        self.stage.set_policy(&self.wallet, "ALLOWED_TOKENS", &tokens);
    }
}

fn transfer(contract: EvmAddress, id: &str, standard: &str, amount: Option<&str>) -> Value {
    let mut body = json!({
        "type": "NFT_TRANSFER", "network": NETWORK, "to": BOB,
        "token": { "address": contract, "tokenId": id, "standard": standard },
    });
    if let Some(amount) = amount {
        body["amount"] = json!(amount);
    }
    body
}

fn approve(contract: EvmAddress, id: &str, standard: &str) -> Value {
    json!({
        "type": "APPROVE", "network": NETWORK, "spender": BOB,
        "token": { "address": contract },
        "nft": { "tokenId": id, "standard": standard },
    })
}

#[test]
fn one_of_a_kind_is_given_away_and_lent_as_the_policies_and_the_owner_say() {
    let scene = Scene::start();
    let owner = Owner::new(Chain::Evm, 1, &scene.stage.evm);
    scene.stage.confirm_owner(&scene.wallet, owner.address());
    let item = scene.stage.evm.deploy_item(scene.of_wallet, &[0, 7, 8]);
    let denied = scene.denied(&transfer(item, "7", "ERC-721", None));
    assert!(denied.contains("ALLOWED_TOKENS"), "{denied}");
    scene.allow(item);
    scene.with_owner(&owner, &transfer(item, "7", "ERC-721", None));
    assert_eq!(scene.stage.evm.owner_of(item, 7), BOB);
    assert_eq!(scene.stage.evm.owner_of(item, 8), scene.of_wallet);

    // Number 0 would be an allowance of nothing of a token, and the contract says that it has decimals.
    for id in ["0", "8"] {
        let denied = scene.denied(&approve(item, id, "ERC-721"));
        assert!(denied.contains("APPROVED_SPENDERS"), "{id}: {denied}");
    }
    let spenders = json!({ "spenders": [{ "address": BOB }] });
    scene.stage.set_policy(&scene.wallet, "APPROVED_SPENDERS", &spenders);
    scene.with_owner(&owner, &approve(item, "8", "ERC-721"));
    assert_eq!(scene.stage.evm.approved(item, 8), BOB);
    assert_eq!(scene.stage.evm.approved(item, 0), EvmAddress::ZERO);
}

#[test]
fn some_of_many_are_given_away_and_all_lent_as_the_policies_and_the_owner_say() {
    let scene = Scene::start();
    let owner = Owner::new(Chain::Evm, 1, &scene.stage.evm);
    scene.stage.confirm_owner(&scene.wallet, owner.address());
    let items = scene.stage.evm.deploy_items(scene.of_wallet, 3, 100);
    let denied = scene.denied(&transfer(items, "3", "ERC-1155", Some("40")));
    assert!(denied.contains("ALLOWED_TOKENS"), "{denied}");
    scene.allow(items);
    scene.with_owner(&owner, &transfer(items, "3", "ERC-1155", Some("40")));
    assert_eq!(scene.stage.evm.items_of(items, BOB, 3), Amount::from(40_u64));
    assert_eq!(scene.stage.evm.items_of(items, scene.of_wallet, 3), Amount::from(60_u64));

    let spenders = json!({ "spenders": [{ "address": BOB }] });
    scene.stage.set_policy(&scene.wallet, "APPROVED_SPENDERS", &spenders);
    let denied = scene.denied(&approve(items, "3", "ERC-1155"));
    assert!(denied.contains("APPROVE_AMOUNT_LIMIT"), "it is all of the contract: {denied}");
    let unlimited = json!({ "blockUnlimited": false });
    scene.stage.set_policy(&scene.wallet, "APPROVE_AMOUNT_LIMIT", &unlimited);
    scene.with_owner(&owner, &approve(items, "3", "ERC-1155"));
    assert!(scene.stage.evm.is_operator(items, scene.of_wallet, BOB));
}

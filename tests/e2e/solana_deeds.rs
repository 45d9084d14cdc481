//! What Solana carries out besides payments: programs that are called, delegates, collectibles, and
//! several of these at once. Each is refused where it should be, and its neighbour passes.

use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
use primitives::{Address, Amount, Asset, Chain, SolanaAddress};
use serde_json::{Value, json};
use tests::agent::Agent;
use tests::stage::{Stage, Wallet};

use crate::payments::{SOLANA_BOB, transfer};

const SYSTEM: SolanaAddress = SolanaAddress([0; 32]);
const MEMO: &str = "MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr";
/// What the recipient has before, so that small payments can reach it.
const BEFORE: u64 = 1_000_000_000;

struct Scene {
    stage: Stage,
    wallet: Wallet,
    agent: Agent,
}

impl Scene {
    fn start() -> Self {
        let stage = Stage::start();
        let wallet = stage.funded_wallet(Chain::Solana);
        stage.solana.fund(SOLANA_BOB, BEFORE);
        let agent = stage.agent(&[&wallet]);
        Self { stage, wallet, agent }
    }

    /// What Bob got of the native coin.
    fn paid(&self) -> u64 {
        let has = self.stage.balance(SOLANA_BOB.into(), Asset::Native);
        has.to_u64().unwrap() - BEFORE
    }

    fn tokens_of_bob(&self, token: Address) -> Amount {
        self.stage.balance(SOLANA_BOB.into(), Asset::Token(token))
    }

    /// Asks, and waits for the end; why it ended so.
    #[track_caller]
    fn ends(&self, body: &Value, status: &str) -> String {
        let ended = self.agent.wait_for(&self.agent.send(body), status);
        ended["error"].as_str().unwrap_or_default().to_owned()
    }

    /// The accounts of a payment.
    fn payment_accounts(&self) -> Value {
        json!([
            { "pubkey": self.wallet.address, "isSigner": true, "isWritable": true },
            { "pubkey": SOLANA_BOB, "isSigner": false, "isWritable": true },
        ])
    }
}

/// An instruction of the System program: a tag and a number.
fn system_data(tag: u32, number: u64) -> String {
    BASE64.encode([&tag.to_le_bytes()[..], &number.to_le_bytes()].concat())
}

fn call(data: &str, accounts: &Value) -> Value {
    json!({
        "type": "CONTRACT_CALL", "network": "solana-mainnet", "to": SYSTEM,
        "instructionData": data, "accounts": accounts,
    })
}

#[test]
fn instructions_are_carried_out_together_and_what_they_do_is_judged() {
    let scene = Scene::start();
    let pay = system_data(2, 7);
    let accounts = scene.payment_accounts();
    let mut body = call(&pay, &accounts);
    let memo = json!({ "programId": MEMO, "data": BASE64.encode("first"), "accounts": [] });
    let more = json!({ "programId": SYSTEM, "data": system_data(2, 5), "accounts": accounts });
    body["preInstructions"] = json!([memo]);
    body["postInstructions"] = json!([more]);
    let done = scene.agent.pay(&body);
    assert_eq!((&done["tier"], scene.paid()), (&json!("INSTANT"), 12), "{done}");

    // The payments of the instructions count like any others.
    let much =
        json!({ "programId": SYSTEM, "data": system_data(2, 200_000_000), "accounts": accounts });
    body["postInstructions"] = json!([much]);
    let watched = scene.agent.send(&body);
    scene
        .agent
        .wait_until(&watched, |found| found["tier"].as_str().is_some_and(|tier| tier != "INSTANT"));

    // What is not read is nobody's to allow: the account gets no data.
    let own = json!([{ "pubkey": scene.wallet.address, "isSigner": true, "isWritable": true }]);
    let denied = scene.ends(&call(&system_data(8, 0), &own), "CANCELLED");
    assert!(denied.contains("UNREADABLE"), "{denied}");

    // Nobody signs but the wallet.
    let mut signers = accounts.clone();
    signers[1]["isSigner"] = json!(true);
    let refused = scene.ends(&call(&pay, &signers), "FAILED");
    assert!(refused.contains("the wallet signs alone"), "{refused}");
}

#[test]
fn lookup_tables_are_looked_at_and_their_accounts_written_out() {
    let scene = Scene::start();
    let accounts = scene.payment_accounts();
    let mut body = call(&system_data(2, 7), &accounts);
    let table = scene.stage.solana.make_lookup_table(&[SOLANA_BOB]);
    body["addressLookupTableAddresses"] = json!([table]);
    scene.agent.pay(&body);
    assert_eq!(scene.paid(), 7);

    body["addressLookupTableAddresses"] = json!([table, SOLANA_BOB]);
    let refused = scene.agent.try_send(&body);
    assert_eq!(refused.status, 400, "{refused:?}");
    let refused: Value = serde_json::from_slice(&refused.body).unwrap();
    assert!(refused["message"].as_str().unwrap().contains("no address lookup table"), "{refused}");

    body["addressLookupTableAddresses"] = json!([table]);
    let many = (0..40_u8).map(|byte| {
        json!({ "pubkey": SolanaAddress([byte + 100; 32]), "isSigner": false, "isWritable": false })
    });
    let all = accounts.as_array().unwrap().iter().cloned().chain(many);
    body["accounts"] = all.collect();
    let refused = scene.ends(&body, "FAILED");
    assert!(refused.contains("1232 bytes"), "{refused}");
}

#[test]
fn a_delegate_may_take_what_the_policies_and_the_guard_allow() {
    let scene = Scene::start();
    let Scene { stage, wallet, .. } = &scene;
    let token = stage.give_token(wallet);
    let body = json!({
        "type": "APPROVE", "network": "solana-mainnet", "spender": SOLANA_BOB,
        "token": { "address": token }, "amount": "5000000",
    });
    let denied = scene.ends(&body, "CANCELLED");
    assert!(denied.contains("APPROVED_SPENDERS"), "{denied}");

    stage.allow_token(wallet, token);
    let spenders = json!({ "spenders": [{ "address": SOLANA_BOB, "maxAmount": "5000000" }] });
    stage.set_policy(wallet, "APPROVED_SPENDERS", &spenders);
    stage.set_policy(wallet, "APPROVE_TIER_OVERRIDE", &json!({ "tier": "INSTANT" }));
    scene.agent.pay(&body);
    let (Address::Solana(owner), Address::Solana(mint)) = (wallet.address, token) else { return };
    assert_eq!(stage.solana.delegated(mint, owner), Some((SOLANA_BOB, 5_000_000)));

    let mut more = body.clone();
    more["amount"] = json!("5000001");
    let denied = scene.ends(&more, "CANCELLED");
    assert!(denied.contains("APPROVED_SPENDERS"), "{denied}");
    assert_eq!(stage.solana.delegated(mint, owner), Some((SOLANA_BOB, 5_000_000)));
}

#[test]
fn a_collectible_goes_to_an_account_that_is_opened_for_it() {
    let scene = Scene::start();
    let Scene { stage, wallet, .. } = &scene;
    let Address::Solana(owner) = wallet.address else { return };
    let item = Address::from(stage.solana.make_item(owner));
    let body_to = |to: SolanaAddress, token: Address| {
        json!({
            "type": "NFT_TRANSFER", "network": "solana-mainnet", "to": to,
            "token": { "address": token, "tokenId": "0", "standard": "METAPLEX" },
        })
    };
    let body = |token| body_to(SOLANA_BOB, token);
    let denied = scene.ends(&body(item), "CANCELLED");
    assert!(denied.contains("ALLOWED_TOKENS"), "{denied}");
    stage.allow_token(wallet, item);
    scene.agent.pay(&body(item));
    assert_eq!(scene.tokens_of_bob(item), Amount::from(1_u64));

    // It is gone, and a token that is like money is no collectible.
    let refused = scene.ends(&body_to(SolanaAddress([0xb1; 32]), item), "FAILED");
    assert!(refused.contains("INSUFFICIENT_TOKEN_BALANCE"), "{refused}");
    let refused = scene.ends(&body(stage.give_token(wallet)), "FAILED");
    assert!(refused.contains("TOKEN_TRANSFER"), "{refused}");
}

#[test]
fn a_batch_is_one_transaction_that_happens_as_a_whole_or_not_at_all() {
    let scene = Scene::start();
    let Scene { stage, wallet, .. } = &scene;
    let token = stage.give_token(wallet);
    stage.allow_token(wallet, token);
    let coins = |amount: &str| json!({ "to": SOLANA_BOB, "amount": amount });
    let tokens =
        |amount: &str| json!({ "to": SOLANA_BOB, "amount": amount, "token": { "address": token } });
    let mut program = call(&system_data(2, 9), &scene.payment_accounts());
    for whole in ["type", "network"] {
        program.as_object_mut().unwrap().remove(whole);
    }
    let batch = |parts: &[Value]| json!({ "type": "BATCH", "network": "solana-mainnet", "instructions": parts });
    let parts = [coins("7"), tokens("1000000"), program, tokens("2000000")];
    let done = scene.agent.pay(&batch(&parts));
    assert!(done["txHash"].is_string(), "{done}");
    assert_eq!(scene.paid(), 16);
    assert_eq!(scene.tokens_of_bob(token), Amount::from(3_000_000_u64));

    // What is not there in sum is not begun with.
    let refused = scene.ends(&batch(&[coins("7"), tokens("2000000000")]), "FAILED");
    assert!(refused.contains("INSUFFICIENT_TOKEN_BALANCE"), "{refused}");
    assert_eq!(scene.paid(), 16);

    // Two payments that pass alone are one that does not.
    let half = "60000000";
    let alone = scene.agent.pay(&transfer(Chain::Solana, half));
    assert_eq!(alone["tier"], "INSTANT", "{alone}");
    let sum = scene.agent.send(&batch(&[coins(half), coins(half)]));
    scene
        .agent
        .wait_until(&sum, |found| found["tier"].as_str().is_some_and(|tier| tier != "INSTANT"));
}

//! What an EVM chain carries out besides payments: allowances, calls, new contracts, and several of
//! these one after another. Each is refused where it should be, and its neighbour passes.

use primitives::{Address, Amount, Asset, Chain, EvmAddress, encode_hex};
use serde_json::{Value, json};
use tests::agent::Agent;
use tests::daemons::change_guard;
use tests::stage::{Stage, Wallet};
use txcodec::evm::erc20;

use crate::payments::{BOB, transfer};

const NETWORK: &str = "ethereum-mainnet";

struct Scene {
    stage: Stage,
    wallet: Wallet,
    agent: Agent,
    token: EvmAddress,
}

impl Scene {
    /// With a guard that leaves it to the policies.
    fn start() -> Self {
        let stage = Stage::start();
        let wallet = stage.funded_wallet(Chain::Evm);
        let token = match stage.give_token(&wallet) {
            Address::Evm(token) => token,
            Address::Solana(_) => EvmAddress::ZERO,
        };
        change_guard(&stage.place, wallet.id.parse().unwrap(), |text| {
            let much = "{ per_transaction = \"1000000\", per_day = \"10000000\" }";
            format!(
                "{text}\n[network.\"eip155:1\".token.{token}]\nimmediate = {much}\n\
                 spenders = {{ {BOB} = \"1000000\" }}\n\
                 [network.\"eip155:1\".contract.{token}]\nselectors = \"any\"\n"
            )
        });
        let agent = stage.agent(&[&wallet]);
        Self { stage, wallet, agent, token }
    }

    fn tokens_of_bob(&self) -> Amount {
        self.stage.balance(BOB.into(), Asset::Token(self.token.into()))
    }

    /// Asks, and waits for the end; why it ended so.
    #[track_caller]
    fn ends(&self, body: &Value, status: &str) -> String {
        let ended = self.agent.wait_for(&self.agent.send(body), status);
        ended["error"].as_str().unwrap_or_default().to_owned()
    }

    fn allow_the_token(&self) {
        let tokens = json!({ "tokens": [{ "address": self.token }] });
        self.stage.set_policy(&self.wallet, "ALLOWED_TOKENS", &tokens);
        let asset = format!("eip155:1/erc20:{}", self.token);
        let lines = json!({ "instant_max": "10", "notify_max": "10", "delay_max": "10" });
        let limits = json!({ "token_limits": { asset: lines } });
        self.stage.set_policy(&self.wallet, "SPENDING_LIMIT", &limits);
    }

    fn call(&self, data: &[u8]) -> Value {
        json!({
            "type": "CONTRACT_CALL", "network": NETWORK, "to": self.token,
            "calldata": format!("0x{}", encode_hex(data)),
        })
    }
}

#[test]
fn a_call_is_judged_by_what_it_does() {
    let scene = Scene::start();
    let body = scene.call(&erc20::transfer(BOB, 7_u64.into()));
    let denied = scene.ends(&body, "CANCELLED");
    assert!(denied.contains("ALLOWED_TOKENS"), "a transfer in a call is a transfer: {denied}");
    scene.allow_the_token();
    scene.agent.pay(&body);
    assert_eq!(scene.tokens_of_bob(), 7_u64.into());
    let unknown = scene.ends(&scene.call(&[1, 2, 3, 4]), "FAILED");
    assert!(unknown.contains("revert"), "{unknown}");
    let nobody =
        json!({ "type": "CONTRACT_CALL", "network": NETWORK, "to": BOB, "calldata": "0x01020304" });
    let nobody = scene.ends(&nobody, "FAILED");
    assert!(nobody.contains("no code") || nobody.contains("no contract"), "{nobody}");
}

#[test]
fn an_allowance_is_for_whom_and_as_much_as_the_policies_say() {
    let scene = Scene::start();
    scene.allow_the_token();
    let body = |amount: &str| {
        json!({
            "type": "APPROVE", "network": NETWORK, "spender": BOB,
            "token": { "address": scene.token }, "amount": amount,
        })
    };
    let denied = scene.ends(&body("500"), "CANCELLED");
    assert!(denied.contains("APPROVED_SPENDERS"), "{denied}");
    let spenders = json!({ "spenders": [{ "address": BOB, "maxAmount": "500" }] });
    scene.stage.set_policy(&scene.wallet, "APPROVED_SPENDERS", &spenders);
    scene.stage.set_policy(&scene.wallet, "APPROVE_TIER_OVERRIDE", &json!({ "tier": "INSTANT" }));
    scene.agent.pay(&body("500"));
    let denied = scene.ends(&body("501"), "CANCELLED");
    assert!(denied.contains("APPROVED_SPENDERS"), "{denied}");
}

#[test]
fn a_batch_is_a_sequence_that_says_so_and_is_judged_whole() {
    let scene = Scene::start();
    let batch =
        |parts: &[Value]| json!({ "type": "BATCH", "network": NETWORK, "instructions": parts });
    let coins = json!({ "to": BOB, "amount": "1000" });
    let tokens = json!({ "to": BOB, "amount": "9", "token": { "address": scene.token } });
    let before = scene.stage.balance(BOB.into(), Asset::Native);
    let denied = scene.ends(&batch(&[coins.clone(), tokens.clone()]), "CANCELLED");
    assert!(denied.contains("ALLOWED_TOKENS"), "{denied}");
    assert_eq!(scene.stage.balance(BOB.into(), Asset::Native), before, "nothing of it was sent");

    scene.allow_the_token();
    let done = scene.agent.pay(&batch(&[coins.clone(), tokens.clone()]));
    assert_eq!((&done["atomic"], &done["type"]), (&json!(false), &json!("BATCH")), "{done}");
    assert_eq!(scene.tokens_of_bob(), 9_u64.into());
    let got = scene.stage.balance(BOB.into(), Asset::Native).checked_sub(before).unwrap();
    assert_eq!(got, 1_000_u64.into());
    let alone = scene.agent.pay(&transfer(Chain::Evm, "5"));
    assert_eq!(alone["atomic"], Value::Null);

    // The token's own contract refuses a payment of coins.
    let refused = json!({ "to": scene.token, "amount": "1" });
    let half =
        scene.agent.wait_for(&scene.agent.send(&batch(&[coins, refused])), "PARTIAL_FAILURE");
    assert!(half["error"].is_string(), "{half}");
}

#[test]
fn a_dry_run_of_a_batch_says_what_each_part_and_all_of_it_come_to() {
    let scene = Scene::start();
    let dry = |parts: &[Value]| {
        let body = json!({ "type": "BATCH", "network": NETWORK, "instructions": parts });
        scene.agent.http().post("/v1/transactions/simulate", &body).expect(200)
    };
    let coins = |amount: &str| json!({ "to": BOB, "amount": amount });
    let tokens = json!({ "to": BOB, "amount": "9", "token": { "address": scene.token } });
    let denied = dry(&[coins("1000"), tokens.clone()]);
    assert_eq!((&denied["success"], &denied["policy"]["allowed"]), (&json!(false), &json!(false)));
    assert_eq!(denied["parts"][0]["policy"]["allowed"], true, "{denied}");
    assert_eq!(denied["parts"][1]["policy"]["allowed"], false, "{denied}");

    scene.allow_the_token();
    let good = dry(&[coins("1000"), tokens]);
    assert_eq!(
        (&good["success"], &good["policy"]["allowed"]),
        (&json!(true), &json!(true)),
        "{good}"
    );
    assert_eq!(good["parts"][1]["type"], "TOKEN_TRANSFER", "{good}");
    let change = |asset: &str| {
        let changes = good["balanceChanges"].as_array().unwrap();
        changes.iter().find(|change| change["asset"] == asset).unwrap().clone()
    };
    assert_eq!(change(&scene.token.to_string())["changeAmount"], "-9");
    assert!(change("native")["changeAmount"].as_str().unwrap().len() > "-1000".len(), "fees too");

    // The wallet has 10 ETH: each goes through alone, and not the one after the other.
    let poor = dry(&[coins("6000000000000000000"), coins("6000000000000000000")]);
    assert_eq!((&poor["success"], &poor["simulation"]["success"]), (&json!(false), &json!(false)));
    let stored = scene.agent.http().get("/v1/transactions").expect(200);
    assert_eq!(stored["items"], json!([]), "a dry run keeps nothing");
}

#[test]
fn a_contract_is_made_where_the_policies_let_it_be() {
    let scene = Scene::start();
    // Returns one byte of code: STOP.
    let body = json!({
        "type": "CONTRACT_DEPLOY", "network": NETWORK, "bytecode": "0x600160005360016000f3",
    });
    let denied = scene.ends(&body, "CANCELLED");
    assert!(denied.contains("CONTRACT_WHITELIST"), "{denied}");
}

//! Policies of every type, each with something that it refuses and something that passes: the same
//! daemons, one wallet, and one policy more at a time.

use std::num::NonZeroU64;

use primitives::{Address, Amount, Chain, EvmAddress, encode_hex};
use serde_json::{Value, json};
use tests::agent::Agent;
use tests::daemons::change_guard;
use tests::stage::{Stage, Wallet};
use txcodec::evm::{Kind, Transaction, erc20};

use crate::payments::{BOB, transfer};

const ROUTER: EvmAddress = EvmAddress([0x0c; 20]);
const BUY: [u8; 4] = [1, 2, 3, 4];

/// What becomes of a payment.
#[derive(Clone, Copy, Debug)]
enum End {
    Paid,
    /// By this type of policy.
    Denied(&'static str),
    /// For the owner.
    Held,
}

struct Scene {
    stage: Stage,
    wallet: Wallet,
    agent: Agent,
    token: EvmAddress,
}

impl Scene {
    fn start() -> Self {
        let stage = Stage::start();
        let wallet = stage.funded_wallet(Chain::Evm);
        let token = match stage.give_token(&wallet) {
            Address::Evm(token) => token,
            Address::Solana(_) => EvmAddress::ZERO,
        };
        let agent = stage.agent(&[&wallet]);
        change_guard(&stage.place, wallet.id.parse().unwrap(), |text| {
            let immediate = "immediate = { per_transaction = \"100\", per_day = \"1000\" }";
            format!(
                "{text}\n[network.\"eip155:1\".token.{token}]\n{immediate}\n\
                 [network.\"eip155:1\".contract.{ROUTER}]\nselectors = \"any\"\n\
                 [network.\"eip155:1\".typed_data.{token}]\ntypes = \"any\"\n"
            )
        });
        Self { stage, wallet, agent, token }
    }

    /// Does something while policies are in force.
    fn under<T>(&self, policies: &[(&str, Value)], act: impl FnOnce() -> T) -> T {
        let operator = self.stage.operator();
        let write = |(kind, rules): &(&str, Value)| {
            let body = json!({ "walletId": self.wallet.id, "type": kind, "rules": rules });
            let written = operator.post("/v1/policies", &body).expect(201);
            format!("/v1/policies/{}", written["id"].as_str().unwrap())
        };
        let written: Vec<String> = policies.iter().map(write).collect();
        let done = act();
        for path in written {
            operator.delete(&path).expect(200);
        }
        done
    }

    /// Pays Bob, and says how it ended.
    fn pays(&self, wei: &str, end: End, why: &str) {
        let id = self.agent.send(&transfer(Chain::Evm, wei));
        match end {
            End::Paid => drop(self.agent.wait_for(&id, "CONFIRMED")),
            End::Denied(rule) => {
                let denied = self.agent.wait_for(&id, "CANCELLED");
                let error = denied["error"].as_str().unwrap();
                assert!(error.starts_with("POLICY_DENIED: "), "{why}: {denied}");
                assert!(error.contains(&format!("({rule})")), "{why}: {denied}");
            }
            End::Held => {
                let held = self.agent.wait_until(&id, |held| held["status"] == "QUEUED");
                assert_eq!(held["tier"], "APPROVAL", "{why}: {held}");
                let cancel = format!("/v1/transactions/{id}/cancel");
                self.agent.http().post(&cancel, &json!({})).expect(200);
            }
        }
    }

    /// Asks for the signature of a transaction: `Ok` with its tier, or the code of the refusal.
    fn signs(&self, to: EvmAddress, data: Vec<u8>) -> Result<String, String> {
        let transaction = Transaction {
            kind: Kind::Legacy { gas_price: 1_000_000_000_u64.into() },
            chain_id: NonZeroU64::MIN,
            nonce: 1_000,
            gas_limit: 60_000,
            to: Some(to),
            value: Amount::ZERO,
            data,
        };
        let unsigned = format!("0x{}", encode_hex(&transaction.to_unsigned_bytes()));
        let answer =
            self.agent.http().post("/v1/transactions/sign", &json!({ "transaction": unsigned }));
        if answer.status == 200 {
            Ok(answer.json()["policyResult"]["tier"].as_str().unwrap().to_owned())
        } else {
            Err(answer.code())
        }
    }
}

#[test]
fn payments_are_refused_and_let_pass_by_every_type_that_has_a_say() {
    let scene = Scene::start();
    let timestamp = scene.stage.stranger().get("/health").expect(200)["timestamp"].as_u64();
    // 1 January 1970 was a Thursday; 0 is Sunday.
    let another_day = (timestamp.unwrap() / 86_400 + 4 + 3) % 7;
    scene.pays("1", End::Paid, "before any policy");
    let bob = BOB.to_string();
    let other = ROUTER.to_string();
    #[rustfmt::skip]
    let rows = [
        ("WHITELIST", json!({ "allowed_addresses": [bob] }), End::Paid),
        ("WHITELIST", json!({ "allowed_addresses": [other] }), End::Denied("WHITELIST")),
        ("RECIPIENT_WHITELIST", json!({ "allowed_addresses": [other] }), End::Denied("WHITELIST")),
        ("TIME_RESTRICTION", json!({ "allowed_hours": { "start": 0, "end": 24 } }), End::Paid),
        ("TIME_WINDOW", json!({ "allowed_days": [another_day] }), End::Denied("TIME_RESTRICTION")),
        ("RATE_LIMIT", json!({ "max_requests": 100, "window_seconds": 3600 }), End::Paid),
        ("RATE_LIMIT", json!({ "max_requests": 1, "window_seconds": 3600 }), End::Denied("RATE_LIMIT")),
        ("DAILY_LIMIT", json!({ "max_transactions": 100 }), End::Paid),
        ("DAILY_LIMIT", json!({ "max_transactions": 1 }), End::Denied("DAILY_LIMIT")),
        ("ALLOWED_NETWORKS", json!({ "networks": [{ "network": "eip155:1" }] }), End::Paid),
        ("ALLOWED_NETWORKS", json!({ "networks": [{ "network": "base-mainnet" }] }), End::Denied("ALLOWED_NETWORKS")),
        ("ENVIRONMENT_TYPE", json!({ "environment": "mainnet" }), End::Paid),
        ("ENVIRONMENT_TYPE", json!({ "environment": "testnet" }), End::Denied("ENVIRONMENT_TYPE")),
        ("MAX_GAS", json!({ "max_gas_limit": 1_000_000 }), End::Paid),
        ("MAX_GAS", json!({ "max_gas_limit": 20_000 }), End::Denied("MAX_GAS")),
        ("MAX_GAS", json!({ "max_fee": "1" }), End::Denied("MAX_GAS")),
        ("SPENDING_LIMIT", json!({ "instant_max": "10000000000000000" }), End::Paid),
        ("AMOUNT_TIER", json!({ "instant_max": "4" }), End::Held),
        ("CUMULATIVE_USD_LIMIT", json!({ "daily_limit_usd": 0 }), End::Held),
        ("REPUTATION_THRESHOLD", json!({ "min_score": 50, "check_counterparty": false }), End::Paid),
        ("REPUTATION_THRESHOLD", json!({ "min_score": 50 }), End::Held),
        ("ALLOWED_TOKENS", json!({ "tokens": [{ "address": other }] }), End::Paid),
        ("VENUE_WHITELIST", json!({ "venues": [{ "id": "hyperliquid" }] }), End::Paid),
    ];
    // Each pays another amount: the same payment asked for twice is one.
    for (wei, (kind, rules, end)) in (5..).zip(rows) {
        let (wei, why) = (u64::to_string(&wei), format!("{kind} {rules}"));
        scene.under(&[(kind, rules)], || scene.pays(&wei, end, &why));
    }
    scene.pays("2", End::Paid, "after all policies are gone");
}

#[test]
fn calls_and_approvals_are_signed_by_the_policies_that_are_theirs() {
    let scene = Scene::start();
    let (token, router) = (scene.token.to_string(), ROUTER.to_string());
    let approve = |amount: Amount| (scene.token, erc20::approve(BOB, amount));
    let give = (scene.token, erc20::transfer(BOB, 5_u64.into()));
    let call = (ROUTER, BUY.to_vec());
    let lines = json!({ "instant_max": "1", "notify_max": "1", "delay_max": "1" });
    let lines = json!({ "token_limits": { format!("eip155:1/erc20:{token}"): lines } });
    let bob =
        |most: &str| json!({ "spenders": [{ "address": BOB.to_string(), "maxAmount": most }] });
    let contract = json!({ "contracts": [{ "address": router }] });
    let method = |selector: &str| json!({ "methods": [{ "contractAddress": router, "selectors": [selector] }] });
    let limit = |most: &str| json!({ "maxAmount": most });
    let tier = |tier: &str| json!({ "tier": tier });
    let five = approve(5_u64.into());
    let (spending, spenders) = (("SPENDING_LIMIT", lines), ("APPROVED_SPENDERS", bob("10")));
    let at_once = ("APPROVE_TIER_OVERRIDE", tier("INSTANT"));
    #[rustfmt::skip]
    let rows = [
        (&give, vec![], Err("TOKEN_NOT_ALLOWED")),
        (&give, vec![spending.clone(), ("ALLOWED_TOKENS", json!({ "tokens": [{ "address": token }] }))], Ok("INSTANT")),
        (&call, vec![], Err("CONTRACT_CALL_DISABLED")),
        (&call, vec![("CONTRACT_WHITELIST", json!({ "contracts": [{ "address": token }] }))], Err("CONTRACT_NOT_WHITELISTED")),
        (&call, vec![("CONTRACT_WHITELIST", contract.clone())], Ok("INSTANT")),
        (&call, vec![("CONTRACT_WHITELIST", contract.clone()), ("METHOD_WHITELIST", method("0x01020304"))], Ok("INSTANT")),
        (&call, vec![("CONTRACT_WHITELIST", contract), ("METHOD_WHITELIST", method("0x01020305"))], Err("METHOD_NOT_WHITELISTED")),
        (&five, vec![], Err("APPROVE_DISABLED")),
        (&five, vec![("APPROVED_SPENDERS", json!({ "spenders": [{ "address": router }] }))], Err("SPENDER_NOT_APPROVED")),
        (&five, vec![("APPROVED_SPENDERS", bob("4"))], Err("APPROVE_AMOUNT_EXCEEDED")),
        (&five, vec![spenders.clone(), ("APPROVE_AMOUNT_LIMIT", limit("4"))], Err("APPROVE_AMOUNT_EXCEEDED")),
        (&approve(Amount::MAX), vec![("APPROVED_SPENDERS", json!({ "spenders": [{ "address": BOB.to_string() }] }))], Err("UNLIMITED_APPROVE_BLOCKED")),
        (&five, vec![spenders.clone(), spending.clone()], Err("POLICY_DENIED")), // it would have to wait
        (&five, vec![spenders.clone(), spending.clone(), at_once.clone()], Ok("INSTANT")),
        (&five, vec![spenders, spending, ("APPROVE_TIER_OVERRIDE", tier("NOTIFY")), ("APPROVE_AMOUNT_LIMIT", limit("5"))], Ok("NOTIFY")),
    ];
    for ((to, data), policies, expected) in rows {
        let found = scene.under(&policies, || scene.signs(*to, data.clone()));
        assert_eq!(found.as_deref().map_err(String::as_str), expected, "{policies:?}");
    }
}

#[test]
fn a_permit_is_an_approval_and_unknown_typed_data_a_call() {
    let scene = Scene::start();
    let token = scene.token.to_string();
    let domain = json!([
        { "name": "name", "type": "string" }, { "name": "chainId", "type": "uint256" },
        { "name": "verifyingContract", "type": "address" },
    ]);
    let permit = json!({
        "types": { "EIP712Domain": domain, "Permit": [
            { "name": "owner", "type": "address" }, { "name": "spender", "type": "address" },
            { "name": "value", "type": "uint256" }, { "name": "nonce", "type": "uint256" },
            { "name": "deadline", "type": "uint256" },
        ] },
        "primaryType": "Permit",
        "domain": { "name": "Token", "chainId": 1, "verifyingContract": token },
        "message": { "owner": scene.wallet.address, "spender": BOB.to_string(), "value": "5",
                     "nonce": "0", "deadline": "99999999999" },
    });
    let vote = json!({
        "types": { "EIP712Domain": domain, "Vote": [{ "name": "choice", "type": "uint256" }] },
        "primaryType": "Vote",
        "domain": { "name": "Votes", "chainId": 1, "verifyingContract": token },
        "message": { "choice": "1" },
    });
    let code = |data: &Value| {
        let body = json!({ "typedData": data });
        scene.agent.http().post("/v1/transactions/sign-message", &body).code()
    };
    assert_eq!(code(&permit), "APPROVE_DISABLED");
    assert_eq!(code(&vote), "CONTRACT_CALL_DISABLED");
    let lines = json!({ "instant_max": "1", "notify_max": "1", "delay_max": "1" });
    let policies = [
        ("APPROVED_SPENDERS", json!({ "spenders": [{ "address": BOB.to_string() }] })),
        ("APPROVE_TIER_OVERRIDE", json!({ "tier": "INSTANT" })),
        ("SPENDING_LIMIT", json!({ "token_limits": { format!("eip155:1/erc20:{token}"): lines } })),
    ];
    let sign = |data: &Value| {
        let body = json!({ "typedData": data });
        scene.agent.http().post("/v1/transactions/sign-message", &body)
    };
    scene.under(&policies, || sign(&permit).expect(200));
    let votes = [("CONTRACT_WHITELIST", json!({ "contracts": [{ "address": token }] }))];
    scene.under(&votes, || sign(&vote).expect(200));
}

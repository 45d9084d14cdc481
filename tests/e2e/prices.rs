//! Lines in dollars and what balances are worth, with price services on this machine that come to
//! differ, and die.

use primitives::Chain;
use serde_json::{Value, json};
use tests::agent::Agent;
use tests::oracle::Oracle;
use tests::stage::{Stage, Wallet, World};

use crate::payments::transfer;

/// 0.004 ETH: 8 dollars of 2,000 dollars for one.
const EIGHT_DOLLARS: &str = "4000000000000000";
/// 0.01 ETH
const TWENTY_DOLLARS: &str = "10000000000000000";

/// A stage where Pyth and CoinGecko are what they seem, and a price is used for so many seconds.
struct Market {
    stage: Stage,
    pyth: Oracle,
    coingecko: Oracle,
}

impl Market {
    fn start(max_age_seconds: u64) -> Self {
        let world = World::start();
        let (pyth, coingecko) = (Oracle::start("2000"), Oracle::start("2000"));
        let settings = format!(
            "{}[prices]\nchainlink = false\npyth = true\npyth_url = \"{}\"\ncoingecko = true\n\
             coingecko_url = \"{}/api/v3\"\nmax_age_seconds = {max_age_seconds}\n\
             refresh_seconds = 1\n",
            world.settings(),
            pyth.url(),
            coingecko.url()
        );
        Self { stage: Stage::start_in(world, &settings), pyth, coingecko }
    }

    /// A wallet with lines of 10, 100 and 500 dollars, and an agent for it.
    fn wallet(&self) -> (Wallet, Agent) {
        let wallet = self.stage.funded_wallet(Chain::Evm);
        let plenty = json!({ "instant_max": "9", "notify_max": "9", "delay_max": "9" });
        let lines = json!({
            "instant_max_usd": 10,
            "notify_max_usd": 100,
            "delay_max_usd": 500,
            "token_limits": { "native": plenty },
        });
        self.stage.set_policy(&wallet, "SPENDING_LIMIT", &lines);
        let agent = self.stage.agent(&[&wallet]);
        (wallet, agent)
    }

    /// What is known of ether.
    fn ether(&self) -> Value {
        let path = "/v1/admin/prices?network=ethereum-mainnet&asset=native";
        self.stage.operator().get(path).expect(200)
    }
}

fn simulate(agent: &Agent, amount: &str) -> Value {
    let body = transfer(Chain::Evm, amount);
    agent.http().post("/v1/transactions/simulate", &body).expect(200)
}

#[test]
fn a_payment_is_judged_by_its_worth_and_by_the_strictest_line_once_nobody_knows_it() {
    let market = Market::start(1);
    let (_wallet, agent) = market.wallet();
    assert_eq!(market.ether()["price"].to_string(), "2000");
    let rows = [
        (EIGHT_DOLLARS, "INSTANT"),
        (TWENTY_DOLLARS, "NOTIFY"),
        ("100000000000000000", "DELAY"),
        ("300000000000000000", "APPROVAL"),
    ];
    for (amount, tier) in rows {
        let found = simulate(&agent, amount);
        assert_eq!(found["policy"]["tier"], tier, "{amount}: {found}");
    }
    let paid = agent.pay(&transfer(Chain::Evm, EIGHT_DOLLARS));
    assert_eq!(paid["tier"], "INSTANT", "{paid}");
    let shown = [&paid["displayAmount"], &paid["displayCurrency"]];
    assert_eq!(shown, ["8.00", "USD"], "{paid}");

    for oracle in [&market.pyth, &market.coingecko] {
        oracle.die();
    }
    let waits = tests::wait::until("a price that is too old", || {
        let found = simulate(&agent, EIGHT_DOLLARS);
        (found["policy"]["tier"] == "APPROVAL").then_some(found)
    });
    assert_eq!(waits["policy"]["allowed"], true, "{waits}");
    let id = agent.send(&transfer(Chain::Evm, "3999999999999999"));
    let queued = agent.wait_for(&id, "QUEUED");
    assert_eq!(queued["tier"], "APPROVAL", "{queued}");
    let unknown = market.ether();
    assert!(unknown["price"].is_null() && unknown["unknown"].is_string(), "{unknown}");
}

#[test]
fn sources_that_come_to_differ_are_not_believed() {
    let market = Market::start(300);
    let (_wallet, agent) = market.wallet();
    assert_eq!(simulate(&agent, EIGHT_DOLLARS)["policy"]["tier"], "INSTANT");
    market.coingecko.set("2.0");
    let found = tests::wait::until("the difference to be seen", || {
        let found = market.ether();
        found["price"].is_null().then_some(found)
    });
    assert_eq!(found["unknown"], "the sources are too far apart", "{found}");
    assert_eq!(simulate(&agent, EIGHT_DOLLARS)["policy"]["tier"], "APPROVAL");
    let status = market.stage.operator().get("/v1/admin/oracle-status").expect(200);
    assert_eq!(status["crossValidation"], json!({ "enabled": true, "threshold": 5 }));
    assert_eq!(status["sources"]["pyth"]["available"], true, "{status}");
}

#[test]
fn what_was_spent_in_a_day_counts_in_dollars() {
    let market = Market::start(300);
    let (wallet, agent) = market.wallet();
    let cap = json!({ "daily_limit_usd": 20 });
    market.stage.set_policy(&wallet, "CUMULATIVE_USD_LIMIT", &cap);
    let warned = || {
        let path = "/v1/audit-logs?event_type=CUMULATIVE_LIMIT_WARNING";
        market.stage.operator().get(path).expect(200)["data"].as_array().unwrap().clone()
    };
    agent.pay(&transfer(Chain::Evm, EIGHT_DOLLARS));
    assert_eq!(warned(), Vec::<Value>::new(), "two fifths");
    let second = agent.pay(&transfer(Chain::Evm, "4000000000000001"));
    let warnings = warned();
    let [warning] = warnings.as_slice() else { panic!("{warnings:?}") };
    assert_eq!([&warning["txId"], &warning["walletId"]], [&second["id"], &json!(wallet.id)]);
    assert_eq!((&warning["severity"], &warning["actor"]), (&json!("warning"), &json!("system")));
    let details = &warning["details"];
    assert_eq!((&details["type"], &details["limit"]), (&json!("daily"), &json!("20 USD")));
    let found = simulate(&agent, EIGHT_DOLLARS);
    assert_eq!(found["policy"]["tier"], "APPROVAL", "{found}");
    let found = simulate(&agent, "1000000000000000");
    assert_eq!(found["policy"]["tier"], "INSTANT", "{found}");
    let warning = &found["policy"]["cumulativeWarning"];
    assert_eq!([&warning["type"], &warning["limit"]], [&json!("daily"), &json!(20)], "{found}");
    assert!(found["fee"]["feeUsd"].is_number(), "{found}");
    agent.pay(&transfer(Chain::Evm, "1000000000000000"));
    assert_eq!(warned().len(), 1, "once for each time that it is passed");
}

#[test]
fn what_a_wallet_holds_is_shown_in_a_currency_and_says_so_where_nobody_knows_its_worth() {
    let market = Market::start(1);
    let (wallet, agent) = market.wallet();
    let token = market.stage.give_token(&wallet);
    let listed = json!({
        "network": "ethereum-mainnet", "address": token, "symbol": "TUSD", "name": "Test USD",
        "decimals": 6,
    });
    market.stage.operator().post("/v1/tokens", &listed).expect(201);
    let ask = |what: &str| agent.http().get(&format!("/v1/wallet/{what}network=ethereum-mainnet"));
    let balance = ask("balance?").expect(200);
    let shown = [&balance["displayBalance"], &balance["displayCurrency"]];
    assert_eq!(shown, ["20000.00", "USD"], "{balance}");
    let euros = ask("balance?display_currency=eur&").expect(200);
    let shown = [&euros["displayBalance"], &euros["displayCurrency"]];
    assert_eq!(shown, ["10.00", "EUR"], "{euros}");
    let refused = ask("balance?display_currency=XYZ&");
    assert_eq!((refused.status, refused.code().as_str()), (400, "VALIDATION_FAILED"));
    let assets = ask("assets?").expect(200);
    let [coin, tokens] = [&assets["assets"][0], &assets["assets"][1]];
    assert_eq!((&coin["usdValue"], &coin["displayValue"]), (&json!(20_000), &json!("20000.00")));
    assert_eq!(tokens["usdValue"], json!(2_000_000), "{assets}");
    let path = format!("/v1/admin/wallets/{}/balance", wallet.id);
    let on_ethereum = || {
        let all = market.stage.operator().get(&path).expect(200);
        let found = all["balances"].as_array().unwrap().iter();
        found.clone().find(|line| line["network"] == "ethereum-mainnet").unwrap().clone()
    };
    let seen = on_ethereum();
    let native = &seen["native"];
    assert_eq!((&native["usd"], &native["balanceFormatted"]), (&json!(20_000), &json!("10")));
    assert_eq!(seen["tokens"][0]["address"], json!(token), "{seen}");

    agent.pay(&transfer(Chain::Evm, EIGHT_DOLLARS));
    let of_wallet = format!("/v1/admin/wallets/{}/transactions", wallet.id);
    for path in ["/v1/admin/transactions", &of_wallet] {
        let list = market.stage.operator().get(path).expect(200);
        assert_eq!((&list["items"][0]["amountUsd"], &list["total"]), (&json!(8), &json!(1)));
    }

    for oracle in [&market.pyth, &market.coingecko] {
        oracle.die();
    }
    let unknown = tests::wait::until("a price that is too old", || {
        let found = ask("balance?").expect(200);
        found["displayBalance"].is_null().then_some(found)
    });
    assert!(unknown["worthUnknown"].is_string(), "{unknown}");
    assert!(unknown["displayCurrency"].is_null(), "{unknown}");
    let seen = on_ethereum();
    assert!(seen["native"]["usd"].is_null() && seen["native"]["worthUnknown"].is_string());
    let paid = market.stage.operator().get(&of_wallet).expect(200);
    assert_eq!(paid["items"][0]["amountUsd"], json!(8), "it is what it was then");
}

//! The examples of the types: each is read, says what it should, and stands in `docs/policies.md`.

use std::collections::BTreeMap;
use std::fmt::Write;

use primitives::{Address, EvmAddress};
use serde_json::Value;

use super::rules::{ALL, Mark};
use super::testing::{
    OTHER, TOKEN, action, approve, call, facts, gas, native, policy, said, token_out,
};
use super::*;

const DOCS: &str = include_str!("../../../docs/policies.md");
/// Lines of the document between which the types stand.
const BEGIN: &str = "<!-- the types: written by a test from the program's own list -->";
const END: &str = "<!-- end of the types -->";

/// Router and token of the examples.
const ROUTER: &str = "0x68b3465833fb72A70ecDF485E0e4C7bD8665Fc45";
const USDC: &str = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48";
const BOB: &str = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";

fn evm(text: &str) -> EvmAddress {
    match text.parse().unwrap() {
        Address::Evm(address) => address,
        Address::Solana(_) => panic!("{text}"),
    }
}

/// Something that a type is asked about.
struct Asked {
    decoded: Decoded,
    action: Option<Action>,
    destination: Option<Destination>,
    reputation: Option<Reputation>,
    passed: BTreeMap<u64, u64>,
    now: i64,
    worth: Option<UsdMicros>,
    environment: primitives::Environment,
}

/// Noon on Monday, on ethereum-mainnet; a coin worth a dollar.
fn asked(decoded: Decoded) -> Asked {
    Asked {
        decoded,
        action: None,
        destination: None,
        reputation: Some(Reputation::Unrated),
        passed: BTreeMap::new(),
        now: testing::NOON_ON_MONDAY,
        worth: Some(UsdMicros::new(1_000_000)),
        environment: primitives::Environment::Mainnet,
    }
}

fn acted(action: Action) -> Asked {
    Asked { action: Some(action), ..asked(native(1_u64.into())) }
}

fn counted(window: u64, passed: u64) -> Asked {
    Asked { passed: BTreeMap::from([(window, passed)]), ..asked(native(1_u64.into())) }
}

fn sent(purpose: Purpose, domain: &str) -> Asked {
    let (domain, signed_in_minute) = (domain.to_owned(), Some(0));
    let destination = Some(Destination { purpose, domain, signed_in_minute });
    Asked { destination, ..asked(native(1_u64.into())) }
}

/// Something that the example of a type lets pass with least care, and something that it does not.
fn pair(rule: &str) -> [Asked; 2] {
    let one = || native(1_u64.into());
    let called = |selector| call(Some(evm(ROUTER)), Amount::ZERO, selector);
    match rule {
        "ENVIRONMENT_TYPE" => {
            let environment = primitives::Environment::Testnet;
            [Asked { environment, ..asked(one()) }, asked(one())]
        }
        "ALLOWED_NETWORKS" => [asked(one()), asked(one())],
        "TIME_RESTRICTION" => {
            let night = Asked { now: testing::NOON_ON_MONDAY + 10 * 3600, ..asked(one()) };
            [asked(one()), night]
        }
        "RATE_LIMIT" => [counted(3600, 9), counted(3600, 10)],
        "DAILY_LIMIT" => [counted(86_400, 49), counted(86_400, 50)],
        "MAX_GAS" => [asked(gas(500_000, 10_000_000_000)), asked(gas(500_001, 1))],
        "WHITELIST" => [asked(call(Some(evm(BOB)), Amount::ZERO, vec![])), asked(one())],
        "ALLOWED_TOKENS" => [asked(token_out(evm(USDC))), asked(token_out(OTHER))],
        "CONTRACT_WHITELIST" => {
            [asked(called(vec![1; 4])), asked(call(Some(OTHER), Amount::ZERO, vec![1; 4]))]
        }
        "METHOD_WHITELIST" => {
            [asked(called(vec![0x5a, 0xe4, 0x01, 0xdc])), asked(called(vec![1; 4]))]
        }
        "APPROVED_SPENDERS" => {
            let spender = evm(ROUTER);
            [1_000_000_u64, 1_000_001].map(|amount| asked(approve(spender, amount.into())))
        }
        "APPROVE_AMOUNT_LIMIT" => {
            [asked(approve(OTHER, 1_000_000_000_u64.into())), asked(approve(OTHER, Amount::MAX))]
        }
        "APPROVE_TIER_OVERRIDE" => [asked(one()), asked(approve(OTHER, 1_u64.into()))],
        "SPENDING_LIMIT" => [10_000_000_000_000_000_u64, 10_000_000_000_000_001]
            .map(|wei| asked(native(wei.into()))),
        other => pair_of_facts(other),
    }
}

/// The same for types that ask for more than the bytes.
fn pair_of_facts(rule: &str) -> [Asked; 2] {
    let one = || native(1_u64.into());
    let usd = |dollars: u64| Some(UsdMicros::new(dollars * 1_000_000));
    let lending = |ltv: &str| Action {
        ltv: ltv.parse().ok(),
        asset: Some(Address::Evm(evm(USDC))),
        ..action(Category::Lending)
    };
    let perp = |market: &str, leverage: &str, dollars| Action {
        market: Some(market.to_owned()),
        leverage: leverage.parse().ok(),
        position: usd(dollars),
        ..action(Category::Perp)
    };
    match rule {
        "X402_ALLOWED_DOMAINS" => {
            [sent(Purpose::Payment, "a.shop.example"), sent(Purpose::Payment, "shop.example")]
        }
        "ERC8128_ALLOWED_DOMAINS" => {
            let purpose = Purpose::Signature;
            [sent(purpose, "api.example.com"), sent(purpose, "example.com")]
        }
        "VENUE_WHITELIST" => ["hyperliquid", "elsewhere"]
            .map(|venue| acted(Action { venue: Some(venue.to_owned()), ..action(Category::Perp) })),
        "LENDING_ASSET_WHITELIST" => {
            let other = Action { asset: Some(Address::Evm(TOKEN)), ..lending("0.5") };
            [acted(lending("0.5")), acted(other)]
        }
        "LENDING_LTV_LIMIT" => [acted(lending("0.6")), acted(lending("0.76"))],
        "PERP_ALLOWED_MARKETS" => ["ETH-USD", "BTC-USD"].map(|market| acted(perp(market, "1", 1))),
        "PERP_MAX_LEVERAGE" => ["3", "6"].map(|leverage| acted(perp("ETH-USD", leverage, 1))),
        "PERP_MAX_POSITION_USD" => [5_000, 10_001].map(|usd| acted(perp("ETH-USD", "1", usd))),
        "ACTION_CATEGORY_LIMIT" => [100, 101].map(|dollars| {
            let spent_in_day = usd(0);
            acted(Action { worth: usd(dollars), spent_in_day, ..action(Category::Swap) })
        }),
        "REPUTATION_THRESHOLD" => {
            let score = Some(Reputation::Score("60".parse().unwrap()));
            [Asked { reputation: score, ..asked(one()) }, asked(one())]
        }
        "CUMULATIVE_USD_LIMIT" => {
            [500, 501].map(|dollars| Asked { worth: usd(dollars), ..asked(one()) })
        }
        other => panic!("{other} has no example here"),
    }
}

#[test]
fn every_example_lets_something_pass_and_not_something_else() {
    for rule in ALL {
        let rules: Value = serde_json::from_str(rule.example).unwrap();
        check(rule.name, &rules, testing::known).unwrap();
        let policies = [policy(rule.name, &rules)];
        let [passing, other] = pair(rule.name);
        let says = |asked: &Asked, elsewhere: bool| {
            let facts = Facts {
                network: (!elsewhere).then(testing::mainnet),
                environment: asked.environment,
                action: asked.action.as_ref(),
                destination: asked.destination.as_ref(),
                reputation: asked.reputation,
                passed: &asked.passed,
                now: crate::clock::UnixSeconds::new(asked.now),
                worth: asked.worth,
                ..facts(&policies)
            };
            said(rule.name, &asked.decoded, &facts)
        };
        let elsewhere = rule.name == "ENVIRONMENT_TYPE";
        assert_eq!(says(&passing, elsewhere), Ok(Tier::Instant), "{}", rule.name);
        let elsewhere = rule.name == "ALLOWED_NETWORKS";
        assert_ne!(says(&other, elsewhere), Ok(Tier::Instant), "{}", rule.name);
    }
}

#[test]
fn the_document_says_what_the_program_does() {
    let written = described();
    let (_before, rest) = DOCS.split_once(BEGIN).unwrap();
    let (found, _after) = rest.split_once(END).unwrap();
    assert!(found == written, "docs/policies.md: between the marks should stand\n{written}");
}

/// A table of all types, then each with its meaning and its example.
fn described() -> String {
    let mut text = "\n\n| type | other names | |\n|---|---|---|\n".to_owned();
    for rule in ALL {
        let aliases: Vec<_> = rule.aliases.iter().map(|alias| format!("`{alias}`")).collect();
        let (name, aliases, mark) = (rule.name, aliases.join(", "), mark(rule.mark));
        writeln!(text, "| `{name}` | {aliases} | {mark} |").unwrap();
    }
    for rule in ALL {
        let (name, meaning, example) = (rule.name, rule.meaning, rule.example);
        write!(text, "\n### `{name}`\n{meaning}.\n\n```json\n{example}\n```\n").unwrap();
    }
    text + "\n"
}

fn mark(mark: Mark) -> String {
    match mark {
        Mark::Hard(guard) => format!("hard: {guard}"),
        Mark::Soft => "soft".to_owned(),
    }
}

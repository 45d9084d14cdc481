//! Real HTTP to services on this machine that answer as the real ones do, late, badly or not at all.

use std::collections::BTreeMap;

use primitives::{Amount, Asset, EvmAddress, builtin_by_name};
use serde_json::json;

use super::assets::{ETH, SOL};
use super::testing::{Act, Service, abi_text, abi_words, coingecko, hermes};
use super::*;
use crate::chains::testing::{FakeNode, Reaction};
use crate::clock::{ClockSetter, UnixSeconds};
use crate::config::Transactions;
use crate::networks::Networks;

pub(super) const START: i64 = 1_800_000_000;

/// Pyth and CoinGecko, and who asks them.
pub(super) struct World {
    pub(super) pyth: Service,
    pub(super) coingecko: Service,
    pub(super) prices: Arc<Prices>,
    pub(super) setter: ClockSetter,
}

pub(super) fn pyth_says(price: &str, at: i64) -> Act {
    Act::Body(hermes(ETH, &format!("{price}00000000"), "1", -8, at))
}

pub(super) fn coingecko_says(price: &str, at: i64) -> Act {
    Act::Body(coingecko("ethereum", price, at))
}

fn settings(text: &str) -> config::Prices {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!("[prices]\nchainlink = false\n{text}")).unwrap();
    let file = config::ConfigFile::Named(file.path().to_owned());
    config::Settings::load(&file, &config::ProcessEnvironment::default()).unwrap().prices
}

impl World {
    pub(super) async fn new(more: &str) -> Self {
        let pyth = Service::start(pyth_says("2000", START)).await;
        let coingecko = Service::start(coingecko_says("2010.5", START)).await;
        let text = format!(
            "pyth = true\npyth_url = '{}/hermes'\npyth_api_key = 'of-pyth'\ncoingecko = true\n\
             coingecko_url = '{}/api/v3'\ncoingecko_api_key = 'of-coingecko'\n{more}",
            pyth.url(),
            coingecko.url()
        );
        let (clock, setter) = Clock::settable(UnixSeconds::new(START));
        let http = HttpClient::new();
        let chains = Chains::new(&Networks::builtin(), &Transactions::default(), &http, &clock);
        let prices = Arc::new(Prices::new(&settings(&text), &chains, &http, &clock));
        Self { pyth, coingecko, prices, setter }
    }

    pub(super) async fn ether(&self) -> Result<String, Unknown> {
        let found = self.prices.find(mainnet(), Asset::Native).await;
        found.price.map(|known| known.price.to_string())
    }
}

fn mainnet() -> &'static Network {
    builtin_by_name("ethereum-mainnet").unwrap()
}

fn said(finding: &Finding, source: SourceName) -> Result<Quote, Trouble> {
    let found = finding.said.iter().find(|(name, _said)| *name == source);
    found.unwrap().1.clone()
}

#[tokio::test]
async fn two_sources_that_agree_make_a_price_that_is_kept() {
    let world = World::new("").await;
    for _time in 0..3 {
        assert_eq!(world.ether().await.as_deref(), Ok("2010.5"));
    }
    assert_eq!((world.pyth.asked(), world.coingecko.asked()), (1, 1));
    let used = world.prices.cache_use();
    assert_eq!((used.hits, used.misses, used.stale_hits, used.size), (2, 1, 0, 1));
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert!(world.pyth.headers().contains(&header("authorization", "Bearer of-pyth")));
    assert!(world.coingecko.headers().contains(&header("x-cg-demo-api-key", "of-coingecko")));
}

#[tokio::test]
async fn a_hundred_who_ask_at_once_make_one_question() {
    let world = World::new("").await;
    let mut asking = tokio::task::JoinSet::new();
    for _one in 0..100 {
        let prices = Arc::clone(&world.prices);
        asking.spawn(async move { prices.find(mainnet(), Asset::Native).await.price.is_ok() });
    }
    assert!(asking.join_all().await.into_iter().all(|found| found));
    assert_eq!((world.pyth.asked(), world.coingecko.asked()), (1, 1));
}

#[tokio::test]
async fn whatever_a_bad_source_sends_is_no_price() {
    let huge = format!("{{\"parsed\":\"{}\"}}", "x".repeat(100_000));
    let garbage = Trouble::Garbage("not an update of Hermes");
    let rows = [
        (pyth_says("0", START), Trouble::Price(PriceError::NotPositive)),
        (pyth_says("-2000", START), Trouble::Price(PriceError::NotPositive)),
        (pyth_says("NaN", START), Trouble::Price(PriceError::NotANumber)),
        (Act::Body(hermes(ETH, "1", "0", 30, START)), Trouble::Price(PriceError::Absurd)),
        (Act::Body(hermes(ETH, "100", "3", 0, START)), Trouble::Uncertain),
        (
            Act::Body(hermes(&"1".repeat(64), "1", "0", 0, START)),
            Trouble::Garbage("the price of another feed"),
        ),
        (pyth_says("2000", START + 61), Trouble::Future),
        (pyth_says("2000", START - 301), Trouble::Stale),
        (Act::Body("<html><title>Just a moment...</title></html>".to_owned()), garbage.clone()),
        (Act::Body(String::new()), garbage.clone()),
        (Act::Body(huge), Trouble::Garbage("too long")),
        (Act::Status(500, "no".to_owned()), Trouble::Status(500)),
        (Act::Status(429, String::new()), Trouble::RateLimited),
        (Act::Status(401, String::new()), Trouble::Unauthorised),
        (Act::Truncated("{\"parsed\":".to_owned()), Trouble::Connection),
        (Act::Redirect("http://169.254.169.254/latest/meta-data".to_owned()), Trouble::Status(302)),
    ];
    for (act, expected) in rows {
        let world = World::new("sources_needed = 2").await;
        world.pyth.now(act);
        let found = world.prices.find(mainnet(), Asset::Native).await;
        assert_eq!(said(&found, SourceName::Pyth), Err(expected.clone()));
        assert!(said(&found, SourceName::CoinGecko).is_ok());
        assert_eq!(found.price, Err(Unknown::TooFewSources), "{expected}");
        // Where one is enough, the other one still is.
        let world = World::new("").await;
        world.pyth.now(Act::Status(500, String::new()));
        assert_eq!(world.ether().await.as_deref(), Ok("2010.5"));
    }
}

#[tokio::test]
async fn sources_that_are_too_far_apart_make_no_price() {
    for (coingecko, expected) in [
        ("2100", Ok("2100")),
        ("2100.01", Err(Unknown::Divergent)),
        ("0.002", Err(Unknown::Divergent)),
        ("2e9", Err(Unknown::Divergent)),
    ] {
        let world = World::new("").await;
        world.coingecko.now(coingecko_says(coingecko, START));
        assert_eq!(world.ether().await.as_deref(), expected.as_ref().copied());
    }
}

#[tokio::test]
async fn a_price_outlives_its_source_for_its_time_and_no_longer() {
    let world = World::new("").await;
    assert!(world.ether().await.is_ok());
    for service in [&world.pyth, &world.coingecko] {
        service.now(Act::Status(503, String::new()));
    }
    world.setter.set(UnixSeconds::new(START + 300));
    assert_eq!(world.ether().await.as_deref(), Ok("2010.5"));
    assert!(world.prices.cache_use().stale_hits > 0);
    assert!(!world.prices.is_available(SourceName::Pyth));
    world.setter.set(UnixSeconds::new(START + 301));
    assert_eq!(world.ether().await, Err(Unknown::TooFewSources));
    let now = START + 400;
    world.setter.set(UnixSeconds::new(now));
    assert_eq!(world.ether().await, Err(Unknown::TooFewSources));
    world.pyth.now(pyth_says("1999", now + 100));
    world.setter.set(UnixSeconds::new(now + 100));
    assert_eq!(world.ether().await.as_deref(), Ok("1999"), "and it comes back");
    assert!(world.prices.is_available(SourceName::Pyth));
}

#[tokio::test]
async fn a_price_from_before_the_clock_was_set_back_is_asked_for_anew() {
    for (back, asked, expected) in [(0, 1, "2010.5"), (60, 1, "2010.5"), (61, 2, "1999")] {
        let world = World::new("").await;
        assert!(world.ether().await.is_ok());
        world.pyth.now(pyth_says("1999", START - 61));
        world.coingecko.now(coingecko_says("1998", START - 61));
        world.setter.set(UnixSeconds::new(START - back));
        assert_eq!((world.ether().await.as_deref(), world.pyth.asked()), (Ok(expected), asked));
    }
    let world = World::new("").await;
    assert!(world.ether().await.is_ok());
    world.setter.set(UnixSeconds::new(START - 61));
    assert_eq!(world.ether().await, Err(Unknown::TooFewSources), "no source confirms it");
}

#[tokio::test]
async fn that_sources_come_to_differ_is_not_passed_over_for_an_older_price() {
    let world = World::new("").await;
    assert!(world.ether().await.is_ok());
    world.setter.set(UnixSeconds::new(START + 30));
    world.coingecko.now(coingecko_says("20", START + 30));
    assert_eq!(world.ether().await, Err(Unknown::Divergent));
}

#[tokio::test]
async fn a_source_that_fails_is_left_in_peace_longer_each_time() {
    let world = World::new("").await;
    world.pyth.now(Act::Status(429, String::new()));
    assert!(world.ether().await.is_ok());
    world.setter.set(UnixSeconds::new(START + 59));
    world.coingecko.now(coingecko_says("2000", START + 59));
    assert!(world.ether().await.is_ok());
    assert_eq!(world.pyth.asked(), 1, "too many requests: a minute of peace");
    world.setter.set(UnixSeconds::new(START + 120));
    assert!(world.ether().await.is_ok());
    assert_eq!(world.pyth.asked(), 2);
}

#[tokio::test]
async fn what_is_on_a_test_network_has_no_price_and_nobody_is_asked() {
    let world = World::new("").await;
    let sepolia = builtin_by_name("ethereum-sepolia").unwrap();
    let found = world.prices.find(sepolia, Asset::Native).await;
    assert_eq!(found.price, Err(Unknown::TestNetwork));
    assert_eq!(world.pyth.asked(), 0);
}

#[tokio::test]
async fn a_sum_has_a_worth_only_if_each_part_has_one() {
    let world = World::new("").await;
    let token = Asset::Token(EvmAddress([0xaa; 20]).into());
    let ether = (Asset::Native, Amount::from_units("0.5", 18).unwrap());
    let decimals = BTreeMap::from([(token, 6)]);
    let worth = |amounts: Vec<(Asset, Amount)>| {
        let (world, decimals) = (&world, &decimals);
        async move {
            let amounts = amounts.into_iter().collect();
            world
                .prices
                .worth_of(&amounts, Some(mainnet()), decimals)
                .await
                .map(crate::policy::UsdMicros::get)
        }
    };
    assert_eq!(worth(vec![ether]).await, Some(1_005_250_000));
    assert_eq!(worth(vec![ether, (token, Amount::ZERO)]).await, Some(1_005_250_000));
    assert_eq!(worth(vec![ether, (token, Amount::from(1_u64))]).await, None, "no such token");
    assert_eq!(worth(vec![(Asset::Native, Amount::MAX)]).await, None, "more than can be counted");
    assert_eq!(worth(vec![]).await, Some(0));
}

#[tokio::test]
async fn each_of_what_is_held_has_a_worth_of_its_own_or_none() {
    let world = World::new("").await;
    let token = |number: u8| Asset::Token(EvmAddress([number; 20]).into());
    let ether = (Asset::Native, Amount::from_units("0.5", 18).unwrap(), 18);
    let held = [(token(1), 1_u64.into(), 6), ether, (Asset::Native, Amount::MAX, 18)];
    let found = world.prices.worth_of_each(mainnet(), &held).await;
    let half = Ok(crate::policy::UsdMicros::new(1_005_250_000));
    assert_eq!(found, [Err(Unknown::TooFewSources), half, Err(Unknown::Uncounted)]);
    let many: Vec<_> = (1..30).map(|number| (token(number), 1_u64.into(), 6)).collect();
    let found = world.prices.worth_of_each(mainnet(), &[many, vec![ether]].concat()).await;
    assert_eq!(found.last(), Some(&half), "what is known by a name is asked first");
    assert_eq!(found.iter().filter(|one| **one == Err(Unknown::TooMany)).count(), 6);
    let sepolia = builtin_by_name("ethereum-sepolia").unwrap();
    let found = world.prices.worth_of_each(sepolia, &[ether]).await;
    assert_eq!(found, [Err(Unknown::TestNetwork)]);
}

#[tokio::test]
async fn what_nobody_has_heard_of_is_asked_once_an_hour_and_leaves_room_for_what_is_known() {
    let world = World::new("").await;
    world.coingecko.now(Act::Body("{}".to_owned()));
    let invented = |number: u8| Asset::Token(EvmAddress([number; 20]).into());
    let find = async |number| world.prices.find(mainnet(), invented(number)).await.price;
    assert_eq!(find(1).await, Err(Unknown::NotListed));
    let asked = world.coingecko.asked();
    world.setter.advance(std::time::Duration::from_secs(3_599));
    assert_eq!(find(1).await, Err(Unknown::NotListed));
    assert_eq!(world.coingecko.asked(), asked);
    world.setter.advance(std::time::Duration::from_secs(1));
    assert_eq!(find(1).await, Err(Unknown::NotListed));
    assert_eq!(world.coingecko.asked(), asked + 1);

    world.coingecko.now(Act::Silence);
    let mut asking = tokio::task::JoinSet::new();
    for number in 100..140 {
        let prices = Arc::clone(&world.prices);
        let token = invented(number);
        asking.spawn(async move { prices.find(mainnet(), token).await.price });
    }
    let late: Vec<_> = asking.join_all().await;
    assert!(late.iter().all(Result::is_err), "{late:?}");
    assert!(world.coingecko.asked() <= asked + 1 + 8, "{}", world.coingecko.asked());
}

#[tokio::test]
async fn whoever_errs_about_the_decimals_of_a_known_token_makes_it_no_price() {
    let world = World::new("").await;
    world.pyth.now(Act::Body(hermes(SOL, "15000000000", "1", -8, START)));
    world.coingecko.now(Act::Body(coingecko("solana", "150", START)));
    let solana = builtin_by_name("solana-mainnet").unwrap();
    let mint = Asset::Token("So11111111111111111111111111111111111111112".parse().unwrap());
    let amounts = BTreeMap::from([(mint, Amount::from(1_000_000_000_u64))]);
    for (said, expected) in [
        (None, Some(150_000_000)),
        (Some(9), Some(150_000_000)),
        (Some(36), None),
        (Some(8), None),
        (Some(10), None),
    ] {
        let decimals = said.map(|said| (mint, said)).into_iter().collect();
        let worth = world.prices.worth_of(&amounts, Some(solana), &decimals).await;
        assert_eq!(worth.map(crate::policy::UsdMicros::get), expected, "{said:?}");
    }
}

#[tokio::test]
async fn no_more_assets_are_kept_than_there_is_room_for() {
    let world = World::new("").await;
    world.coingecko.now(Act::Body("{}".to_owned()));
    for number in 0..600_u16 {
        let mut address = [0; 20];
        address[..2].copy_from_slice(&number.to_be_bytes());
        let token = Asset::Token(EvmAddress(address).into());
        let found = world.prices.find(mainnet(), token).await;
        assert_eq!(found.price, Err(Unknown::NotListed));
    }
    let used = world.prices.cache_use();
    assert_eq!((used.size, used.evictions), (512, 88));
}

#[tokio::test]
async fn who_never_answers_keeps_nobody_waiting() {
    let silent = Service::start(Act::Silence).await;
    let (clock, _setter) = Clock::settable(UnixSeconds::new(START));
    let base = silent.url().parse().unwrap();
    let pyth = Pyth { http: HttpClient::new(), base, key: None };
    let belief = Belief {
        sources_needed: 1,
        max_difference_percent: 5,
        max_age: std::time::Duration::from_mins(5),
    };
    let waits = (std::time::Duration::from_secs(30), std::time::Duration::from_millis(50));
    let oracle = Oracle::new(vec![Box::new(pyth)], belief, waits, clock);
    let question = || Question::of(mainnet(), Asset::Native).unwrap();
    let found = oracle.find(question()).await;
    assert_eq!(found.price, Err(Unknown::TooFewSources));
    assert_eq!(said(&found, SourceName::Pyth), Err(Trouble::Timeout));
    assert!(!oracle.is_available(SourceName::Pyth));
    oracle.find(question()).await;
    assert_eq!(silent.asked(), 1);
}

/// A node of Ethereum with Chainlink's feeds.
async fn feeds(pair: &'static str, answer: u128) -> FakeNode {
    let hex = |bytes: &[u8]| json!(format!("0x{}", primitives::encode_hex(bytes)));
    FakeNode::start(move |method, params| {
        let data = params[0]["data"].as_str().unwrap_or_default();
        let at = u128::try_from(START).unwrap();
        Reaction::Result(match (method, data) {
            ("eth_chainId", _) => json!("0x1"),
            (_, "0x7284e416") => hex(&abi_text(pair)),
            (_, "0x313ce567") => hex(&abi_words(&[8])),
            (_, "0xfeaf968c") => hex(&abi_words(&[7, answer, at, at, 7])),
            _ => json!("0x"),
        })
    })
    .await
}

fn by_feeds(node: &FakeNode) -> Prices {
    let (clock, _setter) = Clock::settable(UnixSeconds::new(START));
    let mut networks = Networks::builtin();
    assert_eq!(networks.set_endpoints("evm_ethereum_mainnet", vec![node.endpoint()]), Ok(true));
    let http = HttpClient::new();
    let chains = Chains::new(&networks, &Transactions::default(), &http, &clock);
    Prices::new(&config::Prices::default(), &chains, &http, &clock)
}

#[tokio::test]
async fn a_feed_is_read_through_the_node_of_its_network() {
    let prices = by_feeds(&feeds("ETH / USD", 244_809_306_508).await);
    let found = prices.find(mainnet(), Asset::Native).await;
    assert_eq!(found.price.unwrap().price.to_string(), "2448.09306508");
    let prices = by_feeds(&feeds("SOL / USD", 17_512_345_678).await);
    let solana = builtin_by_name("solana-mainnet").unwrap();
    let found = prices.find(solana, Asset::Native).await;
    assert_eq!(found.price.unwrap().price.to_string(), "175.12345678");
    let prices = by_feeds(&feeds("EUR / USD", 125_000_000).await);
    assert_eq!(prices.currency("EUR").await.unwrap().inverse().unwrap().rounded(4), "0.8");
    assert_eq!(prices.currency("USD").await, Some(Price::ONE));
    assert_eq!(prices.currency("XYZ").await, None);
}

#[tokio::test]
async fn a_contract_that_is_no_feed_of_the_pair_has_no_price_and_the_node_is_still_asked() {
    for pair in ["BTC / USD", ""] {
        let node = feeds(pair, 1).await;
        let found = by_feeds(&node).find(mainnet(), Asset::Native).await;
        let expected = Trouble::Garbage("the feed of another pair");
        assert_eq!(said(&found, SourceName::Chainlink), Err(expected));
        assert_eq!(found.price, Err(Unknown::TooFewSources));
    }
}

//! `/v1/admin/oracle-status`, `/v1/admin/forex/rates`, `/v1/admin/prices`.

use std::collections::BTreeMap;
use std::sync::Arc;

use api::{
    AssetPrice, CrossValidation, Decimal, ForexRate, ForexRates, OracleStatus, PriceCache,
    PriceSource, PriceSources, QuotedPrice,
};
use axum::extract::State;
use primitives::{Address, Asset, Network};
use serde::Deserialize;

use super::body::{Done, Query};
use super::problem::Problem;
use super::words::seconds;
use crate::app::App;
use crate::clock::UnixSeconds;
use crate::config;
use crate::prices::{Price, Said, SourceName, currencies};
use crate::session::Master;

/// Places of an exchange rate.
const RATE_PLACES: u8 = 6;

#[derive(Debug, Deserialize)]
pub(super) struct RatesQuery {
    currencies: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct PriceQuery {
    network: String,
    asset: Option<String>,
}

pub(super) async fn status(State(app): State<Arc<App>>, _master: Master) -> Done<OracleStatus> {
    let (used, settings) = (app.prices.cache_use(), &app.settings.prices);
    let source = |name, oracle: Option<&config::Oracle>, is_on| PriceSource {
        state: match (is_on, app.prices.is_available(name)) {
            (false, _) => "off",
            (true, false) => "resting",
            (true, true) => "ready",
        }
        .to_owned(),
        available: app.prices.is_available(name),
        base_url: oracle.map_or_else(String::new, |oracle| oracle.base.origin()),
        api_key_configured: oracle.is_some_and(|oracle| oracle.key.is_some()),
    };
    let (pyth, coingecko) = (settings.pyth.as_ref(), settings.coingecko.as_ref());
    Done(OracleStatus {
        cache: PriceCache {
            hits: used.hits,
            misses: used.misses,
            stale_hits: used.stale_hits,
            size: u64::try_from(used.size).unwrap_or(u64::MAX),
            evictions: used.evictions,
        },
        sources: PriceSources {
            chainlink: source(SourceName::Chainlink, None, settings.chainlink),
            pyth: source(SourceName::Pyth, pyth, pyth.is_some()),
            coingecko: source(SourceName::CoinGecko, coingecko, coingecko.is_some()),
        },
        cross_validation: CrossValidation {
            enabled: app.prices.sources() > 1,
            threshold: settings.max_difference_percent,
        },
    })
}

pub(super) async fn rates(
    State(app): State<Arc<App>>,
    _master: Master,
    Query(query): Query<RatesQuery>,
) -> Result<Done<ForexRates>, Problem> {
    let known: Vec<&str> = currencies().chain(["USD"]).collect();
    let asked: Vec<String> = match query.currencies.as_deref() {
        None | Some("") => known.iter().map(|&code| code.to_owned()).collect(),
        Some(codes) => codes.split(',').map(|code| code.trim().to_uppercase()).collect(),
    };
    if let Some(other) = asked.iter().find(|code| !known.contains(&code.as_str())) {
        let message = format!("currencies: {other} is none of {}", known.join(", "));
        return Err(Problem::invalid(message));
    }
    let mut rates = BTreeMap::new();
    for code in asked {
        let rate = app.prices.currency(&code).await.and_then(Price::inverse);
        let rate = rate.and_then(|rate| Decimal::new(&rate.rounded(RATE_PLACES)).ok());
        if let Some(rate) = rate {
            let preview = format!("1 USD = {rate} {code}");
            rates.insert(code, ForexRate { rate, preview });
        }
    }
    Ok(Done(ForexRates { rates }))
}

pub(super) async fn price(
    State(app): State<Arc<App>>,
    _master: Master,
    Query(query): Query<PriceQuery>,
) -> Result<Done<AssetPrice>, Problem> {
    let network = app
        .networks
        .find(&query.network)
        .ok_or_else(|| Problem::invalid(format!("unknown network {:?}", query.network)))?;
    let asset = asset(query.asset.as_deref(), network)?;
    let found = app.prices.find(network, asset).await;
    let now = app.clock.now();
    let price = found.price.as_ref().ok();
    Ok(Done(AssetPrice {
        network: network.name.to_string(),
        asset: match asset {
            Asset::Native => "native".to_owned(),
            Asset::Token(token) => token.to_string(),
        },
        price: price.and_then(|known| Decimal::new(&known.price.to_string()).ok()),
        unknown: found.price.as_ref().err().map(ToString::to_string),
        age_seconds: price.map(|known| now.since(known.observed_at).as_secs()),
        good_until: price.map(|known| seconds(known.good_until)),
        sources: found.said.iter().map(|said| quoted(said, now)).collect(),
    }))
}

/// `native`, an address, or a CAIP-19 identifier on that network.
fn asset(given: Option<&str>, network: &Network) -> Result<Asset, Problem> {
    let Some(given) = given.filter(|given| *given != "native") else { return Ok(Asset::Native) };
    let own = format!("{}/", network.chain_id);
    let reference = match given.strip_prefix(&own) {
        Some(asset) => asset.split_once(':').map_or("", |(_namespace, reference)| reference),
        None => given,
    };
    Address::parse_for(network.chain(), reference).map(Asset::Token).map_err(|error| {
        let message = format!("asset: native, or a token on {}: {error}", network.name);
        Problem::invalid(message)
    })
}

fn quoted((source, said): &Said, now: UnixSeconds) -> QuotedPrice {
    let quote = said.as_ref().ok();
    QuotedPrice {
        source: source.to_string(),
        price: quote.and_then(|quote| Decimal::new(&quote.price.to_string()).ok()),
        confidence: quote.and_then(|quote| Decimal::new(&quote.confidence()?).ok()),
        age_seconds: quote.map(|quote| now.since(quote.observed_at).as_secs()),
        problem: said.as_ref().err().map(ToString::to_string),
    }
}

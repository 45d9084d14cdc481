//! What things are worth: sources behind one trait, cross-checked, cached with age and confidence.
//!
//! A price that is unknown, old or in dispute is no price, and what has none counts as above every
//! line. Nothing is ever taken for worth nothing but what is on a test network.

mod assets;
mod chainlink;
mod coingecko;
mod currencies;
mod decimal;
mod display;
mod oracle;
mod pyth;
mod question;
mod source;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod verdict;
mod worth;

use std::sync::Arc;

use primitives::{Asset, Environment, Network};

pub use currencies::currencies;
pub use decimal::{Price, PriceError};
pub use oracle::{CacheUse, Finding};
pub use source::{Quote, SourceName, Trouble};
pub use verdict::{Known, Said, Unknown};
pub use worth::Worths;

use self::chainlink::Chainlink;
use self::coingecko::CoinGecko;
use self::oracle::{Oracle, SOURCE_WAIT};
use self::pyth::Pyth;
use self::question::Question;
use self::source::Source;
use self::verdict::Belief;
use crate::chains::Chains;
use crate::clock::Clock;
use crate::config;
use crate::net::HttpClient;

/// Decimals and symbol of a coin or token that is asked for by a name; `None` for all others.
pub fn listed(network: &Network, asset: Asset) -> Option<(u8, &'static str)> {
    let listed = Question::of(network, asset)?.listed?;
    Some((listed.decimals, listed.symbol))
}

/// Says what things are worth.
#[derive(Debug)]
pub struct Prices {
    oracle: Oracle,
    clock: Clock,
}

impl Prices {
    /// Asks nobody yet.
    pub fn new(
        settings: &config::Prices,
        chains: &Chains,
        http: &HttpClient,
        clock: &Clock,
    ) -> Self {
        let mut sources: Vec<Box<dyn Source>> = Vec::new();
        if settings.chainlink {
            sources.push(Box::new(Chainlink::new(chains)));
        }
        if let Some(config::Oracle { base, key }) = settings.pyth.clone() {
            sources.push(Box::new(Pyth { http: http.clone(), base, key }));
        }
        if let Some(config::Oracle { base, key }) = settings.coingecko.clone() {
            sources.push(Box::new(CoinGecko { http: http.clone(), base, key }));
        }
        let belief = Belief {
            sources_needed: settings.sources_needed,
            max_difference_percent: settings.max_difference_percent,
            max_age: settings.max_age,
        };
        let waits = (settings.refresh, SOURCE_WAIT);
        let oracle = Oracle::new(sources, belief, waits, clock.clone());
        Self { oracle, clock: clock.clone() }
    }

    /// What one unit of an asset is worth in dollars, as far as that is known within a few seconds.
    pub async fn find(&self, network: &Network, asset: Asset) -> Arc<Finding> {
        let unknown = |unknown| {
            let asked_at = self.clock.now();
            Arc::new(Finding { price: Err(unknown), said: Vec::new(), asked_at })
        };
        if network.environment == Environment::Testnet {
            return unknown(Unknown::TestNetwork);
        }
        match Question::of(network, asset) {
            Some(question) => self.oracle.find(question).await,
            None => unknown(Unknown::NotListed),
        }
    }

    /// What one unit of a currency is worth in dollars; `None` when that is not known.
    pub async fn currency(&self, code: &str) -> Option<Price> {
        if code == "USD" {
            return Some(Price::ONE);
        }
        let found = self.oracle.find(Question::of_currency(code)?).await;
        found.price.ok().map(|known| known.price)
    }

    /// How the cache was used since the start.
    pub fn cache_use(&self) -> CacheUse {
        self.oracle.cache_use()
    }

    /// Whether a source is switched on, and answers as far as is known.
    pub fn is_available(&self, source: SourceName) -> bool {
        self.oracle.sources().any(|on| on == source) && self.oracle.is_available(source)
    }

    /// How many sources are switched on.
    pub fn sources(&self) -> usize {
        self.oracle.sources().count()
    }
}

//! `[prices]`: who is asked what things are worth, and when that is believed.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;

use crate::net::{BaseUrl, EndpointError};

/// `[prices]`, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prices {
    /// Whether Chainlink's feeds are read, through the endpoints in `[rpc]`.
    pub chainlink: bool,
    /// Pyth's Hermes, if it is asked.
    pub pyth: Option<Oracle>,
    /// CoinGecko, if it is asked.
    pub coingecko: Option<Oracle>,
    /// How many sources must have a price.
    pub sources_needed: usize,
    /// How far apart sources may be, in percent of the lowest.
    pub max_difference_percent: u32,
    /// How old a price may be, where its source says nothing else.
    pub max_age: Duration,
    /// How long a price is used before it is asked for again.
    pub refresh: Duration,
    /// In which currency amounts are shown besides.
    pub display_currency: String,
}

/// A service that is asked over HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Oracle {
    /// Where.
    pub base: BaseUrl,
    /// By whose key.
    pub key: Option<ApiKey>,
}

/// A provider's key. It is shown to nobody but the provider.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct ApiKey(String);

/// The text cannot be a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an API key has 1 to 512 visible characters without spaces")]
pub struct ApiKeyError;

/// `[prices]`, as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a line of the file")]
pub(super) struct PricesTable {
    chainlink: bool,
    pyth: bool,
    pyth_url: String,
    pyth_api_key: Option<ApiKey>,
    coingecko: bool,
    coingecko_url: String,
    coingecko_api_key: Option<ApiKey>,
    sources_needed: usize,
    max_difference_percent: u32,
    max_age_seconds: u64,
    refresh_seconds: u64,
    display_currency: String,
}

impl PricesTable {
    /// Checks what the types do not say.
    pub(super) fn check(self) -> Result<Prices, String> {
        let sources =
            [self.chainlink, self.pyth, self.coingecko].into_iter().filter(|on| *on).count();
        if !(1..=sources.max(1)).contains(&self.sources_needed) {
            return Err(format!(
                "sources_needed is 1 or more, and at most the number of sources that are true: \
                 {sources}"
            ));
        }
        if !(1..=50).contains(&self.max_difference_percent) {
            return Err("max_difference_percent is 1 to 50".to_owned());
        }
        if !(1..=86_400).contains(&self.max_age_seconds) {
            return Err("max_age_seconds is 1 to 86400".to_owned());
        }
        if !(1..=self.max_age_seconds).contains(&self.refresh_seconds) {
            return Err("refresh_seconds is 1 to max_age_seconds".to_owned());
        }
        let mut shown = crate::prices::currencies().chain(["USD"]);
        if !shown.any(|code| code == self.display_currency) {
            let codes: Vec<&str> = crate::prices::currencies().collect();
            return Err(format!("display_currency is USD, or one of {}", codes.join(", ")));
        }
        Ok(Prices {
            chainlink: self.chainlink,
            pyth: oracle(self.pyth, "pyth", &self.pyth_url, self.pyth_api_key)?,
            coingecko: oracle(
                self.coingecko,
                "coingecko",
                &self.coingecko_url,
                self.coingecko_api_key,
            )?,
            sources_needed: self.sources_needed,
            max_difference_percent: self.max_difference_percent,
            max_age: Duration::from_secs(self.max_age_seconds),
            refresh: Duration::from_secs(self.refresh_seconds),
            display_currency: self.display_currency,
        })
    }
}

/// A key without its source is a mistake: it would not be used.
fn oracle(on: bool, name: &str, url: &str, key: Option<ApiKey>) -> Result<Option<Oracle>, String> {
    let wrong = |error: EndpointError| format!("{name}_url: {error}");
    let base: BaseUrl = url.parse().map_err(wrong)?;
    match (on, key) {
        (true, key) => Ok(Some(Oracle { base, key })),
        (false, None) => Ok(None),
        (false, Some(_)) => Err(format!("{name}_api_key is of no use without {name} = true")),
    }
}

impl Default for PricesTable {
    fn default() -> Self {
        Self {
            chainlink: true,
            pyth: false,
            pyth_url: "https://hermes.pyth.network".to_owned(),
            pyth_api_key: None,
            coingecko: false,
            coingecko_url: "https://api.coingecko.com/api/v3".to_owned(),
            coingecko_api_key: None,
            sources_needed: 1,
            max_difference_percent: 5,
            max_age_seconds: 300,
            refresh_seconds: 30,
            display_currency: "USD".to_owned(),
        }
    }
}

impl Default for Prices {
    fn default() -> Self {
        PricesTable::default().check().expect("a test checks the defaults")
    }
}

impl ApiKey {
    /// The key, for the provider's header.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ApiKey {
    type Error = ApiKeyError;

    fn try_from(text: String) -> Result<Self, ApiKeyError> {
        let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        if visible && (1..=512).contains(&text.len()) { Ok(Self(text)) } else { Err(ApiKeyError) }
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ApiKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Prices, String> {
        let table: PricesTable =
            toml::from_str(text).map_err(|error| error.message().to_owned())?;
        table.check()
    }

    #[test]
    fn nobody_new_is_asked_by_default() {
        let prices = parsed("").unwrap();
        assert_eq!(prices, Prices::default());
        assert!(prices.chainlink && prices.pyth.is_none() && prices.coingecko.is_none());
    }

    #[test]
    fn what_is_set_is_read() {
        let text = "pyth = true\npyth_url = 'http://127.0.0.1:1/hermes'\npyth_api_key = 'secret'\n\
                    coingecko = true\nsources_needed = 3\nmax_age_seconds = 60\n\
                    refresh_seconds = 5\ndisplay_currency = 'EUR'";
        let prices = parsed(text).unwrap();
        let pyth = prices.pyth.as_ref().unwrap();
        assert_eq!(pyth.base.origin(), "http://127.0.0.1:1");
        assert_eq!(pyth.key.as_ref().unwrap().reveal(), "secret");
        assert_eq!((prices.sources_needed, prices.max_age.as_secs()), (3, 60));
        assert!(!format!("{prices:?}").contains("secret"));
    }

    #[test]
    fn what_would_mislead_is_refused() {
        for (text, reason) in [
            ("sources_needed = 2", "sources_needed is 1 or more"),
            ("sources_needed = 0", "sources_needed is 1 or more"),
            ("max_difference_percent = 0", "max_difference_percent is 1 to 50"),
            ("max_difference_percent = 51", "max_difference_percent is 1 to 50"),
            ("max_age_seconds = 0", "max_age_seconds is 1"),
            ("max_age_seconds = 86401", "max_age_seconds is 1"),
            ("max_age_seconds = 10", "refresh_seconds is 1 to"),
            ("refresh_seconds = 0", "refresh_seconds is 1 to"),
            ("display_currency = 'eur'", "display_currency is USD, or one of EUR"),
            ("pyth_api_key = 'a'", "pyth_api_key is of no use without pyth = true"),
            ("pyth = true\npyth_api_key = ''", "an API key has 1 to 512"),
            ("pyth = true\npyth_api_key = \"a\\nb\"", "an API key has 1 to 512"),
            ("coingecko_url = 'ftp://a'", "coingecko_url: an RPC endpoint is spoken to"),
            ("coingecko_url = 'https://a/?k=1'", "coingecko_url: not a URL"),
            ("chainlynk = true", "unknown field"),
        ] {
            let error = parsed(text).unwrap_err();
            assert!(error.starts_with(reason), "{text}: {error}");
        }
    }
}

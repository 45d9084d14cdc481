//! CoinGecko: `GET /simple/price` and `/simple/token_price/{platform}`
//! (<https://docs.coingecko.com/reference/simple-price>).

use std::collections::BTreeMap;

use primitives::Amount;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::decimal::Price;
use super::question::Question;
use super::source::{ANSWER_LIMIT, ANSWER_WAIT, Answer, Quote, Source, SourceName, Trouble};
use crate::clock::UnixSeconds;
use crate::config::ApiKey;
use crate::net::{BaseUrl, HttpClient, KeyHeader};

const FIELDS: &str = "vs_currencies=usd&include_last_updated_at=true&precision=full";
/// Where paid keys belong; all others are keys of the free plan.
const PAID_HOST: &str = "pro-api.coingecko.com";

/// Asks CoinGecko.
#[derive(Debug)]
pub(super) struct CoinGecko {
    pub(super) http: HttpClient,
    pub(super) base: BaseUrl,
    pub(super) key: Option<ApiKey>,
}

/// Numbers as they are written: a float would not be what was said.
#[derive(Deserialize)]
struct PriceOf<'a> {
    #[serde(borrow)]
    usd: Option<&'a RawValue>,
    last_updated_at: Option<i64>,
}

impl CoinGecko {
    async fn quote(&self, question: &Question) -> Result<Quote, Trouble> {
        let (path, name) = asked(question).ok_or(Trouble::Unknown)?;
        let endpoint =
            self.base.join(&path).map_err(|_malformed| Trouble::Garbage("no address"))?;
        let header =
            if self.base.host() == PAID_HOST { "x-cg-pro-api-key" } else { "x-cg-demo-api-key" };
        let secret = self.key.as_ref().map(|key| KeyHeader { header, value: key.reveal() });
        let body = self.http.get_json(&endpoint, secret, ANSWER_WAIT, ANSWER_LIMIT).await?;
        read(&body, &name)
    }
}

impl Source for CoinGecko {
    fn name(&self) -> SourceName {
        SourceName::CoinGecko
    }

    fn knows(&self, question: &Question) -> bool {
        asked(question).is_some()
    }

    fn ask<'a>(&'a self, question: &'a Question) -> Answer<'a> {
        Box::pin(self.quote(question))
    }
}

/// The path, and the name under which the answer stands.
fn asked(question: &Question) -> Option<(String, String)> {
    if let Some(id) = question.listed.and_then(|listed| listed.coingecko) {
        return Some((format!("/simple/price?ids={id}&{FIELDS}"), id.to_owned()));
    }
    let (platform, address) = question.contract.as_ref()?;
    let path = format!("/simple/token_price/{platform}?contract_addresses={address}&{FIELDS}");
    Some((path, address.clone()))
}

fn read(body: &[u8], name: &str) -> Result<Quote, Trouble> {
    let garbage = Trouble::Garbage("not an answer of CoinGecko");
    let answer: BTreeMap<String, PriceOf<'_>> =
        serde_json::from_slice(body).map_err(|_other| garbage.clone())?;
    if answer.is_empty() {
        return Err(Trouble::Unknown);
    }
    // Addresses of contracts come back in lower case; mints have only one way to be written.
    let is_evm = name.starts_with("0x");
    let is_it = |found: &str| found == name || (is_evm && found.eq_ignore_ascii_case(name));
    let found = answer.iter().find(|(found, _price)| is_it(found));
    let (_name, found) = found.ok_or(Trouble::Garbage("the price of another asset"))?;
    let (Some(usd), Some(updated)) = (found.usd, found.last_updated_at) else {
        return Err(if found.usd.is_none() { Trouble::Unknown } else { garbage });
    };
    Ok(Quote {
        price: Price::from_number(usd.get())?,
        half_width: Amount::ZERO,
        observed_at: UnixSeconds::new(updated),
        good_for: None,
    })
}

#[cfg(test)]
mod tests {
    use primitives::{Asset, builtin_by_name};
    use proptest::prelude::*;

    use super::*;
    use crate::prices::decimal::PriceError;
    use crate::prices::testing::coingecko;

    #[test]
    fn coins_are_asked_for_by_name_and_other_tokens_by_address() {
        let base = builtin_by_name("base-mainnet").unwrap();
        let coin = Question::of(base, Asset::Native).unwrap();
        assert_eq!(
            asked(&coin).unwrap().0,
            "/simple/price?ids=ethereum&vs_currencies=usd&include_last_updated_at=true&precision=full"
        );
        let token = Asset::Token("0x00000000000000000000000000000000000000aa".parse().unwrap());
        let (path, name) = asked(&Question::of(base, token).unwrap()).unwrap();
        assert!(path.starts_with("/simple/token_price/base?contract_addresses=0x"), "{path}");
        let answer = coingecko(&name.to_lowercase(), "2.04e-05", 1_711_356_300);
        let quote = read(answer.as_bytes(), &name).unwrap();
        assert_eq!(quote.price.to_string(), "0.0000204");
        assert_eq!(quote.observed_at.get(), 1_711_356_300);
    }

    #[test]
    fn a_number_is_taken_as_it_is_written() {
        let text = "1893.123456789012345678";
        let quote = read(coingecko("ethereum", text, 1).as_bytes(), "ethereum").unwrap();
        assert_eq!(quote.price.to_string(), text);
    }

    #[test]
    fn what_is_no_price_of_the_asset_is_none() {
        let of = |usd: &str| coingecko("ethereum", usd, 1);
        let garbage = || Trouble::Garbage("not an answer of CoinGecko");
        for (body, expected) in [
            (of("0"), Trouble::Price(PriceError::NotPositive)),
            (of("-5"), Trouble::Price(PriceError::NotPositive)),
            (of("1e30"), Trouble::Price(PriceError::Absurd)),
            (of("1000000000000000000000000000000"), Trouble::Price(PriceError::Absurd)),
            (of("\"1893\""), Trouble::Price(PriceError::NotANumber)),
            (of("[1]"), Trouble::Price(PriceError::NotANumber)),
            (of("null"), Trouble::Unknown),
            (of("NaN"), garbage()),
            (coingecko("ethereum-classic", "1", 1), Trouble::Garbage("the price of another asset")),
            ("{}".to_owned(), Trouble::Unknown),
            ("{\"ethereum\":{\"usd\":1893}}".to_owned(), garbage()),
            ("[]".to_owned(), garbage()),
            (String::new(), garbage()),
            ("<!DOCTYPE html>".to_owned(), garbage()),
            (of("1893.24")[..24].to_owned(), garbage()),
        ] {
            assert_eq!(read(body.as_bytes(), "ethereum"), Err(expected), "{body}");
        }
    }

    proptest! {
        #[test]
        fn no_answer_makes_it_panic(body in "\\PC{0,200}") {
            prop_assert!(read(body.as_bytes(), "ethereum").is_err());
        }
    }
}

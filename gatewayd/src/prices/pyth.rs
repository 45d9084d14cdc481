//! Pyth's Hermes: `GET /v2/updates/price/latest` (<https://hermes.pyth.network/docs>).

use serde::Deserialize;

use super::decimal::{Price, half_width};
use super::question::Question;
use super::source::{ANSWER_LIMIT, ANSWER_WAIT, Answer, Quote, Source, SourceName, Trouble};
use crate::clock::UnixSeconds;
use crate::config::ApiKey;
use crate::net::{BaseUrl, HttpClient, KeyHeader};

/// Asks Hermes.
#[derive(Debug)]
pub(super) struct Pyth {
    pub(super) http: HttpClient,
    pub(super) base: BaseUrl,
    pub(super) key: Option<ApiKey>,
}

#[derive(Deserialize)]
struct Update {
    parsed: Vec<Parsed>,
}

#[derive(Deserialize)]
struct Parsed {
    id: String,
    price: PriceOf,
}

#[derive(Deserialize)]
struct PriceOf {
    price: String,
    conf: String,
    expo: i32,
    publish_time: i64,
}

impl Pyth {
    async fn quote(&self, question: &Question) -> Result<Quote, Trouble> {
        let id = question.pyth().ok_or(Trouble::Unknown)?;
        let path = format!("/v2/updates/price/latest?ids[]={id}&parsed=true");
        let endpoint =
            self.base.join(&path).map_err(|_malformed| Trouble::Garbage("no address"))?;
        let bearer = self.key.as_ref().map(|key| format!("Bearer {}", key.reveal()));
        let secret = bearer.as_deref().map(|value| KeyHeader { header: "authorization", value });
        let body = self.http.get_json(&endpoint, secret, ANSWER_WAIT, ANSWER_LIMIT).await?;
        read(&body, id)
    }
}

impl Source for Pyth {
    fn name(&self) -> SourceName {
        SourceName::Pyth
    }

    fn knows(&self, question: &Question) -> bool {
        question.pyth().is_some()
    }

    fn ask<'a>(&'a self, question: &'a Question) -> Answer<'a> {
        Box::pin(self.quote(question))
    }
}

fn read(body: &[u8], id: &str) -> Result<Quote, Trouble> {
    let update: Update = serde_json::from_slice(body)
        .map_err(|_other| Trouble::Garbage("not an update of Hermes"))?;
    let [parsed] = &update.parsed[..] else { return Err(Trouble::Garbage("not one price")) };
    let found = parsed.id.strip_prefix("0x").unwrap_or(&parsed.id);
    if !found.eq_ignore_ascii_case(id) {
        return Err(Trouble::Garbage("the price of another feed"));
    }
    let PriceOf { price, conf, expo, publish_time } = &parsed.price;
    Ok(Quote {
        price: Price::from_parts(price, *expo)?,
        half_width: half_width(conf, *expo)?,
        observed_at: UnixSeconds::new(*publish_time),
        good_for: None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::prices::assets::ETH;
    use crate::prices::decimal::PriceError;
    use crate::prices::testing::hermes;

    #[test]
    fn an_update_is_read() {
        let quote =
            read(hermes(ETH, "184136023127", "177166324", -8, 1_692_110_601).as_bytes(), ETH);
        let quote = quote.unwrap();
        assert_eq!(quote.price.to_string(), "1841.36023127");
        assert_eq!(quote.half_width.to_units(18), "1.77166324");
        assert_eq!(quote.observed_at.get(), 1_692_110_601);
    }

    #[test]
    fn what_is_no_update_for_the_feed_is_no_price() {
        let of = |price: &str, conf: &str, expo| hermes(ETH, price, conf, expo, 1);
        let garbage = Trouble::Garbage("not an update of Hermes");
        let rows = [
            (of("0", "0", -8), Trouble::Price(PriceError::NotPositive)),
            (of("-184136023127", "1", -8), Trouble::Price(PriceError::NotPositive)),
            (of("NaN", "1", -8), Trouble::Price(PriceError::NotANumber)),
            (of("1", "NaN", -8), Trouble::Price(PriceError::NotANumber)),
            (of("1", "1", 30), Trouble::Price(PriceError::Absurd)),
            (of("1", "1", i32::MAX), Trouble::Price(PriceError::Absurd)),
            (
                hermes(&"0".repeat(64), "1", "1", -8, 1),
                Trouble::Garbage("the price of another feed"),
            ),
            ("{\"parsed\":[]}".to_owned(), Trouble::Garbage("not one price")),
            ("{\"parsed\":null}".to_owned(), garbage.clone()),
            (String::new(), garbage.clone()),
            ("<html><body>502 Bad Gateway</body></html>".to_owned(), garbage.clone()),
            (of("1", "1", -8)[..80].to_owned(), garbage.clone()),
            (of("184", "1", -8).replace("\"184\"", "184"), garbage),
        ];
        for (body, expected) in rows {
            assert_eq!(read(body.as_bytes(), ETH), Err(expected), "{body}");
        }
    }

    proptest! {
        #[test]
        fn no_answer_makes_it_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(read(&body, ETH).is_err());
        }

        #[test]
        fn no_numbers_make_it_panic(price in "[-0-9.e]{0,30}", conf in "[-0-9.e]{0,30}", expo: i32, at: i64) {
            let read = read(hermes(ETH, &price, &conf, expo, at).as_bytes(), ETH);
            prop_assert!(read.is_err() || read.is_ok_and(|quote| quote.price >= Price::from_number("1e-18").unwrap()));
        }
    }
}

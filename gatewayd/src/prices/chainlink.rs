//! Chainlink's feeds, read through the RPC nodes (`AggregatorV3Interface`,
//! <https://docs.chain.link/data-feeds/api-reference>).

use std::collections::BTreeMap;
use std::time::Duration;

use primitives::Amount;
use txcodec::evm::erc20;

use super::assets::Feed;
use super::decimal::Price;
use super::question::Question;
use super::source::{Answer, Quote, Source, SourceName, Trouble};
use crate::chains::{ChainClient, Chains};
use crate::clock::UnixSeconds;

/// `latestRoundData()`
const LATEST_ROUND_DATA: [u8; 4] = [0xfe, 0xaf, 0x96, 0x8c];
/// `description()`
const DESCRIPTION: [u8; 4] = [0x72, 0x84, 0xe4, 0x16];
/// A feed may be late by so much, while its answer waits for a block.
const LATE: Duration = Duration::from_mins(10);

/// Asks contracts.
#[derive(Debug)]
pub(super) struct Chainlink {
    clients: BTreeMap<&'static str, ChainClient>,
}

impl Chainlink {
    pub(super) fn new(chains: &Chains) -> Self {
        let names = primitives::BUILTIN.iter().filter_map(|network| match &network.name {
            std::borrow::Cow::Borrowed(name) => Some(*name),
            std::borrow::Cow::Owned(_) => None,
        });
        let clients = names.filter_map(|name| Some((name, chains.client(name)?.clone())));
        Self { clients: clients.collect() }
    }

    async fn quote(&self, question: &Question) -> Result<Quote, Trouble> {
        let feed = question.feed.ok_or(Trouble::Unknown)?;
        let client = self.clients.get(feed.network).ok_or(Trouble::Unknown)?;
        let ask = |data: Vec<u8>| client.read_contract(feed.address(), data);
        let (description, decimals, round) = tokio::join!(
            ask(DESCRIPTION.to_vec()),
            ask(erc20::decimals()),
            ask(LATEST_ROUND_DATA.to_vec())
        );
        read(feed, &description?, &decimals?, &round?)
    }
}

impl Source for Chainlink {
    fn name(&self) -> SourceName {
        SourceName::Chainlink
    }

    fn knows(&self, question: &Question) -> bool {
        question.feed.is_some()
    }

    /// Each contract, on whichever network: the nodes' own failures are the RPC endpoints' business.
    fn scope(&self, question: &Question) -> String {
        question.feed.map_or_else(String::new, |feed| format!("{}/{}", feed.network, feed.pair))
    }

    fn ask<'a>(&'a self, question: &'a Question) -> Answer<'a> {
        Box::pin(self.quote(question))
    }
}

fn read(feed: &Feed, description: &[u8], decimals: &[u8], round: &[u8]) -> Result<Quote, Trouble> {
    let garbage = || Trouble::Garbage("not a round of a feed");
    let named = erc20::read_text(description).map_err(|_other| garbage())?;
    if !feed.pair.split('|').any(|pair| pair == named) {
        return Err(Trouble::Garbage("the feed of another pair"));
    }
    let decimals = erc20::read_decimals(decimals).map_err(|_other| garbage())?;
    let words: Vec<[u8; 32]> = round.chunks(32).filter_map(|word| word.try_into().ok()).collect();
    let ([round_id, answer, _started_at, updated_at, answered_in], 160) =
        (<[[u8; 32]; 5]>::try_from(words).map_err(|_other| garbage())?, round.len())
    else {
        return Err(garbage());
    };
    if Amount::from_be_bytes(answered_in) < Amount::from_be_bytes(round_id) {
        return Err(Trouble::Stale);
    }
    if answer.first().is_some_and(|byte| *byte >= 0x80) {
        return Err(super::decimal::PriceError::NotPositive.into());
    }
    let updated_at = Amount::from_be_bytes(updated_at).to_u64();
    let updated_at = updated_at.and_then(|seconds| i64::try_from(seconds).ok());
    let answer = Amount::from_be_bytes(answer).to_string();
    Ok(Quote {
        price: Price::from_parts(&answer, -i32::from(decimals))?,
        half_width: Amount::ZERO,
        observed_at: UnixSeconds::new(updated_at.ok_or_else(garbage)?),
        good_for: Some(Duration::from_secs(feed.heartbeat).saturating_add(LATE)),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::prices::assets::LISTED;
    use crate::prices::decimal::PriceError;
    use crate::prices::testing::{abi_text, abi_words};

    /// What ETH / USD on Base answered on 2026-09-04.
    const ANSWER: u128 = 244_809_306_508;
    const UPDATED_AT: u128 = 1_788_544_885;
    const ROUND: u128 = 55_340_232_221_128_656_447;

    fn read_eth(words: &[u128]) -> Result<Quote, Trouble> {
        let feed = &LISTED[0].feeds[0];
        read(feed, &abi_text("ETH / USD"), &abi_words(&[8]), &abi_words(words))
    }

    #[test]
    fn a_round_is_read() {
        let quote = read_eth(&[ROUND, ANSWER, UPDATED_AT, UPDATED_AT, ROUND]).unwrap();
        assert_eq!(quote.price.to_string(), "2448.09306508");
        assert_eq!(quote.observed_at.get(), 1_788_544_885);
        assert_eq!(quote.good_for, Some(Duration::from_mins(70)));
    }

    #[test]
    fn what_is_no_round_of_the_feed_is_no_price() {
        let garbage = Trouble::Garbage("not a round of a feed");
        let price = Trouble::Price;
        let rows: [(&[u128], Trouble); 7] = [
            (&[ROUND, 0, 1, 1, ROUND], price(PriceError::NotPositive)),
            (&[ROUND, u128::MAX, 1, 1, ROUND], price(PriceError::Absurd)),
            (&[ROUND, ANSWER, 1, UPDATED_AT, ROUND - 1], Trouble::Stale),
            (&[ROUND, ANSWER, 1, u128::MAX, ROUND], garbage.clone()),
            (&[ROUND, ANSWER, 1, UPDATED_AT], garbage.clone()),
            (&[ROUND, ANSWER, 1, UPDATED_AT, ROUND, 0], garbage.clone()),
            (&[], garbage.clone()),
        ];
        for (words, expected) in rows {
            assert_eq!(read_eth(words), Err(expected), "{words:?}");
        }
        let feed = &LISTED[0].feeds[0];
        let round = abi_words(&[ROUND, ANSWER, 1, UPDATED_AT, ROUND]);
        let mut below_zero = round.clone();
        below_zero[32..64].fill(0xff);
        let pair = abi_text("ETH / USD");
        let eight = abi_words(&[8]);
        assert_eq!(read(feed, &pair, &eight, &below_zero), Err(price(PriceError::NotPositive)));
        assert_eq!(read(feed, &pair, &eight, &round[..159]), Err(garbage.clone()));
        assert_eq!(read(feed, &pair, &[], &round), Err(garbage.clone()));
        assert_eq!(read(feed, &[], &eight, &round), Err(garbage));
        let other = Trouble::Garbage("the feed of another pair");
        assert_eq!(read(feed, &abi_text("BTC / USD"), &eight, &round), Err(other));
    }

    proptest! {
        #[test]
        fn no_answer_makes_it_panic(
            description in proptest::collection::vec(any::<u8>(), 0..200),
            decimals in proptest::collection::vec(any::<u8>(), 0..40),
            round in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            let feed = &LISTED[0].feeds[0];
            prop_assert!(read(feed, &description, &decimals, &round).is_err());
            drop(read(feed, &abi_text("ETH / USD"), &abi_words(&[8]), &round));
        }
    }
}

//! What several sources say together: a price, or why there is none. Pure.

use std::fmt;
use std::time::Duration;

use super::decimal::Price;
use super::source::{Quote, SourceName, Trouble};
use crate::clock::UnixSeconds;

/// What one source said.
pub type Said = (SourceName, Result<Quote, Trouble>);

/// By what sources are believed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Belief {
    /// How many must have a price.
    pub(super) sources_needed: usize,
    /// How far apart they may be, in percent of the lowest.
    pub(super) max_difference_percent: u32,
    /// How old a price may be, where its source says nothing else.
    pub(super) max_age: Duration,
}

/// How far ahead of this clock a source's may be, and this clock itself when it is set back.
pub(super) const AHEAD: Duration = Duration::from_mins(1);
/// How wide an interval of confidence may be on one side, in percent of the price.
const UNCERTAIN_PERCENT: u32 = 2;

/// A price that may be used until some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// The highest of what the sources say, which agree: nothing is taken for less than it is.
    pub price: Price,
    /// When the oldest of their prices was so.
    pub observed_at: UnixSeconds,
    /// Until when it may be used.
    pub good_until: UnixSeconds,
    /// How many sources agree.
    pub sources: usize,
}

/// Why there is no price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// Coins of test networks are given away: they have no price, and are worth nothing.
    TestNetwork,
    /// No source knows the asset, or none is switched on.
    NotListed,
    /// Sources know it, and too few have a price now.
    TooFewSources,
    /// They are too far apart.
    Divergent,
    /// They take too long. The answer is awaited for whoever asks next.
    Late,
    /// The last price is too old, and there is no other.
    Stale,
    /// There is a price, and no worth: who says the decimals disagree, or it is beyond counting.
    Uncounted,
    /// Nobody was asked: there are too many assets at once.
    TooMany,
}

impl Belief {
    /// One quote, if it is one.
    pub(super) fn check(&self, quote: Quote, now: UnixSeconds) -> Result<Quote, Trouble> {
        if quote.observed_at > now.plus(AHEAD) {
            return Err(Trouble::Future);
        }
        if self.good_until(&quote) < now {
            return Err(Trouble::Stale);
        }
        if quote.price.is_uncertain(quote.half_width, UNCERTAIN_PERCENT) {
            return Err(Trouble::Uncertain);
        }
        Ok(quote)
    }

    /// Until when a quote may be used, by the time of day.
    pub(super) fn good_until(&self, quote: &Quote) -> UnixSeconds {
        quote.observed_at.plus(quote.good_for.unwrap_or(self.max_age))
    }

    /// What the sources say together.
    pub(super) fn judge(&self, said: &[Said]) -> Result<Known, Unknown> {
        if said.iter().all(|(_source, said)| *said == Err(Trouble::Unknown)) {
            return Err(Unknown::NotListed);
        }
        let quotes: Vec<Quote> =
            said.iter().filter_map(|(_source, said)| said.as_ref().ok().copied()).collect();
        let prices = || quotes.iter().map(|quote| quote.price);
        let (Some(lowest), Some(highest)) = (prices().min(), prices().max()) else {
            return Err(Unknown::TooFewSources);
        };
        if lowest.differs(highest, self.max_difference_percent) {
            return Err(Unknown::Divergent);
        }
        if quotes.len() < self.sources_needed {
            return Err(Unknown::TooFewSources);
        }
        let observed_at = quotes.iter().map(|quote| quote.observed_at).min();
        let good_until = quotes.iter().map(|quote| self.good_until(quote)).min();
        Ok(Known {
            price: highest,
            observed_at: observed_at.unwrap_or_default(),
            good_until: good_until.unwrap_or_default(),
            sources: quotes.len(),
        })
    }
}

impl Unknown {
    /// In words, with what to do.
    pub const fn words(self) -> &'static str {
        match self {
            Self::TestNetwork => "what is on a test network is worth nothing",
            Self::NotListed => "no source that is switched on knows a price of it; see [prices]",
            Self::TooFewSources => "too few sources have a price now",
            Self::Divergent => "the sources are too far apart",
            Self::Late => "the sources take too long; ask again",
            Self::Stale => "the last price is too old",
            Self::Uncounted => "its decimals are in dispute, or it is more than can be counted",
            Self::TooMany => "not asked: there are too many assets at once",
        }
    }
}

impl fmt::Display for Unknown {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.words())
    }
}

#[cfg(test)]
mod tests {
    use primitives::Amount;

    use super::*;
    use crate::prices::decimal::half_width;

    const NOW: UnixSeconds = UnixSeconds::new(10_000);
    const BELIEF: Belief =
        Belief { sources_needed: 1, max_difference_percent: 5, max_age: Duration::from_mins(5) };

    fn quote(price: &str, at: i64) -> Quote {
        Quote {
            price: Price::from_number(price).unwrap(),
            half_width: Amount::ZERO,
            observed_at: UnixSeconds::new(at),
            good_for: None,
        }
    }

    #[test]
    fn a_quote_is_neither_old_nor_of_the_future_nor_a_guess() {
        for (at, expected) in [
            (10_000, Ok(())),
            (9_700, Ok(())),
            (9_699, Err(Trouble::Stale)),
            (0, Err(Trouble::Stale)),
            (i64::MIN, Err(Trouble::Stale)),
            (10_060, Ok(())),
            (10_061, Err(Trouble::Future)),
            (i64::MAX, Err(Trouble::Future)),
        ] {
            assert_eq!(BELIEF.check(quote("1", at), NOW).map(|_| ()), expected, "{at}");
        }
        let slow = Quote { good_for: Some(Duration::from_secs(5_000)), ..quote("1", 5_000) };
        assert!(BELIEF.check(slow, NOW).is_ok());
        let slow = Quote { observed_at: UnixSeconds::new(4_999), ..slow };
        assert_eq!(BELIEF.check(slow, NOW), Err(Trouble::Stale));
        for (width, expected) in [("2", Ok(())), ("2.00000001", Err(Trouble::Uncertain))] {
            let half_width = half_width(width, 0).unwrap();
            let unsure = Quote { half_width, ..quote("100", 10_000) };
            assert_eq!(BELIEF.check(unsure, NOW).map(|_| ()), expected, "{width}");
        }
    }

    #[test]
    fn sources_that_agree_make_the_highest_price_and_others_make_none() {
        use SourceName::{Chainlink, CoinGecko, Pyth};
        let ok = |price: &str| Ok(quote(price, 9_900));
        let two = Belief { sources_needed: 2, ..BELIEF };
        let no = || Err(Trouble::Connection);
        let rows: Vec<(Belief, Vec<Said>, Result<&str, Unknown>)> = vec![
            (BELIEF, vec![], Err(Unknown::NotListed)),
            (BELIEF, vec![(Pyth, Err(Trouble::Unknown))], Err(Unknown::NotListed)),
            (BELIEF, vec![(Pyth, no())], Err(Unknown::TooFewSources)),
            (BELIEF, vec![(Pyth, ok("100"))], Ok("100")),
            (BELIEF, vec![(Pyth, ok("100")), (Chainlink, no())], Ok("100")),
            (BELIEF, vec![(Pyth, ok("100")), (Chainlink, ok("105"))], Ok("105")),
            (BELIEF, vec![(Pyth, ok("105")), (Chainlink, ok("100"))], Ok("105")),
            (BELIEF, vec![(Pyth, ok("100")), (Chainlink, ok("105.01"))], Err(Unknown::Divergent)),
            (
                BELIEF,
                vec![(Pyth, ok("100")), (Chainlink, ok("101")), (CoinGecko, ok("110"))],
                Err(Unknown::Divergent),
            ),
            (two, vec![(Pyth, ok("100"))], Err(Unknown::TooFewSources)),
            (two, vec![(Pyth, ok("100")), (Chainlink, no())], Err(Unknown::TooFewSources)),
            (two, vec![(Pyth, ok("100")), (Chainlink, ok("101"))], Ok("101")),
            (two, vec![(Pyth, ok("1")), (Chainlink, ok("2"))], Err(Unknown::Divergent)),
        ];
        for (belief, said, expected) in rows {
            let found = belief.judge(&said).map(|known| known.price.to_string());
            assert_eq!(found, expected.map(str::to_owned), "{said:?}");
        }
    }

    #[test]
    fn a_price_is_as_old_as_the_oldest_that_it_is_made_of() {
        let said = [
            (SourceName::Pyth, Ok(quote("1", 9_990))),
            (SourceName::CoinGecko, Ok(quote("1", 9_900))),
        ];
        let known = BELIEF.judge(&said).unwrap();
        assert_eq!((known.observed_at.get(), known.good_until.get()), (9_900, 10_200));
        assert_eq!(known.sources, 2);
    }
}

//! Counters that many threads add to without waiting for each other.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds of the buckets of a histogram, in microseconds; what took longer is counted in one more.
pub const BUCKETS: [u64; 14] = [
    250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
    2_500_000, 10_000_000,
];

/// How long things took.
#[derive(Debug, Default)]
pub struct Histogram {
    counts: [AtomicU64; BUCKETS.len()],
    longer: AtomicU64,
    sum_micros: AtomicU64,
}

/// What a [`Histogram`] says at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Observed {
    /// Bounds in microseconds, and how many took at most so long.
    pub(super) at_most: Vec<(u64, u64)>,
    pub(super) count: u64,
    pub(super) sum_micros: u64,
}

/// A counter for each of some words that are known beforehand, and one for all others.
#[derive(Debug)]
pub struct Words {
    known: Vec<(&'static str, AtomicU64)>,
    others: AtomicU64,
}

/// What a word that is not known is called.
const OTHER: &str = "other";

impl Histogram {
    /// Something took so long.
    pub fn observe(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let place = BUCKETS.partition_point(|bound| *bound < micros);
        self.counts.get(place).unwrap_or(&self.longer).fetch_add(1, Ordering::Relaxed);
        self.sum_micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// How many were observed in all. Each bucket counts those before it.
    pub(super) fn observed(&self) -> Observed {
        let mut count = 0_u64;
        let mut add = |counted: &AtomicU64| {
            count = count.wrapping_add(counted.load(Ordering::Relaxed));
            count
        };
        let at_most = BUCKETS.iter().zip(&self.counts);
        let at_most = at_most.map(|(bound, counted)| (*bound, add(counted))).collect();
        let count = add(&self.longer);
        Observed { at_most, count, sum_micros: self.sum_micros.load(Ordering::Relaxed) }
    }
}

impl Words {
    /// All are there from the beginning, with nothing counted: an increase from nothing is seen too.
    pub fn new(known: impl IntoIterator<Item = &'static str>) -> Self {
        let known = known.into_iter().map(|word| (word, AtomicU64::default())).collect();
        Self { known, others: AtomicU64::default() }
    }

    /// Counts the word.
    pub fn count(&self, word: &str) {
        let known = self.known.iter().find(|(known, _)| *known == word);
        known.map_or(&self.others, |(_, counted)| counted).fetch_add(1, Ordering::Relaxed);
    }

    /// Each word with how often it was counted; what has no word only where there was some.
    pub fn counted(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let others = Some((OTHER, self.others.load(Ordering::Relaxed)));
        let known = self.known.iter().map(|(word, count)| (*word, count.load(Ordering::Relaxed)));
        known.chain(others.filter(|(_, count)| *count > 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_holds_what_took_at_most_its_bound_and_all_before_it() {
        let histogram = Histogram::default();
        for micros in [0, 250, 251, 10_000_000, 10_000_001, u64::MAX / 2] {
            histogram.observe(Duration::from_micros(micros));
        }
        let Observed { at_most, count, sum_micros } = histogram.observed();
        let of = |bound| at_most.iter().find(|(known, _)| *known == bound).unwrap().1;
        assert_eq!([of(250), of(500), of(2_500_000), of(10_000_000)], [2, 3, 3, 4]);
        assert!(at_most.is_sorted());
        assert_eq!((count, sum_micros), (6, 501 + 20_000_001 + u64::MAX / 2));
    }

    #[test]
    fn a_word_that_is_not_known_is_counted_with_the_others() {
        let words = Words::new(["a", "b"]);
        assert_eq!(words.counted().collect::<Vec<_>>(), [("a", 0), ("b", 0)]);
        for word in ["b", "c", "b", ""] {
            words.count(word);
        }
        assert_eq!(words.counted().collect::<Vec<_>>(), [("a", 0), ("b", 2), ("other", 2)]);
    }
}

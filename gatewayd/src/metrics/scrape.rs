//! The numbers of one moment, before they are written.

use std::collections::BTreeMap;
use std::fmt;

use super::count::Histogram;
use super::family::{Family, Kind};

/// The numbers of one moment, by the names of their families.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scrape {
    families: BTreeMap<&'static str, (Family, Vec<Sample>)>,
}

/// One number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Behind the family's name.
    pub(super) suffix: &'static str,
    /// Names and values of its labels.
    pub(super) labels: Vec<(&'static str, String)>,
    /// The number.
    pub(super) number: Number,
}

/// A number, exactly: never a float.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    /// As it is.
    Whole(u64),
    /// Millionths, such as microseconds where the unit is a second.
    Millionths(u64),
}

impl Scrape {
    /// Adds a number; `labels` are the values of the family's labels, in its order.
    pub fn put<const N: usize>(
        &mut self,
        family: Family,
        labels: [&str; N],
        number: impl Into<Number>,
    ) {
        let suffix = if family.kind == Kind::Info { "_info" } else { "" };
        self.add(family, suffix, labels_of(family, labels), number.into());
    }

    /// Adds a number that may not be known.
    pub fn put_known<const N: usize>(
        &mut self,
        family: Family,
        labels: [&str; N],
        number: Option<impl Into<Number>>,
    ) {
        if let Some(number) = number {
            self.put(family, labels, number);
        }
    }

    /// Adds how many took how long altogether.
    pub fn put_summary<const N: usize>(
        &mut self,
        family: Family,
        labels: [&str; N],
        (count, sum): (u64, Number),
    ) {
        let labels = labels_of(family, labels);
        self.add(family, "_sum", labels.clone(), sum);
        self.add(family, "_count", labels, Number::Whole(count));
    }

    /// Adds a histogram of seconds.
    pub fn put_histogram<const N: usize>(
        &mut self,
        family: Family,
        labels: [&str; N],
        histogram: &Histogram,
    ) {
        let (labels, observed) = (labels_of(family, labels), histogram.observed());
        let bounds = observed
            .at_most
            .iter()
            .map(|(bound, count)| (Number::Millionths(*bound).to_string(), *count));
        for (bound, count) in bounds.chain([("+Inf".to_owned(), observed.count)]) {
            let labels = labels.iter().cloned().chain([("le", bound)]).collect();
            self.add(family, "_bucket", labels, Number::Whole(count));
        }
        self.add(family, "_sum", labels.clone(), Number::Millionths(observed.sum_micros));
        self.add(family, "_count", labels, Number::Whole(observed.count));
    }

    /// Adds families that it does not have yet.
    pub(super) fn extend(&mut self, other: Self) {
        self.families.extend(other.families);
    }

    /// The families that have numbers, in order of their names.
    pub fn families(&self) -> impl Iterator<Item = &(Family, Vec<Sample>)> {
        self.families.values()
    }

    /// Each number: its name, its labels and what it is.
    pub fn samples(&self) -> impl Iterator<Item = (String, &[(&'static str, String)], Number)> {
        self.families().flat_map(|(family, samples)| {
            samples.iter().map(|sample| (sample.name(family), &*sample.labels, sample.number))
        })
    }

    fn add(
        &mut self,
        family: Family,
        suffix: &'static str,
        labels: Vec<(&'static str, String)>,
        number: Number,
    ) {
        let (_, samples) = self.families.entry(family.name).or_insert((family, Vec::new()));
        samples.push(Sample { suffix, labels, number });
    }
}

impl Sample {
    /// Its name in the text format of Prometheus.
    pub(super) fn name(&self, family: &Family) -> String {
        format!("{}{}", family.name, self.suffix)
    }
}

fn labels_of<const N: usize>(family: Family, values: [&str; N]) -> Vec<(&'static str, String)> {
    debug_assert_eq!(family.labels.len(), N, "{}", family.name);
    family.labels.iter().copied().zip(values.map(str::to_owned)).collect()
}

impl From<u64> for Number {
    fn from(number: u64) -> Self {
        Self::Whole(number)
    }
}

impl From<u32> for Number {
    fn from(number: u32) -> Self {
        Self::Whole(number.into())
    }
}

impl From<bool> for Number {
    fn from(is: bool) -> Self {
        Self::Whole(is.into())
    }
}

impl From<std::time::Duration> for Number {
    fn from(time: std::time::Duration) -> Self {
        Self::Millionths(u64::try_from(time.as_micros()).unwrap_or(u64::MAX))
    }
}

impl fmt::Display for Number {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        const WHOLE: u64 = 1_000_000;
        match self {
            Self::Whole(number) => write!(formatter, "{number}"),
            Self::Millionths(number) if number % WHOLE == 0 => {
                write!(formatter, "{}.0", number / WHOLE)
            }
            Self::Millionths(number) => {
                let digits = format!("{:06}", number % WHOLE);
                write!(formatter, "{}.{}", number / WHOLE, digits.trim_end_matches('0'))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn millionths_are_written_to_the_last_digit() {
        for (number, text) in [
            (Number::Whole(u64::MAX), "18446744073709551615"),
            (Number::Millionths(0), "0.0"),
            (Number::Millionths(1), "0.000001"),
            (Number::Millionths(250), "0.00025"),
            (Number::Millionths(10_000_000), "10.0"),
            (Number::Millionths(1_500_000), "1.5"),
        ] {
            assert_eq!(number.to_string(), text);
        }
    }
}

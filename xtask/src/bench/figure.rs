//! A figure, what it is beside, and what was promised of it; all of them as JSON and as a table.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value, json};

/// Of what a figure is so many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Nanoseconds,
    PerSecond,
    Bytes,
}

/// What a figure must reach: of what it is beside, in per cent, or by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Promise {
    PercentAtMost(u64),
    PercentAtLeast(u64),
    Most(u64),
    Least(u64),
}

/// What was measured, and the bare cost of its parts in the same run.
#[derive(Clone, Debug)]
pub(super) struct Figure {
    name: String,
    unit: Unit,
    measured: u64,
    beside: Option<(&'static str, u64)>,
    promises: Vec<Promise>,
}

impl Unit {
    fn symbol(self) -> &'static str {
        match self {
            Self::Nanoseconds => "ns",
            Self::PerSecond => "1/s",
            Self::Bytes => "bytes",
        }
    }
}

impl Figure {
    pub(super) fn new(name: impl Into<String>, unit: Unit, measured: u64) -> Self {
        Self { name: name.into(), unit, measured, beside: None, promises: Vec::new() }
    }

    /// Puts it beside `parts`, which cost so much.
    pub(super) fn beside(self, parts: &'static str, cost: u64) -> Self {
        Self { beside: Some((parts, cost)), ..self }
    }

    /// It is to be at most so many per cent of what it is beside.
    pub(super) fn at_most_percent(self, percent: u64) -> Self {
        self.promised(Promise::PercentAtMost(percent))
    }

    /// It is to be at least so many per cent of what it is beside.
    pub(super) fn at_least_percent(self, percent: u64) -> Self {
        self.promised(Promise::PercentAtLeast(percent))
    }

    pub(super) fn at_most(self, most: u64) -> Self {
        self.promised(Promise::Most(most))
    }

    pub(super) fn at_least(self, least: u64) -> Self {
        self.promised(Promise::Least(least))
    }

    fn promised(mut self, promise: Promise) -> Self {
        self.promises.push(promise);
        self
    }

    /// Of what it is beside; `None` without anything, or nothing, beside it.
    fn percent(&self) -> Option<u64> {
        let (_parts, cost) = self.beside?;
        self.measured.checked_mul(100)?.checked_div(cost)
    }

    fn keeps(&self, promise: Promise) -> bool {
        let percent = self.percent();
        match promise {
            Promise::PercentAtMost(most) => percent.is_some_and(|percent| percent <= most),
            Promise::PercentAtLeast(least) => percent.is_some_and(|percent| percent >= least),
            Promise::Most(most) => self.measured <= most,
            Promise::Least(least) => self.measured >= least,
        }
    }

    /// A promise in words.
    fn words(&self, promise: Promise) -> String {
        let unit = self.unit.symbol();
        match promise {
            Promise::PercentAtMost(most) => format!("at most {most} %"),
            Promise::PercentAtLeast(least) => format!("at least {least} %"),
            Promise::Most(most) => format!("at most {most} {unit}"),
            Promise::Least(least) => format!("at least {least} {unit}"),
        }
    }

    fn to_json(&self) -> Value {
        let mut fields = Map::from_iter([
            ("measured".to_owned(), json!(self.measured)),
            ("unit".to_owned(), json!(self.unit.symbol())),
        ]);
        if let Some((parts, cost)) = self.beside {
            fields.insert("beside".to_owned(), json!({ "parts": parts, "cost": cost }));
            fields.insert("percent".to_owned(), json!(self.percent()));
        }
        if !self.promises.is_empty() {
            let promised: Vec<String> =
                self.promises.iter().map(|promise| self.words(*promise)).collect();
            let kept = self.promises.iter().all(|promise| self.keeps(*promise));
            fields.insert("promised".to_owned(), json!(promised));
            fields.insert("kept".to_owned(), json!(kept));
        }
        Value::Object(fields)
    }
}

/// One object, by the figures' names.
pub(super) fn to_json(figures: &[Figure]) -> Value {
    let by_name: BTreeMap<&str, Value> =
        figures.iter().map(|figure| (figure.name.as_str(), figure.to_json())).collect();
    json!(by_name)
}

/// A line a figure; what is not as promised is marked.
pub(super) fn to_table(figures: &[Figure]) -> String {
    let width = figures.iter().map(|figure| figure.name.len()).max().unwrap_or_default();
    let mut table = String::new();
    for figure in figures {
        let Figure { name, unit, measured, beside, .. } = figure;
        write!(table, "{name:<width$} {measured:>13} {:<5}", unit.symbol()).expect(WRITES);
        if let (Some((parts, cost)), Some(percent)) = (beside, figure.percent()) {
            write!(table, " {percent:>6} % of {cost} ({parts})").expect(WRITES);
        }
        for promise in &figure.promises {
            let mark = if figure.keeps(*promise) { "" } else { ": NOT KEPT" };
            write!(table, ", {}{mark}", figure.words(*promise)).expect(WRITES);
        }
        table.push('\n');
    }
    table
}

const WRITES: &str = "a string takes everything";

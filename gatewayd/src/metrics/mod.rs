//! What the gateway measures of itself: families of numbers, in a table, and how they are written for
//! Prometheus. What happens often costs an atomic addition or two; the rest is looked up when somebody
//! asks, at most every few seconds.

mod count;
mod family;
mod gather;
mod process;
mod requests;
mod scrape;
mod spend;
#[cfg(test)]
mod tests;
mod text;

use std::sync::Arc;

pub use count::{BUCKETS, Histogram, Words};
pub use family::{FAMILIES, Family, Kind};
pub use gather::scrape;
pub use process::OwnProcess;
pub use requests::Requests;
pub use scrape::{Number, Sample, Scrape};
pub use text::Format;

use crate::policy::rules;
use crate::tx::Tier;
use gather::Looked;

/// What denies besides the types of policies: a session's limits, and policies that cannot be read.
const OTHER_RULES: [&str; 2] = ["SESSION", "POLICY"];

/// The counters of a running gateway.
#[derive(Debug)]
pub struct Metrics {
    /// Requests over HTTP.
    pub requests: Requests,
    /// What became of transactions.
    pub decisions: Arc<Decisions>,
    /// The process, where it could be looked at before it was confined.
    pub process: Option<OwnProcess>,
    looked: Looked,
}

/// What the policies decided. What is only tried does not count.
#[derive(Debug)]
pub struct Decisions {
    allowed: Words,
    denied: Words,
}

impl Metrics {
    /// Nothing was counted yet; the audit trail ends with the entry of that id.
    pub fn new(trail_end: u64) -> Self {
        Self {
            requests: Requests::default(),
            decisions: Arc::default(),
            process: None,
            looked: Looked::new(trail_end),
        }
    }
}

impl Default for Decisions {
    fn default() -> Self {
        let rules = rules::ALL.iter().map(|rule| rule.name).chain(OTHER_RULES);
        let tiers = Tier::ALL.iter().map(|tier| tier.as_str());
        Self { allowed: Words::new(tiers), denied: Words::new(rules) }
    }
}

impl Decisions {
    /// A transaction or message was let pass, or waits for its time.
    pub fn allowed(&self, tier: Tier) {
        self.allowed.count(tier.as_str());
    }

    /// One was denied by this rule.
    pub fn denied(&self, rule: &str) {
        self.denied.count(rule);
    }
}

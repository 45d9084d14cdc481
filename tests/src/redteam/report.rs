//! What is asked of a run, and what came of it.

use std::time::Duration;

use serde_json::{Value, json};

use super::tally::Tally;

/// A run that can be done again.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// How many requests to sign, at least.
    pub requests: u64,
    /// How often the signer is killed while it works.
    pub kills: u64,
    /// The same seed, the same requests.
    pub seed: u64,
}

/// What came of it.
#[derive(Debug)]
pub struct Report {
    /// What was counted.
    pub tally: Tally,
    /// What left beside what was printed.
    pub lines: Vec<Value>,
    /// How long the shooting took.
    pub took: Duration,
    /// What was asked for.
    pub plan: Plan,
}

impl Report {
    /// Everything, for programs.
    pub fn json(&self) -> Value {
        let Self { tally, lines, took, plan } = self;
        let refused: serde_json::Map<String, Value> =
            tally.refused.iter().map(|(code, count)| (code.to_string(), json!(count))).collect();
        let classes: serde_json::Map<String, Value> = tally
            .classes
            .iter()
            .map(|(name, [signed, refused])| {
                ((*name).to_owned(), json!({ "signed": signed, "refused": refused }))
            })
            .collect();
        let passed: Duration = tally.kills.iter().sum();
        let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        json!({
            "seed": plan.seed,
            "requests": tally.requests,
            "signed": tally.signed,
            "distinct_signatures": tally.distinct(),
            "approvals_used": tally.approvals_used,
            "kills": tally.kills.len(),
            "lost": tally.lost,
            "passed_seconds": passed.as_secs(),
            "refused": refused,
            "classes": classes,
            "outflow": lines,
            "requests_per_second": tally.requests * 1000 / took_ms.max(1),
            "took_ms": took_ms,
            "mistakes": tally.mistakes,
        })
    }

    /// Stops a test when anything went otherwise than it has to.
    #[track_caller]
    pub fn expect_no_mistakes(&self) {
        let seed = self.plan.seed;
        let mistakes = self.tally.mistakes.join("\n");
        assert!(mistakes.is_empty(), "with seed {seed}:\n{mistakes}");
    }
}

//! What the signer was asked, and how it answered.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use protocol::{Kind, RefusalCode, Reply};

use super::SignerError;
use crate::metrics::Histogram;

/// How requests ended, in the order of [`Asked::outcomes`].
const OUTCOMES: [&str; 5] = ["answered", "refused", "locked", "unavailable", "no_answer"];

/// Counts requests: a few atomic additions each, and a lock for what is refused.
#[derive(Debug)]
pub struct Observed {
    by_kind: Vec<Asked>,
    refusals: Mutex<BTreeMap<RefusalCode, u64>>,
}

/// Requests of one kind.
#[derive(Debug)]
pub struct Asked {
    /// Which.
    pub kind: Kind,
    /// How long they took.
    pub took: Histogram,
    outcomes: [AtomicU64; OUTCOMES.len()],
}

impl Default for Observed {
    fn default() -> Self {
        let none = |kind: &Kind| Asked {
            kind: *kind,
            took: Histogram::default(),
            outcomes: Default::default(),
        };
        Self { by_kind: Kind::ALL.iter().map(none).collect(), refusals: Mutex::default() }
    }
}

impl Observed {
    /// A request ended like this, after so long.
    pub(super) fn answered(
        &self,
        kind: Kind,
        outcome: &Result<Reply, SignerError>,
        took: Duration,
    ) {
        if let Err(SignerError::Refused(refusal)) = outcome {
            let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
            let counted = refusals.entry(refusal.code).or_default();
            *counted = counted.saturating_add(1);
        }
        let Some(asked) = self.by_kind.iter().find(|asked| asked.kind == kind) else { return };
        let [answered, refused, locked, unavailable, no_answer] = &asked.outcomes;
        let counted = match outcome {
            Ok(_) => answered,
            Err(SignerError::Refused(_)) => refused,
            Err(SignerError::Locked) => locked,
            Err(SignerError::Unavailable { .. }) => unavailable,
            Err(SignerError::NoAnswer { .. }) => no_answer,
        };
        counted.fetch_add(1, Ordering::Relaxed);
        asked.took.observe(took);
    }

    /// Every kind of request that was made; signatures always.
    pub fn asked(&self) -> impl Iterator<Item = &Asked> {
        let was_made = |asked: &&Asked| {
            asked.kind == Kind::Sign || asked.outcomes().any(|(_, count)| count > 0)
        };
        self.by_kind.iter().filter(was_made)
    }

    /// What was refused, and how often.
    pub fn refusals(&self) -> BTreeMap<RefusalCode, u64> {
        self.refusals.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Asked {
    /// How many ended how.
    pub fn outcomes(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let counts = self.outcomes.iter().map(|counted| counted.load(Ordering::Relaxed));
        OUTCOMES.into_iter().zip(counts)
    }
}

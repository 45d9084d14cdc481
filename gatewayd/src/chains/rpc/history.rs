//! What was seen of one endpoint: how it answered lately, and the last things that were odd.

use std::collections::VecDeque;
use std::time::Duration;

use crate::clock::UnixSeconds;

/// The incidents that are kept of an endpoint; older ones are in the log.
const INCIDENTS: usize = 16;

/// How an endpoint answered so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// Questions that it answered.
    pub answers: u64,
    /// Questions that it did not answer.
    pub failures: u64,
    /// How long all of them took together.
    pub answering: Duration,
    /// How long its last answer took.
    pub latency: Option<Duration>,
    /// When it answered last.
    pub answered_at: Option<UnixSeconds>,
    /// How often it said something else than other endpoints.
    pub contradictions: u64,
    /// The newest incidents, oldest first.
    pub incidents: VecDeque<Incident>,
}

/// Something odd.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// When.
    pub at: UnixSeconds,
    /// What, in our own words.
    pub what: String,
}

impl History {
    pub(super) fn answered(&mut self, latency: Duration, now: UnixSeconds) {
        self.answers = self.answers.saturating_add(1);
        self.answering = self.answering.saturating_add(latency);
        self.latency = Some(latency);
        self.answered_at = Some(now);
    }

    pub(super) fn failed(&mut self, why: &str, now: UnixSeconds) {
        self.failures = self.failures.saturating_add(1);
        self.note(why, now);
    }

    pub(super) fn contradicted(&mut self, about: &str, now: UnixSeconds) {
        self.contradictions = self.contradictions.saturating_add(1);
        self.note(about, now);
    }

    /// The same again only moves the time, so that a lasting trouble does not push out the others.
    pub(super) fn note(&mut self, what: &str, now: UnixSeconds) {
        if let Some(last) = self.incidents.back_mut().filter(|last| last.what == what) {
            last.at = now;
            return;
        }
        if self.incidents.len() == INCIDENTS {
            self.incidents.pop_front();
        }
        self.incidents.push_back(Incident { at: now, what: what.to_owned() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_newest_incidents_are_kept_and_a_repeated_one_once() {
        let mut history = History::default();
        for second in 0..100_i64 {
            let what = format!("trouble {}", second / 2);
            history.failed(&what, UnixSeconds::new(second));
        }
        assert_eq!((history.incidents.len(), history.failures), (INCIDENTS, 100));
        let last = history.incidents.back().unwrap();
        assert_eq!((last.at, last.what.as_str()), (UnixSeconds::new(99), "trouble 49"));
        assert_eq!(history.incidents.front().unwrap().what, "trouble 34");
    }
}

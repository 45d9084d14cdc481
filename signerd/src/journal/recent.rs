//! What was signed within the last day, so that the same bytes are counted once.

use std::collections::{BTreeMap, VecDeque};

use crate::clock::UnixSeconds;
use crate::guard::DAY_SECONDS;

/// Proof that the same bytes were signed within the last day: the same signature comes out, and the
/// network takes it once. Only the journal makes one.
#[derive(Debug)]
pub struct Repeat(());

#[cfg(test)]
impl Repeat {
    pub(crate) fn for_tests() -> Self {
        Self(())
    }
}

/// Digests and when they were counted. Each is looked at twice, when it comes and when it goes: a
/// busy day costs no more than its signatures.
#[derive(Debug, Default)]
pub(super) struct Recent {
    counted_at: BTreeMap<[u8; 32], UnixSeconds>,
    oldest_first: VecDeque<(UnixSeconds, [u8; 32])>,
}

impl Recent {
    /// Takes up what was counted at `at`, and forgets what is a day old then.
    pub(super) fn add(&mut self, digest: [u8; 32], at: UnixSeconds) {
        while let Some((_, old)) =
            self.oldest_first.pop_front_if(|(oldest, _)| is_over(*oldest, at))
        {
            self.counted_at.remove(&old);
        }
        self.counted_at.insert(digest, at);
        self.oldest_first.push_back((at, digest));
    }

    /// The proof, if it was counted within the day before `now`.
    pub(super) fn repeat(&self, digest: [u8; 32], now: UnixSeconds) -> Option<Repeat> {
        self.counted_at.get(&digest).filter(|at| !is_over(**at, now)).map(|_at| Repeat(()))
    }
}

fn is_over(at: UnixSeconds, now: UnixSeconds) -> bool {
    now >= at.saturating_add(DAY_SECONDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixSeconds = 1_800_000_000;

    #[test]
    fn what_was_counted_is_known_for_a_day_and_then_forgotten() {
        let mut recent = Recent::default();
        recent.add([1; 32], NOW);
        recent.add([2; 32], NOW + 5);
        assert!(recent.repeat([1; 32], NOW + DAY_SECONDS - 1).is_some());
        assert!(recent.repeat([1; 32], NOW + DAY_SECONDS).is_none());
        recent.add([1; 32], NOW + DAY_SECONDS);
        assert!(recent.repeat([1; 32], NOW + DAY_SECONDS).is_some());
        assert!(recent.repeat([2; 32], NOW + DAY_SECONDS).is_some());
        recent.add([3; 32], NOW + DAY_SECONDS + 5);
        assert_eq!((recent.counted_at.len(), recent.oldest_first.len()), (2, 2));
    }
}

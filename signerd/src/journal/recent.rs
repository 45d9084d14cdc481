//! What was signed within the last day, so that the same bytes are counted once.

use std::collections::{BTreeMap, VecDeque};

use protocol::wire::{Reader, Wire, WireError};

use crate::clock::UnixSeconds;
use crate::guard::DAY_SECONDS;

/// The most digests of one wallet. What was counted before them counts again when it is signed again.
const MAX_KNOWN: usize = 65_536;

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
        while self.oldest_first.front().is_some_and(|(oldest, _)| is_over(*oldest, at)) {
            self.forget_oldest();
        }
        self.counted_at.insert(digest, at);
        self.oldest_first.push_back((at, digest));
        if self.oldest_first.len() > MAX_KNOWN {
            self.forget_oldest();
        }
    }

    /// A digest that came again keeps its later time: its older entry takes nothing away.
    fn forget_oldest(&mut self) {
        if let Some((at, old)) = self.oldest_first.pop_front()
            && self.counted_at.get(&old) == Some(&at)
        {
            self.counted_at.remove(&old);
        }
    }

    /// The proof, if it was counted within the day before `now`.
    pub(super) fn repeat(&self, digest: [u8; 32], now: UnixSeconds) -> Option<Repeat> {
        self.counted_at.get(&digest).filter(|at| !is_over(**at, now)).map(|_at| Repeat(()))
    }
}

/// Times and digests, the oldest first.
impl Wire for Recent {
    fn write(&self, out: &mut Vec<u8>) {
        self.oldest_first.write(out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let oldest_first: VecDeque<(UnixSeconds, [u8; 32])> = Wire::read(input)?;
        let counted_at = oldest_first.iter().map(|(at, digest)| (*digest, *at)).collect();
        Ok(Self { counted_at, oldest_first })
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

    #[test]
    fn the_oldest_of_too_many_is_forgotten() {
        let mut recent = Recent::default();
        let digest = |number: usize| {
            let mut digest = [0; 32];
            digest[..8].copy_from_slice(&number.to_be_bytes());
            digest
        };
        for number in 0..=MAX_KNOWN {
            recent.add(digest(number), NOW);
        }
        let known = |number| recent.counted_at.contains_key(&digest(number));
        assert_eq!([known(0), known(1), known(MAX_KNOWN)], [false, true, true]);
        assert_eq!((recent.counted_at.len(), recent.oldest_first.len()), (MAX_KNOWN, MAX_KNOWN));
    }
}

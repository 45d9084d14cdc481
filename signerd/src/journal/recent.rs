//! What was signed within the last day, so that the same bytes are counted once.

use std::collections::{BTreeMap, VecDeque};

use primitives::WalletId;
use protocol::wire::{Reader, Wire, WireError};

use crate::clock::UnixSeconds;
use crate::guard::DAY_SECONDS;

/// The most digests of all wallets together, whoever signs how much: some 60 MB. What was counted before
/// them counts again when it is signed again, so that forgetting never frees anything.
pub(super) const MAX_KNOWN: usize = 262_144;

/// What was signed: whose key, and a digest of the bytes.
type Known = (WalletId, [u8; 32]);

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
    counted_at: BTreeMap<Known, UnixSeconds>,
    oldest_first: VecDeque<(UnixSeconds, Known)>,
}

impl Recent {
    /// Takes up what was counted at `at`, and forgets what is a day old then.
    pub(super) fn add(&mut self, known: Known, at: UnixSeconds) {
        while self.oldest_first.front().is_some_and(|(oldest, _)| is_over(*oldest, at)) {
            self.forget_oldest();
        }
        // Before the newest comes: a queue that is full takes twice the room for one more.
        if self.oldest_first.len() >= MAX_KNOWN {
            self.forget_oldest();
        }
        self.counted_at.insert(known, at);
        self.oldest_first.push_back((at, known));
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
    pub(super) fn repeat(&self, known: Known, now: UnixSeconds) -> Option<Repeat> {
        self.counted_at.get(&known).filter(|at| !is_over(**at, now)).map(|_at| Repeat(()))
    }
}

/// Times and digests, the oldest first.
impl Wire for Recent {
    fn write(&self, out: &mut Vec<u8>) {
        self.oldest_first.write(out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let oldest_first: VecDeque<(UnixSeconds, Known)> = Wire::read(input)?;
        let counted_at = oldest_first.iter().map(|(at, known)| (*known, *at)).collect();
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

    fn known(wallet: u8, number: usize) -> Known {
        let mut digest = [0; 32];
        digest[..8].copy_from_slice(&number.to_be_bytes());
        (WalletId::from_bytes([wallet; 16]), digest)
    }

    #[test]
    fn what_was_counted_is_known_for_a_day_and_then_forgotten() {
        let mut recent = Recent::default();
        let [one, two, three] = [1, 2, 3].map(|number| known(1, number));
        recent.add(one, NOW);
        recent.add(two, NOW + 5);
        assert!(recent.repeat(one, NOW + DAY_SECONDS - 1).is_some());
        assert!(recent.repeat(one, NOW + DAY_SECONDS).is_none());
        recent.add(one, NOW + DAY_SECONDS);
        assert!(recent.repeat(one, NOW + DAY_SECONDS).is_some());
        assert!(recent.repeat(two, NOW + DAY_SECONDS).is_some());
        recent.add(three, NOW + DAY_SECONDS + 5);
        assert_eq!((recent.counted_at.len(), recent.oldest_first.len()), (2, 2));
    }

    #[test]
    fn what_one_wallet_signed_another_did_not() {
        let mut recent = Recent::default();
        recent.add(known(1, 7), NOW);
        assert!(recent.repeat(known(1, 7), NOW).is_some());
        assert!(recent.repeat(known(2, 7), NOW).is_none());
    }

    #[test]
    fn the_oldest_of_too_many_is_forgotten_whichever_wallets_it_is() {
        let mut recent = Recent::default();
        let wallet = |number: usize| u8::try_from(number % 4).unwrap();
        for number in 0..=MAX_KNOWN {
            recent.add(known(wallet(number), number), NOW);
        }
        let is_known = |number| recent.counted_at.contains_key(&known(wallet(number), number));
        assert_eq!([is_known(0), is_known(1), is_known(MAX_KNOWN)], [false, true, true]);
        assert_eq!((recent.counted_at.len(), recent.oldest_first.len()), (MAX_KNOWN, MAX_KNOWN));
    }
}

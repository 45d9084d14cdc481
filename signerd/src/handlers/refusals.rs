//! Refusals on their way into the journal.
//!
//! The first of a second is written at once; more of them in the same second are counted and
//! written together, so that a peer that asks for the forbidden at full speed does not fill the disk.

use std::collections::BTreeMap;

use primitives::WalletId;
use protocol::RefusalCode;

use crate::clock::UnixSeconds;
use crate::journal::Event;

/// Refusals that are not in the journal yet.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    waiting: BTreeMap<(WalletId, RefusalCode), u32>,
    written_at: UnixSeconds,
}

impl Refusals {
    pub(crate) fn count(&mut self, wallet: WalletId, code: RefusalCode) {
        let count = self.waiting.entry((wallet, code)).or_default();
        *count = count.saturating_add(1);
    }

    /// What is to be written now; empty when something was written in this second already.
    pub(crate) fn due(&mut self, now: UnixSeconds) -> Vec<Event> {
        if self.waiting.is_empty() || now <= self.written_at {
            return Vec::new();
        }
        self.written_at = now;
        std::mem::take(&mut self.waiting)
            .into_iter()
            .map(|((wallet, code), count)| Event::Refused { wallet, code, count })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_of_one_second_are_counted_and_written_together() {
        let wallet = WalletId::from_bytes([1; 16]);
        let (code, other) = (RefusalCode::NeedsDelay, RefusalCode::NeedsOwner);
        let mut refusals = Refusals::default();
        refusals.count(wallet, code);
        assert_eq!(refusals.due(10), [Event::Refused { wallet, code, count: 1 }]);
        refusals.count(wallet, code);
        refusals.count(wallet, other);
        refusals.count(wallet, code);
        assert_eq!(refusals.due(10), []);
        assert_eq!(
            refusals.due(11),
            [
                Event::Refused { wallet, code, count: 2 },
                Event::Refused { wallet, code: other, count: 1 },
            ]
        );
        assert_eq!(refusals.due(12), []);
    }
}

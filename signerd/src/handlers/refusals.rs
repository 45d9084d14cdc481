//! Refusals on their way into the journal.
//!
//! The first of its kind is written at once; more of the same within a minute are counted and written
//! together, so that a peer that asks for the forbidden at full speed does not fill the disk.

use std::collections::BTreeMap;

use primitives::WalletId;
use protocol::RefusalCode;

use crate::clock::UnixSeconds;
use crate::journal::Event;

/// For how long more refusals of the same kind are counted before they are written.
pub(crate) const TOGETHER_SECONDS: u64 = 60;

/// The most kinds of refusals that one wallet has: one for each code that there is.
pub(crate) const MAX_KINDS: u64 = 37;

/// Refusals of each kind: of one wallet, for one reason.
#[derive(Debug, Default)]
pub(crate) struct Refusals(BTreeMap<(WalletId, RefusalCode), Kind>);

/// Refusals of the same kind.
#[derive(Debug, Default)]
struct Kind {
    /// Those that are not in the journal yet.
    waiting: u32,
    /// From when on they are written, by the signer's clock.
    due_at: UnixSeconds,
}

impl Refusals {
    pub(crate) fn count(&mut self, wallet: WalletId, code: RefusalCode) {
        let kind = self.0.entry((wallet, code)).or_default();
        kind.waiting = kind.waiting.saturating_add(1);
    }

    /// What is to be written now. Kinds of which nothing came for so long are forgotten.
    pub(crate) fn due(&mut self, now: UnixSeconds) -> Vec<Event> {
        self.0.retain(|_, kind| kind.waiting > 0 || now < kind.due_at);
        let due = self.0.iter_mut().filter(|(_, kind)| kind.waiting > 0 && now >= kind.due_at);
        due.map(|((wallet, code), kind)| {
            let count = std::mem::take(&mut kind.waiting);
            kind.due_at = now.saturating_add(TOGETHER_SECONDS);
            Event::Refused { wallet: *wallet, code: *code, count }
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use protocol::wire::read_all;

    use super::*;

    #[test]
    fn the_first_of_a_kind_is_written_at_once_and_those_of_the_next_minute_together() {
        let wallet = WalletId::from_bytes([1; 16]);
        let (code, other) = (RefusalCode::NeedsDelay, RefusalCode::NeedsOwner);
        let mut refusals = Refusals::default();
        let written = |code, count| Event::Refused { wallet, code, count };
        refusals.count(wallet, code);
        assert_eq!(refusals.due(10), [written(code, 1)]);
        refusals.count(wallet, code);
        refusals.count(wallet, other);
        refusals.count(wallet, code);
        assert_eq!(refusals.due(10), [written(other, 1)]);
        assert_eq!(refusals.due(69), []);
        assert_eq!(refusals.due(70), [written(code, 2)]);
        assert_eq!(refusals.due(71), []);
        refusals.count(wallet, other);
        assert_eq!(refusals.due(71), [written(other, 1)]);
        assert_eq!(refusals.due(131), []);
        assert!(refusals.0.is_empty(), "what is long ago takes no room");
    }

    #[test]
    fn there_are_no_more_kinds_than_that() {
        let is_code = |tag: &u8| read_all::<RefusalCode>(&[*tag]).is_ok();
        let codes = (0..=u8::MAX).filter(is_code).count();
        assert_eq!(u64::try_from(codes).unwrap(), MAX_KINDS);
    }

    #[test]
    fn whatever_is_refused_how_often_each_kind_is_one_record_a_minute() {
        let wallets = [1, 2, 3].map(|number| WalletId::from_bytes([number; 16]));
        let mut refusals = Refusals::default();
        let mut records = 0;
        for now in 0..3600 {
            for wallet in wallets {
                refusals.count(wallet, RefusalCode::NeedsOwner);
            }
            records += refusals.due(now).len();
        }
        assert_eq!(records, 3 * 60);
    }
}

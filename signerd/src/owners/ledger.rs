//! What the journal says of a wallet's owners, beside who they are.

use protocol::journal::UsedApproval;
use protocol::{Owners, Refusal, RefusalCode};

use crate::clock::UnixSeconds;

/// The most approvals of one wallet that are remembered at a time.
pub const MAX_USED: usize = 1024;
/// The most proposals until an operator confirms somebody.
pub const MAX_PROPOSALS: u32 = 256;

/// Who was proposed, and which approvals were used. Who the owners are stands in the wallet's
/// snapshot, as a backup holds it.
#[derive(Debug, Default)]
pub struct OwnersLedger {
    proposed: Option<Owners>,
    proposals: u32,
    used: Vec<UsedApproval>,
}

protocol::wire_fields!(OwnersLedger { proposed, proposals, used });

impl OwnersLedger {
    /// Those who were proposed and not confirmed.
    pub fn proposed(&self) -> Option<&Owners> {
        self.proposed.as_ref()
    }

    /// Takes up a proposal; it replaces the one before.
    pub(crate) fn propose(&mut self, owners: Owners) {
        self.proposed = Some(owners);
        self.proposals = self.proposals.saturating_add(1);
    }

    /// Takes up that owners were confirmed: nobody is proposed any more.
    pub(crate) fn confirm(&mut self) {
        self.proposed = None;
        self.proposals = 0;
    }

    /// Takes up that an approval was used at `at`, and forgets those that are over by then. The
    /// signer's clock never runs backwards: what is over stays over.
    pub(crate) fn use_up(&mut self, used: UsedApproval, at: UnixSeconds) {
        self.used.retain(|known| at < known.expires_at);
        self.used.push(used);
    }

    /// Whether another proposal is heard.
    ///
    /// # Errors
    /// When there were too many: a gateway must not fill the journal by proposing.
    pub(crate) fn check_room_for_proposal(&self) -> Result<(), Refusal> {
        if self.proposals < MAX_PROPOSALS {
            return Ok(());
        }
        let message = format!(
            "{MAX_PROPOSALS} proposals were made; an operator has to confirm owners with \
             `waiaasctl owner confirm`"
        );
        Err(Refusal::new(RefusalCode::LimitReached, message))
    }

    /// Whether an approval with that nonce can still be used at `now`.
    ///
    /// # Errors
    /// When it was used, or when so many were used that it could not be remembered.
    pub(crate) fn check_unused(&self, nonce: [u8; 16], now: UnixSeconds) -> Result<(), Refusal> {
        if self.used.iter().any(|used| used.nonce == nonce) {
            let message = "the approval was used before; ask the owners anew";
            return Err(Refusal::new(RefusalCode::ApprovalUsed, message));
        }
        let remembered = || self.used.iter().filter(|used| now < used.expires_at);
        if remembered().count() < MAX_USED {
            return Ok(());
        }
        let first = remembered().map(|used| used.expires_at).min().unwrap_or(now);
        let retry_after_seconds = u32::try_from(first.saturating_sub(now)).unwrap_or(u32::MAX);
        let message = format!("{MAX_USED} approvals were used that are not over yet; wait");
        Err(Refusal { code: RefusalCode::LimitReached, message, retry_after_seconds })
    }
}

#[cfg(test)]
mod tests {
    use protocol::wire::{read_all, to_bytes};

    use super::*;

    const NOW: UnixSeconds = 1_800_000_000;

    fn used(number: u16, expires_at: UnixSeconds) -> UsedApproval {
        UsedApproval { nonce: nonce(number), expires_at }
    }

    fn nonce(number: u16) -> [u8; 16] {
        let mut nonce = [0; 16];
        nonce[..2].copy_from_slice(&number.to_be_bytes());
        nonce
    }

    fn code(result: Result<(), Refusal>) -> Option<RefusalCode> {
        result.err().map(|refusal| refusal.code)
    }

    #[test]
    fn an_approval_is_remembered_until_it_is_over_by_the_signers_clock() {
        let mut ledger = OwnersLedger::default();
        ledger.use_up(used(1, NOW + 10), NOW);
        let known = Some(RefusalCode::ApprovalUsed);
        assert_eq!(code(ledger.check_unused(nonce(1), NOW)), known);
        assert_eq!(code(ledger.check_unused(nonce(2), NOW)), None);
        ledger.use_up(used(2, NOW + 20), NOW + 9);
        assert_eq!(code(ledger.check_unused(nonce(1), NOW + 9)), known);
        ledger.use_up(used(3, NOW + 20), NOW + 10);
        assert_eq!(code(ledger.check_unused(nonce(1), NOW + 10)), None);
        assert_eq!(code(ledger.check_unused(nonce(2), NOW + 10)), known);
    }

    #[test]
    fn what_cannot_be_remembered_cannot_be_used() {
        let mut ledger = OwnersLedger::default();
        let most = u16::try_from(MAX_USED).unwrap();
        for number in 1..most {
            ledger.use_up(used(number, NOW + 10), NOW);
        }
        assert_eq!(code(ledger.check_unused(nonce(0), NOW)), None);
        ledger.use_up(used(most, NOW + 5), NOW);
        let refused = ledger.check_unused(nonce(0), NOW).unwrap_err();
        assert_eq!((refused.code, refused.retry_after_seconds), (RefusalCode::LimitReached, 5));
        assert_eq!(code(ledger.check_unused(nonce(0), NOW + 5)), None);
    }

    #[test]
    fn proposals_have_an_end_until_somebody_is_confirmed() {
        let mut ledger = OwnersLedger::default();
        for _ in 0..MAX_PROPOSALS {
            assert_eq!(code(ledger.check_room_for_proposal()), None);
            ledger.propose(Owners::NONE);
        }
        assert_eq!(code(ledger.check_room_for_proposal()), Some(RefusalCode::LimitReached));
        assert!(ledger.proposed().is_some());
        ledger.confirm();
        assert_eq!(code(ledger.check_room_for_proposal()), None);
        assert!(ledger.proposed().is_none());
    }

    #[test]
    fn it_survives_the_way_through_its_bytes() {
        let mut ledger = OwnersLedger::default();
        ledger.propose(Owners::NONE);
        ledger.use_up(used(1, NOW + 10), NOW);
        let read: OwnersLedger = read_all(&to_bytes(&ledger)).unwrap();
        assert_eq!(format!("{read:?}"), format!("{ledger:?}"));
    }
}

//! What a signature is recorded as, and what pays for it.

use std::collections::BTreeMap;

use primitives::{Amount, Asset, Scope, WalletId};
use sha2::{Digest, Sha256};
use txcodec::SigningInput;

use super::lease::{Paid, Stands};
use super::{Event, Grant, Journal, Noted, Recorded, SpendLine, Unsynced};
use crate::clock::{Moment, UnixSeconds};
use crate::guard::{Clearance, Cleared, Judged};

impl Journal {
    /// Pays what `judged` spends from a lease of its wallet, if there is one that holds so much.
    /// Nothing else would be asked of it then.
    pub fn pay(&mut self, judged: &Judged, now: UnixSeconds) -> Option<Paid> {
        let (of, spend) = judged.leasable()?;
        if self.damage.is_some() {
            return None;
        }
        self.leases.pay(of, spend, judged.intent(), now)
    }

    /// Counts what `cleared` spends, unless it was counted before. What the guard lets go at once
    /// is counted together with more of the same, as a lease, where the guard has leases.
    pub fn record(&mut self, moment: Moment, cleared: Cleared) -> Noted {
        let Clearance { wallet, input, intent, by, scope, spend } = cleared.into_clearance();
        let digest = digest_of(&input);
        let leased = match (by, scope) {
            (Grant::Guard, Some(scope)) => self.lease(moment, (wallet, scope), &spend),
            (
                Grant::Guard
                | Grant::Announced(_)
                | Grant::Approved(_)
                | Grant::Again
                | Grant::Lease,
                _,
            ) => None,
        };
        let by = leased.unwrap_or(by);
        let spend = match by {
            Grant::Again | Grant::Lease => Vec::new(),
            Grant::Guard | Grant::Announced(_) | Grant::Approved(_) => {
                spend.into_iter().map(|(asset, amount)| SpendLine { asset, amount }).collect()
            }
        };
        self.append(moment, Event::Signed { wallet, digest, intent, by, scope, spend });
        let recorded = Recorded { wallet, input };
        match (by, self.leases.stands(wallet, scope)) {
            (Grant::Lease, Stands::OnDisk) => Noted::Leased(recorded),
            (_, Stands::OnDisk | Stands::InMemory) => Noted::Waiting(Unsynced(recorded)),
        }
    }

    /// Takes a lease that `spend` is paid from, if the guard has leases.
    fn lease(
        &mut self,
        moment: Moment,
        of: (WalletId, Scope),
        spend: &BTreeMap<Asset, Amount>,
    ) -> Option<Grant> {
        let (wallet, scope) = of;
        let known = self.state.wallet(wallet)?;
        let ahead = known.guard()?.lease(known.windows(), scope, spend, moment.now)?;
        if let Some(ended) = self.leases.ended(of) {
            self.append(moment, ended);
        }
        let event = self.leases.take(of, ahead, spend, moment.now);
        self.append(moment, event);
        Some(Grant::Lease)
    }

    /// Gives back what is left of the leases that are over by `end`.
    pub fn end_leases(&mut self, moment: Moment, end: UnixSeconds) {
        for ended in self.leases.over(end) {
            self.append(moment, ended);
        }
    }

    /// What can still leave a wallet because of its leases, though it counts as spent.
    pub fn leased(&self, wallet: WalletId) -> impl Iterator<Item = ((Scope, Asset), Amount)> {
        self.leases.left(wallet)
    }
}

/// Names what a signature is over, without repeating it.
pub(super) fn digest_of(input: &SigningInput) -> [u8; 32] {
    match input {
        SigningInput::Digest(digest) => Sha256::digest(digest).into(),
        SigningInput::Bytes(bytes) => Sha256::digest(bytes).into(),
    }
}

//! A wallet's owners, and what they allow that its guard does not (`docs/approval.md`).
//!
//! The question that they answered is put together here, from the signer's own state and from the
//! bytes that are to be signed; of what the asker brings along only the terms are in it. So there is
//! no field that a gateway could have them sign for one thing and show here for another.
//!
//! A contract that owns (EIP-1271) could be asked only over a network, and so owns nothing here.

mod answer;
mod eligible;
mod ledger;

use primitives::WalletId;
use protocol::journal::{Event, UsedApproval};
use protocol::{Approval, Owners, Refusal, RefusalCode};
use txcodec::approval::Matter;

use crate::guard::Judged;
use crate::journal::WalletSnapshot;

pub(crate) use answer::Asker;
use answer::Standing;
pub(crate) use eligible::check_eligible;
pub use ledger::{MAX_PROPOSALS, MAX_USED, OwnersLedger};

/// For how long ahead owners can allow something.
pub(crate) const MAX_AHEAD_SECONDS: u64 = 7 * 24 * 60 * 60;

/// What a wallet's owners allowed to be signed. Its fields are private and only [`approve`] makes
/// one, so nothing passes for approved that was not verified.
///
/// ```compile_fail,E0451
/// fn forge(wallet: primitives::WalletId, used: protocol::journal::UsedApproval) -> signerd::owners::Approved {
///     signerd::owners::Approved { wallet, intent: [0; 32], used, enrols: None } // its fields are private
/// }
/// ```
#[derive(Debug)]
pub struct Approved {
    wallet: WalletId,
    intent: [u8; 32],
    used: UsedApproval,
    enrols: Option<Owners>,
}

/// What a wallet's owners allowed that is no signature. Only [`agree`] makes one.
#[derive(Debug)]
#[must_use = "its event has to be noted, or it can be used again"]
pub(crate) struct Agreed {
    wallet: WalletId,
    used: UsedApproval,
}

impl Approved {
    /// What is remembered of it, so that it is used once.
    pub fn used(&self) -> UsedApproval {
        self.used
    }

    /// Whether it is of that wallet's owners, and for what does just that.
    pub fn is_for(&self, wallet: WalletId, intent: [u8; 32]) -> bool {
        self.wallet == wallet && self.intent == intent
    }

    /// Those who become the owners by it, where this is their first use.
    pub(crate) fn enrolment(&self) -> Option<Event> {
        let owners = self.enrols.clone()?;
        Some(Event::OwnersConfirmed { wallet: self.wallet, owners })
    }

    #[cfg(test)]
    pub(crate) fn new(wallet: WalletId, intent: [u8; 32], used: UsedApproval) -> Self {
        Self { wallet, intent, used, enrols: None }
    }
}

impl Agreed {
    /// Uses it up: this event keeps it from being used again.
    pub(crate) fn into_event(self) -> Event {
        let UsedApproval { nonce, expires_at } = self.used;
        Event::ApprovalUsed { wallet: self.wallet, nonce, expires_at }
    }
}

/// Verifies that the owners of a wallet allowed what was judged to be signed.
///
/// # Errors
/// A refusal that says what is wrong with the approval.
pub(crate) fn approve(
    asker: Asker<'_>,
    judged: &Judged,
    approval: &Approval,
) -> Result<Approved, Refusal> {
    let decoded = judged.decoded();
    let WalletSnapshot { id, environment, .. } = asker.wallet.snapshot();
    let (owners, standing) = asker.who_answers()?;
    answer::check_fee(judged.network_takes(), approval.terms.fee_ceiling)?;
    let matter = Matter::Sign { decoded, environment: *environment };
    let used = asker.verify(owners, matter, approval)?;
    let enrols = match standing {
        Standing::Confirmed => None,
        Standing::Proposed => Some(owners.clone()),
    };
    Ok(Approved { wallet: *id, intent: decoded.intent(), used, enrols })
}

/// Verifies that the owners of a wallet allowed `matter`, where it has any; `None` where nobody has
/// to be asked.
///
/// # Errors
/// A refusal, where there are owners and they did not, that says what is missing.
pub(crate) fn agree(
    asker: Asker<'_>,
    matter: Matter<'_>,
    approval: Option<&Approval>,
) -> Result<Option<Agreed>, Refusal> {
    let WalletSnapshot { id, owners, .. } = asker.wallet.snapshot();
    if *owners == Owners::NONE {
        return Ok(None);
    }
    let approval = approval.ok_or_else(|| {
        let message = "the wallet has owners: this takes their approval too, \
                       see `waiaasctl approval text`";
        Refusal::new(RefusalCode::NeedsOwner, message)
    })?;
    let used = asker.verify(owners, matter, approval)?;
    Ok(Some(Agreed { wallet: *id, used }))
}

fn no_owners() -> Refusal {
    let message = "the wallet has no confirmed owners; name them with `waiaasctl owner confirm`";
    Refusal::new(RefusalCode::BadApproval, message)
}

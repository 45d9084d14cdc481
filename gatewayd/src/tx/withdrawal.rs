//! What an operator ordered to be taken to a wallet's owner: when it may leave, and why the policies,
//! which bind agents, have no say.

use std::time::Duration;

use primitives::Address;
use txcodec::{Decoded, Effect};

use super::{Tier, Transaction};
use crate::policy::{Allowed, Verdict};
use crate::store::wallets::{OwnerState, Wallet, WalletStatus};
use crate::store::{Reading, StoreError};

/// Nothing but the signer makes it wait; where that asks for the owners, they have a day.
const ALLOWED: Allowed = Allowed {
    tier: Tier::Instant,
    delay: Duration::ZERO,
    approval_timeout: Duration::from_hours(24),
};

/// Whether something of the wallet may be signed as far as the wallet goes: while it is active, and
/// what takes things to its owner while it is given up, too.
pub(super) fn is_let_go(
    db: &Reading<'_>,
    wallet: &Wallet,
    transaction: &Transaction,
) -> Result<bool, StoreError> {
    match wallet.status {
        WalletStatus::Active => Ok(true),
        WalletStatus::Terminating => db.is_withdrawal(transaction.id),
        WalletStatus::Creating | WalletStatus::Suspended | WalletStatus::Terminated => Ok(false),
    }
}

/// The verdict over what was ordered to go to the owner, if it does just that, by its bytes, and the
/// owner is still locked in. `None` for the others, of which the policies decide.
pub(super) fn verdict(
    db: &Reading<'_>,
    transaction: &Transaction,
    decoded: &Decoded,
) -> Result<Option<Verdict>, StoreError> {
    if transaction.session.is_some() || !db.is_withdrawal(transaction.id)? {
        return Ok(None);
    }
    let wallet = db.wallet(transaction.wallet)?;
    let owner = wallet.filter(|wallet| wallet.owner_state() == OwnerState::Locked);
    let Some(owner) = owner.and_then(|wallet| wallet.owner) else { return Ok(None) };
    let goes = decoded.effects().iter().all(|effect| goes_to(effect, owner.address));
    Ok(goes.then_some(Verdict::Allow(ALLOWED)))
}

fn goes_to(effect: &Effect, owner: Address) -> bool {
    match effect {
        Effect::NativeOut { .. } | Effect::TokenOut { .. } => {
            effect.recipient().is_some_and(|to| to.is(owner))
        }
        Effect::Rent { .. } => true,
        Effect::CollectibleOut { .. }
        | Effect::Allowance { .. }
        | Effect::AuthorityChange { .. }
        | Effect::Call { .. }
        | Effect::Deploy
        | Effect::Text { .. }
        | Effect::TypedData { .. }
        | Effect::Memo { .. }
        | Effect::Opaque(_) => false,
    }
}

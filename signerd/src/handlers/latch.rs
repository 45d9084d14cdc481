//! Signing is stopped and allowed again, for one wallet or for all, and the dead man's switch.
//!
//! What stops, stops the next request of the same batch too: each is decided by what the journal says
//! with everything before it.

use primitives::WalletId;
use protocol::{Approval, Latch, Owners, Refusal, RefusalCode, Secret};
use txcodec::approval::{Matter, Stop};

use super::{check_journal, done, unknown_wallet, vault_refusal};
use crate::journal::{Event, WalletState};
use crate::log;
use crate::owners::{Agreed, Asker, agree};
use crate::signer::{Signer, Step};

/// Characters.
const MAX_REASON: usize = 256;

/// Never loosens. The first reason stands: another peer can neither hide it nor fill the journal by
/// repeating.
pub(super) fn halt(
    signer: &mut Signer,
    wallet: Option<WalletId>,
    (from, to): (Option<Latch>, Latch),
    reason: &str,
) -> Result<Step, Refusal> {
    let latch = latch_of(signer, wallet)?;
    if from.is_some_and(|from| from != latch) {
        return Err(elsewhere(latch));
    }
    if to > latch {
        let shown = reason.chars().filter(|letter| !letter.is_control());
        set(signer, wallet, to, shown.take(MAX_REASON).collect());
    }
    Ok(done())
}

/// Takes the vault's passphrase. Out of a lock, a wallet with owners needs them too.
pub(super) fn resume(
    signer: &mut Signer,
    wallet: Option<WalletId>,
    from: Latch,
    passphrase: &Secret,
    approval: Option<&Approval>,
) -> Result<Step, Refusal> {
    check_journal(signer)?;
    let latch = latch_of(signer, wallet)?;
    if from != latch {
        return Err(elsewhere(latch));
    }
    let now_ms = signer.clock.now_ms();
    signer.vault.check(passphrase, now_ms).map_err(vault_refusal)?;
    match (wallet, latch) {
        (_, Latch::Active) => return Ok(done()),
        (_, Latch::Suspended) => {}
        (Some(wallet), Latch::Locked) => {
            if let Some(agreed) = owners_agree(signer, wallet, approval)? {
                signer.note(agreed.into_event());
            }
        }
        // First, so that a crash in between leaves too much locked and not too little.
        (None, Latch::Locked) => lock_those_with_owners(signer),
    }
    set(signer, wallet, Latch::Active, "resumed by an operator".to_owned());
    Ok(done())
}

/// Puts off the dead man's switch. Where it has gone off already, that changes nothing.
pub(super) fn renew(signer: &mut Signer) -> Step {
    signer.note(Event::Renewed {});
    done()
}

/// Suspends signing when no operator was there for as long as the settings say.
pub(crate) fn judge_switch(signer: &mut Signer) {
    let latches = signer.journal.state().latches();
    let seconds = latches.dead_man_seconds();
    let suspends_at = latches.suspends_at().filter(|_| signer.journal.damage().is_none());
    if suspends_at.is_some_and(|at| signer.clock.now() >= at) {
        let reason = format!("the dead man's switch: no operator renewed it for {seconds} s");
        set(signer, None, Latch::Suspended, reason);
    }
}

/// Where the latch of a wallet is, or the signer's.
fn latch_of(signer: &Signer, wallet: Option<WalletId>) -> Result<Latch, Refusal> {
    let Some(wallet) = wallet else { return Ok(signer.latch().0) };
    let state = signer.journal.state().wallet(wallet).ok_or_else(unknown_wallet)?;
    Ok(state.snapshot().latch)
}

fn set(signer: &mut Signer, wallet: Option<WalletId>, latch: Latch, reason: String) {
    let whose = wallet.map_or_else(|| "signing".to_owned(), |wallet| format!("wallet {wallet}"));
    log::notice(format_args!("{whose} is {latch} from now on"));
    signer.note(Event::LatchSet { wallet, latch, reason });
}

/// Whether a wallet's owners let it sign again; one without owners has nobody to ask.
fn owners_agree(
    signer: &Signer,
    wallet: WalletId,
    approval: Option<&Approval>,
) -> Result<Option<Agreed>, Refusal> {
    let matter = Matter::Resume { from: Stop::Locked };
    let state = signer.journal.state();
    let known = state.wallet(wallet).ok_or_else(unknown_wallet)?;
    agree(Asker::new(state, known, signer.clock.moment()), matter, approval)
}

/// When the signer is unlocked, each wallet with owners stays locked until they agree.
fn lock_those_with_owners(signer: &mut Signer) {
    let reason = signer.journal.state().latches().reason().to_owned();
    let wallets = signer.journal.state().wallets().map(WalletState::snapshot);
    let owned = wallets.filter(|wallet| wallet.owners != Owners::NONE);
    let unlocked: Vec<_> =
        owned.filter(|wallet| wallet.latch < Latch::Locked).map(|wallet| wallet.id).collect();
    for wallet in unlocked {
        set(signer, Some(wallet), Latch::Locked, reason.clone());
    }
}

fn elsewhere(latch: Latch) -> Refusal {
    let message = format!("the latch is {latch}; look at `waiaasctl status` and ask again");
    Refusal::new(RefusalCode::LatchChanged, message)
}

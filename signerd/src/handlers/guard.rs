//! Guards, exposure, and the latch.

use primitives::WalletId;
use protocol::{Exposure, GuardText, Latch, Refusal, RefusalCode, Reply, Secret};

use super::{check_journal, done, unknown_wallet, vault_refusal};
use crate::guard::{self, Guard};
use crate::journal::Event;
use crate::signer::{Signer, Step};

const MAX_REASON: usize = 256;

pub(super) fn show(signer: &Signer, wallet: WalletId) -> Result<Step, Refusal> {
    let state = signer.journal.state().wallet(wallet).ok_or_else(unknown_wallet)?;
    let snapshot = state.snapshot();
    let (version, text) = (snapshot.guard_version, snapshot.guard.clone());
    Ok(Step::Answer(Reply::Guard(GuardText { version, text })))
}

pub(super) fn exposure(signer: &Signer, wallet: WalletId) -> Result<Step, Refusal> {
    let state = signer.journal.state().wallet(wallet).ok_or_else(unknown_wallet)?;
    let now = signer.clock.now();
    let lines =
        state.guard().map_or_else(Vec::new, |guard| guard::exposure(guard, state.windows(), now));
    Ok(Step::Answer(Reply::Exposure(Exposure { wallet, lines })))
}

pub(super) fn set(
    signer: &mut Signer,
    wallet: WalletId,
    from_version: u64,
    text: &str,
    passphrase: &Secret,
) -> Result<Step, Refusal> {
    let state = signer.journal.state().wallet(wallet).ok_or_else(unknown_wallet)?;
    let snapshot = state.snapshot();
    let current = snapshot.guard_version;
    if from_version != current {
        let message = format!(
            "the guard is at version {current}, yours was made from version {from_version}; \
             look at `waiaasctl guard show` and set it again"
        );
        return Err(Refusal::new(RefusalCode::GuardChanged, message));
    }
    let guard = Guard::from_toml(text, snapshot.chain)
        .map_err(|error| Refusal::new(RefusalCode::BadGuard, error.to_string()))?;
    let now_ms = signer.clock.now_ms();
    signer.vault.check(passphrase, now_ms).map_err(vault_refusal)?;
    let (version, text) = (current.saturating_add(1), guard.to_toml());
    let reply = GuardText { version, text: text.clone() };
    signer.journal.append(signer.clock.now(), Event::GuardSet { wallet, version, text });
    Ok(Step::AfterCommit(Reply::Guard(reply)))
}

/// The first reason stands: another peer can neither hide it nor fill the journal by repeating.
pub(super) fn suspend(signer: &mut Signer, reason: String) -> Step {
    if signer.journal.state().latch() == Latch::Suspended {
        return done();
    }
    let reason = reason.chars().filter(|letter| !letter.is_control()).take(MAX_REASON).collect();
    let event = Event::LatchSet { latch: Latch::Suspended, reason };
    signer.journal.append(signer.clock.now(), event);
    done()
}

pub(super) fn resume(signer: &mut Signer, passphrase: &Secret) -> Result<Step, Refusal> {
    check_journal(signer)?;
    let now_ms = signer.clock.now_ms();
    signer.vault.check(passphrase, now_ms).map_err(vault_refusal)?;
    let reason = "resumed by an operator".to_owned();
    let event = Event::LatchSet { latch: Latch::Active, reason };
    signer.journal.append(signer.clock.now(), event);
    Ok(done())
}

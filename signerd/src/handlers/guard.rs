//! Guards and exposure.

use primitives::WalletId;
use protocol::{Exposure, GuardText, Refusal, RefusalCode, Reply, Secret};

use super::{unknown_wallet, vault_refusal};
use crate::clock::UnixSeconds;
use crate::guard::{self, Confirmed, Guard, Outlook};
use crate::journal::{Event, WalletState};
use crate::signer::{Signer, Step};

pub(super) fn show(signer: &Signer, wallet: WalletId) -> Result<Step, Refusal> {
    let state = signer.journal.state().wallet(wallet).ok_or_else(unknown_wallet)?;
    let snapshot = state.snapshot();
    let (version, text) = (snapshot.guard_version, snapshot.guard.clone());
    Ok(Step::Answer(Reply::Guard(GuardText { version, text })))
}

pub(super) fn exposure(signer: &Signer, wallet: WalletId) -> Result<Step, Refusal> {
    let state = signer.journal.state().wallet(wallet).ok_or_else(unknown_wallet)?;
    let exposure = match state.guard() {
        Some(guard) => exposure_under(guard, state, signer.clock.now()),
        None => Exposure { wallet, lines: Vec::new(), remarks: Vec::new() },
    };
    Ok(Step::Answer(Reply::Exposure(exposure)))
}

/// What could leave a wallet, were this its guard.
fn exposure_under(guard: &Guard, state: &WalletState, now: UnixSeconds) -> Exposure {
    let snapshot = state.snapshot();
    let announced = state.announcements().list(snapshot.id, guard.delay_seconds(), now);
    let owners = if snapshot.owners.members.is_empty() { Confirmed::No } else { Confirmed::Yes };
    let outlook = Outlook { windows: state.windows(), announced: &announced, owners, now };
    let lines = guard::exposure(guard, &outlook);
    Exposure { wallet: snapshot.id, lines, remarks: guard::remarks(guard, owners) }
}

pub(super) fn set(
    signer: &mut Signer,
    wallet: WalletId,
    from_version: u64,
    text: &str,
    passphrase: Option<&Secret>,
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
    let guard = Guard::from_operator(text, snapshot.chain, &signer.settings.networks)
        .map_err(|error| Refusal::new(RefusalCode::BadGuard, error.to_string()))?;
    let now_ms = signer.clock.now_ms();
    let passphrase = passphrase.ok_or_else(|| {
        Refusal::new(RefusalCode::WrongPassphrase, "this takes the vault's passphrase")
    })?;
    signer.vault.check(passphrase, now_ms).map_err(vault_refusal)?;
    let (version, text) = (current.saturating_add(1), guard.to_toml());
    let reply = GuardText { version, text: text.clone() };
    signer.note(Event::GuardSet { wallet, version, text });
    Ok(Step::AfterCommit(Reply::Guard(reply)))
}

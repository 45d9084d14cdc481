//! Owners are proposed, confirmed and shown.

use primitives::WalletId;
use protocol::{Approval, Owners, OwnersState, Refusal, RefusalCode, Reply, Secret};
use txcodec::approval::Matter;

use super::{check_journal, done, unknown_wallet, vault_refusal};
use crate::journal::Event;
use crate::owners::{Asker, agree, check_eligible};
use crate::signer::{Signer, Step};

pub(super) fn show(signer: &Signer, wallet: WalletId) -> Result<Step, Refusal> {
    Ok(Step::Answer(Reply::Owners(owners_of(signer, wallet)?)))
}

/// Only while nobody is confirmed: who owns a wallet is not for the gateway to change.
pub(super) fn propose(
    signer: &mut Signer,
    wallet: WalletId,
    owners: Owners,
) -> Result<Step, Refusal> {
    let state = signer.journal.state();
    let known = state.wallet(wallet).ok_or_else(unknown_wallet)?;
    if known.snapshot().owners != Owners::NONE {
        let message = "the wallet has owners; an operator changes them, with their approval";
        return Err(Refusal::new(RefusalCode::NotPermitted, message));
    }
    check_eligible(state, wallet, &owners)?;
    if known.owners().proposed() == Some(&owners) {
        return Ok(done());
    }
    known.owners().check_room_for_proposal()?;
    signer.note(Event::OwnersProposed { wallet, owners });
    Ok(done())
}

/// Takes the passphrase, and the approval of the owners who are there.
pub(super) fn confirm(
    signer: &mut Signer,
    wallet: WalletId,
    from_version: u64,
    owners: Owners,
    (passphrase, approval): (&Secret, Option<&Approval>),
) -> Result<Step, Refusal> {
    check_journal(signer)?;
    let state = signer.journal.state();
    let known = state.wallet(wallet).ok_or_else(unknown_wallet)?;
    let version = known.snapshot().owners_version;
    if from_version != version {
        let message = format!(
            "the owners are at version {version}, the change was made from version \
             {from_version}; look at `waiaasctl owner show` and ask again"
        );
        return Err(Refusal::new(RefusalCode::OwnersChanged, message));
    }
    if owners != Owners::NONE {
        check_eligible(state, wallet, &owners)?;
    }
    let Owners { threshold, members } = &owners;
    let matter = Matter::Owners { from_version, threshold: *threshold, members };
    let asker = Asker::new(state, known, signer.clock.moment());
    let agreed = agree(asker, matter, approval)?;
    let now_ms = signer.clock.now_ms();
    signer.vault.check(passphrase, now_ms).map_err(vault_refusal)?;
    if let Some(agreed) = agreed {
        signer.note(agreed.into_event());
    }
    signer.note(Event::OwnersConfirmed { wallet, owners });
    Ok(Step::AfterCommit(Reply::Owners(owners_of(signer, wallet)?)))
}

fn owners_of(signer: &Signer, wallet: WalletId) -> Result<OwnersState, Refusal> {
    let known = signer.journal.state().wallet(wallet).ok_or_else(unknown_wallet)?;
    Ok(OwnersState {
        confirmed: known.snapshot().owners.clone(),
        proposed: known.owners().proposed().cloned(),
        version: known.snapshot().owners_version,
    })
}

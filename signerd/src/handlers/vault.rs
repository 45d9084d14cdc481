//! The vault is made, opened and locked.

use protocol::{Refusal, Reply, Secret, Unattended, VaultPhase};

use super::{check_journal, commit, done, new_instance, vault_refusal};
use crate::journal::Event;
use crate::log;
use crate::signer::{Signer, Step};
use crate::vault::Credential;

pub(super) fn init(signer: &mut Signer, passphrase: &Secret) -> Result<Step, Refusal> {
    check_journal(signer)?;
    signer.vault.check_new(passphrase).map_err(vault_refusal)?;
    let instance = new_instance()?;
    signer.note(Event::VaultCreated { instance });
    // The vault comes last, as in a restore: while it is not there, this can be done again.
    commit(signer)?;
    let created_at = signer.clock.now();
    signer.vault.init(passphrase, instance, created_at).map_err(vault_refusal)?;
    signer.touched();
    log::notice(format_args!("a vault was made"));
    Ok(Step::Answer(Reply::Done))
}

pub(super) fn unlock(signer: &mut Signer, passphrase: &Secret) -> Result<Step, Refusal> {
    check_journal(signer)?;
    let now_ms = signer.clock.now_ms();
    signer.vault.unlock(passphrase, now_ms).map_err(|error| {
        log::warning(format_args!("the vault was not unlocked: {error}"));
        vault_refusal(error)
    })?;
    signer.touched();
    log::notice(format_args!("the vault is open"));
    Ok(Step::Answer(Reply::Done))
}

/// Opens the vault with the service's credential, if there is one: once, before the first request.
/// That it does not open is no reason to end, as the passphrase does.
pub(crate) fn open_unattended(signer: &mut Signer, credential: Option<Credential>) {
    if signer.vault.phase() == VaultPhase::Uninitialised {
        return;
    }
    if let Err(refusal) = check_journal(signer) {
        return log::warning(format_args!("the vault stays locked: {refusal}"));
    }
    let opened = match credential {
        Some(credential) => signer.vault.open_with_credential(credential),
        None => Ok(signer.vault.unattended()),
    };
    match opened {
        Ok(Unattended::Opened) => {
            signer.touched();
            log::notice(format_args!("the vault is open, by the credential of the service"));
        }
        Ok(Unattended::Held) => log::notice(format_args!(
            "the vault was locked before this start and stays so; open it with `waiaasctl unlock`"
        )),
        Ok(Unattended::Missing) => log::warning(format_args!(
            "the vault should open unattended, and the service has no credential for it; see \
             `waiaasctl unattended status`"
        )),
        Ok(Unattended::Off | Unattended::Untried | Unattended::Misfit | Unattended::Failed) => {}
        Err(error) => {
            log::warning(format_args!("the vault stays locked: {}", log::with_causes(&error)));
        }
    }
}

/// Whatever opens the vault stands in the journal: a crash in the middle leaves a record of a credential
/// that opens nothing, in both directions, and never one that opens without a record.
pub(super) fn set_credential(
    signer: &mut Signer,
    passphrase: &Secret,
    credential: Option<&Secret>,
) -> Result<Step, Refusal> {
    check_journal(signer)?;
    let now_ms = signer.clock.now_ms();
    if let Some(credential) = credential {
        let wrapping = signer.vault.wrap_for(passphrase, credential, now_ms);
        let wrapping = wrapping.map_err(vault_refusal)?;
        signer.note(Event::CredentialSet { is_set: true });
        commit(signer)?;
        signer.vault.set_wrapping(wrapping).map_err(vault_refusal)?;
        log::notice(format_args!("unattended unlocking is on"));
    } else {
        signer.vault.check(passphrase, now_ms).map_err(vault_refusal)?;
        signer.vault.remove_wrapping().map_err(vault_refusal)?;
        signer.note(Event::CredentialSet { is_set: false });
        log::notice(format_args!("unattended unlocking is off"));
    }
    Ok(done())
}

pub(super) fn lock(signer: &mut Signer) -> Result<Step, Refusal> {
    signer.vault.lock().map_err(vault_refusal)?;
    log::notice(format_args!("the vault is locked"));
    Ok(Step::Answer(Reply::Done))
}

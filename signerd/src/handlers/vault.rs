//! The vault is made, opened and locked.

use protocol::{Refusal, Reply, Secret, Unattended, VaultPhase};

use super::{check_journal, done, vault_refusal};
use crate::journal::Event;
use crate::log;
use crate::signer::{Signer, Step};

pub(super) fn init(signer: &mut Signer, passphrase: &Secret) -> Result<Step, Refusal> {
    check_journal(signer)?;
    signer.vault.init(passphrase, signer.clock.now()).map_err(vault_refusal)?;
    let instance = signer.vault.instance();
    signer.note(Event::VaultCreated { instance });
    signer.touched();
    log::notice(format_args!("a vault was made"));
    Ok(done())
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
pub(crate) fn open_unattended(signer: &mut Signer) {
    if signer.vault.phase() == VaultPhase::Uninitialised {
        return;
    }
    if let Err(refusal) = check_journal(signer) {
        return log::warning(format_args!("the vault stays locked: {refusal}"));
    }
    match signer.vault.open_with_credential() {
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

pub(super) fn set_credential(
    signer: &mut Signer,
    passphrase: &Secret,
    credential: Option<&Secret>,
) -> Result<Step, Refusal> {
    check_journal(signer)?;
    let now_ms = signer.clock.now_ms();
    signer.vault.set_credential(passphrase, credential, now_ms).map_err(vault_refusal)?;
    let is_set = credential.is_some();
    signer.note(Event::CredentialSet { is_set });
    log::notice(format_args!("unattended unlocking is {}", if is_set { "on" } else { "off" }));
    Ok(done())
}

pub(super) fn lock(signer: &mut Signer) -> Result<Step, Refusal> {
    signer.vault.lock().map_err(vault_refusal)?;
    log::notice(format_args!("the vault is locked"));
    Ok(Step::Answer(Reply::Done))
}

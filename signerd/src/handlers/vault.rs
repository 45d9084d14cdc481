//! The vault is made, opened and locked.

use protocol::{Refusal, Secret};

use super::{done, vault_refusal};
use crate::journal::Event;
use crate::log;
use crate::signer::{Signer, Step};

pub(super) fn init(signer: &mut Signer, passphrase: &Secret) -> Result<Step, Refusal> {
    signer.vault.init(passphrase, signer.clock.now()).map_err(vault_refusal)?;
    let instance = signer.vault.instance();
    signer.journal.append(signer.clock.now(), Event::VaultCreated { instance });
    signer.touched();
    log::notice(format_args!("a vault was made"));
    Ok(done())
}

pub(super) fn unlock(signer: &mut Signer, passphrase: &Secret) -> Result<Step, Refusal> {
    let now_ms = signer.clock.now_ms();
    signer.vault.unlock(passphrase, now_ms).map_err(|error| {
        log::warning(format_args!("the vault was not unlocked: {error}"));
        vault_refusal(error)
    })?;
    signer.touched();
    log::notice(format_args!("the vault is open"));
    Ok(done())
}

pub(super) fn lock(signer: &mut Signer) -> Result<Step, Refusal> {
    signer.vault.lock().map_err(vault_refusal)?;
    log::notice(format_args!("the vault is locked"));
    Ok(done())
}

//! The vault is made, opened and locked.

use protocol::{Refusal, Reply, Secret};

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

pub(super) fn lock(signer: &mut Signer) -> Result<Step, Refusal> {
    signer.vault.lock().map_err(vault_refusal)?;
    log::notice(format_args!("the vault is locked"));
    Ok(Step::Answer(Reply::Done))
}

//! `unlock`, `lock`.

use protocol::{Request, VaultPhase};

use super::Operation;
use crate::exit::Failure;
use crate::progress::Progress;
use crate::view::View;

/// Opens the vault.
pub(super) fn unlock(operation: &Operation) -> Result<View, Failure> {
    let mut signer = operation.signer()?;
    if signer.status()?.vault == VaultPhase::Open {
        return Ok(View::said("the vault was open already, nothing was changed"));
    }
    let passphrase = operation.secret()?;
    let _progress = Progress::start("opening the vault");
    signer.do_it(Request::Unlock { passphrase })?;
    Ok(View::said("the vault is open"))
}

/// Wipes the keys from memory.
pub(super) fn lock(operation: &Operation) -> Result<View, Failure> {
    operation.signer()?.do_it(Request::Lock)?;
    Ok(View::said(
        "the vault is locked: nothing is signed until it is unlocked with its passphrase, after a restart too",
    ))
}

//! What each request does. A handler decides, and appends to the journal what it decided; the
//! reply is sent when that is on the disk.

mod announce;
mod backup;
pub(crate) mod growth;
mod guard;
mod journal;
mod keys;
pub(crate) mod latch;
mod owners;
pub(crate) mod refusals;
mod sign;
mod status;
pub(crate) mod vault;

use protocol::{Refusal, RefusalCode, Reply, Request};

use crate::log;
use crate::signer::{Signer, Step};
use crate::vault::VaultError;

/// Does what is asked; that it may be asked was decided before.
///
/// # Errors
/// A refusal, when the request cannot be granted; nothing was changed then.
pub(crate) fn handle(signer: &mut Signer, request: Request) -> Result<Step, Refusal> {
    match request {
        Request::Hello { version: _ } => Ok(status::hello(signer)),
        Request::Status => Ok(status::status(signer)),
        Request::ListKeys { after, limit } => Ok(keys::list(signer, after, limit)),
        Request::CreateKey { chain, environment, agent_id } => {
            keys::create(signer, chain, environment, agent_id)
        }
        Request::Sign { wallet, payload, warrant } => {
            sign::sign(signer, wallet, &payload, &warrant)
        }
        Request::ShowGuard { wallet } => guard::show(signer, wallet),
        Request::Exposure { wallet } => guard::exposure(signer, wallet),
        Request::Halt { wallet, from, to, reason } => {
            latch::halt(signer, wallet, (from, to), &reason)
        }
        Request::Announce { wallet, id, payload } => {
            announce::announce(signer, wallet, id, &payload)
        }
        Request::Cancel { wallet, id } => announce::cancel(signer, wallet, id),
        Request::ListAnnouncements { wallet } => announce::list(signer, wallet),
        Request::InitVault { passphrase } => vault::init(signer, &passphrase),
        Request::Unlock { passphrase } => vault::unlock(signer, &passphrase),
        Request::Lock => vault::lock(signer),
        Request::Resume { wallet, from, passphrase, approval } => {
            latch::resume(signer, wallet, from, &passphrase, approval.as_ref())
        }
        Request::Renew => Ok(latch::renew(signer)),
        Request::ImportKey { chain, environment, key, agent_id } => {
            keys::import(signer, chain, environment, &key, agent_id)
        }
        Request::RotateKey { wallet, grace_seconds } => keys::rotate(signer, wallet, grace_seconds),
        Request::DestroyKey { wallet, passphrase } => keys::destroy(signer, wallet, &passphrase),
        Request::SetGuard { wallet, from_version, text, passphrase, approval } => {
            let agreement = (passphrase.as_ref(), approval.as_ref());
            guard::set(signer, wallet, from_version, &text, agreement)
        }
        Request::CheckGuard { wallet, text, payload } => {
            guard::check(signer, wallet, &text, payload.as_ref())
        }
        Request::GuardTemplate { chain, environment, name } => {
            guard::template(signer, chain, environment, &name)
        }
        Request::Backup { passphrase } => backup::make(signer, passphrase.as_ref()),
        Request::VerifyBackup { passphrase, archive } => {
            backup::verify(signer, passphrase.as_ref(), &archive)
        }
        Request::Restore { passphrase, archive } => backup::restore(signer, &passphrase, &archive),
        Request::ProposeOwners { wallet, owners } => owners::propose(signer, wallet, owners),
        Request::ShowOwners { wallet } => owners::show(signer, wallet),
        Request::ConfirmOwners { wallet, from_version, owners, passphrase, approval } => {
            let proofs = (&passphrase, approval.as_ref());
            owners::confirm(signer, wallet, from_version, owners, proofs)
        }
        Request::ReadJournal { from, limit } => journal::read(signer, from, limit),
        Request::Receipt { record } => journal::receipt(signer, record),
        Request::AcceptTime { passphrase } => journal::accept_time(signer, &passphrase),
        Request::SetCredential { passphrase, credential } => {
            vault::set_credential(signer, &passphrase, credential.as_ref())
        }
    }
}

fn done() -> Step {
    Step::AfterCommit(Reply::Done)
}

/// Keys come and go on the disk before the journal says so: never where it cannot say it.
fn check_journal(signer: &Signer) -> Result<(), Refusal> {
    match signer.journal.damage() {
        Some(damage) => Err(Refusal::new(RefusalCode::JournalFailed, damage)),
        None => Ok(()),
    }
}

/// Puts what was noted so far on the disk, before something is done that must not be without it.
fn commit(signer: &mut Signer) -> Result<(), Refusal> {
    let committed = signer.journal.commit().map(drop);
    committed.map_err(|error| Refusal::new(RefusalCode::JournalFailed, error.to_string()))
}

/// Who the signer is from a new vault or a restore on.
fn new_instance() -> Result<[u8; 16], Refusal> {
    let mut instance = [0; 16];
    getrandom::fill(&mut instance)
        .map_err(|error| Refusal::new(RefusalCode::Internal, error.to_string()))?;
    Ok(instance)
}

fn unknown_wallet() -> Refusal {
    Refusal::new(
        RefusalCode::UnknownWallet,
        "no wallet has this id; `waiaasctl wallet list` shows those that are there",
    )
}

/// What a peer is told of the vault's no; what is behind it stands in the log.
pub(crate) fn vault_refusal(error: VaultError) -> Refusal {
    if error.code() == RefusalCode::Internal {
        log::error(format_args!("{}", log::with_causes(&error)));
    }
    Refusal::from(&error)
}

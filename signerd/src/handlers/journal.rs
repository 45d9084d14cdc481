//! The journal and the time, as operators see them.

use protocol::{Refusal, RefusalCode, Reply, Secret};

use super::{check_journal, done, vault_refusal};
use crate::journal::{Event, JournalError, ReadError};
use crate::log;
use crate::signer::{Signer, Step};

/// Records from `from` on, or from the first that was not moved away, at most so many; none at the
/// end. Each says its number.
pub(super) fn read(signer: &mut Signer, from: u64, limit: u16) -> Result<Step, Refusal> {
    commit(signer)?;
    let records = match signer.journal.read(from, limit.into()) {
        Err(ReadError::MovedAway { first }) => signer.journal.read(first, limit.into()),
        read => read,
    };
    Ok(Step::Answer(Reply::Records(records.map_err(unread)?)))
}

pub(super) fn receipt(signer: &mut Signer, number: u64) -> Result<Step, Refusal> {
    commit(signer)?;
    let unknown = || {
        let message =
            "the journal has no such record on the disk; `waiaasctl status` says how many";
        Refusal::new(RefusalCode::UnknownRecord, message)
    };
    let (before, record) = signer.journal.record_at(number).map_err(unread)?.ok_or_else(unknown)?;
    let instance = signer.journal.state().instance();
    let receipt = signer.vault.receipt(instance, before, record).map_err(vault_refusal)?;
    Ok(Step::Answer(Reply::Receipt(receipt)))
}

/// What others are told of stands on the disk, what was paid from leases too.
fn commit(signer: &mut Signer) -> Result<(), Refusal> {
    match signer.journal.commit().map(drop) {
        // A journal that takes nothing more can still be read.
        Ok(()) | Err(JournalError::Broken { .. }) => Ok(()),
        Err(error) => Err(Refusal::new(RefusalCode::JournalFailed, error.to_string())),
    }
}

fn unread(error: ReadError) -> Refusal {
    match error {
        ReadError::MovedAway { first } => {
            let message = format!("records before {first} were moved away; read from there on");
            Refusal::new(RefusalCode::UnknownRecord, message)
        }
        ReadError::Journal(error) => Refusal::new(RefusalCode::JournalFailed, error.to_string()),
    }
}

/// The signer's clock goes on from the system's, if that is ahead: windows empty, waits end and
/// grace periods are over as if the signer had seen the time pass.
pub(super) fn accept_time(signer: &mut Signer, passphrase: &Secret) -> Result<Step, Refusal> {
    check_journal(signer)?;
    signer.vault.check(passphrase, signer.clock.now_ms()).map_err(vault_refusal)?;
    let (from, behind) = (signer.clock.now(), signer.clock.behind_seconds());
    if behind > 0 {
        signer.clock.accept_system_time();
        signer.note(Event::TimeAccepted { from });
        log::notice(format_args!("an operator accepted the system's time: {behind} s went by"));
    }
    Ok(done())
}

//! Backups: the vault's files, and what the journal knows of each wallet, sealed under the vault's
//! passphrase.
//!
//! Spend is not in them: nobody knows what left after a backup was made, so a restored signer starts
//! suspended, or locked if it was, with every ceiling used up for a day. Nor are announcements: they are
//! made again, and wait again.

use primitives::WalletId;
use protocol::wire::{self, Item};
use protocol::{JournalReport, Latch, Refusal, RefusalCode, Reply, Secret};

use super::{check_journal, vault_refusal};
use crate::journal::{Event, Origin, WalletSnapshot};
use crate::signer::{Signer, Step};
use crate::vault::{BackupPart, Vault};

/// What is sealed.
struct Content {
    journal_records: u64,
    journal_head: [u8; 32],
    latch: Latch,
    wallets: Vec<WalletSnapshot>,
    parts: Vec<BackupPart>,
}

protocol::wire_fields!(Content { journal_records, journal_head, latch, wallets, parts });
protocol::wire_fields!(BackupPart { name, bytes });
impl Item for BackupPart {}

pub(super) fn make(signer: &mut Signer, passphrase: &Secret) -> Result<Step, Refusal> {
    let now_ms = signer.clock.now_ms();
    signer.vault.check(passphrase, now_ms).map_err(vault_refusal)?;
    let (journal_records, journal_head) = signer.journal.head();
    let wallets = signer.journal.state().wallets().map(|wallet| wallet.snapshot().clone());
    let (wallets, (latch, _)) = (wallets.collect(), signer.latch());
    let parts = signer.vault.backup_parts().map_err(vault_refusal)?;
    let content = Content { journal_records, journal_head, latch, wallets, parts };
    let plain = wire::to_bytes(&content);
    let archive = signer.vault.seal_archive(passphrase, plain).map_err(vault_refusal)?;
    if archive.len() > wire::MAX_BYTES {
        let message = "there are more keys than one backup holds";
        return Err(Refusal::new(RefusalCode::LimitReached, message));
    }
    Ok(Step::AfterCommit(Reply::Backup(archive)))
}

pub(super) fn verify(passphrase: &Secret, archive: &[u8]) -> Result<Step, Refusal> {
    open(passphrase, archive).map(|content| Step::Answer(Reply::Journal(content.report())))
}

pub(super) fn restore(
    signer: &mut Signer,
    passphrase: &Secret,
    archive: &[u8],
) -> Result<Step, Refusal> {
    check_journal(signer)?;
    let content = open(passphrase, archive)?;
    // Which approvals were used after the backup was made, nobody knows: as another signer this one
    // takes none of them.
    let mut instance = [0; 16];
    getrandom::fill(&mut instance)
        .map_err(|error| Refusal::new(RefusalCode::Internal, error.to_string()))?;
    signer.vault.restore_parts(&content.parts, passphrase).map_err(vault_refusal)?;
    let (report, from_head) = (content.report(), content.journal_head);
    signer.note(Event::VaultCreated { instance });
    // First, so that nothing is signed after a crash in the middle either.
    let reason = "restored from a backup".to_owned();
    let latch = content.latch.max(Latch::Suspended);
    signer.note(Event::LatchSet { wallet: None, latch, reason });
    for wallet in content.wallets {
        signer.note(Event::WalletCreated { origin: Origin::Restored, wallet });
    }
    signer.note(Event::Restored { instance, from_head });
    Ok(Step::AfterCommit(Reply::Journal(report)))
}

/// Opens a backup and every key in it, and checks that wallets and keys belong together.
fn open(passphrase: &Secret, archive: &[u8]) -> Result<Content, Refusal> {
    let plain = Vault::open_archive(passphrase, archive).map_err(vault_refusal)?;
    let content: Content = wire::read_all(&plain).map_err(|error| damaged(&error.to_string()))?;
    Vault::verify_parts(&content.parts, passphrase).map_err(vault_refusal)?;
    let has_key = |wallet: WalletId| {
        content.parts.iter().any(|part| part.name == format!("keys/{wallet}.json"))
    };
    match content.wallets.iter().find(|wallet| !has_key(wallet.id)) {
        Some(wallet) => Err(damaged(&format!("the key of wallet {} is missing", wallet.id))),
        None => Ok(content),
    }
}

fn damaged(what: &str) -> Refusal {
    Refusal::new(RefusalCode::BadBackup, format!("the backup is damaged: {what}"))
}

impl Content {
    fn report(&self) -> JournalReport {
        JournalReport {
            first: 0,
            records: self.journal_records,
            head: self.journal_head,
            keys: u32::try_from(self.wallets.len()).unwrap_or(u32::MAX),
        }
    }
}

//! Backups: the vault's files, and what the journal knows of each wallet, sealed by the vault.
//!
//! Spend is not in them: nobody knows what left after a backup was made, so a restored signer starts
//! suspended, or locked if it was, with every ceiling used up for as long as its window is. Nor are
//! announcements: they are made again, and wait again.

use primitives::WalletId;
use protocol::wire::{self, Item};
use protocol::{
    BackupKey, JournalReport, Latch, OpenedBackup, Refusal, RefusalCode, Reply, Secret, VaultCopy,
};

use super::{check_journal, commit, new_instance, vault_refusal};
use crate::journal::{Event, Origin, WalletSnapshot};
use crate::signer::{Signer, Step};
use crate::vault::{BackupMaster, BackupPart, OpenArchive, VAULT_FILE, Vault};

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

pub(super) fn make(signer: &mut Signer, passphrase: Option<&Secret>) -> Result<Step, Refusal> {
    let now_ms = signer.clock.now_ms();
    let (journal_records, journal_head) = signer.journal.head();
    let wallets = signer.journal.state().wallets().map(|wallet| wallet.snapshot().clone());
    let (wallets, (latch, _)) = (wallets.collect(), signer.latch());
    let mut parts = signer.vault.backup_parts().map_err(vault_refusal)?;
    parts.retain(|part| part.name != VAULT_FILE);
    let content = Content { journal_records, journal_head, latch, wallets, parts };
    let plain = wire::to_bytes(&content);
    let (archive, key) =
        signer.vault.seal_archive(passphrase, now_ms, plain).map_err(vault_refusal)?;
    if archive.len() > wire::MAX_BYTES {
        let message = "there are more keys than one backup holds";
        return Err(Refusal::new(RefusalCode::LimitReached, message));
    }
    let journal = content.report();
    Ok(Step::AfterCommit(Reply::Backup(VaultCopy { archive, key, journal })))
}

pub(super) fn verify(
    signer: &mut Signer,
    passphrase: Option<&Secret>,
    archive: &[u8],
) -> Result<Step, Refusal> {
    let Opened { content, key, .. } = open(signer, passphrase, archive)?;
    let journal = content.report();
    Ok(Step::Answer(Reply::OpenedBackup(OpenedBackup { key, journal })))
}

pub(super) fn restore(
    signer: &mut Signer,
    passphrase: &Secret,
    archive: &[u8],
) -> Result<Step, Refusal> {
    check_journal(signer)?;
    let Opened { mut content, mut master, .. } = open(signer, Some(passphrase), archive)?;
    // Which approvals were used after the backup was made, nobody knows: as another signer this one
    // takes none of them.
    let instance = new_instance()?;
    let parts = std::mem::take(&mut content.parts);
    let (report, from_head) = (content.report(), content.journal_head);
    signer.note(Event::VaultCreated { instance });
    // First, so that nothing is signed after a crash in the middle either.
    let reason = "restored from a backup".to_owned();
    let latch = content.latch.max(signer.latch().0).max(Latch::Suspended);
    signer.note(Event::LatchSet { wallet: None, latch, reason });
    for wallet in content.wallets {
        signer.note(Event::WalletCreated { origin: Origin::Restored, wallet });
    }
    signer.note(Event::Restored { instance, from_head });
    // The vault comes last: while it is not there, all of this can be done again.
    commit(signer)?;
    signer.vault.restore_parts(&parts, &mut master).map_err(vault_refusal)?;
    Ok(Step::AfterCommit(Reply::Journal(report)))
}

/// What a backup holds, the vault's file among its parts.
struct Opened {
    content: Content,
    key: BackupKey,
    master: BackupMaster,
}

/// Opens a backup and every key in it, and checks that wallets and keys belong together.
fn open(
    signer: &mut Signer,
    passphrase: Option<&Secret>,
    archive: &[u8],
) -> Result<Opened, Refusal> {
    let OpenArchive { vault, content, key, mut master } =
        signer.vault.open_archive(passphrase, archive).map_err(vault_refusal)?;
    let mut content: Content =
        wire::read_all(&content).map_err(|error| damaged(&error.to_string()))?;
    content.parts.insert(0, vault);
    Vault::verify_parts(&content.parts, &mut master).map_err(vault_refusal)?;
    let has_key = |wallet: WalletId| {
        content.parts.iter().any(|part| part.name == format!("keys/{wallet}.json"))
    };
    match content.wallets.iter().find(|wallet| !has_key(wallet.id)) {
        Some(wallet) => Err(damaged(&format!("the key of wallet {} is missing", wallet.id))),
        None => Ok(Opened { content, key, master }),
    }
}

fn damaged(what: &str) -> Refusal {
    Refusal::new(RefusalCode::BadBackup, format!("the backup is damaged: {what}"))
}

impl Content {
    fn report(&self) -> JournalReport {
        JournalReport {
            records: self.journal_records,
            head: self.journal_head,
            keys: u32::try_from(self.wallets.len()).unwrap_or(u32::MAX),
        }
    }
}

//! Writes into the audit trail how far the signer's journal came, so that each can be held against
//! the other: what was written here before stood here when that record was the signer's last.

use primitives::encode_hex;
use protocol::Status;

use crate::app::App;
use crate::clock::UnixSeconds;
use crate::signer::SignerError;
use crate::store::audit::{Actor, AuditEntry, Severity};
use crate::store::trail::{TrailSearch, Walk};
use crate::store::{Reading, StoreError, Writing};

/// The event that ties: `details` have `records`, how many the journal had, and `head`, the hash of
/// the last.
pub const SEEN: &str = "SIGNER_JOURNAL_SEEN";
/// The journal is not the one that was seen before, or an older state of it.
pub const REPLACED: &str = "SIGNER_JOURNAL_REPLACED";

/// Why the trail is not tied.
#[derive(Debug, thiserror::Error)]
pub enum TieError {
    /// The signer does not tell.
    #[error(transparent)]
    Signer(#[from] SignerError),
    /// The database fails.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How far the journal came when it was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tie {
    records: u64,
    head: [u8; 32],
}

impl Tie {
    /// Of a journal with so many records, which ends in that hash.
    pub const fn new(records: u64, head: [u8; 32]) -> Self {
        Self { records, head }
    }

    /// How many records the journal had.
    pub const fn records(self) -> u64 {
        self.records
    }

    /// A journal that grew has more records, and one that did not has the same head.
    fn may_follow(self, last: Self) -> bool {
        self.records > last.records
    }
}

/// Asks the signer how far its journal came, and writes that down if it is not what was written last.
///
/// # Errors
/// When the signer does not tell, or the database fails.
pub async fn tie_to_journal(app: &App) -> Result<(), TieError> {
    let Status { journal_records, journal_head, .. } = app.signer.status().await?;
    let (tie, now) = (Tie::new(journal_records, journal_head), app.clock.now());
    if app.store.read(last).await? == Some(tie) {
        return Ok(());
    }
    Ok(app.store.write(move |db| write(db, tie, now)).await?)
}

/// Writes how far the journal came, unless that is what was written last.
pub(crate) fn write(db: &Writing<'_>, tie: Tie, now: UnixSeconds) -> Result<(), StoreError> {
    let last = last(db)?;
    if last == Some(tie) {
        return Ok(());
    }
    let (event, severity) = if last.is_none_or(|last| tie.may_follow(last)) {
        (SEEN, Severity::Info)
    } else {
        (REPLACED, Severity::Critical)
    };
    let entry = AuditEntry::new(now, event, Actor::System);
    let entry = entry.detail("records", tie.records).detail("head", encode_hex(&tie.head));
    db.audit(&AuditEntry { severity, ..entry })
}

/// What was written last, of either kind.
pub(crate) fn last(db: &Reading<'_>) -> Result<Option<Tie>, StoreError> {
    let mut newest = None;
    for event in [SEEN, REPLACED] {
        let search = TrailSearch { event: Some(event.to_owned()), ..TrailSearch::default() };
        let found = db.trail(&search, Walk::Newest, 1)?.pop();
        newest = newest.into_iter().chain(found).max_by_key(|entry: &api::AuditLog| entry.id);
    }
    Ok(newest.and_then(|entry| read(entry.details.get())))
}

fn read(details: &str) -> Option<Tie> {
    let details: serde_json::Value = serde_json::from_str(details).ok()?;
    let records = details.get("records")?.as_str()?.parse().ok()?;
    let head = primitives::decode_hex(details.get("head")?.as_str()?).ok()?.try_into().ok()?;
    Some(Tie { records, head })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    async fn events(store: &Store) -> Vec<(String, String)> {
        let read = store.read(|db| db.trail(&TrailSearch::default(), Walk::After(0), 100));
        let entries = read.await.unwrap();
        assert!(entries.iter().all(|entry| entry.intact));
        entries.into_iter().map(|entry| (entry.event_type, entry.severity)).collect()
    }

    #[tokio::test]
    async fn the_journal_is_written_down_when_it_moved_and_only_then() {
        let store = Store::open_in_memory().unwrap();
        let now = UnixSeconds::new(1);
        let (seen, replaced) =
            ((SEEN.to_owned(), "info".to_owned()), (REPLACED.to_owned(), "critical".to_owned()));
        let mut expected = Vec::new();
        for (tie, written) in [
            (Tie::new(3, [3; 32]), Some(&seen)),
            (Tie::new(3, [3; 32]), None),
            (Tie::new(4, [4; 32]), Some(&seen)),
            (Tie::new(4, [9; 32]), Some(&replaced)), // as many records, and others
            (Tie::new(4, [9; 32]), None),
            (Tie::new(2, [2; 32]), Some(&replaced)), // an older copy of the state was put back
            (Tie::new(5, [5; 32]), Some(&seen)),
        ] {
            let _written: () = store.write(move |db| write(db, tie, now)).await.unwrap();
            expected.extend(written.cloned());
            assert_eq!(events(&store).await, expected, "{tie:?}");
        }
    }
}

//! The operator takes what was archived of the audit trail from its beginning.

use super::tie_to_journal;
use crate::app::App;
use crate::session::Master;
use crate::store::StoreError;
use crate::store::audit::{Actor, AuditEntry, Severity};
use crate::store::audit_cut::{Cut, TrailPlace};

const MOST: u64 = api::ShortenTrail::MOST;

/// Why the trail is as long as it was.
#[derive(Debug, thiserror::Error)]
pub enum ShortenError {
    /// It was archived by somebody else meanwhile, or the archive is another trail's.
    #[error(
        "the audit trail does not begin behind entry {from}, or has no such entry {through}: \
         nothing was taken away"
    )]
    OtherTrail {
        /// Where the archive begins.
        from: u64,
        /// Where it ends.
        through: u64,
    },
    /// Others would wait for too long.
    #[error("at most {MOST} entries go at once, and these are {entries}")]
    TooMany {
        /// So many would go.
        entries: u64,
    },
    /// The database fails.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Takes the entries behind `from` up to `through` away, and says so at the trail's end. Both hashes
/// have to be those of the trail: who names them has read it that far. How many went.
///
/// # Errors
/// When the trail begins elsewhere or has no such entry, or they are too many.
pub async fn shorten_trail(
    app: &App,
    _master: &Master,
    (from, through): (TrailPlace, TrailPlace),
) -> Result<u64, ShortenError> {
    let now = app.clock.now();
    let shorten = app.store.write(move |db| {
        let tie = tie_to_journal::last(db)?;
        let entries = match db.cut_trail(from, through)? {
            Cut::Shorter(entries) if entries > MOST => {
                return Err(ShortenError::TooMany { entries });
            }
            Cut::Shorter(entries) => entries,
            Cut::OtherTrail => {
                return Err(ShortenError::OtherTrail { from: from.id, through: through.id });
            }
        };
        let entry = AuditEntry::new(now, "AUDIT_TRAIL_SHORTENED", Actor::Operator);
        let entry = entry.detail("through", through.id).detail("entries", entries);
        let entry = entry.detail("hash", primitives::encode_hex(&through.hash));
        db.audit(&AuditEntry { severity: Severity::Warning, ..entry })?;
        // By what was seen last, a journal that is put back is known: it stands in the trail again.
        tie.map_or(Ok(()), |tie| tie_to_journal::write(db, tie, now))?;
        Ok(entries)
    });
    shorten.await
}

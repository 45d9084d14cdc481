//! The operator looks at what happened.

use api::AuditLog;

use crate::app::App;
use crate::session::Master;
use crate::store::StoreError;
use crate::store::trail::{TrailSearch, Walk};

/// Whether to count all entries that fit, which takes longer the more there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Total {
    /// Yes.
    Counted,
    /// No.
    Left,
}

/// A part of the audit trail.
#[derive(Clone, Debug)]
pub struct Part {
    /// The entries, in the order of the walk.
    pub entries: Vec<AuditLog>,
    /// Whether there are more in that direction.
    pub has_more: bool,
    /// How many fit in all, if they were counted.
    pub total: Option<u64>,
}

/// At most `limit` entries that fit, in the order of the walk.
///
/// # Errors
/// When the database fails.
pub async fn read_trail(
    app: &App,
    _master: &Master,
    search: TrailSearch,
    (walk, limit): (Walk, u64),
    total: Total,
) -> Result<Part, StoreError> {
    let read = app.store.read(move |db| {
        let mut entries = db.trail(&search, walk, limit.saturating_add(1))?;
        let shown = usize::try_from(limit).unwrap_or(usize::MAX);
        let has_more = entries.len() > shown;
        entries.truncate(shown);
        let total = match total {
            Total::Counted => Some(db.trail_length(&search)?),
            Total::Left => None,
        };
        Ok::<_, StoreError>(Part { entries, has_more, total })
    });
    read.await
}

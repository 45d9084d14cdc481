//! The operator, or an auditor, looks at what happened.

use api::AuditLog;
use primitives::WalletId;

use crate::app::App;
use crate::session::Caller;
use crate::store::audit_cut::TrailPlace;
use crate::store::trail::{TrailSearch, Walk};
use crate::store::{Reading, StoreError};

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
    /// From which entry the walk goes on, where there may be more.
    pub next: Option<u64>,
    /// How many fit in all, if they were counted.
    pub total: Option<u64>,
    /// Behind which entry the trail begins, for the master.
    pub beginning: Option<TrailPlace>,
}

/// Entries that a page of an auditor is looked for among: so much of a reader's time it takes, however
/// few of them fit.
const LOOKED_AT: u64 = 20_000;

/// Why nothing is shown.
#[derive(Debug, thiserror::Error)]
pub enum TrailError {
    /// It is not one of the auditor's.
    #[error("the session may not read of wallet {0}")]
    OtherWallet(WalletId),
    /// The database fails.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// At most `limit` entries that fit, in the order of the walk: of all for the master; of its own wallets
/// for a session, which looks through a part of the trail at a time, one session after the other, and
/// hears no total.
///
/// # Errors
/// When a session asks for another's wallet, or the database fails.
pub async fn read_trail(
    app: &App,
    caller: &Caller,
    search: TrailSearch,
    (walk, limit): (Walk, u64),
    total: Total,
) -> Result<Part, TrailError> {
    let agent = match caller {
        Caller::Master(_) => {
            return app.store.read(move |db| of_all(db, &search, (walk, limit), total)).await;
        }
        Caller::Owner(_) => return Ok(Part::nothing()),
        Caller::Agent(agent) => agent,
    };
    let own: Vec<WalletId> = agent.wallets().iter().map(|wallet| wallet.id).collect();
    if let Some(other) = search.wallet.filter(|wallet| !own.contains(wallet)) {
        return Err(TrailError::OtherWallet(other));
    }
    let among = search.wallet.map_or(own, |one| vec![one]);
    let search = TrailSearch { wallet: None, among: Some(among), ..search };
    let _turn = app.auditors.acquire().await.map_err(|_closed| StoreError::Closed)?;
    app.store.read(move |db| of_some(db, search, (walk, limit))).await
}

impl Part {
    const fn nothing() -> Self {
        Self { entries: Vec::new(), next: None, total: None, beginning: None }
    }
}

fn of_all(
    db: &Reading<'_>,
    search: &TrailSearch,
    (walk, limit): (Walk, u64),
    total: Total,
) -> Result<Part, TrailError> {
    let (entries, next) = page(db, search, (walk, limit))?;
    let total = match total {
        Total::Counted => Some(db.trail_length(search)?),
        Total::Left => None,
    };
    Ok(Part { entries, next, total, beginning: Some(db.beginning_of_trail()?) })
}

fn of_some(
    db: &Reading<'_>,
    search: TrailSearch,
    (walk, limit): (Walk, u64),
) -> Result<Part, TrailError> {
    let (first, last) = (db.beginning_of_trail()?.id.saturating_add(1), db.end_of_trail()?.id);
    let most = LOOKED_AT.saturating_sub(1);
    let back = |from: u64| {
        let low = from.saturating_sub(most).max(first);
        (low..=from, (low > first).then_some(low))
    };
    let (within, beyond) = match walk {
        Walk::Newest => back(last),
        Walk::Before(id) => back(id.saturating_sub(1).min(last)),
        Walk::After(id) => {
            let low = id.saturating_add(1).max(first);
            let high = low.saturating_add(most).min(last);
            (low..=high, (high < last).then_some(high))
        }
    };
    let search = TrailSearch { within: Some(within), ..search };
    let (entries, next) = page(db, &search, (walk, limit))?;
    Ok(Part { entries, next: next.or(beyond), ..Part::nothing() })
}

/// At most `limit` entries, and the last of them where more fit.
fn page(
    db: &Reading<'_>,
    search: &TrailSearch,
    (walk, limit): (Walk, u64),
) -> Result<(Vec<AuditLog>, Option<u64>), StoreError> {
    let mut entries = db.trail(search, walk, limit.saturating_add(1))?;
    let shown = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = entries.len() > shown;
    entries.truncate(shown);
    let next = entries.last().filter(|_| has_more).map(|entry| entry.id);
    Ok((entries, next))
}

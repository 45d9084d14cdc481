//! The operator, or an auditor, looks at what happened.

use api::AuditLog;
use primitives::WalletId;

use crate::app::App;
use crate::session::Caller;
use crate::store::StoreError;
use crate::store::audit_cut::TrailPlace;
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
    /// Behind which entry the trail begins, for the master.
    pub beginning: Option<TrailPlace>,
}

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

/// At most `limit` entries that fit, in the order of the walk: of all for the master, of its own wallets
/// for a session.
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
    let shows_beginning = matches!(caller, Caller::Master(_));
    let search = match caller {
        Caller::Master(_) => search,
        Caller::Agent(agent) => {
            let own: Vec<WalletId> = agent.wallets().iter().map(|wallet| wallet.id).collect();
            if let Some(other) = search.wallet.filter(|wallet| !own.contains(wallet)) {
                return Err(TrailError::OtherWallet(other));
            }
            TrailSearch { among: Some(own), ..search }
        }
        Caller::Owner(_) => TrailSearch { among: Some(Vec::new()), ..search },
    };
    let read = app.store.read(move |db| {
        let mut entries = db.trail(&search, walk, limit.saturating_add(1))?;
        let shown = usize::try_from(limit).unwrap_or(usize::MAX);
        let has_more = entries.len() > shown;
        entries.truncate(shown);
        let total = match total {
            Total::Counted => Some(db.trail_length(&search)?),
            Total::Left => None,
        };
        let beginning = shows_beginning.then(|| db.beginning_of_trail()).transpose()?;
        Ok::<_, TrailError>(Part { entries, has_more, total, beginning })
    });
    read.await
}

//! Tells the audit trail of requests that were refused.

use std::sync::Arc;

use api::ErrorCode;

use crate::app::App;
use crate::asker::{Asker, Connection};
use crate::clock::UnixSeconds;
use crate::refusals::{DAY, Kind, QUIET, REFUSED, REPEATED, Repeated, Said};
use crate::store::StoreError;
use crate::store::audit::{Actor, AuditEntry, Severity};

/// Writes down that a request was refused with that code, unless the trail tells of it already or
/// one of its kind was written down within the last minute. A refusal stands whether or not it can
/// be written down.
pub async fn record_refusal(app: &App, asker: Arc<Asker>, code: ErrorCode) {
    if asker.is_recorded() {
        return;
    }
    let kind = Kind { code, actor: asker.actor(), connection: asker.connection };
    match app.refusals.count(kind, app.clock.now()) {
        Said::Later => {}
        Said::Now => {
            let entry = asker.entry(REFUSED).detail("code", code.as_str());
            let entry = AuditEntry { severity: Severity::Warning, ..entry };
            let written = asker.carry(app.store.write(move |db| db.audit(&entry))).await;
            if let Err(error) = written {
                tracing::error!(%error, "a refusal was not written down");
            }
        }
    }
}

/// Writes down how many more of each kind there were, once their minute is over, and how many no
/// entry of a day counts, once that is over.
///
/// # Errors
/// When the database cannot be written.
pub async fn record_repeated(app: &App) -> Result<(), StoreError> {
    let now = app.clock.now();
    record(app, app.refusals.take_over(now), now).await
}

/// The same before the program ends: nothing more is counted.
///
/// # Errors
/// When the database cannot be written.
pub async fn record_rest(app: &App) -> Result<(), StoreError> {
    let now = app.clock.now();
    record(app, app.refusals.take_over(now.plus(DAY)), now).await
}

async fn record(app: &App, repeated: Vec<Repeated>, now: UnixSeconds) -> Result<(), StoreError> {
    if repeated.is_empty() {
        return Ok(());
    }
    let entries: Vec<AuditEntry> = repeated
        .into_iter()
        .map(|repeated| {
            let (event, times, span) = match repeated {
                Repeated::Kind(_, times) | Repeated::Others(times) => (REPEATED, times, QUIET),
                Repeated::LeftOut(_, times) => ("REFUSALS_LEFT_OUT", times, DAY),
            };
            let entry = AuditEntry::new(now, event, Actor::System);
            let entry = entry.detail("times", times).detail("seconds", span.as_secs());
            let entry = AuditEntry { severity: Severity::Warning, ..entry };
            match repeated {
                Repeated::Kind(kind, _) => of_kind(entry, kind),
                Repeated::Others(_) => entry,
                Repeated::LeftOut(party, _) => entry.detail("of", party),
            }
        })
        .collect();
    app.store.write(move |db| entries.iter().try_for_each(|entry| db.audit(entry))).await
}

fn of_kind(entry: AuditEntry, kind: Kind) -> AuditEntry {
    let entry = entry.detail("code", kind.code.as_str()).detail("actor", kind.actor);
    let entry = match kind.actor {
        Actor::Session(session) => entry.detail("sessionId", session),
        Actor::Operator | Actor::Owner(_) | Actor::System | Actor::Unknown => entry,
    };
    match kind.connection {
        Connection::Tcp(address) => entry.detail("ipAddress", address),
        Connection::Socket(Some(uid)) => entry.detail("peerUid", uid),
        Connection::Socket(None) => entry,
    }
}

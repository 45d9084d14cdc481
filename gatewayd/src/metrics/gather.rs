//! What is looked up for a scrape: what the counters say, and how database, signer and endpoints are.
//!
//! One look at a time, whoever asks, and what it found is good for some seconds: nobody who scrapes
//! keeps readers of the database from payments.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use protocol::{Latch, Status, VaultPhase, WitnessState};
use tokio::sync::Mutex;

use super::family::{
    ALLOWED, AUDIT_EVENTS, AUDIT_LAST, AUDIT_REPLACED, AUDIT_TIED, AUTOSTOP_RULES, BUILD,
    DATABASE_BYTES, DATABASE_FREE_BYTES, DATABASE_LOG_BYTES, DATABASE_WAITING, DENIED,
    JOURNAL_DAMAGED, JOURNAL_RECORDS, LATCH, PROCESS_START, QUEUE, QUEUE_OLDEST, RPC_ANSWERS,
    RPC_BEHIND, RPC_CONTRADICTIONS, RPC_FAILURES, RPC_FAILURES_IN_A_ROW, RPC_HEIGHT, RPC_REST,
    RPC_UP, SCRAPE_OK, SESSION_REQUESTS, SESSIONS_ACTIVE, SIGNER_CLOCK_BEHIND, SIGNER_DURATION,
    SIGNER_REFUSALS, SIGNER_REQUESTS, SIGNER_SUSPENDS_AT, SIGNER_UP, SIGNER_VAULT_OPEN,
    SIGNER_WALLETS, SIGNER_WALLETS_HALTED, WALLETS, WITNESS_CURRENT,
};
use super::{Number, Scrape, spend};
use crate::app::App;
use crate::chains::NodeStatus;
use crate::clock::{Deadline, UnixSeconds};
use crate::networks::Networks;
use crate::store::counts::Events;
use crate::store::trail::TrailSearch;
use crate::store::{Reading, StoreError};
use crate::tx;
use crate::usecase::tie_to_journal;

/// How long what was looked up is good for.
const FRESH: Duration = Duration::from_secs(5);
/// How long a scrape waits for a look.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a look waits for the signer.
const SIGNER_PATIENCE: Duration = Duration::from_secs(2);
/// Entries of the audit trail that are counted in one look; the others in the next ones.
const MOST_ENTRIES: u64 = 50_000;

/// What was looked up last.
#[derive(Debug)]
pub(super) struct Looked(Arc<Mutex<Known>>);

#[derive(Debug)]
struct Known {
    /// The last entry of the audit trail that was counted.
    counted_until: u64,
    events: BTreeMap<(String, String), u64>,
    /// What was found, and until when it is good.
    found: Option<(Scrape, Deadline)>,
}

impl Looked {
    pub(super) fn new(trail_end: u64) -> Self {
        let known = Known { counted_until: trail_end, events: BTreeMap::new(), found: None };
        Self(Arc::new(Mutex::new(known)))
    }
}

/// All numbers of this moment. What cannot be looked up in time is left out, and said so.
pub async fn scrape(app: &Arc<App>) -> Scrape {
    let looked = tokio::time::timeout(PATIENCE, looked_up(app)).await;
    let mut scrape = looked.ok().flatten().unwrap_or_else(|| {
        let mut nothing = Scrape::default();
        nothing.put(SCRAPE_OK, ["database"], false);
        nothing.put(SCRAPE_OK, ["signer"], false);
        nothing.put(SIGNER_UP, [], false);
        nothing
    });
    put_counted(&mut scrape, app);
    put_endpoints(&mut scrape, app);
    scrape
}

/// The look goes on when nobody waits for it any more, so that there is never a second one.
async fn looked_up(app: &Arc<App>) -> Option<Scrape> {
    let mut known = Arc::clone(&app.metrics.looked.0).lock_owned().await;
    if let Some((scrape, _)) = known.found.as_ref().filter(|(_, end)| !app.clock.has_passed(*end)) {
        return Some(scrape.clone());
    }
    let app = Arc::clone(app);
    let look = async move {
        let scrape = known.look(&app).await;
        known.found = Some((scrape.clone(), app.clock.deadline(FRESH)));
        scrape
    };
    tokio::spawn(look).await.ok()
}

impl Known {
    async fn look(&mut self, app: &App) -> Scrape {
        let mut scrape = Scrape::default();
        let status = tokio::time::timeout(SIGNER_PATIENCE, app.signer.status()).await;
        let status = status.ok().and_then(Result::ok);
        scrape.put(SCRAPE_OK, ["signer"], status.is_some());
        scrape.put(SIGNER_UP, [], status.is_some());
        put_latch(&mut scrape, "gateway", app.switch.latch());
        if let Some(status) = &status {
            put_signer(&mut scrape, status);
        }
        let (now, counted_until, networks) =
            (app.clock.now(), self.counted_until, app.networks.clone());
        let read = app.store.read(move |db| read(db, &networks, counted_until, now)).await;
        scrape.put(SCRAPE_OK, ["database"], read.is_ok());
        match read {
            Ok(found) => {
                self.counted_until = found.counted_until;
                for Events { event, severity, count } in found.events {
                    let counted = self.events.entry((event, severity)).or_default();
                    *counted = counted.saturating_add(count);
                }
                scrape.extend(found.scrape);
            }
            Err(error) => tracing::warn!(%error, "the database was not looked at for metrics"),
        }
        for ((event, severity), count) in &self.events {
            scrape.put(AUDIT_EVENTS, [event, severity], *count);
        }
        scrape
    }
}

/// What was found in the database at one moment.
struct Found {
    scrape: Scrape,
    counted_until: u64,
    events: Vec<Events>,
}

fn read(
    db: &Reading<'_>,
    networks: &Networks,
    counted_until: u64,
    now: UnixSeconds,
) -> Result<Found, StoreError> {
    let mut scrape = Scrape::default();
    let queued = db.queued()?;
    for status in tx::Status::ALL.iter().filter(|status| !status.is_final()) {
        let found = queued.iter().find(|queued| queued.status == *status);
        let age = found.map_or(0, |found| now.since(found.oldest).as_secs());
        scrape.put(QUEUE, [status.as_str()], found.map_or(0, |found| found.count));
        scrape.put(QUEUE_OLDEST, [status.as_str()], age);
    }
    for (status, count) in db.wallets_by_status()? {
        scrape.put(WALLETS, [&status.to_string()], count);
    }
    scrape.put(SESSIONS_ACTIVE, [], db.active_session_count(now)?);
    scrape.put(SESSION_REQUESTS, [], number(db.open_session_requests(now)?.len()));
    let enabled = db.autostop_rules()?.iter().filter(|rule| rule.enabled).count();
    scrape.put(AUTOSTOP_RULES, [], number(enabled));
    spend::put(&mut scrape, db, networks, now)?;
    let sizes = db.sizes()?;
    scrape.put(DATABASE_BYTES, [], sizes.file);
    scrape.put(DATABASE_FREE_BYTES, [], sizes.free);
    scrape.put(DATABASE_LOG_BYTES, [], sizes.log);
    let end = db.end_of_trail()?.id;
    scrape.put(AUDIT_LAST, [], end);
    scrape.put_known(AUDIT_TIED, [], tie_to_journal::last(db)?.map(tie_to_journal::Tie::records));
    let replaced = Some(tie_to_journal::REPLACED.to_owned());
    let replaced = TrailSearch { event: replaced, ..TrailSearch::default() };
    scrape.put(AUDIT_REPLACED, [], db.trail_length(&replaced)?);
    // Another database has taken its place where the trail is shorter.
    let after = counted_until.min(end);
    let counted_until = end.min(after.saturating_add(MOST_ENTRIES));
    let events = db.events((after, counted_until))?;
    Ok(Found { scrape, counted_until, events })
}

fn put_latch(scrape: &mut Scrape, of: &str, latch: Latch) {
    for state in [Latch::Active, Latch::Suspended, Latch::Locked] {
        scrape.put(LATCH, [of, &state.to_string()], state == latch);
    }
}

fn put_signer(scrape: &mut Scrape, status: &Status) {
    put_latch(scrape, "signer", status.latch);
    scrape.put(SIGNER_VAULT_OPEN, [], status.vault == VaultPhase::Open);
    scrape.put(SIGNER_WALLETS, [], status.wallets);
    scrape.put(SIGNER_WALLETS_HALTED, [], status.wallets_halted);
    scrape.put(SIGNER_CLOCK_BEHIND, [], status.behind_seconds);
    scrape.put_known(SIGNER_SUSPENDS_AT, [], status.suspends_at);
    scrape.put(JOURNAL_RECORDS, [], status.journal_records);
    scrape.put(JOURNAL_DAMAGED, [], status.journal_damage.is_some());
    for (place, witness) in status.witnesses.iter().enumerate() {
        let is_current = witness.state == WitnessState::Current;
        scrape.put(WITNESS_CURRENT, [&place.to_string()], is_current);
    }
}

/// What is counted where it happens.
fn put_counted(scrape: &mut Scrape, app: &App) {
    scrape.put(BUILD, [env!("CARGO_PKG_VERSION")], 1_u64);
    scrape.put(PROCESS_START, [], u64::try_from(app.started_at.get()).unwrap_or_default());
    scrape.put(DATABASE_WAITING, [], number(app.store.writes_waiting()));
    app.metrics.requests.put(scrape);
    for (tier, count) in app.metrics.decisions.allowed.counted() {
        scrape.put(ALLOWED, [tier], count);
    }
    for (rule, count) in app.metrics.decisions.denied.counted() {
        scrape.put(DENIED, [rule], count);
    }
    for asked in app.signer.observed().asked() {
        let request = format!("{:?}", asked.kind);
        for (outcome, count) in asked.outcomes() {
            scrape.put(SIGNER_REQUESTS, [&request, outcome], count);
        }
        scrape.put_histogram(SIGNER_DURATION, [&request], &asked.took);
    }
    for (code, count) in app.signer.observed().refusals() {
        scrape.put(SIGNER_REFUSALS, [&code.to_string()], count);
    }
    if let Some(process) = &app.metrics.process {
        process.put(scrape);
    }
}

/// Endpoints that were asked something. Their paths may hold keys, and two of one host differ by their
/// number in the settings.
fn put_endpoints(scrape: &mut Scrape, app: &App) {
    for (network, nodes) in app.chains.status() {
        for (place, node) in nodes.iter().enumerate() {
            let NodeStatus { history, .. } = node;
            if history.answers == 0 && history.failures == 0 {
                continue;
            }
            let labels = [network.as_str(), host(&node.origin), &place.to_string()];
            let is_up = node.rest_left.is_zero() && node.serves_the_chain != Some(false);
            scrape.put(RPC_UP, labels, is_up);
            scrape.put(RPC_BEHIND, labels, node.is_behind);
            scrape.put(RPC_REST, labels, node.rest_left);
            scrape.put(RPC_FAILURES_IN_A_ROW, labels, node.failures_in_a_row);
            scrape.put_summary(RPC_ANSWERS, labels, (history.answers, history.answering.into()));
            scrape.put(RPC_FAILURES, labels, history.failures);
            scrape.put(RPC_CONTRADICTIONS, labels, history.contradictions);
            scrape.put_known(RPC_HEIGHT, labels, node.height);
        }
    }
}

/// Of an origin such as `https://rpc.example.org:8545`.
fn host(origin: &str) -> &str {
    origin.split_once("://").map_or(origin, |(_scheme, host)| host)
}

fn number(count: usize) -> Number {
    Number::Whole(u64::try_from(count).unwrap_or(u64::MAX))
}

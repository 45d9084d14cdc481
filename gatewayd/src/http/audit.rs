//! `GET /v1/audit-logs`: what happened, newest first, or forwards from an entry on; and how the trail
//! becomes shorter.

use std::sync::Arc;

use api::{AuditLogPage, ErrorCode, ShortenTrail, TrailShortened};
use axum::extract::State;
use serde::Deserialize;

use super::body::{Done, Json, Query};
use super::problem::Problem;
use super::words::{number, word};
use crate::app::App;
use crate::clock::UnixSeconds;
use crate::session::{Caller, Master};
use crate::store::audit_cut::TrailPlace;
use crate::store::trail::{TrailSearch, Walk};
use crate::usecase::read_trail::{Total, TrailError, read_trail};
use crate::usecase::shorten_trail::{ShortenError, shorten_trail};

/// Entries shown where nothing is said.
const USUAL: u64 = 50;
/// The most that are shown at once.
const MOST: u64 = 200;
/// The longest name of an event that is looked for.
const MAX_EVENT: usize = 64;

#[derive(Debug, Default, Deserialize)]
pub(super) struct TrailQuery {
    #[serde(default, alias = "walletId")]
    wallet_id: Option<String>,
    #[serde(default, alias = "sessionId")]
    session_id: Option<String>,
    #[serde(default, alias = "txId")]
    tx_id: Option<String>,
    #[serde(default, alias = "eventType")]
    event_type: Option<String>,
    severity: Option<String>,
    from: Option<String>,
    to: Option<String>,
    cursor: Option<String>,
    after: Option<String>,
    limit: Option<String>,
    #[serde(default, alias = "includeTotal")]
    include_total: Option<String>,
}

pub(super) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<TrailQuery>,
) -> Result<Done<AuditLogPage>, Problem> {
    let limit = number("limit", query.limit.as_deref())?.unwrap_or(USUAL);
    if !(1..=MOST).contains(&limit) {
        return Err(Problem::invalid(format!("limit is 1 to {MOST}")));
    }
    let (walk, total) = (walk(&query)?, total(query.include_total.as_deref())?);
    let part = read_trail(&app, &caller, search(&query)?, (walk, limit), total).await?;
    Ok(Done(AuditLogPage {
        next_cursor: part.next,
        has_more: part.next.is_some(),
        total: part.total,
        begins_after: part.beginning.filter(|it| *it != TrailPlace::START).map(told),
        data: part.entries,
    }))
}

pub(super) async fn shorten(
    State(app): State<Arc<App>>,
    master: Master,
    Json(asked): Json<ShortenTrail>,
) -> Result<Done<TrailShortened>, Problem> {
    let (from, through) = (place("after", &asked.after)?, place("through", &asked.through)?);
    let entries = shorten_trail(&app, &master, (from, through)).await?;
    Ok(Done(TrailShortened { entries, begins_after: asked.through }))
}

fn place(name: &str, told: &api::TrailPlace) -> Result<TrailPlace, Problem> {
    let hash = primitives::decode_hex(&told.hash).ok().and_then(|hash| hash.try_into().ok());
    let hash =
        hash.ok_or_else(|| Problem::invalid(format!("{name}.hash is 64 hexadecimal digits")))?;
    Ok(TrailPlace { id: told.id, hash })
}

fn told(place: TrailPlace) -> api::TrailPlace {
    api::TrailPlace { id: place.id, hash: primitives::encode_hex(&place.hash) }
}

fn search(query: &TrailQuery) -> Result<TrailSearch, Problem> {
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let time = |name, text: &Option<String>| {
        let time = number(name, text.as_deref());
        time.map(|time| time.map(|at| UnixSeconds::new(i64::try_from(at).unwrap_or(i64::MAX))))
    };
    let event = given(&query.event_type);
    if event.as_ref().is_some_and(|event| !is_event(event)) {
        let message = "event_type has capital letters and underscores, as in TX_SUBMITTED";
        return Err(Problem::invalid(message));
    }
    Ok(TrailSearch {
        wallet: given(&query.wallet_id).map(|text| word("wallet_id", &text)).transpose()?,
        session: given(&query.session_id).map(|text| word("session_id", &text)).transpose()?,
        among: None,
        within: None,
        transaction: given(&query.tx_id).map(|text| word("tx_id", &text)).transpose()?,
        event,
        severity: given(&query.severity).map(|text| word("severity", &text)).transpose()?,
        from: time("from", &query.from)?,
        to: time("to", &query.to)?,
    })
}

fn is_event(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    text.len() <= MAX_EVENT && text.bytes().all(fits)
}

fn walk(query: &TrailQuery) -> Result<Walk, Problem> {
    let cursor = number("cursor", query.cursor.as_deref())?;
    match (cursor, number("after", query.after.as_deref())?) {
        (None, None) => Ok(Walk::Newest),
        (Some(cursor), None) => Ok(Walk::Before(cursor)),
        (None, Some(after)) => Ok(Walk::After(after)),
        (Some(_), Some(_)) => {
            Err(Problem::invalid("cursor goes back and after goes on: give one of them"))
        }
    }
}

fn total(include: Option<&str>) -> Result<Total, Problem> {
    match include {
        None | Some("" | "false" | "null") => Ok(Total::Left),
        Some("true") => Ok(Total::Counted),
        Some(_) => Err(Problem::invalid("include_total is true or false")),
    }
}

impl From<TrailError> for Problem {
    fn from(error: TrailError) -> Self {
        let message = error.to_string();
        match error {
            TrailError::OtherWallet(_) => Self::new(ErrorCode::WalletAccessDenied, message)
                .hint("GET /v1/wallets lists what the session may read of"),
            TrailError::Store(error) => error.into(),
        }
    }
}

impl From<ShortenError> for Problem {
    fn from(error: ShortenError) -> Self {
        let message = error.to_string();
        match error {
            ShortenError::OtherTrail { .. } => {
                Self::new(ErrorCode::InvalidStateTransition, message)
                    .hint("archive what is there now: waiaasctl audit archive")
            }
            ShortenError::TooMany { .. } => Self::invalid(message),
            ShortenError::Store(error) => error.into(),
        }
    }
}

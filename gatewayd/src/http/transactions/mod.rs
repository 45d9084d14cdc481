//! `/v1/transactions`.

mod approval;
mod dry_run;
mod errors;
mod linked;
mod orders;
mod reading;

pub(super) use approval::{approval, approve, reject};
pub(super) use linked::linked_approval;
pub(super) use reading::{from_base64, operation};

use std::sync::Arc;
use std::time::Duration;

use api::{
    DryRun, PendingTransactions, SignMessage, SignTransaction, SignedMessage, SignedTransaction,
    Transaction, TransactionPage, TransactionState,
};
use axum::extract::State;
use axum::http::HeaderMap;
use serde::Deserialize;

use super::body::{Created, Done, Json, Path, Query, RawJson};
use super::display;
use super::problem::Problem;
use super::words::{number, uuid, word};
use crate::app::App;
use crate::session::{Agent, Caller};
use crate::store::idempotency::IdempotencyKey;
use crate::store::transactions::Page;
use crate::usecase::cancel_transaction::cancel_transaction;
use crate::usecase::choice::choose_wallet;
use crate::usecase::read_transactions::{
    await_transaction, list_pending, list_transactions, show_transaction,
};
use crate::usecase::sign_message;
use crate::usecase::sign_transaction;
use crate::usecase::simulate_transaction::simulate_transaction;
use crate::usecase::speed_up_transaction::speed_up_transaction;
use crate::usecase::submit_transaction::{Submission, submit_transaction};

#[derive(Debug, Deserialize)]
pub(super) struct ListQuery {
    #[serde(default, rename = "walletId", alias = "wallet_id")]
    wallet_id: Option<String>,
    limit: Option<String>,
    cursor: Option<String>,
    display_currency: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ShowQuery {
    display_currency: Option<String>,
}

pub(super) async fn send(
    State(app): State<Arc<App>>,
    agent: Agent,
    headers: HeaderMap,
    RawJson(body): RawJson,
) -> Result<Created<TransactionState>, Problem> {
    let order = orders::order(&body)?;
    drop(body);
    let submission = Submission {
        order,
        idempotency_key: idempotency_key(&headers)?,
        wait: preferred_wait(&headers),
    };
    let transaction = submit_transaction(&app, &agent, submission).await?;
    let status = transaction.status.to_string();
    Ok(Created(TransactionState { id: uuid(transaction.id), status }))
}

pub(super) async fn simulate(
    State(app): State<Arc<App>>,
    agent: Agent,
    RawJson(body): RawJson,
) -> Result<Done<DryRun>, Problem> {
    let began = app.clock.now_ms();
    let order = orders::order(&body)?;
    drop(body);
    let found = simulate_transaction(&app, &agent, order).await?;
    let duration_ms = app.clock.now_ms().saturating_sub(began);
    Ok(Done(dry_run::body(found, duration_ms)))
}

pub(super) async fn sign(
    State(app): State<Arc<App>>,
    agent: Agent,
    Json(asked): Json<SignTransaction>,
) -> Result<Done<SignedTransaction>, Problem> {
    let chain = choose_wallet(&agent, asked.wallet_id.as_deref())?.chain;
    let request = reading::sign_request(asked, chain)?;
    let signed = sign_transaction::sign_transaction(&app, &agent, request).await?;
    Ok(Done(reading::signed_transaction(signed, chain)))
}

pub(super) async fn sign_message(
    State(app): State<Arc<App>>,
    agent: Agent,
    Json(asked): Json<SignMessage>,
) -> Result<Done<SignedMessage>, Problem> {
    let (request, sign_type) = reading::sign_message_request(asked)?;
    let signed = sign_message::sign_message(&app, &agent, request).await?;
    let (id, signature) = (uuid(signed.id), signed.signature);
    Ok(Done(SignedMessage { id, signature, sign_type: sign_type.to_owned() }))
}

pub(super) async fn list(
    State(app): State<Arc<App>>,
    agent: Agent,
    Query(query): Query<ListQuery>,
) -> Result<Done<TransactionPage>, Problem> {
    let wallet = query.wallet_id.as_deref();
    let wallet = wallet.map(|id| choose_wallet(&agent, Some(id)).map(|wallet| wallet.id));
    let limit = number("limit", query.limit.as_deref())?.unwrap_or(20);
    let limit = u16::try_from(limit).ok().filter(|limit| (1..=100).contains(limit));
    let limit = limit.ok_or_else(|| Problem::invalid("limit is 1 to 100"))?;
    let cursor = query.cursor.as_deref().filter(|cursor| !cursor.is_empty());
    let before = cursor.map(|cursor| word("cursor", cursor)).transpose()?;
    let currency = display::currency(&app, query.display_currency.as_deref())?;
    let page = Page { before, limit };
    let caller = Caller::Agent(agent);
    let found = list_transactions(&app, &caller, wallet.transpose()?, page).await?;
    let last = found.items.last().map(|last| last.id.to_string());
    let items = found.items.iter().map(|item| reading::body(&app, &caller, item));
    let items = display::add(&app, items.collect(), currency).await?;
    let cursor = last.filter(|_| found.has_more);
    Ok(Done(TransactionPage { items, cursor, has_more: found.has_more }))
}

pub(super) async fn pending(
    State(app): State<Arc<App>>,
    caller: Caller,
) -> Result<Done<PendingTransactions>, Problem> {
    let found = list_pending(&app, &caller).await?;
    let items = found.iter().map(|item| reading::body(&app, &caller, item));
    let currency = display::currency(&app, None)?;
    let items = display::add(&app, items.collect(), currency).await?;
    Ok(Done(PendingTransactions { items }))
}

pub(super) async fn show(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    path: Path,
    Query(query): Query<ShowQuery>,
) -> Result<Done<Transaction>, Problem> {
    let currency = display::currency(&app, query.display_currency.as_deref())?;
    let id = path.read("id")?;
    let found = match preferred_wait(&headers) {
        Some(wait) => await_transaction(&app, &caller, id, wait).await?,
        None => show_transaction(&app, &caller, id).await?,
    };
    Ok(Done(display::add_one(&app, reading::body(&app, &caller, &found), currency).await?))
}

pub(super) async fn cancel(
    State(app): State<Arc<App>>,
    caller: Caller,
    path: Path,
) -> Result<Done<TransactionState>, Problem> {
    let cancelled = cancel_transaction(&app, &caller, path.read("id")?).await?;
    let status = cancelled.status.to_string();
    Ok(Done(TransactionState { id: uuid(cancelled.id), status }))
}

pub(super) async fn speed_up(
    State(app): State<Arc<App>>,
    caller: Caller,
    path: Path,
) -> Result<Done<TransactionState>, Problem> {
    let wished = speed_up_transaction(&app, &caller, path.read("id")?).await?;
    let status = wished.status.to_string();
    Ok(Done(TransactionState { id: uuid(wished.id), status }))
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<IdempotencyKey>, Problem> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let key = IdempotencyKey::from_client(value.to_str().unwrap_or_default());
    key.map(Some).map_err(|error| Problem::invalid(format!("Idempotency-Key: {error}")))
}

/// `Prefer: wait=N` (RFC 7240): the seconds that the client is willing to wait. What cannot be read
/// is no preference.
fn preferred_wait(headers: &HeaderMap) -> Option<Duration> {
    let values = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    let mut preferences = values.flat_map(|value| value.split(','));
    let seconds = preferences.find_map(|preference| preference.trim().strip_prefix("wait="))?;
    seconds.trim().parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preference_to_wait_is_found_among_others() {
        for (value, seconds) in [
            ("wait=10", Some(10)),
            ("respond-async, wait=5", Some(5)),
            ("wait=", None),
            ("wait=-1", None),
            ("await=3", None),
            ("", None),
        ] {
            let headers =
                HeaderMap::from_iter([("prefer".parse().unwrap(), value.parse().unwrap())]);
            assert_eq!(preferred_wait(&headers).map(|wait| wait.as_secs()), seconds, "{value}");
        }
    }

    #[test]
    fn a_key_that_cannot_be_one_is_refused_and_not_dropped() {
        let headers = HeaderMap::from_iter([(
            "idempotency-key".parse().unwrap(),
            axum::http::HeaderValue::from_bytes(b"\xff").unwrap(),
        )]);
        assert!(idempotency_key(&headers).is_err());
        assert!(idempotency_key(&HeaderMap::new()).unwrap().is_none());
    }
}

//! `/v1/sessions/requests`.

use std::sync::Arc;
use std::time::Duration;

use api::{
    CollectSession, ErrorCode, LinkedLimit, LinkedSessionRequest, LinkedWallet, OwnerMessage,
    RequestSession, SessionCollected, SessionRequest, SessionRequestDecided, SessionRequestList,
    SessionRequested, WriteGrantMessage,
};
use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;

use primitives::{Amount, Asset};

use super::auth::{LinkRight, site};
use super::body::{Created, Done, Json, Path};
use super::constraints;
use super::owners::to_sign;
use super::pages;
use super::problem::Problem;
use super::serve::Peer;
use super::sessions::{name, status};
use super::words::{end, id, seconds, uuid, word};
use crate::app::App;
use crate::session::grants::AssetLimit;
use crate::session::link::Subject;
use crate::session::{Caller, Master};
use crate::store::session_requests::RequestStage;
use crate::store::sessions::Source;
use crate::store::wallets::Wallet;
use crate::usecase::create_session::NewSession;
use crate::usecase::session_requests::{
    Collected, Decision, LinkedRequest, NewRequest, SessionRequestError, ShownRequest,
    collect_session, decide_session_request, list_session_requests, request_session,
    show_linked_session_request, show_session_request, write_grant_message,
};

pub(super) async fn create(
    State(app): State<Arc<App>>,
    Json(asked): Json<RequestSession>,
) -> Result<Created<SessionRequested>, Problem> {
    let wallets = asked.wallet_ids.into_iter().map(|uuid| id("walletIds", uuid));
    let source = asked.source.as_deref().map(|source| word("source", source)).transpose()?;
    let session = NewSession {
        wallets: wallets.collect::<Result<_, _>>()?,
        lifetime: asked.ttl.map(Duration::from_secs),
        max_renewals: asked.max_renewals.filter(|most| *most != 0),
        absolute_lifetime: asked.absolute_lifetime.filter(|s| *s != 0).map(Duration::from_secs),
        source: source.unwrap_or(Source::Api),
        grants: constraints::grants(&app, asked.constraints)?,
    };
    let (made, secret) = request_session(&app, NewRequest { agent: asked.agent, session }).await?;
    Ok(Created(SessionRequested {
        id: uuid(made.request.id),
        secret,
        statement: made.statement,
        expires_at: seconds(made.request.expires_at),
        page: Some(pages::address(&app, Subject::SessionRequest(made.request.id))),
    }))
}

pub(super) async fn list(
    State(app): State<Arc<App>>,
    master: Master,
) -> Result<Done<SessionRequestList>, Problem> {
    let found = list_session_requests(&app, &master).await?;
    let linked = |found: ShownRequest| {
        let page = Some(pages::address(&app, Subject::SessionRequest(found.request.id)));
        SessionRequest { page, ..body(&app, &found) }
    };
    Ok(Done(SessionRequestList { requests: found.into_iter().map(linked).collect() }))
}

pub(super) async fn show(
    State(app): State<Arc<App>>,
    path: Path,
) -> Result<Done<SessionRequest>, Problem> {
    let found = show_session_request(&app, path.read("id")?).await?;
    Ok(Done(body(&app, &found)))
}

pub(super) async fn question(
    State(app): State<Arc<App>>,
    LinkRight(right): LinkRight,
    path: Path,
) -> Result<Done<LinkedSessionRequest>, Problem> {
    let linked = show_linked_session_request(&app, path.read("id")?, &right).await?;
    let now = app.clock.now();
    Ok(Done(LinkedSessionRequest {
        request: body(&app, &linked.shown),
        wallets: linked.shown.wallets.iter().map(wallet).collect(),
        limits: limits(&app, &linked),
        owner: linked.owner.map(|owner| owner.to_string()),
        session_status: linked.session.map(|session| status(&session, now)),
        now: seconds(now),
    }))
}

fn wallet(wallet: &Wallet) -> LinkedWallet {
    LinkedWallet {
        id: uuid(wallet.id),
        name: wallet.name.clone(),
        address: wallet.address.to_string(),
        chain: wallet.chain.to_string(),
        environment: wallet.environment.to_string(),
    }
}

fn limits(app: &App, linked: &LinkedRequest) -> Vec<LinkedLimit> {
    let grants = &linked.shown.request.asked.grants;
    let limit = |limit: &AssetLimit| {
        let unit = linked.units.get(&(limit.network, limit.asset));
        let written = |amount: Option<Amount>| {
            amount.zip(unit).map(|(amount, unit)| amount.to_units(unit.decimals))
        };
        LinkedLimit {
            network: constraints::network_name(app, limit.network),
            token: match limit.asset {
                Asset::Native => None,
                Asset::Token(token) => Some(token.to_string()),
            },
            symbol: unit.and_then(|unit| unit.symbol.clone()),
            per_transaction: limit.per_transaction.map(|amount| amount.to_string()),
            per_transaction_formatted: written(limit.per_transaction),
            total: limit.total.map(|amount| amount.to_string()),
            total_formatted: written(limit.total),
        }
    };
    grants.limits.iter().flatten().map(limit).collect()
}

pub(super) async fn message(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    path: Path,
    Json(asked): Json<WriteGrantMessage>,
) -> Result<Done<OwnerMessage>, Problem> {
    let site = site(&app, Some(peer), &headers)?;
    let owner = word("address", &asked.address)?;
    let decision = match asked.decision.as_deref() {
        None | Some("approve") => Decision::Grant,
        Some("reject") => Decision::Refuse,
        Some(_) => return Err(Problem::invalid("decision: expected approve or reject")),
    };
    let written = write_grant_message(&app, &site, (path.read("id")?, decision), owner).await?;
    Ok(Done(to_sign(written)))
}

pub(super) async fn approve(
    State(app): State<Arc<App>>,
    caller: Caller,
    path: Path,
) -> Result<Done<SessionRequestDecided>, Problem> {
    decide(&app, &caller, &path, Decision::Grant).await
}

pub(super) async fn reject(
    State(app): State<Arc<App>>,
    caller: Caller,
    path: Path,
) -> Result<Done<SessionRequestDecided>, Problem> {
    decide(&app, &caller, &path, Decision::Refuse).await
}

async fn decide(
    app: &App,
    caller: &Caller,
    path: &Path,
    decision: Decision,
) -> Result<Done<SessionRequestDecided>, Problem> {
    let id = path.read("id")?;
    let status = decide_session_request(app, caller, id, decision).await?.to_string();
    Ok(Done(SessionRequestDecided { id: uuid(id), status }))
}

pub(super) async fn collect(
    State(app): State<Arc<App>>,
    path: Path,
    Json(asked): Json<CollectSession>,
) -> Result<Done<SessionCollected>, Problem> {
    Ok(Done(match collect_session(&app, path.read("id")?, &asked.secret).await? {
        Collected::Pending => SessionCollected {
            status: RequestStage::Pending.to_string(),
            session_id: None,
            token: None,
            expires_at: None,
            wallets: Vec::new(),
        },
        Collected::Opened(opened) => SessionCollected {
            status: RequestStage::Collected.to_string(),
            session_id: Some(uuid(opened.session.id)),
            expires_at: Some(end(opened.session.expires_at)),
            wallets: opened.wallets.iter().map(name).collect(),
            token: Some(opened.token),
        },
    }))
}

fn body(app: &App, found: &ShownRequest) -> SessionRequest {
    let ShownRequest { request, wallets, statement } = found;
    let waits = matches!(request.stage, RequestStage::Pending | RequestStage::Granted);
    let is_over = waits && request.expires_at <= app.clock.now();
    SessionRequest {
        id: uuid(request.id),
        status: if is_over { "EXPIRED".to_owned() } else { request.stage.to_string() },
        wallets: wallets.iter().map(name).collect(),
        session_expires_at: end(request.asked.expires_at),
        absolute_expires_at: end(request.asked.absolute_expires_at),
        max_renewals: request.asked.max_renewals.unwrap_or(0),
        constraints: constraints::body(app, &request.asked.grants),
        statement: statement.clone(),
        created_at: seconds(request.created_at),
        expires_at: seconds(request.expires_at),
        session_id: request.session.map(uuid),
        agent: request.agent.clone(),
        page: None,
    }
}

impl From<SessionRequestError> for Problem {
    fn from(error: SessionRequestError) -> Self {
        let message = error.to_string();
        match error {
            SessionRequestError::Name | SessionRequestError::TooLong => Self::invalid(message),
            SessionRequestError::Session(error) => error.into(),
            SessionRequestError::TooMany | SessionRequestError::TooManyOfWallet(_) => {
                Self::new(ErrorCode::RateLimited, message).retry_after(60)
            }
            SessionRequestError::Unknown(_) => Self::new(ErrorCode::SignRequestNotFound, message),
            SessionRequestError::Expired => Self::new(ErrorCode::SignRequestExpired, message)
                .hint("POST /v1/sessions/requests asks anew"),
            SessionRequestError::Decided(_) => {
                Self::new(ErrorCode::SignRequestAlreadyProcessed, message)
            }
            SessionRequestError::NotARight => Self::new(ErrorCode::InvalidToken, message)
                .hint("ask for a new one: waiaasctl session requests prints it"),
            SessionRequestError::Secret => Self::new(ErrorCode::InvalidToken, message),
            SessionRequestError::Owner(error) => error.into(),
            SessionRequestError::NotTheOwners(_) => {
                Self::new(ErrorCode::OwnerAddressMismatch, message)
                    .hint("the operator can grant it: waiaasctl session approve")
            }
            SessionRequestError::Message(error) => error.into(),
            SessionRequestError::Store(error) => error.into(),
        }
    }
}

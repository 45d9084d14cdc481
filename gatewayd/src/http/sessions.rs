//! `/v1/sessions`.

use std::sync::Arc;
use std::time::Duration;

use api::{
    AddSessionWallet, CreateSession, ErrorCode, SessionCreated, SessionItem, SessionPage,
    SessionReissued, SessionRenewed, SessionRevoked, SessionRotated, SessionWallet,
    SessionWalletAdded, SessionWallets, WalletName,
};
use axum::extract::State;
use axum::http::StatusCode;
use primitives::WalletId;
use serde::Deserialize;

use super::body::{Created, Done, Json, Path, Query};
use super::constraints;
use super::problem::Problem;
use super::words::{PageQuery, end, id, seconds, uuid, word};
use crate::app::App;
use crate::clock::UnixSeconds;
use crate::session::{Agent, Caller, Master, Owner};
use crate::store::sessions::{Page, Session, SessionStatus, Source};
use crate::store::wallets::Wallet;
use crate::usecase::create_session::{NewSession, NewSessionError, create_session};
use crate::usecase::renew_session::{RenewalError, renew_session, rotate_session};
use crate::usecase::sessions::{
    ListedSession, Revoked, SessionError, SessionFilter, add_session_wallet, list_sessions,
    list_sessions_of_owner, remove_session_wallet, revoke_session, session_wallets,
};

/// Which sessions to list.
#[derive(Debug, Deserialize)]
pub(super) struct SessionQuery {
    #[serde(flatten)]
    page: PageQuery,
    owner: Option<String>,
}

pub(super) async fn create(
    State(app): State<Arc<App>>,
    master: Master,
    Json(asked): Json<CreateSession>,
) -> Result<Created<SessionCreated>, Problem> {
    let opened = create_session(&app, &master, new_session(&app, asked)?).await?;
    let wallets: Vec<_> = opened.wallets.iter().map(name).collect();
    let first = wallets.first().ok_or(NewSessionError::NoWallet)?;
    Ok(Created(SessionCreated {
        id: uuid(opened.session.id),
        token: opened.token,
        expires_at: end(opened.session.expires_at),
        wallet_id: first.id,
        wallets,
    }))
}

pub(super) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<SessionQuery>,
) -> Result<Done<SessionPage>, Problem> {
    let page = query.page.page()?;
    let filter = SessionFilter {
        wallet: query.page.wallet_id.map(|text| word("walletId", &text)).transpose()?,
        owner: query.owner.map(|text| word("owner", &text)).transpose()?,
    };
    Ok(Done(listed(&app, list_sessions(&app, &caller, filter, page).await?, page)))
}

pub(super) async fn of_owner(
    State(app): State<Arc<App>>,
    owner: Owner,
    Query(query): Query<PageQuery>,
) -> Result<Done<SessionPage>, Problem> {
    let page = query.page()?;
    Ok(Done(listed(&app, list_sessions_of_owner(&app, &owner, page).await?, page)))
}

fn listed(app: &App, (sessions, total): (Vec<ListedSession>, u64), page: Page) -> SessionPage {
    let now = app.clock.now();
    let data = sessions.iter().map(|listed| item(app, listed, now)).collect();
    SessionPage { data, total, limit: page.limit, offset: page.offset }
}

pub(super) async fn revoke(
    State(app): State<Arc<App>>,
    caller: Caller,
    path: Path,
) -> Result<Done<SessionRevoked>, Problem> {
    let id = path.read("id")?;
    let message = match revoke_session(&app, &caller, id).await? {
        Revoked::Now => None,
        Revoked::Before => Some("the session was revoked before".to_owned()),
    };
    Ok(Done(SessionRevoked { id: uuid(id), status: "REVOKED".to_owned(), message }))
}

pub(super) async fn renew(
    State(app): State<Arc<App>>,
    agent: Agent,
    path: Path,
) -> Result<Done<SessionRenewed>, Problem> {
    let (session, token) = renew_session(&app, &agent, path.read("id")?).await?;
    Ok(Done(SessionRenewed {
        id: uuid(session.id),
        token,
        expires_at: end(session.expires_at),
        renewal_count: session.renewal_count,
        max_renewals: session.max_renewals.unwrap_or(0),
    }))
}

pub(super) async fn rotate(
    State(app): State<Arc<App>>,
    master: Master,
    path: Path,
) -> Result<Done<SessionRotated>, Problem> {
    let (session, token) = rotate_session(&app, &master, path.read("id")?).await?;
    Ok(Done(SessionRotated {
        id: uuid(session.id),
        token,
        expires_at: end(session.expires_at),
        token_issued_count: session.token_issued_count,
    }))
}

/// The same as [`rotate`], in the words of another client.
pub(super) async fn reissue(
    State(app): State<Arc<App>>,
    master: Master,
    path: Path,
) -> Result<Done<SessionReissued>, Problem> {
    let (session, token) = rotate_session(&app, &master, path.read("id")?).await?;
    Ok(Done(SessionReissued {
        token,
        session_id: uuid(session.id),
        token_issued_count: session.token_issued_count,
        expires_at: end(session.expires_at),
    }))
}

pub(super) async fn wallets(
    State(app): State<Arc<App>>,
    master: Master,
    path: Path,
) -> Result<Done<SessionWallets>, Problem> {
    let linked = session_wallets(&app, &master, path.read("id")?).await?;
    let wallets = linked.into_iter().map(|linked| SessionWallet {
        id: uuid(linked.wallet.id),
        name: linked.wallet.name,
        chain: linked.wallet.chain.to_string(),
        created_at: seconds(linked.linked_at),
    });
    Ok(Done(SessionWallets { wallets: wallets.collect() }))
}

pub(super) async fn add_wallet(
    State(app): State<Arc<App>>,
    master: Master,
    path: Path,
    Json(asked): Json<AddSessionWallet>,
) -> Result<Created<SessionWalletAdded>, Problem> {
    let session = path.read("id")?;
    let wallet: WalletId = id("walletId", asked.wallet_id)?;
    let since = add_session_wallet(&app, &master, session, wallet).await?;
    Ok(Created(SessionWalletAdded {
        session_id: uuid(session),
        wallet_id: asked.wallet_id,
        created_at: seconds(since),
    }))
}

pub(super) async fn remove_wallet(
    State(app): State<Arc<App>>,
    master: Master,
    path: Path,
) -> Result<StatusCode, Problem> {
    let (session, wallet) = (path.read("id")?, path.read("walletId")?);
    remove_session_wallet(&app, &master, session, wallet).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn new_session(app: &App, asked: CreateSession) -> Result<NewSession, Problem> {
    let grants = constraints::grants(app, asked.constraints)?;
    let wallets = asked.wallet_id.into_iter().chain(asked.wallet_ids.unwrap_or_default());
    let wallets = wallets.map(|uuid| id("walletId", uuid)).collect::<Result<_, _>>()?;
    let source = asked.source.as_deref().map(|source| word("source", source)).transpose()?;
    Ok(NewSession {
        wallets,
        lifetime: asked.ttl.map(Duration::from_secs),
        max_renewals: asked.max_renewals.filter(|most| *most != 0),
        absolute_lifetime: asked.absolute_lifetime.filter(|s| *s != 0).map(Duration::from_secs),
        source: source.unwrap_or(Source::Api),
        grants,
    })
}

fn item(app: &App, listed: &ListedSession, now: UnixSeconds) -> SessionItem {
    let session = &listed.session;
    let wallets: Vec<_> = listed.wallets.iter().map(|linked| name(&linked.wallet)).collect();
    let first = wallets.first();
    SessionItem {
        id: uuid(session.id),
        wallet_id: first.map_or_else(uuid::Uuid::nil, |wallet| wallet.id),
        wallet_name: first.map(|wallet| wallet.name.clone()),
        status: status(session, now),
        renewal_count: session.renewal_count,
        max_renewals: session.max_renewals.unwrap_or(0),
        expires_at: end(session.expires_at),
        absolute_expires_at: end(session.absolute_expires_at),
        created_at: seconds(session.created_at),
        last_renewed_at: session.last_renewed_at.map(seconds),
        source: session.source.to_string(),
        wallets,
        constraints: constraints::body(app, &session.grants),
    }
}

/// How a session stands.
pub(super) fn status(session: &Session, now: UnixSeconds) -> String {
    match session.status {
        SessionStatus::Active if session.has_expired(now) => "EXPIRED".to_owned(),
        status @ (SessionStatus::Active | SessionStatus::Revoked) => status.to_string(),
    }
}

pub(super) fn name(wallet: &Wallet) -> WalletName {
    WalletName { id: uuid(wallet.id), name: wallet.name.clone() }
}

impl From<NewSessionError> for Problem {
    fn from(error: NewSessionError) -> Self {
        let message = error.to_string();
        match error {
            NewSessionError::NoWallet => Self::new(ErrorCode::SessionRequiresWallet, message),
            NewSessionError::TooManyWallets
            | NewSessionError::Lifetime
            | NewSessionError::Grants(_) => Self::invalid(message),
            NewSessionError::UnknownWallet(_) => Self::new(ErrorCode::WalletNotFound, message),
            NewSessionError::Terminated(_) => Self::new(ErrorCode::WalletTerminated, message),
            NewSessionError::TooMany => Self::new(ErrorCode::SessionLimitExceeded, message),
            NewSessionError::Store(error) => error.into(),
        }
    }
}

impl From<RenewalError> for Problem {
    fn from(error: RenewalError) -> Self {
        let message = error.to_string();
        match error {
            RenewalError::OtherSession(_) => Self::new(ErrorCode::SessionRenewalMismatch, message),
            RenewalError::Unknown(_) => Self::new(ErrorCode::SessionNotFound, message),
            RenewalError::Revoked => Self::new(ErrorCode::SessionRevoked, message),
            RenewalError::Expired => Self::new(ErrorCode::SessionExpired, message),
            RenewalError::NoEnd => Self::new(ErrorCode::RenewalNotRequired, message),
            RenewalError::TooEarly { retry_after_seconds } => {
                Self::new(ErrorCode::RenewalTooEarly, message).retry_after(retry_after_seconds)
            }
            RenewalError::LimitReached(_) => Self::new(ErrorCode::RenewalLimitReached, message),
            RenewalError::AbsoluteEnd => {
                Self::new(ErrorCode::SessionAbsoluteLifetimeExceeded, message)
            }
            RenewalError::Conflict => Self::new(ErrorCode::InvalidStateTransition, message),
            RenewalError::Store(error) => error.into(),
        }
    }
}

impl From<SessionError> for Problem {
    fn from(error: SessionError) -> Self {
        let message = error.to_string();
        match error {
            SessionError::Unknown(_) => {
                Self::new(ErrorCode::SessionNotFound, message).hint("GET /v1/sessions lists them")
            }
            SessionError::UnknownWallet(_) | SessionError::NotLinked(_) => {
                Self::new(ErrorCode::WalletNotFound, message)
            }
            SessionError::AlreadyLinked(_) => Self::new(ErrorCode::WalletAlreadyLinked, message),
            SessionError::LastWallet => Self::new(ErrorCode::SessionRequiresWallet, message),
            SessionError::Owner(error) => error.into(),
            SessionError::Store(error) => error.into(),
        }
    }
}

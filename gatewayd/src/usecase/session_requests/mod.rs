//! An agent asks for a session; the operator, or the owner of its wallets by a signature, grants or
//! refuses it; the agent collects its token, once.
//!
//! Until the token is collected there is no session and no token: nobody else can take it, and nothing
//! is left behind when nobody does.

mod linked;
mod statement;

use std::time::Duration;

use primitives::{Address, WalletId, encode_hex};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::create_session::{self, NewSession, NewSessionError, OpenedSession};
use super::write_owner_message::{MessageError, write_statement};
use crate::app::App;
use crate::clock::UnixSeconds;
use crate::owner::{SignIn, Site};
use crate::session::grants::GrantsError;
use crate::session::{Caller, Master, OwnerError, random_bytes};
use crate::store::audit::{Actor, AuditEntry, Severity};
use crate::store::session_requests::{AskedSession, RequestStage, SessionRequest};
use crate::store::sessions::{Session, SessionStatus};
use crate::store::wallets::{OwnerState, Wallet};
use crate::store::{Reading, SessionId, SessionRequestId, StoreError, Writing};

pub use linked::{LinkedRequest, show_linked_session_request};

/// What an agent asks for.
#[derive(Clone, Debug)]
pub struct NewRequest {
    /// What it calls itself.
    pub agent: String,
    /// The session.
    pub session: NewSession,
}

/// A request with what those who decide need to know.
#[derive(Clone, Debug)]
pub struct ShownRequest {
    /// The request.
    pub request: SessionRequest,
    /// The wallets that it is about.
    pub wallets: Vec<Wallet>,
    /// What their owner signs.
    pub statement: String,
}

impl ShownRequest {
    /// The sentence that an owner signs to decide like that.
    fn statement_for(&self, decision: Decision) -> String {
        match decision {
            Decision::Grant => self.statement.clone(),
            Decision::Refuse => format!("Refuse session request {}.", self.request.id),
        }
    }
}

/// What an agent that comes for its token finds.
#[derive(Clone, Debug)]
pub enum Collected {
    /// Nobody has decided yet.
    Pending,
    /// The session is open.
    Opened(Box<OpenedSession>),
}

/// What is decided about a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The agent gets the session.
    Grant,
    /// It does not.
    Refuse,
}

/// Why a request is not made, decided or collected.
#[derive(Debug, thiserror::Error)]
pub enum SessionRequestError {
    /// The name would not fit into the sentence that owners sign.
    #[error("agent is 1 to {MAX_NAME} letters, digits, spaces, dots, hyphens and underscores")]
    Name,
    /// The session could not be opened.
    #[error(transparent)]
    Session(#[from] NewSessionError),
    /// More is asked for than an owner reads.
    #[error("the request is too long for an owner to read; ask for fewer wallets or shorter lists")]
    TooLong,
    /// Too many wait.
    #[error("{MOST_OPEN} requests wait already; ask again when some were decided")]
    TooMany,
    /// Too many wait for a wallet.
    #[error("{MOST_OPEN_OF_WALLET} requests for wallet {0} wait already; ask again later")]
    TooManyOfWallet(WalletId),
    /// There is none.
    #[error("there is no session request {0}")]
    Unknown(SessionRequestId),
    /// It is over.
    #[error("the session request has expired: ask again")]
    Expired,
    /// It was decided already.
    #[error("the session request is {0}")]
    Decided(RequestStage),
    /// The link is none of this gateway's to it, or not whole.
    #[error("this link is not whole, or another gateway made it")]
    NotARight,
    /// Somebody else asked.
    #[error("the secret is not that of the session request")]
    Secret,
    /// The owner signed for something else.
    #[error(transparent)]
    Owner(#[from] OwnerError),
    /// A wallet is not the owner's.
    #[error("wallet {0} is not this owner's, or its owner has not verified yet")]
    NotTheOwners(WalletId),
    /// There is no message for that owner.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// The database fails.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<GrantsError> for SessionRequestError {
    fn from(error: GrantsError) -> Self {
        Self::Session(error.into())
    }
}

/// How long a request waits for a decision, and then for its agent.
const PATIENCE: Duration = Duration::from_mins(15);
/// How long what became of a request can be seen.
const MEMORY: Duration = Duration::from_hours(24);
/// Requests that wait at a time.
const MOST_OPEN: usize = 100;
/// Of those, for one wallet: who knows its id holds up nobody else.
const MOST_OPEN_OF_WALLET: usize = 10;
/// Characters of an agent's name.
const MAX_NAME: usize = 64;
/// Wallets of one request: an owner reads each.
const MOST_WALLETS: usize = 20;
/// Characters of what an owner signs.
const MAX_STATEMENT: usize = 4 * 1024;
/// What a secret begins with, so that a leaked one is recognised.
const PREFIX: &str = "wai_coll_";

/// Stores a request. The secret, which is told once, is what its token is collected with.
///
/// # Errors
/// When the session could not be opened like that, too many wait, or the database fails.
pub async fn request_session(
    app: &App,
    new: NewRequest,
) -> Result<(ShownRequest, String), SessionRequestError> {
    let NewRequest { agent, session } = new;
    if !is_name(&agent) {
        return Err(SessionRequestError::Name);
    }
    if session.wallets.len() > MOST_WALLETS {
        return Err(SessionRequestError::TooLong);
    }
    let (expires_at, absolute_expires_at) = create_session::ends(&session, app.clock.now())?;
    let grants = session.grants.checked()?;
    let secret = format!("{PREFIX}{}", encode_hex(&random_bytes::<32>()));
    let now = app.clock.now();
    let request = SessionRequest {
        id: SessionRequestId::new(&app.clock),
        agent,
        asked: AskedSession {
            wallets: session.wallets,
            grants,
            expires_at,
            absolute_expires_at,
            max_renewals: session.max_renewals,
            source: session.source,
        },
        secret_hash: Sha256::digest(secret.as_bytes()).into(),
        stage: RequestStage::Pending,
        session: None,
        created_at: now,
        expires_at: now.plus(PATIENCE),
    };
    let asked = request.asked.clone();
    let read = app.store.read(move |db| create_session::usable(db, &asked.wallets));
    let shown = shown(app, request, read.await?);
    if shown.statement.len() > MAX_STATEMENT {
        return Err(SessionRequestError::TooLong);
    }
    let kept = shown.request.clone();
    let insert = move |db: &Writing<'_>| {
        let open = db.open_session_requests(now)?;
        if open.len() >= MOST_OPEN {
            return Err(SessionRequestError::TooMany);
        }
        let is_full = |wallet: &&WalletId| {
            let waiting = open.iter().filter(|it| it.asked.wallets.contains(wallet));
            waiting.count() >= MOST_OPEN_OF_WALLET
        };
        if let Some(full) = kept.asked.wallets.iter().find(is_full) {
            return Err(SessionRequestError::TooManyOfWallet(*full));
        }
        db.insert_session_request(&kept, now.minus(MEMORY))?;
        let entry = entry("SESSION_REQUESTED", Actor::Unknown, &kept, now);
        Ok(db.audit_of(&kept.asked.wallets, entry)?)
    };
    app.store.write(insert).await?;
    Ok((shown, secret))
}

/// A request as it stands, for whoever was told its id.
///
/// # Errors
/// When there is none, or the database fails.
pub async fn show_session_request(
    app: &App,
    id: SessionRequestId,
) -> Result<ShownRequest, SessionRequestError> {
    let read = app.store.read(move |db| {
        let request = db.session_request(id)?.ok_or(SessionRequestError::Unknown(id))?;
        let wallets = wallets(db, &request)?;
        Ok::<_, SessionRequestError>((request, wallets))
    });
    let (request, wallets) = read.await?;
    Ok(shown(app, request, wallets))
}

/// All requests that wait, oldest first.
///
/// # Errors
/// When the database fails.
pub async fn list_session_requests(
    app: &App,
    _master: &Master,
) -> Result<Vec<ShownRequest>, StoreError> {
    let now = app.clock.now();
    let read = app.store.read(move |db| {
        let waiting = db.open_session_requests(now)?.into_iter();
        let with_wallets = |request| Ok((wallets(db, &request)?, request));
        waiting.map(with_wallets).collect::<Result<Vec<_>, StoreError>>()
    });
    let found = read.await?;
    Ok(found.into_iter().map(|(wallets, request)| shown(app, request, wallets)).collect())
}

/// The message by which `owner` decides about a request, ready to be signed at `site`.
///
/// # Errors
/// When there is no such request, or no network for the owner.
pub async fn write_grant_message(
    app: &App,
    site: &Site,
    (id, decision): (SessionRequestId, Decision),
    owner: Address,
) -> Result<SignIn, SessionRequestError> {
    let found = show_session_request(app, id).await?;
    let environment = found.wallets.first().map(|wallet| wallet.environment);
    Ok(write_statement(app, site, owner, found.statement_for(decision), environment)?)
}

/// Grants or refuses a request, as the operator or an owner of all its wallets asks.
///
/// # Errors
/// When it is over or decided, or the owner signed something else or owns not all of its wallets.
pub async fn decide_session_request(
    app: &App,
    caller: &Caller,
    id: SessionRequestId,
    decision: Decision,
) -> Result<RequestStage, SessionRequestError> {
    let found = show_session_request(app, id).await?;
    if let Caller::Owner(owner) = caller {
        let stranger = found.wallets.iter().find(|wallet| {
            let own = owner.wallet(wallet.id);
            own.is_none_or(|own| own.owner_state() != OwnerState::Locked)
        });
        if let Some(wallet) = stranger {
            return Err(SessionRequestError::NotTheOwners(wallet.id));
        }
        owner.states(&found.statement_for(decision))?;
    }
    let (actor, now) = (caller.actor(), app.clock.now());
    let decide = move |db: &Writing<'_>| {
        let request = db.session_request(id)?.ok_or(SessionRequestError::Unknown(id))?;
        let (to, event) = match decision {
            Decision::Grant => (RequestStage::Granted, "SESSION_REQUEST_GRANTED"),
            Decision::Refuse => (RequestStage::Rejected, "SESSION_REQUEST_REJECTED"),
        };
        // What was granted and is not collected can still be taken back.
        let from = match (request.stage, decision) {
            (RequestStage::Granted, Decision::Refuse) => RequestStage::Granted,
            _ => RequestStage::Pending,
        };
        let times = (now, now.plus(PATIENCE));
        if !db.move_session_request(id, (from, to), None, times)? {
            return Err(not_open(&request, now));
        }
        db.audit_of(&request.asked.wallets, entry(event, actor, &request, now))?;
        Ok(to)
    };
    app.store.write(decide).await
}

/// Opens the session that was granted, for the agent that asked for it: once.
///
/// # Errors
/// When the secret is another one, or the request was refused, is over, or was collected.
pub async fn collect_session(
    app: &App,
    id: SessionRequestId,
    secret: &str,
) -> Result<Collected, SessionRequestError> {
    let hash: [u8; 32] = Sha256::digest(secret.as_bytes()).into();
    let now = app.clock.now();
    let read = app.store.read(move |db| db.session_request(id)).await?;
    let request = read.ok_or(SessionRequestError::Unknown(id))?;
    if !bool::from(hash.ct_eq(&request.secret_hash)) {
        return Err(SessionRequestError::Secret);
    }
    match request.stage {
        RequestStage::Pending if request.expires_at > now => return Ok(Collected::Pending),
        RequestStage::Granted if request.expires_at > now => {}
        RequestStage::Pending
        | RequestStage::Granted
        | RequestStage::Collected
        | RequestStage::Rejected => return Err(not_open(&request, now)),
    }
    let session_id = SessionId::new(&app.clock);
    let token = app.token_key.issue(session_id, now, request.asked.expires_at);
    let session = Session {
        id: session_id,
        status: SessionStatus::Active,
        source: request.asked.source,
        token_hash: token.hash,
        token_issued_count: 1,
        renewal_count: 0,
        max_renewals: request.asked.max_renewals,
        expires_at: request.asked.expires_at,
        absolute_expires_at: request.asked.absolute_expires_at,
        created_at: now,
        last_renewed_at: None,
        grants: request.asked.grants.clone(),
    };
    let opened = session.clone();
    let open = move |db: &Writing<'_>| {
        let stages = (RequestStage::Granted, RequestStage::Collected);
        let times = (now, request.expires_at);
        if !db.move_session_request(id, stages, Some(session.id), times)? {
            return Err(not_open(&db.session_request(id)?.unwrap_or(request), now));
        }
        let entry = entry("SESSION_CREATED", Actor::Session(session.id), &request, now);
        let entry = entry.detail("role", session.grants.role);
        Ok(create_session::insert(db, &session, &request.asked.wallets, entry)?)
    };
    let wallets = app.store.write(open).await?;
    let opened = OpenedSession { session: opened, token: token.text, wallets };
    Ok(Collected::Opened(Box::new(opened)))
}

fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b" .-_".contains(&byte);
    (1..=MAX_NAME).contains(&name.len()) && name.bytes().all(plain) && name.trim() == name
}

fn shown(app: &App, request: SessionRequest, wallets: Vec<Wallet>) -> ShownRequest {
    let statement = statement::statement(app, &request, &wallets);
    ShownRequest { request, wallets, statement }
}

fn wallets(db: &Reading<'_>, request: &SessionRequest) -> Result<Vec<Wallet>, StoreError> {
    let found = request.asked.wallets.iter().map(|id| db.wallet(*id));
    Ok(found.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

fn not_open(request: &SessionRequest, now: UnixSeconds) -> SessionRequestError {
    match request.stage {
        RequestStage::Pending | RequestStage::Granted if request.expires_at <= now => {
            SessionRequestError::Expired
        }
        RequestStage::Pending
        | RequestStage::Granted
        | RequestStage::Collected
        | RequestStage::Rejected => SessionRequestError::Decided(request.stage),
    }
}

fn entry(
    event: &'static str,
    actor: Actor,
    request: &SessionRequest,
    now: UnixSeconds,
) -> AuditEntry {
    let severity = match event {
        "SESSION_REQUEST_REJECTED" => Severity::Warning,
        _ => Severity::Info,
    };
    let entry = AuditEntry { severity, ..AuditEntry::new(now, event, actor) };
    entry.detail("requestId", request.id).detail("agent", &request.agent)
}

//! Opening a session for an agent.

use std::time::Duration;

use primitives::WalletId;

use crate::app::App;
use crate::clock::UnixSeconds;
use crate::session::Master;
use crate::session::grants::{Grants, GrantsError};
use crate::session::token::MAX_LIFETIME;
use crate::store::audit::{Actor, AuditEntry};
use crate::store::sessions::{Session, SessionStatus, Source};
use crate::store::wallets::Wallet;
use crate::store::{Reading, SessionId, StoreError, Writing};

/// The shortest life of a token.
const MIN_LIFETIME: Duration = Duration::from_mins(5);
/// Sessions that are neither revoked nor over.
const MAX_ACTIVE: u64 = 10_000;
/// Wallets of one session.
const MAX_WALLETS: usize = 1_000;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// Which wallets it may use; the first is the session's own.
    pub wallets: Vec<WalletId>,
    /// How long a token is valid; `None` for no end.
    pub lifetime: Option<Duration>,
    /// How often it can be renewed; `None` for any number.
    pub max_renewals: Option<u32>,
    /// After which time no renewal helps; `None` for never.
    pub absolute_lifetime: Option<Duration>,
    /// For what kind of client.
    pub source: Source,
    /// What it may do.
    pub grants: Grants,
}

/// A session that was opened.
#[derive(Clone, Debug)]
pub struct OpenedSession {
    /// The session.
    pub session: Session,
    /// Its token, which is told once.
    pub token: String,
    /// Its wallets.
    pub wallets: Vec<Wallet>,
}

/// Why no session was opened.
#[derive(Debug, thiserror::Error)]
pub enum NewSessionError {
    /// A session without a wallet can do nothing.
    #[error("a session needs a wallet: say which with walletId or walletIds")]
    NoWallet,
    /// More wallets than a session can have.
    #[error("a session has at most {MAX_WALLETS} wallets")]
    TooManyWallets,
    /// There is no such wallet.
    #[error("there is no wallet {0}")]
    UnknownWallet(WalletId),
    /// The wallet is not used any more.
    #[error("wallet {0} is terminated")]
    Terminated(WalletId),
    /// Tokens live longer than five minutes and shorter than a year.
    #[error("ttl is 300 to 31536000 seconds")]
    Lifetime,
    /// What it may do contradicts itself, or allows nothing.
    #[error("constraints: {0}")]
    Grants(#[from] GrantsError),
    /// More sessions than the gateway keeps.
    #[error("there are {MAX_ACTIVE} active sessions: revoke some")]
    TooMany,
    /// The database fails.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Opens a session, as `_master` asks.
///
/// # Errors
/// When a wallet cannot be used, a limit is out of range, or the database fails.
pub async fn create_session(
    app: &App,
    _master: &Master,
    new: NewSession,
) -> Result<OpenedSession, NewSessionError> {
    let grants = new.grants.clone().checked()?;
    let now = app.clock.now();
    let (expires_at, absolute_expires_at) = ends(&new, now)?;
    let id = SessionId::new(&app.clock);
    let token = app.token_key.issue(id, now, expires_at);
    let session = Session {
        id,
        status: SessionStatus::Active,
        source: new.source,
        token_hash: token.hash,
        token_issued_count: 1,
        renewal_count: 0,
        max_renewals: new.max_renewals,
        expires_at,
        absolute_expires_at,
        created_at: now,
        last_renewed_at: None,
        grants,
    };
    let kept = session.clone();
    let wallets = app.store.write(move |db| {
        let opened = AuditEntry::new(now, "SESSION_CREATED", Actor::Operator);
        let opened = opened.detail("source", kept.source).detail("role", kept.grants.role);
        insert(db, &kept, &new.wallets, opened)
    });
    Ok(OpenedSession { wallets: wallets.await?, session, token: token.text })
}

/// Stores a session over these wallets, with what the trail says of it.
pub(super) fn insert(
    db: &Writing<'_>,
    session: &Session,
    wallets: &[WalletId],
    entry: AuditEntry,
) -> Result<Vec<Wallet>, NewSessionError> {
    if db.active_session_count(session.created_at)? >= MAX_ACTIVE {
        return Err(NewSessionError::TooMany);
    }
    db.insert_session(session)?;
    let mut linked = Vec::new();
    for wallet in usable(db, wallets)? {
        if db.link_wallet(session.id, wallet.id, session.created_at)? {
            linked.push(wallet);
        }
    }
    db.audit_session(session.id, entry)?;
    Ok(linked)
}

/// The wallets with these ids, all of which can be used.
pub(super) fn usable(
    db: &Reading<'_>,
    wallets: &[WalletId],
) -> Result<Vec<Wallet>, NewSessionError> {
    let usable = |id: &WalletId| {
        let wallet = db.wallet(*id)?.ok_or(NewSessionError::UnknownWallet(*id))?;
        if wallet.status.is_over() {
            return Err(NewSessionError::Terminated(*id));
        }
        Ok(wallet)
    };
    wallets.iter().map(usable).collect()
}

/// When the token ends, and when no renewal helps any more.
pub(super) fn ends(
    new: &NewSession,
    now: UnixSeconds,
) -> Result<(Option<UnixSeconds>, Option<UnixSeconds>), NewSessionError> {
    check(new)?;
    let absolute = new.absolute_lifetime.map(|lifetime| now.plus(lifetime));
    let ends = [new.lifetime.map(|lifetime| now.plus(lifetime)), absolute];
    let end = ends.into_iter().flatten().min().map(|end| end.min(now.plus(MAX_LIFETIME)));
    Ok((end, absolute))
}

fn check(new: &NewSession) -> Result<(), NewSessionError> {
    match new.wallets.len() {
        0 => return Err(NewSessionError::NoWallet),
        1..=MAX_WALLETS => {}
        _ => return Err(NewSessionError::TooManyWallets),
    }
    match new.lifetime {
        Some(lifetime) if !(MIN_LIFETIME..=MAX_LIFETIME).contains(&lifetime) => {
            Err(NewSessionError::Lifetime)
        }
        Some(_) | None => Ok(()),
    }
}

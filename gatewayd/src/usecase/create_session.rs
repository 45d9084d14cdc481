//! Opening a session for an agent.

use std::time::Duration;

use primitives::WalletId;

use crate::app::App;
use crate::session::Master;
use crate::session::grants::{Grants, GrantsError};
use crate::session::token::MAX_LIFETIME;
use crate::store::audit::{Actor, AuditEntry};
use crate::store::sessions::{Session, SessionStatus, Source};
use crate::store::wallets::Wallet;
use crate::store::{SessionId, StoreError};

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
    check(&new)?;
    let new = NewSession { grants: new.grants.checked()?, ..new };
    let (session, token) = draft(app, &new);
    let kept = session.clone();
    let wallets = app.store.write(move |db| {
        if db.active_session_count(kept.created_at)? >= MAX_ACTIVE {
            return Err(NewSessionError::TooMany);
        }
        db.insert_session(&kept)?;
        let opened = AuditEntry::new(kept.created_at, "SESSION_CREATED", Actor::Operator);
        db.audit(
            &opened
                .detail("sessionId", kept.id)
                .detail("source", kept.source)
                .detail("role", kept.grants.role),
        )?;
        let mut wallets = Vec::new();
        for id in new.wallets {
            let wallet = db.wallet(id)?.ok_or(NewSessionError::UnknownWallet(id))?;
            if wallet.status.is_over() {
                return Err(NewSessionError::Terminated(id));
            }
            if db.link_wallet(kept.id, id, kept.created_at)? {
                wallets.push(wallet);
            }
        }
        Ok(wallets)
    });
    Ok(OpenedSession { wallets: wallets.await?, session, token })
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

fn draft(app: &App, new: &NewSession) -> (Session, String) {
    let id = SessionId::new(&app.clock);
    let now = app.clock.now();
    let absolute_expires_at = new.absolute_lifetime.map(|lifetime| now.plus(lifetime));
    let ends = [new.lifetime.map(|lifetime| now.plus(lifetime)), absolute_expires_at];
    let expires_at = ends.into_iter().flatten().min().map(|end| end.min(now.plus(MAX_LIFETIME)));
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
        grants: new.grants.clone(),
    };
    (session, token.text)
}

//! Sessions as they stand: list them, end them, change what they may use.

use primitives::{Address, WalletId};

use super::read_transactions::sees;
use crate::app::App;
use crate::clock::UnixSeconds;
use crate::owner::Action;
use crate::session::{Caller, Master, Owner, OwnerError};
use crate::store::audit::{Actor, AuditEntry};
use crate::store::sessions::{LinkedWallet, Page, Session};
use crate::store::{Reading, SessionId, StoreError};

/// A session with its wallets.
#[derive(Clone, Debug)]
pub struct ListedSession {
    /// The session.
    pub session: Session,
    /// Its wallets.
    pub wallets: Vec<LinkedWallet>,
}

/// Whether a session was ended now or before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revoked {
    /// Now.
    Now,
    /// It was over already.
    Before,
}

/// Why a session is not what was asked for.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// There is no such session.
    #[error("there is no session {0}")]
    Unknown(SessionId),
    /// There is no such wallet.
    #[error("there is no wallet {0}")]
    UnknownWallet(WalletId),
    /// The session may use that wallet already.
    #[error("the session may use wallet {0} already")]
    AlreadyLinked(WalletId),
    /// The session may not use that wallet anyway.
    #[error("the session does not use wallet {0}")]
    NotLinked(WalletId),
    /// A session without a wallet can do nothing.
    #[error("it is the session's last wallet: revoke the session instead")]
    LastWallet,
    /// The owner signed for something else.
    #[error(transparent)]
    Owner(#[from] OwnerError),
    /// The database fails.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Which sessions are listed; what is `None` does not matter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SessionFilter {
    /// Over that wallet.
    pub wallet: Option<WalletId>,
    /// Over a wallet of that owner.
    pub owner: Option<Address>,
}

/// The sessions that the caller may see, newest first, and how many there are: every one that fits for
/// the master, its own for an agent.
///
/// # Errors
/// When the database fails.
pub async fn list_sessions(
    app: &App,
    caller: &Caller,
    filter: SessionFilter,
    page: Page,
) -> Result<(Vec<ListedSession>, u64), SessionError> {
    let own = match caller {
        Caller::Master(_) => None,
        Caller::Agent(agent) => Some(agent.session().clone()),
        Caller::Owner(_) => return Ok((Vec::new(), 0)),
    };
    let listed = app.store.read(move |db| match own {
        Some(own) => Ok((vec![listed(db, own)?], 1)),
        None => list(db, filter.wallets(db)?.as_deref(), page),
    });
    Ok(listed.await?)
}

/// The same over the wallets of an owner, for that owner: of each session no other wallet is shown.
///
/// # Errors
/// When the owner signed for something else, or the database fails.
pub async fn list_sessions_of_owner(
    app: &App,
    owner: &Owner,
    page: Page,
) -> Result<(Vec<ListedSession>, u64), SessionError> {
    owner.wants(Action::Sessions)?;
    let own: Vec<WalletId> = owner.wallets().iter().map(|wallet| wallet.id).collect();
    let wallets = own.clone();
    let (mut sessions, total) = app.store.read(move |db| list(db, Some(&wallets), page)).await?;
    for session in &mut sessions {
        session.wallets.retain(|linked| own.contains(&linked.wallet.id));
    }
    Ok((sessions, total))
}

impl SessionFilter {
    /// Over one of which wallets a session is that fits.
    fn wallets(self, db: &Reading<'_>) -> Result<Option<Vec<WalletId>>, StoreError> {
        let Some(owner) = self.owner else { return Ok(self.wallet.map(|wallet| vec![wallet])) };
        let owned = db.wallets_of_owner(owner)?.into_iter().map(|wallet| wallet.id);
        Ok(Some(owned.filter(|id| self.wallet.is_none_or(|wallet| wallet == *id)).collect()))
    }
}

fn list(
    db: &Reading<'_>,
    wallets: Option<&[WalletId]>,
    page: Page,
) -> Result<(Vec<ListedSession>, u64), StoreError> {
    let found = db.sessions(wallets, page)?.into_iter();
    let sessions = found.map(|session| listed(db, session)).collect::<Result<_, _>>()?;
    Ok((sessions, db.session_count(wallets)?))
}

fn listed(db: &Reading<'_>, session: Session) -> Result<ListedSession, StoreError> {
    Ok(ListedSession { wallets: db.session_wallets(session.id)?, session })
}

/// Ends a session; its token is dead afterwards. An owner ends one that uses a wallet of theirs.
///
/// # Errors
/// When there is no such session that the caller may end, the owner signed for something else, or the
/// database fails.
pub async fn revoke_session(
    app: &App,
    caller: &Caller,
    id: SessionId,
) -> Result<Revoked, SessionError> {
    if let Caller::Owner(owner) = caller {
        owner.wants(Action::Revoke(id))?;
    }
    let (caller, now) = (caller.clone(), app.clock.now());
    let revoked = app.store.write(move |db| {
        db.session(id)?.ok_or(SessionError::Unknown(id))?;
        let linked = db.session_wallets(id)?;
        let ends = match &caller {
            Caller::Master(_) => true,
            Caller::Owner(_) => linked.iter().any(|linked| sees(&caller, linked.wallet.id)),
            Caller::Agent(_) => false,
        };
        if !ends {
            return Err(SessionError::Unknown(id));
        }
        let revoked = db.revoke_session(id, now)?;
        if revoked {
            db.audit_session(id, AuditEntry::new(now, "SESSION_REVOKED", caller.actor()))?;
        }
        Ok::<_, SessionError>(revoked)
    });
    Ok(if revoked.await? { Revoked::Now } else { Revoked::Before })
}

/// Lets a session use another wallet. Answers since when.
///
/// # Errors
/// When there is no such session or wallet, or the session may use it already.
pub async fn add_session_wallet(
    app: &App,
    _master: &Master,
    session: SessionId,
    wallet: WalletId,
) -> Result<UnixSeconds, SessionError> {
    let now = app.clock.now();
    let linked = app.store.write(move |db| {
        db.session(session)?.ok_or(SessionError::Unknown(session))?;
        let found = db.wallet(wallet)?;
        if found.is_none_or(|found| found.status.is_over()) {
            return Err(SessionError::UnknownWallet(wallet));
        }
        let linked = db.link_wallet(session, wallet, now)?;
        if linked {
            db.audit(&changed("SESSION_WALLET_ADDED", session, wallet, now))?;
        }
        Ok(linked)
    });
    if linked.await? { Ok(now) } else { Err(SessionError::AlreadyLinked(wallet)) }
}

/// Lets a session no longer use a wallet.
///
/// # Errors
/// When there is no such session, it does not use the wallet, or has no other.
pub async fn remove_session_wallet(
    app: &App,
    _master: &Master,
    session: SessionId,
    wallet: WalletId,
) -> Result<(), SessionError> {
    let now = app.clock.now();
    let removed = app.store.write(move |db| {
        db.session(session)?.ok_or(SessionError::Unknown(session))?;
        if !db.unlink_wallet(session, wallet)? {
            return Err(SessionError::NotLinked(wallet));
        }
        if db.session_wallets(session)?.is_empty() {
            return Err(SessionError::LastWallet);
        }
        Ok(db.audit(&changed("SESSION_WALLET_REMOVED", session, wallet, now))?)
    });
    removed.await
}

/// What the trail says of another wallet of a session, or one less.
fn changed(
    event: &'static str,
    session: SessionId,
    wallet: WalletId,
    now: UnixSeconds,
) -> AuditEntry {
    let entry = AuditEntry::new(now, event, Actor::Operator).wallet(wallet);
    entry.detail("sessionId", session)
}

/// A session's wallets.
///
/// # Errors
/// When there is no such session, or the database fails.
pub async fn session_wallets(
    app: &App,
    _master: &Master,
    session: SessionId,
) -> Result<Vec<LinkedWallet>, SessionError> {
    let wallets = app.store.read(move |db| {
        db.session(session)?.ok_or(SessionError::Unknown(session))?;
        Ok(db.session_wallets(session)?)
    });
    wallets.await
}

//! Who asks: sessions' tokens, owners' signatures, the master password, the operator.
//!
//! [`Agent`], [`Owner`] and [`Master`] can be made here only, from a credential that was checked.

pub mod grants;
mod hs256;
pub mod known;
pub mod link;
mod owner;
pub mod password;
pub mod token;
pub mod uses;

use std::sync::Arc;

use ::sandbox::Door;
use nix::unistd::Uid;
use primitives::WalletId;
use subtle::ConstantTimeEq;

use self::grants::Grants;
pub use self::owner::{Claim, Owner, OwnerError, Proof, read_signature};
use self::password::PasswordError;
use self::token::{TokenError, Verified};
use crate::app::App;
use crate::clock::UnixSeconds;
use crate::store::audit::{Actor, AuditEntry, Severity};
use crate::store::sessions::{Session, SessionStatus};
use crate::store::wallets::Wallet;
use crate::store::{SessionId, StoreError};

/// An agent with a valid token of a session that is not over.
#[derive(Clone, Debug)]
pub struct Agent {
    session: Arc<Session>,
    wallets: Arc<[Wallet]>,
}

/// Somebody who knows the master password, or the operator at the gateway's own socket.
#[derive(Clone, Copy, Debug)]
pub struct Master {
    /// Of the Unix user, where it is the operator.
    uid: Option<Uid>,
}

/// Somebody whose credential was checked.
#[derive(Clone, Debug)]
pub enum Caller {
    /// An agent.
    Agent(Agent),
    /// The master.
    Master(Master),
    /// An owner of at least one wallet.
    Owner(Owner),
}

/// Why a token makes nobody an agent.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// The token says nothing, or no longer does.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The token's session was revoked.
    #[error("the session was revoked")]
    Revoked,
    /// The database fails.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Agent {
    /// The agent whose token this is.
    ///
    /// # Errors
    /// When the token is not the one valid token of a session that is active and not over.
    pub async fn from_token(app: &App, token: &str) -> Result<Self, AgentError> {
        let now = app.clock.now();
        let hash = token::hash(token).ok_or(TokenError::Invalid)?;
        let epoch = app.store.session_epoch().await?;
        let known = app.known_sessions.find(&hash, epoch);
        if let Some((known, _)) = known.filter(|(_, secret)| app.token_key.takes(*secret, now)) {
            return known.while_it_lasts(app, now);
        }
        let Verified { session: id, secret } = app.token_key.verify(token, now)?;
        let read = app.store.read(move |db| {
            let session = db.session(id)?.ok_or(TokenError::Invalid)?;
            let wallets = db.session_wallets(id)?;
            let wallets = wallets.into_iter().map(|linked| linked.wallet).collect();
            let agent = Self { session: Arc::new(session), wallets };
            Ok::<_, AgentError>((agent, db.session_epoch()?))
        });
        let (agent, epoch) = read.await?;
        match agent.session.status {
            SessionStatus::Revoked => Err(AgentError::Revoked),
            SessionStatus::Active if !bool::from(hash.ct_eq(&agent.session.token_hash)) => {
                Err(TokenError::Invalid.into())
            }
            SessionStatus::Active => {
                app.known_sessions.keep(hash, agent.clone(), secret, epoch);
                agent.while_it_lasts(app, now)
            }
        }
    }

    /// The same while its session is not over, whose token ends at the same time. That is a use of it.
    fn while_it_lasts(self, app: &App, now: UnixSeconds) -> Result<Self, AgentError> {
        if self.session.has_expired(now) {
            return Err(TokenError::Expired.into());
        }
        app.session_uses.note(self.session.id, now);
        Ok(self)
    }

    /// Its session's id.
    pub fn session_id(&self) -> SessionId {
        self.session.id
    }

    /// Its session.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// What it may do.
    pub fn grants(&self) -> &Grants {
        &self.session.grants
    }

    /// The wallets that it may use, in the order in which they were added.
    pub fn wallets(&self) -> &[Wallet] {
        &self.wallets
    }

    /// The wallet with that id, if it may use it.
    pub fn wallet(&self, id: WalletId) -> Option<&Wallet> {
        self.wallets.iter().find(|wallet| wallet.id == id)
    }
}

impl Caller {
    /// As the audit trail names it.
    pub fn actor(&self) -> Actor {
        match self {
            Self::Agent(agent) => Actor::Session(agent.session_id()),
            Self::Master(_) => Actor::Operator,
            Self::Owner(owner) => Actor::Owner(owner.address()),
        }
    }
}

impl Master {
    /// The master by password.
    ///
    /// # Errors
    /// When the password is wrong or is not looked at.
    pub async fn from_password(app: &App, password: &str) -> Result<Self, PasswordError> {
        let checked = app.master_password.check(password).await;
        if checked == Err(PasswordError::Wrong) {
            let failed = AuditEntry::new(app.clock.now(), "MASTER_AUTH_FAILED", Actor::Unknown);
            let failed = AuditEntry { severity: Severity::Warning, ..failed };
            if let Err(error) = app.store.write(move |db| db.audit(&failed)).await {
                tracing::error!(%error, "a wrong master password was not recorded");
            }
        }
        checked.map(|()| Self { uid: None })
    }

    /// The master by Unix user, as the kernel tells it of the other end of the gateway's own socket,
    /// if its door admits that user.
    pub fn from_peer(door: Door, uid: Uid) -> Option<Self> {
        door.admits(uid.as_raw()).then_some(Self { uid: Some(uid) })
    }

    /// The Unix user, where the kernel told it.
    pub fn uid(&self) -> Option<Uid> {
        self.uid
    }

    /// The operator whom the gateway's own socket would let in.
    #[cfg(test)]
    pub(crate) fn operator() -> Self {
        Self { uid: Some(Uid::from_raw(0)) }
    }
}

/// Random bytes of the kernel.
pub(crate) fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the kernel always has random bytes after its start");
    bytes
}

#[cfg(test)]
mod tests;

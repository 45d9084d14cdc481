//! New tokens for sessions: an agent renews its own, the master rotates any.

use std::time::Duration;

use crate::app::App;
use crate::clock::UnixSeconds;
use crate::session::token::{IssuedToken, MAX_LIFETIME, TokenHash};
use crate::session::{Agent, Master};
use crate::store::audit::{Actor, AuditEntry};
use crate::store::sessions::{Session, SessionStatus};
use crate::store::{SessionId, StoreError, Writing};

/// Why there is no new token.
#[derive(Debug, thiserror::Error)]
pub enum RenewalError {
    /// An agent can renew its own session only.
    #[error("the token is not one of session {0}")]
    OtherSession(SessionId),
    /// There is no such session.
    #[error("there is no session {0}")]
    Unknown(SessionId),
    /// The session is over for good.
    #[error("the session was revoked")]
    Revoked,
    /// The session's time is over.
    #[error("the session has expired: open another")]
    Expired,
    /// The session has no end.
    #[error("the session has no end, so there is nothing to renew")]
    NoEnd,
    /// More than half of the time is left.
    #[error("the session can be renewed in {retry_after_seconds} s")]
    TooEarly {
        /// Until then.
        retry_after_seconds: u64,
    },
    /// It was renewed as often as it can be.
    #[error("the session was renewed {0} times, which is all that it may be")]
    LimitReached(u32),
    /// Its longest life is used up.
    #[error("the session has reached its longest life")]
    AbsoluteEnd,
    /// Somebody else renewed it at the same moment.
    #[error("the session was given another token in the meantime: use that one")]
    Conflict,
    /// The database fails.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Renews the agent's own session, which must be `session`. The old token is dead afterwards.
///
/// # Errors
/// When it is another session, has no end, or may not be renewed (yet, or any more).
pub async fn renew_session(
    app: &App,
    agent: &Agent,
    session: SessionId,
) -> Result<(Session, String), RenewalError> {
    let old = agent.session();
    if old.id != session {
        return Err(RenewalError::OtherSession(session));
    }
    let now = app.clock.now();
    let expires_at = next_end(old, now)?;
    let token = app.token_key.issue(old.id, now, Some(expires_at));
    let renewed = Session {
        expires_at: Some(expires_at),
        renewal_count: old.renewal_count.saturating_add(1),
        last_renewed_at: Some(now),
        ..with_token(old, &token)
    };
    let entry = AuditEntry::new(now, "SESSION_RENEWED", Actor::Session(old.id));
    let entry = entry.detail("expiresAt", expires_at);
    let (kept, old_hash) = (renewed.clone(), old.token_hash);
    if app.store.write(move |db| replace(db, &kept, old_hash, entry)).await? {
        Ok((renewed, token.text))
    } else {
        Err(RenewalError::Conflict)
    }
}

/// Gives any session another token with the same end. The old token is dead afterwards.
///
/// # Errors
/// When there is no such session, or it is over.
pub async fn rotate_session(
    app: &App,
    _master: &Master,
    session: SessionId,
) -> Result<(Session, String), RenewalError> {
    let now = app.clock.now();
    let old = app.store.read(move |db| db.session(session)).await?;
    let old = old.ok_or(RenewalError::Unknown(session))?;
    match old.status {
        SessionStatus::Revoked => return Err(RenewalError::Revoked),
        SessionStatus::Active if old.has_expired(now) => return Err(RenewalError::Expired),
        SessionStatus::Active => {}
    }
    let token = app.token_key.issue(session, now, old.expires_at);
    let rotated = with_token(&old, &token);
    let kept = rotated.clone();
    let entry = AuditEntry::new(now, "SESSION_ROTATED", Actor::Operator);
    if app.store.write(move |db| replace(db, &kept, old.token_hash, entry)).await? {
        Ok((rotated, token.text))
    } else {
        Err(RenewalError::Conflict)
    }
}

/// Stores the token of `session` with what the trail says of it, if the old one is still that one.
fn replace(
    db: &Writing<'_>,
    session: &Session,
    old_hash: TokenHash,
    entry: AuditEntry,
) -> Result<bool, StoreError> {
    let replaced = db.replace_token(session, old_hash)?;
    if replaced {
        let entry = entry.detail("tokens", session.token_issued_count);
        db.audit_session(session.id, entry)?;
    }
    Ok(replaced)
}

fn with_token(old: &Session, token: &IssuedToken) -> Session {
    Session {
        token_hash: token.hash,
        token_issued_count: old.token_issued_count.saturating_add(1),
        ..old.clone()
    }
}

/// When the renewed session ends: as long after now as it was to last before.
fn next_end(session: &Session, now: UnixSeconds) -> Result<UnixSeconds, RenewalError> {
    let end = session.expires_at.ok_or(RenewalError::NoEnd)?;
    if end <= now {
        return Err(RenewalError::Expired);
    }
    if let Some(most) = session.max_renewals
        && session.renewal_count >= most
    {
        return Err(RenewalError::LimitReached(most));
    }
    let began = session.last_renewed_at.unwrap_or(session.created_at);
    let lifetime = end.since(began);
    let next = now.plus(lifetime.min(MAX_LIFETIME));
    let next = session.absolute_expires_at.map_or(next, |last| next.min(last));
    let half = began.plus(Duration::from_secs(lifetime.as_secs() / 2));
    if now < half {
        return Err(RenewalError::TooEarly { retry_after_seconds: half.since(now).as_secs() });
    }
    if next <= end { Err(RenewalError::AbsoluteEnd) } else { Ok(next) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::session::grants::Grants;
    use crate::store::sessions::Source;

    /// From 1000 to 2000, and to 2500 with renewals.
    fn session() -> Session {
        Session {
            id: SessionId::new(&Clock::system()),
            status: SessionStatus::Active,
            source: Source::Api,
            token_hash: [0; 32],
            token_issued_count: 1,
            renewal_count: 1,
            max_renewals: Some(2),
            expires_at: Some(UnixSeconds::new(2_000)),
            absolute_expires_at: Some(UnixSeconds::new(2_700)),
            created_at: UnixSeconds::new(0),
            last_renewed_at: Some(UnixSeconds::new(1_000)),
            grants: Grants::default(),
        }
    }

    #[test]
    fn a_session_is_renewed_from_half_of_its_time_on_up_to_its_longest_life() {
        let end = |now| next_end(&session(), UnixSeconds::new(now));
        assert!(matches!(end(1_000), Err(RenewalError::TooEarly { retry_after_seconds: 500 })));
        assert!(matches!(end(1_499), Err(RenewalError::TooEarly { retry_after_seconds: 1 })));
        assert_eq!(end(1_500).unwrap(), UnixSeconds::new(2_500));
        assert_eq!(end(1_600).unwrap(), UnixSeconds::new(2_600));
        assert_eq!(end(1_900).unwrap(), UnixSeconds::new(2_700));
        assert_eq!(end(1_999).unwrap(), UnixSeconds::new(2_700));
        assert!(matches!(end(2_000), Err(RenewalError::Expired)));
    }

    #[test]
    fn a_session_that_may_not_be_renewed_is_not() {
        let now = UnixSeconds::new(1_500);
        let worn = Session { renewal_count: 2, ..session() };
        assert!(matches!(next_end(&worn, now), Err(RenewalError::LimitReached(2))));
        let endless = Session { expires_at: None, ..session() };
        assert!(matches!(next_end(&endless, now), Err(RenewalError::NoEnd)));
        let last = Session { absolute_expires_at: Some(UnixSeconds::new(2_000)), ..session() };
        assert!(matches!(next_end(&last, now), Err(RenewalError::AbsoluteEnd)));
    }
}

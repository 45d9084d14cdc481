//! What is told of sessions that nobody asks for: that one is not used, ends soon, or has ended. Each is
//! told once, in the audit trail and the log; the database says what was.

use std::sync::Arc;
use std::time::Duration;

use crate::app::App;
use crate::clock::UnixSeconds;
use crate::session::token::is_graced;
use crate::store::audit::{Actor, AuditEntry, Severity};
use crate::store::session_watch::Due;
use crate::store::settings::Setting;
use crate::store::{Reading, SessionId, StoreError, Writing};

/// How often is looked, and how long a use of a session is in memory alone.
const PAUSE: Duration = Duration::from_secs(30);

/// What is to be told now.
#[derive(Debug, Default)]
struct Notices {
    idle: Vec<Due>,
    expiring: Vec<Due>,
    ended: Vec<Due>,
    /// The old secret of tokens is over, and still kept.
    old_secret_is_over: bool,
}

/// Runs until the program shall end, and looks once more then.
pub async fn run(app: Arc<App>) {
    let mut ending = app.ending.subscribe();
    loop {
        if let Err(error) = tell_of_sessions(&app).await {
            tracing::error!(%error, "it was not told which sessions end or are not used");
        }
        if *ending.borrow() {
            return;
        }
        tokio::select! {
            _ended = ending.wait_for(|ending| *ending) => {}
            () = app.clock.sleep(PAUSE) => {}
        }
    }
}

/// Stores when sessions were used, and tells what is due. Nothing is written where nothing is due.
///
/// # Errors
/// When the database fails; all of it is done the next time then.
pub async fn tell_of_sessions(app: &App) -> Result<(), StoreError> {
    let (now, idle_after) = (app.clock.now(), app.settings.sessions.idle_after());
    let uses = app.session_uses.take();
    if uses.is_empty() {
        let read = app.store.read(move |db| Notices::read(db, now, idle_after));
        if read.await?.are_none() {
            return Ok(());
        }
    }
    let used = uses.clone();
    let told = app.store.write(move |db| {
        db.sessions_were_used(&used)?;
        let notices = Notices::read(db, now, idle_after)?;
        notices.tell(db, now)?;
        Ok::<_, StoreError>(notices)
    });
    match told.await {
        Ok(notices) => {
            notices.log();
            Ok(())
        }
        Err(error) => {
            app.session_uses.give_back(uses);
            Err(error)
        }
    }
}

impl Notices {
    fn read(
        db: &Reading<'_>,
        now: UnixSeconds,
        idle_after: Option<Duration>,
    ) -> Result<Self, StoreError> {
        let idle = idle_after.map(|idle_after| db.idle_sessions(now.minus(idle_after)));
        let rotated_at = db.token_key_rotated_at()?;
        let is_over = rotated_at.is_none_or(|rotated_at| !is_graced(rotated_at, now));
        let ended = db.ended_sessions(now)?;
        let has_ended = |due: &Due| ended.iter().any(|(session, _)| *session == due.0);
        let expiring = db.expiring_sessions(now)?;
        let mut idle = idle.transpose()?.unwrap_or_default();
        idle.retain(|due| !has_ended(due));
        let old_secret_is_over = is_over && db.setting(Setting::OldTokenKey)?.is_some();
        Ok(Self { idle, expiring, ended, old_secret_is_over })
    }

    fn are_none(&self) -> bool {
        let Self { idle, expiring, ended, old_secret_is_over } = self;
        idle.is_empty() && expiring.is_empty() && ended.is_empty() && !old_secret_is_over
    }

    fn tell(&self, db: &Writing<'_>, now: UnixSeconds) -> Result<(), StoreError> {
        for (session, used_at) in &self.idle {
            let entry = AuditEntry::new(now, "SESSION_IDLE", Actor::System);
            let entry = entry.detail("lastUsedAt", used_at);
            db.audit_session(*session, AuditEntry { severity: Severity::Warning, ..entry })?;
            db.idleness_was_told(*session)?;
        }
        for (session, expires_at) in &self.expiring {
            let entry = AuditEntry::new(now, "SESSION_EXPIRING_SOON", Actor::System);
            let entry = entry.detail("expiresAt", expires_at);
            db.audit_session(*session, AuditEntry { severity: Severity::Warning, ..entry })?;
            db.expiry_was_told(*session)?;
        }
        for (session, expired_at) in &self.ended {
            let entry = AuditEntry::new(now, "SESSION_EXPIRED", Actor::System);
            db.audit_session(*session, entry.detail("expiredAt", expired_at))?;
            db.end_was_told(*session)?;
        }
        if self.old_secret_is_over {
            db.forget_setting(Setting::OldTokenKey)?;
        }
        Ok(())
    }

    fn log(&self) {
        let each =
            |dues: &[Due]| dues.iter().map(|(session, _)| *session).collect::<Vec<SessionId>>();
        for session in each(&self.idle) {
            tracing::warn!(%session, "nobody uses this session: revoke it if nobody will");
        }
        for session in each(&self.expiring) {
            tracing::warn!(%session, "this session ends soon, and was not renewed");
        }
        for session in each(&self.ended) {
            tracing::info!(%session, "this session has ended");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::grants::Grants;
    use crate::session::token::GRACE;
    use crate::session::{Agent, Caller, Master};
    use crate::store::sessions::Source;
    use crate::store::trail::{TrailSearch, Walk};
    use crate::store::wallets::sample;
    use crate::tx::testing::Scene;
    use crate::usecase::create_session::{NewSession, OpenedSession, create_session};
    use crate::usecase::renew_session::{renew_session, rotate_session};
    use crate::usecase::rotate_secret::rotate_secret;
    use crate::usecase::sessions::revoke_session;

    const SECOND: Duration = Duration::from_secs(1);
    const DAY: Duration = Duration::from_hours(24);
    const IDLE: Duration = Duration::from_hours(7 * 24);

    async fn open(app: &App, lifetime: Option<Duration>) -> OpenedSession {
        let new = NewSession {
            wallets: vec![sample(1).id],
            lifetime,
            max_renewals: None,
            absolute_lifetime: None,
            source: Source::Api,
            grants: Grants::default(),
        };
        create_session(app, &Master::operator(), new).await.unwrap()
    }

    /// Looks, and returns the sessions that were told of so in all.
    async fn told(app: &App, event: &str) -> Vec<String> {
        tell_of_sessions(app).await.unwrap();
        let search = TrailSearch { event: Some(event.to_owned()), ..TrailSearch::default() };
        let read = app.store.read(move |db| db.trail(&search, Walk::After(0), 100));
        let session = |details: &str| {
            let details: serde_json::Value = serde_json::from_str(details).unwrap();
            details["sessionId"].as_str().unwrap().to_owned()
        };
        let entries = read.await.unwrap();
        assert!(entries.iter().all(|entry| entry.wallet_id == Some(sample(1).id.to_string())));
        entries.iter().map(|entry| session(entry.details.get())).collect()
    }

    fn less(whole: Duration, part: Duration) -> Duration {
        whole.checked_sub(part).unwrap()
    }

    #[tokio::test]
    async fn a_session_that_is_not_used_is_told_of_once_until_it_is_used_again() {
        let scene = Scene::start().await;
        let (used, unused) = (open(&scene.app, None).await, open(&scene.app, None).await);
        let [used_id, unused_id] = [&used, &unused].map(|opened| opened.session.id.to_string());
        scene.clock.advance(less(IDLE, SECOND));
        Agent::from_token(&scene.app, &used.token).await.unwrap();
        assert!(told(&scene.app, "SESSION_IDLE").await.is_empty());
        scene.clock.advance(SECOND);
        assert_eq!(told(&scene.app, "SESSION_IDLE").await, std::slice::from_ref(&unused_id));
        // The database knows what was told, and when the other one was used.
        let scene = scene.restart().await;
        scene.clock.advance(less(IDLE, 2 * SECOND));
        assert_eq!(told(&scene.app, "SESSION_IDLE").await.len(), 1);
        scene.clock.advance(SECOND);
        assert_eq!(told(&scene.app, "SESSION_IDLE").await, [unused_id.clone(), used_id.clone()]);
        Agent::from_token(&scene.app, &unused.token).await.unwrap();
        assert_eq!(told(&scene.app, "SESSION_IDLE").await.len(), 2);
        scene.clock.advance(IDLE);
        assert_eq!(told(&scene.app, "SESSION_IDLE").await, [unused_id.clone(), used_id, unused_id]);
    }

    #[tokio::test]
    async fn a_session_that_ends_soon_is_told_of_once_an_end() {
        let scene = Scene::start().await;
        let opened = open(&scene.app, Some(10 * DAY)).await;
        let short = open(&scene.app, Some(Duration::from_secs(1_000))).await;
        let [id, short] = [&opened, &short].map(|opened| opened.session.id.to_string());
        scene.clock.advance(Duration::from_secs(799));
        assert!(told(&scene.app, "SESSION_EXPIRING_SOON").await.is_empty());
        scene.clock.advance(SECOND);
        assert_eq!(
            told(&scene.app, "SESSION_EXPIRING_SOON").await,
            std::slice::from_ref(&short),
            "a fifth is left"
        );
        scene.clock.advance(less(9 * DAY, Duration::from_secs(801)));
        assert_eq!(told(&scene.app, "SESSION_EXPIRING_SOON").await.len(), 1);
        scene.clock.advance(SECOND);
        assert_eq!(told(&scene.app, "SESSION_EXPIRING_SOON").await, [short.clone(), id.clone()]);
        assert_eq!(told(&scene.app, "SESSION_EXPIRED").await, std::slice::from_ref(&short));
        let scene = scene.restart().await;
        // Another token changes no end, a renewal does.
        let master = Master::operator();
        let (_, token) = rotate_session(&scene.app, &master, opened.session.id).await.unwrap();
        assert_eq!(told(&scene.app, "SESSION_EXPIRING_SOON").await.len(), 2);
        let agent = Agent::from_token(&scene.app, &token).await.unwrap();
        renew_session(&scene.app, &agent, opened.session.id).await.unwrap();
        scene.clock.advance(less(9 * DAY, SECOND));
        assert_eq!(told(&scene.app, "SESSION_EXPIRING_SOON").await.len(), 2);
        scene.clock.advance(SECOND);
        assert_eq!(
            told(&scene.app, "SESSION_EXPIRING_SOON").await,
            [short.clone(), id.clone(), id.clone()]
        );
        scene.clock.advance(DAY);
        assert_eq!(told(&scene.app, "SESSION_EXPIRED").await, [short, id]);
    }

    /// Its request came before its end, and was written down behind it.
    #[tokio::test]
    async fn a_session_that_is_renewed_while_its_end_is_told_is_watched_on() {
        let scene = Scene::start().await;
        let opened = open(&scene.app, Some(DAY)).await;
        let id = opened.session.id;
        let agent = Agent::from_token(&scene.app, &opened.token).await.unwrap();
        scene.clock.advance(less(DAY, SECOND));
        scene.app.store.write(move |db| db.end_was_told(id)).await.unwrap();
        renew_session(&scene.app, &agent, id).await.unwrap();
        scene.clock.advance(less(DAY, SECOND));
        assert!(told(&scene.app, "SESSION_EXPIRED").await.is_empty());
        scene.clock.advance(SECOND);
        assert_eq!(told(&scene.app, "SESSION_EXPIRED").await, [id.to_string()]);
    }

    #[tokio::test]
    async fn of_a_session_that_is_over_nothing_more_is_told() {
        let scene = Scene::start().await;
        let (over, revoked) = (open(&scene.app, Some(DAY)).await, open(&scene.app, None).await);
        let master = Caller::Master(Master::operator());
        revoke_session(&scene.app, &master, revoked.session.id).await.unwrap();
        scene.clock.advance(2 * IDLE);
        let id = over.session.id.to_string();
        assert_eq!(
            told(&scene.app, "SESSION_EXPIRED").await,
            [id],
            "though nobody looked until now"
        );
        for event in ["SESSION_EXPIRING_SOON", "SESSION_IDLE"] {
            assert!(told(&scene.app, event).await.is_empty(), "{event}");
        }
        assert_eq!(told(&scene.app, "SESSION_EXPIRED").await.len(), 1);
    }

    #[tokio::test]
    async fn what_is_told_costs_no_session_its_place_in_memory_and_an_old_secret_is_deleted() {
        let scene = Scene::start().await;
        let opened = open(&scene.app, None).await;
        rotate_secret(&scene.app, &Master::operator()).await.unwrap();
        let kept = || scene.app.store.read(|db| db.setting(Setting::OldTokenKey));
        let before = scene.app.store.session_epoch().await.unwrap();
        Agent::from_token(&scene.app, &opened.token).await.unwrap();
        scene.clock.advance(less(GRACE, SECOND));
        tell_of_sessions(&scene.app).await.unwrap();
        assert!(kept().await.unwrap().is_some());
        scene.clock.advance(SECOND);
        tell_of_sessions(&scene.app).await.unwrap();
        assert!(kept().await.unwrap().is_none());
        assert_eq!(scene.app.store.session_epoch().await.unwrap(), before);
    }
}

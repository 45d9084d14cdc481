//! The table `session_watch`: when sessions were used, and what is to be told of them. Triggers keep it in
//! step with `sessions`; each question here is answered by an index, and not by all sessions.

use rusqlite::{Row, params};

use super::column::{time, word};
use super::{Reading, SessionId, StoreError, Writing};
use crate::clock::UnixSeconds;

/// What is told at one time.
const AT_ONCE: u32 = 1_000;

/// A session of which something is to be told, and the time that it is about.
pub type Due = (SessionId, UnixSeconds);

impl Reading<'_> {
    /// Sessions that were used at `until` last or before, of which that was not told since, with when.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn idle_sessions(&self, until: UnixSeconds) -> Result<Vec<Due>, StoreError> {
        let sql = "SELECT session_id, used_at AS about FROM session_watch \
                   WHERE idle_told = 0 AND used_at <= ? ORDER BY used_at LIMIT ?";
        self.due(sql, until)
    }

    /// Sessions of which it is to be told by `now` that they end soon, with when they do.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn expiring_sessions(&self, now: UnixSeconds) -> Result<Vec<Due>, StoreError> {
        let sql = "SELECT session_id, expires_at AS about FROM session_watch \
                   WHERE expiring_at IS NOT NULL AND expiring_at <= ?1 AND expires_at > ?1 \
                   ORDER BY expiring_at LIMIT ?2";
        self.due(sql, now)
    }

    /// Sessions that have ended by `now` of which that was not told, with when.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn ended_sessions(&self, now: UnixSeconds) -> Result<Vec<Due>, StoreError> {
        let sql = "SELECT session_id, expires_at AS about FROM session_watch \
                   WHERE expires_at IS NOT NULL AND expires_at <= ? ORDER BY expires_at LIMIT ?";
        self.due(sql, now)
    }

    fn due(&self, sql: &str, by: UnixSeconds) -> Result<Vec<Due>, StoreError> {
        let read = |row: &Row<'_>| Ok((word(row, "session_id")?, time(row, "about")?));
        let mut statement = self.0.prepare_cached(sql)?;
        statement.query_and_then(params![by.get(), AT_ONCE], read)?.collect()
    }
}

impl Writing<'_> {
    /// Stores when sessions were used last.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn sessions_were_used(&self, uses: &[(SessionId, UnixSeconds)]) -> Result<(), StoreError> {
        let sql = "UPDATE session_watch SET used_at = ?2, idle_told = 0 \
                   WHERE session_id = ?1 AND used_at < ?2";
        let mut statement = self.0.0.prepare_cached(sql)?;
        for (session, at) in uses {
            statement.execute(params![session.to_string(), at.get()])?;
        }
        Ok(())
    }

    /// It was told that nobody uses a session.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn idleness_was_told(&self, session: SessionId) -> Result<(), StoreError> {
        self.told("UPDATE session_watch SET idle_told = 1 WHERE session_id = ?", session)
    }

    /// It was told that a session ends soon.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn expiry_was_told(&self, session: SessionId) -> Result<(), StoreError> {
        self.told("UPDATE session_watch SET expiring_at = NULL WHERE session_id = ?", session)
    }

    /// It was told that a session has ended: nothing else is to be told of it.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn end_was_told(&self, session: SessionId) -> Result<(), StoreError> {
        self.told("DELETE FROM session_watch WHERE session_id = ?", session)
    }

    fn told(&self, sql: &str, session: SessionId) -> Result<(), StoreError> {
        self.0.0.prepare_cached(sql)?.execute([session.to_string()])?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    /// However many sessions there are.
    #[tokio::test]
    async fn what_is_due_is_found_by_an_index() {
        let store = Store::open_in_memory().unwrap();
        let read = store.read(|db| {
            for (condition, index) in [
                ("idle_told = 0 AND used_at <= 5 ORDER BY used_at", "session_watch_by_use"),
                (
                    "expiring_at IS NOT NULL AND expiring_at <= 5 ORDER BY expiring_at",
                    "session_watch_by_notice",
                ),
                (
                    "expires_at IS NOT NULL AND expires_at <= 5 ORDER BY expires_at",
                    "session_watch_by_end",
                ),
            ] {
                let sql =
                    format!("EXPLAIN QUERY PLAN SELECT * FROM session_watch WHERE {condition}");
                let mut plan = db.0.prepare(&sql)?;
                let steps = plan.query_map([], |row| row.get("detail"))?;
                let steps: Vec<String> = steps.collect::<Result<_, _>>()?;
                let steps = steps.join("; ");
                assert!(steps.contains("SEARCH") && steps.contains(index), "{steps}");
                assert!(!steps.contains("SCAN") && !steps.contains("TEMP"), "{steps}");
            }
            Ok::<_, StoreError>(())
        });
        read.await.unwrap();
    }
}

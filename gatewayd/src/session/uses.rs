//! When sessions were used, until the database has it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::clock::UnixSeconds;
use crate::store::SessionId;

/// The last use of each session that was used since somebody took them.
#[derive(Debug, Default)]
pub struct SessionUses(Mutex<BTreeMap<SessionId, UnixSeconds>>);

impl SessionUses {
    /// A session was used.
    pub(super) fn note(&self, session: SessionId, now: UnixSeconds) {
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        uses.insert(session, now);
    }

    /// All that were noted since the last time.
    pub fn take(&self) -> Vec<(SessionId, UnixSeconds)> {
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *uses).into_iter().collect()
    }

    /// Notes again what could not be stored, where nothing newer was noted meanwhile.
    pub fn give_back(&self, taken: Vec<(SessionId, UnixSeconds)>) {
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (session, at) in taken {
            uses.entry(session).or_insert(at);
        }
    }
}

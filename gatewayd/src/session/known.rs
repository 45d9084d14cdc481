//! Sessions that were looked up before. A token that was checked is known by its hash until
//! anything about any session or wallet changes, so that a check reads no database in between.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{PoisonError, RwLock};

use super::Agent;
use super::token::{SecretNumber, TokenHash};
use crate::store::SessionEpoch;

/// Tokens that were checked, at one epoch.
#[derive(Default)]
pub struct KnownSessions(RwLock<Known>);

#[derive(Default)]
struct Known {
    epoch: Option<SessionEpoch>,
    agents: BTreeMap<TokenHash, (Agent, SecretNumber)>,
}

/// Tokens that are remembered: more than there are sessions at a time.
const MOST: usize = 20_000;

impl KnownSessions {
    /// Whose token this is and what it was made with, if that is known and nothing has changed since.
    pub(super) fn find(
        &self,
        hash: &TokenHash,
        epoch: SessionEpoch,
    ) -> Option<(Agent, SecretNumber)> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        // Finding by the hash of a secret tells nothing of the secret to who measures the time.
        known.agents.get(hash).filter(|_| known.epoch == Some(epoch)).cloned()
    }

    /// Keeps what was read when the database was at `epoch`.
    pub(super) fn keep(
        &self,
        hash: TokenHash,
        agent: Agent,
        secret: SecretNumber,
        epoch: SessionEpoch,
    ) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.epoch != Some(epoch) || known.agents.len() >= MOST {
            known.agents.clear();
        }
        known.epoch = Some(epoch);
        known.agents.insert(hash, (agent, secret));
    }

    /// Forgets all of them.
    pub fn forget(&self) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Known::default();
    }
}

impl fmt::Debug for KnownSessions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("KnownSessions")
    }
}

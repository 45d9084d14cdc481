//! The table `audit`: who did what. It is only ever added to.

use std::fmt;

use primitives::{Address, WalletId};
use rusqlite::named_params;
use serde_json::{Map, Value};

use super::{SessionId, StoreError, TransactionId, Writing};
use crate::clock::UnixSeconds;

/// Who did something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// An agent, by its session.
    Session(SessionId),
    /// Whoever has the master password or the operators' socket.
    Operator,
    /// An owner of the wallet, by a signature.
    Owner(Address),
    /// The gateway by itself.
    System,
}

/// How much an entry matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It is as it should be.
    Info,
    /// Somebody should look.
    Warning,
    /// Somebody must look now.
    Critical,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// When.
    pub at: UnixSeconds,
    /// What; a word of the HTTP contract, such as `TX_SUBMITTED`.
    pub event: &'static str,
    /// Who did it.
    pub actor: Actor,
    /// Whose wallet.
    pub wallet: Option<WalletId>,
    /// Which transaction.
    pub transaction: Option<TransactionId>,
    /// More about it; never a secret.
    pub details: Map<String, Value>,
    /// How much it matters.
    pub severity: Severity,
}

impl AuditEntry {
    /// Something that is as it should be, without more about it.
    pub fn new(at: UnixSeconds, event: &'static str, actor: Actor) -> Self {
        let (wallet, transaction, details) = (None, None, Map::new());
        Self { at, event, actor, wallet, transaction, details, severity: Severity::Info }
    }

    /// With the wallet that it is about.
    #[must_use]
    pub fn wallet(self, wallet: WalletId) -> Self {
        Self { wallet: Some(wallet), ..self }
    }

    /// With another fact.
    #[must_use]
    pub fn detail(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.details.insert(name.to_owned(), Value::String(value.to_string()));
        self
    }
}

impl Severity {
    /// The word of the HTTP contract.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session(session) => write!(formatter, "session:{session}"),
            Self::Operator => formatter.write_str("master"),
            Self::Owner(address) => write!(formatter, "owner:{address}"),
            Self::System => formatter.write_str("system"),
        }
    }
}

impl Writing<'_> {
    /// Adds an entry.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn audit(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        let session = match entry.actor {
            Actor::Session(session) => Some(session.to_string()),
            Actor::Operator | Actor::Owner(_) | Actor::System => None,
        };
        let mut statement = self.0.0.prepare_cached(
            "INSERT INTO audit (
                 at, event_type, actor, wallet_id, session_id, transaction_id, details, severity
             ) VALUES (
                 :at, :event, :actor, :wallet, :session, :transaction, :details, :severity
             )",
        )?;
        statement.execute(named_params! {
            ":at": entry.at.get(),
            ":event": entry.event,
            ":actor": entry.actor.to_string(),
            ":wallet": entry.wallet.map(|wallet| wallet.to_string()),
            ":session": session,
            ":transaction": entry.transaction.map(|transaction| transaction.to_string()),
            ":details": Value::Object(entry.details.clone()).to_string(),
            ":severity": entry.severity.as_str(),
        })?;
        Ok(())
    }
}

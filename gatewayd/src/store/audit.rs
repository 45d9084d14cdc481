//! The table `audit`: who did what. It is only ever added to, and each entry is tied to the one
//! before it by a hash; `api` says how, and [`super::trail`] reads and checks it.

use std::fmt;
use std::str::FromStr;

use api::AuditLog;
use primitives::{Address, WalletId};
use rusqlite::{named_params, params};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::column::integer;
use super::{Reading, SessionId, StoreError, TransactionId, Writing};
use crate::asker::{Asker, Connection};
use crate::clock::UnixSeconds;

/// Who did something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Actor {
    /// An agent, by its session.
    Session(SessionId),
    /// Whoever has the master password or the operators' socket.
    Operator,
    /// An owner of the wallet, by a signature.
    Owner(Address),
    /// The gateway by itself.
    System,
    /// Somebody who did not say, or could not prove, who it is.
    Unknown,
}

/// A text that is no [`Actor`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("one of master, system, unknown, session: with an id, owner: with an address")]
pub struct NoActor;

impl FromStr for Actor {
    type Err = NoActor;

    fn from_str(text: &str) -> Result<Self, NoActor> {
        match (text, text.split_once(':')) {
            ("master", _) => Ok(Self::Operator),
            ("system", _) => Ok(Self::System),
            ("unknown", _) => Ok(Self::Unknown),
            (_, Some(("session", id))) => id.parse().map(Self::Session).map_err(|_no_id| NoActor),
            (_, Some(("owner", address))) => {
                address.parse().map(Self::Owner).map_err(|_no_address| NoActor)
            }
            (_, Some(_) | None) => Err(NoActor),
        }
    }
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

/// A text that is no [`Severity`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("one of info, warning, critical")]
pub struct NoSeverity;

impl FromStr for Severity {
    type Err = NoSeverity;

    fn from_str(text: &str) -> Result<Self, NoSeverity> {
        let all = [Self::Info, Self::Warning, Self::Critical];
        all.into_iter().find(|known| known.as_str() == text).ok_or(NoSeverity)
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session(session) => write!(formatter, "session:{session}"),
            Self::Operator => formatter.write_str("master"),
            Self::Owner(address) => write!(formatter, "owner:{address}"),
            Self::System => formatter.write_str("system"),
            Self::Unknown => formatter.write_str("unknown"),
        }
    }
}

impl AuditEntry {
    /// As the trail has it behind the entry of that id.
    fn behind(&self, id: u64, asker: Option<&Asker>) -> AuditLog {
        let session = match (self.actor, asker.map(Asker::actor)) {
            (Actor::Session(session), _) | (_, Some(Actor::Session(session))) => Some(session),
            (Actor::Operator | Actor::Owner(_) | Actor::System | Actor::Unknown, _) => None,
        };
        let (ip_address, peer_uid) = match asker.map(|asker| asker.connection) {
            Some(Connection::Tcp(address)) => (Some(address.to_string()), None),
            Some(Connection::Socket(uid)) => (None, uid),
            None => (None, None),
        };
        AuditLog {
            id: id.saturating_add(1),
            timestamp: self.at.get(),
            event_type: self.event.to_owned(),
            actor: self.actor.to_string(),
            wallet_id: self.wallet.map(|wallet| wallet.to_string()),
            session_id: session.map(|session| session.to_string()),
            tx_id: self.transaction.map(|transaction| transaction.to_string()),
            details: raw(&self.details),
            severity: self.severity.as_str().to_owned(),
            ip_address,
            peer_uid,
            request_id: asker.map(|asker| asker.request_id.clone()),
            hash: String::new(),
            intact: true,
        }
    }
}

fn raw(details: &Map<String, Value>) -> Box<RawValue> {
    serde_json::value::to_raw_value(details).expect("a JSON object is JSON")
}

impl Writing<'_> {
    /// Adds an entry behind the last one, with who asked for it.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn audit(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        self.append(entry).map(|_id| ())
    }

    /// Its id.
    fn append(&self, entry: &AuditEntry) -> Result<i64, StoreError> {
        let end = self.end_of_trail()?;
        let entry = entry.behind(end.id, self.1);
        let id = integer(entry.id)?;
        let hash = entry.hash_after(end.hash);
        let mut statement = self.0.0.prepare_cached(
            "INSERT INTO audit (
                 id, at, event_type, actor, wallet_id, session_id, transaction_id, details,
                 severity, ip_address, peer_uid, request_id, hash
             ) VALUES (
                 :id, :at, :event, :actor, :wallet, :session, :transaction, :details,
                 :severity, :address, :uid, :request, :hash
             )",
        )?;
        statement.execute(named_params! {
            ":id": id,
            ":at": entry.timestamp,
            ":event": entry.event_type,
            ":actor": entry.actor,
            ":wallet": entry.wallet_id,
            ":session": entry.session_id,
            ":transaction": entry.tx_id,
            ":details": entry.details.get(),
            ":severity": entry.severity,
            ":address": entry.ip_address,
            ":uid": entry.peer_uid,
            ":request": entry.request_id,
            ":hash": hash,
        })?;
        if let Some(asker) = self.1 {
            asker.set_recorded(true);
        }
        Ok(id)
    }

    /// Adds an entry about these wallets: it names the one where it is alone, and is found by the
    /// auditors of each.
    ///
    /// # Errors
    /// When the database fails.
    pub fn audit_of(&self, wallets: &[WalletId], entry: AuditEntry) -> Result<(), StoreError> {
        if let [one] = wallets {
            return self.audit(&entry.wallet(*one));
        }
        let id = self.append(&entry)?;
        let mut statement =
            self.0.0.prepare_cached("INSERT OR IGNORE INTO audit_wallets VALUES (?, ?)")?;
        for wallet in wallets {
            statement.execute(params![wallet.to_string(), id])?;
        }
        Ok(())
    }

    /// Adds an entry about a session, and so about its wallets.
    ///
    /// # Errors
    /// When the database fails.
    pub fn audit_session(&self, session: SessionId, entry: AuditEntry) -> Result<(), StoreError> {
        let linked = self.session_wallets(session)?;
        let wallets: Vec<WalletId> = linked.iter().map(|linked| linked.wallet.id).collect();
        self.audit_of(&wallets, entry.detail("sessionId", session))
    }

    /// Does `work` on behalf of a request. Where that changes something and says nothing of it to
    /// the trail, the trail gets an entry all the same.
    pub(super) fn on_behalf<T, E: From<StoreError>>(
        &self,
        asker: &Asker,
        work: impl FnOnce(&Writing<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let db = Writing(Reading(self.0.0), Some(asker));
        let (recorded, changes) = (asker.is_recorded(), self.0.0.total_changes());
        let done = work(&db).and_then(|done| {
            let change = (self.0.0.total_changes() != changes).then(|| asker.change()).flatten();
            change.map_or(Ok(()), |change| db.audit(&change))?;
            Ok(done)
        });
        if done.is_err() {
            // What it wrote is undone.
            asker.set_recorded(recorded);
        }
        done
    }
}

//! The table `session_requests`: sessions that agents ask for.

use std::fmt;
use std::str::FromStr;

use primitives::{UnknownWord, WalletId};
use rusqlite::{OptionalExtension, Row, named_params, params};
use serde::{Deserialize, Serialize};

use super::column::{end, end_value, json, optional_json, optional_word, time, word};
use super::sessions::Source;
use super::{Reading, SessionId, SessionRequestId, StoreError, Writing};
use crate::clock::UnixSeconds;
use crate::session::grants::Grants;

/// A session that an agent asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRequest {
    /// Its id.
    pub id: SessionRequestId,
    /// What the agent calls itself.
    pub agent: String,
    /// What is asked for.
    pub asked: AskedSession,
    /// SHA-256 of what the agent collects the token with.
    pub secret_hash: [u8; 32],
    /// How far it got.
    pub stage: RequestStage,
    /// The session, once it was collected.
    pub session: Option<SessionId>,
    /// When it was made.
    pub created_at: UnixSeconds,
    /// From then on it is void, unless it was collected before.
    pub expires_at: UnixSeconds,
}

/// A session as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AskedSession {
    /// Over which wallets.
    pub wallets: Vec<WalletId>,
    /// What it may do.
    pub grants: Grants,
    /// When its token ends, if it does.
    pub expires_at: Option<UnixSeconds>,
    /// When no renewal helps any more, if that comes.
    pub absolute_expires_at: Option<UnixSeconds>,
    /// How often it can be renewed; `None` for any number.
    pub max_renewals: Option<u32>,
    /// For what kind of client.
    #[serde(with = "source")]
    pub source: Source,
}

/// How far a request got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestStage {
    /// Nobody has decided.
    Pending,
    /// The agent may collect the token.
    Granted,
    /// It has.
    Collected,
    /// Somebody refused it.
    Rejected,
}

impl fmt::Display for RequestStage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Pending => "PENDING",
            Self::Granted => "GRANTED",
            Self::Collected => "COLLECTED",
            Self::Rejected => "REJECTED",
        })
    }
}

impl FromStr for RequestStage {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        match text {
            "PENDING" => Ok(Self::Pending),
            "GRANTED" => Ok(Self::Granted),
            "COLLECTED" => Ok(Self::Collected),
            "REJECTED" => Ok(Self::Rejected),
            _ => Err(UnknownWord { expected: "PENDING, GRANTED, COLLECTED or REJECTED" }),
        }
    }
}

impl Reading<'_> {
    /// The request with that id.
    ///
    /// # Errors
    /// When the database fails.
    pub fn session_request(
        &self,
        id: SessionRequestId,
    ) -> Result<Option<SessionRequest>, StoreError> {
        let mut statement = self.0.prepare_cached("SELECT * FROM session_requests WHERE id = ?")?;
        statement.query_row([id.to_string()], |row| Ok(from_row(row))).optional()?.transpose()
    }

    /// Those that wait to be decided or collected, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub fn open_session_requests(
        &self,
        now: UnixSeconds,
    ) -> Result<Vec<SessionRequest>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT * FROM session_requests
             WHERE stage IN ('PENDING', 'GRANTED') AND expires_at > ? ORDER BY created_at, id",
        )?;
        statement.query_and_then([now.get()], from_row)?.collect()
    }
}

impl Writing<'_> {
    /// Adds a request, and forgets those that were over before `old`.
    ///
    /// # Errors
    /// When the database fails.
    pub fn insert_session_request(
        &self,
        request: &SessionRequest,
        old: UnixSeconds,
    ) -> Result<(), StoreError> {
        self.0.0.execute("DELETE FROM session_requests WHERE expires_at < ?", [old.get()])?;
        let sql = "INSERT INTO session_requests (id, agent, asked, secret_hash, stage, created_at, \
                   expires_at) VALUES (:id, :agent, :asked, :secret_hash, :stage, :created_at, \
                   :expires_at)";
        self.0.0.prepare_cached(sql)?.execute(named_params! {
            ":id": request.id.to_string(),
            ":agent": request.agent,
            ":asked": json("asked", &request.asked)?,
            ":secret_hash": request.secret_hash,
            ":stage": request.stage.to_string(),
            ":created_at": request.created_at.get(),
            ":expires_at": end_value(Some(request.expires_at)),
        })?;
        Ok(())
    }

    /// Takes a request that is not over from one stage to another, where it can be used until
    /// `expires_at`. Whether it was in the first one.
    ///
    /// # Errors
    /// When the database fails.
    pub fn move_session_request(
        &self,
        id: SessionRequestId,
        (from, to): (RequestStage, RequestStage),
        session: Option<SessionId>,
        (now, expires_at): (UnixSeconds, UnixSeconds),
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE session_requests SET stage = ?3, session_id = ?4, expires_at = ?6 \
                   WHERE id = ?1 AND stage = ?2 AND expires_at > ?5";
        let (from, to) = (from.to_string(), to.to_string());
        let session = session.map(|session| session.to_string());
        let values = params![id.to_string(), from, to, session, now.get(), expires_at.get()];
        Ok(self.0.0.execute(sql, values)? == 1)
    }
}

fn from_row(row: &Row<'_>) -> Result<SessionRequest, StoreError> {
    Ok(SessionRequest {
        id: word(row, "id")?,
        agent: row.get("agent")?,
        asked: optional_json(row, "asked")?.ok_or(StoreError::Corrupt { what: "asked" })?,
        secret_hash: row.get("secret_hash")?,
        stage: word(row, "stage")?,
        session: optional_word(row, "session_id")?,
        created_at: time(row, "created_at")?,
        expires_at: end(row, "expires_at")?.ok_or(StoreError::Corrupt { what: "expires_at" })?,
    })
}

/// The word of the HTTP contract.
mod source {
    use serde::{Deserialize, Deserializer, Serializer};

    use super::Source;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde calls")]
    pub(super) fn serialize<S: Serializer>(
        source: &Source,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(source)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Source, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

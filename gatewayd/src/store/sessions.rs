//! Sessions of agents, and which wallets each may use.

use std::fmt;
use std::str::FromStr;

use primitives::{UnknownWord, WalletId};
use rusqlite::{OptionalExtension, Row, named_params, params};

use super::column::{
    count, end, end_value, json, optional_json, optional_time, position, time, word,
};
use super::wallets::{self, Wallet};
use super::{Reading, SessionId, StoreError, Writing};
use crate::clock::UnixSeconds;
use crate::session::grants::Grants;

/// A session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Whether it was revoked.
    pub status: SessionStatus,
    /// What kind of client it was opened for.
    pub source: Source,
    /// SHA-256 of its one valid token.
    pub token_hash: [u8; 32],
    /// How many tokens it has had.
    pub token_issued_count: u32,
    /// How often it was renewed.
    pub renewal_count: u32,
    /// How often it can be; `None` for any number.
    pub max_renewals: Option<u32>,
    /// When its token ends, if it does.
    pub expires_at: Option<UnixSeconds>,
    /// When no renewal helps any more, if that comes.
    pub absolute_expires_at: Option<UnixSeconds>,
    /// When it was opened.
    pub created_at: UnixSeconds,
    /// When it was renewed last.
    pub last_renewed_at: Option<UnixSeconds>,
    /// What it may do.
    pub grants: Grants,
}

/// Whether a session was revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionStatus {
    /// It was not.
    Active,
    /// It was.
    Revoked,
}

/// What kind of client a session is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// One of the HTTP interface.
    Api,
    /// A server of the Model Context Protocol.
    Mcp,
}

/// A session's wallet, and since when it is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkedWallet {
    /// The wallet.
    pub wallet: Wallet,
    /// Since when.
    pub linked_at: UnixSeconds,
}

/// Which rows of a longer list are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// At most this many.
    pub limit: u64,
    /// Leaving out this many before.
    pub offset: u64,
}

impl Session {
    /// Whether its time is over.
    pub fn has_expired(&self, now: UnixSeconds) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }
}

impl fmt::Display for SessionStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Active => "ACTIVE",
            Self::Revoked => "REVOKED",
        })
    }
}

impl FromStr for SessionStatus {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        match text {
            "ACTIVE" => Ok(Self::Active),
            "REVOKED" => Ok(Self::Revoked),
            _ => Err(UnknownWord { expected: "ACTIVE or REVOKED" }),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Api => "api",
            Self::Mcp => "mcp",
        })
    }
}

impl FromStr for Source {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        match text {
            "api" => Ok(Self::Api),
            "mcp" => Ok(Self::Mcp),
            _ => Err(UnknownWord { expected: "api or mcp" }),
        }
    }
}

/// Sessions over one of the wallets of a JSON list; all where there is none.
const OVER: &str = "?1 IS NULL OR EXISTS (SELECT 1 FROM session_wallets WHERE \
                    session_id = sessions.id AND wallet_id IN (SELECT value FROM json_each(?1)))";

fn ids(wallets: &[WalletId]) -> String {
    let ids: Vec<String> = wallets.iter().map(ToString::to_string).collect();
    serde_json::Value::from(ids).to_string()
}

impl Reading<'_> {
    /// The session with that id.
    ///
    /// # Errors
    /// When the database fails.
    pub fn session(&self, id: SessionId) -> Result<Option<Session>, StoreError> {
        let mut statement = self.0.prepare_cached("SELECT * FROM sessions WHERE id = ?")?;
        statement.query_row([id.to_string()], |row| Ok(from_row(row))).optional()?.transpose()
    }

    /// Whether a session stands by what it asked of a wallet: it was not revoked, and may still use the
    /// wallet. One that only has expired does.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn stands_by(&self, session: SessionId, wallet: WalletId) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (
                       SELECT 1 FROM session_wallets AS link
                       JOIN sessions ON sessions.id = link.session_id
                       WHERE link.session_id = ? AND link.wallet_id = ?
                           AND sessions.status <> 'REVOKED'
                   )";
        let mut statement = self.0.prepare_cached(sql)?;
        let words = [session.to_string(), wallet.to_string()];
        Ok(statement.query_row(words, |row| row.get(0))?)
    }

    /// A session's wallets that are not terminated, in the order in which they were added.
    ///
    /// # Errors
    /// When the database fails.
    pub fn session_wallets(&self, id: SessionId) -> Result<Vec<LinkedWallet>, StoreError> {
        let sql = "SELECT wallets.*, link.created_at AS linked_at FROM session_wallets AS link \
                   JOIN wallets ON wallets.id = link.wallet_id \
                   WHERE link.session_id = ? AND wallets.status NOT IN ('TERMINATING', 'TERMINATED', 'PURGED') \
                   ORDER BY link.created_at, wallets.id";
        let mut statement = self.0.prepare_cached(sql)?;
        let linked = |row: &Row<'_>| {
            Ok(LinkedWallet { wallet: wallets::from_row(row)?, linked_at: time(row, "linked_at")? })
        };
        statement.query_and_then([id.to_string()], linked)?.collect()
    }

    /// Sessions, of `wallet` if given, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub fn sessions(
        &self,
        wallets: Option<&[WalletId]>,
        page: Page,
    ) -> Result<Vec<Session>, StoreError> {
        let sql =
            format!("SELECT * FROM sessions WHERE {OVER} ORDER BY id DESC LIMIT ?2 OFFSET ?3");
        let mut statement = self.0.prepare_cached(&sql)?;
        let page = params![wallets.map(ids), position(page.limit), position(page.offset)];
        statement.query_and_then(page, from_row)?.collect()
    }

    /// How many sessions there are, over one of `wallets` if given.
    ///
    /// # Errors
    /// When the database fails.
    pub fn session_count(&self, wallets: Option<&[WalletId]>) -> Result<u64, StoreError> {
        let sql = format!("SELECT count(*) FROM sessions WHERE {OVER}");
        let wallets = wallets.map(ids);
        self.0.prepare_cached(&sql)?.query_row([wallets], |row| Ok(count(row)))?
    }

    /// How many sessions are neither revoked nor over.
    ///
    /// # Errors
    /// When the database fails.
    pub fn active_session_count(&self, now: UnixSeconds) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM sessions WHERE status = 'ACTIVE' \
                   AND (expires_at = 0 OR expires_at > ?)";
        self.0.prepare_cached(sql)?.query_row([now.get()], |row| Ok(count(row)))?
    }
}

impl Writing<'_> {
    /// Adds a session, without wallets.
    ///
    /// # Errors
    /// When the database fails.
    pub fn insert_session(&self, session: &Session) -> Result<(), StoreError> {
        let sql = "INSERT INTO sessions (id, status, source, token_hash, token_issued_count, \
                   renewal_count, max_renewals, expires_at, absolute_expires_at, created_at, \
                   constraints) VALUES (:id, :status, :source, :token_hash, \
                   :token_issued_count, :renewal_count, :max_renewals, :expires_at, \
                   :absolute_expires_at, :created_at, :grants)";
        let grants = match &session.grants {
            nothing if *nothing == Grants::default() => None,
            grants => Some(json("constraints", grants)?),
        };
        self.0.0.prepare_cached(sql)?.execute(named_params! {
            ":id": session.id.to_string(),
            ":status": session.status.to_string(),
            ":source": session.source.to_string(),
            ":token_hash": session.token_hash,
            ":token_issued_count": session.token_issued_count,
            ":renewal_count": session.renewal_count,
            ":max_renewals": session.max_renewals.unwrap_or(0),
            ":expires_at": end_value(session.expires_at),
            ":absolute_expires_at": end_value(session.absolute_expires_at),
            ":created_at": session.created_at.get(),
            ":grants": grants,
        })?;
        Ok(())
    }

    /// Lets a session use a wallet. Whether it could not before.
    ///
    /// # Errors
    /// When there is no such session or wallet, or the database fails.
    pub fn link_wallet(
        &self,
        session: SessionId,
        wallet: WalletId,
        now: UnixSeconds,
    ) -> Result<bool, StoreError> {
        let sql = "INSERT INTO session_wallets (session_id, wallet_id, created_at) \
                   VALUES (?, ?, ?) ON CONFLICT DO NOTHING";
        let link = params![session.to_string(), wallet.to_string(), now.get()];
        Ok(self.0.0.execute(sql, link)? == 1)
    }

    /// Ends what [`Writing::link_wallet`] began. Whether it had.
    ///
    /// # Errors
    /// When the database fails.
    pub fn unlink_wallet(&self, session: SessionId, wallet: WalletId) -> Result<bool, StoreError> {
        let sql = "DELETE FROM session_wallets WHERE session_id = ? AND wallet_id = ?";
        Ok(self.0.0.execute(sql, [session.to_string(), wallet.to_string()])? == 1)
    }

    /// Revokes a session. Whether it was active before.
    ///
    /// # Errors
    /// When the database fails.
    pub fn revoke_session(&self, id: SessionId, now: UnixSeconds) -> Result<bool, StoreError> {
        let sql = "UPDATE sessions SET status = 'REVOKED', revoked_at = ?2 \
                   WHERE id = ?1 AND status = 'ACTIVE'";
        Ok(self.0.0.execute(sql, params![id.to_string(), now.get()])? == 1)
    }

    /// Gives an active session the token, end and counts of `session`, if its token is still the
    /// one with `old_hash`. Whether it was.
    ///
    /// # Errors
    /// When the database fails.
    pub fn replace_token(&self, session: &Session, old_hash: [u8; 32]) -> Result<bool, StoreError> {
        let sql = "UPDATE sessions SET token_hash = :token_hash, \
                   token_issued_count = :token_issued_count, renewal_count = :renewal_count, \
                   expires_at = :expires_at, last_renewed_at = :last_renewed_at \
                   WHERE id = :id AND token_hash = :old_hash AND status = 'ACTIVE'";
        let rows = self.0.0.prepare_cached(sql)?.execute(named_params! {
            ":id": session.id.to_string(),
            ":old_hash": old_hash,
            ":token_hash": session.token_hash,
            ":token_issued_count": session.token_issued_count,
            ":renewal_count": session.renewal_count,
            ":expires_at": end_value(session.expires_at),
            ":last_renewed_at": session.last_renewed_at.map(UnixSeconds::get),
        })?;
        Ok(rows == 1)
    }
}

fn from_row(row: &Row<'_>) -> Result<Session, StoreError> {
    let max_renewals: u32 = row.get("max_renewals")?;
    Ok(Session {
        id: word(row, "id")?,
        status: word(row, "status")?,
        source: word(row, "source")?,
        token_hash: row.get("token_hash")?,
        token_issued_count: row.get("token_issued_count")?,
        renewal_count: row.get("renewal_count")?,
        max_renewals: (max_renewals != 0).then_some(max_renewals),
        expires_at: end(row, "expires_at")?,
        absolute_expires_at: end(row, "absolute_expires_at")?,
        created_at: time(row, "created_at")?,
        last_renewed_at: optional_time(row, "last_renewed_at")?,
        grants: optional_json(row, "constraints")?.unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::store::Store;
    use crate::store::wallets::sample;

    fn session(hash: u8) -> Session {
        Session {
            id: SessionId::new(&Clock::system()),
            status: SessionStatus::Active,
            source: Source::Mcp,
            token_hash: [hash; 32],
            token_issued_count: 1,
            renewal_count: 0,
            max_renewals: Some(3),
            expires_at: Some(UnixSeconds::new(100)),
            absolute_expires_at: None,
            created_at: UnixSeconds::new(10),
            last_renewed_at: None,
            grants: Grants { max_transactions: Some(3), ..Grants::default() },
        }
    }

    #[tokio::test]
    async fn a_session_comes_back_as_it_was_stored_until_its_token_is_replaced() {
        let store = Store::open_in_memory().unwrap();
        let session = session(1);
        store
            .write(move |db| {
                db.insert_session(&session)?;
                assert_eq!(db.session(session.id)?, Some(session.clone()));
                let renewed = Session {
                    token_hash: [2; 32],
                    token_issued_count: 2,
                    renewal_count: 1,
                    expires_at: Some(UnixSeconds::new(200)),
                    last_renewed_at: Some(UnixSeconds::new(60)),
                    ..session.clone()
                };
                assert!(!db.replace_token(&renewed, [9; 32])?, "another token");
                assert!(db.replace_token(&renewed, [1; 32])?);
                assert!(!db.replace_token(&renewed, [1; 32])?, "somebody was faster");
                assert_eq!(db.session(session.id)?, Some(renewed.clone()));
                assert!(db.revoke_session(session.id, UnixSeconds::new(70))?);
                assert!(!db.revoke_session(session.id, UnixSeconds::new(71))?);
                assert!(!db.replace_token(&renewed, [2; 32])?, "a revoked session stays revoked");
                Ok::<_, StoreError>(())
            })
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn sessions_are_found_by_the_wallets_that_they_may_use() {
        let store = Store::open_in_memory().unwrap();
        let (first, second) = (session(1), session(2));
        store
            .write(move |db| {
                let now = UnixSeconds::new(50);
                for number in [1, 2] {
                    db.insert_wallet(&sample(number))?;
                }
                db.insert_session(&first)?;
                db.insert_session(&second)?;
                assert!(db.link_wallet(first.id, sample(1).id, now)?);
                assert!(!db.link_wallet(first.id, sample(1).id, now)?);
                assert!(db.link_wallet(first.id, sample(2).id, now)?);
                assert!(db.link_wallet(second.id, sample(2).id, now)?);
                assert!(db.link_wallet(second.id, sample(3).id, now).is_err(), "no such wallet");
                let page = Page { limit: 10, offset: 0 };
                let of = |number| -> Result<Vec<SessionId>, StoreError> {
                    let found = db.sessions(Some(&[sample(number).id]), page)?;
                    Ok(found.into_iter().map(|session| session.id).collect())
                };
                assert_eq!(of(1)?, [first.id]);
                assert_eq!(db.sessions(None, Page { limit: 1, offset: 1 })?.len(), 1);
                assert_eq!(
                    (db.session_count(None)?, db.session_count(Some(&[sample(1).id]))?),
                    (2, 1)
                );
                assert_eq!(db.active_session_count(UnixSeconds::new(99))?, 2);
                assert_eq!(db.active_session_count(UnixSeconds::new(100))?, 0);
                assert!(db.unlink_wallet(first.id, sample(1).id)?);
                assert!(!db.unlink_wallet(first.id, sample(1).id)?);
                db.set_wallet_status(sample(2).id, wallets::WalletStatus::Terminated, now)?;
                assert_eq!(db.session_wallets(first.id)?, []);
                Ok::<_, StoreError>(())
            })
            .await
            .unwrap();
    }
}

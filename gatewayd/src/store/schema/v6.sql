-- Places of the audit trail by time; what has been told of sessions; numbers of EVM chains that are
-- filled, and what is looked for after it ended.

-- Which entries of the trail are of an hour, so that those of a time are found by their ids. Clocks may
-- be set back: the hours then overlap, and no entry is missed.
CREATE TABLE audit_hours (
    hour INTEGER PRIMARY KEY,           -- Unix seconds divided by 3600
    first_id INTEGER NOT NULL,
    last_id INTEGER NOT NULL
) STRICT;
INSERT INTO audit_hours SELECT at / 3600, min(id), max(id) FROM audit GROUP BY at / 3600;
CREATE TRIGGER audit_hour_of_entry AFTER INSERT ON audit
BEGIN
    INSERT INTO audit_hours VALUES (NEW.at / 3600, NEW.id, NEW.id)
    ON CONFLICT (hour) DO UPDATE SET last_id = excluded.last_id;
END;

-- Sessions that are neither revoked nor over, when each was used, and when to tell that it ends soon. It
-- stands apart from `sessions`, whose every change makes the gateway read them again.
CREATE TABLE session_watch (
    session_id TEXT PRIMARY KEY REFERENCES sessions (id) ON DELETE CASCADE,
    used_at INTEGER NOT NULL,
    idle_told INTEGER NOT NULL,         -- 1: since it was used last
    expiring_at INTEGER,                -- NULL: it was told, or there is no end
    expires_at INTEGER                  -- NULL: no end
) STRICT, WITHOUT ROWID;
CREATE INDEX session_watch_by_use ON session_watch (used_at) WHERE idle_told = 0;
CREATE INDEX session_watch_by_notice ON session_watch (expiring_at) WHERE expiring_at IS NOT NULL;
CREATE INDEX session_watch_by_end ON session_watch (expires_at) WHERE expires_at IS NOT NULL;
-- Nobody knows when the sessions of an older program were used: they are as if used now.
INSERT INTO session_watch
    SELECT id, unixepoch(), 0,
        nullif(expires_at, 0)
            - min(86400, (nullif(expires_at, 0) - coalesce(last_renewed_at, created_at)) / 5),
        nullif(expires_at, 0)
    FROM sessions WHERE status = 'ACTIVE' AND (expires_at = 0 OR expires_at > unixepoch());

CREATE TRIGGER session_is_watched AFTER INSERT ON sessions WHEN NEW.status = 'ACTIVE'
BEGIN
    INSERT INTO session_watch VALUES (
        NEW.id, NEW.created_at, 0,
        nullif(NEW.expires_at, 0)
            - min(86400, (nullif(NEW.expires_at, 0) - NEW.created_at) / 5),
        nullif(NEW.expires_at, 0)
    );
END;
CREATE TRIGGER renewed_session_is_watched AFTER UPDATE OF expires_at ON sessions
WHEN NEW.expires_at <> OLD.expires_at
BEGIN
    UPDATE session_watch SET
        expiring_at = nullif(NEW.expires_at, 0) - min(
            86400,
            (nullif(NEW.expires_at, 0) - coalesce(NEW.last_renewed_at, NEW.created_at)) / 5
        ),
        expires_at = nullif(NEW.expires_at, 0)
    WHERE session_id = NEW.id;
END;
CREATE TRIGGER revoked_session_is_not_watched AFTER UPDATE OF status ON sessions
WHEN NEW.status <> 'ACTIVE'
BEGIN DELETE FROM session_watch WHERE session_id = NEW.id; END;

-- Numbers and blocks of EVM chains.

-- Transfers of nothing that use up a number which the network waits for and nobody has.
CREATE TABLE fillers (
    transaction_id TEXT PRIMARY KEY REFERENCES transactions (id),
    wallet_id TEXT NOT NULL,
    network TEXT NOT NULL,
    nonce INTEGER NOT NULL,
    fee_unasked BLOB NOT NULL,          -- up to this fee it is not judged
    made_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX fillers_by_number ON fillers (wallet_id, network, made_at);

-- What ended on an EVM chain, whose block may be taken back yet.
CREATE TABLE looks_back (
    transaction_id TEXT PRIMARY KEY REFERENCES transactions (id),
    ended_at INTEGER NOT NULL,
    next_look_at INTEGER NOT NULL,
    missed INTEGER NOT NULL             -- looks in a row that did not find it
) STRICT, WITHOUT ROWID;
CREATE INDEX looks_back_by_time ON looks_back (next_look_at);
CREATE INDEX transactions_by_nonce ON transactions (wallet_id, network, nonce)
    WHERE nonce IS NOT NULL;

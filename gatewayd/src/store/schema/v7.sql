-- The audit trail may become shorter at its beginning.

-- Behind which entry it begins: what stood before was archived. There is one row.
CREATE TABLE audit_cut (
    last_id INTEGER PRIMARY KEY,        -- 0: nothing was taken away
    hash BLOB NOT NULL                  -- of that entry
) STRICT;
INSERT INTO audit_cut VALUES (0, zeroblob(32));
CREATE TRIGGER audit_is_cut_once BEFORE INSERT ON audit_cut
BEGIN SELECT RAISE(ABORT, 'the audit trail has one beginning'); END;
CREATE TRIGGER audit_has_a_beginning BEFORE DELETE ON audit_cut
BEGIN SELECT RAISE(ABORT, 'the audit trail has one beginning'); END;
CREATE TRIGGER audit_is_cut_behind_an_entry BEFORE UPDATE ON audit_cut
WHEN NEW.hash IS NOT (SELECT hash FROM audit WHERE id = NEW.last_id)
BEGIN SELECT RAISE(ABORT, 'the audit trail is cut behind one of its entries'); END;

DROP TRIGGER audit_is_kept;
CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit
WHEN OLD.id > coalesce((SELECT last_id FROM audit_cut), 0)
BEGIN SELECT RAISE(ABORT, 'the audit trail is added to alone'); END;
DROP TRIGGER audit_grows_at_its_end;
CREATE TRIGGER audit_grows_at_its_end BEFORE INSERT ON audit
WHEN NEW.hash IS NULL OR NEW.id <= (SELECT max(id) FROM audit)
    OR NEW.id <= (SELECT last_id FROM audit_cut)
BEGIN SELECT RAISE(ABORT, 'the audit trail is added to at its end alone'); END;

-- A session whose end was told while it was renewed is watched again.
DROP TRIGGER renewed_session_is_watched;
CREATE TRIGGER renewed_session_is_watched AFTER UPDATE OF expires_at ON sessions
WHEN NEW.expires_at <> OLD.expires_at AND NEW.status = 'ACTIVE'
BEGIN
    INSERT INTO session_watch VALUES (
        NEW.id, coalesce(NEW.last_renewed_at, NEW.created_at), 0,
        nullif(NEW.expires_at, 0) - min(
            86400,
            (nullif(NEW.expires_at, 0) - coalesce(NEW.last_renewed_at, NEW.created_at)) / 5
        ),
        nullif(NEW.expires_at, 0)
    )
    ON CONFLICT (session_id) DO UPDATE SET
        expiring_at = excluded.expiring_at, expires_at = excluded.expires_at;
END;

-- Which entries are about several wallets: auditors of each find them by this.
CREATE TABLE audit_wallets (
    wallet_id TEXT NOT NULL,
    entry_id INTEGER NOT NULL,
    PRIMARY KEY (wallet_id, entry_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX audit_wallets_by_entry ON audit_wallets (entry_id);
CREATE INDEX audit_by_session ON audit (session_id, id) WHERE session_id IS NOT NULL;
CREATE INDEX audit_by_severity ON audit (severity, id);

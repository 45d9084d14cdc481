-- Who may do what: owners and what they signed, what a session is limited to, switches, and an
-- audit trail that is a chain.

-- Owners and the life of a wallet.
-- Who owns a wallet is its owner_address; the state follows from what is known of that key.
ALTER TABLE wallets ADD COLUMN owner_verified_at INTEGER; -- when the owner signed with the key
ALTER TABLE wallets DROP COLUMN owner_verified;
ALTER TABLE wallets DROP COLUMN owner_state;

ALTER TABLE wallets ADD COLUMN unswept INTEGER NOT NULL DEFAULT 0; -- 1: some of it was not withdrawn

-- Transactions that an operator ordered to take something to the wallet's owner.
CREATE TABLE withdrawals (
    transaction_id TEXT PRIMARY KEY REFERENCES transactions (id),
    wallet_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX withdrawals_by_wallet ON withdrawals (wallet_id);

-- Sessions.
-- Another number whenever a session, a wallet or a link between them changes, whoever changes it: what
-- is remembered of sessions holds as long as it is the same.
CREATE TABLE session_epoch (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    value INTEGER NOT NULL
) STRICT;
INSERT INTO session_epoch (id, value) VALUES (1, random());
CREATE TRIGGER session_changed AFTER UPDATE ON sessions
    BEGIN UPDATE session_epoch SET value = random(); END;
CREATE TRIGGER session_deleted AFTER DELETE ON sessions
    BEGIN UPDATE session_epoch SET value = random(); END;
CREATE TRIGGER session_wallet_linked AFTER INSERT ON session_wallets
    BEGIN UPDATE session_epoch SET value = random(); END;
CREATE TRIGGER session_wallet_changed AFTER UPDATE ON session_wallets
    BEGIN UPDATE session_epoch SET value = random(); END;
CREATE TRIGGER session_wallet_unlinked AFTER DELETE ON session_wallets
    BEGIN UPDATE session_epoch SET value = random(); END;
CREATE TRIGGER wallet_of_session_changed AFTER UPDATE ON wallets
    BEGIN UPDATE session_epoch SET value = random(); END;
CREATE TRIGGER wallet_of_session_deleted AFTER DELETE ON wallets
    BEGIN UPDATE session_epoch SET value = random(); END;

CREATE TABLE session_requests (
    id TEXT PRIMARY KEY,
    agent TEXT NOT NULL,                -- what the agent calls itself
    asked TEXT NOT NULL,                -- JSON: wallets, grants, ends
    secret_hash BLOB NOT NULL,          -- SHA-256 of what its token is collected with
    stage TEXT NOT NULL,                -- PENDING, GRANTED, COLLECTED, REJECTED
    session_id TEXT,                    -- once it was collected
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_requests_by_expiry ON session_requests (expires_at);

-- Switches.

-- The gateway's own latch; no row: nobody ever moved it.
CREATE TABLE kill_switch (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    latch TEXT NOT NULL,                -- ACTIVE, SUSPENDED, LOCKED
    reason TEXT NOT NULL,
    actor TEXT NOT NULL,
    activated_at INTEGER NOT NULL,
    escalated_at INTEGER,
    recovered_at INTEGER,
    signer_knows INTEGER NOT NULL
) STRICT;

-- What suspends wallets without anybody asking; no row: as it is usually, and not enabled.
CREATE TABLE autostop_rules (
    kind TEXT NOT NULL,
    wallet_id TEXT NOT NULL,            -- empty: every wallet without one of its own
    enabled INTEGER NOT NULL,
    config TEXT NOT NULL,               -- JSON, checked when it was written
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (kind, wallet_id)
) STRICT, WITHOUT ROWID;

-- The audit trail.
-- Each entry has a hash over itself and the one before it; `trail` gives theirs to those that are
-- from before it. From then on entries are added behind the last one, and nothing else.
ALTER TABLE audit ADD COLUMN peer_uid INTEGER; -- of the Unix user at the operators' socket
ALTER TABLE audit ADD COLUMN request_id TEXT;
ALTER TABLE audit ADD COLUMN hash BLOB;
CREATE INDEX audit_by_event ON audit (event_type, id);

CREATE TRIGGER audit_grows_at_its_end BEFORE INSERT ON audit
WHEN NEW.hash IS NULL OR NEW.id <= (SELECT max(id) FROM audit)
BEGIN SELECT RAISE(ABORT, 'the audit trail is added to at its end alone'); END;
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit WHEN OLD.hash IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'the audit trail is added to alone'); END;
CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit trail is added to alone'); END;

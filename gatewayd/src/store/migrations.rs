//! The database's tables, and how an older database becomes today's.

use rusqlite::Connection;

use super::{StoreError, convert, trail};

/// One script a version, in order; a script that was released is never edited. `PRAGMA
/// user_version` holds how many have run.
const SCRIPTS: &[&str] = &[V1, V2, V3, V4, V5];

/// The version from which on the entries of the audit trail have hashes.
const CHAINED: u32 = 5;

/// Brings the tables to the newest version, in one transaction.
///
/// # Errors
/// When the database was written by a newer program, or a script fails; nothing is changed then.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    migrate_to(connection, SCRIPTS.len())
}

/// Brings them to that version, which tests do with an older one.
pub(super) fn migrate_to(connection: &mut Connection, version: usize) -> Result<(), StoreError> {
    let transaction = connection.transaction()?;
    let found: u32 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let known = u32::try_from(version).unwrap_or(u32::MAX);
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    for script in SCRIPTS.iter().take(version).skip(usize::try_from(found).unwrap_or(usize::MAX)) {
        transaction.execute_batch(script)?;
    }
    convert::reservations(&transaction)?;
    if found < CHAINED && known >= CHAINED {
        trail::chain_older(&transaction)?;
    }
    transaction.pragma_update(None, "user_version", known)?;
    Ok(transaction.commit()?)
}

/// How many scripts this program knows.
pub(super) fn version() -> usize {
    SCRIPTS.len()
}

/// Times are Unix seconds. Ids are UUIDs as text, networks CAIP-2, statuses and kinds the words of
/// the HTTP contract. Amounts are base units: 32 bytes big-endian where they are summed, decimal
/// text where they are only shown.
const V1: &str = "
CREATE TABLE wallets (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    chain TEXT NOT NULL,
    environment TEXT NOT NULL,
    address TEXT NOT NULL,
    public_key BLOB NOT NULL,
    status TEXT NOT NULL,               -- ACTIVE, SUSPENDED, TERMINATED
    owner_address TEXT,
    owner_verified INTEGER NOT NULL DEFAULT 0,
    owner_state TEXT NOT NULL DEFAULT 'NONE',
    approval_method TEXT,
    wallet_type TEXT,
    monitor_incoming INTEGER NOT NULL DEFAULT 0,
    suspended_at INTEGER,
    suspension_reason TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER
) STRICT;

CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    status TEXT NOT NULL,               -- ACTIVE, REVOKED
    source TEXT NOT NULL,               -- api, mcp
    token_hash BLOB NOT NULL,           -- SHA-256 of the one token that is valid
    token_issued_count INTEGER NOT NULL DEFAULT 1,
    constraints TEXT,                   -- JSON
    renewal_count INTEGER NOT NULL DEFAULT 0,
    max_renewals INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,        -- 0: never
    absolute_expires_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    last_renewed_at INTEGER,
    revoked_at INTEGER
) STRICT;

CREATE TABLE session_wallets (
    session_id TEXT NOT NULL REFERENCES sessions (id),
    wallet_id TEXT NOT NULL REFERENCES wallets (id),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (session_id, wallet_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX session_wallets_by_wallet ON session_wallets (wallet_id);

CREATE TABLE policies (
    id TEXT PRIMARY KEY,
    wallet_id TEXT REFERENCES wallets (id),
    network TEXT,
    type TEXT NOT NULL,
    rules TEXT NOT NULL,                -- JSON, checked when it was written
    priority INTEGER NOT NULL,
    enabled INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE tokens (
    id TEXT PRIMARY KEY,
    network TEXT NOT NULL,
    address TEXT NOT NULL,
    symbol TEXT NOT NULL,
    name TEXT NOT NULL,
    decimals INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (network, address)
) STRICT;

CREATE TABLE settings (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE transactions (
    id TEXT PRIMARY KEY,
    wallet_id TEXT NOT NULL REFERENCES wallets (id),
    session_id TEXT,
    network TEXT,                       -- NULL: a message, which belongs to none
    type TEXT NOT NULL,
    status TEXT NOT NULL,
    tier TEXT,
    waits_until INTEGER,                -- DELAY: when it goes on; APPROVAL: when it expires
    to_address TEXT,
    token_address TEXT,                 -- NULL: the native coin
    amount TEXT,
    decimals INTEGER,                   -- of the asset, as the chain says
    symbol TEXT,
    memo TEXT,
    unsigned BLOB,
    fee_ceiling BLOB,                   -- the most that the network takes for the unsigned bytes
    nonce INTEGER,                      -- allocated here, and in the unsigned bytes
    signed BLOB,
    hash TEXT,
    last_valid_block_height INTEGER,
    error TEXT,
    error_code TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_attempt_at INTEGER,            -- when the scheduler looks at it again; NULL: never
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX transactions_due ON transactions (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX transactions_open ON transactions (wallet_id) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX transactions_holding ON transactions (wallet_id, network)
    WHERE nonce IS NOT NULL AND signed IS NULL;
CREATE INDEX transactions_by_expiry ON transactions (last_valid_block_height)
    WHERE last_valid_block_height IS NOT NULL;
CREATE INDEX transactions_by_wallet ON transactions (wallet_id, id);
CREATE INDEX transactions_by_status ON transactions (status, id);

CREATE TABLE reservations (
    transaction_id TEXT NOT NULL REFERENCES transactions (id),
    wallet_id TEXT NOT NULL,
    network TEXT NOT NULL,
    asset TEXT NOT NULL,                -- native, or the token's address
    amount BLOB NOT NULL,
    usd_micros INTEGER,                 -- NULL: nobody knew a price
    state TEXT NOT NULL,                -- RESERVED, POSTED, RELEASED
    reserved_at INTEGER NOT NULL,
    settled_at INTEGER,
    PRIMARY KEY (transaction_id, asset)
) STRICT, WITHOUT ROWID;
CREATE INDEX reservations_by_wallet ON reservations (wallet_id, state, reserved_at);

CREATE TABLE nonces (
    wallet_id TEXT NOT NULL,
    network TEXT NOT NULL,
    next INTEGER NOT NULL,
    PRIMARY KEY (wallet_id, network)
) STRICT, WITHOUT ROWID;

CREATE TABLE returned_nonces (
    wallet_id TEXT NOT NULL,
    network TEXT NOT NULL,
    nonce INTEGER NOT NULL,
    PRIMARY KEY (wallet_id, network, nonce)
) STRICT, WITHOUT ROWID;

CREATE TABLE idempotency (
    session_id TEXT NOT NULL,
    key TEXT NOT NULL,
    body_digest BLOB NOT NULL,
    transaction_id TEXT NOT NULL REFERENCES transactions (id),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (session_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_by_expiry ON idempotency (expires_at);

CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    event_type TEXT NOT NULL,
    actor TEXT NOT NULL,
    wallet_id TEXT,
    session_id TEXT,
    transaction_id TEXT,
    details TEXT NOT NULL,              -- JSON object
    severity TEXT NOT NULL,             -- info, warning, critical
    ip_address TEXT
) STRICT;
CREATE INDEX audit_by_wallet ON audit (wallet_id, id);
CREATE INDEX audit_by_transaction ON audit (transaction_id) WHERE transaction_id IS NOT NULL;
";

/// What the signer asks for: a wait of its own, which begins when a transaction is announced, and
/// signatures of the wallet's owners.
const V2: &str = "
ALTER TABLE transactions ADD COLUMN demanded TEXT; -- the tier that the signer asked for

CREATE TABLE announcements (
    transaction_id TEXT PRIMARY KEY REFERENCES transactions (id),
    unsigned BLOB NOT NULL,             -- what is announced; the signer goes by its intent
    stage TEXT NOT NULL,                -- WANTED, MADE, CALLED_OFF
    known_until INTEGER                 -- MADE: when the signer forgets it by itself
) STRICT, WITHOUT ROWID;

CREATE TABLE questions (
    transaction_id TEXT PRIMARY KEY REFERENCES transactions (id),
    unsigned BLOB NOT NULL,             -- what is asked about; its intent is what counts
    instance BLOB NOT NULL,             -- of the signer
    guard_version INTEGER NOT NULL,
    fee_ceiling BLOB NOT NULL,
    expires_at INTEGER NOT NULL,
    nonce BLOB NOT NULL,
    approved_at INTEGER                 -- when enough owners had signed
) STRICT, WITHOUT ROWID;

CREATE TABLE owner_signatures (
    transaction_id TEXT NOT NULL REFERENCES questions (transaction_id) ON DELETE CASCADE,
    owner TEXT NOT NULL,
    form TEXT NOT NULL,                 -- text, typedData
    signature BLOB NOT NULL,
    PRIMARY KEY (transaction_id, owner)
) STRICT, WITHOUT ROWID;
";

/// What came with a backup, and is looked for on the network but never sent to it.
const V3: &str = "
ALTER TABLE transactions ADD COLUMN restored INTEGER NOT NULL DEFAULT 0;
";

/// Orders other than transfers, as JSON, and sequences of them.
///
/// Running sums of what was spent, so that no window is added up row by row. What the older table
/// of reservations holds is converted by the program, which can add amounts of 256 bits.
const V4: &str = "
ALTER TABLE transactions ADD COLUMN deed TEXT;          -- JSON; NULL: the transfer of the columns
ALTER TABLE transactions ADD COLUMN gas_condition TEXT; -- JSON; NULL: whatever gas costs

ALTER TABLE transactions ADD COLUMN parent_id TEXT REFERENCES transactions (id); -- of a part
ALTER TABLE transactions ADD COLUMN place INTEGER;      -- of a part in its sequence, from 0
CREATE INDEX transactions_by_parent ON transactions (parent_id, place)
    WHERE parent_id IS NOT NULL;

ALTER TABLE reservations RENAME TO reservations_before_4;

CREATE TABLE accounts (
    id INTEGER PRIMARY KEY,
    wallet_id TEXT NOT NULL,
    network TEXT NOT NULL,              -- *: all of them
    asset TEXT NOT NULL,                -- native, the token's address, or usd: millionths of a dollar
    reserved BLOB NOT NULL,             -- 40 bytes: the sum of its reservations
    reservations INTEGER NOT NULL DEFAULT 0,
    unknown INTEGER NOT NULL DEFAULT 0, -- of how many reservations nobody knows the amount
    UNIQUE (wallet_id, network, asset)
) STRICT;

CREATE TABLE postings (
    account_id INTEGER NOT NULL REFERENCES accounts (id),
    at INTEGER NOT NULL,                -- never before the one before it
    number INTEGER NOT NULL,            -- how many there are up to it
    total BLOB NOT NULL,                -- 40 bytes: their sum
    unknown INTEGER NOT NULL,           -- how many of them nobody knew the amount of
    PRIMARY KEY (account_id, at, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE reservations (
    transaction_id TEXT NOT NULL REFERENCES transactions (id),
    account_id INTEGER NOT NULL REFERENCES accounts (id),
    amount BLOB,                        -- NULL: nobody knows
    fee BLOB,                           -- usd: what is left of it when only the fee is paid
    state TEXT NOT NULL,                -- RESERVED, POSTED, RELEASED
    reserved_at INTEGER NOT NULL,
    settled_at INTEGER,
    PRIMARY KEY (transaction_id, account_id)
) STRICT, WITHOUT ROWID;

-- All versions of an EVM transaction, which have the same nonce; number 0 is what was asked for.
CREATE TABLE versions (
    transaction_id TEXT NOT NULL REFERENCES transactions (id),
    number INTEGER NOT NULL,
    purpose TEXT NOT NULL,              -- PAY, CALL_OFF
    stage TEXT NOT NULL,                -- ASKED, SIGNED, REFUSED
    unsigned BLOB NOT NULL,
    fee_ceiling BLOB NOT NULL,
    signed BLOB,
    hash TEXT,
    made_at INTEGER NOT NULL,
    PRIMARY KEY (transaction_id, number)
) STRICT, WITHOUT ROWID;

-- What is due, by wallet and network where it is not signed yet.
CREATE INDEX transactions_unsigned ON transactions (wallet_id, network, id, next_attempt_at)
    WHERE next_attempt_at IS NOT NULL AND signed IS NULL;
CREATE INDEX transactions_signed ON transactions (next_attempt_at)
    WHERE next_attempt_at IS NOT NULL AND signed IS NOT NULL;

-- Numbers that were left out because a node claimed that somebody else had used them: those from
-- `first` on that are below `past`.
CREATE TABLE passed_nonces (
    wallet_id TEXT NOT NULL,
    network TEXT NOT NULL,
    first INTEGER NOT NULL,
    past INTEGER NOT NULL,
    PRIMARY KEY (wallet_id, network, first)
) STRICT, WITHOUT ROWID;

-- What somebody wants of a transaction that the network may have.
CREATE TABLE wishes (
    transaction_id TEXT NOT NULL REFERENCES transactions (id),
    purpose TEXT NOT NULL,              -- PAY: faster; CALL_OFF: not at all
    ends TEXT,                          -- CALL_OFF: its status then
    error_code TEXT,                    -- CALL_OFF: why
    error TEXT,
    made_at INTEGER NOT NULL,
    PRIMARY KEY (transaction_id, purpose)
) STRICT, WITHOUT ROWID;

-- What a transaction was worth in dollars when it was let pass, without its fee, for showing.
CREATE TABLE worths (
    transaction_id TEXT PRIMARY KEY REFERENCES transactions (id),
    usd_micros INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
";

/// Who may do what: owners and what they signed, what a session is limited to, switches, and an
/// audit trail that is a chain.
const V5: &str = "
-- Owners and the life of a wallet.
--
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
--
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
--

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
--
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

";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_of_a_newer_program_is_refused_and_left_alone() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
        let error = migrate(&mut connection).unwrap_err();
        assert!(matches!(error, StoreError::Newer { found: 99, .. }), "{error}");
        let tables: u32 = connection
            .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
            .unwrap();
        assert_eq!(tables, 0);
    }

    #[test]
    fn a_second_start_changes_nothing() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection).unwrap();
        connection.execute("INSERT INTO settings VALUES ('a', 'b', 1)", []).unwrap();
        migrate(&mut connection).unwrap();
        let rows: u32 =
            connection.query_row("SELECT count(*) FROM settings", [], |row| row.get(0)).unwrap();
        assert_eq!(rows, 1);
    }
    #[test]
    fn a_database_of_the_first_version_gets_the_new_tables_and_keeps_what_it_had() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(V1).unwrap();
        connection.pragma_update(None, "user_version", 1).unwrap();
        connection
            .execute_batch(
                "INSERT INTO wallets (id, name, chain, environment, address, public_key, status,
                     created_at) VALUES ('w', 'n', 'ethereum', 'testnet', 'a', x'02', 'ACTIVE', 1);
                 INSERT INTO transactions (id, wallet_id, type, status, tier, created_at, updated_at)
                     VALUES ('t', 'w', 'TRANSFER', 'QUEUED', 'DELAY', 1, 1);",
            )
            .unwrap();
        migrate(&mut connection).unwrap();
        let kept: (String, Option<String>) = connection
            .query_row("SELECT tier, demanded FROM transactions WHERE id = 't'", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .unwrap();
        assert_eq!(kept, ("DELAY".to_owned(), None));
        let waiting: u32 = connection
            .query_row("SELECT count(*) FROM announcements", [], |row| row.get(0))
            .unwrap();
        assert_eq!(waiting, 0);
    }
}

-- Times are Unix seconds. Ids are UUIDs as text, networks CAIP-2, statuses and kinds the words of
-- the HTTP contract. Amounts are base units: 32 bytes big-endian where they are summed, decimal
-- text where they are only shown.

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

-- Orders other than transfers, as JSON, and sequences of them.
--
-- Running sums of what was spent, so that no window is added up row by row. What the older table
-- of reservations holds is converted by the program, which can add amounts of 256 bits.

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

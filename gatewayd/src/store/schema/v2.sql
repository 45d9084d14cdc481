-- What the signer asks for: a wait of its own, which begins when a transaction is announced, and
-- signatures of the wallet's owners.

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

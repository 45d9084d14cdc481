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
